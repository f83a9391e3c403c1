//! What a Server may not do ends the connection, with the clause and without DISCONNECT.

use mqtt_client::session::{ConnectionError, Tag, Violation};
use mqtt_client::{QoS, SubackReturnCode};
use mqtt_codec::{ConnectReturnCode, PacketId, PacketType};

use crate::wire::{NEW, PRESENT, Wire, clean, filter, kept, message};

fn id(number: u16) -> PacketId {
    PacketId::new(number).unwrap()
}

#[test]
fn mqtt_3_2_0_1_the_first_packet_of_a_server_is_connack_and_there_is_one() {
    for first in ["D0 00", "30 03 0001 61", "40 02 0001"] {
        let mut wire = Wire::offline(clean());
        wire.open();
        let packet_type = PacketType::of_first_byte(crate::wire::hex(first)[0]).unwrap();
        wire.breaks(first, Violation::NotConnack(packet_type));
    }
    Wire::online(clean()).breaks(NEW, Violation::SecondConnack);
}

#[test]
fn mqtt_3_2_2_1_clean_session_has_no_session_present() {
    let mut wire = Wire::offline(clean());
    wire.open();
    wire.breaks(PRESENT, Violation::SessionPresentAfterCleanSession);
}

#[test]
fn mqtt_3_2_2_5_a_refusal_is_told_with_its_code() {
    for code in 1..=5 {
        let mut wire = Wire::offline(clean());
        wire.open();
        let refusal = ConnectReturnCode::from_u8(code).unwrap();
        wire.breaks(&format!("20 02 00 0{code}"), ConnectionError::Refused(refusal));
    }
}

#[test]
fn mqtt_4_8_0_1_malformed_packets_and_those_of_clients_end_the_connection() {
    for (bytes, clause) in [
        ("36 05 0001 61 0001", "MQTT-3.3.1-4"),
        ("38 03 0001 61", "MQTT-3.3.1-2"),
        ("32 05 0001 61 0000", "MQTT-2.3.1-1"),
        ("30 03 0001 23", "MQTT-3.3.2-2"),
        ("30 03 0001 00", "MQTT-1.5.3-2"),
        ("30 03 0001 FF", "MQTT-1.5.3-1"),
        ("60 02 0001", "MQTT-3.6.1-1"),
        ("41 02 0001", "MQTT-2.2.2-1"),
        ("90 03 0001 03", "MQTT-3.9.3-2"),
        ("C0 00", "MQTT-4.8.0-1"),
        ("E0 00", "MQTT-4.8.0-1"),
        ("82 06 0001 0001 61 00", "MQTT-4.8.0-1"),
        ("00 00", "MQTT-4.8.0-1"),
    ] {
        Wire::online(kept()).breaks_as_malformed(bytes, Some(clause));
    }
}

#[test]
fn mqtt_2_3_1_6_another_acknowledgement_than_is_awaited_ends_the_connection() {
    let wrong = |qos, answer: &str, received, expected| {
        let mut wire = Wire::online(kept());
        wire.session.publish(message(qos, "x"), None).unwrap();
        let packet_id = id(1);
        wire.breaks(answer, Violation::WrongAcknowledgement { received, packet_id, expected });
    };
    wrong(1, "50 02 0001", PacketType::Pubrec, PacketType::Puback);
    wrong(1, "70 02 0001", PacketType::Pubcomp, PacketType::Puback);
    wrong(2, "40 02 0001", PacketType::Puback, PacketType::Pubrec);
    wrong(2, "70 02 0001", PacketType::Pubcomp, PacketType::Pubrec);
    wrong(2, "90 03 0001 00", PacketType::Suback, PacketType::Pubrec);
}

#[test]
fn mqtt_3_8_4_5_suback_has_a_code_for_each_filter_and_none_above_what_was_asked() {
    let packet_id = id(1);
    for (suback, received) in [("90 03 0001 00", 1), ("90 05 0001 00 00 00", 3)] {
        let mut wire = Wire::online(kept());
        let filters = vec![(filter("a"), QoS::AtMostOnce), (filter("b"), QoS::AtMostOnce)];
        wire.session.subscribe(filters, Tag(0)).unwrap();
        wire.breaks(suback, Violation::ReturnCodeCount { packet_id, requested: 2, received });
    }
    let mut wire = Wire::online(kept());
    wire.session.subscribe(vec![(filter("a"), QoS::AtMostOnce)], Tag(0)).unwrap();
    wire.breaks("90 03 0001 01", Violation::GrantedAboveRequested { packet_id });
    assert_eq!(SubackReturnCode::from_u8(1), Some(SubackReturnCode::Granted(QoS::AtLeastOnce)));
}

#[test]
fn mqtt_2_3_1_7_an_answer_to_nothing_ends_the_connection() {
    let packet_id = id(9);
    for (answer, received) in [("90 03 0009 00", PacketType::Suback), ("B0 02 0009", PacketType::Unsuback)] {
        Wire::online(kept()).breaks(answer, Violation::NothingAsked { received, packet_id });
    }
}

#[test]
fn mqtt_4_8_0_1_what_stood_before_the_fault_is_not_lost() {
    let mut wire = Wire::online(kept());
    assert!(wire.try_receive("30 04 0001 61 78  30 04 0001 61 79  F0 00").is_err());
    assert_eq!(wire.payloads(), ["x", "y"]);
}
