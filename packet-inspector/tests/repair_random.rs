//! Random damage to random frames: how often the true bytes are first among the candidates, and among them at all.
//! `cargo test -p packet-inspector --test repair_random -- --nocapture` prints the shares.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::time::Duration;

use packet_inspector::build::{self, Endpoints, Stream};
use packet_inspector::frame::Options;
use packet_inspector::input::{self, InputFormat};
use packet_inspector::repair::repair;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

/// Frames that are damaged for each kind of damage.
const FRAMES: usize = 20;

/// Ethernet addresses, Traffic Class, Flow Label and Hop Limit are under no check: damage there cannot be seen.
const UNCHECKED: [usize; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 17, 21];

/// Digits that look alike.
const CONFUSED: [(u8, u8); 8] = [(0, 6), (0, 8), (6, 8), (3, 9), (0xB, 8), (0xD, 8), (0, 0xA), (3, 0xB)];

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let publish = ("[a-z/]{3,20}", "[ -~]{2,20}", 0..3, 1..=u16::MAX).prop_map(|(topic, text, qos, id)| {
        let mut object = json!({"packet": "PUBLISH", "topic": topic, "payload_text": text, "qos": qos});
        if qos > 0 {
            object["packet_id"] = id.into();
        }
        object
    });
    let subscribe = ("[a-z]{3,20}", 0..3, 1..=u16::MAX).prop_map(
        |(topic, qos, id)| json!({"packet": "SUBSCRIBE", "packet_id": id, "filters": [[topic, qos]]}),
    );
    let connect =
        "[a-z]{3,20}".prop_map(|id| json!({"packet": "CONNECT", "client_id": id, "clean_session": true}));
    let packet = prop_oneof![publish, subscribe, connect];
    (packet, any::<[u16; 3]>(), 1024..=u16::MAX).prop_map(|(object, [a, b, c], port)| {
        let endpoints = Endpoints {
            client: SocketAddr::from(([0x2402, 0x4000, a, b, 0x6096, c, a ^ c, b ^ 0x5555], port)),
            server: SocketAddr::from(([0x2001, 0x41d0, 1, 0x925e, 0, 0, 0, 1], 1883)),
        };
        let mut stream = Stream::open(endpoints, Duration::ZERO).unwrap();
        stream.send(mqtt_codec::Side::Client, &build::packet(&object).unwrap());
        stream.close().swap_remove(3).1
    })
}

/// As Wireshark prints it.
fn dump(bytes: &[u8], damaged: &[u8], with_text: bool) -> String {
    let mut text = String::new();
    for (row, chunk) in damaged.chunks(16).enumerate() {
        let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = bytes[row * 16..].iter().take(16);
        let shown: String = shown.map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' }).collect();
        let shown = if with_text { shown } else { String::new() };
        text += &format!("{:04x}  {:47}   {shown}\n", row * 16, hex.join(" "));
    }
    text
}

/// The same place in each run.
struct Random(TestRunner);

impl Random {
    fn new() -> Self {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        Self(TestRunner::new_with_rng(Config::default(), rng))
    }

    fn draw<T: std::fmt::Debug>(&mut self, strategy: impl Strategy<Value = T>) -> T {
        strategy.new_tree(&mut self.0).unwrap().current()
    }

    /// Misreads a digit that looks like another.
    fn misread(&mut self, bytes: &mut [u8]) {
        loop {
            let at = self.draw(0..bytes.len());
            let (one, other) = CONFUSED[self.draw(0..CONFUSED.len())];
            let shift = self.draw(prop_oneof![Just(0_u8), Just(4)]);
            let digit = bytes[at] >> shift & 0x0F;
            if !UNCHECKED.contains(&at) && (digit == one || digit == other) {
                bytes[at] ^= (one ^ other) << shift;
                return;
            }
        }
    }

    /// Changes a digit to any other.
    fn change(&mut self, bytes: &mut [u8]) {
        loop {
            let at = self.draw(0..bytes.len());
            if !UNCHECKED.contains(&at) {
                let flip = self.draw(1_u8..16);
                bytes[at] ^= flip << self.draw(prop_oneof![Just(0_u8), Just(4)]);
                return;
            }
        }
    }
}

/// A dump that lacks bytes in its rows; those of the last row are not missed there.
fn lose(random: &mut Random, bytes: &[u8], count: usize) -> String {
    let mut lines: Vec<String> = dump(bytes, bytes, false).lines().map(str::to_owned).collect();
    for _ in 0..count {
        let row = random.draw(0..lines.len());
        let digits = lines[row].trim_end().len() - 6;
        let at = 6 + 3 * random.draw(0..digits.div_ceil(3));
        let end = (at + 3).min(lines[row].len());
        lines[row].replace_range(at..end, "");
    }
    lines.join("\n") + "\n"
}

/// A dump with bytes that were printed twice.
fn double(random: &mut Random, bytes: &[u8], count: usize) -> String {
    let mut lines: Vec<String> =
        dump(bytes, bytes, false).lines().map(|line| line.trim_end().to_owned()).collect();
    for _ in 0..count {
        let row = random.draw(0..lines.len());
        let at = 6 + 3 * random.draw(0..(lines[row].len() - 6).div_ceil(3));
        let byte = lines[row].get(at..at + 2).unwrap().to_owned() + " ";
        lines[row].insert_str(at, &byte);
    }
    lines.join("\n") + "\n"
}

#[derive(Debug, Default)]
struct Share {
    first: usize,
    among: usize,
}

/// Damages frames, repairs them, and counts.
fn measure(name: &str, mut damage: impl FnMut(&mut Random, &mut Vec<u8>) -> String) -> Share {
    let mut random = Random::new();
    let mut share = Share::default();
    for _ in 0..FRAMES {
        let right = random.draw(frames());
        let mut damaged = right.clone();
        let text = damage(&mut random, &mut damaged);
        let records = input::read(text.as_bytes(), InputFormat::Auto).unwrap();
        let candidates = repair(&records, Options::default()).remove(0).candidates;
        let rank = candidates.iter().position(|candidate| candidate.bytes == right);
        share.first += usize::from(rank == Some(0));
        share.among += usize::from(rank.is_some());
    }
    println!("{name}: first {} of {FRAMES}, among the candidates {} of {FRAMES}", share.first, share.among);
    share
}

// The bounds are far below what is measured, so that another order of equal candidates breaks nothing.

#[test]
fn one_digit_misread_without_text() {
    let share = measure("one digit misread, no text", |random, bytes| {
        random.misread(bytes);
        dump(bytes, bytes, false)
    });
    assert!(share.among * 2 > FRAMES, "{share:?}");
}

#[test]
fn one_digit_changed_beside_text() {
    let share = measure("one digit changed, text beside", |random, bytes| {
        let right = bytes.clone();
        random.change(bytes);
        dump(&right, bytes, true)
    });
    assert!(share.among * 2 > FRAMES, "{share:?}");
}

#[test]
fn two_digits_misread_beside_text() {
    let share = measure("two digits misread, text beside", |random, bytes| {
        let right = bytes.clone();
        random.misread(bytes);
        random.misread(bytes);
        dump(&right, bytes, true)
    });
    assert!(share.among * 10 > FRAMES, "{share:?}");
}

#[test]
fn one_byte_lost() {
    let share = measure("one byte lost, no text", |random, bytes| lose(random, bytes, 1));
    assert!(share.among * 2 > FRAMES, "{share:?}");
}

/// Without neighbours or text the values of two bytes are hardly ever determined.
#[test]
fn two_bytes_lost() {
    let share = measure("two bytes lost, no text", |random, bytes| lose(random, bytes, 2));
    assert!(share.among > 0, "{share:?}");
}

#[test]
fn one_byte_doubled() {
    let share = measure("one byte doubled, no text", |random, bytes| double(random, bytes, 1));
    assert!(share.among * 2 > FRAMES, "{share:?}");
}

#[test]
fn two_bytes_doubled() {
    let share = measure("two bytes doubled, no text", |random, bytes| double(random, bytes, 2));
    assert!(share.among * 4 > FRAMES, "{share:?}");
}
