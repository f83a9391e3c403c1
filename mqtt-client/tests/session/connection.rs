//! Connecting, Keep Alive, the end of a connection, and what a Server may not do.

use std::time::Duration;

use bytes::BytesMut;
use mqtt_client::session::{ConnectionError, Event, Outcome, Session, Violation};
use mqtt_client::{Message, OptionsError, QoS, SessionOptions};
use mqtt_codec::{EncodeError, PacketId, PacketType};

use crate::wire::{NEW, PRESENT, Wire, clean, filter, hex, kept};

#[test]
fn mqtt_3_1_0_1_the_first_packet_is_connect() {
    let mut wire = Wire::offline(kept().keep_alive(60));
    wire.publish(1, "x", 1);
    wire.subscribe("a", 0, 2);
    wire.sends("");
    for _ in 0..2 {
        wire.open();
        wire.publish(0, "y", 3);
        wire.sends("10 0D 0004 4D515454 04 00 003C 0001 63");
        wire.session.connection_lost();
    }
}

#[test]
fn mqtt_3_1_2_4_without_clean_session_the_session_goes_on() {
    let mut wire = Wire::online(kept());
    wire.publish(1, "x", 1);
    wire.publish(2, "y", 2);
    wire.receive("34 06 0001 61 0009 7A");
    wire.sent();
    wire.reconnect(PRESENT);
    wire.sends("3A 06 0001 61 0001 78  3C 06 0001 61 0002 79");
    assert_eq!(wire.events(), [Event::Connected { session_present: true }]);
    assert_eq!(wire.payloads(), ["z"]);
    wire.receive("3C 06 0001 61 0009 7A");
    wire.sends("50 02 0009");
    assert_eq!(wire.payloads(), Vec::<String>::new());
}

#[test]
fn mqtt_3_1_2_6_with_clean_session_nothing_of_the_old_one_is_used() {
    let mut wire = Wire::online(clean());
    for (qos, tag) in [(1, 1), (2, 2), (2, 3)] {
        wire.publish(qos, "x", tag);
    }
    wire.receive("50 02 0003  34 06 0001 61 0009 7A");
    wire.sent();
    wire.arrivals();
    wire.reconnect(NEW);
    // At QoS 1 it is a new message with a new identifier; at QoS 2 nobody knows whether the Server has it.
    wire.sends("32 06 0001 61 0004 78");
    let outcomes = wire.outcomes();
    assert!(matches!(outcomes[&2], Outcome::Uncertain(_)) && matches!(outcomes[&3], Outcome::Uncertain(_)));
    // The identifier is that of a new message.
    wire.receive("34 06 0001 61 0009 7A");
    assert_eq!(wire.payloads(), ["z"]);
}

#[test]
fn mqtt_3_1_2_23_a_pause_is_never_longer_than_keep_alive() {
    let mut wire = Wire::offline(kept().keep_alive(8));
    wire.connect(NEW);
    for _ in 0..20 {
        wire.pass(wire.session.deadline().unwrap() - wire.now);
        wire.session.handle_timeout(wire.now).unwrap();
        wire.sends("C0 00");
        // What comes is no reason to be silent.
        wire.receive("D0 00  30 04 0001 61 78");
        assert!(wire.session.deadline().unwrap() <= wire.now + Duration::from_secs(8));
    }
    // What is sent is.
    for _ in 0..20 {
        wire.pass(Duration::from_secs(6));
        wire.session.handle_timeout(wire.now).unwrap();
        wire.sends("");
        wire.publish(0, "x", 1);
        assert_eq!(wire.sent().len(), 6);
    }
}

#[test]
fn mqtt_3_1_3_2_every_connection_has_the_same_client_identifier() {
    let mut wire = Wire::offline(kept());
    for _ in 0..3 {
        wire.open();
        wire.sends("10 0D 0004 4D515454 04 00 0000 0001 63");
        wire.receive(PRESENT);
        wire.session.connection_lost();
    }
}

#[test]
fn mqtt_3_1_3_7_an_empty_client_identifier_needs_clean_session() {
    let empty = SessionOptions::new("");
    assert!(Session::new(empty.clone()).is_ok());
    let refused = Session::new(empty.clean_session(false)).unwrap_err();
    assert_eq!(refused, OptionsError::Connect(EncodeError::EmptyClientId));
}

#[test]
fn mqtt_3_2_0_1_the_server_begins_with_connack_and_sends_one() {
    for (bytes, packet_type) in [
        ("30 04 0001 61 78", PacketType::Publish),
        ("D0 00", PacketType::Pingresp),
        ("90 03 0001 00", PacketType::Suback),
    ] {
        let mut wire = Wire::offline(kept());
        wire.open();
        wire.breaks(bytes, Violation::NotConnack(packet_type));
        assert_eq!(wire.arrivals(), []);
    }
    Wire::online(kept()).breaks(NEW, Violation::SecondConnack);
}

#[test]
fn mqtt_3_2_2_1_no_session_is_present_after_clean_session() {
    let mut wire = Wire::offline(clean());
    wire.open();
    wire.breaks(PRESENT, Violation::SessionPresentAfterCleanSession);
    assert_eq!(wire.events(), []);
}

#[test]
fn mqtt_3_2_2_4_a_refusal_has_no_session() {
    let mut wire = Wire::offline(kept());
    wire.open();
    wire.breaks_as_malformed("20 02 01 05", Some("MQTT-3.2.2-4"));
    for code in 1..=255 {
        let mut wire = Wire::offline(kept());
        wire.open();
        wire.sent();
        match wire.try_receive(&format!("20 02 00 {code:02x}")) {
            Err(ConnectionError::Refused(refused)) => assert_eq!(refused.as_u8(), code),
            other => panic!("{code}: {other:?}"),
        }
        wire.sends("");
    }
}

#[test]
fn mqtt_2_2_2_2_wrong_flags_end_the_connection() {
    for bytes in ["41 02 00 01", "60 02 00 01", "91 03 0001 00", "D1 00", "36 06 0001 61 0001 78"] {
        let mut wire = Wire::online(kept());
        wire.sent();
        assert!(matches!(
            wire.try_receive(&bytes[..2]),
            Err(ConnectionError::Violation(Violation::Malformed(_)))
        ));
        wire.sends("");
    }
}

#[test]
fn mqtt_3_14_4_1_a_disconnected_session_expects_nothing_more() {
    let mut wire = Wire::online(kept().keep_alive(8));
    wire.session.disconnect();
    wire.sends("E0 00");
    assert!(!wire.session.is_online());
    assert_eq!(wire.session.deadline(), None);
    wire.receive("30 04 0001 61 78");
    assert_eq!(wire.arrivals(), []);
}

#[test]
fn mqtt_3_14_4_2_nothing_follows_disconnect() {
    let mut wire = Wire::online(kept().keep_alive(8));
    wire.publish(2, "x", 1);
    wire.session.disconnect();
    wire.sends("34 06 0001 61 0001 78  E0 00");
    wire.publish(0, "y", 2);
    wire.publish(1, "z", 3);
    wire.subscribe("a", 0, 4);
    wire.session.disconnect();
    wire.pass(Duration::from_secs(100));
    wire.session.handle_timeout(wire.now).unwrap();
    wire.session.send_waiting();
    wire.receive("50 02 0001  62 02 0007  32 06 0001 61 0001 78");
    wire.sends("");
    // It goes on with the next connection.
    wire.reconnect(PRESENT);
    let rest = "3C 06 0001 61 0001 78  82 06 0002 0001 61 00  30 04 0001 61 79  32 06 0001 61 0003 7A";
    wire.sends(rest);
}

#[test]
fn mqtt_4_8_0_1_a_violation_ends_the_connection_without_disconnect() {
    let wrong =
        |received, expected| Violation::WrongAcknowledgement { received, packet_id: PacketId::MIN, expected };
    let mut wire = Wire::online(kept());
    wire.publish(1, "x", 1);
    wire.breaks("50 02 0001", wrong(PacketType::Pubrec, PacketType::Puback));
    // What stood before the fault was done.
    wire.connect(PRESENT);
    wire.sent();
    assert!(wire.try_receive("40 02 0001  F0 00  30 04 0001 61 78").is_err());
    assert_eq!(wire.outcomes()[&1], Outcome::Delivered);
    assert_eq!(wire.arrivals(), []);
    // A packet above the bound that we chose breaks no clause.
    let mut wire = Wire::online(kept().max_packet_len(8));
    wire.receive("30 06 0001 61 787878");
    wire.breaks_as_malformed("30 07", None);
}

#[test]
fn mqtt_6_0_0_2_bytes_can_come_in_any_pieces() {
    let stream = hex("20 02 01 00  30 04 0001 61 78  34 06 0001 61 0001 79  62 02 0001  D0 00");
    for step in 1..=stream.len() {
        let mut session = Session::new(kept()).unwrap();
        let now = std::time::Instant::now();
        session.connection_opened(now);
        let mut received = BytesMut::new();
        for part in stream.chunks(step) {
            received.extend_from_slice(part);
            session.handle_bytes(now, &mut received).unwrap();
        }
        assert!(received.is_empty());
        let payloads: Vec<_> = session.take_arrivals().into_iter().map(|it| it.message.payload).collect();
        assert_eq!(payloads, ["x", "y"]);
    }
}

#[test]
fn mqtt_7_1_2_1_any_ordered_lossless_stream_will_do() {
    // One byte at a time is written, and one is read.
    let mut wire = Wire::offline(kept());
    wire.publish(0, "x", 1);
    wire.open();
    let mut out = mqtt_client::session::Outbox::default();
    wire.session.take_outbox(&mut out);
    assert_eq!(out.len(), 15);
    (0..15).for_each(|_| wire.session.written(wire.now, 1));
    for byte in ["20", "02", "00", "00"] {
        wire.try_receive(byte).unwrap();
    }
    let mut out = mqtt_client::session::Outbox::default();
    wire.session.take_outbox(&mut out);
    for left in (0..out.len()).rev() {
        assert!(wire.outcomes().is_empty());
        wire.session.written(wire.now, 1);
        if left == 0 {
            assert_eq!(wire.outcomes()[&1], Outcome::Delivered);
        }
    }
}

#[test]
fn mqtt_3_8_4_5_suback_has_a_code_for_each_filter_and_grants_no_more_than_asked() {
    let packet_id = PacketId::MIN;
    for (codes, violation) in [
        ("90 03 0001 00", Violation::ReturnCodeCount { packet_id, requested: 2, received: 1 }),
        ("90 05 0001 00 00 00", Violation::ReturnCodeCount { packet_id, requested: 2, received: 3 }),
        ("90 04 0001 02 00", Violation::GrantedAboveRequested { packet_id }),
    ] {
        let mut wire = Wire::online(kept());
        let filters = vec![(filter("a"), QoS::AtLeastOnce), (filter("b"), QoS::ExactlyOnce)];
        wire.session.subscribe(filters, mqtt_client::session::Tag(1)).unwrap();
        wire.breaks(codes, violation);
        // The question stands.
        wire.connect(PRESENT);
        wire.sends("82 0A 0001 0001 61 01 0001 62 02");
        wire.receive("90 04 0001 00 80");
        assert!(matches!(wire.events().last(), Some(Event::Subscribed { .. })));
    }
}

#[test]
fn mqtt_3_8_4_2_an_answer_belongs_to_the_request_with_its_identifier() {
    let mut wire = Wire::online(kept());
    wire.subscribe("a", 0, 1);
    wire.unsubscribe("b", 2);
    wire.receive("B0 02 0002  90 03 0001 00");
    let tags: Vec<_> = wire.events().iter().map(|event| matches!(event, Event::Subscribed { .. })).collect();
    assert_eq!(tags, [false, true]);
    wire.breaks(
        "B0 02 0002",
        Violation::NothingAsked { received: PacketType::Unsuback, packet_id: PacketId::MIN.next() },
    );
}

#[test]
fn mqtt_3_1_2_9_a_will_is_in_connect_with_topic_message_qos_and_retain() {
    let will = Message::new("w", "m").unwrap().qos(QoS::ExactlyOnce).retain(true);
    let mut wire = Wire::offline(clean().will(will).login("u", Some("p".into())));
    wire.open();
    wire.sends("10 19 0004 4D515454 04 F6 0000 0001 63 0001 77 0001 6D 0001 75 0001 70");
}
