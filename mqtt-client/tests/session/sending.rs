//! Messages to the Server.

use mqtt_client::session::{Doubt, Event, Outcome};

use crate::wire::{NEW, PRESENT, Wire, kept};

#[test]
fn mqtt_2_3_1_2_a_new_packet_has_an_identifier_that_is_not_in_use() {
    let mut wire = Wire::online(kept());
    wire.publish(1, "x", 1);
    wire.subscribe("a", 0, 2);
    wire.publish(2, "x", 3);
    wire.unsubscribe("a", 4);
    wire.sends("32 06 0001 61 0001 78  82 06 0002 0001 61 00  34 06 0001 61 0003 78  A2 05 0004 0001 61");
    // The Server's own are others.
    wire.receive("34 06 0001 61 0001 78");
    wire.sends("50 02 0001");
    wire.publish(1, "x", 5);
    wire.sends("32 06 0001 61 0005 78");
}

#[test]
fn mqtt_2_3_1_3_what_is_sent_again_keeps_its_identifier_until_it_is_answered() {
    let mut wire = Wire::online(kept());
    wire.publish(1, "x", 1);
    wire.publish(2, "y", 2);
    wire.subscribe("a", 0, 3);
    wire.unsubscribe("b", 4);
    wire.sent();
    for connack in [PRESENT, NEW, PRESENT] {
        wire.reconnect(connack);
        wire.sends("3A 06 0001 61 0001 78  3C 06 0001 61 0002 79  82 06 0003 0001 61 00  A2 05 0004 0001 62");
    }
    assert_eq!(wire.session.in_flight(), 4);
    wire.receive("50 02 0002");
    assert_eq!(wire.session.in_flight(), 4, "PUBREC does not free it");
    wire.receive("70 02 0002  40 02 0001  90 03 0003 00  B0 02 0004");
    assert_eq!(wire.session.in_flight(), 0);
}

#[test]
fn mqtt_3_3_1_1_what_is_sent_again_has_dup_and_nothing_else_has() {
    let mut wire = Wire::online(kept().in_flight(1));
    wire.publish(1, "x", 1);
    wire.publish(1, "y", 2);
    wire.sends("32 06 0001 61 0001 78");
    wire.reconnect(PRESENT);
    wire.sends("3A 06 0001 61 0001 78");
    wire.receive("40 02 0001");
    wire.sends("32 06 0001 61 0002 79");
}

#[test]
fn mqtt_4_1_0_1_the_session_lasts_over_connections_and_processes() {
    use mqtt_client::store::{Saved, SavedPublish, SavedState};
    use mqtt_codec::PacketId;
    let id = |id| PacketId::new(id).unwrap();
    let outgoing = vec![
        SavedPublish { number: 9, state: SavedState::Waiting(crate::wire::message(1, "w")) },
        SavedPublish { number: 7, state: SavedState::Released { packet_id: id(5), order: 3 } },
        SavedPublish { number: 8, state: SavedState::Sent(id(6), crate::wire::message(2, "s")) },
    ];
    let mut wire =
        Wire::restored(kept(), Saved { outgoing, held: vec![id(4)], accepted: 4, established: true });
    wire.connect(PRESENT);
    wire.sends("62 02 0005  3C 06 0001 61 0006 73  32 06 0001 61 0007 77");
    wire.receive("3C 06 0001 61 0004 78");
    wire.sends("50 02 0004");
    assert_eq!(wire.arrivals(), []);
}

#[test]
fn mqtt_4_3_1_1_at_qos_0_it_leaves_once_without_dup() {
    let mut wire = Wire::online(kept());
    wire.publish(0, "x", 1);
    wire.sends("30 04 0001 61 78");
    assert_eq!(wire.outcomes()[&1], Outcome::Delivered);
    wire.publish(0, "y", 2);
    wire.reconnect(PRESENT);
    wire.sends("");
    assert_eq!(wire.outcomes()[&2], Outcome::Uncertain(Doubt::ConnectionLost));
}

#[test]
fn mqtt_4_3_2_1_at_qos_1_it_is_unacknowledged_until_puback() {
    let mut wire = Wire::online(kept());
    wire.publish(1, "x", 1);
    wire.sends("32 06 0001 61 0001 78");
    assert!(wire.outcomes().is_empty());
    wire.receive("40 02 0001");
    assert_eq!(wire.outcomes()[&1], Outcome::Delivered);
    wire.reconnect(PRESENT);
    wire.sends("");
}

#[test]
fn mqtt_4_3_3_1_at_qos_2_it_is_never_sent_again_once_pubrel_was() {
    let mut wire = Wire::online(kept());
    wire.publish(2, "x", 1);
    wire.sends("34 06 0001 61 0001 78");
    wire.reconnect(PRESENT);
    wire.sends("3C 06 0001 61 0001 78");
    wire.receive("50 02 0001");
    wire.sends("62 02 0001");
    wire.reconnect(PRESENT);
    wire.sends("62 02 0001");
    wire.receive("50 02 0001");
    wire.sends("62 02 0001");
    assert!(wire.outcomes().is_empty());
    wire.receive("70 02 0001");
    assert_eq!(wire.outcomes()[&1], Outcome::Delivered);
}

#[test]
fn mqtt_4_3_3_1_a_session_that_is_lost_between_pubrec_and_pubcomp_leaves_doubt() {
    let mut wire = Wire::online(kept());
    wire.publish(2, "x", 1);
    wire.receive("50 02 0001");
    wire.reconnect(NEW);
    assert!(wire.events().contains(&Event::SessionLost));
    wire.sends("62 02 0001");
    wire.receive("70 02 0001");
    assert_eq!(wire.outcomes()[&1], Outcome::Uncertain(Doubt::SessionLost));
}

#[test]
fn mqtt_4_4_0_1_all_that_is_unacknowledged_is_sent_again_before_anything_new() {
    let mut wire = Wire::online(kept().in_flight(3));
    for (qos, payload, tag) in [(2, "a", 1), (1, "b", 2), (2, "c", 3), (1, "d", 4)] {
        wire.publish(qos, payload, tag);
    }
    wire.receive("50 02 0001");
    wire.sent();
    wire.session.connection_lost();
    wire.publish(0, "e", 5);
    wire.connect(PRESENT);
    wire.sends("62 02 0001  3A 06 0001 61 0002 62  3C 06 0001 61 0003 63");
    assert_eq!(wire.session.resent(), 3);
    wire.receive("70 02 0001");
    wire.sends("32 06 0001 61 0004 64  30 04 0001 61 65");
}

#[test]
fn mqtt_4_6_0_1_what_is_sent_again_keeps_its_order_however_often() {
    let mut wire = Wire::online(kept());
    for (tag, payload) in ["a", "b", "c", "d"].into_iter().enumerate() {
        wire.publish(1 + u8::try_from(tag % 2).unwrap(), payload, u32::try_from(tag).unwrap());
    }
    wire.receive("40 02 0003");
    wire.sent();
    for _ in 0..5 {
        wire.reconnect(PRESENT);
        wire.sends("3A 06 0001 61 0001 61  3C 06 0001 61 0002 62  3C 06 0001 61 0004 64");
    }
}

#[test]
fn mqtt_4_6_0_4_pubrels_leave_in_the_order_of_their_pubrecs() {
    let mut wire = Wire::online(kept());
    for (tag, payload) in ["a", "b", "c", "d"].into_iter().enumerate() {
        wire.publish(2, payload, u32::try_from(tag).unwrap());
    }
    wire.sent();
    wire.receive("50 02 0003  50 02 0001  50 02 0004");
    wire.sends("62 02 0003  62 02 0001  62 02 0004");
    wire.reconnect(PRESENT);
    wire.sends("62 02 0003  3C 06 0001 61 0002 62  62 02 0001  62 02 0004");
}
