//! Going on where bytes are missing, or where it is not known where a packet begins.

use mqtt_codec::{Decoder, Fault, PacketType};

use super::super::boundary::{self, Boundary};
use super::super::{Context, Event, Sink};
use super::{Framer, LEAST_HELD, Sender, State, WINDOW, declared};

/// From so many segments on that are held, and none of them a boundary, each sixty-fourth alone is a reason to search
/// again: a window full of single bytes would be searched for each of them.
const MANY: usize = 1024;

impl Framer {
    pub(super) fn find_boundary<S: Sink>(
        &mut self,
        who: Sender<'_>,
        ended: bool,
        cx: &mut Context<'_, S>,
    ) -> bool {
        let many = self.places.len() > MANY && self.held.len() <= WINDOW;
        if many && !ended && !self.places.len().is_multiple_of(64) {
            return false;
        }
        let starts = boundary::Starts::new(&self.places);
        let mut progress = self.search.take().unwrap_or_default();
        let full = self.held.len() > WINDOW || cx.is_crowded();
        let search = boundary::Search {
            bytes: &self.held,
            behind: self.passed,
            starts,
            side: who.side(),
            strict: self.strict,
            full: full || self.strict,
            ended,
        };
        let found = search.run(&mut progress);
        self.search = Some(progress);
        match found {
            Boundary::At(found) => {
                self.passed_over(found, who, cx);
                self.in_step_again();
                true
            }
            Boundary::Open => {
                let len = self.held.len();
                if cx.is_crowded() && len > LEAST_HELD {
                    self.passed_over(len - LEAST_HELD, who, cx);
                } else if len > WINDOW {
                    self.passed_over(len / 2, who, cx);
                }
                false
            }
        }
    }

    /// The first bytes that are held are none of a packet, as far as can be told.
    fn passed_over<S: Sink>(&mut self, len: usize, who: Sender<'_>, cx: &mut Context<'_, S>) {
        let Some(first) = self.places.first().copied().filter(|_| len > 0) else { return };
        self.passed += len as u64;
        let last = self.places_of(0..len).last().copied().unwrap_or(first);
        if !self.strict {
            let event = Event::PassedOver { bytes: len as u64, from: first.frame };
            cx.sink.event(&who.moment(last.frame, last.time), event);
        }
        self.release(len, cx);
    }

    /// So many bytes are missing here.
    pub(in super::super) fn hole<S: Sink>(&mut self, len: u64, who: Sender<'_>, cx: &mut Context<'_, S>) {
        let inside = match self.state {
            State::InStep => declared(&self.held).map(|whole| (whole - self.held.len().min(whole)) as u64),
            State::Passing(left) => Some(left),
            State::Searching => None,
        };
        match inside {
            Some(left) if len > 0 && len < left => self.state = State::Passing(left - len),
            Some(left) => {
                self.send_start(who, cx);
                if len != left {
                    self.search(self.strict);
                }
            }
            None if self.is_cut_packet(len, who) => {
                let len = self.places.last().map_or(0, |place| place.len);
                self.passed_over(self.held.len() - len, who, cx);
                self.in_step_again();
                self.send_start(who, cx);
            }
            None => {
                self.go_on(who, true, cx);
                self.passed_over(self.held.len(), who, cx);
                self.search(self.strict);
            }
        }
    }

    /// Whether the segment of which so many bytes were cut off is one packet by its own length, and reads as one.
    fn is_cut_packet(&self, cut: u64, who: Sender<'_>) -> bool {
        let Some(segment) = self.places.last().map(|place| place.len) else { return false };
        let start = self.held.get(self.held.len() - segment..).unwrap_or_default();
        let fills = declared(start).is_some_and(|len| len as u64 == segment as u64 + cut);
        let of_sender =
            start.first().and_then(|first| PacketType::of_first_byte(*first)).is_some_and(|kind| {
                kind.sender().is_none_or(|sender| who.side().is_none_or(|side| side == sender))
            });
        let read = Decoder::new().observe_prefix(start, &mut ());
        cut > 0
            && !self.strict
            && fills
            && of_sender
            && read.map_or_else(|error| error.fault == Fault::FieldPastEnd, |()| true)
    }

    /// No more bytes come.
    pub(in super::super) fn finish<S: Sink>(&mut self, who: Sender<'_>, cx: &mut Context<'_, S>) {
        if self.is_searching() {
            self.go_on(who, true, cx);
        }
        match self.state {
            State::Searching => self.passed_over(self.held.len(), who, cx),
            _ if self.held.is_empty() => {}
            _ => self.send_start(who, cx),
        }
    }
}
