//! Counts over time in a fixed number of bins, which become twice as wide whenever time has gone on too far for them.

use crate::capture::Span;

/// Bins.
const BINS: usize = 96;

/// The width that it begins with: 1/512 s, so that widths from a second on are whole.
const NARROWEST: i64 = 1_000_000_000 / 512;

/// Counts over time, from the first record of the capture on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    width: i64,
    /// At most [`BINS`], none behind the last one that is not empty.
    bins: Vec<u64>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { width: NARROWEST, bins: Vec::new() }
    }
}

impl Timeline {
    /// Counts something that happened so long behind the start; what came before it is counted there.
    pub fn add(&mut self, at: Span) {
        let at = at.0.max(0);
        loop {
            let place = usize::try_from(at / self.width).unwrap_or(usize::MAX);
            if place < BINS {
                self.add_to(place, 1);
                return;
            }
            self.widen();
        }
    }

    fn add_to(&mut self, place: usize, count: u64) {
        if self.bins.len() <= place {
            self.bins.resize(place + 1, 0);
        }
        if let Some(bin) = self.bins.get_mut(place) {
            *bin += count;
        }
    }

    fn widen(&mut self) {
        self.width = self.width.saturating_mul(2);
        self.bins = self.bins.chunks(2).map(|pair| pair.iter().sum()).collect();
    }

    /// Makes its bins as wide as the other one's, where they are narrower.
    pub fn align(&mut self, other: &Self) {
        while self.width < other.width {
            self.widen();
        }
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        self.align(other);
        let mut other = other.clone();
        other.align(self);
        for (place, count) in other.bins.iter().enumerate() {
            self.add_to(place, *count);
        }
    }

    /// How wide a bin is.
    pub fn width(&self) -> Span {
        Span(self.width)
    }

    /// The count of each bin, up to the last that is not empty.
    pub fn bins(&self) -> &[u64] {
        &self.bins
    }

    /// The most in a bin, per second.
    pub fn peak(&self) -> f64 {
        super::float(self.bins.iter().copied().max().unwrap_or_default()) / self.width().as_seconds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = i64>) -> Timeline {
        let mut timeline = Timeline::default();
        times.into_iter().for_each(|nanos| timeline.add(Span(nanos)));
        timeline
    }

    #[test]
    fn counts_are_kept_however_time_goes() {
        let times = [0, -5, i64::MIN, 1, 1_000_000_000, 3_600_000_000_000, 7, i64::MAX, 42];
        for end in 0..=times.len() {
            let timeline = of(times[..end].iter().copied());
            assert_eq!(timeline.bins().iter().sum::<u64>(), end as u64);
            assert!(timeline.bins().len() <= BINS);
        }
    }

    #[test]
    fn the_order_of_time_and_of_merging_does_not_matter() {
        let times: Vec<i64> = (0..1000).map(|n| n * n * 7_654_321).collect();
        let forward = of(times.iter().copied());
        assert_eq!(forward, of(times.iter().rev().copied()));
        assert_eq!(forward.width().0 % 1_000_000_000, 0);
        assert!(forward.bins().len() > BINS / 2);
        for cut in [0, 1, 500, 1000] {
            let (early, late) = (of(times[..cut].iter().copied()), of(times[cut..].iter().copied()));
            let (mut left, mut right) = (early.clone(), late.clone());
            left.merge(&late);
            right.merge(&early);
            assert_eq!((&left, &right), (&forward, &forward));
        }
    }

    #[test]
    fn the_peak_is_per_second() {
        let timeline = of((0..60).flat_map(|second| [second * 1_000_000_000; 8]));
        assert_eq!((timeline.width(), timeline.peak()), (Span::seconds(1), 8.0));
    }
}
