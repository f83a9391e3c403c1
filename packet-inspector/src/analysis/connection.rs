//! The model of one connection: who speaks, what is agreed, what waits for an answer.

use std::collections::VecDeque;

use mqtt_codec::{Packet, PacketType, Side};

use super::delivery::Deliveries;
use super::handshake::Handshake;
use super::requests::Requests;
use super::retained::Retained;
use super::say::{error, note};
use super::sessions::{Ended, Resumed};
use super::violation::{Violation, clause_of_malformed};
use super::{At, Context, Listener};
use crate::stream::{Captured, Event, Info, Moment};

/// The most damaged records that are remembered.
const MAX_DAMAGED: usize = 64;

/// A connection, as far as the capture has told.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) info: Info,
    /// The capture has all of it so far: what was not seen was not sent.
    pub(super) complete: bool,
    pub(super) handshake: Handshake,
    pub(super) requests: Requests,
    /// Messages from the Client and from the Server.
    pub(super) deliveries: [Deliveries; 2],
    pub(super) retained: Retained,
    pub(super) resumed: Option<Box<Resumed>>,
    /// The last packet of each side.
    pub(super) last: [Option<At>; 2],
    /// The first thing that a side did against which the other has to close.
    pub(super) violation: Option<Box<Violation>>,
    pub(super) disconnect: Option<At>,
    /// The highest record that a packet was complete in.
    latest: u64,
    /// Of the other side, not all was seen when the last packet was sent.
    pub(super) unseen: bool,
    /// Where something was missed last: the Client may have said anything there.
    pub(super) missed: Option<At>,
    /// The last records whose checksum fails.
    damaged: VecDeque<u64>,
    pub(super) closed: [Option<At>; 2],
    /// The first FIN or RST, and whose it is.
    pub(super) first_end: Option<(At, Option<Side>)>,
    /// The first RST.
    pub(super) reset: Option<At>,
    /// That something in flight was forgotten has been said.
    pub(super) forgetful: bool,
    pub(super) packets: [u64; 2],
    pub(super) published: [u64; 2],
}

/// Where a side's things stand in a pair.
pub(super) fn index(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

pub(super) fn other(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}

impl Connection {
    pub(super) fn new(info: &Info) -> Self {
        Self {
            info: *info,
            complete: info.from_start,
            handshake: Handshake::default(),
            requests: Requests::default(),
            deliveries: [Deliveries::new(Side::Client), Deliveries::new(Side::Server)],
            retained: Retained::default(),
            resumed: None,
            last: [None; 2],
            violation: None,
            disconnect: None,
            latest: 0,
            unseen: false,
            missed: None,
            damaged: VecDeque::new(),
            closed: [None; 2],
            first_end: None,
            reset: None,
            forgetful: false,
            packets: [0; 2],
            published: [0; 2],
        }
    }

    /// Something was missed: what is known so far proves nothing any more.
    pub(super) fn doubt(&mut self) {
        self.complete = false;
        self.requests.forget();
        self.deliveries.iter_mut().for_each(Deliveries::forget);
        self.resumed = None;
        self.last = [None; 2];
    }

    fn miss(&mut self, at: At) {
        self.missed = Some(at);
        self.doubt();
    }

    pub(super) fn packet(&mut self, captured: &Captured<'_>, cx: &mut Context<'_, impl Listener>) {
        self.info = *captured.info;
        let at = At::of(captured);
        if captured.places.iter().any(|place| self.damaged.contains(&place.frame)) {
            // The receiver got other bytes, if any: these prove nothing, nor does what they would change.
            self.miss(at);
            self.latest = self.latest.max(at.frame);
            self.unseen = captured.unseen;
            if let Some(side) = captured.from() {
                self.count(side);
            }
            return;
        }
        self.packet_findings(captured, at, cx);
        let Some(side) = captured.from() else { return };
        // What comes late, because bytes before it were missing, has been overtaken by the other side's answers.
        let late = at.frame < self.latest;
        self.latest = self.latest.max(at.frame);
        if captured.is_cut() && self.complete && self.closed.get(index(side)).is_some_and(Option::is_some) {
            self.unfinished(side, captured, at, cx);
        }
        self.unseen = captured.unseen;
        if late || captured.unseen || captured.is_cut() {
            self.miss(at);
        }
        let first_of_side = self.packets.get(index(side)).is_some_and(|count| *count == 0);
        self.count(side);
        self.keep_alive(side, captured, at, cx);
        let Some(packet) = captured.packet else {
            if !captured.is_cut() && !self.unread(side, captured.bytes, first_of_side, at) {
                self.violate(side, at, clause_of_malformed(captured.bytes), captured.bytes);
            }
            return;
        };
        if packet.packet_type().sender().is_some_and(|only| only != side) {
            // That it is wrong has been said.
            self.violate(side, at, "MQTT-4.8.0-1", captured.bytes);
            return;
        }
        if late && !matches!(packet, Packet::Connect(_) | Packet::Connack(_)) {
            return;
        }
        self.after_disconnect(side, &packet, at, cx);
        self.greeting(side, &packet, first_of_side, at, cx);
        if self.went_on(side, &packet, at, cx) {
            return;
        }
        match packet {
            Packet::Publish(publish) => self.publish(side, &publish, at, cx),
            Packet::Puback(id) => self.acknowledge(side, PacketType::Puback, id, at, cx),
            Packet::Pubrec(id) => self.acknowledge(side, PacketType::Pubrec, id, at, cx),
            Packet::Pubrel(id) => self.release(side, id, at, cx),
            Packet::Pubcomp(id) => self.acknowledge(side, PacketType::Pubcomp, id, at, cx),
            Packet::Subscribe(subscribe) => self.subscribe(&subscribe, at, cx),
            Packet::Suback(suback) => self.suback(&suback, at, cx),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(&unsubscribe, at, cx),
            Packet::Unsuback(id) => self.unsuback(id, at, cx),
            Packet::Pingreq => self.pingreq(at),
            Packet::Pingresp => self.pingresp(at, cx),
            Packet::Connect(_) | Packet::Connack(_) => {}
            Packet::Disconnect => {
                self.disconnect.get_or_insert(at);
            }
        }
    }

    /// A side closed in the middle of a packet.
    fn unfinished(&self, side: Side, captured: &Captured<'_>, at: At, cx: &mut Context<'_, impl Listener>) {
        let (present, whole) = (captured.bytes.len() + captured.passed, captured.wire_len);
        let message =
            format!("the {side} closed in the middle of a packet, with {present} of its {whole} bytes sent");
        note("unfinished", side, message).tell(&[at.frame], at, cx);
    }

    fn count(&mut self, side: Side) {
        if let Some(count) = self.packets.get_mut(index(side)) {
            *count += 1;
        }
    }

    pub(super) fn event(&mut self, moment: &Moment<'_>, event: Event, cx: &mut Context<'_, impl Listener>) {
        self.info = *moment.info;
        let at = At { frame: moment.frame, time: moment.time };
        let side = moment.info.side(moment.direction);
        if moment.unseen {
            self.miss(at);
        }
        match (event, side) {
            (Event::Lost(_) | Event::Cut(_) | Event::PassedOver { .. }, _) => self.miss(at),
            (Event::BadChecksum, _) => {
                if self.damaged.len() >= MAX_DAMAGED {
                    self.damaged.pop_front();
                }
                self.damaged.push_back(at.frame);
            }
            (Event::Finished, Some(side)) => {
                self.first_end.get_or_insert((at, Some(side)));
                if let Some(closed) = self.closed.get_mut(index(side)) {
                    closed.get_or_insert(at);
                }
            }
            (Event::Reset, side) => {
                self.first_end.get_or_insert((at, side));
                self.reset.get_or_insert(at);
            }
            _ => {}
        }
        if matches!(event, Event::Finished | Event::Reset) {
            self.keep_session(cx);
        }
    }

    /// The connection is over, or the capture is: then with its last record.
    pub(super) fn close(
        &mut self,
        moment: &Moment<'_>,
        capture_end: Option<At>,
        cx: &mut Context<'_, impl Listener>,
    ) {
        // Where a connection has no beginning, or not all of its packets, its end may not have been captured either.
        let shows_ends = self.info.from_start && self.complete && !moment.unseen;
        let capture_end = capture_end.filter(|_| shows_ends);
        let end = At { frame: moment.frame, time: moment.time };
        // Only now is it known that no packet is missing before the end.
        self.silent_to_the_end(end, capture_end, cx);
        self.unanswered(end, capture_end.filter(|_| self.first_end.is_none()), cx);
        if !moment.unseen {
            self.not_closed(end, capture_end, cx);
        }
        for side in [Side::Client, Side::Server] {
            self.not_sent_again(side, end, cx);
            self.undelivered(side, end, cx);
        }
        let ended = self.ended(end);
        cx.listener.ended(&ended);
        self.keep_session(cx);
    }

    /// What is known of it, for those who list connections.
    fn ended(&self, end: At) -> Ended {
        Ended {
            info: self.info,
            complete: self.complete,
            connect: self.handshake.connect.clone(),
            connack: self.handshake.connack,
            subscriptions: self.requests.filters(),
            packets: self.packets,
            published: self.published,
            disconnected: self.disconnect.is_some(),
            reset: self.reset.is_some(),
            ended_by: self.first_end.and_then(|(_, side)| side),
            end: end.time,
        }
    }

    fn after_disconnect(
        &mut self,
        side: Side,
        packet: &Packet<'_>,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let Some(disconnect) = self.disconnect.filter(|_| side == Side::Client) else { return };
        let message = format!("{} behind DISCONNECT", packet.packet_type());
        let frames = [disconnect.frame, at.frame];
        error("packet_after_disconnect", side, message).against(&["MQTT-3.14.4-2"]).tell(&frames, at, cx);
    }
}
