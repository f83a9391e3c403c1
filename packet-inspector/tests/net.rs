//! The lab's six dumped frames: as repaired, as printed, and every other record as plain MQTT.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of tests may panic as a test may"
)]

use std::net::IpAddr;
use std::path::PathBuf;

use packet_inspector::finding::Severity;
use packet_inspector::net::{ChecksumVerdict, Frame, LengthCause, Link, Side, TcpFlags};
use packet_inspector::net::{dissect, rows_evidence};
use packet_inspector::record::{Record, Row};
use serde_json::Value;

const NAMES: [&str; 6] = [
    "publisher-264-publish",
    "subscriber-179-connect",
    "subscriber-181-connack",
    "subscriber-182-subscribe",
    "subscriber-183-suback",
    "subscriber-228-publish",
];

fn lab(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/lab");
    std::fs::read_to_string(path.join(name)).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_str(&lab(name)).unwrap()
}

fn repaired(name: &str) -> Vec<u8> {
    hex::decode(lab(&format!("frames/{name}.hex")).trim()).unwrap()
}

/// The frame with the errors of the lab's print.
fn printed(name: &str) -> Vec<u8> {
    let mut bytes = repaired(name);
    let dumps = json("dumps.json");
    let number = |error: &Value| usize::try_from(error["offset"].as_u64().unwrap()).unwrap();
    let errors = dumps[name]["errors"].as_array().unwrap();
    for error in errors.iter().filter(|error| error["kind"] == "changed") {
        let byte = u8::from_str_radix(error["printed"].as_str().unwrap(), 16).unwrap();
        bytes[number(error)] = byte;
    }
    for error in errors.iter().filter(|error| error["kind"] == "missing") {
        bytes.remove(number(error));
    }
    bytes
}

fn kinds(frame: &Frame, severity: Severity) -> Vec<&'static str> {
    let of = frame.findings.iter().filter(|f| f.severity == severity);
    of.map(|finding| finding.kind).collect()
}

#[track_caller]
fn message<'a>(frame: &'a Frame, kind: &str) -> &'a str {
    let finding = frame.findings.iter().find(|f| f.kind == kind);
    &finding.unwrap_or_else(|| panic!("no {kind} in {:#?}", frame.findings)).message
}

fn summaries(frame: &Frame) -> Vec<&str> {
    frame.layers.iter().map(|layer| layer.summary.as_str()).collect()
}

#[test]
fn the_repaired_frames_have_no_errors_and_hold_the_packets_of_the_lab() {
    let packets = json("packets.json");
    let dumps = json("dumps.json");
    for name in NAMES {
        let bytes = repaired(name);
        let frame = dissect(&bytes, Link::Auto);
        let file = format!("{name}.hex");
        let packet = packets.as_array().unwrap().iter().find(|packet| {
            let path = packet["frame_file"].as_str();
            path.is_some_and(|path| path.ends_with(&file))
        });
        let packet = packet.unwrap_or_else(|| panic!("{name} is not in packets.json"));

        assert_eq!(frame.link, Link::Ethernet, "{name}");
        assert_eq!(kinds(&frame, Severity::Error), [""; 0], "{name}");
        let mqtt = hex::encode(&bytes[frame.payload.clone()]);
        assert_eq!(mqtt, packet["mqtt_hex"].as_str().unwrap(), "{name}");
        let side = match packet["sender"].as_str().unwrap() {
            "client" => Side::Client,
            _ => Side::Server,
        };
        assert_eq!(frame.sender(), Some(side), "{name}");
        let verdict = match dumps[name]["checksum_of_repaired"].as_str().unwrap() {
            "verifies" => ChecksumVerdict::Good,
            _ => ChecksumVerdict::Offloaded,
        };
        assert_eq!(frame.checksum, Some(verdict), "{name}");
        assert_eq!(frame.length, None, "{name}");
    }
}

#[test]
fn frame_179_has_the_layers_that_wireshark_shows() {
    let frame = dissect(&repaired("subscriber-179-connect"), Link::Auto);
    assert_eq!(
        summaries(&frame),
        [
            "Ethernet II, Src: e8:84:a5:3e:dd:57, Dst: d8:d8:66:0f:19:c9",
            "Internet Protocol Version 6, Src: 2402:4000:2350:205d:6096:12c2:5147:a2ac, Dst: 2001:41d0:1:925e::1",
            "Transmission Control Protocol, Src Port: 50677, Dst Port: 1883, Seq: 2718912183, Ack: 111624735, Len: 23",
        ]
    );
    let ranges: Vec<_> = frame.layers.iter().map(|l| l.range.clone()).collect();
    assert_eq!(ranges, [0..14, 14..54, 54..74]);
    let transport = frame.transport.unwrap();
    let source: IpAddr = "2402:4000:2350:205d:6096:12c2:5147:a2ac".parse().unwrap();
    assert_eq!((transport.source, transport.source_port), (source, 50677));
    assert_eq!((transport.seq, transport.ack), (2_718_912_183, 111_624_735));
    assert_eq!(transport.flags, TcpFlags(0x018));
    assert_eq!(transport.flags.to_string(), "0x018 (PSH, ACK)");
    let fields: Vec<_> =
        frame.layers[2].fields.iter().map(|f| (f.wireshark, f.value.as_str(), f.offset, f.length)).collect();
    assert!(fields.contains(&("tcp.dstport", "1883", 56, 2)));
    assert!(fields.contains(&("tcp.hdr_len", "20 bytes (5)", 66, 1)));
    assert!(fields.contains(&("tcp.checksum", "0x035f", 70, 2)));
}

#[test]
fn frame_264_as_printed_is_intact() {
    let frame = dissect(&printed("publisher-264-publish"), Link::Auto);
    assert_eq!(kinds(&frame, Severity::Error), [""; 0]);
    assert_eq!(frame.checksum, Some(ChecksumVerdict::Offloaded));
}

#[test]
fn frame_179_as_printed_misses_a_byte_at_the_start_of_its_data() {
    let bytes = printed("subscriber-179-connect");
    let frame = dissect(&bytes, Link::Auto);
    assert_eq!(
        message(&frame, "ip_length"),
        "96 bytes where the IPv6 length says 97: one is missing from 0x4a on; the TCP pseudo-header sum agrees with the length, so the length is right"
    );
    assert_eq!(kinds(&frame, Severity::Error), ["ip_length"]);
    assert!(matches!(frame.checksum, Some(ChecksumVerdict::NotComputable(_))));
    let length = frame.length.clone().unwrap();
    assert_eq!((length.cause, length.place), (LengthCause::Missing, 74..96));
    assert_eq!(frame.payload, 74..96);
}

#[test]
fn the_rows_of_frame_179_name_the_place_of_the_missing_byte() {
    let bytes = printed("subscriber-179-connect");
    let frame = dissect(&bytes, Link::Auto);
    let lens = [16, 16, 16, 16, 15, 16, 1];
    let rows = lens.iter().enumerate().scan(0, |start, (i, &len)| {
        let row = Row { line: i + 1, printed_offset: Some(i * 16), start: *start, len, ascii: None };
        *start += len;
        Some(row)
    });
    let rows = rows.collect();
    let record = Record { bytes, rows, ..Record::default() };
    let findings = rows_evidence(&record, &frame);
    let messages: Vec<_> = findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(
        messages,
        ["row 0040 has 15 bytes where the offsets say 16: one is missing between 0x4a and 0x4f"]
    );
}

#[test]
fn frame_181_as_printed_has_only_an_address_that_no_checksum_covers() {
    let frame = dissect(&printed("subscriber-181-connack"), Link::Auto);
    assert_eq!(kinds(&frame, Severity::Error), [""; 0]);
    assert_eq!(frame.checksum, Some(ChecksumVerdict::Good));
    assert!(frame.layers[0].summary.contains("Src: d8:db:66:0f:19:c9"));
}

#[test]
fn frame_182_as_printed_has_a_damaged_length() {
    let bytes = printed("subscriber-182-subscribe");
    let frame = dissect(&bytes, Link::Auto);
    assert_eq!(
        message(&frame, "ip_length"),
        "the IPv6 payload length at 0x12 says 43, but 35 bytes follow; with 35 the TCP pseudo-header sum agrees, so the length is what is damaged"
    );
    assert_eq!(kinds(&frame, Severity::Error), ["ip_length"]);
    assert_eq!(frame.checksum, Some(ChecksumVerdict::Offloaded));
    assert_eq!(frame.length.unwrap().cause, LengthCause::Field);
    assert_eq!(frame.payload, 74..89);
}

#[test]
fn frames_183_and_228_as_printed_do_not_verify() {
    for (name, stored) in [("subscriber-183-suback", 0x1393), ("subscriber-228-publish", 0x206d)] {
        let frame = dissect(&printed(name), Link::Auto);
        assert_eq!(kinds(&frame, Severity::Error), ["tcp_checksum"], "{name}");
        let start = format!("the TCP checksum does not verify: {stored:#06x} stored, 0x");
        assert!(message(&frame, "tcp_checksum").starts_with(&start), "{name}");
        match frame.checksum {
            Some(ChecksumVerdict::Bad { stored: found, .. }) => assert_eq!(found, stored),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Some systems leave zero, not the pseudo-header sum, for the network card.
#[test]
fn a_checksum_of_zero_is_not_called_wrong() {
    for name in NAMES {
        let mut bytes = repaired(name);
        bytes[70..72].fill(0);
        let frame = dissect(&bytes, Link::Auto);
        assert!(matches!(frame.checksum, Some(ChecksumVerdict::NotComputable(_))), "{:?}", frame.checksum);
        assert_eq!(kinds(&frame, Severity::Error), [""; 0], "{name}");
    }
}

#[test]
fn a_byte_lost_anywhere_in_a_frame_does_not_lose_the_packet() {
    for name in NAMES {
        let whole = repaired(name);
        let data_at = 74;
        for at in 0..data_at {
            let mut bytes = whole.clone();
            bytes.remove(at);
            let frame = dissect(&bytes, Link::Auto);
            assert_eq!(frame.link, Link::Ethernet, "{name} without {at}");
            assert_eq!(&bytes[frame.payload.clone()], &whole[data_at..], "{name} without {at}");
            let length = frame.length.unwrap();
            assert_eq!((length.cause, length.count()), (LengthCause::Missing, 1));
            let place = length.place;
            assert!(place.start <= at && at <= place.end, "{name} without {at}: {place:?}");
        }
    }
}

#[test]
fn a_byte_doubled_anywhere_in_a_frame_does_not_lose_the_packet() {
    for name in NAMES {
        let whole = repaired(name);
        let data_at = 74;
        for at in 0..data_at {
            let mut bytes = whole.clone();
            bytes.insert(at, whole[at] ^ 0x55);
            let frame = dissect(&bytes, Link::Auto);
            assert_eq!(frame.link, Link::Ethernet, "{name} doubled {at}");
            assert_eq!(&bytes[frame.payload.clone()], &whole[data_at..], "{name} doubled {at}");
        }
    }
}

#[test]
fn every_packet_of_the_lab_is_recognised_as_mqtt() {
    for packet in json("packets.json").as_array().unwrap() {
        let bytes = hex::decode(packet["mqtt_hex"].as_str().unwrap()).unwrap();
        let frame = dissect(&bytes, Link::Auto);
        assert_eq!(frame.link, Link::Mqtt, "{}", packet["n"]);
        assert_eq!(frame.payload, 0..bytes.len());
        assert!(frame.layers.is_empty() && frame.findings.is_empty());
        assert_eq!(frame.sender(), None);
    }
}
