//! The bounds that we chose: what may wait, and how long one waits.

use std::time::Duration;

use mqtt_client::session::{ConnectionError, Refused};

use crate::wire::{NEW, Wire, kept, message};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn so_many_messages_wait_and_no_more() {
    let mut wire = Wire::offline(kept().queue(3, 1_000));
    for _ in 0..3 {
        assert!(wire.session.has_room());
        wire.session.publish(message(1, "x"), None).unwrap();
    }
    assert!(!wire.session.has_room());
    assert_eq!(wire.session.publish(message(0, "y"), None), Err(Refused::Full(message(0, "y"))));
    wire.connect(NEW);
    assert!(wire.session.has_room());
}

#[test]
fn so_many_bytes_wait_and_one_message_more() {
    // Topic and payload have ten bytes.
    let ten = message(1, "123456789");
    let mut wire = Wire::offline(kept().in_flight(100).queue(100, 25));
    // What has left does not count any more.
    for _ in 0..10 {
        for _ in 0..3 {
            wire.session.publish(ten.clone(), None).unwrap();
        }
        assert!(!wire.session.has_room());
        assert_eq!(wire.session.publish(ten.clone(), None), Err(Refused::Full(ten.clone())));
        wire.connect(NEW);
        assert_eq!(wire.session.waiting(), 0);
        wire.session.connection_lost();
    }
}

#[test]
fn connack_has_its_time() {
    let mut wire = Wire::offline(kept().connack_timeout(3 * SECOND));
    wire.open();
    assert_eq!(wire.session.deadline(), Some(wire.now + 3 * SECOND));
    wire.pass(3 * SECOND - Duration::from_nanos(1));
    assert_eq!(wire.session.handle_timeout(wire.now), Ok(()));
    wire.pass(Duration::from_nanos(1));
    assert_eq!(wire.session.handle_timeout(wire.now), Err(ConnectionError::NoConnack));
}

#[test]
fn pingresp_has_its_time_from_the_first_ping_on() {
    let mut wire = Wire::online(kept().keep_alive(8).pingresp_timeout(20 * SECOND));
    let start = wire.now;
    let end = loop {
        wire.pass(SECOND);
        if let Err(error) = wire.session.handle_timeout(wire.now) {
            assert_eq!(error, ConnectionError::NoPingresp);
            break wire.now - start;
        }
        wire.sent();
    };
    assert_eq!(end, 27 * SECOND);
}
