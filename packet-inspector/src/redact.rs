//! Hides passwords, user names and payloads, so that output can be shared; their lengths stay.
//!
//! What is not surely harmless is hidden: bytes that were not decoded, and all that a malformed packet, one that
//! is cut off, or a damaged frame holds behind its fixed header, since its fields may not lie where they seem to.

use crate::dissect::leaf::NAMES;
use crate::dissect::{Node, PacketTree, Value};
use crate::finding::{Finding, Severity};
use crate::net::{Layer, LayerField};
use crate::stream::{Captured, Proof};

/// The JSON keys of what is private.
const PRIVATE: [&str; 4] = ["payload_hex", "will_payload_hex", "username", "password_hex"];

/// The layers that hold headers alone.
const HEADERS: [&str; 8] = ["eth", "vlan", "ieee8021ad", "sll", "null", "ip", "ipv6", "tcp"];

/// Hides what is private in a packet; all of it when the bytes before it, or its own, are not to be trusted.
pub(crate) fn packet(tree: &mut PacketTree, trusted: &mut bool) {
    *trusted &= !tree.findings.iter().any(|finding| finding.severity == Severity::Error);
    for node in tree.nodes.iter_mut().skip(1) {
        let is_private = node.key.is_some_and(|key| PRIVATE.contains(&key));
        if is_private || (!*trusted && node.key != Some("remaining_length")) {
            hide(node);
        }
    }
    for finding in &mut tree.findings {
        finding.message = said(finding.kind, std::mem::take(&mut finding.message));
    }
}

/// What a finding of this kind says, without what it tells of a field's contents.
pub fn said(kind: &str, message: String) -> String {
    const CHARACTER: &str = "a control character or non-character";
    match message.split_once(": ") {
        _ if kind != "discouraged_character" => message,
        Some((packet, _)) => format!("{packet}: {CHARACTER}"),
        None => CHARACTER.to_owned(),
    }
}

/// Whether a field's values are hidden in every packet.
pub(crate) fn is_private(wireshark: &str) -> bool {
    let mut names = NAMES.iter().filter(|name| name.wireshark == wireshark);
    names.any(|name| name.key.is_some_and(|key| PRIVATE.contains(&key)))
}

/// Whether a column with this field of a captured packet is not to be shown.
pub(crate) fn hides(wireshark: &str, packet: &Captured<'_>) -> bool {
    let is_trusted = packet.packet.is_some() && packet.proof != Proof::Nothing;
    is_private(wireshark)
        || !is_trusted && !matches!(wireshark, "mqtt.msgtype" | "mqtt.hdrflags" | "mqtt.len")
}

fn hide(node: &mut Node) {
    node.text = format!("{}: {}", node.name, hidden(node.bytes.len()));
    node.value = Value::Hidden;
    node.children.clear();
}

/// What is shown in place of so many bytes.
pub fn hidden(count: usize) -> String {
    format!("({} hidden)", crate::words::bytes(count))
}

/// Hides what findings about the dump and the layers below MQTT say of single bytes.
pub(crate) fn below(findings: &mut [Finding], is_guessed: bool) {
    for finding in findings {
        match finding.kind {
            "not_understood" | "odd_digits" | "ambiguous_escape" | "dump_text_glued" => {
                finding.message = without_quotes(&finding.message);
                finding.hint.clear();
            }
            "dump_text_differs" => "the text beside the bytes differs".clone_into(&mut finding.message),
            // Of a payload of a byte or two it is as good as the payload.
            "tcp_checksum" => "the TCP checksum does not verify".clone_into(&mut finding.message),
            "repaired" if is_guessed => {
                let message = "a byte is read otherwise than it is printed; as that is not proved, \
                               all behind the first packet's fixed header is hidden";
                message.clone_into(&mut finding.message);
            }
            "repaired" => "a byte is read otherwise than it is printed".clone_into(&mut finding.message),
            _ => {}
        }
    }
}

/// Whether what lies below MQTT is in order, so that the packets lie where they seem to; of a repair, one that is proved.
pub(crate) fn is_trusted(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity < Severity::Error || finding.kind == "repaired")
}

/// Whether a layer is a header, and not data that we don't know.
pub(crate) fn is_header(layer: &Layer) -> bool {
    HEADERS.contains(&layer.protocol)
}

/// Whether a field below MQTT may tell of what is private: of a payload of a byte or two, the TCP checksum is as good as it.
pub(crate) fn hides_below(layer: &Layer, field: &LayerField) -> bool {
    !is_header(layer) || field.wireshark == "tcp.checksum"
}

/// The message without what it quotes of the input.
pub fn without_quotes(message: &str) -> String {
    match (message.split_once('"'), message.rsplit_once('"')) {
        (Some((before, _)), Some((_, behind))) => format!("{before}\"...\"{behind}"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_left_out_whatever_they_hold() {
        assert_eq!(without_quotes(r#"line 1: "se"cret" is not a byte"#), r#"line 1: "..." is not a byte"#);
        assert_eq!(without_quotes("no quote"), "no quote");
    }
}
