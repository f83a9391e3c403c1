//! The packets of the lab and of its homework: what Wireshark shows is what is decoded, and both ways of encoding
//! give the same bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod common;

use std::collections::BTreeMap;

use serde_json::Value;

use common::model::{ConnectModel, Model};
use common::{encoded, hex, whole};
use mqtt_codec::{Decoded, Decoder, Packet, PacketType, Side};

fn read(name: &str) -> Vec<Value> {
    let path = format!("{}/../testdata/lab/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes_of(packet: &Value) -> Vec<u8> {
    let bytes = hex(packet["mqtt_hex"].as_str().unwrap());
    assert_eq!(bytes.len(), number(&packet["mqtt_len"]));
    bytes
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn sender(packet: &Value) -> Side {
    match packet["sender"].as_str().unwrap() {
        "client" => Side::Client,
        "broker" => Side::Server,
        other => panic!("{other}?"),
    }
}

/// Decodes from the side it came from, encodes what was decoded, and encodes what is built afresh from `model`.
#[track_caller]
fn is(packet: &Value, bytes: &[u8], model: &Model) {
    let Ok(Decoded::Packet(decoded, len)) = Decoder::new().sent_by(sender(packet)).decode(bytes) else {
        panic!("no packet: {packet}")
    };
    assert_eq!(len, bytes.len());
    assert_eq!(decoded.packet_type().name(), packet["name"]);
    assert_eq!(Model::of(&decoded), *model, "{packet}");
    assert_eq!(encoded(&decoded).unwrap(), bytes, "{packet}");
    model.build(|built| {
        assert_eq!(built, decoded, "{packet}");
        assert_eq!(encoded(&built).unwrap(), bytes, "{packet}");
    });
}

/// What the lines of Wireshark's tree show, by the names of its fields.
struct Tree<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Tree<'a> {
    fn of(packet: &'a Value) -> Self {
        let lines = packet["wireshark"]["tree"].as_array().unwrap().iter();
        let mut fields = BTreeMap::new();
        for line in lines {
            let field = line["field"].as_str().unwrap();
            match line.get("show") {
                Some(show) => assert_eq!(fields.insert(field, show.as_str().unwrap()), None, "{field} twice"),
                // A remark of Wireshark's, no field: it did not see the CONNECT.
                None => {
                    assert!(field.starts_with("_ws.expert") || field == "mqtt.unknown_version", "{field}");
                }
            }
        }
        Self(fields)
    }

    /// Takes a field out of the tree; what nobody takes is an unmapped field.
    fn take(&mut self, field: &str) -> &'a str {
        self.0.remove(field).unwrap_or_else(|| panic!("no {field} in {:?}", self.0))
    }

    fn number(&mut self, field: &str) -> u16 {
        let shown = self.take(field);
        match shown.strip_prefix("0x") {
            Some(digits) => u16::from_str_radix(digits, 16).unwrap(),
            None => shown.parse().unwrap(),
        }
    }

    fn byte(&mut self, field: &str) -> u8 {
        u8::try_from(self.number(field)).unwrap()
    }

    fn bit(&mut self, field: &str) -> bool {
        match self.take(field) {
            "0" => false,
            "1" => true,
            other => panic!("{field} is {other}"),
        }
    }

    /// A text, behind a field that gives its length.
    fn text(&mut self, field: &str) -> Vec<u8> {
        let text = self.take(field);
        assert_eq!(usize::from(self.number(&format!("{field}_len"))), text.len());
        text.as_bytes().to_vec()
    }

    fn model(&mut self, packet_type: u8) -> Model {
        match packet_type {
            1 => Model::Connect(self.connect()),
            2 => {
                assert_eq!(self.byte("mqtt.conack.flags"), 0);
                assert!(!self.bit("mqtt.conack.flags.reserved"));
                let session_present = self.bit("mqtt.conack.flags.sp");
                Model::Connack { session_present, code: self.byte("mqtt.conack.val") }
            }
            3 => {
                let qos = self.byte("mqtt.qos");
                Model::Publish {
                    dup: self.bit("mqtt.dupflag"),
                    qos,
                    retain: self.bit("mqtt.retain"),
                    topic: self.text("mqtt.topic"),
                    packet_id: (qos > 0).then(|| self.number("mqtt.msgid")),
                    payload: hex(&self.take("mqtt.msg").replace(':', "")),
                }
            }
            4..=7 => Model::Ack { packet_type, packet_id: self.number("mqtt.msgid") },
            8 => {
                let packet_id = self.number("mqtt.msgid");
                let subscriptions = vec![(self.text("mqtt.topic"), self.byte("mqtt.sub.qos"))];
                Model::Subscribe { packet_id, subscriptions }
            }
            9 => {
                let packet_id = self.number("mqtt.msgid");
                Model::Suback { packet_id, codes: vec![self.byte("mqtt.suback.qos")] }
            }
            12 | 13 => Model::Bare { packet_type },
            other => panic!("type {other} is not in the lab"),
        }
    }

    fn connect(&mut self) -> ConnectModel {
        assert_eq!((self.number("mqtt.proto_len"), self.take("mqtt.protoname")), (4, "MQTT"));
        assert_eq!(self.byte("mqtt.ver"), 4);
        assert_eq!(self.byte("mqtt.conflags"), 2);
        for flag in ["uname", "passwd", "retain", "qos", "willflag", "reserved"] {
            assert!(!self.bit(&format!("mqtt.conflag.{flag}")));
        }
        ConnectModel {
            clean_session: self.bit("mqtt.conflag.cleansess"),
            keep_alive: self.number("mqtt.kalive"),
            client_id: self.text("mqtt.clientid"),
            will: None,
            user_name: None,
            password: None,
        }
    }
}

#[test]
fn the_packets_of_the_lab_are_what_wireshark_shows() {
    let packets = read("packets.json");
    assert_eq!(packets.len(), 60);
    for packet in &packets {
        let bytes = bytes_of(packet);
        let mut tree = Tree::of(packet);
        let first = tree.byte("mqtt.hdrflags");
        assert_eq!(first, bytes[0]);
        let packet_type = tree.byte("mqtt.msgtype");
        assert_eq!(PacketType::of_first_byte(first).map(|found| found as u8), Some(packet_type));
        if packet_type != 3 {
            assert_eq!(tree.byte("mqtt.hdr_reserved"), first & 0x0F);
        }
        assert_eq!(usize::from(tree.number("mqtt.len")), bytes.len() - 2);
        let model = tree.model(packet_type);
        assert!(tree.0.is_empty(), "unmapped: {:?}", tree.0);
        is(packet, &bytes, &model);
    }
}

/// Each line of Wireshark's tree stands where the observer hears of the field.
#[test]
fn wireshark_and_the_observer_agree_where_fields_stand() {
    #[derive(Default)]
    struct Ends(Vec<(usize, usize)>);
    impl mqtt_codec::Observer for Ends {
        fn length(&mut self, _: mqtt_codec::Field, bytes: std::ops::Range<usize>) {
            self.0.push((bytes.start, bytes.end));
        }
        fn field(&mut self, _: mqtt_codec::Field, bytes: std::ops::Range<usize>) {
            self.0.push((bytes.start, bytes.end));
        }
    }
    for packet in &read("packets.json") {
        let bytes = bytes_of(packet);
        let mut heard = Ends::default();
        Decoder::new().decode_observed(&bytes, &mut heard).unwrap();
        let lines = packet["wireshark"]["tree"].as_array().unwrap().iter();
        // Flags are shown again below the byte that they are in.
        let mut shown: Vec<_> = lines
            .filter(|line| line.get("offset").is_some())
            .map(|line| (number(&line["offset"]), number(&line["offset"]) + number(&line["length"])))
            .collect();
        shown.dedup();
        assert_eq!(heard.0, shown, "{packet}");
    }
}

#[test]
fn the_packets_of_the_homework_have_the_fields_listed() {
    let packets = read("homework.json");
    assert_eq!(packets.len(), 27);
    for packet in &packets {
        let bytes = bytes_of(packet);
        let mut fields = packet["fields"].as_object().unwrap().clone();
        let mut take = |field: &str| fields.remove(field).unwrap_or_else(|| panic!("no {field}: {packet}"));
        let small = |value: &Value| u8::try_from(number(value)).unwrap();
        let wide = |value: &Value| u16::try_from(number(value)).unwrap();
        let text = |value: &Value| value.as_str().unwrap().as_bytes().to_vec();
        let model = match packet["name"].as_str().unwrap() {
            "CONNECT" => {
                assert_eq!(take("protocol_level"), 4);
                Model::Connect(ConnectModel {
                    clean_session: take("clean_session").as_bool().unwrap(),
                    keep_alive: wide(&take("keep_alive")),
                    client_id: text(&take("client_id")),
                    will: None,
                    user_name: None,
                    password: None,
                })
            }
            "CONNACK" => {
                let session_present = take("session_present").as_bool().unwrap();
                Model::Connack { session_present, code: small(&take("return_code")) }
            }
            "PUBLISH" => Model::Publish {
                dup: false,
                qos: small(&take("qos")),
                retain: false,
                topic: text(&take("topic")),
                packet_id: Some(wide(&take("packet_id"))),
                payload: text(&take("payload_utf8")),
            },
            "PUBACK" => Model::Ack { packet_type: 4, packet_id: wide(&take("packet_id")) },
            "SUBSCRIBE" => {
                let filters = take("filters");
                let pair = |pair: &Value| (text(&pair[0]), small(&pair[1]));
                let subscriptions = filters.as_array().unwrap().iter().map(pair).collect();
                Model::Subscribe { packet_id: wide(&take("packet_id")), subscriptions }
            }
            "SUBACK" => {
                let codes = take("codes").as_array().unwrap().iter().map(small).collect();
                Model::Suback { packet_id: wide(&take("packet_id")), codes }
            }
            "PINGREQ" => Model::Bare { packet_type: 12 },
            "PINGRESP" => Model::Bare { packet_type: 13 },
            "DISCONNECT" => Model::Bare { packet_type: 14 },
            other => panic!("{other} is not in the homework"),
        };
        assert!(fields.is_empty(), "unmapped: {fields:?}");
        is(packet, &bytes, &model);
    }
}

/// Eleven types are in the lab, and DISCONNECT in the homework.
#[test]
fn twelve_types_occur() {
    let mut types: Vec<_> = [read("packets.json"), read("homework.json")]
        .concat()
        .iter()
        .map(|packet| whole(&bytes_of(packet)).packet_type())
        .collect();
    types.sort();
    types.dedup();
    let absent = [PacketType::Unsubscribe, PacketType::Unsuback];
    let expected: Vec<_> = PacketType::ALL.into_iter().filter(|kind| !absent.contains(kind)).collect();
    assert_eq!(types, expected);
    assert!(matches!(whole(b"\xE0\0"), Packet::Disconnect));
}
