//! Every fault has a name of its own, says where it is, and cites a clause that exists.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod common;

use std::collections::{BTreeSet, HashSet};

use common::hex;
use mqtt_codec::{DecodeError, Decoder, Side};

/// Bytes, the name of their fault, and the clause that they break.
const FAULTS: &[(&str, &str, &str)] = &[
    ("00", "reserved_type", "4.8.0-1"),
    ("F0 00", "reserved_type", "4.8.0-1"),
    ("11", "wrong_flags", "2.2.2-1"),
    ("60", "wrong_flags", "3.6.1-1"),
    ("80", "wrong_flags", "3.8.1-1"),
    ("A0", "wrong_flags", "3.10.1-1"),
    ("E1", "wrong_flags", "3.14.1-1"),
    ("36", "qos_3", "3.3.1-4"),
    ("38", "dup_at_qos_0", "3.3.1-2"),
    ("20", "wrong_sender", "4.8.0-1"),
    ("30 80 80 80 80", "remaining_length_too_long", "4.8.0-1"),
    ("40 03", "impossible_length", "4.8.0-1"),
    ("10 0B", "impossible_length", "4.8.0-1"),
    ("90 02", "impossible_length", "4.8.0-1"),
    ("10 0C  0004 4D515454 04 02 0000  0001", "field_past_end", "3.1.3-3"),
    ("10 0D  0004 4D515454 04 06 0000  0001 63", "field_past_end", "3.1.2-9"),
    ("10 10  0004 4D515454 04 06 0000  0001 63  0001 77", "field_past_end", "3.1.2-9"),
    ("10 0D  0004 4D515454 04 82 0000  0001 63", "field_past_end", "3.1.2-19"),
    ("10 10  0004 4D515454 04 C2 0000  0001 63  0001 75", "field_past_end", "3.1.2-21"),
    ("30 03  0002 61", "field_past_end", "3.3.2-1"),
    ("30 00", "field_past_end", "3.3.2-1"),
    ("32 01  61", "field_past_end", "3.3.2-1"),
    ("32 04  0002 6162", "field_past_end", "2.3.1-1"),
    ("34 05  0002 6162 01", "field_past_end", "2.3.1-1"),
    ("82 00", "field_past_end", "2.3.1-1"),
    ("82 01  01", "field_past_end", "2.3.1-1"),
    ("A2 01  01", "field_past_end", "2.3.1-1"),
    ("82 03  0001  00", "field_past_end", "4.8.0-1"),
    ("82 05  0001  0001 61", "field_past_end", "4.8.0-1"),
    ("A2 04  0001  0001", "field_past_end", "4.8.0-1"),
    ("82 06  0001  0009 61 00", "field_past_end", "4.8.0-1"),
    ("10 0D  0004 4D515454 04 02 0000  0000  00", "left_over_bytes", "4.8.0-1"),
    ("40 02  0000", "zero_packet_id", "2.3.1-1"),
    ("30 03  0001 FF", "ill_formed_utf8", "1.5.3-1"),
    ("30 03  0001 00", "nul_character", "1.5.3-2"),
    ("30 04  0000  0000", "empty_topic", "4.7.3-1"),
    ("30 02  0000", "empty_topic", "4.7.3-1"),
    ("32 04  0000  0001", "empty_topic", "4.7.3-1"),
    ("82 05  0001  0000 00", "empty_topic", "4.7.3-1"),
    ("A2 04  0001  0000", "empty_topic", "4.7.3-1"),
    ("30 03  0001 2B", "wildcard_in_topic_name", "3.3.2-2"),
    ("10 12  0004 4D515454 04 06 0000  0001 63  0001 23  0000", "wildcard_in_topic_name", "4.7.1-1"),
    ("82 08  0001  0003 232F61 00", "misplaced_hash", "4.7.1-2"),
    ("82 07  0001  0002 2B61 00", "misplaced_plus", "4.7.1-3"),
    ("10 0D  0004 4D515455 04 02 0000  0001 63", "wrong_protocol_name", "3.1.2-1"),
    ("10 0D  0004 4D515454 05 02 0000  0001 63", "unsupported_protocol_level", "3.1.2-2"),
    ("10 0F  0006 4D5149736470 03 02 0000  0001 63", "unsupported_protocol_name", "3.1.2-1"),
    ("10 0D  0004 4D515454 04 03 0000  0001 63", "reserved_connect_flag", "3.1.2-3"),
    ("10 0D  0004 4D515454 04 0A 0000  0001 63", "will_qos_without_will", "3.1.2-13"),
    ("10 0D  0004 4D515454 04 1E 0000  0001 63", "will_qos_3", "3.1.2-14"),
    ("10 0D  0004 4D515454 04 22 0000  0001 63", "will_retain_without_will", "3.1.2-15"),
    ("10 0D  0004 4D515454 04 42 0000  0001 63", "password_without_user_name", "3.1.2-22"),
    ("20 02  02 00", "reserved_connack_flags", "4.8.0-1"),
    ("20 02  01 05", "session_present_with_refusal", "3.2.2-4"),
    ("82 02", "no_topic_filter", "3.8.3-3"),
    ("A2 02", "no_topic_filter", "3.10.3-2"),
    ("82 06  0001  0001 61 03", "reserved_requested_qos", "3.8.3-4"),
    ("90 03  0001  03", "reserved_suback_code", "3.9.3-2"),
];

fn errors() -> impl Iterator<Item = (DecodeError, &'static str, &'static str)> {
    FAULTS.iter().map(|(text, name, clause)| {
        let sender =
            if *name == "wrong_sender" { Decoder::new().sent_by(Side::Client) } else { Decoder::new() };
        (sender.decode(&hex(text)).unwrap_err(), *name, *clause)
    })
}

#[test]
fn each_fault_has_its_name_and_cites_its_clause() {
    for (error, name, clause) in errors() {
        assert_eq!(error.fault.name(), name, "{error}");
        assert_eq!(error.clause(), Some(format!("MQTT-{clause}").as_str()), "{error}");
        assert!(
            error
                .to_string()
                .ends_with(&format!(" in {} at byte {} [MQTT-{clause}]", error.field, error.offset))
        );
    }
}

#[test]
fn each_clause_exists() {
    let statements = include_str!("../../testdata/conformance.tsv");
    for (error, ..) in errors() {
        let line = format!("\n{}\t", error.clause().unwrap());
        assert!(statements.contains(&line), "{error}");
    }
}

/// What the caller alone asks to be refused breaks no clause.
#[test]
fn limits_of_the_caller_cite_no_clause() {
    let over = Decoder::new().max_packet_len(2).decode(b"\x40\x02").unwrap_err();
    assert_eq!((over.fault.name(), over.clause()), ("over_maximum", None));
    let text = Decoder::new().strict_text(true).decode(b"\x30\x03\0\x01\x01").unwrap_err();
    assert_eq!((text.fault.name(), text.clause()), ("discouraged_character", None));
    for error in [over, text] {
        assert!(error.to_string().ends_with(&format!(" at byte {}", error.offset)), "{error}");
    }
}

/// All variants are above or in the test before: as many names as the source lists.
#[test]
fn no_fault_is_left_out() {
    let names: BTreeSet<_> = errors().map(|(error, ..)| error.fault.name()).collect();
    let source = include_str!("../src/error.rs");
    let begin = source.find("pub const fn name(self)").unwrap();
    let list = source.get(begin..).unwrap().split("\n    }\n").next().unwrap();
    let listed: BTreeSet<_> = list.split('"').skip(1).step_by(2).collect();
    let by_the_caller = BTreeSet::from(["discouraged_character", "over_maximum"]);
    assert_eq!(names.union(&by_the_caller).copied().collect::<BTreeSet<_>>(), listed);
}

/// An error says one thing in one line: no capital at its beginning but in the words of the standard, no full stop.
#[test]
fn messages_are_short() {
    for (error, ..) in errors() {
        let fault = error.fault.to_string();
        assert!(!fault.ends_with('.') && !fault.contains('\n') && fault.len() < 80, "{fault}");
    }
    let words: BTreeSet<_> = errors().map(|(error, ..)| error.fault.to_string()).collect();
    let faults: HashSet<_> = errors().map(|(error, ..)| error.fault).collect();
    assert_eq!(words.len(), faults.len(), "each says something else");
}

#[cfg(feature = "std")]
#[test]
fn errors_become_io_errors() {
    for (error, ..) in errors() {
        let io = std::io::Error::from(error);
        assert_eq!((io.kind(), io.to_string()), (std::io::ErrorKind::InvalidData, error.to_string()));
    }
    let io = std::io::Error::from(mqtt_codec::EncodeError::EmptyClientId);
    assert_eq!(io.kind(), std::io::ErrorKind::InvalidInput);
}
