//! The lab's captures: every packet with Wireshark's fields, every handshake paired, nothing to find fault with.

use std::fs::File;
use std::path::PathBuf;

use packet_inspector::analysis::{Analysis, Exchange, Finding, Listener, Step};
use packet_inspector::capture::{Reader, Time};
use packet_inspector::frame::Frame;
use packet_inspector::render;
use packet_inspector::stream::{Captured, Limits, Sink, Streams};
use serde_json::Value;

use crate::process::run;

fn lab(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab")).join(file)
}

fn each(file: &str, sink: &mut impl Sink) {
    let mut reader = Reader::new(File::open(lab(file)).unwrap()).unwrap();
    let mut streams = Streams::new(&[1883], Limits::default());
    while let Some(entry) = reader.next_entry().unwrap() {
        streams.take(&entry, sink);
    }
    streams.finish(sink);
}

#[derive(Default)]
struct Rendered(Vec<(u64, Value, String)>);

impl Sink for Rendered {
    fn packet(&mut self, packet: &Captured<'_>) {
        let frame = Frame::captured(packet, Time::default());
        let (mut json, mut tree) = (Vec::new(), Vec::new());
        render::json(&frame, &mut json).unwrap();
        render::tree(&frame, &mut tree).unwrap();
        let tree = anstream::adapter::strip_str(&String::from_utf8(tree).unwrap()).to_string();
        self.0.push((packet.frame(), serde_json::from_slice(&json).unwrap(), tree));
    }
}

#[test]
fn every_packet_has_wiresharks_fields_and_lines() {
    let packets: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(lab("packets.json")).unwrap()).unwrap();
    assert_eq!(packets.len(), 60);
    for file in ["lab.pcapng", "lab.pcap"] {
        let mut rendered = Rendered::default();
        each(file, &mut rendered);
        // Four pings are in the capture only.
        assert_eq!(rendered.0.len(), 64);
        for packet in &packets {
            let number = packet["lab_pcapng_frame"].as_u64().unwrap();
            let (_, json, tree) = rendered.0.iter().find(|(frame, ..)| *frame == number).unwrap();
            assert_eq!(json["packet"], packet["name"], "{file}, frame {number}");
            let start = json["offset"].as_u64().unwrap();
            let fields = json["fields"].as_array().unwrap();
            let lines = packet["wireshark"]["tree"].as_array().unwrap();
            let named = lines.iter().filter(|line| {
                let name = line["field"].as_str().unwrap_or_default();
                // Wireshark's remark on a connection without CONNECT is no field.
                name.starts_with("mqtt.") && name != "mqtt.unknown_version"
            });
            for (theirs, ours) in named.clone().zip(fields) {
                assert_eq!(ours["wireshark"], theirs["field"], "frame {number}");
                assert_eq!(ours["offset"].as_u64().unwrap() - start, theirs["offset"].as_u64().unwrap());
                assert_eq!(ours["length"], theirs["length"]);
                let line = theirs["text"].as_str().unwrap();
                assert!(tree.lines().any(|ours| ours.trim() == line), "frame {number}: {line}\n{tree}");
            }
            assert_eq!(named.count(), fields.len());
        }
    }
}

#[test]
fn checksums_left_to_the_network_card_are_named_as_such() {
    for (file, offloaded) in [("lab.pcapng", 3), ("lab.pcap", 0)] {
        let mut rendered = Rendered::default();
        each(file, &mut rendered);
        let findings = rendered.0.iter().flat_map(|(_, json, _)| json["findings"].as_array().unwrap());
        let kinds: Vec<_> = findings.map(|finding| finding["kind"].as_str().unwrap()).collect();
        let count = |kind| kinds.iter().filter(|found| **found == kind).count();
        assert_eq!(count("tcp_checksum_offloaded"), offloaded, "{file}");
        assert_eq!(count("tcp_checksum"), 0, "{file}");
    }
}

#[derive(Default)]
struct Heard(Vec<Finding>, Vec<Exchange>);

impl Listener for Heard {
    fn finding(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    fn exchange(&mut self, exchange: &Exchange) {
        self.1.push(exchange.clone());
    }
}

#[test]
fn all_handshakes_are_paired_and_nothing_is_found() {
    for file in ["lab.pcapng", "lab.pcap"] {
        let mut analysis = Analysis::new(Heard::default());
        each(file, &mut analysis);
        let Heard(findings, exchanges) = analysis.into_listener();
        assert_eq!(findings, []);
        let frames: Vec<_> = exchanges.iter().map(Exchange::frames).collect();
        assert_eq!(frames, [vec![28, 29], vec![27, 30], vec![51, 52, 53, 56], vec![54, 55, 57, 58]]);
        assert!(exchanges.iter().all(|exchange| exchange.step == Step::Complete));
    }
}

/// The command's output.
fn command(arguments: &[&str]) -> String {
    let output = run(&[arguments, &[lab("lab.pcapng").to_str().unwrap()]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn filters_and_fields_choose_what_wireshark_would() {
    let frames = |filter: &str| {
        let text = command(&["read", "--fields", "frame.number", "--filter", filter]);
        text.lines().map(|line| line.parse().unwrap()).collect::<Vec<u64>>()
    };
    assert_eq!(frames("mqtt.msgtype == 3 && mqtt.topic contains \"inter\""), [9, 10]);
    assert_eq!(
        frames("mqtt.msgid == 1 and tcp.stream in {5, 6} and not mqtt.topic"),
        [36, 52, 53, 55, 56, 57, 58]
    );
    assert_eq!(frames("mqtt.clientid matches \"^pythonsub$\""), [3, 15, 33]);
    assert_eq!(frames("mqtt.qos >= 1 && ipv6.src == 2402::/16"), [27, 51]);
    assert_eq!(frames("frame.time_relative > 5264 || frame.number <= 2"), [1, 2, 63, 64]);
    assert_eq!(frames("mqtt.topic != \"network\""), [5, 9, 10]);
    assert_eq!(frames("ip.addr == 192.0.2.1"), [0; 0]);
    let columns = ["read", "--fields", "frame.number,mqtt.topic,mqtt.msg", "--topic", "net/#", "--csv"];
    assert_eq!(command(&columns), "frame.number,mqtt.topic,mqtt.msg\n");
    let columns =
        ["read", "--fields", "frame.number,mqtt.topic,mqtt.msg", "--topic", "+", "--client-id", "PythonPub"];
    assert_eq!(command(&columns), "9\tinternet\t494f54\n51\tnetwork\t476f6f64\n");
}

#[test]
fn a_filter_that_is_none_says_where() {
    let output = run(&["read", "-", "--filter", "mqtt.topick == 3"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("mqtt.topick is no field that is known here; there is mqtt.topic"), "{error}");
}

#[test]
fn the_ladder_of_qos_2() {
    let text = command(&["read", "--follow", "6"]);
    let rungs: Vec<_> = text.lines().filter(|line| line.contains("id=1")).map(str::trim_start).collect();
    assert_eq!(rungs.len(), 4);
    assert!(rungs[0].starts_with("+0.842102      51  |-- PUBLISH QoS 2 id=1 network"), "{}", rungs[0]);
    assert!(rungs[1].starts_with("+0.387018      52  |<--") && rungs[1].ends_with("PUBREC id=1 --|"));
    assert!(rungs[2].contains("|-- PUBREL id=1 ") && rungs[3].ends_with(" PUBCOMP id=1 --|"));
}
