//! All byte strings of up to three bytes, and all packets with two bytes of body, against the naive decoder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod common;

use std::thread;

use mqtt_codec::{Decoder, Side};

use common::naive::{self, Rules, Verdict};
use common::verdict;

/// How many byte strings were answered how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    packets: u64,
    need_more: u64,
    errors: u64,
}

impl Tally {
    fn count(&self) -> u64 {
        self.packets + self.need_more + self.errors
    }

    /// Decodes with both decoders, which have to agree.
    fn compare(&mut self, decoder: &Decoder, rules: &Rules, bytes: &[u8]) {
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
fn each_first_byte(check: impl Fn(u8, &mut Tally) + Sync) -> Tally {
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

fn up_to_three_bytes(sender: Option<Side>) -> Tally {
    let rules = Rules { sender, ..Rules::ANY };
    let decoder = sender.map_or_else(Decoder::new, |side| Decoder::new().sent_by(side));
    let mut tally = each_first_byte(|first, tally| {
        tally.compare(&decoder, &rules, &[first]);
        for second in 0..=255 {
            tally.compare(&decoder, &rules, &[first, second]);
            for third in 0..=255 {
                tally.compare(&decoder, &rules, &[first, second, third]);
            }
        }
    });
    tally.compare(&decoder, &rules, &[]);
    println!("sent by {sender:?}: {} byte strings: {tally:?}", tally.count());
    assert_eq!(tally.count(), 1 + 256 + 65_536 + 16_777_216);
    tally
}

/// The packets among them: three types with the length `00` and any byte or none behind, or with `80 00`.
const PACKETS_OF_A_TYPE: u64 = 1 + 256 + 1;

#[test]
fn up_to_three_bytes_from_anyone() {
    assert_eq!(up_to_three_bytes(None).packets, 3 * PACKETS_OF_A_TYPE);
}

#[test]
fn up_to_three_bytes_from_a_client() {
    assert_eq!(up_to_three_bytes(Some(Side::Client)).packets, 2 * PACKETS_OF_A_TYPE);
}

#[test]
fn up_to_three_bytes_from_a_server() {
    assert_eq!(up_to_three_bytes(Some(Side::Server)).packets, PACKETS_OF_A_TYPE);
}

#[test]
fn two_bytes_of_body() {
    let decoder = Decoder::new();
    let tally = each_first_byte(|first, tally| {
        for body in 0..=u16::MAX {
            let [third, fourth] = body.to_be_bytes();
            tally.compare(&decoder, &Rules::ANY, &[first, 2, third, fourth]);
        }
    });
    println!("{} packets with two bytes of body: {tally:?}", tally.count());
    assert_eq!(tally.count(), 256 * 65_536);
    // Five acknowledgements with any identifier but 0; CONNACK with any of 256 codes, and with Session Present.
    assert_eq!(tally.packets, 5 * 65_535 + 257);
}
