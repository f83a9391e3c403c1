//! Up to where a receiver has acknowledged, beyond what the capture shows, and in which records it did.

use crate::capture::Time;

/// An acknowledgement of bytes that had not been seen then.
#[derive(Clone, Copy, Debug)]
struct Mark {
    place: u64,
    moment: (u64, Time),
}

/// The first and the furthest of them; those between are not remembered.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    marks: Option<(Mark, Mark)>,
}

impl Acknowledged {
    /// Up to where the receiver has all.
    pub(super) fn place(&self) -> u64 {
        self.marks.map_or(0, |(_, last)| last.place)
    }

    /// The receiver has all bytes before `place`, those from `seen` on are not in the capture yet.
    pub(super) fn add(&mut self, place: u64, seen: u64, moment: (u64, Time)) {
        if place <= seen || place <= self.place() {
            return;
        }
        let last = Mark { place, moment };
        let first = self.marks.map(|(first, _)| first).filter(|first| first.place > seen).unwrap_or(last);
        self.marks = Some((first, last));
    }

    /// The record in which bytes from `seen` on were acknowledged.
    pub(super) fn moment(&self, seen: u64) -> Option<(u64, Time)> {
        let (first, last) = self.marks?;
        [first, last].into_iter().find(|mark| mark.place > seen).map(|mark| mark.moment)
    }
}
