//! A session whose other side is written by hand, in bytes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use mqtt_client::session::{
    Acknowledgement, Arrival, ConnectionError, Event, Outbox, Outcome, Session, Tag, Violation,
};
use mqtt_client::store::{Change, Saved};
use mqtt_client::{Message, QoS, SessionOptions, TopicFilterBuf};

/// CONNACK, accepted, with and without a session.
pub(crate) const NEW: &str = "20 02 00 00";
pub(crate) const PRESENT: &str = "20 02 01 00";

/// A session, its clock, and its only socket.
pub(crate) struct Wire {
    pub(crate) session: Session,
    pub(crate) now: Instant,
    received: BytesMut,
}

/// The bytes of hex with any spaces.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(char::is_whitespace, "")).unwrap()
}

/// Clean Session 0, Client Identifier `c`, Keep Alive off.
pub(crate) fn kept() -> SessionOptions {
    SessionOptions::new("c").clean_session(false).keep_alive(0)
}

/// Clean Session 1, Client Identifier `c`, Keep Alive off.
pub(crate) fn clean() -> SessionOptions {
    SessionOptions::new("c").keep_alive(0)
}

pub(crate) fn message(qos: u8, payload: &str) -> Message {
    Message::new("a", payload.to_owned()).unwrap().qos(QoS::from_u8(qos).unwrap())
}

pub(crate) fn filter(text: &'static str) -> TopicFilterBuf {
    TopicFilterBuf::from_static(text).unwrap()
}

/// The way in which every publish with a tag ended.
pub(crate) fn outcomes(events: &[Event]) -> BTreeMap<u32, Outcome> {
    let mut outcomes = BTreeMap::new();
    for event in events {
        if let Event::Published { tag, outcome } = event {
            assert_eq!(outcomes.insert(tag.0, *outcome), None, "{tag:?} ended twice");
        }
    }
    outcomes
}

impl Wire {
    pub(crate) fn offline(options: SessionOptions) -> Self {
        Self::with(Session::new(options).unwrap())
    }

    pub(crate) fn restored(options: SessionOptions, saved: Saved) -> Self {
        Self::with(Session::restore(options, saved).unwrap())
    }

    fn with(session: Session) -> Self {
        Self { session, now: Instant::now(), received: BytesMut::new() }
    }

    /// Connected for the first time, with nothing sent but CONNECT.
    pub(crate) fn online(options: SessionOptions) -> Self {
        let mut wire = Self::offline(options);
        wire.connect(NEW);
        assert_eq!(wire.sent(), b"");
        wire.events();
        wire
    }

    /// Connected with this CONNACK; the CONNECT is passed over.
    #[track_caller]
    pub(crate) fn connect(&mut self, connack: &str) {
        self.open();
        assert_eq!(self.sent()[0], 0x10);
        self.receive(connack);
    }

    pub(crate) fn open(&mut self) {
        self.received.clear();
        self.session.connection_opened(self.now);
    }

    /// The connection is cut, and there is another with this CONNACK.
    #[track_caller]
    pub(crate) fn reconnect(&mut self, connack: &str) {
        self.session.connection_lost();
        self.connect(connack);
    }

    /// Bytes that may be right.
    pub(crate) fn try_receive(&mut self, text: &str) -> Result<(), ConnectionError> {
        self.received.extend_from_slice(&hex(text));
        self.session.handle_bytes(self.now, &mut self.received)
    }

    #[track_caller]
    pub(crate) fn receive(&mut self, text: &str) {
        self.try_receive(text).unwrap();
        assert!(self.received.is_empty(), "these are whole packets: {text}");
    }

    /// These bytes end the connection, without DISCONNECT.
    #[track_caller]
    pub(crate) fn breaks(&mut self, text: &str, why: impl Into<ConnectionError>) {
        self.sent();
        assert_eq!(self.try_receive(text), Err(why.into()), "{text}");
        assert_eq!(self.sent(), b"", "{text}");
        self.session.connection_lost();
    }

    /// Bytes that end the connection as malformed by this clause.
    #[track_caller]
    pub(crate) fn breaks_as_malformed(&mut self, text: &str, clause: Option<&str>) {
        self.sent();
        match self.try_receive(text) {
            Err(ConnectionError::Violation(violation @ Violation::Malformed(_))) => {
                assert_eq!(violation.clause(), clause, "{text}: {violation}");
            }
            other => panic!("{text}: {other:?}"),
        }
        assert_eq!(self.sent(), b"", "{text}");
        self.session.connection_lost();
    }

    /// Everything that is to be sent, written at once.
    pub(crate) fn sent(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while self.session.wants_to_send() {
            let mut out = Outbox::default();
            self.session.take_outbox(&mut out);
            let bytes = out.copy_to_bytes(out.remaining());
            self.session.written(self.now, bytes.len());
            all.extend_from_slice(&bytes);
            self.session.send_waiting();
        }
        all
    }

    /// Just this was to be sent.
    #[track_caller]
    pub(crate) fn sends(&mut self, text: &str) {
        let sent = self.sent();
        assert_eq!(hex::encode(sent), hex::encode(hex(text)));
    }

    /// A publish with a payload of one letter, to topic `a`.
    #[track_caller]
    pub(crate) fn publish(&mut self, qos: u8, payload: &str, tag: u32) {
        self.session.publish(message(qos, payload), Some(Tag(tag))).unwrap();
    }

    #[track_caller]
    pub(crate) fn subscribe(&mut self, text: &'static str, qos: u8, tag: u32) {
        let qos = QoS::from_u8(qos).unwrap();
        self.session.subscribe(vec![(filter(text), qos)], Tag(tag)).unwrap();
    }

    #[track_caller]
    pub(crate) fn unsubscribe(&mut self, text: &'static str, tag: u32) {
        self.session.unsubscribe(vec![filter(text)], Tag(tag)).unwrap();
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    pub(crate) fn outcomes(&mut self) -> BTreeMap<u32, Outcome> {
        outcomes(&self.events())
    }

    pub(crate) fn arrivals(&mut self) -> Vec<Arrival> {
        self.session.take_arrivals()
    }

    /// The payloads that came, as text.
    pub(crate) fn payloads(&mut self) -> Vec<String> {
        let text = |arrival: Arrival| String::from_utf8(arrival.message.payload.to_vec()).unwrap();
        self.arrivals().into_iter().map(text).collect()
    }

    /// What came is to be acknowledged with these.
    pub(crate) fn acknowledgements(&mut self) -> Vec<Acknowledgement> {
        self.arrivals().into_iter().filter_map(|arrival| arrival.acknowledgement).collect()
    }

    pub(crate) fn changes(&mut self) -> Vec<Change> {
        self.session.take_changes()
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
    }
}
