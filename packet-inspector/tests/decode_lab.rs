//! The lab's packets as Wireshark showed them: tree, fields, Info column, repaired frames, damaged dumps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Side, as_wireshark_shows, errors, frame, json, lab, objects, plain, read, tree_lines};
use packet_inspector::finding::{Finding, Severity};
use packet_inspector::frame::Frame;
use packet_inspector::render;
use serde_json::Value;

/// The packet's nodes but for Wireshark's own remark: it says of packets that come without their CONNECT, which are
/// four of the lab's, that it does not know their version. That is nothing that the packet holds.
fn nodes(packet: &Value) -> Vec<&Value> {
    let nodes = packet["wireshark"]["tree"].as_array().unwrap().iter();
    nodes.filter(|node| node.get("offset").is_some()).collect()
}

/// The lines that Wireshark shows for a packet.
fn wireshark_lines(packet: &Value) -> Vec<String> {
    let mut lines = vec![packet["wireshark"]["title"].as_str().unwrap().to_owned()];
    for node in nodes(packet) {
        let indent = 4 * (1 + node["depth"].as_u64().unwrap());
        lines.push(" ".repeat(usize::try_from(indent).unwrap()) + node["text"].as_str().unwrap());
    }
    lines
}

fn sender(packet: &Value) -> Side {
    if packet["sender"] == "client" { Side::Client } else { Side::Server }
}

/// The lines of the tree that are MQTT's.
fn mqtt_lines(frame: &Frame) -> Vec<String> {
    let lines = tree_lines(frame);
    lines.into_iter().skip_while(|line| !line.starts_with("MQ Telemetry")).collect()
}

#[track_caller]
fn has_no_errors(frame: &Frame, what: &str) {
    let errors: Vec<_> = frame.all_findings().filter(|finding| finding.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}");
}

/// (filter name, offset in the packet, length, value), from our output and from Wireshark's.
type Row = (String, u64, u64, String);

fn our_rows(object: &Value) -> Vec<Row> {
    let base = object["offset"].as_u64().unwrap();
    let row = |field: &Value| {
        let name = field["wireshark"].as_str().unwrap().to_owned();
        let value = as_wireshark_shows(&name, &field["value"]);
        (name, field["offset"].as_u64().unwrap() - base, field["length"].as_u64().unwrap(), value)
    };
    object["fields"].as_array().unwrap().iter().map(row).collect()
}

fn wireshark_rows(packet: &Value) -> Vec<Row> {
    let row = |node: &&Value| {
        let text = |key: &str| node[key].as_str().unwrap().to_owned();
        (text("field"), node["offset"].as_u64().unwrap(), node["length"].as_u64().unwrap(), text("show"))
    };
    nodes(packet).iter().map(row).collect()
}

#[test]
fn the_labs_packets_look_as_in_wireshark() {
    let packets = objects("packets.json");
    assert_eq!(packets.len(), 60);
    for packet in &packets {
        let hex = packet["mqtt_hex"].as_str().unwrap();
        let frame = frame(hex, Some(sender(packet)));
        let name = format!("packet {}", packet["n"]);
        has_no_errors(&frame, &name);
        let lines: Vec<_> = mqtt_lines(&frame);
        assert_eq!(lines, wireshark_lines(packet), "{name}");
        assert_eq!(plain(render::summary, &frame).trim_end(), packet["info"], "{name}");
        let objects = json(&frame);
        assert_eq!(objects.len(), 1, "{name}");
        assert_eq!(objects[0]["packet"], packet["name"], "{name}");
        assert_eq!(objects[0]["length"], packet["mqtt_len"], "{name}");
        assert_eq!(our_rows(&objects[0]), wireshark_rows(packet), "{name}");
    }
}

#[test]
fn wireshark_remarks_on_nothing_but_missing_connects() {
    let remarks: Vec<_> = objects("packets.json")
        .iter()
        .flat_map(|packet| packet["wireshark"]["tree"].as_array().unwrap().clone())
        .filter(|node| node.get("offset").is_none())
        .collect();
    assert!(!remarks.is_empty());
    for remark in remarks {
        let field = remark["field"].as_str().unwrap();
        assert!(field.starts_with("_ws.expert") || field == "mqtt.unknown_version", "{remark}");
    }
}

#[test]
fn the_packets_of_the_light_programs_have_their_fields_as_keys() {
    let packets = objects("homework.json");
    assert_eq!(packets.len(), 27);
    for packet in &packets {
        let frame = frame(packet["mqtt_hex"].as_str().unwrap(), Some(sender(packet)));
        has_no_errors(&frame, "homework");
        let object = &json(&frame)[0];
        assert_eq!(object["packet"], packet["name"]);
        assert_eq!(object["length"], packet["mqtt_len"]);
        for (name, value) in packet["fields"].as_object().unwrap() {
            let key = match name.as_str() {
                "payload_utf8" => "payload_text",
                "codes" => "return_codes",
                same => same,
            };
            assert_eq!(object.get(key), Some(value), "{key} of packet {}", packet["n"]);
        }
    }
}

#[test]
fn the_repaired_frames_are_whole_and_right() {
    let packets = objects("packets.json");
    let dumped = packets.iter().filter(|packet| packet["frame_file"].is_string());
    assert_eq!(dumped.clone().count(), 6);
    for packet in dumped {
        let file = packet["frame_file"].as_str().unwrap();
        let frame = frame(&read(file), None);
        has_no_errors(&frame, file);
        let layers: Vec<_> = frame.net.layers.iter().map(|layer| layer.protocol).collect();
        assert_eq!(layers, ["eth", "ipv6", "tcp"], "{file}");
        assert_eq!(frame.from, Some(sender(packet)), "{file}: inferred from the ports");
        let mut expected = vec![format!("Frame 1: {} bytes (hex)", packet["frame_len"])];
        expected.extend(frame.net.layers.iter().map(|layer| layer.summary.clone()));
        let len = packet["tcp"]["len"].as_u64().unwrap();
        assert!(expected[3].starts_with("Transmission Control Protocol, Src Port: "), "{expected:?}");
        assert!(expected[3].ends_with(&format!(", Len: {len}")), "{expected:?}");
        // What the checksum says is a finding below MQTT; the lines from MQTT on are Wireshark's.
        let lines = tree_lines(&frame);
        assert_eq!(lines[..4], expected, "{file}");
        assert_eq!(mqtt_lines(&frame), wireshark_lines(packet), "{file}");
        assert_eq!(our_rows(&json(&frame)[0]), wireshark_rows(packet), "{file}");
    }
}

/// The finding of this kind that covers the byte, or points at it.
#[track_caller]
fn finds(frame: &Frame, severity: Severity, kind: &str, byte: u64, what: &str) -> Finding {
    let byte = usize::try_from(byte).unwrap();
    let covers = |finding: &Finding| {
        finding.severity == severity
            && finding.kind == kind
            && (finding.offset..finding.offset + finding.length.max(1)).contains(&byte)
    };
    let found = frame.all_findings().find(covers);
    found.unwrap_or_else(|| panic!("{what}: no {kind} at {byte} in {:#?}", frame.findings))
}

/// Offset of the TCP checksum in these frames.
const CHECKSUM_AT: u64 = 70;

#[test]
fn the_dumps_as_printed_are_called_damaged_where_they_are() {
    let dumps: Value = serde_json::from_str(&read("dumps.json")).unwrap();
    let mut claims = 0;
    for (name, dump) in dumps.as_object().unwrap() {
        for end in ["txt", "table.txt"] {
            let file = format!("frames/{name}.as-printed.{end}");
            if !lab(&file).exists() {
                assert_eq!(file, "frames/publisher-264-publish.as-printed.table.txt");
                continue;
            }
            let frame = frame(&read(&file), None);
            assert_eq!(dump["bytes_printed"], frame.record.bytes.len(), "{file}");
            // The text beside the bytes never came through.
            finds(&frame, Severity::Warning, "dump_text_damaged", 0, &file);
            if dump["checksum_of_print"] == "bad" {
                let finding = finds(&frame, Severity::Error, "tcp_checksum", CHECKSUM_AT, &file);
                assert!(finding.message.contains(dump["stored"].as_str().unwrap()), "{finding:?}");
            }
            for error in dump["errors"].as_array().unwrap() {
                claims += usize::from(is_called(&frame, error, dump, &file));
            }
            let proved = frame.findings.iter().any(|finding| finding.severity == Severity::Error);
            let length_or_sum = dump["errors"].as_array().unwrap().iter().any(|error| {
                error["kind"] == "missing" || error["offset"] == 19 || dump["checksum_of_print"] == "bad"
            });
            assert_eq!(proved, length_or_sum, "{file}");
        }
    }
    // In both prints: four rows with glued text, a missing byte, a wrong length, and the bytes under the two bad sums.
    assert_eq!(claims, 2 * (4 + 1 + 1 + 3));
}

/// Whether there is evidence of this error, which then has to be said.
fn is_called(frame: &Frame, error: &Value, dump: &Value, file: &str) -> bool {
    match (error["kind"].as_str().unwrap(), error["offset"].as_u64()) {
        ("ascii column glued to the last byte", _) => {
            let row = u64::from_str_radix(error["row"].as_str().unwrap(), 16).unwrap();
            let finding = finds(frame, Severity::Warning, "dump_text_glued", row + 15, file);
            assert!(finding.message.contains(error["printed"].as_str().unwrap()), "{finding:?}");
            true
        }
        ("missing", Some(offset)) => {
            finds(frame, Severity::Error, "dump_row_length", offset, file);
            finds(frame, Severity::Error, "ip_length", offset, file);
            finds(frame, Severity::Note, "missing_byte_place", offset, file);
            true
        }
        // The length in the IPv6 header.
        ("changed", Some(offset @ 18..=19)) => {
            finds(frame, Severity::Error, "ip_length", offset, file);
            true
        }
        // No check covers the Ethernet header, nor, with a checksum that was left to the network card, the payload:
        // nothing in the bytes says that they are wrong, so no error may point there.
        ("changed", Some(offset)) if offset < 14 || dump["checksum_of_print"] != "bad" => {
            let byte = usize::try_from(offset).unwrap();
            let blames =
                |finding: &&&Finding| (finding.offset..finding.offset + finding.length).contains(&byte);
            assert_eq!(errors(&frame.findings).iter().find(blames), None, "{file}");
            false
        }
        ("changed", Some(_)) => dump["checksum_of_print"] == "bad",
        other => panic!("{other:?} is a new kind of error"),
    }
}
