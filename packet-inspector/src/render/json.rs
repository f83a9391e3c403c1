//! One JSON object a line per packet. The keys are part of the command's interface: README lists them.

use std::io::{self, Write};

use mqtt_codec::PacketType;
use serde_json::{Map, Value as Json, json};

use crate::dissect::{Node, PacketTree, Value, text};
use crate::finding::Finding;
use crate::frame::Frame;
use crate::stream::Place;

/// Writes an object for each packet of the frame; findings below MQTT stand with its first packet. A frame without
/// packets gets one object with `"packet": null`.
///
/// # Errors
/// Those of the writer.
pub fn json(frame: &Frame, out: &mut impl Write) -> io::Result<()> {
    if frame.mqtt.is_empty() {
        let mut object = start(frame, Json::Null, frame.net.payload.start, 0);
        object.insert("fields".into(), json!([]));
        object.insert("findings".into(), findings(&frame.findings, &[]));
        return line(object, out);
    }
    let mut below: &[Finding] = &frame.findings;
    for packet in frame.packets() {
        line(object(frame, &packet, below), out)?;
        below = &[];
    }
    Ok(())
}

fn line(object: Map<String, Json>, out: &mut impl Write) -> io::Result<()> {
    value_line(&Json::Object(object), out)
}

/// Characters that could mislead a terminal or a reader are escaped, as JSON allows for any character in a string;
/// outside of strings there are none.
pub(super) fn value_line(value: &Json, out: &mut impl Write) -> io::Result<()> {
    let line = serde_json::to_string(value)?;
    let mut rest = line.as_str();
    while let Some((at, c)) = rest.char_indices().find(|&(_, c)| text::is_hostile(c)) {
        let (plain, behind) = rest.split_at(at);
        out.write_all(plain.as_bytes())?;
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        rest = behind.get(c.len_utf8()..).unwrap_or_default();
    }
    out.write_all(rest.as_bytes())?;
    out.write_all(b"\n")
}

fn start(frame: &Frame, packet: Json, offset: usize, length: usize) -> Map<String, Json> {
    let from = frame.from.map(|side| side.to_string());
    let mut object = Map::new();
    object.insert("frame".into(), frame.number.into());
    let capture = frame.capture.as_ref();
    object.insert("stream".into(), capture.map(|capture| capture.stream).into());
    object.insert("time".into(), capture.map(|capture| capture.time.to_string()).into());
    object.insert("from".into(), from.into());
    object.insert("packet".into(), packet);
    object.insert("offset".into(), offset.into());
    object.insert("length".into(), length.into());
    if let Some(capture) = capture {
        object.insert("time_relative".into(), capture.relative.to_string().into());
        object.insert("places".into(), capture.places.iter().map(place).collect());
    }
    object
}

fn place(place: &Place) -> Json {
    json!({ "frame": place.frame, "offset": place.at, "length": place.len })
}

fn object(frame: &Frame, packet: &PacketTree, below: &[Finding]) -> Map<String, Json> {
    let mut object = start(frame, packet.name().into(), packet.offset, packet.length);
    object.insert("flags".into(), (packet.first & 0x0F).into());
    object.insert("remaining_length".into(), packet.remaining_length().into());
    let mut fields = Vec::new();
    for node in packet.nodes.iter().flat_map(|node| std::iter::once(node).chain(&node.children)) {
        keyed(packet, node, &mut object);
        if node.wireshark.is_some() {
            fields.push(field(node));
        }
    }
    object.insert("fields".into(), fields.into());
    object.insert("findings".into(), findings(below, &packet.findings));
    object
}

/// The node's own key; the lists of a packet are made where their first entry stands.
fn keyed(packet: &PacketTree, node: &Node, object: &mut Map<String, Json>) {
    let Some(key) = node.key else { return };
    match (key, &node.value) {
        ("filters" | "return_codes", _) if object.contains_key(key) => {}
        ("filters", Value::Hidden) => {
            object.insert(key.into(), Json::Null);
        }
        ("filters", _) => {
            object.insert(key.into(), filters(packet).into());
        }
        ("return_codes", _) => {
            let codes = packet.nodes.iter().filter(|node| node.key == Some(key));
            object.insert(key.into(), codes.map(|node| value(&node.value)).collect());
        }
        ("payload_hex", Value::Hidden) => {
            object.insert(key.into(), Json::Null);
            object.insert("payload_text".into(), Json::Null);
        }
        ("payload_hex", Value::Bytes(bytes)) => {
            object.insert(key.into(), value(&node.value));
            object.insert("payload_text".into(), text::as_text(bytes).into());
        }
        _ => {
            object.insert(key.into(), value(&node.value));
        }
    }
}

/// Names alone for UNSUBSCRIBE; pairs with the QoS for SUBSCRIBE, null where the packet breaks before it.
fn filters(packet: &PacketTree) -> Vec<Json> {
    let subscribe = packet.packet_type() == Some(PacketType::Subscribe);
    let mut filters = Vec::new();
    for node in packet.nodes.iter().filter(|node| node.key == Some("filters")) {
        match (&node.value, filters.last_mut()) {
            (Value::Text(name), _) if subscribe => filters.push(json!([name, null])),
            (Value::Text(name), _) => filters.push(json!(name)),
            (qos, Some(pair)) => {
                if let Some(place) = pair.get_mut(1) {
                    *place = value(qos);
                }
            }
            (_, None) => {}
        }
    }
    filters
}

fn field(node: &Node) -> Json {
    json!({
        "name": node.name,
        "wireshark": node.wireshark,
        "value": value(&node.value),
        "offset": node.bytes.start,
        "length": node.bytes.len(),
    })
}

pub(super) fn value(value: &Value) -> Json {
    match value {
        Value::Number(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Bytes(bytes) => hex::encode(bytes).into(),
        Value::Hidden => Json::Null,
    }
}

fn findings(below: &[Finding], own: &[Finding]) -> Json {
    below
        .iter()
        .chain(own)
        .map(|finding| {
            json!({
                "severity": finding.severity.as_str(),
                "kind": finding.kind,
                "clause": finding.clause,
                "field": finding.field,
                "message": finding.message,
                "hint": finding.hint,
                "offset": finding.offset,
                "length": finding.length,
            })
        })
        .collect()
}
