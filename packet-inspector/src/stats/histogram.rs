//! How values are distributed, in little memory: exact below 32, from there on in sixteen steps between powers of two.

use std::collections::BTreeMap;

/// Steps between a power of two and the next, as a power of two.
const STEPS: u32 = 4;

/// Counts of values, and the exact least, most, and sum.
///
/// ```
/// use packet_inspector::stats::Histogram;
///
/// let mut latencies = Histogram::default();
/// (1..=1000).for_each(|value| latencies.add(value));
/// let median = latencies.percentile(50.0).unwrap();
/// assert!(median.abs_diff(500) * 32 <= 500);
/// assert_eq!(latencies.most(), Some(1000));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Those that are not empty.
    buckets: BTreeMap<u16, u64>,
    count: u64,
    sum: u128,
    ends: Option<(u64, u64)>,
}

impl Histogram {
    /// Counts a value.
    pub fn add(&mut self, value: u64) {
        *self.buckets.entry(bucket(value)).or_default() += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.widen(value, value);
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
        self.count += other.count;
        self.sum += other.sum;
        if let Some((least, most)) = other.ends {
            self.widen(least, most);
        }
    }

    fn widen(&mut self, least: u64, most: u64) {
        let (low, high) = self.ends.unwrap_or((least, most));
        self.ends = Some((low.min(least), high.max(most)));
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least value.
    pub fn least(&self) -> Option<u64> {
        self.ends.map(|(least, _)| least)
    }

    /// The most.
    pub fn most(&self) -> Option<u64> {
        self.ends.map(|(_, most)| most)
    }

    /// The mean, rounded down.
    pub fn mean(&self) -> Option<u64> {
        self.sum.checked_div(u128::from(self.count)).and_then(|mean| u64::try_from(mean).ok())
    }

    /// The least value that so many percent of the values do not exceed, to within a thirty-second of it.
    pub fn percentile(&self, percent: f64) -> Option<u64> {
        let (least, most) = self.ends?;
        let wanted = super::float(self.count) * percent / 100.0;
        let mut sum = 0;
        for (&bucket, &count) in &self.buckets {
            sum += count;
            if super::float(sum) >= wanted {
                let (from, to) = range(bucket);
                return Some((from + (to - from) / 2).clamp(least, most));
            }
        }
        Some(most)
    }

    /// The buckets that are not empty, each with its least and its most value and with its count, in order.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        self.buckets.iter().map(|(bucket, count)| {
            let (from, to) = range(*bucket);
            (from, to, *count)
        })
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> u16 {
    let shift = (value | 1).ilog2().saturating_sub(STEPS);
    // At most 60 << 4, and 31 more.
    let number = (u64::from(shift) << STEPS) + (value >> shift);
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// The least and the most value of a bucket.
fn range(bucket: u16) -> (u64, u64) {
    let (bucket, steps) = (u64::from(bucket), 1 << STEPS);
    let shift = (bucket / steps).saturating_sub(1);
    let from = (bucket - shift * steps) << shift;
    (from, from + ((1 << shift) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gap_or_overlap() {
        let last = bucket(u64::MAX);
        assert_eq!(range(last).1, u64::MAX);
        assert_eq!(range(0).0, 0);
        for number in 0..last {
            let (from, to) = range(number);
            assert_eq!((bucket(from), bucket(to)), (number, number));
            assert_eq!(range(number + 1).0, to + 1);
            assert!((to - from) * 16 <= from, "{from} to {to}");
        }
    }

    #[test]
    fn percentiles_are_within_a_thirty_second() {
        let mut state = 7_u64;
        for scale in [0, 10, 20, 40] {
            let mut values: Vec<u64> = (0..2000)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> (63 - scale)) * (state & 0xff)
                })
                .collect();
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.add(*value));
            values.sort_unstable();
            for (percent, place) in [(1.0, 19), (50.0, 999), (90.0, 1799), (99.0, 1979), (100.0, 1999)] {
                let exact = values[place];
                let found = histogram.percentile(percent).unwrap();
                assert!(found.abs_diff(exact) <= exact / 32, "{percent}: {found} for {exact}");
            }
            assert_eq!(histogram.buckets().map(|(.., count)| count).sum::<u64>(), histogram.count());
            assert_eq!(histogram.least(), values.first().copied());
            assert_eq!(histogram.most(), values.last().copied());
        }
    }

    #[test]
    fn merged_histograms_are_as_if_one_had_counted() {
        let (mut left, mut right, mut both) =
            (Histogram::default(), Histogram::default(), Histogram::default());
        for value in (0..64).map(|shift| u64::MAX >> shift) {
            let part = if value % 3 == 0 { &mut left } else { &mut right };
            part.add(value);
            both.add(value);
        }
        left.merge(&right);
        left.merge(&Histogram::default());
        assert_eq!(left, both);
        assert_eq!(Histogram::default().percentile(50.0), None);
        assert_eq!(Histogram::default().mean(), None);
    }
}
