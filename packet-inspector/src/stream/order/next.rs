//! What comes next in a direction, of what waits.

use super::{Order, Piece};
use crate::capture::Time;

/// What comes next in a direction.
#[derive(Debug)]
pub(in super::super) enum Next {
    Piece(Piece),
    /// So many bytes that are not there, and the first record that has bytes from behind them.
    Hole(u64, (u64, Time)),
}

/// The record of what comes next, and how far its sender had the other side's bytes.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Peek {
    pub(in super::super) frame: u64,
    pub(in super::super) knows: Option<u64>,
}

impl Order {
    /// Whether bytes are missing before those that wait.
    pub(in super::super) fn lacks(&self) -> bool {
        self.waits() && self.found(false).is_none()
    }

    /// How far the sender of what waits first had the other side's bytes.
    pub(in super::super) fn asks_for(&self) -> Option<u64> {
        self.waiting.first()?.knows()
    }

    /// Of what comes next, the record, as [`Order::next`] would give it.
    pub(in super::super) fn peek(&self, given_up: u64) -> Option<Peek> {
        let give_up = self.place < given_up;
        if let Some(piece) = self.found(give_up).and_then(|found| self.waiting.get(found)) {
            return Some(Peek { frame: piece.moment().0, knows: piece.knows() });
        }
        let (first, (frame, _)) = self.behind(given_up)?;
        Some(Peek { frame, knows: first.knows() })
    }

    /// The first piece behind what is missing, and the record that was the first to show that something is, when all of that
    /// need not come any more: what the other side sent in between comes before the gap is told, if it knew a part alone.
    fn behind(&self, given_up: u64) -> Option<(&Piece, (u64, Time))> {
        let mut behind = self.waiting.iter().filter(|piece| piece.start > self.place);
        let first = behind.next().filter(|first| first.start <= given_up)?;
        let shown = behind.map(Piece::moment).chain([first.moment()]);
        Some((first, shown.min_by_key(|(frame, _)| *frame)?))
    }

    /// The piece that comes next; one that is suspect only when no better one need come.
    fn found(&self, give_up: bool) -> Option<usize> {
        let begun = || self.waiting.iter().take_while(|piece| piece.start <= self.place);
        let better = begun().position(|piece| !piece.suspect && piece.covers(self.place));
        better.or_else(|| begun().position(|piece| give_up && piece.covers(self.place)))
    }

    /// What comes next, if it is there; bytes before `given_up` need not come any more.
    pub(in super::super) fn next(&mut self, given_up: u64) -> Option<Next> {
        let place = self.place;
        let give_up = place < given_up;
        let Some(found) = self.found(give_up) else {
            let (first, shown) = self.behind(given_up)?;
            let len = first.start - place;
            self.go_on(len);
            return Some(Next::Hole(len, shown));
        };
        let mut piece = self.waiting.remove(found);
        self.waiting_bytes -= piece.held();
        if piece.suspect {
            // Only as far as no better copy begins.
            let better = self.waiting.iter().filter(|other| !other.suspect && other.start > place);
            if let Some(start) = better.map(|other| other.start).min() {
                piece.end_at(start);
            }
        }
        piece.begin_at(place);
        self.go_on(piece.wire_len);
        Some(Next::Piece(piece))
    }
}
