//! Fixed header (2.2): types, flags, lengths.

use mqtt_codec::PacketType;

use super::{Case, bytes, is_found, packets, senders};

pub(crate) const CASES: &[Case] = &[
    // Types that don't exist.
    ("00 *", "reserved_type", "MQTT-4.8.0-1", "Fixed Header", 0),
    ("01 *", "reserved_type", "MQTT-4.8.0-1", "Fixed Header", 0),
    ("0f * 0001", "reserved_type", "MQTT-4.8.0-1", "Fixed Header", 0),
    ("f0 *", "reserved_type", "MQTT-4.8.0-1", "Fixed Header", 0),
    ("f0 * 0000", "reserved_type", "MQTT-4.8.0-1", "Fixed Header", 0),
    ("ff * 0001", "reserved_type", "MQTT-4.8.0-1", "Fixed Header", 0),
    // Flags of PUBLISH.
    ("36 * <a> 0001", "qos_3", "MQTT-3.3.1-4", "Fixed Header", 0),
    ("37 * <a> 0001", "qos_3", "MQTT-3.3.1-4", "Fixed Header", 0),
    ("3e * <a> 0001", "qos_3", "MQTT-3.3.1-4", "Fixed Header", 0),
    ("3f * <a> 0001", "qos_3", "MQTT-3.3.1-4", "Fixed Header", 0),
    ("38 * <a> 68", "dup_at_qos_0", "MQTT-3.3.1-2", "Fixed Header", 0),
    ("39 * <a> 68", "dup_at_qos_0", "MQTT-3.3.1-2", "Fixed Header", 0),
    // Lengths of five bytes, told by the fourth.
    ("10 80808080", "remaining_length_too_long", "MQTT-4.8.0-1", "Remaining Length", 4),
    ("20 82808080", "remaining_length_too_long", "MQTT-4.8.0-1", "Remaining Length", 4),
    ("30 ffffffff", "remaining_length_too_long", "MQTT-4.8.0-1", "Remaining Length", 4),
    ("40 82808080", "remaining_length_too_long", "MQTT-4.8.0-1", "Remaining Length", 4),
    ("82 86808080", "remaining_length_too_long", "MQTT-4.8.0-1", "Remaining Length", 4),
    ("c0 80808080", "remaining_length_too_long", "MQTT-4.8.0-1", "Remaining Length", 4),
    ("e0 80808080", "remaining_length_too_long", "MQTT-4.8.0-1", "Remaining Length", 4),
    // Lengths that a type can't have.
    ("10 *", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("10 * 00", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("10 * <MQTT>", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("10 * <MQTT> 04 02 003c", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("10 * <MQTT> 04 02 003c 00", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("20 *", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("20 * 00", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("20 * 000000", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("30 *", "field_past_end", "MQTT-3.3.2-1", "Topic Name", 2),
    ("30 * 00", "field_past_end", "MQTT-3.3.2-1", "Topic Name", 2),
    ("30 * 0000", "empty_topic", "MQTT-4.7.3-1", "Topic Name", 4),
    ("30 * 0001", "field_past_end", "MQTT-3.3.2-1", "Topic Name", 2),
    ("32 *", "field_past_end", "MQTT-3.3.2-1", "Topic Name", 2),
    ("32 * <a>", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 5),
    ("32 * 0000 0001", "empty_topic", "MQTT-4.7.3-1", "Topic Name", 4),
    ("32 * <ab>", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 6),
    ("32 * 0000", "empty_topic", "MQTT-4.7.3-1", "Topic Name", 4),
    ("34 * <a> 00", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 5),
    ("40 *", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("40 * 00", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("40 * 000100", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("50 *", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("50 * 01", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("50 * 00010000", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("62 *", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("62 * 01", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("62 * 000192", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("70 *", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("70 * 01", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("70 * 000100", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("82 *", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("82 * 00", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("82 * 0001 00", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 4),
    ("82 * 0001 0001", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 4),
    ("82 * 0001 0000", "empty_topic", "MQTT-4.7.3-1", "Topic Filter", 6),
    ("82 * 0001 <a>", "field_past_end", "MQTT-4.8.0-1", "Requested QoS", 7),
    ("82 * 0001 0000 00", "empty_topic", "MQTT-4.7.3-1", "Topic Filter", 6),
    ("90 *", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("90 * 00", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("90 * 0001", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("a2 *", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("a2 * 00", "field_past_end", "MQTT-2.3.1-1", "Packet Identifier", 2),
    ("a2 * 0001 00", "field_past_end", "MQTT-4.8.0-1", "Topic Filter", 4),
    ("a2 * 0001 0000", "empty_topic", "MQTT-4.7.3-1", "Topic Filter", 6),
    ("b0 *", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("b0 * 00", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("b0 * 000100", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("c0 * 00", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("c0 * 0001", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("d0 * 00", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("e0 * 00", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
    ("e0 * 0000", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1),
];

/// All fifteen wrong values of the flags of each type that has fixed ones.
#[test]
fn every_wrong_value_of_the_flags_is_found() {
    let mut seen = 0;
    for packet in super::good::PACKETS {
        let good = bytes(packet);
        let packet_type = PacketType::of_first_byte(good[0]).unwrap();
        let Some(right) = packet_type.fixed_flags() else { continue };
        let clause = match packet_type {
            PacketType::Pubrel => "MQTT-3.6.1-1",
            PacketType::Subscribe => "MQTT-3.8.1-1",
            PacketType::Unsubscribe => "MQTT-3.10.1-1",
            PacketType::Disconnect => "MQTT-3.14.1-1",
            _ => "MQTT-2.2.2-1",
        };
        for flags in (0..16).filter(|&flags| flags != right) {
            let mut wrong = good.clone();
            wrong[0] = good[0] & 0xF0 | flags;
            let case = (*packet, "wrong_flags", clause, "Fixed Header", 0);
            for from in senders(wrong[0]) {
                is_found(&packets(&wrong, from)[0], &case, "with wrong flags");
                is_found(&packets(&wrong[..1], from)[0], &case, "of which one byte is here");
            }
            seen += 1;
        }
    }
    assert!(seen >= 13 * 15, "{seen}");
}

/// The longest CONNECT has five fields of 65,535 bytes; one more, and no bytes can make it a packet.
#[test]
fn a_connect_can_be_too_long() {
    let found = packets(&bytes("10 908014"), None);
    is_found(&found[0], &("10 908014", "impossible_length", "MQTT-4.8.0-1", "Remaining Length", 1), "early");
    let found = packets(&bytes("10 8f8014"), None);
    assert_eq!(found[0].findings[0].kind, "incomplete");
}
