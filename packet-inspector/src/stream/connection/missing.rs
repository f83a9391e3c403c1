//! What is missing of a connection: bytes that were not captured, and those behind its end.

use super::super::framer::Sender;
use super::super::recognise::Other;
use super::super::segment::Segment;
use super::super::{Context, Direction, Event, Sink};
use super::{Connection, End, Half, Protocol};
use crate::capture::Time;
use crate::net::TcpFlags;

impl Half {
    /// How many bytes are missing at the end, by what was acknowledged or by the end itself, and in which record that is said.
    fn lacks_at_end(&self) -> Option<(u64, (u64, Time))> {
        let order = &self.order;
        let acknowledged = (order.never_seen(), order.missed_at());
        let sent = self.end.map_or((0, None), |end| {
            let lacks = order.lacks_before(end.number);
            // Behind a FIN that was not captured, the number of a RST is one more.
            let is_end = !end.is_fin && lacks == 1;
            (if is_end { 0 } else { lacks }, Some(end.moment))
        });
        let lacks = [acknowledged, sent].into_iter().filter(|(missing, _)| *missing > 0);
        let moment = lacks.clone().filter_map(|(_, moment)| moment).min_by_key(|(frame, _)| *frame);
        Some((lacks.map(|(missing, _)| missing).max()?, moment?))
    }
}

impl Connection {
    /// FIN and RST, and the end of what was said before them.
    pub(super) fn ending<S: Sink>(
        &mut self,
        segment: &Segment<'_>,
        direction: Direction,
        cx: &mut Context<'_, S>,
    ) {
        let moment = self.last;
        if segment.flags.contains(TcpFlags::RST) {
            if !self.over {
                let end = End { number: segment.seq, is_fin: false, moment };
                self.half_mut(direction).end.get_or_insert(end);
                let unseen = self.lacks_its_end(direction);
                self.flush(cx);
                self.tell_of(direction, unseen, moment, Event::Reset, cx);
            }
            self.over = true;
        } else if segment.flags.contains(TcpFlags::FIN) && self.half(direction).finished().is_none() {
            let number = segment.seq.wrapping_add(segment.wire_len);
            self.half_mut(direction).end = Some(End { number, is_fin: true, moment });
            self.tell_of(direction, self.lacks_its_end(direction), moment, Event::Finished, cx);
            self.over |= self.forward.finished().is_some() && self.backward.finished().is_some();
        }
    }

    /// Whether bytes that a side sent before its end, or knew of then, have not been seen.
    fn lacks_its_end(&self, direction: Direction) -> bool {
        let lacks = |direction| self.half(direction).lacks_at_end().is_some();
        lacks(direction) || lacks(direction.opposite())
    }

    /// Nothing more comes: what waits has waited long enough.
    fn flush<S: Sink>(&mut self, cx: &mut Context<'_, S>) {
        let held_before = self.waiting();
        self.give_on([u64::MAX; 2], cx);
        for direction in [Direction::Forward, Direction::Backward] {
            let half = self.half_mut(direction);
            half.order.claim_all();
            // Of a side that was not captured at all there is nothing to miss.
            let lacks = half.lacks_at_end().filter(|_| half.seen && !half.lost_end);
            if let Some((missing, moment)) = lacks.filter(|_| self.protocol != Protocol::Other) {
                self.half_mut(direction).lost_end = true;
                self.lost(direction, missing, moment, cx);
            }
        }
        for direction in [Direction::Forward, Direction::Backward] {
            self.finish(direction, cx);
        }
        *cx.held = cx.held.saturating_sub(held_before - self.waiting().min(held_before));
    }

    /// The connection is forgotten, or the capture is over.
    pub(in super::super) fn close<S: Sink>(
        &mut self,
        forgotten: bool,
        capture_end: Option<(u64, Time)>,
        cx: &mut Context<'_, S>,
    ) {
        self.flush(cx);
        let (frame, time) = self.last;
        let closed_unseen = |half: &Half| half.seen && half.finished().is_none() && half.order.missing() > 0;
        let unseen = closed_unseen(&self.forward) || closed_unseen(&self.backward);
        let closed = Event::Closed { forgotten, capture_end };
        self.tell_of(Direction::Forward, unseen, (frame, time), closed, cx);
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
        self.cut_connect(direction, cx);
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
            (Protocol::WebSocket, Some(websocket)) if !websocket.begun => {
                // The text of HTTP, which may end in what is missing.
                half.framer.clear(cx);
                half.framer.search(false);
                websocket.frames.hole(0);
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
        self.after_framing(direction, cx);
    }

    /// What begins as a CONNECT, and is cut before its name is told, is one on MQTT's port.
    fn cut_connect<S: Sink>(&mut self, direction: Direction, cx: &mut Context<'_, S>) {
        let begins_as_connect = self.half(direction).framer.held().first() == Some(&0x10);
        if self.protocol == Protocol::Unknown && self.on_port && self.info.from_start && begins_as_connect {
            self.is_mqtt(direction, cx);
        }
    }

    /// No more bytes of this side come.
    fn finish<S: Sink>(&mut self, direction: Direction, cx: &mut Context<'_, S>) {
        self.cut_connect(direction, cx);
        let unseen = self.unseen(direction);
        let Self { info, forward, backward, protocol, .. } = self;
        let half = if direction == Direction::Forward { forward } else { backward };
        let is_packets = match protocol {
            Protocol::Mqtt => true,
            // Before that, it is the text of HTTP.
            Protocol::WebSocket => half.websocket.as_ref().is_none_or(|websocket| websocket.begun),
            Protocol::Unknown | Protocol::Other => false,
        };
        if is_packets {
            half.framer.finish(Sender { info, direction, unseen }, cx);
        } else {
            half.framer.clear(cx);
        }
        half.drop_inflater(cx);
        self.after_framing(direction, cx);
    }
}
