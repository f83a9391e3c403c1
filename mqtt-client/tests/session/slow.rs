//! A network that takes bytes slowly, or not at all.

use std::time::Duration;

use bytes::Buf;
use mqtt_client::session::{ConnectionError, Event, Outbox, Outcome, Tag};
use mqtt_client::{Message, QoS};

use crate::wire::{PRESENT, Wire, kept};

/// Keep Alive.
const PERIOD: Duration = Duration::from_secs(8);
const STEP: Duration = Duration::from_millis(100);
/// So much of a message is taken in each step.
const PART: usize = 1_000;

/// Sends a message of so many parts over a network that takes one each step, so many in all, and PINGREQ with the last. Gives
/// when it took the last byte, and the end.
fn send_slowly(
    wire: &mut Wire,
    parts: usize,
    taken: usize,
) -> (Duration, Result<(), ConnectionError>, Duration) {
    let message = Message::new("a", vec![7; parts * PART]).unwrap().qos(QoS::AtLeastOnce);
    wire.session.publish(message, Some(Tag(1))).unwrap();
    let start = wire.now;
    let mut out = Outbox::default();
    let mut left = taken * PART;
    let mut last = Duration::ZERO;
    loop {
        if let Err(error) = wire.session.handle_timeout(wire.now) {
            return (last, Err(error), wire.now - start);
        }
        if out.is_empty() {
            wire.session.take_outbox(&mut out);
        }
        let len = out.len().min(PART).min(left);
        if len > 0 {
            out.advance(len);
            left -= len;
            wire.session.written(wire.now, len);
            last = wire.now - start;
        }
        if out.is_empty() && !wire.session.wants_to_send() {
            return (last, Ok(()), wire.now - start);
        }
        wire.pass(STEP);
    }
}

#[test]
fn a_message_may_be_on_its_way_for_many_keep_alive_periods() {
    let mut wire = Wire::online(kept().keep_alive(8));
    // A hundred seconds.
    let (_, result, time) = send_slowly(&mut wire, 1_000, usize::MAX / PART);
    assert_eq!(result, Ok(()));
    assert!(time > 12 * PERIOD, "{time:?}");
    // PINGREQ went out with it. Its answer comes when the network has brought it there.
    wire.pass(PERIOD);
    assert_eq!(wire.session.handle_timeout(wire.now), Ok(()));
    wire.sent();
    wire.receive("40 02 0001 D0 00");
    wire.pass(PERIOD / 2);
    assert_eq!(wire.session.handle_timeout(wire.now), Ok(()));
    assert_eq!(wire.events(), [Event::Published { tag: Tag(1), outcome: Outcome::Delivered }]);
    // Silence is then asked about as ever.
    wire.pass(PERIOD);
    assert_eq!(wire.session.handle_timeout(wire.now), Ok(()));
    wire.sends("C0 00");
    wire.pass(PERIOD / 4);
    assert_eq!(wire.session.handle_timeout(wire.now), Err(ConnectionError::NoPingresp));
}

#[test]
fn a_network_that_takes_nothing_any_more_is_given_up_on_in_time() {
    for taken in [0, 1, 50, 79, 200, 500] {
        let mut wire = Wire::online(kept().keep_alive(8));
        let (last, result, end) = send_slowly(&mut wire, 1_000, taken);
        assert_eq!(result, Err(ConnectionError::NoPingresp));
        let silent = end - last;
        assert!(silent > PERIOD && silent <= PERIOD * 5 / 4, "{silent:?} behind {taken} parts");
    }
}

#[test]
fn a_server_that_took_all_and_says_nothing_is_given_up_on_in_time() {
    for parts in [1, 50, 79, 80, 200, 500] {
        let mut wire = Wire::online(kept().keep_alive(8));
        let (last, result, time) = send_slowly(&mut wire, parts, usize::MAX / PART);
        assert_eq!((last, result), (time, Ok(())));
        let start = wire.now;
        let end = loop {
            wire.pass(STEP);
            if let Err(error) = wire.session.handle_timeout(wire.now) {
                assert_eq!(error, ConnectionError::NoPingresp);
                break wire.now - start;
            }
            wire.sent();
        };
        assert!(end <= PERIOD * 5 / 4, "{end:?} behind {parts} parts");
    }
}

#[test]
fn a_connect_that_was_written_in_part_leaves_no_doubt() {
    // A Server that did not get all of CONNECT did nothing.
    for written in [1, 14, 15] {
        let mut wire = Wire::online(kept());
        wire.publish(2, "x", 1);
        wire.sends("34 06 0001 61 0001 78");
        wire.receive("50 02 0001");
        wire.session.connection_lost();
        wire.open();
        let mut out = Outbox::default();
        wire.session.take_outbox(&mut out);
        assert_eq!(out.len(), 15);
        wire.session.written(wire.now, written);
        wire.reconnect(PRESENT);
        wire.sends("62 02 0001");
        wire.receive("70 02 0001");
        let certain = wire.outcomes()[&1] == Outcome::Delivered;
        assert_eq!(certain, written < 15, "{written} bytes of CONNECT");
    }
}
