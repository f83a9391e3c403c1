//! Whatever the bytes: no panic, nothing left out, nothing that a terminal would take for a command, and no wait.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Side, json, plain, rendered};
use packet_inspector::frame::{Frame, Options};
use packet_inspector::input::{self, InputFormat};
use packet_inspector::net::Link;
use packet_inspector::record::Record;
use packet_inspector::render;
use proptest::prelude::*;
use serde_json::Value;

/// Holds for every frame.
fn is_shown_whole(frame: &Frame) {
    let mut end = frame.mqtt.start;
    for packet in frame.packets() {
        assert_eq!(packet.offset, end, "packets tile the payload");
        assert!(packet.length > 0);
        end += packet.length;
        let mut field_end = packet.offset;
        for node in &packet.nodes {
            assert_eq!(node.bytes.start, field_end, "fields tile the packet up to where it breaks");
            field_end = node.bytes.end;
            assert!(node.children.iter().all(|child| child.bytes == node.bytes));
        }
        assert!(field_end <= end);
        for finding in &packet.findings {
            assert!(finding.offset >= packet.offset, "{finding:?}");
        }
    }
    assert!(frame.packets().next().is_none() || end == frame.mqtt.end);
    for finding in frame.all_findings() {
        assert!(finding.offset + finding.length <= frame.record.bytes.len(), "{finding:?}");
        assert!(!finding.message.is_empty());
    }
    let objects = json(frame);
    assert_eq!(objects.len(), frame.packets().count().max(1));
    let shown: usize = objects.iter().map(|object| object["findings"].as_array().unwrap().len()).sum();
    assert_eq!(shown, frame.all_findings().count());
    for (object, packet) in objects.iter().zip(frame.packets()) {
        assert_eq!(object["length"], packet.length);
        assert_eq!(object["remaining_length"], packet.remaining_length().map_or(Value::Null, Value::from));
    }
    for renderer in [render::tree, render::summary, render::hex, render::json] {
        let out = rendered(renderer, frame);
        let text = anstream::adapter::strip_str(&out).to_string();
        let commands = text.chars().find(|&c| c != '\n' && packet_inspector::dissect::text::is_hostile(c));
        assert_eq!(commands, None, "{text:?}");
        // The escapes are those of our colours and no more.
        let without_colours: String =
            out.split("\u{1b}[").map(|part| part.split_once('m').map_or(part, |p| p.1)).collect();
        assert!(!without_colours.contains('\u{1b}'));
    }
    let hex = plain(render::hex, frame);
    let rows = hex.lines().filter(|line| line.contains('|')).count();
    assert!(rows >= frame.record.bytes.len().div_ceil(16), "a row for each 16 bytes");
}

fn of_bytes(bytes: Vec<u8>, link: Link, from: Option<Side>) -> Frame {
    let record = Record { bytes, format: "test", ..Record::default() };
    Frame::new(1, record, Options { link, from })
}

fn links() -> impl Strategy<Value = Link> {
    prop::sample::select(vec![
        Link::Auto,
        Link::Mqtt,
        Link::Ethernet,
        Link::LinuxSll,
        Link::RawIp,
        Link::Null,
    ])
}

fn sides() -> impl Strategy<Value = Option<Side>> {
    prop::sample::select(vec![None, Some(Side::Client), Some(Side::Server)])
}

/// Bytes that look like packets: first bytes that exist, lengths that fit, texts of any kind.
fn like_packets() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        ".{0,6}".prop_map(|text| {
            let len = u8::try_from(text.len()).unwrap();
            [&[0, len][..], text.as_bytes(), &[0, 1]].concat()
        }),
        Just(b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x02\x1b[".to_vec()),
    ];
    let packet = (any::<u8>(), body, -1_i8..=1).prop_map(|(first, body, wrong)| {
        let len = i8::try_from(body.len()).unwrap().saturating_add(wrong).max(0);
        [&[first, len.unsigned_abs()][..], &body].concat()
    });
    prop::collection::vec(packet, 0..8).prop_map(|packets| packets.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), link in links(), from in sides()) {
        is_shown_whole(&of_bytes(bytes, link, from));
    }

    #[test]
    fn anything_like_packets(bytes in like_packets(), from in sides()) {
        is_shown_whole(&of_bytes(bytes, Link::Mqtt, from));
    }

    /// What is quoted from the input, too.
    #[test]
    fn any_text(text in "(?s).{0,40}|[0-9a-f\u{1b}\u{9b}\u{202e}| \n]{0,200}") {
        if let Ok(records) = input::read(text.as_bytes(), InputFormat::Auto) {
            for (number, record) in (1..).zip(records) {
                is_shown_whole(&Frame::new(number, record, Options::default()));
            }
        }
    }
}

#[test]
fn no_bytes_are_no_packets() {
    is_shown_whole(&of_bytes(Vec::new(), Link::Auto, None));
    is_shown_whole(&of_bytes(Vec::new(), Link::Mqtt, None));
}

/// A mebibyte of each shape that could make the search behind a malformed packet look at the same bytes again and
/// again. Were the search not bounded, this test would take hours.
#[test]
fn hostile_streams_end() {
    for unit in [
        // No packet can begin here.
        "00",
        "ff",
        // Each begins one whose text is well-formed for 32 KiB, but for its first character.
        "30c280047f7f2b",
        // Each begins a SUBSCRIBE with many filters.
        "82ffff02000100016100",
        "82ffff0200010001",
        // A CONNECT of another version each, and a malformed one.
        "101100044d51545405020000000000000000",
        "101000044d5154540402000000ff",
        // Packets that are malformed one by one, with and without a header in order.
        "40020000",
        "4100",
        "8200",
        "30ffff7f",
        "c000",
    ] {
        let unit = hex::decode(unit).unwrap();
        let mut bytes = vec![0];
        bytes.extend(unit.iter().cycle().take(1 << 20));
        let frame = of_bytes(bytes, Link::Mqtt, None);
        let end = frame.packets().last().map(|packet| packet.offset + packet.length);
        assert_eq!(end, Some((1 << 20) + 1));
        for renderer in [render::tree, render::summary, render::hex, render::json] {
            assert!(!rendered(renderer, &frame).is_empty());
        }
    }
}
