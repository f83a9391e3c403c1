//! What is missing of a connection: bytes that were not captured, and those behind its end.

use super::super::framer::Sender;
use super::super::recognise::Other;
use super::super::segment::Segment;
use super::super::{Context, Direction, Event, Sink};
use super::{Connection, Half, Protocol};
use crate::capture::Time;
use crate::net::TcpFlags;

impl Connection {
    /// FIN and RST, and the end of what was said before them.
    pub(super) fn ending<S: Sink>(
        &mut self,
        segment: &Segment<'_>,
        direction: Direction,
        cx: &mut Context<'_, S>,
    ) {
        let (frame, time) = self.last;
        if segment.flags.contains(TcpFlags::RST) {
            if !self.over {
                self.flush(cx);
                self.tell(direction, frame, time, Event::Reset, cx);
            }
            self.over = true;
        } else if segment.flags.contains(TcpFlags::FIN) && self.half(direction).finished.is_none() {
            let end = segment.seq.wrapping_add(segment.wire_len).wrapping_add(1);
            self.half_mut(direction).finished = Some(end);
            self.tell(direction, frame, time, Event::Finished, cx);
            self.over |= self.forward.finished.is_some() && self.backward.finished.is_some();
        }
    }

    /// Nothing more comes: what waits has waited long enough.
    fn flush<S: Sink>(&mut self, cx: &mut Context<'_, S>) {
        let held_before = self.waiting();
        self.give_on([u64::MAX; 2], cx);
        for direction in [Direction::Forward, Direction::Backward] {
            let order = &mut self.half_mut(direction).order;
            order.claim_all();
            let (missing, missed_at) = (order.never_seen(), order.missed_at());
            // Of a side that was not captured at all there is nothing to miss.
            if missing > 0 && self.half(direction).seen && self.protocol != Protocol::Other {
                self.lost(direction, missing, missed_at.unwrap_or(self.last), cx);
            }
        }
        for direction in [Direction::Forward, Direction::Backward] {
            self.finish(direction, cx);
        }
        *cx.held = cx.held.saturating_sub(held_before - self.waiting().min(held_before));
    }

    /// The connection is forgotten, or the capture is over.
    pub(in super::super) fn close<S: Sink>(&mut self, forgotten: bool, cx: &mut Context<'_, S>) {
        self.flush(cx);
        let (frame, time) = self.last;
        let closed_unseen = |half: &Half| half.finished.is_none() && half.order.missing() > 0;
        let unseen = closed_unseen(&self.forward) || closed_unseen(&self.backward);
        self.tell_of(Direction::Forward, unseen, (frame, time), Event::Closed { forgotten }, cx);
    }

    pub(super) fn lost<S: Sink>(
        &mut self,
        direction: Direction,
        len: u64,
        now: (u64, Time),
        cx: &mut Context<'_, S>,
    ) {
        self.tell(direction, now.0, now.1, Event::Lost(len), cx);
        self.hole(direction, len, cx);
    }

    pub(super) fn hole<S: Sink>(&mut self, direction: Direction, len: u64, cx: &mut Context<'_, S>) {
        let begins_as_connect = self.half(direction).framer.held().first() == Some(&0x10);
        if self.protocol == Protocol::Unknown && self.on_port && self.info.from_start && begins_as_connect {
            // It is cut before its name is told.
            self.is_mqtt(direction, cx);
        }
        let unseen = self.unseen(direction);
        let Self { info, forward, backward, protocol, .. } = self;
        let half = if direction == Direction::Forward { forward } else { backward };
        let mut info_from_start = info.from_start;
        let who = Sender { info, direction, unseen };
        match (*protocol, &mut half.websocket) {
            (Protocol::Other, _) => {}
            (Protocol::Unknown, _) => {
                half.framer.clear(cx);
                // What follows can be the middle of anything.
                info_from_start = false;
            }
            (Protocol::WebSocket, Some(websocket)) if websocket.inflater.is_some() => {
                // Compression goes on from what is lost.
                self.name(direction, Other::CompressedWebSocket, cx);
                return;
            }
            (Protocol::WebSocket, Some(websocket)) => match websocket.frames.hole(len) {
                Some(0) => {}
                Some(len) => half.framer.hole(len, who, cx),
                None => half.framer.hole(0, who, cx),
            },
            _ => half.framer.hole(len, who, cx),
        }
        info.from_start = info_from_start;
    }

    /// No more bytes of this side come.
    fn finish<S: Sink>(&mut self, direction: Direction, cx: &mut Context<'_, S>) {
        let unseen = self.unseen(direction);
        let Self { info, forward, backward, protocol, .. } = self;
        let half = if direction == Direction::Forward { forward } else { backward };
        match protocol {
            Protocol::Mqtt | Protocol::WebSocket => {
                half.framer.finish(Sender { info, direction, unseen }, cx);
            }
            Protocol::Unknown | Protocol::Other => half.framer.clear(cx),
        }
        half.drop_inflater(cx);
    }
}
