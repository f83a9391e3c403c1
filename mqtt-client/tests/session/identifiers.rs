//! Packet Identifiers when they run out and wrap around.

use crate::wire::{PRESENT, Wire, kept, message};

/// Acknowledges at QoS 1.
fn puback(id: u16) -> String {
    format!("40 02 {id:04x}")
}

/// The identifier of the PUBLISH with topic `a` and a payload of one byte that was sent.
fn sent_id(wire: &mut Wire) -> Option<u16> {
    let sent = wire.sent();
    assert!(sent.is_empty() || sent.len() == 8, "one PUBLISH");
    sent.get(5..7).map(|id| u16::from_be_bytes([id[0], id[1]]))
}

#[test]
fn an_exchange_that_stays_open_keeps_its_identifier_while_the_others_wrap_around() {
    let mut wire = Wire::online(kept());
    wire.publish(2, "x", 0);
    assert_eq!(sent_id(&mut wire), Some(1));
    wire.receive("50 02 0001");
    wire.sends("62 02 0001");
    for count in 0..200_000_u32 {
        wire.session.publish(message(1, "y"), None).unwrap();
        let id = sent_id(&mut wire).unwrap();
        assert_eq!(u32::from(id), count % 65_534 + 2, "0 and 1 are passed over");
        wire.receive(&puback(id));
    }
    wire.receive("70 02 0001");
    assert_eq!(wire.outcomes().len(), 1);
}

#[test]
fn with_all_identifiers_in_use_messages_wait_and_take_what_becomes_free() {
    let mut wire = Wire::online(kept().in_flight(65_535));
    for expected in 1..=65_535 {
        wire.session.publish(message(1, "x"), None).unwrap();
        assert_eq!(sent_id(&mut wire), Some(expected));
    }
    for _ in 0..3 {
        wire.session.publish(message(1, "y"), None).unwrap();
        assert_eq!(sent_id(&mut wire), None);
    }
    assert!(
        wire.session
            .subscribe(
                vec![(crate::wire::filter("a"), mqtt_client::QoS::AtMostOnce)],
                mqtt_client::session::Tag(0)
            )
            .is_err()
    );
    for id in [65_535, 1, 40_000] {
        wire.receive(&puback(id));
        assert_eq!(sent_id(&mut wire), Some(id));
    }
    assert_eq!(wire.session.in_flight(), 65_535);
    // Over a reconnect too: the same identifiers, in the order of the messages.
    wire.reconnect(PRESENT);
    let sent = wire.sent();
    let again: Vec<u16> =
        sent.chunks(8).map(|publish| u16::from_be_bytes([publish[5], publish[6]])).collect();
    assert!(sent.chunks(8).all(|publish| publish[0] == 0x3A), "DUP");
    let free = [65_535, 1, 40_000];
    let expected: Vec<u16> = (1..=65_535).filter(|id| !free.contains(id)).chain(free).collect();
    assert_eq!(again, expected);
}
