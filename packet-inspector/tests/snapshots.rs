//! The whole output for a handful of inputs, in files that read like a session at a terminal. After a change on purpose:
//! `UPDATE_EXPECT=1 cargo test -p packet-inspector --test snapshots`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io;

use common::{Side, frames, plain, read, rendered};
use expect_test::expect_file;
use packet_inspector::frame::Frame;
use packet_inspector::render;

/// Each type once, with all that it can hold.
const TYPES: &[&str] = &[
    "10 25 0004 4d515454 04 ee 003c 0003 737562 0001 77 0003 627965 0004 75736572 0006 736563726574",
    "20 02 01 00",
    "3b 0e 0003 612f62 0007 48656c6c6f2021",
    "34 08 0001 61 0001 00ff80",
    "40 02 0007",
    "50 02 0001",
    "62 02 0001",
    "70 02 0001",
    "82 0f 0002 0003 612f23 01 0004 2b2f62 2f 02",
    "90 06 0002 00 01 02 80",
    "a2 09 0003 0001 61 0002 622f",
    "b0 02 0003",
    "c0 00",
    "d0 00",
    "e0 00",
];

/// What is wrong, and what is said about it.
const WRONG: &[(&str, Option<Side>)] = &[
    // A Packet Identifier of 0 with good packets behind it.
    ("32 0a 0003 612f62 0000 686921 c000 d000", None),
    // Wrong flags, garbage, and packets again.
    ("83 07 0001 0002 612f 00 de ad be ef c000 40020001 62020001", None),
    // Garbage alone.
    ("ffffffff00", None),
    // Cut off.
    ("30 0d 0008 696e746572", None),
    ("90", None),
    // From the side that never sends it.
    ("c000", Some(Side::Server)),
    // Other versions.
    ("10 10 0004 4d515454 05 02 003c 00 0003 616263 8209000100000161 00 c000", None),
    ("10 0f 0006 4d5149736470 03 02 003c 0001 61 c000", None),
    // Allowed, but odd.
    ("30 84 80 00 0001 61 68", None),
    ("10 12 0004 4d515454 04 02 003c 0006 6d792d737562", None),
    // What would command a terminal.
    ("30 0a 0006 611b5b33316d 1b5b", None),
];

fn session(format: &str, render: fn(&Frame, &mut Vec<u8>) -> io::Result<()>) -> String {
    let mut session = String::new();
    let types = TYPES.iter().map(|input| (*input, None));
    for (input, from) in types.chain(WRONG.iter().copied()) {
        let side = from.map_or_else(String::new, |side| format!(" --from {side}"));
        session += &format!("$ packet-inspector decode --format {format}{side} '{input}'\n");
        for frame in frames(input, from) {
            session += &plain(render, &frame);
        }
        session += "\n";
    }
    session
}

#[test]
fn trees() {
    expect_file!["data/decode/tree.txt"].assert_eq(&session("tree", render::tree));
}

#[test]
fn summaries() {
    expect_file!["data/decode/summary.txt"].assert_eq(&session("summary", render::summary));
}

#[test]
fn dumps() {
    expect_file!["data/decode/hex.txt"].assert_eq(&session("hex", render::hex));
}

#[test]
fn objects() {
    expect_file!["data/decode/json.txt"].assert_eq(&session("json", render::json));
}

/// A damaged dump of the lab, in all formats.
#[test]
fn a_damaged_dump() {
    let dump = read("frames/subscriber-179-connect.as-printed.table.txt");
    let mut session = String::new();
    for frame in frames(&dump, None) {
        for render in [render::tree, render::summary, render::hex, render::json] {
            session += &plain(render, &frame);
            session += "\n";
        }
    }
    expect_file!["data/decode/damaged.txt"].assert_eq(&session);
}

/// Colours, with `ESC` for the byte that begins each: the fields in turn, the byte at fault inverted.
#[test]
fn colours() {
    let mut session = String::new();
    for frame in frames("32 0a 0003 612f62 0000 686921 c000", None) {
        session += &rendered(render::tree, &frame);
        session += &rendered(render::hex, &frame);
    }
    expect_file!["data/decode/colours.txt"].assert_eq(&session.replace('\u{1b}', "ESC"));
}
