//! The client's session: a history whose every choice is a byte, and the bytes as what a Server says.

use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use mqtt_client::session::{Outbox, Session, Tag};
use mqtt_client::{Message, QoS, SessionOptions, TopicFilterBuf};

use crate::sim::dice::Bytes;
use crate::sim::history;

/// No history breaks a promise; and whatever a Server says, the session neither panics nor answers with more than it got.
///
/// # Panics
/// When that does not hold.
pub fn session(bytes: &[u8]) {
    history(&mut Bytes(bytes));
    for manual in [false, true] {
        from_server(bytes, manual);
    }
}

/// A session with an exchange in each state gets these bytes, in pieces of many lengths.
fn from_server(bytes: &[u8], manual: bool) {
    let mut now = Instant::now();
    let options =
        SessionOptions::new("fuzz").clean_session(false).keep_alive(9).manual_acknowledgement(manual);
    let mut session = Session::new(options).expect("options for a CONNECT");
    for tag in 0..12 {
        let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][tag as usize % 3];
        let message = Message::new("a", "x").expect("a Topic Name").qos(qos);
        session.publish(message, Some(Tag(tag))).expect("room");
    }
    let filter = TopicFilterBuf::from_static("a").expect("a Topic Filter");
    session.subscribe(vec![(filter.clone(), QoS::AtLeastOnce)], Tag(12)).expect("an identifier");
    session.unsubscribe(vec![filter], Tag(13)).expect("an identifier");
    connect(&mut session, now);
    let (mut received, mut came) = (BytesMut::new(), 0);
    let (mut published, mut requests) = (0, 0);
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let (part, behind) = rest.split_at(rest.len().min(1 + usize::from(first % 32)));
        rest = behind;
        came += part.len();
        received.extend_from_slice(part);
        let result = session.handle_bytes(now, &mut received);
        for arrival in session.take_arrivals() {
            let acknowledgement = arrival.acknowledgement;
            assert_eq!(acknowledgement.is_some(), manual && arrival.message.qos != QoS::AtMostOnce);
            acknowledgement.into_iter().for_each(|it| session.acknowledge(it));
        }
        assert_eq!(session.unacknowledged(), 0);
        while let Some(event) = session.poll_event() {
            use mqtt_client::session::Event;
            match event {
                Event::Published { .. } => published += 1,
                Event::Subscribed { .. } | Event::Unsubscribed { .. } => requests += 1,
                _ => {}
            }
        }
        assert!(published <= 12 && requests <= 2, "each ends once");
        let sent = take(&mut session, now);
        // DISCONNECT is said by nobody, and PINGREQ when its time has come.
        assert!(sent <= came, "{sent} bytes in answer to {came}");
        came -= sent;
        if result.is_err() {
            session.connection_lost();
            assert!(!session.wants_to_send());
            received.clear();
            connect(&mut session, now);
            came = 0;
        }
        now += Duration::from_millis(7);
    }
    session.abandon();
    let ended = std::iter::from_fn(|| session.poll_event());
    let ended = ended.filter(|event| matches!(event, mqtt_client::session::Event::Published { .. })).count();
    assert_eq!(published + ended, 12, "each publish ends");
    assert!(session.is_drained());
}

/// Connected, with all that is sent at the start taken away.
fn connect(session: &mut Session, now: Instant) {
    session.connection_opened(now);
    take(session, now);
    session.handle_bytes(now, &mut BytesMut::from(&b"\x20\x02\x01\x00"[..])).expect("CONNACK");
    take(session, now);
}

/// How many bytes were sent.
fn take(session: &mut Session, now: Instant) -> usize {
    let mut out = Outbox::default();
    session.take_outbox(&mut out);
    session.written(now, out.remaining());
    out.remaining()
}
