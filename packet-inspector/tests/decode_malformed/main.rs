//! Every way in which a packet can be malformed: what is said of it, alone, cut off, and with good packets behind it;
//! and that nothing is said of good ones.
//!
//! Bytes are hex; `<a/b>` is a text with its length before it, `*` the Remaining Length of what follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../common/mod.rs"]
mod common;

mod connect;
mod fixed_header;
mod good;
mod publish;
mod short;
mod strings;
mod subscribe;

use std::collections::BTreeSet;

use common::{Side, errors, frames};
use mqtt_codec::PacketType;
use packet_inspector::dissect::PacketTree;
use packet_inspector::finding::{Finding, Severity};

/// A packet, and of what is wrong with it the kind, clause, field and offset.
pub(crate) type Case = (&'static str, &'static str, &'static str, &'static str, usize);

/// All that are malformed within their own bounds.
fn cases() -> Vec<Case> {
    [fixed_header::CASES, connect::CASES, publish::CASES, subscribe::CASES, short::CASES, strings::CASES]
        .concat()
}

/// The bytes that a test writes down.
#[track_caller]
pub(crate) fn bytes(written: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut length_at = None;
    for word in written.split_whitespace() {
        if word == "*" {
            length_at = Some(bytes.len());
        } else if let Some(text) = word.strip_prefix('<') {
            let text = text.strip_suffix('>').unwrap_or_else(|| panic!("{word} is not closed"));
            bytes.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            bytes.extend(text.as_bytes());
        } else {
            bytes.extend(hex::decode(word).unwrap_or_else(|error| panic!("{word}: {error}")));
        }
    }
    if let Some(at) = length_at {
        let len = u8::try_from(bytes.len() - at).unwrap();
        assert!(len < 0x80, "{written} is too long for this");
        bytes.insert(at, len);
    }
    bytes
}

/// The packets of these bytes, read as the command reads them.
#[track_caller]
pub(crate) fn packets(bytes: &[u8], from: Option<Side>) -> Vec<PacketTree> {
    let mut frames = frames(&hex::encode(bytes), from);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].findings, [], "nothing lies below MQTT");
    let packets: Vec<_> = frames.remove(0).packets().collect();
    let mut end = 0;
    for packet in &packets {
        assert_eq!(packet.offset, end, "packets follow each other without a gap");
        end += packet.length;
    }
    assert_eq!(end, bytes.len());
    packets
}

/// The sides that send this type, and nobody in particular.
pub(crate) fn senders(first: u8) -> Vec<Option<Side>> {
    match PacketType::of_first_byte(first).and_then(PacketType::sender) {
        Some(side) => vec![None, Some(side)],
        None => vec![None, Some(Side::Client), Some(Side::Server)],
    }
}

/// What the table says of a finding.
fn place(finding: &Finding) -> (&str, &str, &str, usize) {
    let clause = finding.clause.unwrap_or_default();
    (finding.kind, clause, finding.field.as_deref().unwrap_or_default(), finding.offset)
}

#[track_caller]
pub(crate) fn is_found(packet: &PacketTree, case: &Case, what: &str) {
    let (written, kind, clause, field, offset) = *case;
    let errors = errors(&packet.findings);
    let found: Vec<_> = errors.iter().map(|finding| place(finding)).collect();
    assert_eq!(found, [(kind, clause, field, offset)], "{written} {what}");
    assert!(!errors[0].message.is_empty(), "{written}");
    assert!(!errors[0].hint.is_empty(), "{written}: says what would have been right");
}

/// Good packets that both sides send.
const BEHIND: &str = "40020007 62020007 3003000161";

#[test]
fn each_is_called_malformed_by_its_rule() {
    let cases = cases();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    for case in &cases {
        let bytes = bytes(case.0);
        for from in senders(bytes[0]) {
            let packets = packets(&bytes, from);
            is_found(&packets[0], case, "alone");
            assert_eq!(packets.len(), 1, "{} is one packet", case.0);
        }
    }
}

#[test]
fn good_packets_behind_it_are_found() {
    let behind = bytes(BEHIND);
    for case in &cases() {
        let mut stream = bytes(case.0);
        let own = stream.len();
        stream.extend(&behind);
        for from in senders(stream[0]) {
            let packets = packets(&stream, from);
            is_found(&packets[0], case, "with packets behind it");
            // Of another version, what stands behind means something else: its types are told, no more.
            let level = stream.get(8).map_or(0, |level| level & 0x7F);
            if case.1 == "unsupported_protocol_level" && !matches!(level, 3 | 4) {
                let other =
                    packets[0].findings.iter().find(|finding| finding.kind == "other_version").unwrap();
                assert_eq!((packets.len(), other.offset), (1, own), "{}", case.0);
                assert!(other.message.contains("(PUBACK, PUBREL, PUBLISH)"), "{}", other.message);
                continue;
            }
            let rest: Vec<_> = packets[1..].iter().map(|packet| (packet.name(), packet.offset)).collect();
            assert_eq!(
                rest,
                [("PUBACK", own), ("PUBREL", own + 4), ("PUBLISH", own + 8)],
                "{} {from:?}: {packets:#?}",
                case.0
            );
            assert!(packets[1..].iter().all(|packet| packet.findings.is_empty()), "{}", case.0);
            let said = packets[0].findings.iter().find(|finding| finding.kind == "resynchronised");
            assert_eq!(said.map(|finding| finding.offset), Some(own), "{}: it is said", case.0);
        }
    }
}

/// Well-formed, so that a receiver has to take and answer it, yet against a rule: a warning, and no error.
#[test]
fn what_has_to_be_answered_is_a_warning() {
    for (written, kind, clause, field, offset) in [
        ("10 * <MQTT> 04 00 003c 0000", "empty_client_id", "MQTT-3.1.3-7", "Client Identifier", 14),
        ("10 * <MQTT> 04 c0 003c 0000 <u> <p>", "empty_client_id", "MQTT-3.1.3-7", "Client Identifier", 14),
        ("20 * 0006", "reserved_return_code", "MQTT-4.8.0-1", "Connect Return Code", 3),
        ("20 * 0080", "reserved_return_code", "MQTT-4.8.0-1", "Connect Return Code", 3),
        ("20 * 00ff", "reserved_return_code", "MQTT-4.8.0-1", "Connect Return Code", 3),
    ] {
        let bytes = bytes(written);
        for from in senders(bytes[0]) {
            let packets = packets(&bytes, from);
            assert_eq!((packets.len(), errors(&packets[0].findings).len()), (1, 0), "{written}");
            let found: Vec<_> = packets[0]
                .findings
                .iter()
                .map(|f| (f.severity, f.kind, f.clause, f.field.as_deref(), f.offset))
                .collect();
            assert_eq!(found, [(Severity::Warning, kind, Some(clause), Some(field), offset)], "{written}");
        }
    }
}

/// A packet that is cut off is incomplete, or already as wrong as when it is whole: never good, never something else.
#[test]
fn cut_at_every_byte_it_is_never_good() {
    for case in &cases() {
        let whole = bytes(case.0);
        for len in 1..whole.len() {
            let packets = packets(&whole[..len], None);
            let errors = errors(&packets[0].findings);
            let [error] = errors.as_slice() else { panic!("{} cut to {len}: {errors:?}", case.0) };
            let is_early = matches!(
                case.1,
                "reserved_type"
                    | "wrong_flags"
                    | "qos_3"
                    | "dup_at_qos_0"
                    | "impossible_length"
                    | "no_topic_filter"
            );
            match error.kind {
                "incomplete" => assert!(
                    !is_early || case.3 != "Fixed Header" && len == 1,
                    "{} cut to {len} can't become a packet",
                    case.0
                ),
                // A field that is missing has its place at the end of what is there.
                _ => {
                    let (written, kind, clause, field, offset) = *case;
                    let case = (written, kind, clause, field, offset.min(len));
                    is_found(&packets[0], &case, "cut off");
                }
            }
        }
    }
}

/// 3.1.1 allows a longer form of the Remaining Length: what follows is judged the same, at its own place.
#[test]
fn a_padded_length_changes_nothing_but_the_place() {
    for case in cases().iter().filter(|case| case.1 != "remaining_length_too_long") {
        let (written, kind, clause, field, offset) = *case;
        let mut padded = bytes(written);
        if padded.len() < 2 || padded[1] >= 0x80 {
            continue;
        }
        padded[1] |= 0x80;
        padded.splice(2..2, [0x80, 0x00]);
        let offset = if offset < 2 { offset } else { offset + 2 };
        let case = (written, kind, clause, field, offset);
        is_found(&packets(&padded, None)[0], &case, "with a padded length");
    }
}

#[test]
fn the_other_side_never_sends_it() {
    for packet_type in PacketType::ALL {
        let Some(side) = packet_type.sender() else { continue };
        let other = if side == Side::Client { Side::Server } else { Side::Client };
        for packet in good::PACKETS {
            let bytes = bytes(packet);
            if PacketType::of_first_byte(bytes[0]) != Some(packet_type) {
                continue;
            }
            let case = (*packet, "wrong_sender", "MQTT-4.8.0-1", "Fixed Header", 0);
            is_found(&packets(&bytes, Some(other))[0], &case, "from the other side");
            // One byte tells.
            let cut = packets(&bytes[..1], Some(other));
            let kinds: Vec<_> = errors(&cut[0].findings).iter().map(|finding| finding.kind).collect();
            assert_eq!(kinds, ["incomplete", "wrong_sender"], "{packet}");
        }
    }
}

#[test]
fn a_malformed_packet_from_the_wrong_side_is_both() {
    for case in &cases() {
        let bytes = bytes(case.0);
        let Some(side) = PacketType::of_first_byte(bytes[0]).and_then(PacketType::sender) else { continue };
        let other = if side == Side::Client { Side::Server } else { Side::Client };
        let packets = packets(&bytes, Some(other));
        let kinds: Vec<_> = errors(&packets[0].findings).iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [case.1, "wrong_sender"], "{}", case.0);
    }
}

/// What is already wrong with a packet that is cut off is said too, though a receiver would still wait.
#[test]
fn a_cut_packet_that_nothing_can_save_is_warned_of() {
    for (written, kind, field, offset) in [
        ("32 09 <a> 0000 68", "zero_packet_id", "Packet Identifier", 5),
        ("30 09 <a+>", "wildcard_in_topic_name", "Topic Name", 5),
        // The text is said to be longer than the packet.
        ("30 09 0010 61", "field_past_end", "Topic Name", 2),
        ("10 20 <MQTT> 04 02 003c ffff 61", "field_past_end", "Client Identifier", 12),
    ] {
        let packets = packets(&bytes(written), None);
        let found: Vec<_> = packets[0].findings.iter().map(|f| (f.severity, f.kind, f.offset)).collect();
        assert_eq!(
            found,
            [(Severity::Error, "incomplete", 0), (Severity::Warning, kind, offset)],
            "{written}"
        );
        assert_eq!(packets[0].findings[1].field.as_deref(), Some(field), "{written}");
    }
    // It may still come.
    let packets = packets(&bytes("30 09 0007 61"), None);
    assert_eq!(packets[0].findings.len(), 1);
}

/// The table of kinds in README.md gives for each kind the clauses that it is found against here, and no other.
#[test]
fn the_documented_clauses_are_those_of_the_findings() {
    let readme = include_str!("../../README.md");
    let (_, table) = readme.split_once("all of severity `error`:").unwrap();
    let table = table.split("Of packets, as notes").next().unwrap();
    let mut documented = BTreeSet::new();
    for row in table.lines().filter(|row| row.starts_with("| `")) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        for clause in columns[2].split(", ") {
            documented.insert((columns[1].trim_matches('`').to_owned(), clause.to_owned()));
        }
    }
    let mut found = BTreeSet::new();
    let mut add = |packets: &[PacketTree]| {
        for error in packets.iter().flat_map(|packet| errors(&packet.findings)) {
            found.insert((error.kind.to_owned(), error.clause.unwrap_or_default().to_owned()));
        }
    };
    for case in &cases() {
        add(&packets(&bytes(case.0), None));
    }
    for packet in good::PACKETS {
        let bytes = bytes(packet);
        add(&packets(&bytes, Some(Side::Client)));
        add(&packets(&bytes[..1], None));
        add(&packets(&[&[bytes[0] ^ 1][..], &bytes[1..]].concat(), None));
    }
    assert_eq!(documented, found);
}
