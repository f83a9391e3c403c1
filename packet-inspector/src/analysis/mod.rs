//! What connections and sessions do: handshakes paired, rules of the standard that only a conversation shows.
//!
//! [`Analysis`] hears the packets of a capture and tells a [`Listener`] of findings and of exchanges that are complete.
//! What is not sure is not said: a capture that begins late, or lost something, makes it silent about what depends on it.

use std::collections::HashMap;

use mqtt_codec::{Protocol, Side};

use crate::capture::{Span, Time};
use crate::finding::Severity;
use crate::stream::{Captured, Event, Moment, Other, Sink};

mod acknowledge;
mod answered;
mod clauses;
mod connection;
mod delivery;
mod disputed;
mod exchange;
mod handshake;
mod name;
mod packets;
mod requests;
mod retained;
mod say;
mod sessions;
mod silence;
mod subscriptions;
mod violation;
mod weight;

pub use answered::{Answered, Asked};
pub use clauses::{Clause, clause, clauses};
use connection::Connection;
pub use exchange::{Exchange, Step};
pub use handshake::{Answer, Connected};
pub use name::Name;
pub use sessions::Ended;
use sessions::Sessions;

/// One thing that is wrong with a conversation, or worth knowing, and the packets that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// A stable name in snake case.
    pub kind: &'static str,
    /// The statements of the standard that are broken, the nearest first.
    pub clauses: Vec<&'static str>,
    /// What is wrong, in one lower-case sentence without a full stop.
    pub message: String,
    /// The connection.
    pub stream: u32,
    /// Who is at fault, where that is one side.
    pub side: Option<Side>,
    /// The records that show it, in order.
    pub frames: Vec<u64>,
    /// When the last of them was captured.
    pub time: Time,
}

/// Hears what the analysis finds.
pub trait Listener {
    /// Something is wrong.
    fn finding(&mut self, finding: Finding);

    /// A message was delivered, or its connection ended before that.
    fn exchange(&mut self, exchange: &Exchange) {
        let _ = exchange;
    }

    /// A request has got its answer.
    fn answered(&mut self, answered: &Answered) {
        let _ = answered;
    }

    /// A connection is over.
    fn ended(&mut self, ended: &Ended) {
        let _ = ended;
    }

    /// A connection is not looked at, for it carries something else.
    fn left_alone(&mut self, stream: u32, reason: &Reason) {
        let _ = (stream, reason);
    }
}

/// Collects what is wrong, and nothing else.
impl Listener for Vec<Finding> {
    fn finding(&mut self, finding: Finding) {
        self.push(finding);
    }
}

/// Why a connection is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not MQTT.
    Other(Other),
    /// It is another version of MQTT.
    OtherVersion(Protocol),
}

/// A [`Sink`] that understands conversations.
#[derive(Debug)]
pub struct Analysis<L> {
    listener: L,
    connections: HashMap<u32, Box<Connection>>,
    /// That connections were forgotten has been said.
    forgetful: bool,
    sessions: Sessions,
    uncounted: weight::Uncounted,
}

/// What a connection's model needs to say what it finds.
struct Context<'a, L> {
    listener: &'a mut L,
    sessions: &'a mut Sessions,
    stream: u32,
}

impl<L: Listener> Analysis<L> {
    /// Without any connection.
    pub fn new(listener: L) -> Self {
        Self {
            listener,
            connections: HashMap::new(),
            forgetful: false,
            sessions: Sessions::default(),
            uncounted: weight::Uncounted::default(),
        }
    }

    /// The listener.
    pub fn listener(&mut self) -> &mut L {
        &mut self.listener
    }

    /// The listener, when the capture is over.
    pub fn into_listener(self) -> L {
        self.listener
    }
}

impl<L: Listener> Sink for Analysis<L> {
    fn packet(&mut self, packet: &Captured<'_>) {
        let Self { listener, connections, sessions, .. } = self;
        let stream = packet.info.number;
        let connection = connections.entry(stream).or_insert_with(|| Box::new(Connection::new(packet.info)));
        connection.packet(packet, &mut Context { listener, sessions, stream });
        if self.uncounted.add(packet.bytes.len()) {
            self.lose_weight(At::of(packet));
        }
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        let Self { listener, connections, sessions, forgetful, .. } = self;
        let stream = moment.info.number;
        let mut cx = Context { listener, sessions, stream };
        match event {
            Event::Other(other) => cx.listener.left_alone(stream, &Reason::Other(other)),
            Event::OtherVersion(protocol) => cx.listener.left_alone(stream, &Reason::OtherVersion(protocol)),
            Event::Closed { capture_end, forgotten } => {
                if forgotten && !std::mem::replace(forgetful, true) {
                    say_forgotten(moment, &mut cx);
                }
                if let Some(mut connection) = connections.remove(&stream) {
                    let capture_end = capture_end.map(|(frame, time)| At { frame, time });
                    connection.close(moment, capture_end, &mut cx);
                }
            }
            _ => {
                if let Some(message) = crate::render::happening(event) {
                    cx.listener.finding(Finding {
                        severity: Severity::Note,
                        kind: kind_of(event),
                        clauses: Vec::new(),
                        message,
                        stream,
                        side: moment.info.side(moment.direction),
                        frames: vec![moment.frame],
                        time: moment.time,
                    });
                }
                let connection =
                    connections.entry(stream).or_insert_with(|| Box::new(Connection::new(moment.info)));
                connection.event(moment, event, &mut cx);
            }
        }
    }
}

/// Connections that are silent longest are forgotten when there are too many, and judged by what came until then.
fn say_forgotten(moment: &Moment<'_>, cx: &mut Context<'_, impl Listener>) {
    let at = At { frame: moment.frame, time: moment.time };
    let message = "there are too many connections to be remembered: from this one on some are forgotten, and judged as \
                   if the capture ended there";
    say::note("not_remembered", Side::Client, message.to_owned()).tell(&[at.frame], at, cx);
}

fn kind_of(event: Event) -> &'static str {
    match event {
        Event::Lost(_) => "lost",
        Event::Cut(_) => "cut",
        Event::PassedOver { .. } => "passed_over",
        Event::BadChecksum => "tcp_checksum",
        Event::Other(_) | Event::OtherVersion(_) => "other_version",
        Event::Finished | Event::Reset | Event::Closed { .. } => "ended",
    }
}

/// How long an answer may take when the connection ends without it.
const PATIENCE: Span = Span::seconds(3);

/// The same when a later request has been answered.
const OVERTAKEN: Span = Span::seconds(1);

/// How long a side may take to close.
const CLOSING: Span = Span::seconds(5);

/// The same when nothing of the connection is in the capture any more, but the capture goes on: who closed may have been
/// out of its sight.
const UNHEARD: Span = Span::seconds(30);

/// A packet's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct At {
    frame: u64,
    time: Time,
}

impl At {
    fn of(packet: &Captured<'_>) -> Self {
        Self { frame: packet.frame(), time: packet.time() }
    }
}
