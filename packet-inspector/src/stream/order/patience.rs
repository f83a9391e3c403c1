//! How long bytes that are missing are waited for.

use crate::capture::{Span, Time};

/// How long what was acknowledged is waited for.
pub(in super::super) const LONG: Span = Span::seconds(2);

/// While something waits for bytes of a direction.
///
/// What the receiver has acknowledged is lost, or was recorded late: a capturing machine with several queues takes a batch
/// from each, so that tens of segments may come between. As nothing overtakes what is missing, to wait longer costs no
/// order, and no more than what waits; so each byte has its time from its own acknowledgement on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// What is missing before here was waited for long enough.
    overdue: u64,
    /// Up to where it was acknowledged when segments, and the time, were counted from.
    asked: u64,
    count: u32,
    since: Time,
}

impl Patience {
    pub(super) fn new(acknowledged: u64, now: Time) -> Self {
        Self { overdue: 0, asked: acknowledged, count: 0, since: now }
    }

    /// A segment of the connection has been seen: before which place is it time to give up what is missing?
    pub(super) fn segment(
        &mut self,
        now: Time,
        acknowledged: u64,
        is_missing: bool,
        is_answered: bool,
    ) -> u64 {
        let (count, waited) = (self.count, now.since(self.since));
        self.count = count.saturating_add(1);
        if !is_missing {
            // What is not acknowledged will be sent again, unless the receiver's segments are not in the capture.
            let is_over = !is_answered && (count >= 512 || waited >= Span::seconds(30));
            return if is_over { u64::MAX } else { 0 };
        }
        if count >= 32 || waited >= LONG {
            *self = Self { overdue: self.asked, ..Self::new(acknowledged, now) };
        }
        self.overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_time_from_its_acknowledgement_on() {
        let mut patience = Patience::new(100, Time(0));
        let given_up: Vec<_> = (0..66).map(|n| patience.segment(Time(n), 200, true, true)).collect();
        assert_eq!(given_up[..32], [0; 32]);
        assert_eq!(given_up[32..65], [100; 33]);
        assert_eq!(given_up[65], 200);
        assert_eq!(patience.segment(Time(Span::seconds(3).0), 300, true, true), 200);
    }

    #[test]
    fn what_is_not_acknowledged_is_given_up_only_where_nothing_is() {
        let mut patience = Patience::new(100, Time(0));
        assert!((0..2000).all(|n| patience.segment(Time(n), 100, false, true) == 0));
        let mut patience = Patience::new(0, Time(0));
        let first = (0..2000).find(|n| patience.segment(Time(*n), 0, false, false) > 0);
        assert_eq!(first, Some(512));
        let mut patience = Patience::new(0, Time(0));
        assert_eq!(patience.segment(Time(Span::seconds(30).0), 0, false, false), u64::MAX);
    }
}
