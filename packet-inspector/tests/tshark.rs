//! Agreement with the real tshark: every field of every type and flag, by name, place, value and line.
//!
//! Needs Debian's package `tshark`; without it these tests fail, since otherwise nobody would notice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use common::{Side, as_wireshark_shows, json};
use packet_inspector::finding::Severity;
use packet_inspector::frame::{Frame, Options};
use packet_inspector::record::Record;
use packet_inspector::render;

/// Where tshark and we show different things for the same bytes: the field, its line in tshark (`/` at the end: how it
/// begins), and why ours is another.
const DISAGREEMENTS: &[(&str, &str, &str)] = &[
    (
        "mqtt.passwd",
        "Password: ",
        "tshark takes the binary password for text, which ends at its first zero byte",
    ),
    ("mqtt.topic", "Topic [truncated]: level/", "we cut later, and say how long it is instead"),
    (
        "mqtt.topic",
        "Topic: a\\001b\\nc\\u0085d\\u202Ee\\uFEFFf\"g\\h",
        "we escape all control characters in one way",
    ),
];

fn tshark(arguments: &[&str]) -> String {
    let output = Command::new("tshark").args(arguments).output().unwrap_or_else(|error| {
        panic!("tshark does not run ({error}); these tests compare with it: apt-get install tshark")
    });
    assert!(output.status.success(), "tshark {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn text(text: &str) -> Vec<u8> {
    binary(text.as_bytes())
}

fn binary(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut rest = body.len();
    loop {
        let group = u8::try_from(rest & 0x7F).unwrap();
        rest >>= 7;
        packet.push(if rest > 0 { group | 0x80 } else { group });
        if rest == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

/// CONNECT with all legal Connect Flags.
fn connects() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for flags in (0..=u8::MAX).step_by(2) {
        let (will, will_qos) = (flags & 0x04 != 0, flags >> 3 & 3);
        if will_qos == 3 || !will && flags & 0x38 != 0 || flags & 0xc0 == 0x40 {
            continue;
        }
        let mut body = [text("MQTT"), vec![4, flags, 0x0e, 0x10], text("PythonSub")].concat();
        if will {
            body.extend([text("home/light"), binary(b"gone")].concat());
        }
        if flags & 0x80 != 0 {
            body.extend(text("user"));
        }
        if flags & 0x40 != 0 {
            body.extend(binary(b"secret"));
        }
        packets.push(packet(0x10, &body));
    }
    assert_eq!(packets.len(), (1 + 2 * 3) * 3 * 2);
    // Fields that are there and empty, and a password that is no text.
    let head = |flags| [text("MQTT"), vec![4, flags, 0, 0]].concat();
    packets.push(packet(0x10, &[head(0x02), text("")].concat()));
    packets
        .push(packet(0x10, &[head(0xc6), text(""), text("w"), binary(b""), text(""), binary(b"")].concat()));
    packets.push(packet(0x10, &[head(0xc2), text(""), text("u"), binary(b"\x00\xffp")].concat()));
    packets
}

/// PUBLISH with all legal flags, with text, bytes and nothing as payload.
fn publishes() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for flags in 0..16_u8 {
        let qos = flags >> 1 & 3;
        if qos == 3 || qos == 0 && flags & 8 != 0 {
            continue;
        }
        for (topic, payload) in [
            ("internet", &b"IOT"[..]),
            ("a/b//c", b"\x00\xff"),
            ("größe/€", b""),
            ("$SYS/x", "größe".as_bytes()),
        ] {
            let id: &[u8] = if qos == 0 { &[] } else { &[0x12, 0x34] };
            packets.push(packet(0x30 | flags, &[&text(topic), id, payload].concat()));
        }
    }
    packets.push(packet(0x30, &[text("long"), vec![b'x'; 60]].concat()));
    packets.push(packet(0x30, &[text(&"level/".repeat(30)), vec![1]].concat()));
    packets.push(packet(0x30, &[text(&"level/".repeat(60)), vec![1]].concat()));
    packets.push(packet(0x30, &text("a\u{1}b\nc\u{85}d\u{202e}e\u{feff}f\"g\\h")));
    packets
}

/// All packets, each with the side that sends it.
fn packets() -> Vec<(Side, Vec<u8>)> {
    let client = connects().into_iter().map(|packet| (Side::Client, packet));
    let mut packets: Vec<_> = client.collect();
    for code in 0..=5 {
        packets.push((Side::Server, packet(0x20, &[0, code])));
    }
    packets.push((Side::Server, packet(0x20, &[1, 0])));
    for publish in publishes() {
        packets.push((Side::Client, publish.clone()));
        packets.push((Side::Server, publish));
    }
    for first in [0x40, 0x50, 0x62, 0x70] {
        for id in [[0, 1], [0xff, 0xff]] {
            packets.push((Side::Client, packet(first, &id)));
            packets.push((Side::Server, packet(first, &id)));
        }
    }
    for filters in [&["internet"][..], &["a/#", "+/b", "#", "größe/+"], &["/"]] {
        let list =
            |qos: &[u8]| filters.iter().flat_map(|name| [&text(name), qos].concat()).collect::<Vec<u8>>();
        for qos in 0..3 {
            packets.push((Side::Client, packet(0x82, &[&[0, 9][..], &list(&[qos])].concat())));
        }
        packets.push((Side::Client, packet(0xa2, &[&[0, 9][..], &list(&[])].concat())));
    }
    packets.push((Side::Server, packet(0x90, &[0, 9, 0, 1, 2, 0x80])));
    packets.push((Side::Server, packet(0x90, &[0, 9, 1])));
    packets.push((Side::Server, packet(0xb0, &[0, 9])));
    packets.push((Side::Client, packet(0xc0, &[])));
    packets.push((Side::Server, packet(0xd0, &[])));
    packets.push((Side::Client, packet(0xe0, &[])));
    // A Remaining Length in more bytes than it needs.
    packets.push((Side::Client, vec![0x30, 0x85, 0x80, 0x00, 0, 1, b'a', b'h', b'i']));
    packets
}

/// Two frames: a CONNECT, since without one tshark does not know the version, and behind it the packet; each packet on a
/// connection of its own.
fn connection(number: usize, side: Side, packet: &[u8]) -> [Vec<u8>; 2] {
    let connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a";
    let sent = u8::try_from(if side == Side::Client { connect.len() } else { 0 }).unwrap();
    [frame(number, Side::Client, 1, connect), frame(number, side, 1 + sent, packet)]
}

/// Ethernet, IPv4 and TCP before a packet.
fn frame(number: usize, side: Side, seq: u8, packet: &[u8]) -> Vec<u8> {
    let port = (20_000 + u16::try_from(number).unwrap()).to_be_bytes();
    let server = 1883_u16.to_be_bytes();
    let (client_ip, server_ip) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    let (source_ip, destination_ip, source, destination) = match side {
        Side::Client => (client_ip, server_ip, port, server),
        Side::Server => (server_ip, client_ip, server, port),
    };
    let len = u16::try_from(40 + packet.len()).unwrap().to_be_bytes();
    let mut ip = [&[0x45, 0][..], &len, &[0, 0, 0x40, 0, 64, 6, 0, 0], &source_ip, &destination_ip].concat();
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum);
    let numbers = [0, 0, 0, seq, 0, 0, 0, 1];
    let mut tcp = [&source[..], &destination, &numbers, &[0x50, 0x18, 0x20, 0, 0, 0, 0, 0], packet].concat();
    let tcp_len = u16::try_from(tcp.len()).unwrap().to_be_bytes();
    let sum = checksum(&[&source_ip[..], &destination_ip, &[0, 6], &tcp_len, &tcp].concat());
    tcp[16..18].copy_from_slice(&sum);
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][..], &ip, &tcp].concat()
}

fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | w.get(1).map_or(0, |b| u32::from(*b)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap()).to_be_bytes()
}

/// A capture of these frames in classic pcap; the file is gone when the test ends.
struct Capture(PathBuf);

impl Capture {
    fn new(name: &str, frames: &[Vec<u8>]) -> Self {
        let mut bytes = Vec::new();
        // Magic number, version 2.4, time zone, accuracy, longest frame, Ethernet.
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0x4_0000, 1] {
            bytes.extend(word.to_le_bytes());
        }
        for frame in frames {
            let len = u32::try_from(frame.len()).unwrap();
            for word in [0, 0, len, len] {
                bytes.extend(word.to_le_bytes());
            }
            bytes.extend(frame);
        }
        let path = std::env::temp_dir().join(format!("packet-inspector-{}-{name}.pcap", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// One field: filter name, offset, length, value, line.
type Row = (String, u64, u64, String, String);

/// The fields of MQTT in each packet of tshark's PDML: a line an element, the attributes in double quotes.
fn of_tshark(pdml: &str) -> Vec<Vec<Row>> {
    let mut packets = Vec::new();
    let mut in_mqtt = false;
    for line in pdml.lines().map(str::trim_start) {
        if line.starts_with("<packet>") {
            packets.push(Vec::new());
        } else if line.starts_with("<proto ") {
            in_mqtt = attribute(line, "name").as_deref() == Some("mqtt");
        } else if line.starts_with("<field ") && in_mqtt {
            let name = attribute(line, "name").unwrap();
            if !name.starts_with("mqtt.") {
                continue;
            }
            let get = |key| attribute(line, key).unwrap_or_default();
            let row = (
                name,
                get("pos").parse().unwrap(),
                get("size").parse().unwrap(),
                get("show"),
                get("showname"),
            );
            packets.last_mut().unwrap().push(row);
        }
    }
    packets
}

fn attribute(line: &str, key: &str) -> Option<String> {
    let (_, value) = line.split_once(&format!(" {key}=\""))?;
    let value = value.split('"').next().unwrap();
    Some(value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}

/// The same of our output: JSON's fields with the tree's lines.
fn ours(frame: &Frame) -> Vec<Row> {
    let objects = json(frame);
    assert_eq!(objects.len(), 1);
    let packet = frame.packets().next().unwrap();
    let nodes = packet.nodes.iter().flat_map(|node| std::iter::once(node).chain(&node.children));
    let nodes = nodes.filter(|node| node.wireshark.is_some());
    let fields = objects[0]["fields"].as_array().unwrap();
    assert_eq!(nodes.clone().count(), fields.len());
    let row = |(field, line): (&serde_json::Value, String)| {
        let name = field["wireshark"].as_str().unwrap().to_owned();
        let value = as_wireshark_shows(&name, &field["value"]);
        (name, field["offset"].as_u64().unwrap(), field["length"].as_u64().unwrap(), value, line)
    };
    fields.iter().zip(nodes.map(|node| node.text.clone())).map(row).collect()
}

#[test]
fn every_field_is_tsharks() {
    let packets = packets();
    let frames: Vec<_> =
        (0..).zip(&packets).flat_map(|(n, (side, packet))| connection(n, *side, packet)).collect();
    let capture = Capture::new("all", &frames);
    let info = tshark(&["-r", capture.0.to_str().unwrap(), "-T", "fields", "-e", "_ws.col.Info"]);
    let theirs = of_tshark(&tshark(&["-r", capture.0.to_str().unwrap(), "-T", "pdml"]));
    assert_eq!(theirs.len(), frames.len());
    let mut disagreements = BTreeSet::new();
    let second = frames.iter().zip(theirs).skip(1).step_by(2);
    let infos = info.lines().skip(1).step_by(2);
    for (((bytes, theirs), info), (side, packet)) in second.zip(infos).zip(&packets) {
        let record = Record { bytes: bytes.clone(), ..Record::default() };
        let frame = Frame::new(1, record, Options::default());
        let errors: Vec<_> = frame.all_findings().filter(|f| f.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(frame.from, Some(*side));
        let ours = ours(&frame);
        let hex = hex::encode(packet);
        // The names of what is unsubscribed from are ours, as are escapes.
        let ours_info = render::info(&frame.packets().next().unwrap());
        let same = ours_info == info
            || packet[0] == 0xa2 && ours_info.starts_with(&format!("{info} ["))
            || info.chars().any(char::is_control) && ours_info.contains("\\u{1}");
        assert!(same, "{hex}: {ours_info}, {info}");
        let places = |rows: &[Row]| rows.iter().map(|r| (r.0.clone(), r.1, r.2)).collect::<Vec<_>>();
        assert_eq!(places(&ours), places(&theirs), "{hex}");
        for (our, their) in ours.iter().zip(&theirs) {
            if (&our.3, &our.4) != (&their.3, &their.4) {
                // The names of long ones are too long for the list.
                let is_this =
                    |line: &str| their.4 == line || line.ends_with('/') && their.4.starts_with(line);
                let listed =
                    DISAGREEMENTS.iter().position(|(field, line, _)| our.0 == *field && is_this(line));
                let number = listed.unwrap_or_else(|| panic!("{hex}\n ours   {our:?}\n theirs {their:?}"));
                disagreements.insert(number);
            }
        }
    }
    assert_eq!(disagreements.len(), DISAGREEMENTS.len(), "each listed disagreement still is one");
}

#[test]
fn every_name_is_one_of_tsharks() {
    let fields = tshark(&["-G", "fields"]);
    // F, name, filter name, ...
    let known: BTreeMap<&str, &str> = fields
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            (columns.next() == Some("F")).then(|| columns.next().zip(columns.next())).flatten()
        })
        .map(|(name, filter)| (filter, name))
        .collect();
    assert!(known.contains_key("mqtt.topic"));
    let mut seen = BTreeSet::new();
    for (_, packet) in packets() {
        let record = Record { bytes: packet, ..Record::default() };
        for object in json(&Frame::new(1, record, Options::default())) {
            for field in object["fields"].as_array().unwrap() {
                let (filter, name) = (field["wireshark"].as_str().unwrap(), field["name"].as_str().unwrap());
                assert_eq!(known.get(filter), Some(&name), "{filter}");
                seen.insert(filter.to_owned());
            }
        }
    }
    assert_eq!(seen.len(), 39, "all that we ever print: {seen:?}");
}
