//! Packets are built as they were taken apart, and Wireshark takes the captures that are written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/process.rs"]
mod process;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::{Side, frame, json, objects};
use packet_inspector::build::{self, BuildError, Endpoints, Stream};
use process::fed;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The bytes of all the lab's packets and of those of its homework.
fn lab_packets() -> Vec<(String, Value)> {
    let homework: Value = serde_json::from_str(&common::read("homework.json")).unwrap();
    let packets = objects("packets.json");
    let mut all = Vec::new();
    collect(&Value::Array(packets), &mut all);
    collect(&homework, &mut all);
    assert!(all.len() > 60, "{}", all.len());
    all
}

/// Every object with `mqtt_hex` in it.
fn collect(value: &Value, all: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => {
            if let Some(hex) = map.get("mqtt_hex").or(map.get("hex")).and_then(Value::as_str) {
                all.push((hex.to_owned(), map.get("sender").cloned().unwrap_or_default()));
            }
            map.values().for_each(|value| collect(value, all));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, all)),
        _ => {}
    }
}

#[test]
fn decode_of_encode_is_the_identity_for_every_lab_packet() {
    for (hex, _) in lab_packets() {
        let decoded = json(&frame(&hex, None));
        assert_eq!(decoded.len(), 1, "{hex}");
        let bytes = build::packet(&decoded[0]).unwrap();
        assert_eq!(hex::encode(&bytes), hex);
        assert_eq!(json(&frame(&hex::encode(&bytes), None)), decoded);
    }
}

#[test]
fn each_type_is_built_from_its_fields_alone() {
    for (object, hex) in [
        (
            json!({"packet": "connect", "client_id": "a", "clean_session": true}),
            "100d00044d51545404 02 003c 000161",
        ),
        (
            json!({"packet": "CONNECT", "client_id": "a", "will_topic": "w", "will_payload_text": "x", "will_qos": 2,
                "will_retain": true, "username": "u", "password_text": "p", "keep_alive": 0}),
            "1019 00044d51545404 f4 0000 000161 000177 000178 000175 000170",
        ),
        (json!({"packet": "CONNACK", "return_code": 5}), "20020005"),
        (json!({"packet": "CONNACK", "session_present": true}), "20020100"),
        (json!({"packet": "PUBLISH", "topic": "a"}), "3003000161"),
        (json!({"packet": "PUBLISH", "topic": "a", "qos": 1, "packet_id": 7, "dup": true}), "3a050001610007"),
        (json!({"packet": "PUBACK", "packet_id": 7}), "40020007"),
        (json!({"packet": "PUBREC", "packet_id": 7}), "50020007"),
        (json!({"packet": "PUBREL", "packet_id": 7}), "62020007"),
        (json!({"packet": "PUBCOMP", "packet_id": 7}), "70020007"),
        (
            json!({"packet": "SUBSCRIBE", "packet_id": 1, "filters": [["a", 1], "b"]}),
            "820a0001000161010001 6200",
        ),
        (json!({"packet": "SUBACK", "packet_id": 1, "return_codes": [0, 128]}), "900400010080"),
        (json!({"packet": "UNSUBSCRIBE", "packet_id": 1, "filters": ["a,1"]}), "a20700010003612c31"),
        (json!({"packet": "UNSUBACK", "packet_id": 1}), "b0020001"),
        (json!({"packet": "PINGREQ"}), "c000"),
        (json!({"packet": "PINGRESP"}), "d000"),
        (json!({"packet": "disconnect"}), "e000"),
    ] {
        let built = hex::encode(build::packet(&object).unwrap());
        assert_eq!(built, hex.replace(' ', ""), "{object}");
    }
}

#[test]
fn what_cannot_be_sent_is_refused_by_its_field() {
    for (object, message) in [
        (json!([]), "a packet is a JSON object"),
        (json!({}), "packet is missing"),
        (json!({"packet": "AUTH"}), "\"AUTH\" is no packet of MQTT 3.1.1"),
        (json!({"packet": "PUBLISH"}), "topic is missing"),
        (
            json!({"packet": "PUBLISH", "topic": "a/#"}),
            "topic: wildcard in a topic name at byte 2 of the text",
        ),
        (json!({"packet": "PUBLISH", "topic": "a", "qos": 3}), "qos is not a number from 0 to 2"),
        (json!({"packet": "PUBLISH", "topic": "a", "qos": 1}), "packet_id is missing"),
        (
            json!({"packet": "PUBLISH", "topic": "a", "qos": 1, "packet_id": 0}),
            "packet_id is not a number from 1 to 65535",
        ),
        (json!({"packet": "PUBLISH", "topic": "a", "packet_id": 1}), "packet_id: only QoS 1 and 2 have one"),
        (
            json!({"packet": "PUBLISH", "topic": "a", "dup": true}),
            "dup: a message of QoS 0 is never sent again [MQTT-3.3.1-2]",
        ),
        (json!({"packet": "PUBLISH", "topic": "a", "payload_hex": "0g"}), "payload_hex is not hex"),
        (
            json!({"packet": "PUBLISH", "topic": "a", "payload_hex": null}),
            "payload_hex is null: it was hidden when the packet was printed, or never read",
        ),
        (json!({"packet": "PUBLISH", "topic": "a", "payload": "x"}), "the packet has no payload"),
        (json!({"packet": "PINGREQ", "packet_id": 1}), "the packet has no packet_id"),
        (json!({"packet": "CONNACK", "return_code": 6}), "return_code is not a number from 0 to 5"),
        (
            json!({"packet": "CONNACK", "return_code": 1, "session_present": true}),
            "session_present: only an accepted connection has a session [MQTT-3.2.2-4]",
        ),
        (
            json!({"packet": "CONNECT", "client_id": ""}),
            "client identifier is empty though clean session is 0 [MQTT-3.1.3-7]",
        ),
        (
            json!({"packet": "CONNECT", "client_id": "a", "password_text": "p"}),
            "password_hex: a password needs a user name, which may be empty [MQTT-3.1.2-22]",
        ),
        (json!({"packet": "CONNECT", "client_id": "a", "will_flag": true}), "will_topic is missing"),
        (
            json!({"packet": "CONNECT", "client_id": "a", "protocol_level": 5}),
            "protocol_level: only CONNECT of MQTT 3.1.1 is built, with name MQTT and level 4",
        ),
        (
            json!({"packet": "SUBSCRIBE", "packet_id": 1, "filters": []}),
            "filters is not a list with an entry",
        ),
        (
            json!({"packet": "SUBSCRIBE", "packet_id": 1, "filters": [["a", 3]]}),
            "filters is not pairs of filter and QoS",
        ),
        (
            json!({"packet": "SUBACK", "packet_id": 1, "return_codes": [3]}),
            "return_codes is not a list of 0, 1, 2 and 128",
        ),
    ] {
        let error: BuildError = build::packet(&object).unwrap_err();
        assert_eq!(error.to_string(), message, "{object}");
    }
}

/// The objects that `decode` prints of this.
fn decoded(hex: &str) -> Vec<Value> {
    json(&frame(hex, None))
}

#[test]
fn a_damaged_packet_is_not_built_as_a_sound_one() {
    let damaged = "the packet is damaged and would be built as a sound one: ";
    for (hex, found) in [
        ("300d0008696e7465726e6574494f", "the packet is cut off: 14 of its 15 bytes are here"),
        ("e100", "flags of DISCONNECT are not 0000"),
    ] {
        let error = build::packet(&decoded(hex)[0]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{damaged}{found}; leave out findings,")), "{error}");
    }
    let mut cut = decoded("300d0008696e7465726e6574494f").remove(0);
    cut.as_object_mut().unwrap().remove("findings");
    let error = build::packet(&cut).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{damaged}remaining_length is 13, length is 14;")), "{error}");
    cut.as_object_mut().unwrap().remove("length");
    assert_eq!(hex::encode(build::packet(&cut).unwrap()), "300c0008696e7465726e6574494f");

    let by_hand = json!({"packet": "PUBLISH", "topic": "a", "remaining_length": 4});
    let error = build::packet(&by_hand).unwrap_err().to_string();
    assert_eq!(error, "remaining_length is not 3, which the other fields make: leave it out");
    let large =
        json!({"packet": "PUBLISH", "topic": "a", "payload_hex": "00".repeat(200), "remaining_length": 203});
    assert_eq!(build::packet(&large).unwrap().len(), 206);
    // A length that is written longer than it needs to be is no error.
    assert_eq!(build::packet(&decoded("c08000")[0]).unwrap(), [0xc0, 0]);
}

#[test]
fn what_is_said_twice_is_said_alike() {
    let mut edited = decoded("300d0008696e7465726e6574494f54").remove(0);
    edited["payload_text"] = "hello".into();
    let error = build::packet(&edited).unwrap_err().to_string();
    assert_eq!(error, "payload_text and payload_hex differ: leave one out");
    edited.as_object_mut().unwrap().remove("payload_hex");
    assert_eq!(build::packet(&edited).unwrap(), b"\x30\x0f\x00\x08internethello");
    let connect = json!({"packet": "CONNECT", "client_id": "a", "username": "u", "password_hex": "70",
        "password_text": "q"});
    let error = build::packet(&connect).unwrap_err().to_string();
    assert_eq!(error, "password_text and password_hex differ: leave one out");
    // Payloads that are no text have none.
    assert_eq!(build::packet(&decoded("3004000161ff")[0]).unwrap(), b"\x30\x04\x00\x01a\xff");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_publish_survives(topic in "[a-zé/]{1,40}", payload in prop::collection::vec(any::<u8>(), 0..200),
        qos in 0..3, id in 1..=u16::MAX, retain: bool) {
        let mut object = json!({"packet": "PUBLISH", "topic": topic, "qos": qos, "retain": retain,
            "payload_hex": hex::encode(payload)});
        if qos > 0 {
            object["packet_id"] = id.into();
        }
        let bytes = build::packet(&object).unwrap();
        let decoded = json(&frame(&hex::encode(&bytes), None));
        prop_assert_eq!(&decoded[0]["topic"], &object["topic"]);
        prop_assert_eq!(&decoded[0]["payload_hex"], &object["payload_hex"]);
        prop_assert_eq!(build::packet(&decoded[0]).unwrap(), bytes);
    }

    #[test]
    fn any_object_gives_a_packet_or_an_error(name in "[A-Z]{6,11}|CONNECT|PUBLISH|SUBSCRIBE|SUBACK",
        key in "[a-z_]{1,12}|topic|filters|return_codes|client_id", number: u64, text in ".{0,20}") {
        for value in [json!(number), json!(text), json!([text, number]), json!([[text, number]]), json!(null)] {
            let _ = build::packet(&json!({"packet": name, "packet_id": 1, key.as_str(): value}));
        }
    }
}

fn temporary(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// What tshark says of a capture, with checksums verified.
#[track_caller]
fn tshark(path: &PathBuf, arguments: &[&str]) -> String {
    let output: Output = Command::new("tshark")
        .args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-r"])
        .arg(path)
        .args(arguments)
        .stderr(Stdio::piped())
        .output()
        .expect("tshark is missing: apt-get install tshark");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn write(path: &PathBuf, endpoints: Endpoints, packets: &[(Side, Vec<u8>)]) {
    let mut stream = Stream::open(endpoints, Duration::ZERO).unwrap();
    packets.iter().for_each(|(from, bytes)| stream.send(*from, bytes));
    let frames = stream.close();
    let mut file = Vec::new();
    build::pcap(frames.iter().map(|(time, frame)| (*time, frame.as_slice())), &mut file).unwrap();
    std::fs::write(path, file).unwrap();
}

#[test]
fn tshark_opens_the_lab_as_a_capture_without_a_complaint() {
    let v6 = Endpoints {
        client: SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 50000)),
        server: SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 2], 1883)),
    };
    let large =
        build::packet(&json!({"packet": "PUBLISH", "topic": "a", "payload_hex": "00".repeat(5000)})).unwrap();
    // One connection begins with the lab's CONNECT; repeated requests and answers are no complaint of TCP's.
    let mut packets: Vec<(Side, Vec<u8>)> = lab_packets()
        .into_iter()
        .map(|(hex, sender)| {
            let from = if sender == "broker" { Side::Server } else { Side::Client };
            (from, hex::decode(hex).unwrap())
        })
        .collect();
    packets.sort_by_key(|(_, bytes)| bytes[0] != 0x10);
    packets.push((Side::Client, large));
    for (name, endpoints) in [("v4.pcap", Endpoints::default()), ("v6.pcap", v6)] {
        let path = temporary(name);
        write(&path, endpoints, &packets);
        // Severity from "note" on, and anything malformed; that a connection ends is a note too.
        let filter = "_ws.expert.severity >= 0x400000 && !tcp.flags.fin || _ws.malformed";
        let complaints =
            tshark(&path, &["-Y", filter, "-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message"]);
        assert_eq!(complaints, "", "{name}");
        let bad = tshark(
            &path,
            &[
                "-Y",
                "tcp.checksum.status != 1 || ip.checksum.status == 0",
                "-T",
                "fields",
                "-e",
                "frame.number",
            ],
        );
        assert_eq!(bad, "", "{name}");
        let types = tshark(&path, &["-Y", "mqtt", "-T", "fields", "-e", "mqtt.msgtype"]);
        assert_eq!(types.lines().flat_map(|line| line.split(',')).count(), packets.len(), "{name}");
    }
}

fn run(arguments: &[&str], input: &str) -> Output {
    fed(arguments, input.as_bytes())
}

#[test]
fn the_command_reads_what_decode_prints() {
    let hex = "10 0d 00044d51545404 02 003c 000161 2002 0000 c000";
    let decoded = run(&["decode", "--format", "json", hex], "");
    let printed = String::from_utf8(decoded.stdout).unwrap();
    let built = run(&["encode"], &printed);
    assert_eq!(String::from_utf8(built.stdout).unwrap(), "100d00044d5154540402003c000161\n20020000\nc000\n");
    let path = temporary("command.pcap");
    let written = run(&["encode", "--format", "pcap", "--output", path.to_str().unwrap()], &printed);
    assert!(written.status.success(), "{written:?}");
    assert_eq!(tshark(&path, &["-Y", "mqtt", "-T", "fields", "-e", "tcp.srcport"]), "50000\n1883\n50000\n");
    let raw = run(&["encode", "--format", "raw"], &printed);
    assert_eq!(hex::encode(raw.stdout), hex.replace(' ', ""));
}

#[test]
fn options_describe_a_packet() {
    for (arguments, hex) in [
        (&["publish", "--topic", "internet", "--message", "IOT"][..], "300d0008696e7465726e6574494f54"),
        (&["PUBLISH", "--topic", "a", "--message-hex", "00ff", "--retain"], "310500016100ff"),
        (
            &["subscribe", "--packet-id", "1", "--filter", "a/#", "--filter", "b,2"],
            "820c00010003612f23000001 6202",
        ),
        (&["unsubscribe", "--packet-id", "1", "--filter", "b,2"], "a20700010003622c32"),
        (&["suback", "--packet-id", "1", "--return-codes", "0,128"], "900400010080"),
    ] {
        let output = run(&[&["encode"], arguments].concat(), "");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed.trim(), hex.replace(' ', ""), "{arguments:?}");
    }
    for arguments in [
        &["encode", "puback", "--topic", "a"][..],
        &["encode", "publish"],
        &["encode", "auth"],
        &["encode", "--topic", "a"],
        &["encode", "pingreq", "--json", "x.json"],
        &["encode", "pingreq", "--format", "pcap", "--server", "[::1]:1883"],
    ] {
        let output = run(arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    let damaged = run(&["decode", "--format", "json", "300d0008696e7465726e6574494f5"], "");
    let output = run(&["encode"], std::str::from_utf8(&damaged.stdout).unwrap());
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{output:?}");
    // Neither JSON nor a packet.
    for input in ["", "{", "{\"packet\":null}", "\u{0}"] {
        assert_eq!(run(&["encode"], input).status.code(), Some(2), "{input:?}");
    }
}

/// Who gave options is told of them, who wrote JSON of its keys.
#[test]
fn errors_name_what_the_user_wrote() {
    for (arguments, says) in [
        (&["publish"][..], "--topic is missing"),
        (&["publish", "--topic", "a/#"], "--topic: "),
        (&["publish", "--topic", "a", "--qos", "3"], "--qos is not a number from 0 to 2"),
        (&["publish", "--topic", "a", "--qos", "1"], "--packet-id is missing"),
        (&["publish", "--topic", "a", "--packet-id", "1"], "--packet-id: only QoS 1 and 2 have one"),
        (&["publish", "--topic", "a", "--message-hex", "0g"], "--message-hex is not hex"),
        (&["publish", "--topic", "a", "--dup"], "--dup: a message of QoS 0"),
        (&["puback", "--topic", "a"], "the packet has no --topic"),
        (&["puback", "--message", "a", "--packet-id", "1"], "the packet has no --message"),
        (&["subscribe", "--packet-id", "1"], "--filter is missing"),
        (&["subscribe", "--packet-id", "1", "--filter", "a,3"], "--filter is not FILTER,QOS"),
        (&["suback", "--packet-id", "1", "--return-codes", "3"], "--return-codes is not a list"),
        (&["connack", "--return-code", "9"], "--return-code is not a number from 0 to 5"),
        (&["connack", "--return-code", "5", "--session-present"], "--session-present: "),
        (&["connect", "--password", "p"], "--password: a password needs a user name"),
        (&["connect", "--will-message", "p"], "--will-topic is missing"),
        (&["connect", "--will-topic", "a", "--will-qos", "7"], "--will-qos is not a number"),
    ] {
        let output = run(&[&["encode"], arguments].concat(), "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.starts_with(&format!("packet-inspector: {says}")), "{arguments:?}: {said}");
        assert!(!said.contains('_'), "{arguments:?} names a key: {said}");
    }
    let output = run(&["encode"], r#"{"packet": "PUBLISH", "topic": "a", "qos": 1}"#);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "packet-inspector: packet 1: packet_id is missing\n");
}
