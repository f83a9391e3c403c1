//! What is written off the wire is what is written of a tree: summary, JSON and columns, over good and bad packets in
//! every kind of capture.

use std::io::Cursor;

use mqtt_codec::Packet;
use packet_inspector::capture::{Reader, Time};
use packet_inspector::dissect::{Node, Value};
use packet_inspector::filter::{Columns, Field};
use packet_inspector::finding::Severity;
use packet_inspector::frame::Frame;
use packet_inspector::render::{self, JsonLines, Lines};
use packet_inspector::stream::{Captured, Limits, Sink, Streams};
use proptest::prelude::*;

use crate::analysis::play;
use crate::conversations::{BAD, GOOD};
use crate::wire::{CLIENT, SERVER, Tcp, Wire};

/// Writes each packet both ways.
#[derive(Default)]
struct Both {
    lines: Lines,
    json: JsonLines,
    packets: usize,
}

impl Sink for Both {
    fn packet(&mut self, packet: &Captured<'_>) {
        self.packets += 1;
        let start = Time::default();
        let tree = Frame::of_packet(packet).next().unwrap();

        let (mut line, mut expected) = (Vec::new(), Vec::new());
        self.lines.packet(packet, packet.time().since(start), &mut line).unwrap();
        let info = render::info(&tree);
        let is_said =
            tree.findings.iter().any(|finding| finding.severity > Severity::Note || finding.kind == "cut");
        let line = String::from_utf8(line).unwrap();
        let (_, behind) = line.split_once("-> ").unwrap();
        let (_, behind) = behind.split_once(' ').unwrap();
        if is_said {
            assert!(behind.starts_with(&format!("{info} - ")), "{behind:?} {info:?}");
        } else {
            assert_eq!(behind, format!("{info}\n"));
        }

        let mut json = Vec::new();
        self.json.packet(packet, start, &mut json).unwrap();
        // With all the layers below, too, whatever may be said of them.
        for frame in [Frame::captured_alone(packet, start), Frame::captured(packet, start)] {
            expected.clear();
            render::json(&frame, &mut expected).unwrap();
            assert_eq!(String::from_utf8_lossy(&json), String::from_utf8_lossy(&expected));
        }
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert!(value["fields"].is_array() && value["findings"].is_array());

        let names: Vec<_> =
            Field::names().filter(|name| name.starts_with("mqtt.") && !name.ends_with("_text")).collect();
        let fields: Vec<Field> = names.iter().map(|name| name.parse().unwrap()).collect();
        let mut columns = Vec::new();
        Columns::new(&fields, false).packet(packet, start, &mut columns).unwrap();
        let columns = String::from_utf8(columns).unwrap();
        let nodes: Vec<&Node> =
            tree.nodes.iter().flat_map(|node| std::iter::once(node).chain(&node.children)).collect();
        for (name, cell) in names.iter().zip(columns.trim_end_matches('\n').split('\t')) {
            let values = nodes.iter().filter(|node| node.wireshark == Some(name));
            let values: Vec<_> = values.map(|node| shown(name, node, packet.bytes)).collect();
            // Nothing stands before the comma when the first values are empty.
            let first = values.iter().position(|value| !value.is_empty()).unwrap_or(values.len());
            assert_eq!(cell, values[first..].join(","), "{name}");
        }
    }
}

/// A value as it stands in a column.
fn shown(name: &str, node: &Node, bytes: &[u8]) -> String {
    match &node.value {
        Value::Number(number) if matches!(name, "mqtt.hdrflags" | "mqtt.conflags" | "mqtt.conack.flags") => {
            format!("{number:#04x}")
        }
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => u8::from(*flag).to_string(),
        Value::Bytes(bytes) if name != "mqtt.passwd" => hex::encode(bytes),
        _ => packet_inspector::dissect::text::visible(&bytes[node.bytes.clone()]),
    }
}

fn both(file: Vec<u8>) -> usize {
    let mut reader = Reader::new(Cursor::new(file)).unwrap();
    let mut streams = Streams::new(&[1883], Limits::default());
    let mut both = Both::default();
    while let Some(entry) = reader.next_entry().unwrap() {
        streams.take(&entry, &mut both);
    }
    streams.finish(&mut both);
    both.packets
}

#[test]
fn of_the_lab() {
    for file in ["lab.pcap", "lab.pcapng"] {
        let path = format!("{}/../testdata/lab/{file}", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(both(std::fs::read(path).unwrap()), 64);
    }
}

#[test]
fn of_every_conversation() {
    let scripts = GOOD.iter().chain(BAD.iter().map(|(.., script)| script));
    scripts.for_each(|script| assert!(both(play(script).pcap(1)) > 0, "{script}"));
}

#[test]
fn of_every_bad_packet() {
    for (_, script, _) in crate::bad_packets::classes() {
        both(play(&script).pcap(1));
        // Damaged on the way: the checksum is no proof of what stands there.
        let mut wire = play(&script);
        if let Some((_, record, _)) = wire.records.last_mut() {
            record[50] ^= 1;
        }
        both(wire.pcap(1));
    }
}

/// Packets that are mostly well-formed, with one byte changed, cut, or not.
fn packets() -> impl Strategy<Value = Vec<u8>> {
    let samples = BAD.iter().map(|(.., script)| *script).chain(GOOD.iter().copied());
    let samples: Vec<Vec<u8>> = samples
        .flat_map(str::lines)
        .filter_map(|line| line.trim().split_once(' '))
        .filter(|(word, _)| matches!(*word, "c" | "s"))
        .map(|(_, bytes)| hex::decode(bytes.replace(' ', "")).unwrap())
        .collect();
    let changed = (proptest::sample::select(samples), any::<prop::sample::Index>(), any::<u8>());
    changed.prop_map(|(mut packet, at, byte)| {
        let at = at.index(packet.len() * 2);
        if let Some(place) = packet.get_mut(at) {
            *place = byte;
        }
        packet
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn of_any_packets(sent in proptest::collection::vec((0..2_usize, packets()), 1..6), size in 1..40_usize) {
        let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
        tcp.open(&mut wire);
        for (side, packet) in sent {
            let side = if side == 0 { CLIENT } else { SERVER };
            packet.chunks(size).for_each(|part| tcp.send(&mut wire, side, part));
        }
        both(wire.pcap(1));
    }
}

/// Packets of all kinds are plain to some extent, else the fast way would be proved of nothing.
#[test]
fn good_packets_of_all_types_are_among_them() {
    let mut types = [false; 15];
    for script in GOOD {
        for line in play(script).read().bytes() {
            if let Ok(mqtt_codec::Decoded::Packet(packet, _)) = Packet::decode(line) {
                types[packet.packet_type() as usize] = true;
            }
        }
    }
    assert_eq!(types.iter().filter(|seen| **seen).count(), 14);
}
