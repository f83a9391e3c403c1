//! What programs see of a capture: all that people do, and where each packet begins.

use serde_json::Value;

use crate::process::{fed, text};
use crate::wire::{ACK, CLIENT, CONNACK, PSH, SERVER, Tcp, Wire, connect, publish};

#[track_caller]
fn objects(wire: &Wire) -> Vec<Value> {
    let output = fed(&["read", "-", "--format", "json"], &wire.pcap(1));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn opened(wire: &mut Wire, port: u16) -> Tcp {
    let mut tcp = Tcp::new(port);
    tcp.open(wire);
    tcp
}

#[test]
fn programs_are_told_what_people_are() {
    let mut wire = Wire::default();
    let mut tcp = opened(&mut wire, 40_000);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, CONNACK);
    let mut damaged = tcp.segment(CLIENT, PSH | ACK, &publish("a", b"x"));
    *damaged.last_mut().unwrap() ^= 1;
    wire.push(damaged);
    tcp.send(&mut wire, CLIENT, &publish("a", b"x"));
    // Ten bytes are lost, and what follows begins in the middle of a packet.
    tcp.next[CLIENT] += 10;
    let packets = [&b"rest of it"[..], &publish("a", b"y"), &publish("a/b", b"z"), &publish("a/c", b"z")];
    tcp.send(&mut wire, CLIENT, &packets.concat());
    let last = tcp.next_segment(CLIENT, &publish("a/long", &[b'l'; 100]));
    wire.push_cut(last, 100);
    opened(&mut wire, 40_001).send(&mut wire, CLIENT, b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03");
    opened(&mut wire, 40_002).send(&mut wire, CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    opened(&mut wire, 40_003).send(&mut wire, CLIENT, b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01a");
    opened(&mut wire, 40_004).send(&mut wire, CLIENT, &[0xFF; 60]);
    let objects = objects(&wire);
    let notices: Vec<_> = objects.iter().filter(|object| object.get("notice").is_some()).collect();

    let lines = fed(&["read", "-"], &wire.pcap(1)).stdout;
    let said: Vec<_> = text(&lines).lines().filter_map(|line| line.split_once(" - ")).collect();
    let said: Vec<_> =
        said.iter().filter(|(start, _)| start.ends_with(|c: char| c.is_ascii_digit())).collect();
    let messages: Vec<_> = notices.iter().map(|notice| notice["message"].as_str().unwrap()).collect();
    assert_eq!(messages, said.iter().map(|(_, message)| *message).collect::<Vec<_>>());

    let kinds: Vec<_> = notices.iter().map(|notice| notice["notice"].as_str().unwrap()).collect();
    for kind in ["tcp_checksum", "lost", "passed_over", "cut", "tls", "http", "other_version", "not_mqtt"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    for notice in notices {
        assert!(notice["frame"].is_u64() && notice["stream"].is_u64() && notice["packet"].is_null());
        assert!(notice["time"].is_string() && notice["time_relative"].is_string(), "{notice}");
        let counts = matches!(notice["notice"].as_str(), Some("lost" | "passed_over" | "cut"));
        assert_eq!(notice["bytes"].is_u64(), counts, "{notice}");
    }
    let lost = objects.iter().find(|object| object["notice"] == "lost").unwrap();
    assert_eq!((&lost["bytes"], &lost["from"], &lost["stream"]), (&10.into(), &"client".into(), &0.into()));
    // Built again, they are no packets.
    let json = fed(&["read", "-", "--format", "json"], &wire.pcap(1)).stdout;
    let packets = text(&json).lines().filter(|line| line.contains(r#""packet":"PINGREQ""#)).count();
    assert_eq!(packets, 0);
    // Who asks for some packets gets these alone.
    let filtered = fed(&["read", "-", "--format", "json", "--filter", "mqtt.msgtype == 3"], &wire.pcap(1));
    assert!(text(&filtered.stdout).lines().count() > 1 && !text(&filtered.stdout).contains("notice"));
}

#[test]
fn offsets_are_right_or_are_not_there() {
    let mut wire = Wire::default();
    let mut tcp = opened(&mut wire, 40_000);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, CONNACK);
    // One behind the other; over two segments; ahead of a segment that comes late.
    tcp.send(&mut wire, CLIENT, &[publish("a/1", b"x"), publish("a/2", b"y")].concat());
    let long = publish("a/3", b"over two segments");
    tcp.send(&mut wire, CLIENT, &long[..9]);
    tcp.send(&mut wire, CLIENT, &[&long[9..], &publish("a/4", b"z")].concat());
    let late = tcp.next_segment(CLIENT, &publish("a/5", b"late"));
    tcp.send(&mut wire, CLIENT, &[publish("a/6", b"waits"), publish("a/\x01", b"waits too")].concat());
    wire.push(late);
    let objects = objects(&wire);
    let topics: Vec<_> = objects.iter().filter_map(|object| object["topic"].as_str()).collect();
    assert_eq!(topics, ["a/1", "a/2", "a/3", "a/4", "a/5", "a/6", "a/\u{1}"]);
    for object in objects {
        let frame = usize::try_from(object["frame"].as_u64().unwrap()).unwrap();
        let record = &wire.records[frame - 1].1;
        let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        assert_eq!(object["offset"].is_null(), object["topic"] == "a/3", "{object}");
        let base = object["offset"].as_u64().map_or(0, |_| number(&object["offset"]));
        let fields = object["fields"].as_array().unwrap();
        assert_eq!(number(&fields[0]["offset"]), base, "{object}");
        if object["offset"].is_null() {
            continue;
        }
        for field in fields.iter().filter(|field| field["value"].is_string()) {
            let at = number(&field["offset"]);
            let bytes = &record[at..at + number(&field["length"])];
            let value = field["value"].as_str().unwrap();
            assert!(value.as_bytes() == bytes || value == hex::encode(bytes), "{field}");
        }
        for finding in object["findings"].as_array().unwrap() {
            assert!(
                finding["kind"] == "discouraged_character" && number(&finding["offset"]) > base,
                "{object}"
            );
        }
    }
}
