//! What outlives a connection: sessions by Client Identifier, and messages that Servers pass on.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use mqtt_codec::{Publish, Side};

use super::connection::{Connection, index};
use super::delivery::Deliveries;
use super::handshake::{Answer, Connected};
use super::name::Name;
use super::say::warning;
use super::subscriptions::Subscription;
use super::{At, Context, Exchange, Listener, Step};
use crate::capture::{Span, Time};
use crate::stream::{Direction, Info};

/// The most sessions that are remembered.
const MAX_SESSIONS: usize = 10_000;

/// The most messages that are remembered.
const MAX_PUBLISHED: usize = 20_000;

/// How long a side may take to send again what was not acknowledged.
const SEND_AGAIN: Span = Span::seconds(2);

/// A connection that is over.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The connection.
    pub info: Info,
    /// The capture has all of it.
    pub complete: bool,
    /// What the CONNECT said.
    pub connect: Option<Connected>,
    /// What the CONNACK said.
    pub connack: Option<Answer>,
    /// The Topic Filters that were subscribed to in the end, with their QoS.
    pub subscriptions: Vec<(String, u8)>,
    /// Packets of the Client and of the Server.
    pub packets: [u64; 2],
    /// Messages of the Client and of the Server.
    pub published: [u64; 2],
    /// The Client said DISCONNECT.
    pub disconnected: bool,
    /// The connection was aborted.
    pub reset: bool,
    /// A side closed the connection, or aborted it: the first one that did, where it is known which one is which.
    pub ended_by: Option<Side>,
    /// When its last segment was captured.
    pub end: Time,
}

/// Sessions and messages of all connections.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    sessions: HashMap<(Name, SocketAddr), Session>,
    published: HashMap<u64, Published>,
    hasher: RandomState,
}

/// A session at the end of its last connection.
#[derive(Clone, Debug)]
pub(super) struct Session {
    known: Known,
    pub(super) subscriptions: Vec<Subscription>,
    /// Messages of the Client and of the Server that were not acknowledged.
    pub(super) stored: [Vec<Stored>; 2],
}

/// What is known of a session that the Server may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Nothing,
    /// The Server has to hold it.
    Kept,
    /// It ended with its connection.
    Dropped,
}

/// A message that was not acknowledged on an earlier connection.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    id: u16,
    pub(super) qos: u8,
    pub(super) frame: u64,
    pub(super) topic: String,
    /// PUBLISH has to be sent again; else PUBREL.
    pub(super) awaits_publish: bool,
    order: u64,
    /// How often PUBLISH was sent so far.
    pub(super) sent: u32,
    /// It was sent again.
    done: bool,
    /// It was sent again behind one that went out later.
    pub(super) late: bool,
}

/// What a connection takes over from the one before it.
#[derive(Clone, Debug)]
pub(super) struct Resumed {
    pub(super) known: Known,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) stored: [Vec<Stored>; 2],
}

/// A message that a Client published.
#[derive(Clone, Copy, Debug)]
pub(super) struct Published {
    pub(super) at: At,
    pub(super) retain: bool,
    /// No other message had the same content.
    pub(super) once: bool,
}

impl Sessions {
    /// Forgets all sessions when they take more bytes than this, about.
    pub(super) fn lose_weight(&mut self, most: usize) {
        let weight: usize = self.sessions.values().map(Session::weight).sum();
        if weight > most {
            self.sessions.clear();
        }
    }

    /// What a new connection finds.
    pub(super) fn connect(&mut self, connect: &Connected, server: SocketAddr) -> Option<Resumed> {
        if connect.client_id.is_empty() {
            return None;
        }
        let key = (connect.client_id.clone(), server);
        let session =
            if connect.clean_session { self.sessions.remove(&key) } else { self.sessions.get(&key).cloned() };
        let Session { known, subscriptions, stored } = session?;
        Some(Resumed { known, subscriptions, stored })
    }

    /// A Client publishes.
    pub(super) fn published(&mut self, publish: &Publish<'_>, server: SocketAddr, at: At) {
        let key = self.key(publish, server);
        if self.published.len() >= MAX_PUBLISHED && !self.published.contains_key(&key) {
            self.published.clear();
        }
        let (retain, once) = (publish.retain, true);
        self.published
            .entry(key)
            .and_modify(|before| *before = Published { at, retain, once: false })
            .or_insert(Published { at, retain, once });
    }

    /// The last time that a Client published what a Server sends.
    pub(super) fn source(&self, publish: &Publish<'_>, server: SocketAddr) -> Option<Published> {
        self.published.get(&self.key(publish, server)).copied()
    }

    /// What tells a message from another; RETAIN, DUP and QoS aside.
    pub(super) fn content(&self, publish: &Publish<'_>) -> u64 {
        self.hasher.hash_one((publish.topic.as_bytes(), publish.payload))
    }

    fn key(&self, publish: &Publish<'_>, server: SocketAddr) -> u64 {
        self.hasher.hash_one((publish.topic.as_bytes(), publish.payload, server))
    }
}

impl Resumed {
    fn list(&mut self, side: Side) -> impl Iterator<Item = &mut Stored> {
        self.stored.get_mut(index(side)).into_iter().flatten()
    }

    /// A PUBLISH may be one of the last connection's.
    pub(super) fn publish(&mut self, side: Side, id: u16) -> Option<Stored> {
        let latest = self.list(side).filter(|stored| stored.done).map(|stored| stored.order).max();
        let stored = self.list(side).find(|stored| stored.id == id && !stored.done)?;
        stored.done = true;
        stored.late = latest.is_some_and(|latest| latest > stored.order);
        Some(stored.clone())
    }

    /// A PUBREL may be one of the last connection's; the topic of its message, and how often that was sent.
    pub(super) fn release(&mut self, side: Side, id: u16) -> Option<(String, u32)> {
        let stored = self.list(side).find(|stored| stored.id == id)?;
        stored.done = true;
        Some((stored.topic.clone(), stored.sent))
    }

    pub(super) fn knows(&mut self, side: Side, id: u16) -> bool {
        self.list(side).any(|stored| stored.id == id)
    }

    /// The Server has no session: it sends nothing again.
    pub(super) fn server_lost_it(&mut self) {
        if let Some(stored) = self.stored.get_mut(1) {
            stored.clear();
        }
    }
}

impl Connection {
    /// The Server's address and port.
    pub(super) fn server(&self) -> SocketAddr {
        let client = self.info.client.unwrap_or(Direction::Forward);
        self.info.sender(client.opposite())
    }

    /// At the end: what the last connection left unacknowledged and this one did not send again.
    pub(super) fn not_sent_again(&mut self, side: Side, end: At, cx: &mut Context<'_, impl Listener>) {
        let Some(connack) = self.handshake.connack.filter(|answer| answer.code == 0) else { return };
        let lasted = end.time.since(connack.at.time);
        if !self.complete || lasted <= SEND_AGAIN {
            return;
        }
        let Some(resumed) = &mut self.resumed else { return };
        let left: Vec<_> =
            resumed.list(side).filter(|stored| !stored.done).map(|stored| stored.clone()).collect();
        for stored in left {
            let what = if stored.awaits_publish { "PUBLISH" } else { "PUBREL" };
            let message = format!(
                "{what} {} of the session's last connection is not sent again, though unacknowledged",
                stored.id
            );
            let frames = [stored.frame, connack.at.frame, end.frame];
            warning("not_sent_again", side, message).against(&["MQTT-4.4.0-1"]).tell(&frames, end, cx);
        }
    }

    /// Remembers what the next connection of this Client may find.
    pub(super) fn keep_session(&mut self, cx: &mut Context<'_, impl Listener>) {
        let Some(connect) = self.handshake.connect.as_ref().filter(|connect| !connect.client_id.is_empty())
        else {
            return;
        };
        let key = (connect.client_id.clone(), self.server());
        if self.handshake.connack.is_none_or(|answer| answer.code != 0) {
            return;
        }
        if !self.complete {
            cx.sessions.sessions.remove(&key);
            return;
        }
        if cx.sessions.sessions.len() >= MAX_SESSIONS && !cx.sessions.sessions.contains_key(&key) {
            cx.sessions.sessions.clear();
        }
        let stored = |side: Side| -> Vec<Stored> {
            let in_flight = self.deliveries.get(index(side)).into_iter().flat_map(Deliveries::in_flight);
            in_flight.map(stored).collect()
        };
        let session = if connect.clean_session {
            Session { known: Known::Dropped, subscriptions: Vec::new(), stored: [Vec::new(), Vec::new()] }
        } else {
            let subscriptions = self.requests.subscriptions.clone();
            Session {
                known: Known::Kept,
                subscriptions,
                stored: [stored(Side::Client), stored(Side::Server)],
            }
        };
        cx.sessions.sessions.insert(key, session);
    }
}

fn stored(exchange: &Exchange) -> Stored {
    Stored {
        id: exchange.id,
        qos: exchange.qos,
        frame: exchange.began().map_or(0, |at| at.frame),
        topic: exchange.topic.clone(),
        awaits_publish: exchange.step == Step::Publish,
        order: exchange.order,
        sent: exchange.sent(),
        done: false,
        late: false,
    }
}
