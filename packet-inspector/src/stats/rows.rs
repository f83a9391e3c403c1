//! Tallies by name, as many as may be held; the smallest are put together when there are more.

use std::collections::HashMap;
use std::hash::Hash;

use super::{Tally, Timeline};

/// The most rows that are held.
pub const MOST_ROWS: usize = 1024;

/// Tallies by name.
#[derive(Clone, Debug)]
pub struct Rows<K> {
    rows: HashMap<K, Tally>,
    others: Tally,
    /// Rows that were put together; a name that came again is counted again.
    folded: u64,
}

/// The rows that are shown.
#[derive(Clone, Debug)]
pub struct Top<'a, K> {
    /// Those with most packets, in order.
    pub rows: Vec<(&'a K, &'a Tally)>,
    /// How many others there are, and what they have together.
    pub others: Option<(u64, Tally)>,
}

impl<K> Default for Rows<K> {
    fn default() -> Self {
        Self { rows: HashMap::new(), others: Tally::default(), folded: 0 }
    }
}

impl<K: Clone + Eq + Hash + Ord> Rows<K> {
    /// The row of this name.
    pub(super) fn row(&mut self, name: &K) -> &mut Tally {
        if !self.rows.contains_key(name) && self.rows.len() >= MOST_ROWS {
            self.fold();
        }
        self.rows.entry(name.clone()).or_default()
    }

    /// The row of this name, if it had one: when it is not held any more, that of all others.
    pub(super) fn known(&mut self, name: &K) -> Option<&mut Tally> {
        self.rows.get_mut(name).or((self.folded > 0).then_some(&mut self.others))
    }

    /// Whether this name has a row.
    pub(super) fn holds(&self, name: &K) -> bool {
        self.rows.contains_key(name)
    }

    /// Puts the smaller half together, so that it is seldom done and names that come often stay.
    fn fold(&mut self) {
        let mut names: Vec<_> = self.rows.iter().map(|(name, row)| (row.packets, name.clone())).collect();
        names.sort_unstable();
        for (_, name) in names.into_iter().take(MOST_ROWS / 2) {
            if let Some(row) = self.rows.remove(&name) {
                self.others.merge(&row);
                self.folded += 1;
            }
        }
    }

    pub(super) fn align(&mut self, timeline: &Timeline) {
        for row in self.rows.values_mut().chain([&mut self.others]) {
            row.over_time.align(timeline);
        }
    }

    /// So many rows, those with most packets first, and what the others have together, with how many they are.
    pub fn top(&self, most: usize) -> Top<'_, K> {
        let mut rows = self.sorted();
        let mut others = self.others.clone();
        let left = rows.split_off(most.min(rows.len()));
        left.iter().for_each(|(_, row)| others.merge(row));
        let count = self.folded + left.len() as u64;
        Top { rows, others: (count > 0).then_some((count, others)) }
    }

    /// The rows, those with most packets first.
    fn sorted(&self) -> Vec<(&K, &Tally)> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_unstable_by(|a, b| (b.1.packets, a.0).cmp(&(a.1.packets, b.0)));
        rows
    }

    /// How many rows are not held any more. When there are any, those that are held say at least what there was of
    /// them, for their beginning may be among the others.
    pub fn folded(&self) -> u64 {
        self.folded
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Span;

    #[test]
    fn the_big_rows_stay_and_nothing_is_lost() {
        let mut rows = Rows::default();
        let (mut count, mut total) = (0, Tally::default());
        for round in 0..10_000_u32 {
            for name in [1_000_000, 1_000_001, round] {
                rows.row(&name).packet(Span::millis(count), 10, Some(u64::from(round)));
                total.packet(Span::millis(count), 10, Some(u64::from(round)));
                count += 1;
            }
            assert!(rows.len() <= MOST_ROWS);
        }
        assert_eq!(rows.folded() + rows.len() as u64, 10_002);
        for most in [0, 2, 20, MOST_ROWS] {
            let Top { rows: top, others } = rows.top(most);
            let (count, mut sum) = others.unwrap();
            assert_eq!(count + top.len() as u64, 10_002);
            for (row, name) in top.iter().zip([1_000_000, 1_000_001]) {
                assert_eq!((*row.0, row.1.packets), (name, 10_000));
            }
            top.iter().for_each(|(_, row)| sum.merge(row));
            assert_eq!(sum, total);
        }
    }
}
