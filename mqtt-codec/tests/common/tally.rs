//! Many byte strings through our decoder and the naive one.

use std::thread;

use mqtt_codec::Decoder;

use super::naive::{self, Rules, Verdict};
use super::verdict;

/// How many byte strings were answered how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) packets: u64,
    pub(crate) need_more: u64,
    pub(crate) errors: u64,
}

impl Tally {
    pub(crate) fn count(&self) -> u64 {
        self.packets + self.need_more + self.errors
    }

    /// Decodes with both decoders, which have to agree.
    pub(crate) fn compare(&mut self, decoder: &Decoder, rules: &Rules, bytes: &[u8]) {
        let naive = naive::decode(bytes, rules);
        assert_eq!(verdict(decoder.decode(bytes)), naive, "{bytes:02x?} by {rules:?}");
        match naive {
            Verdict::Packet(..) => self.packets += 1,
            Verdict::NeedMore(_) => self.need_more += 1,
            Verdict::Error => self.errors += 1,
        }
    }
}

/// Runs `check` for each first byte on two threads, and adds up.
pub(crate) fn each_first_byte(check: impl Fn(u8, &mut Tally) + Sync) -> Tally {
    let half = |range: std::ops::RangeInclusive<u8>| {
        let mut tally = Tally::default();
        range.for_each(|first| check(first, &mut tally));
        tally
    };
    thread::scope(|scope| {
        let low = scope.spawn(|| half(0..=0x7F));
        let (low, high) = (half(0x80..=0xFF), low.join().unwrap());
        Tally {
            packets: low.packets + high.packets,
            need_more: low.need_more + high.need_more,
            errors: low.errors + high.errors,
        }
    })
}
