//! All byte strings of up to three bytes, and all packets with two bytes of body, against the naive decoder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod common;

use mqtt_codec::{Decoder, Side};

use common::naive::Rules;
use common::tally::{Tally, each_first_byte};

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
