//! CONNECT (3.1) and CONNACK (3.2).

use super::{Case, bytes, packets};
use crate::common::{Side, errors};

pub(crate) const CASES: &[Case] = &[
    // Protocol Name and Level.
    ("10 * <MQTS> 04 02 003c <a>", "wrong_protocol_name", "MQTT-3.1.2-1", "Protocol Name", 4),
    ("10 * <mqtt> 04 02 003c <a>", "wrong_protocol_name", "MQTT-3.1.2-1", "Protocol Name", 4),
    ("10 * <MQTTT> 04 02 003c <a>", "wrong_protocol_name", "MQTT-3.1.2-1", "Protocol Name", 4),
    ("10 * <MQT> 04 02 003c <abc>", "wrong_protocol_name", "MQTT-3.1.2-1", "Protocol Name", 4),
    ("10 * <HTTP/1.1> 04 02 003c <a>", "wrong_protocol_name", "MQTT-3.1.2-1", "Protocol Name", 4),
    ("10 * 0000 04 02 003c <abcdefg>", "wrong_protocol_name", "MQTT-3.1.2-1", "Protocol Name", 4),
    ("10 * 0004 4d51ff54 04 02 003c <a>", "wrong_protocol_name", "MQTT-3.1.2-1", "Protocol Name", 4),
    ("10 * <MQIsdp> 03 02 003c <a>", "unsupported_protocol_name", "MQTT-3.1.2-1", "Protocol Level", 10),
    ("10 * <MQIsdp> 83 02 003c <a>", "unsupported_protocol_name", "MQTT-3.1.2-1", "Protocol Level", 10),
    ("10 * <MQIsdp> 04 02 003c <a>", "unsupported_protocol_name", "MQTT-3.1.2-1", "Protocol Level", 10),
    ("10 * <MQTT> 00 02 003c <a>", "unsupported_protocol_level", "MQTT-3.1.2-2", "Protocol Level", 8),
    ("10 * <MQTT> 03 02 003c <a>", "unsupported_protocol_level", "MQTT-3.1.2-2", "Protocol Level", 8),
    ("10 * <MQTT> 05 02 003c 00 <a>", "unsupported_protocol_level", "MQTT-3.1.2-2", "Protocol Level", 8),
    ("10 * <MQTT> 06 02 003c <a>", "unsupported_protocol_level", "MQTT-3.1.2-2", "Protocol Level", 8),
    ("10 * <MQTT> 84 02 003c <a>", "unsupported_protocol_level", "MQTT-3.1.2-2", "Protocol Level", 8),
    ("10 * <MQTT> ff 02 003c <a>", "unsupported_protocol_level", "MQTT-3.1.2-2", "Protocol Level", 8),
    // Connect Flags.
    ("10 * <MQTT> 04 03 003c <a>", "reserved_connect_flag", "MQTT-3.1.2-3", "Connect Flags", 9),
    ("10 * <MQTT> 04 01 003c <a>", "reserved_connect_flag", "MQTT-3.1.2-3", "Connect Flags", 9),
    (
        "10 * <MQTT> 04 ff 003c <a> <w> <m> <u> <p>",
        "reserved_connect_flag",
        "MQTT-3.1.2-3",
        "Connect Flags",
        9,
    ),
    ("10 * <MQTT> 04 0a 003c <a>", "will_qos_without_will", "MQTT-3.1.2-13", "Connect Flags", 9),
    ("10 * <MQTT> 04 12 003c <a>", "will_qos_without_will", "MQTT-3.1.2-13", "Connect Flags", 9),
    ("10 * <MQTT> 04 1a 003c <a>", "will_qos_without_will", "MQTT-3.1.2-13", "Connect Flags", 9),
    ("10 * <MQTT> 04 1e 003c <a> <w> <m>", "will_qos_3", "MQTT-3.1.2-14", "Connect Flags", 9),
    ("10 * <MQTT> 04 3e 003c <a> <w> <m>", "will_qos_3", "MQTT-3.1.2-14", "Connect Flags", 9),
    ("10 * <MQTT> 04 22 003c <a>", "will_retain_without_will", "MQTT-3.1.2-15", "Connect Flags", 9),
    ("10 * <MQTT> 04 42 003c <a> <p>", "password_without_user_name", "MQTT-3.1.2-22", "Connect Flags", 9),
    (
        "10 * <MQTT> 04 46 003c <a> <w> <m> <p>",
        "password_without_user_name",
        "MQTT-3.1.2-22",
        "Connect Flags",
        9,
    ),
    // Will Topic: a message will be published to it.
    ("10 * <MQTT> 04 06 003c <a> 0000 <m>", "empty_topic", "MQTT-4.7.3-1", "Will Topic", 17),
    ("10 * <MQTT> 04 06 003c <a> <w/#> <m>", "wildcard_in_topic_name", "MQTT-4.7.1-1", "Will Topic", 19),
    ("10 * <MQTT> 04 06 003c <a> <+> <m>", "wildcard_in_topic_name", "MQTT-4.7.1-1", "Will Topic", 17),
    // Fields that the flags promise and that are not there.
    ("10 * <MQTT> 04 06 003c <a>", "field_past_end", "MQTT-3.1.2-9", "Will Topic", 15),
    ("10 * <MQTT> 04 06 003c <a> <w>", "field_past_end", "MQTT-3.1.2-9", "Will Message", 18),
    ("10 * <MQTT> 04 82 003c <a>", "field_past_end", "MQTT-3.1.2-19", "User Name", 15),
    ("10 * <MQTT> 04 c2 003c <a> <u>", "field_past_end", "MQTT-3.1.2-21", "Password", 18),
    ("10 * <MQTT> 04 f6 003c <a> <w> <m> <u>", "field_past_end", "MQTT-3.1.2-21", "Password", 24),
    // And that are not whole.
    ("10 * 000b 4d515454 04 02 003c 0000", "field_past_end", "MQTT-4.8.0-1", "Protocol Name", 2),
    ("10 * ffff 4d515454 04 02 003c 0000", "field_past_end", "MQTT-4.8.0-1", "Protocol Name", 2),
    ("10 * <MQTT> 04 02 003c 0002 61", "field_past_end", "MQTT-3.1.3-3", "Client Identifier", 12),
    ("10 * <MQTT> 04 02 003c ffff 61", "field_past_end", "MQTT-3.1.3-3", "Client Identifier", 12),
    ("10 * <MQTT> 04 06 003c <a> 00", "field_past_end", "MQTT-3.1.2-9", "Will Topic", 15),
    ("10 * <MQTT> 04 06 003c <a> 0004 77", "field_past_end", "MQTT-3.1.2-9", "Will Topic", 15),
    ("10 * <MQTT> 04 06 003c <a> <w> 0009 6d", "field_past_end", "MQTT-3.1.2-9", "Will Message", 18),
    ("10 * <MQTT> 04 82 003c <a> 0002 75", "field_past_end", "MQTT-3.1.2-19", "User Name", 15),
    ("10 * <MQTT> 04 c2 003c <a> <u> 0002 70", "field_past_end", "MQTT-3.1.2-21", "Password", 18),
    // And that no flag promises.
    ("10 * <MQTT> 04 02 003c <a> 00", "left_over_bytes", "MQTT-4.8.0-1", "bytes after the last field", 15),
    (
        "10 * <MQTT> 04 02 003c <a> <w> <m>",
        "left_over_bytes",
        "MQTT-4.8.0-1",
        "bytes after the last field",
        15,
    ),
    (
        "10 * <MQTT> 04 82 003c <a> <u> <p>",
        "left_over_bytes",
        "MQTT-4.8.0-1",
        "bytes after the last field",
        18,
    ),
    (
        "10 * <MQTT> 04 06 003c <a> <w> <m> 00",
        "left_over_bytes",
        "MQTT-4.8.0-1",
        "bytes after the last field",
        21,
    ),
    // CONNACK.
    ("20 * 0200", "reserved_connack_flags", "MQTT-4.8.0-1", "Connect Acknowledge Flags", 2),
    ("20 * 0300", "reserved_connack_flags", "MQTT-4.8.0-1", "Connect Acknowledge Flags", 2),
    ("20 * 8000", "reserved_connack_flags", "MQTT-4.8.0-1", "Connect Acknowledge Flags", 2),
    ("20 * ff05", "reserved_connack_flags", "MQTT-4.8.0-1", "Connect Acknowledge Flags", 2),
    ("20 * 0101", "session_present_with_refusal", "MQTT-3.2.2-4", "Connect Acknowledge Flags", 2),
    ("20 * 0105", "session_present_with_refusal", "MQTT-3.2.2-4", "Connect Acknowledge Flags", 2),
];

/// Each value of the Connect Flags is good or broken by one rule.
#[test]
fn all_values_of_the_connect_flags() {
    for flags in 0..=u8::MAX {
        let mut written = format!("10 * <MQTT> 04 {flags:02x} 003c <a>");
        for (mask, fields) in [(0x04, " <w> <m>"), (0x80, " <u>"), (0x40, " <p>")] {
            if flags & mask != 0 {
                written += fields;
            }
        }
        let expected: &[&str] = match flags {
            _ if flags & 0x01 != 0 => &["reserved_connect_flag"],
            _ if flags & 0x1c == 0x1c => &["will_qos_3"],
            _ if flags & 0x04 == 0 && flags & 0x18 != 0 => &["will_qos_without_will"],
            _ if flags & 0x04 == 0 && flags & 0x20 != 0 => &["will_retain_without_will"],
            _ if flags & 0xc0 == 0x40 => &["password_without_user_name"],
            _ => &[],
        };
        let packets = packets(&bytes(&written), Some(Side::Client));
        let found: Vec<_> = errors(&packets[0].findings).iter().map(|finding| finding.kind).collect();
        assert_eq!(found, expected, "{written}");
    }
}

/// Packets of another version are told apart from malformed ones, and so are the packets behind them.
#[test]
fn behind_a_connect_of_mqtt_5_nothing_is_guessed() {
    let stream = bytes("10 10 <MQTT> 05 02 003c 00 <abc> 820a0001000003612f620000 c000");
    let found = packets(&stream, None);
    assert_eq!(found.len(), 1);
    let kinds: Vec<_> = found[0].findings.iter().map(|finding| (finding.kind, finding.offset)).collect();
    assert_eq!(kinds, [("unsupported_protocol_level", 8), ("other_version", 18)]);
    // The same bytes on a connection of 3.1, whose packets are those of 3.1.1: the SUBSCRIBE is malformed.
    let stream = bytes("10 11 <MQIsdp> 03 02 003c <abc> 820a0001000003612f620000 c000");
    let found = packets(&stream, None);
    let kinds: Vec<_> =
        found.iter().flat_map(|packet| errors(&packet.findings)).map(|error| error.kind).collect();
    assert_eq!(kinds, ["unsupported_protocol_name", "empty_topic"]);
    assert_eq!(found.last().unwrap().name(), "PINGREQ");
}
