//! The client's side of MQTT 3.1.1 as a state machine that does no I/O and knows no clock.
//!
//! Calls, received bytes and the time go in; bytes to send, changes to store, events and the next deadline come out:
//!
//! ```text
//!  publish subscribe unsubscribe acknowledge disconnect        take_outbox  → bytes for the transport
//!  connection_opened handle_bytes handle_timeout        →      take_changes → changes for the store
//!  written connection_lost                                     poll_event, take_arrivals, deadline
//! ```
//!
//! The driver's duties: changes are stored before bytes that were taken at the same time are written, and after an error
//! the connection is closed and [`connection_lost`](Session::connection_lost) called; what was taken and not written is
//! dropped then. Answers are never longer than what they answer: who stops reading while much waits to be written bounds
//! the outbox.
//!
//! ```
//! use std::time::Instant;
//! use bytes::{Buf, BytesMut};
//! use mqtt_client::session::{Event, Outbox, Outcome, Session, Tag};
//! use mqtt_client::{Message, QoS, SessionOptions};
//!
//! let now = Instant::now();
//! let mut session = Session::new(SessionOptions::new("PythonPub"))?;
//! session.publish(Message::new("internet", "IOT")?.qos(QoS::AtLeastOnce), Some(Tag(7))).unwrap();
//!
//! session.connection_opened(now);
//! let mut out = Outbox::default();
//! session.take_outbox(&mut out);
//! assert_eq!(out.chunk()[..2], [0x10, 21]);
//! out.advance(out.remaining());
//!
//! session.handle_bytes(now, &mut BytesMut::from(&b"\x20\x02\x00\x00"[..]))?;
//! session.take_outbox(&mut out);
//! assert_eq!(out.chunk(), b"\x32\x0F\x00\x08internet\x00\x01IOT");
//!
//! session.handle_bytes(now, &mut BytesMut::from(&b"\x40\x02\x00\x01"[..]))?;
//! assert_eq!(session.poll_event(), Some(Event::Connected { session_present: false }));
//! assert_eq!(session.poll_event(), Some(Event::Published { tag: Tag(7), outcome: Outcome::Delivered }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod by_id;
mod effects;
mod event;
mod incoming;
mod input;
mod keep_alive;
mod outbox;
mod outgoing;
mod requests;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Instant;

use mqtt_codec::{Decoder, Packet, QoS, Side, TopicFilterBuf};

pub use crate::session::event::{
    Acknowledgement, Arrival, ConnectionError, Doubt, Event, Outcome, Tag, Violation,
};
pub use crate::session::outbox::Outbox;
pub use crate::session::outgoing::Refused;

use crate::message::Message;
use crate::options::{OptionsError, SessionOptions};
use crate::session::effects::Effects;
use crate::session::incoming::Incoming;
use crate::session::keep_alive::{Due, KeepAlive, LONG};
use crate::session::outgoing::Outgoing;
use crate::session::requests::{Asked, Granted, Request};
use crate::store::{Change, Saved};

/// A session of a client with a Server, over any number of connections.
#[derive(Debug)]
pub struct Session {
    options: SessionOptions,
    /// The CONNECT packet.
    connect: Vec<u8>,
    decoder: Decoder,
    phase: Phase,
    keep_alive: KeepAlive,
    outgoing: Outgoing,
    incoming: Incoming,
    granted: Granted,
    /// What the Server should hold of us: it does not need to be told again when it does.
    expects_session: bool,
    /// Subscriptions have to be made again.
    subscribe_again: bool,
    /// CONNECT of this connection got no answer yet.
    is_unanswered: bool,
    /// CONNECT was sent and CONNACK did not arrive. It may have said, once, that the session is lost: when the next one
    /// says that there is a session, that can be a new one.
    session_is_doubtful: bool,
    arrivals: VecDeque<Arrival>,
    fx: Effects,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Offline,
    /// CONNECT was sent; CONNACK has to come until then.
    Connecting(Instant),
    Online,
    /// DISCONNECT was sent: nothing goes out any more [MQTT-3.14.4-2].
    Disconnected,
}

/// All the identifiers for packets are in use, or a list of filters is empty or too long for one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nothing is asked for [MQTT-3.8.3-3] [MQTT-3.10.3-2].
    #[error("no topic filter [MQTT-3.8.3-3]")]
    NoFilter,
    /// The filters are too long for one packet.
    #[error("the topic filters are too long for one packet")]
    TooLong,
    /// 65,535 exchanges are in flight.
    #[error("all packet identifiers are in use")]
    NoPacketId,
}

impl Session {
    /// A new session, whose state nobody stores.
    ///
    /// # Errors
    /// No CONNECT can be made of these options.
    pub fn new(options: SessionOptions) -> Result<Self, OptionsError> {
        Self::make(options, Saved::default(), false)
    }

    /// A session whose state is stored: goes on where `saved` was. Changes are to be taken by
    /// [`take_changes`](Self::take_changes).
    ///
    /// # Errors
    /// No CONNECT can be made of these options, or they ask for Clean Session 1, which keeps nothing.
    pub fn restore(options: SessionOptions, saved: Saved) -> Result<Self, OptionsError> {
        if options.clean_session {
            return Err(OptionsError::StoreWithCleanSession);
        }
        Self::make(options, saved, true)
    }

    fn make(options: SessionOptions, saved: Saved, stored: bool) -> Result<Self, OptionsError> {
        let mut connect = Vec::new();
        options.encode_connect(&mut connect)?;
        Ok(Self {
            decoder: Decoder::new().sent_by(Side::Server).max_packet_len(options.max_packet_len),
            connect,
            phase: Phase::Offline,
            // Made anew with each connection.
            keep_alive: KeepAlive::new(&options, Instant::now()),
            expects_session: saved.had_connection(),
            // An earlier process may have died before it heard, or stored, that the session was lost.
            session_is_doubtful: stored && saved.had_connection(),
            outgoing: Outgoing::new(&options, saved.outgoing, saved.accepted),
            incoming: Incoming::new(options.manual_acknowledgement, saved.held),
            granted: Granted::default(),
            subscribe_again: false,
            is_unanswered: false,
            arrivals: VecDeque::new(),
            fx: Effects::new(stored),
            options,
        })
    }

    /// The options it was made with.
    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    // What the user asks for.

    /// Takes responsibility for a message: it will have one [`Outcome`], told with this tag.
    ///
    /// # Errors
    /// The message can't be accepted, now or ever; here it is again.
    #[inline]
    pub fn publish(&mut self, message: Message, tag: Option<Tag>) -> Result<(), Refused> {
        let online = self.phase == Phase::Online;
        self.outgoing.publish(message, tag, online, &mut self.fx)
    }

    /// Asks for the messages that match. Answered by [`Event::Subscribed`].
    ///
    /// # Errors
    /// It can't be asked: see [`RequestError`].
    pub fn subscribe(&mut self, filters: Vec<(TopicFilterBuf, QoS)>, tag: Tag) -> Result<(), RequestError> {
        let lengths = filters.iter().map(|(filter, _)| filter.as_bytes().len() + 3);
        check_filters(lengths)?;
        self.ask(Asked::Subscribe(Some(tag), filters))
    }

    /// Asks for these messages no longer. Answered by [`Event::Unsubscribed`].
    ///
    /// # Errors
    /// It can't be asked: see [`RequestError`].
    pub fn unsubscribe(&mut self, filters: Vec<TopicFilterBuf>, tag: Tag) -> Result<(), RequestError> {
        check_filters(filters.iter().map(|filter| filter.as_bytes().len() + 2))?;
        self.ask(Asked::Unsubscribe(Some(tag), filters))
    }

    fn ask(&mut self, asked: Asked) -> Result<(), RequestError> {
        let online = self.phase == Phase::Online;
        let request = |number| Request { number, asked };
        self.outgoing.request(request, online, &mut self.fx).ok_or(RequestError::NoPacketId)
    }

    /// The user has done with a message: PUBACK or PUBREC may leave. In vain for a message at QoS 1 whose connection is
    /// gone: the Server sends it again.
    pub fn acknowledge(&mut self, acknowledgement: Acknowledgement) {
        self.incoming.acknowledge(acknowledgement, &mut self.fx);
    }

    /// Sends DISCONNECT, after which nothing goes out any more [MQTT-3.14.4-2]; the connection is to be closed when it
    /// was written [MQTT-3.14.4-1].
    pub fn disconnect(&mut self) {
        if self.phase == Phase::Online {
            self.fx.outbox.packet(&Packet::Disconnect);
            self.phase = Phase::Disconnected;
            // What the user acknowledges from now on stays unsaid.
            self.incoming.connection_lost();
        }
    }

    /// Gives up all that is not complete: each publish gets [`Outcome::Abandoned`]. What a store keeps is kept. Nothing
    /// that still comes is answered: the connection is to be closed, and the session is over.
    pub fn abandon(&mut self) {
        self.connection_lost();
        self.outgoing.abandon(&mut self.fx);
    }

    // What the network and the clock bring.

    /// A connection is there: CONNECT is sent [MQTT-3.1.0-1]. The connection before it is gone with all that was taken from
    /// the outbox and not written.
    pub fn connection_opened(&mut self, now: Instant) {
        self.connection_lost();
        self.phase = Phase::Connecting(now + self.options.connack_timeout.min(LONG));
        self.is_unanswered = true;
        self.fx.has_served = false;
        self.keep_alive = KeepAlive::new(&self.options, now);
        self.fx.connection_lost();
        self.fx.outbox.encoded(&self.connect);
    }

    /// The connection is gone, whoever ended it.
    pub fn connection_lost(&mut self) {
        if self.phase == Phase::Offline {
            return;
        }
        self.phase = Phase::Offline;
        // Of a part of CONNECT the Server did nothing.
        let was_asked = self.fx.has_written(self.connect.len());
        self.session_is_doubtful |= std::mem::take(&mut self.is_unanswered) && was_asked;
        self.fx.connection_lost();
        self.incoming.connection_lost();
        self.subscribe_again |= self.outgoing.makes_again();
        self.outgoing.connection_lost(self.options.clean_session, &mut self.fx);
        if self.options.clean_session {
            self.incoming.session_lost(&mut self.fx);
        }
    }

    /// The transport took so many more bytes of what was taken from the outbox.
    #[inline]
    pub fn written(&mut self, now: Instant, bytes: usize) {
        if self.fx.written(bytes) {
            self.keep_alive.pingreq_written(now);
        }
        self.keep_alive.sent(now, self.outgoing.in_flight() > 0, self.fx.has_unwritten());
    }

    /// Received bytes are not read for the time being, or are read again: then nothing can be concluded from silence.
    pub fn set_reading(&mut self, now: Instant, reading: bool) {
        self.keep_alive.set_deaf(!reading, now);
    }

    /// Received bytes are not read before the Server takes some of what waits in the outbox, or are read again: it has asked
    /// for all that, and takes nothing perhaps.
    pub fn set_owed(&mut self, now: Instant, owed: bool) {
        self.keep_alive.set_owed(owed, now);
    }

    /// Does what is due at this time.
    ///
    /// # Errors
    /// The Server has been silent for too long.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), ConnectionError> {
        match self.phase {
            Phase::Connecting(deadline) if deadline <= now => Err(ConnectionError::NoConnack),
            Phase::Online => match self.keep_alive.due(now) {
                Due::Nothing => Ok(()),
                Due::Pingreq => {
                    self.fx.ping();
                    Ok(())
                }
                Due::GiveUp => Err(ConnectionError::NoPingresp),
            },
            Phase::Disconnected if self.deadline().is_some_and(|deadline| deadline <= now) => {
                Err(ConnectionError::NoPingresp)
            }
            Phase::Offline | Phase::Connecting(_) | Phase::Disconnected => Ok(()),
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Connecting(deadline) => Some(deadline),
            Phase::Online => self.keep_alive.deadline(),
            // DISCONNECT waits, and perhaps nobody takes it.
            Phase::Disconnected if self.fx.has_unwritten() => self.keep_alive.unwritten_end(),
            Phase::Offline | Phase::Disconnected => None,
        }
    }

    // What comes out.

    /// Moves the bytes to be sent into `into`, which has to be empty. They rest on the changes that
    /// [`take_changes`](Self::take_changes) gives now: those are to be stored first.
    pub fn take_outbox(&mut self, into: &mut Outbox) {
        self.fx.take_outbox(into);
    }

    /// Sends what had to wait for room in the outbox. Call it after [`take_outbox`](Self::take_outbox).
    #[inline]
    pub fn send_waiting(&mut self) {
        if self.phase == Phase::Online {
            self.outgoing.send_waiting(&mut self.fx);
        }
    }

    /// Bytes wait in the outbox.
    #[inline]
    pub fn wants_to_send(&self) -> bool {
        !self.fx.outbox.is_empty()
    }

    /// Changes to be stored, in order. Always empty when nobody stores them.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.fx.take_changes()
    }

    /// Changes are there to be stored.
    #[inline]
    pub fn has_changes(&self) -> bool {
        self.fx.has_changes()
    }

    /// Some of the changes are to be stored now: not only [`Change::Finished`], on which nothing rests.
    #[inline]
    pub fn has_urgent_changes(&self) -> bool {
        self.fx.has_urgent_changes()
    }

    /// The next event.
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.fx.next_event()
    }

    /// The messages that came since the last call, in order.
    pub fn take_arrivals(&mut self) -> Vec<Arrival> {
        std::mem::take(&mut self.arrivals).into()
    }

    /// Messages that came, to be taken in place.
    pub(crate) fn arrivals(&mut self) -> &mut VecDeque<Arrival> {
        &mut self.arrivals
    }

    /// Keep packets side by side in the outbox, so that each can be looked at.
    pub(crate) fn set_contiguous(&mut self) {
        self.fx.outbox = Outbox::contiguous();
    }

    // How it stands.

    /// CONNACK came, and the connection is there.
    pub fn is_online(&self) -> bool {
        self.phase == Phase::Online
    }

    /// DISCONNECT was sent.
    pub fn is_disconnected(&self) -> bool {
        self.phase == Phase::Disconnected
    }

    /// The connection is there, and so many bytes wait in the outbox that more messages would wait behind them.
    #[inline]
    pub fn has_much_to_send(&self) -> bool {
        self.phase == Phase::Online && Outgoing::is_outbox_full(&self.fx)
    }

    /// Bytes that wait in the outbox.
    pub fn outbox_len(&self) -> usize {
        self.fx.outbox.len()
    }

    /// Another message would be accepted.
    pub fn has_room(&self) -> bool {
        self.outgoing.has_room()
    }

    /// About how many messages more would be accepted, if they are as long as those that wait; not 0 when one would be.
    pub(crate) fn room(&self) -> usize {
        self.outgoing.room()
    }

    /// Exchanges in flight: messages at QoS 1 and 2, SUBSCRIBE, UNSUBSCRIBE.
    pub fn in_flight(&self) -> usize {
        self.outgoing.in_flight()
    }

    /// Accepted messages that wait to be sent.
    pub fn waiting(&self) -> usize {
        self.outgoing.waiting()
    }

    /// How many messages at QoS 1 and 2 were accepted, with a store since that was made.
    pub fn accepted(&self) -> u64 {
        self.outgoing.accepted()
    }

    /// Accepted messages that have no outcome yet, but those at QoS 0 that wait for the transport.
    pub fn unfinished(&self) -> usize {
        self.outgoing.unfinished()
    }

    /// Received messages that the user has not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.incoming.unacknowledged()
    }

    /// PUBLISH packets that were handed over to be sent, on all connections, those that were sent again with DUP aside.
    pub fn sent(&self) -> u64 {
        self.fx.sent
    }

    /// Packets that were sent again, on all connections.
    pub fn resent(&self) -> u64 {
        self.fx.resent
    }

    /// On this connection a message got through, in either direction and not retained, or a step of its exchange, or a
    /// request of the user's.
    pub(crate) fn has_served(&self) -> bool {
        self.fx.has_served
    }

    /// Nothing that was accepted or asked is incomplete, and nothing waits to be written.
    pub fn is_drained(&self) -> bool {
        self.outgoing.in_flight() == 0 && self.outgoing.waiting() == 0 && self.fx.outbox.is_empty()
    }

    /// Some received message at QoS 2 was acknowledged, and its exchange is not complete.
    pub fn awaits_pubrel(&self) -> bool {
        self.incoming.awaits_pubrel()
    }

    /// CONNACK accepted the connection.
    fn connected(&mut self, session_present: bool) -> Result<(), Violation> {
        let clean = self.options.clean_session;
        if clean && session_present {
            return Err(Violation::SessionPresentAfterCleanSession);
        }
        self.phase = Phase::Online;
        self.keep_alive.accepted();
        self.fx.tell(Event::Connected { session_present });
        let lost = !session_present;
        if lost {
            if self.expects_session && !clean {
                self.fx.tell(Event::SessionLost);
            }
            self.incoming.session_lost(&mut self.fx);
        } else if self.session_is_doubtful {
            self.incoming.session_is_doubtful();
        }
        let doubt = match (lost, std::mem::take(&mut self.session_is_doubtful)) {
            (true, _) => Some(Doubt::SessionLost),
            (false, true) => Some(Doubt::SessionMayBeLost),
            (false, false) => None,
        };
        self.subscribe_again |= doubt.is_some() && !self.granted.is_empty();
        if !std::mem::replace(&mut self.expects_session, true) {
            self.fx.record(|| Change::Established);
        }
        self.outgoing.resume(doubt, &mut self.fx);
        self.outgoing.ask_again(&mut self.fx);
        self.make_subscriptions_again();
        self.outgoing.send_waiting(&mut self.fx);
        Ok(())
    }

    /// Subscribes again if that is due and there are identifiers for it.
    fn make_subscriptions_again(&mut self) {
        if !self.subscribe_again {
            return;
        }
        let lists = self.granted.again(&self.outgoing.filters_asked_for());
        if self.outgoing.free_ids() < lists.len() {
            return;
        }
        self.subscribe_again = false;
        for filters in lists {
            let request = |number| Request { number, asked: Asked::Subscribe(None, filters) };
            let made = self.outgoing.request(request, true, &mut self.fx);
            debug_assert!(made.is_some(), "there are as many identifiers");
        }
    }
}

/// A list of filters that one packet can hold.
fn check_filters(lengths: impl ExactSizeIterator<Item = usize>) -> Result<(), RequestError> {
    /// The largest Remaining Length, less the Packet Identifier.
    const MOST: usize = 268_435_455 - 2;
    if lengths.len() == 0 {
        return Err(RequestError::NoFilter);
    }
    if lengths.sum::<usize>() > MOST { Err(RequestError::TooLong) } else { Ok(()) }
}
