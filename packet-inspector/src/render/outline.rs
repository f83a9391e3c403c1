//! A frame as nested JSON, each part with its text and its place in the bytes: what a page needs to draw hex and tree
//! beside each other.

use serde_json::{Value as Json, json};

use crate::analysis::clause;
use crate::dissect::{Node, PacketTree, labels};
use crate::finding::Finding;
use crate::frame::Frame;
use crate::redact;

/// The frame: `bytes` in hex, and `parts`, the layers and packets. A part has `text`, `offset`, `length`, `wireshark`
/// (a filter name, or null) and `children`; a packet also `packet`, `info` and `findings`. A finding has what
/// [`json`](super::json) says of it, and `statement`: its clause in our words. Of more packets than `most` it tells the
/// first, and `left_out` is true.
pub fn outline(frame: &Frame, most: usize) -> Json {
    let mut parts = Vec::new();
    let reassembled = frame.capture.as_ref().is_some_and(|capture| capture.reassembled);
    // Of a packet that was put together, the bytes are its own; headers stand elsewhere.
    for layer in frame.net.layers.iter().filter(|_| !reassembled) {
        let fields = layer.fields.iter().map(|field| {
            let is_hidden = frame.is_redacted && redact::hides_below(layer, field);
            let value = if is_hidden { redact::hidden(field.length) } else { field.value.clone() };
            let text = format!("{}: {value}", field.name);
            part(&text, field.offset, field.length, Some(field.wireshark), Json::Array(Vec::new()))
        });
        let range = &layer.range;
        parts.push(part(&layer.summary, range.start, range.len(), Some(layer.protocol), fields.collect()));
    }
    let mut left_out = false;
    for (number, packet) in frame.packets().enumerate() {
        if number >= most {
            left_out = true;
            break;
        }
        parts.push(of_packet(&packet));
    }
    json!({
        "frame": frame.number,
        "format": frame.record.format,
        "from": frame.from.map(|side| side.to_string()),
        "stream": frame.capture.as_ref().map(|capture| capture.stream),
        "time": frame.capture.as_ref().map(|capture| capture.time.to_string()),
        "time_relative": frame.capture.as_ref().map(|capture| capture.relative.to_string()),
        "places": frame.capture.as_ref().map(|capture| {
            capture.places.iter().map(|place| json!([place.frame, place.len])).collect::<Json>()
        }),
        "bytes": frame.hex(),
        "parts": parts,
        "findings": findings(&frame.findings),
        "left_out": left_out,
    })
}

fn of_packet(packet: &PacketTree) -> Json {
    let title = labels::title(packet.first);
    let text = format!("MQ Telemetry Transport Protocol, {title}");
    let fields: Json = packet.nodes.iter().map(of_node).collect();
    let mut object = part(&text, packet.offset, packet.length, Some("mqtt"), fields);
    if let Some(map) = object.as_object_mut() {
        map.insert("packet".into(), packet.name().into());
        map.insert("info".into(), super::info(packet).into());
        map.insert("findings".into(), findings(&packet.findings));
    }
    object
}

fn of_node(node: &Node) -> Json {
    let children = node.children.iter().map(of_node).collect();
    part(&node.text, node.bytes.start, node.bytes.len(), node.wireshark, children)
}

#[expect(clippy::needless_pass_by_value, reason = "made for it")]
fn part(text: &str, offset: usize, length: usize, wireshark: Option<&str>, children: Json) -> Json {
    json!({ "text": text, "offset": offset, "length": length, "wireshark": wireshark, "children": children })
}

fn findings(findings: &[Finding]) -> Json {
    let of_finding = |finding: &Finding| {
        json!({
            "severity": finding.severity.as_str(),
            "kind": finding.kind,
            "clause": finding.clause,
            "statement": finding.clause.and_then(clause).map(|clause| clause.statement),
            "field": finding.field,
            "message": finding.message,
            "hint": finding.hint,
            "offset": finding.offset,
            "length": finding.length,
        })
    };
    findings.iter().map(of_finding).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::frame::Options;
    use crate::input::{InputFormat, read};

    fn outline_of(text: &str, redacted: bool) -> Json {
        let record = read(text.as_bytes(), InputFormat::Auto).unwrap().remove(0);
        let frame = Frame::new(1, record, Options::default());
        outline(&if redacted { frame.redacted() } else { frame }, 10)
    }

    #[test]
    fn parts_have_texts_and_places() {
        let outline = outline_of("300d0008696e7465726e6574494f54", false);
        let packet = &outline["parts"][0];
        assert_eq!(packet["info"], "Publish Message [internet]");
        let topic = &packet["children"][3];
        assert_eq!(topic["text"], "Topic: internet");
        assert_eq!((&topic["offset"], &topic["length"]), (&json!(4), &json!(8)));
        assert_eq!(packet["children"][0]["children"].as_array().unwrap().len(), 4, "flags bit by bit");
    }

    #[test]
    fn findings_have_their_clause_in_words() {
        let outline = outline_of("40020000", false);
        let finding = &outline["parts"][0]["findings"][0];
        assert_eq!(finding["clause"], "MQTT-2.3.1-1");
        assert_eq!(finding["statement"], clause("MQTT-2.3.1-1").unwrap().statement);
    }

    #[test]
    fn hidden_bytes_are_not_in_it() {
        let outline = outline_of("300d0008696e7465726e6574494f54", true);
        assert_eq!(outline["bytes"], "300d0008696e7465726e6574******");
    }
}
