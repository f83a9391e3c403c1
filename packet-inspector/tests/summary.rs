//! A packet in a few words is the same from the inspector, which shows what can't be decoded too, and from the codec, whose
//! words other programs use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{frame, objects};
use mqtt_codec::{Decoded, Packet};
use packet_inspector::render;

#[track_caller]
fn says(hex: &str) -> String {
    let frame = frame(hex, None);
    let packets: Vec<_> = frame.packets().collect();
    assert_eq!(packets.len(), 1, "{hex}");
    let shown = render::info(&packets[0]);
    let bytes = hex::decode(hex.replace(' ', "")).unwrap();
    let Decoded::Packet(packet, _) = Packet::decode(&bytes).unwrap() else { panic!("{hex} is whole") };
    assert_eq!(packet.summary().to_string(), shown, "{hex}");
    shown
}

#[test]
fn the_labs_packets_are_told_alike() {
    let packets = objects("packets.json");
    assert_eq!(packets.len(), 60);
    for packet in packets {
        let said = says(packet["mqtt_hex"].as_str().unwrap());
        assert_eq!(said, packet["info"].as_str().unwrap());
    }
}

#[test]
fn every_type_is_told_alike() {
    for (hex, expected) in [
        ("100d 0004 4d515454 04 02 003c 0001 61", "Connect Command"),
        ("2002 01 00", "Connect Ack"),
        ("30 03 0001 61", "Publish Message [a]"),
        ("3b 0e 0003 612f62 0007 48656c6c6f2021", "Publish Message (id=7) [a/b]"),
        ("30 0a 0006 611b5b33316d 1b5b", "Publish Message [a\\u{1b}[31m]"),
        ("30 06 0004 61e280ae", "Publish Message [a\\u{202e}]"),
        ("40 02 0007", "Publish Ack (id=7)"),
        ("50 02 0001", "Publish Received (id=1)"),
        ("62 02 ffff", "Publish Release (id=65535)"),
        ("70 02 0001", "Publish Complete (id=1)"),
        ("82 0f 0002 0003 612f23 01 0004 2b2f62 2f 02", "Subscribe Request (id=2) [a/#] [+/b/]"),
        ("90 06 0002 00 01 02 80", "Subscribe Ack (id=2)"),
        ("a2 09 0003 0001 61 0002 622f", "Unsubscribe Request (id=3) [a] [b/]"),
        ("b0 02 0003", "Unsubscribe Ack (id=3)"),
        ("c0 00", "Ping Request"),
        ("d0 00", "Ping Response"),
        ("e0 00", "Disconnect Req"),
    ] {
        assert_eq!(says(hex), expected, "{hex}");
    }
}
