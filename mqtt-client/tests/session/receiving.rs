//! Messages from the Server.

use mqtt_client::store::Change;
use mqtt_codec::PacketId;

use crate::wire::{NEW, PRESENT, Wire, kept};

#[test]
fn mqtt_2_3_1_6_answers_repeat_the_identifier() {
    let mut wire = Wire::online(kept());
    wire.receive("32 06 0001 61 FFFF 78  34 06 0001 61 0102 78  62 02 0102  62 02 0304  50 02 0506");
    wire.sends("40 02 FFFF  50 02 0102  70 02 0102  70 02 0304  62 02 0506");
}

#[test]
fn mqtt_3_3_4_1_the_answer_follows_the_qos() {
    let mut wire = Wire::online(kept());
    wire.receive("30 04 0001 61 78");
    wire.sends("");
    wire.receive("32 06 0001 61 0001 78");
    wire.sends("40 02 0001");
    wire.receive("34 06 0001 61 0001 78");
    wire.sends("50 02 0001");
    assert_eq!(wire.payloads(), ["x", "x", "x"]);
}

#[test]
fn mqtt_4_3_2_2_at_qos_1_the_same_identifier_is_a_new_message_whatever_dup_says() {
    let mut wire = Wire::online(kept());
    wire.receive("32 06 0001 61 0001 78  3A 06 0001 61 0001 79  32 06 0001 61 0001 7A");
    wire.sends("40 02 0001  40 02 0001  40 02 0001");
    assert_eq!(wire.payloads(), ["x", "y", "z"]);
}

#[test]
fn mqtt_4_3_3_2_at_qos_2_it_is_handed_over_once_until_pubrel() {
    let mut wire = Wire::online(kept());
    for connack in [PRESENT, PRESENT] {
        wire.receive("34 06 0001 61 0001 78  3C 06 0001 61 0001 78");
        wire.sends("50 02 0001  50 02 0001");
        wire.reconnect(connack);
        wire.receive("3C 06 0001 61 0001 78");
        wire.sends("50 02 0001");
        wire.receive("62 02 0001  62 02 0001");
        wire.sends("70 02 0001  70 02 0001");
        assert_eq!(wire.payloads(), ["x"]);
    }
    // A session that the Server lost has no identifiers.
    wire.receive("34 06 0001 61 0001 78");
    wire.reconnect(NEW);
    wire.receive("34 06 0001 61 0001 79");
    assert_eq!(wire.payloads(), ["x", "y"]);
}

#[test]
fn mqtt_4_3_3_2_what_makes_it_once_is_stored_before_the_answers_leave() {
    let mut wire = Wire::restored(kept(), Default::default());
    wire.connect(NEW);
    assert_eq!(wire.changes(), [Change::Established]);
    let id = PacketId::MIN;
    wire.receive("34 06 0001 61 0001 78");
    assert_eq!(wire.changes(), [Change::Held(id)]);
    wire.receive("62 02 0001");
    assert_eq!(wire.changes(), [Change::Unheld(id)]);
    wire.receive("34 06 0001 61 0001 78");
    wire.changes();
    wire.reconnect(NEW);
    assert_eq!(wire.changes(), [Change::AllUnheld]);
}

#[test]
fn mqtt_4_5_0_2_a_message_that_nobody_asked_for_is_acknowledged() {
    let mut wire = Wire::online(kept());
    wire.receive("32 06 0001 7A 0001 78  34 06 0001 7A 0002 78");
    wire.sends("40 02 0001  50 02 0002");
    assert_eq!(wire.arrivals().len(), 2);
}

#[test]
fn mqtt_4_6_0_2_pubacks_leave_in_the_order_of_the_messages() {
    order_of("32 06 0001 61", "40 02");
}

#[test]
fn mqtt_4_6_0_3_pubrecs_leave_in_the_order_of_the_messages() {
    order_of("34 06 0001 61", "50 02");
}

/// Three messages, which the user acknowledges in every order.
fn order_of(publish: &str, acknowledgement: &str) {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut wire = Wire::online(kept().manual_acknowledgement(true));
        for id in ["0007", "0003", "0005"] {
            wire.receive(&format!("{publish} {id} 78"));
        }
        let given = wire.acknowledgements();
        wire.sends("");
        let mut sent = vec![];
        for (done, which) in order.into_iter().enumerate() {
            wire.session.acknowledge(given[which]);
            wire.session.acknowledge(given[which]);
            sent.extend(wire.sent());
            // What is acknowledged leaves when all before it is.
            let acknowledged = &order[..=done];
            let leading = (0..3).take_while(|at| acknowledged.contains(at)).count();
            assert_eq!(sent.len(), 4 * leading);
        }
        let expected: String = ["0007", "0003", "0005"].map(|id| format!("{acknowledgement} {id}")).concat();
        assert_eq!(sent, crate::wire::hex(&expected));
    }
}

#[test]
fn mqtt_4_3_3_2_with_manual_acknowledgement_a_message_is_the_same_over_connections() {
    let mut wire = Wire::online(kept().manual_acknowledgement(true));
    wire.receive("34 06 0001 61 0001 78  32 06 0001 61 0002 79");
    let given = wire.acknowledgements();
    wire.reconnect(PRESENT);
    wire.receive("3A 06 0001 61 0002 79  3C 06 0001 61 0001 78");
    // At QoS 2 the acknowledgement that the user has is good; at QoS 1 it is not.
    let again = wire.acknowledgements();
    assert_eq!(again.len(), 1);
    wire.session.acknowledge(given[1]);
    wire.session.acknowledge(given[0]);
    wire.sends("");
    wire.session.acknowledge(again[0]);
    wire.sends("40 02 0002  50 02 0001");
}
