//! 2.2 and 2.3: the fixed header and the Packet Identifier.

use mqtt_codec::{Fault, Field, Packet, PacketId, PacketType, Publish, TopicName};

use crate::common::model::Model;
use crate::{accepts, rejects, round_trips};

/// A packet of each type but PUBLISH, and the only flags it may have.
const PACKETS: &[(PacketType, u8, &str)] = &[
    (PacketType::Connect, 0, "10 0D  00 04 4D515454 04 02 0000  00 01 61"),
    (PacketType::Connack, 0, "20 02  00 00"),
    (PacketType::Puback, 0, "40 02  00 01"),
    (PacketType::Pubrec, 0, "50 02  00 01"),
    (PacketType::Pubrel, 2, "62 02  00 01"),
    (PacketType::Pubcomp, 0, "70 02  00 01"),
    (PacketType::Subscribe, 2, "82 06  00 01  00 01 61 00"),
    (PacketType::Suback, 0, "90 03  00 01  00"),
    (PacketType::Unsubscribe, 2, "A2 05  00 01  00 01 61"),
    (PacketType::Unsuback, 0, "B0 02  00 01"),
    (PacketType::Pingreq, 0, "C0 00"),
    (PacketType::Pingresp, 0, "D0 00"),
    (PacketType::Disconnect, 0, "E0 00"),
];

#[test]
fn mqtt_2_2_2_1_reserved_flags_have_the_listed_value() {
    for (packet_type, flags, text) in PACKETS {
        // What is decoded and what is encoded.
        accepts(text);
        assert_eq!(packet_type.fixed_flags(), Some(*flags));
        assert_eq!(text[1..2], format!("{flags:X}"));
    }
    assert_eq!(PACKETS.len(), PacketType::ALL.len() - 1);
    assert_eq!(PacketType::Publish.fixed_flags(), None);
}

#[test]
fn mqtt_2_2_2_2_wrong_flags_are_refused_at_the_first_byte() {
    for (packet_type, right, text) in PACKETS {
        for wrong in (0..16).filter(|flags| flags != right) {
            let text = format!("{}{wrong:X}{}", &text[..1], &text[2..]);
            let fault = Fault::WrongFlags(*packet_type);
            rejects(&text, fault, Field::FixedHeader, 0);
            // No need to wait for the rest.
            rejects(&text[..2], fault, Field::FixedHeader, 0);
        }
    }
}

#[test]
fn mqtt_2_3_1_1_a_packet_identifier_is_not_zero() {
    rejects("32 05  00 01 61  00 00", Fault::ZeroPacketId, Field::PacketIdentifier, 5);
    rejects("34 07  00 01 61  00 00  6869", Fault::ZeroPacketId, Field::PacketIdentifier, 5);
    rejects("3B 05  00 01 61  00 00", Fault::ZeroPacketId, Field::PacketIdentifier, 5);
    rejects("82 06  00 00  00 01 61 00", Fault::ZeroPacketId, Field::PacketIdentifier, 2);
    rejects("A2 05  00 00  00 01 61", Fault::ZeroPacketId, Field::PacketIdentifier, 2);
    // Every answer repeats one that is not.
    rejects("40 02  00 00", Fault::ZeroPacketId, Field::PacketIdentifier, 2);
    rejects("50 02  00 00", Fault::ZeroPacketId, Field::PacketIdentifier, 2);
    rejects("62 02  00 00", Fault::ZeroPacketId, Field::PacketIdentifier, 2);
    rejects("70 02  00 00", Fault::ZeroPacketId, Field::PacketIdentifier, 2);
    rejects("90 03  00 00  00", Fault::ZeroPacketId, Field::PacketIdentifier, 2);
    rejects("B0 02  00 00", Fault::ZeroPacketId, Field::PacketIdentifier, 2);

    for id in ["0001", "0100", "00FF", "FF00", "FFFF"] {
        accepts(&format!("32 05  00 01 61  {id}"));
        accepts(&format!("34 05  00 01 61  {id}"));
        accepts(&format!("82 06  {id}  00 01 61 00"));
        accepts(&format!("A2 05  {id}  00 01 61"));
    }
    // None can be made, not even by counting on from the last.
    assert_eq!(PacketId::new(0), None);
    assert_eq!(PacketId::MAX.next(), PacketId::MIN);
}

#[test]
fn mqtt_2_3_1_1_a_packet_identifier_is_not_missing() {
    for text in ["32 03  00 01 61", "34 04  00 01 61  00", "3A 03  00 01 61"] {
        rejects(text, Fault::FieldPastEnd, Field::PacketIdentifier, 5);
    }
    rejects("32 04  00 02 6162", Fault::FieldPastEnd, Field::PacketIdentifier, 6);
    rejects("32 05  00 03 616263", Fault::FieldPastEnd, Field::PacketIdentifier, 7);
    rejects("34 06  00 03 616263  01", Fault::FieldPastEnd, Field::PacketIdentifier, 7);
    let missing = Packet::decode(b"\x32\x05\0\x03abc").unwrap_err();
    assert_eq!(missing.clause(), Some("MQTT-2.3.1-1"));
    for text in ["82 00", "82 01  01", "A2 00", "A2 01  00"] {
        rejects(text, Fault::FieldPastEnd, Field::PacketIdentifier, 2);
    }
}

#[test]
fn mqtt_2_3_1_5_a_qos_0_publish_has_no_packet_identifier() {
    // What would be the identifier is payload, zero or not.
    for (text, payload) in [
        ("30 05  00 01 61  00 00", vec![0, 0]),
        ("30 05  00 01 61  12 34", vec![0x12, 0x34]),
        ("31 04  00 01 61  07", vec![7]),
        ("30 03  00 01 61", vec![]),
    ] {
        let Model::Publish { qos: 0, packet_id: None, payload: found, .. } = accepts(text) else {
            panic!("{text}")
        };
        assert_eq!(found, payload, "{text}");
    }
    let publish = Publish::at_most_once(TopicName::new("a").unwrap(), b"\0\0");
    assert_eq!(publish.delivery.packet_id(), None);
    round_trips("30 05  00 01 61  00 00", publish);
}
