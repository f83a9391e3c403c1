//! What waits in both directions, and comes out as it was sent: an answer behind what it answers.

use super::super::order::Next;
use super::super::segment::Segment;
use super::super::{Context, Direction, Sink};
use super::Connection;
use crate::capture::Time;
use crate::net::TcpFlags;

const BOTH: [Direction; 2] = [Direction::Forward, Direction::Backward];

impl Connection {
    /// Up to where the sender of a segment had the other side's bytes.
    pub(super) fn knows(&mut self, segment: &Segment<'_>, direction: Direction) -> Option<u64> {
        if !segment.flags.contains(TcpFlags::ACK) {
            return None;
        }
        let moment = self.last;
        let other = self.half_mut(direction.opposite());
        other.order.acknowledge(segment.ack, moment);
        // FIN counts as a byte.
        let is_behind_fin = other.finished() == Some(segment.ack);
        other.order.place_of(segment.ack.wrapping_sub(u32::from(is_behind_fin)))
    }

    /// Whether what was sent when these bytes of a direction were known has to wait for them.
    pub(super) fn waits_for(&self, direction: Direction, knows: Option<u64>) -> bool {
        // Where a side was not captured, all would wait.
        let half = self.half(direction);
        half.seen && knows.is_some_and(|knows| half.order.owes(knows))
    }

    /// What comes now was sent when these bytes of a direction were known.
    pub(super) fn claim(&mut self, direction: Direction, knows: Option<u64>) {
        if let Some(knows) = knows {
            self.half_mut(direction).order.claim(knows);
        }
    }

    fn waits(&self) -> bool {
        self.forward.order.waits() || self.backward.order.waits()
    }

    /// Whether something has begun to wait, of which no more than time need be told.
    pub(in super::super) fn begins_to_wait(&mut self) -> bool {
        self.waits() && !std::mem::replace(&mut self.queued, true)
    }

    /// Records of other connections show that time has passed; `true` when something goes on waiting.
    pub(in super::super) fn wait_on<S: Sink>(&mut self, now: Time, cx: &mut Context<'_, S>) -> bool {
        let held_before = self.waiting();
        self.go_on(now, cx);
        *cx.held = (*cx.held + self.waiting()).saturating_sub(held_before);
        self.queued = self.waits();
        self.queued
    }

    /// Gives on what need not wait any more.
    pub(super) fn go_on<S: Sink>(&mut self, now: Time, cx: &mut Context<'_, S>) {
        if self.waits() {
            self.give_on([0; 2], cx);
            let given_up = self.given_up(now, cx.is_crowded());
            self.give_on(given_up, cx);
        }
        if !self.waits() {
            self.forward.order.rest();
            self.backward.order.rest();
        }
    }

    /// Up to where each direction's missing bytes are waited for no longer.
    fn given_up(&mut self, now: Time, is_crowded: bool) -> [u64; 2] {
        if is_crowded || self.forward.order.is_full() || self.backward.order.is_full() {
            return [u64::MAX; 2];
        }
        BOTH.map(|direction| {
            let asked = self.half(direction.opposite()).order.asks_for();
            let is_asked = self.waits_for(direction, asked);
            let order = &mut self.half_mut(direction).order;
            let is_awaited = is_asked || order.lacks();
            order.up_to(now, is_awaited)
        })
    }

    /// Gives on what waits, as far as it is in order or what is before it is given up: first what was captured first.
    pub(super) fn give_on<S: Sink>(&mut self, given_up: [u64; 2], cx: &mut Context<'_, S>) {
        for (direction, given_up) in BOTH.into_iter().zip(given_up) {
            self.half_mut(direction).order.excuse(given_up);
        }
        loop {
            let next = BOTH.into_iter().zip(given_up).filter_map(|(direction, given_up)| {
                let peek = self.half(direction).order.peek(given_up)?;
                if self.waits_for(direction.opposite(), peek.knows) {
                    return None;
                }
                // What its sender knew, as far as that is there, comes first, also when something else of it is missing.
                let other = &self.half(direction.opposite()).order;
                let is_behind = peek.knows.is_some_and(|knows| other.has_before(knows));
                Some(((is_behind, peek.frame), direction, given_up))
            });
            let Some((_, direction, given_up)) = next.min_by_key(|(rank, ..)| *rank) else { return };
            match self.half_mut(direction).order.next(given_up) {
                Some(Next::Piece(piece)) => {
                    self.claim(direction.opposite(), piece.knows());
                    match piece.entry() {
                        Some((entry, proof)) => {
                            let Context { limits, held, sink, .. } = cx;
                            let cx = &mut Context { entry: &entry, limits, held, proof, sink: *sink };
                            self.deliver(direction, piece.chunk(), piece.cut(), cx);
                        }
                        None => self.deliver(direction, piece.chunk(), piece.cut(), cx),
                    }
                    if piece.is_suspect() {
                        self.half_mut(direction).framer.doubt();
                    }
                }
                Some(Next::Hole(len, shown)) => self.lost(direction, len, shown, cx),
                None => return,
            }
        }
    }
}
