//! What these tests found wrong, each by what is right.

use std::time::Duration;

use mqtt_client::session::{ConnectionError, Doubt, Event, Outcome, Tag, Violation};
use mqtt_client::{QoS, SessionOptions};
use mqtt_codec::SubackReturnCode;

use crate::wire::{NEW, PRESENT, Wire, filter, kept, message};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_acknowledgement_of_the_user_does_not_follow_disconnect() {
    for publish in ["32 06 0001 61 0007 78", "34 06 0001 61 0007 78"] {
        let mut wire = Wire::online(kept().manual_acknowledgement(true));
        wire.receive(publish);
        let acknowledgement = wire.acknowledgements()[0];
        wire.session.disconnect();
        wire.sends("E0 00");
        wire.session.acknowledge(acknowledgement);
        wire.sends("");
    }
}

#[test]
fn pings_go_on_while_one_is_not_answered() {
    // A packet of the Server takes minutes, and PINGRESP stands behind it.
    let mut wire = Wire::online(kept().keep_alive(8));
    let mut pings = 0;
    wire.try_receive("30 FF FF 03 0001 61").unwrap();
    for _ in 0..60 {
        wire.pass(SECOND);
        wire.session.handle_timeout(wire.now).unwrap();
        wire.try_receive("78").unwrap();
        pings += wire.sent().len() / 2;
    }
    assert_eq!(pings, 60 / 7);
}

#[test]
fn pings_go_on_while_the_user_takes_no_messages() {
    let mut wire = Wire::online(kept().keep_alive(8));
    wire.session.set_reading(wire.now, false);
    let mut pings = 0;
    for _ in 0..60 {
        wire.pass(SECOND);
        wire.session.handle_timeout(wire.now).unwrap();
        pings += wire.sent().len() / 2;
    }
    assert_eq!(pings, 60 / 7);
    wire.session.set_reading(wire.now, true);
    wire.pass(2 * SECOND);
    assert_eq!(wire.session.handle_timeout(wire.now), Err(ConnectionError::NoPingresp));
}

/// Publishes all the time, and gives the time until a Server that says nothing is given up on.
fn silence_while_publishing(qos: u8) -> Duration {
    let mut wire = Wire::online(kept().keep_alive(8));
    let start = wire.now;
    loop {
        wire.publish(qos, "x", 1);
        wire.sent();
        wire.pass(SECOND / 2);
        if let Err(error) = wire.session.handle_timeout(wire.now) {
            assert_eq!(error, ConnectionError::NoPingresp);
            return wire.now - start;
        }
        assert!(wire.now - start < 100 * SECOND, "no end at QoS {qos}");
    }
}

#[test]
fn a_server_that_says_nothing_is_asked_whether_it_is_there_however_much_is_sent() {
    for qos in [1, 2] {
        let silent = silence_while_publishing(qos);
        assert!(silent <= 10 * SECOND, "{silent:?} at QoS {qos}");
    }

    // Acknowledgements that come are all that is needed.
    let mut wire = Wire::online(kept().keep_alive(8));
    for id in 1..=100 {
        wire.publish(1, "x", id);
        assert_eq!(wire.sent().len(), 8);
        wire.pass(SECOND / 2);
        wire.session.handle_timeout(wire.now).unwrap();
        wire.receive(&format!("40 02 {id:04x}"));
    }
    // At QoS 0 there are none, and PINGREQ goes out only when nothing else did.
    for id in 1..=100 {
        wire.publish(0, "x", id);
        wire.pass(SECOND / 2);
        wire.session.handle_timeout(wire.now).unwrap();
        assert_eq!(wire.sent().len(), 6);
    }
    // Then silence is asked about as ever.
    wire.pass(7 * SECOND);
    wire.session.handle_timeout(wire.now).unwrap();
    wire.sends("C0 00");
}

#[test]
fn a_half_open_connection_ends_in_time_whenever_something_was_sent_on_it() {
    // A message late in the silence is no reason to wait longer for its acknowledgement.
    for tenths in 1..10 {
        let mut wire = Wire::online(kept().keep_alive(10));
        let start = wire.now;
        wire.pass(tenths * SECOND);
        wire.session.handle_timeout(wire.now).unwrap();
        wire.publish(1, "x", 1);
        wire.sent();
        let end = loop {
            wire.pass(wire.session.deadline().unwrap() - wire.now);
            if wire.session.handle_timeout(wire.now).is_err() {
                break wire.now - start;
            }
            wire.sent();
        };
        assert!(end <= 12 * SECOND + SECOND / 2, "{end:?} with a message after {tenths} s");
    }
}

#[test]
fn subscriptions_are_not_made_again_that_are_just_being_changed() {
    let mut wire = Wire::online(kept());
    for (id, text) in [(1, "a"), (2, "b"), (3, "c")] {
        wire.subscribe(text, 0, id);
        wire.receive(&format!("90 03 {id:04x} 00"));
    }
    wire.sent();
    wire.unsubscribe("a", 4);
    wire.subscribe("b", 2, 5);
    wire.sends("A2 05 0004 0001 61  82 06 0005 0001 62 02");
    wire.reconnect(NEW);
    // Else the old subscription would come behind the new wish, and stay.
    wire.sends("A2 05 0004 0001 61  82 06 0005 0001 62 02  82 06 0006 0001 63 00");
    wire.receive("B0 02 0004  90 03 0005 02  90 03 0006 00");
    wire.reconnect(NEW);
    wire.sends("82 0A 0007 0001 62 02 0001 63 00");
}

#[test]
fn subscriptions_that_no_identifier_is_free_for_are_made_again_when_one_is() {
    let mut wire = Wire::online(kept().in_flight(65_535).queue(10, 1_000));
    wire.subscribe("a", 1, 0);
    wire.receive("90 03 0001 01");
    for _ in 0..65_535 {
        wire.session.publish(message(1, "x"), None).unwrap();
        wire.sent();
    }
    wire.publish(1, "y", 1);
    assert_eq!((wire.session.in_flight(), wire.session.waiting()), (65_535, 1));
    wire.reconnect(NEW);
    assert_eq!(wire.sent().len(), 65_535 * 8);
    wire.receive("40 02 1234");
    wire.sends("82 06 1234 0001 61 01");
    wire.receive("90 03 1234 01");
    wire.receive("40 02 1235");
    wire.sends("32 06 0001 61 1234 79");
}

#[test]
fn an_abandoned_session_says_nothing_any_more() {
    let mut wire = Wire::restored(kept(), Default::default());
    wire.connect(PRESENT);
    wire.publish(2, "x", 1);
    wire.sends("34 06 0001 61 0001 78");
    wire.changes();
    wire.session.abandon();
    assert_eq!(wire.outcomes()[&1], Outcome::Abandoned);
    // A PUBREL would rest on a change that nobody stores: the message would come twice after the next start.
    wire.receive("50 02 0001");
    wire.sends("");
    assert_eq!(wire.changes(), []);
}

#[test]
fn acknowledgements_that_are_due_are_bounded_by_the_identifiers_that_there_are() {
    // While the first message is not acknowledged, the other's PUBREC waits, and it comes again and again.
    let mut wire = Wire::online(kept().manual_acknowledgement(true));
    wire.receive("34 06 0001 61 0002 78");
    let held = wire.acknowledgements()[0];
    wire.receive("32 06 0001 61 0001 78");
    wire.session.acknowledge(held);
    let error = (0..100_000).find_map(|_| wire.try_receive("34 06 0001 61 0002 78").err());
    assert_eq!(error, Some(Violation::TooManyUnacknowledged.into()));
    assert_eq!(wire.session.unacknowledged(), 65_535);
}

#[test]
fn a_time_to_wait_can_be_as_long_as_one_likes() {
    let options = SessionOptions::new("c").keep_alive(1);
    let options = options.connack_timeout(Duration::MAX).pingresp_timeout(Duration::MAX);
    let mut wire = Wire::offline(options);
    wire.connect(NEW);
    for _ in 0..10 {
        wire.pass(SECOND);
        wire.session.handle_timeout(wire.now).unwrap();
        wire.sends("C0 00");
    }
}

#[test]
fn what_a_driver_says_late_counts_for_no_other_connection() {
    let mut wire = Wire::online(kept());
    wire.publish(0, "x", 1);
    wire.session.connection_lost();
    wire.session.written(wire.now, 1_000);
    wire.open();
    let mut out = mqtt_client::session::Outbox::default();
    wire.session.take_outbox(&mut out);
    wire.receive(NEW);
    wire.publish(0, "x", 2);
    wire.session.written(wire.now, 1);
    assert_eq!(wire.outcomes().get(&2), None, "not written");
    // Nor does a connection that it forgot to say the end of.
    wire.open();
    assert!(wire.outcomes().contains_key(&2));
}

#[test]
fn a_subscription_that_is_refused_again_is_reported() {
    let mut wire = Wire::online(kept());
    wire.session.subscribe(vec![(filter("a"), QoS::AtLeastOnce)], Tag(1)).unwrap();
    wire.receive("90 03 0001 01");
    wire.reconnect(NEW);
    wire.receive("90 03 0002 80");
    let events = wire.events();
    assert!(events.contains(&Event::SubscriptionLost { filter: filter("a") }), "{events:?}");
    let granted = SubackReturnCode::Granted(QoS::AtLeastOnce);
    assert!(events.contains(&Event::Subscribed { tag: Tag(1), return_codes: vec![granted] }));
    wire.reconnect(NEW);
    wire.sends("");
}

#[test]
fn subscriptions_that_were_not_made_again_in_time_are_on_the_next_connection() {
    let mut wire = Wire::online(kept());
    wire.subscribe("a", 1, 1);
    wire.receive("90 03 0001 01");
    wire.sent();
    wire.reconnect(NEW);
    wire.sends("82 06 0002 0001 61 01");
    // The Server has a session now, and the subscription is not in it, for all that is known.
    wire.reconnect(PRESENT);
    wire.sends("82 06 0003 0001 61 01");
    wire.receive("90 03 0003 01");
    wire.reconnect(PRESENT);
    wire.sends("");
}

#[test]
fn after_a_restart_a_lost_session_is_told_of_if_there_was_one() {
    use mqtt_client::store::{Change, Saved, SavedPublish, SavedState};
    let lost = |saved: Saved| {
        let mut wire = Wire::restored(kept(), saved);
        wire.connect(NEW);
        (wire.events().contains(&Event::SessionLost), wire.changes())
    };
    // Messages that waited were sent to nobody.
    let waiting = SavedPublish { number: 0, state: SavedState::Waiting(message(1, "x")) };
    let waits = Saved { outgoing: vec![waiting], ..Saved::default() };
    let (told, changes) = lost(waits);
    assert!(!told && changes[0] == Change::Established);
    // Nothing is left but that a Server has accepted a connection.
    assert_eq!(lost(Saved { established: true, ..Saved::default() }), (true, vec![]));
    // From the first one on that is stored.
    assert_eq!(lost(Saved::default()), (false, vec![Change::Established]));
    // Without a store nobody knows of the process before.
    let mut wire = Wire::offline(kept());
    wire.connect(NEW);
    assert_eq!(wire.events(), [Event::Connected { session_present: false }]);
}

/// CONNECT arrives, and CONNACK does not.
fn connack_is_lost(wire: &mut Wire) {
    wire.session.connection_lost();
    wire.open();
    assert_eq!(wire.sent()[0], 0x10);
}

#[test]
fn a_session_may_have_been_lost_with_a_connack_that_did_not_arrive() {
    let mut wire = Wire::online(kept());
    wire.subscribe("a", 1, 1);
    wire.receive("90 03 0001 01");
    wire.sent();
    connack_is_lost(&mut wire);
    // The Server may have said that it has no session; now it has the one that it made then.
    wire.reconnect(PRESENT);
    wire.sends("82 06 0002 0001 61 01");
    wire.receive("90 03 0002 01");
    wire.reconnect(PRESENT);
    wire.sends("");
    // A refusal is an answer, and a connection on which nothing was written asks nothing.
    connack_is_lost(&mut wire);
    assert!(wire.try_receive("20 02 00 03").is_err());
    wire.session.connection_lost();
    wire.open();
    wire.reconnect(PRESENT);
    wire.sends("");
}

#[test]
fn in_a_session_that_may_be_new_what_has_no_dup_is_new() {
    for manual in [false, true] {
        let mut wire = Wire::online(kept().manual_acknowledgement(manual));
        for id in ["0001", "0002", "0003"] {
            wire.receive(&format!("34 06 0001 61 {id} 78"));
        }
        wire.acknowledgements();
        connack_is_lost(&mut wire);
        wire.reconnect(PRESENT);
        wire.sends("");
        // The Server has its old session: the same message.
        wire.receive("3c 06 0001 61 0001 78");
        assert_eq!(wire.payloads(), [""; 0]);
        // It has another.
        wire.receive("34 06 0001 61 0002 79");
        assert_eq!(wire.payloads(), ["y"]);
        // So it has for all identifiers of before, and from now on the identifier is held as any is.
        wire.receive("3c 06 0001 61 0003 7a");
        wire.receive("34 06 0001 61 0002 79");
        assert_eq!(wire.payloads(), ["z"]);
    }
}

#[test]
fn what_is_forgotten_of_another_session_holds_no_acknowledgement_back() {
    let mut wire = Wire::online(kept().manual_acknowledgement(true));
    wire.receive("34 06 0001 61 0001 61  34 06 0001 61 0002 62");
    let old = wire.acknowledgements();
    connack_is_lost(&mut wire);
    wire.reconnect(PRESENT);
    wire.sent();
    // Taken for the message of before, until the next one shows that the session is another.
    wire.receive("3C 06 0001 61 0001 63  32 06 0001 61 0009 64  34 06 0001 61 0002 65");
    let new = wire.acknowledgements();
    assert_eq!(new.len(), 2);
    old.iter().chain(&new).for_each(|one| wire.session.acknowledge(*one));
    wire.sends("40 02 0009  50 02 0002");
    assert_eq!(wire.session.unacknowledged(), 0);
    // It was not answered, so the Server sends it again.
    wire.reconnect(PRESENT);
    wire.receive("3C 06 0001 61 0001 63");
    let again = wire.arrivals();
    assert_eq!(again[0].message.payload, "c");
    wire.session.acknowledge(again[0].acknowledgement.unwrap());
    wire.sends("50 02 0001");
}

#[test]
fn a_pubcomp_of_a_session_that_may_be_new_proves_nothing() {
    let mut wire = Wire::online(kept());
    wire.publish(2, "x", 1);
    wire.receive("50 02 0001");
    wire.sent();
    // The Server lost the session, said so, and nobody heard it.
    connack_is_lost(&mut wire);
    wire.reconnect(PRESENT);
    wire.sends("62 02 0001");
    wire.receive("70 02 0001");
    assert_eq!(wire.outcomes()[&1], Outcome::Uncertain(Doubt::SessionMayBeLost));
    // What is sent from now on is of the session that is there.
    wire.publish(2, "y", 2);
    wire.receive("50 02 0002  70 02 0002");
    assert_eq!(wire.outcomes()[&2], Outcome::Delivered);
}

#[test]
fn in_a_session_that_is_there_what_has_no_dup_is_the_same_message() {
    let mut wire = Wire::online(kept());
    wire.receive("34 06 0001 61 0001 78");
    wire.reconnect(PRESENT);
    wire.receive("34 06 0001 61 0001 78");
    assert_eq!(wire.payloads(), ["x"]);
    // PUBREL ends the exchange, whatever session it is of.
    connack_is_lost(&mut wire);
    wire.reconnect(PRESENT);
    wire.sent();
    wire.receive("62 02 0001");
    wire.sends("70 02 0001");
    wire.receive("34 06 0001 61 0001 79");
    wire.receive("34 06 0001 61 0001 79");
    assert_eq!(wire.payloads(), ["y"]);
}
