//! Decodes all 4,294,967,296 byte strings of four bytes and compares each answer with the naive decoder of the tests.
//!
//! Takes some minutes: `cargo run --release -p mqtt-codec --all-features --example exhaustive`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "shared with the tests")]
#![allow(clippy::expect_used, clippy::cast_possible_truncation, reason = "shared with the tests")]

use std::time::Instant;

use mqtt_codec::Decoder;

#[path = "../tests/common/mod.rs"]
mod common;

use common::naive::Rules;
use common::tally::each_first_byte;

fn main() {
    let start = Instant::now();
    let decoder = Decoder::new();
    let tally = each_first_byte(|first, tally| {
        for rest in 0..1_u32 << 24 {
            let [_, a, b, c] = rest.to_be_bytes();
            tally.compare(&decoder, &Rules::ANY, &[first, a, b, c]);
        }
    });
    assert_eq!(tally.count(), 1 << 32);
    println!("{} byte strings, all answers agree: {tally:?}, {:.0?}", tally.count(), start.elapsed());
}
