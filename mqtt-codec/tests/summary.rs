//! Packets in a few words: those of Wireshark, and nothing in them that a terminal obeys.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that panics fails")]

mod common;

use common::{hex, whole};
use mqtt_codec::{PacketType, is_hostile};

fn summary(packet: &str) -> String {
    whole(&hex(packet)).summary().to_string()
}

#[test]
fn the_lab_s_packets_are_called_as_wireshark_called_them() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/packets.json");
    let packets: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for packet in &packets {
        assert_eq!(summary(packet["mqtt_hex"].as_str().unwrap()), packet["info"], "{packet}");
    }
    assert_eq!(packets.len(), 60);
}

#[test]
fn every_type_has_its_words_identifier_and_topics() {
    for (packet, words) in [
        ("10 0C 0004 4D515454 04 02 0000 0000", "Connect Command"),
        ("20 02 0000", "Connect Ack"),
        ("30 05 0003 612F62", "Publish Message [a/b]"),
        ("34 07 0003 612F62 0102", "Publish Message (id=258) [a/b]"),
        ("40 02 0001", "Publish Ack (id=1)"),
        ("50 02 0002", "Publish Received (id=2)"),
        ("62 02 0003", "Publish Release (id=3)"),
        ("70 02 FFFF", "Publish Complete (id=65535)"),
        ("82 0A 0005 0001 61 00 0001 23 02", "Subscribe Request (id=5) [a] [#]"),
        ("90 04 0006 0080", "Subscribe Ack (id=6)"),
        ("A2 08 0007 0001 61 0001 2B", "Unsubscribe Request (id=7) [a] [+]"),
        ("B0 02 0008", "Unsubscribe Ack (id=8)"),
        ("C0 00", "Ping Request"),
        ("D0 00", "Ping Response"),
        ("E0 00", "Disconnect Req"),
    ] {
        assert_eq!(summary(packet), words);
        let of_type = PacketType::of_first_byte(hex(packet)[0]).unwrap();
        assert!(words.starts_with(of_type.title()), "{of_type:?}: {words}");
    }
}

#[test]
fn what_could_command_a_terminal_or_mislead_is_escaped() {
    // ESC, the end of a line, from right to left, a mark of byte order; then what may stand.
    assert_eq!(summary("30 0A 0008 611B 0A E280AE C3A9"), r"Publish Message [a\u{1b}\n\u{202e}é]");
    assert_eq!(summary("30 06 0004 EFBBBF 61"), r"Publish Message [\u{feff}a]");
    for c in ['\0', '\u{1f}', '\u{7f}', '\u{9f}', '\u{61c}', '\u{200b}', '\u{200f}', '\u{2028}', '\u{202e}'] {
        assert!(is_hostile(c), "{c:?}");
    }
    for c in ['\u{2066}', '\u{2069}', '\u{feff}'] {
        assert!(is_hostile(c), "{c:?}");
    }
    for c in [' ', '~', '\u{a0}', '\u{61b}', '\u{200a}', '\u{2010}', '\u{2027}', '\u{202f}', '\u{2065}', '😀']
    {
        assert!(!is_hostile(c), "{c:?}");
    }
}
