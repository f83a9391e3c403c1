//! 3.6, 3.9, 3.14, and what breaks the protocol in any packet: 4.8.

use mqtt_codec::{
    Fault, Field, Packet, PacketId, PacketType, QoS, ReturnCodes, Side, Suback, SubackReturnCode,
};

use crate::common::model::Model;
use crate::common::{encoded, hex};
use crate::{accepts, rejects, rejects_from, round_trips};

#[test]
fn mqtt_3_6_1_1_flags_of_pubrel_are_0010() {
    for flags in (0..16).filter(|&flags| flags != 2) {
        let fault = Fault::WrongFlags(PacketType::Pubrel);
        rejects(&format!("6{flags:X} 02  00 01"), fault, Field::FixedHeader, 0);
    }
    round_trips("62 02  00 01", Packet::Pubrel(PacketId::MIN));
}

#[test]
fn mqtt_3_9_3_2_suback_codes_are_the_listed_ones() {
    for code in (0..=255).filter(|code| ![0, 1, 2, 0x80].contains(code)) {
        let fault = Fault::ReservedSubackCode;
        rejects(&format!("90 03  00 01  {code:02X}"), fault, Field::SubackReturnCode, 4);
        rejects(&format!("90 05  00 01  00 80 {code:02X}"), fault, Field::SubackReturnCode, 6);
        assert_eq!(SubackReturnCode::from_u8(code), None);
    }
    let codes = [
        SubackReturnCode::Granted(QoS::AtMostOnce),
        SubackReturnCode::Granted(QoS::AtLeastOnce),
        SubackReturnCode::Granted(QoS::ExactlyOnce),
        SubackReturnCode::Failure,
    ];
    let suback = Suback { packet_id: PacketId::MIN, return_codes: ReturnCodes::new(&codes).unwrap() };
    round_trips("90 06  00 01  00 01 02 80", suback);
    // At least one.
    rejects("90 02  00 01", Fault::ImpossibleLength(PacketType::Suback), Field::RemainingLength, 1);
    assert_eq!(ReturnCodes::new(&[]), None);
}

#[test]
fn mqtt_3_14_1_1_reserved_flags_of_disconnect_are_0() {
    for flags in 1..16 {
        let fault = Fault::WrongFlags(PacketType::Disconnect);
        rejects(&format!("E{flags:X} 00"), fault, Field::FixedHeader, 0);
    }
    round_trips("E0 00", Packet::Disconnect);
}

#[test]
fn mqtt_4_8_0_1_reserved_types_are_refused() {
    for flags in 0..16 {
        for text in [format!("0{flags:X} 00"), format!("F{flags:X} 00"), format!("F{flags:X} 02 00 01")] {
            rejects(&text, Fault::ReservedType, Field::FixedHeader, 0);
        }
    }
}

#[test]
fn mqtt_4_8_0_1_a_packet_from_the_wrong_side_is_refused() {
    let client = [
        (PacketType::Connect, "10 0C  00 04 4D515454 04 02 0000  00 00"),
        (PacketType::Subscribe, "82 06  00 01  00 01 61 00"),
        (PacketType::Unsubscribe, "A2 05  00 01  00 01 61"),
        (PacketType::Pingreq, "C0 00"),
        (PacketType::Disconnect, "E0 00"),
    ];
    let server = [
        (PacketType::Connack, "20 02  00 00"),
        (PacketType::Suback, "90 03  00 01  00"),
        (PacketType::Unsuback, "B0 02  00 01"),
        (PacketType::Pingresp, "D0 00"),
    ];
    let both = ["30 03  00 01 61", "40 02  00 01", "50 02  00 01", "62 02  00 01", "70 02  00 01"];
    for (packet_type, text) in client {
        let fault = Fault::WrongSender(packet_type, Side::Server);
        rejects_from(Side::Server, text, fault, Field::FixedHeader, 0);
        rejects_from(Side::Server, &text[..2], fault, Field::FixedHeader, 0);
        accepts_from(Side::Client, text);
    }
    for (packet_type, text) in server {
        let fault = Fault::WrongSender(packet_type, Side::Client);
        rejects_from(Side::Client, text, fault, Field::FixedHeader, 0);
        accepts_from(Side::Server, text);
    }
    for text in both {
        accepts_from(Side::Client, text);
        accepts_from(Side::Server, text);
    }
    assert_eq!(client.len() + server.len() + both.len(), PacketType::ALL.len());
}

#[track_caller]
fn accepts_from(side: Side, text: &str) {
    let bytes = hex(text);
    let decoded = mqtt_codec::Decoder::new().sent_by(side).decode(&bytes);
    let Ok(mqtt_codec::Decoded::Packet(packet, _)) = decoded else { panic!("{text}: {decoded:?}") };
    assert_eq!(encoded(&packet), Ok(hex(text)));
}

#[test]
fn mqtt_4_8_0_1_a_remaining_length_has_at_most_four_bytes() {
    for first in ["10", "20", "30", "62", "82", "C0", "E0"] {
        for last in ["80", "FF"] {
            let fault = Fault::RemainingLengthTooLong;
            rejects(&format!("{first} 80 80 80 {last}"), fault, Field::RemainingLength, 4);
            rejects(&format!("{first} FF FF FF {last} 00"), fault, Field::RemainingLength, 4);
        }
    }
}

#[test]
fn mqtt_4_8_0_1_a_packet_ends_after_its_last_field() {
    for (packet_type, text) in [
        (PacketType::Connack, "20 03  00 00  00"),
        (PacketType::Puback, "40 03  00 01  00"),
        (PacketType::Pubrec, "50 04  00 01  0000"),
        (PacketType::Pubrel, "62 03  00 01  00"),
        (PacketType::Pubcomp, "70 01  00"),
        (PacketType::Unsuback, "B0 03  00 01  00"),
        (PacketType::Pingreq, "C0 01  00"),
        (PacketType::Pingresp, "D0 01  00"),
        (PacketType::Disconnect, "E0 02  0000"),
        (PacketType::Connack, "20 00"),
        (PacketType::Puback, "40 00"),
        (PacketType::Unsuback, "B0 01  00"),
    ] {
        rejects(text, Fault::ImpossibleLength(packet_type), Field::RemainingLength, 1);
    }
    // The identifier of a PUBLISH is followed by payload, so nothing is left over there.
    let Model::Publish { payload, .. } = accepts("32 06  00 01 61  00 01  00") else { panic!("a PUBLISH") };
    assert_eq!(payload, [0]);
}
