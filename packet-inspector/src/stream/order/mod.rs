//! One direction of a TCP connection: its bytes in their order, whatever order they came in.
//!
//! What comes in order is not copied. What comes early waits, until the bytes before it come or are given up. So does what
//! its sender sent when it had bytes of the other side that are not there yet: an answer does not come before its question.

use crate::capture::Time;

mod acknowledged;
mod next;
mod patience;
mod piece;

use acknowledged::Acknowledged;
pub(super) use next::Next;
pub(super) use patience::LONG;
use patience::Patience;
pub(super) use piece::{Arrival, Chunk, Piece};

/// The most bytes of one direction that wait.
const MAX_WAITING: usize = 512 << 10;

/// The most segments of one direction that wait.
const MAX_PIECES: usize = 1024;

/// No window reaches further; a segment from beyond is not believed at first.
const FAR: i64 = 1 << 26;

/// The order of one direction.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The sequence number of the byte that comes next; unknown before the first segment.
    next: Option<u32>,
    /// That of the first byte.
    first: Option<u32>,
    /// How many bytes came before it.
    place: u64,
    waiting: Vec<Piece>,
    waiting_bytes: usize,
    /// Up to where the receiver has acknowledged what is not here yet.
    acknowledged: Acknowledged,
    /// Any acknowledgement was seen: the capture has the receiver's segments.
    is_answered: bool,
    /// Up to where the other side knew it when it sent what was given on last.
    claimed: u64,
    /// What the other side sent when it knew no more than up to here waits no longer.
    excused: u64,
    /// Nothing has come since then: it may be that this side is not captured any more.
    silent: bool,
    /// While something waits for bytes of this direction.
    patience: Option<Patience>,
    /// Where a segment from far away would go on.
    stray: Option<u32>,
    lost_track: bool,
}

impl Order {
    /// The connection begins with this sequence number.
    pub(super) fn begin(&mut self, syn: u32) {
        let first = syn.wrapping_add(1);
        self.next.get_or_insert(first);
        self.first.get_or_insert(first);
    }

    /// Whether the bytes begin behind a SYN with this number, which may come late.
    pub(super) fn begins_behind(&self, syn: u32) -> bool {
        self.first == Some(syn.wrapping_add(1))
    }

    /// Whether this number is further from what comes next than segments stray.
    pub(super) fn is_elsewhere(&self, seq: u32) -> bool {
        const NEAR: u32 = 1 << 20;
        self.next.is_some_and(|next| seq.wrapping_sub(next).cast_signed().unsigned_abs() > NEAR)
    }

    pub(super) fn has_begun(&self) -> bool {
        self.next.is_some()
    }

    #[inline]
    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Bytes that are held.
    #[inline]
    pub(super) fn held(&self) -> usize {
        self.waiting_bytes
    }

    /// Where this number stands among the bytes; `None` when that is not to be believed.
    pub(super) fn place_of(&self, number: u32) -> Option<u64> {
        let ahead = i64::from(number.wrapping_sub(self.next?).cast_signed());
        (ahead.abs() < FAR).then(|| self.place.saturating_add_signed(ahead))
    }

    /// Whether bytes before this number have not come yet.
    #[inline]
    pub(super) fn is_before(&self, number: u32) -> bool {
        self.next.is_some_and(|next| number.wrapping_sub(next).cast_signed() > 0)
    }

    /// The receiver has all bytes before this number, and says so in this record.
    pub(super) fn acknowledge(&mut self, ack: u32, moment: (u64, Time)) {
        let Some(place) = self.place_of(ack) else { return };
        self.is_answered = true;
        self.acknowledged.add(place, self.place, moment);
    }

    /// What is given on now was sent by one who had all before this place.
    pub(super) fn claim(&mut self, place: u64) {
        self.claimed = self.claimed.max(place);
    }

    /// The other side knows all that it has acknowledged.
    pub(super) fn claim_all(&mut self) {
        self.claimed = self.claimed.max(self.acknowledged.place());
    }

    /// Whether what was sent by one who had all before this place has to wait for that.
    pub(super) fn owes(&self, place: u64) -> bool {
        place > self.place.max(self.excused) && !(self.silent && self.waiting.is_empty())
    }

    /// Whether bytes from before this place wait.
    pub(super) fn has_before(&self, place: u64) -> bool {
        self.waiting.first().is_some_and(|first| first.start < place)
    }

    /// Takes a segment; what of it comes next is given back, to be used at once.
    #[inline]
    pub(super) fn take<'a>(&mut self, arrival: Arrival<'a>) -> Option<(Chunk<'a>, u64)> {
        let Arrival { seq, wire_len, chunk, suspect, push, held_back, .. } = arrival;
        if wire_len == 0 {
            return None;
        }
        let next = match self.next {
            Some(next) => next,
            // A keep-alive repeats the last byte, as zero: no start of anything.
            None if wire_len == 1 && chunk.data == [0] && !push => return None,
            None => {
                self.first = Some(seq);
                *self.next.insert(seq)
            }
        };
        let ahead = i64::from(seq.wrapping_sub(next).cast_signed());
        if ahead.abs() >= FAR {
            return self.take_from_afar(arrival);
        }
        let end = ahead + i64::from(wire_len);
        if end <= 0 {
            return None;
        }
        if ahead > 0 || suspect || held_back {
            self.wait(arrival, ahead);
            return None;
        }
        let known = usize::try_from(-ahead).unwrap_or(usize::MAX);
        let fresh = chunk.skip(known);
        let len = u64::try_from(end).unwrap_or_default();
        self.go_on(len);
        let cut = len.saturating_sub(fresh.data.len() as u64);
        Some((fresh, cut))
    }

    /// Takes a segment if it is whole and comes next, or has no bytes: [`Order::take`] would give all of it back, or nothing.
    #[inline]
    pub(super) fn take_next(&mut self, seq: u32, len: usize, wire_len: u32) -> bool {
        if wire_len == 0 {
            return true;
        }
        let is_next = self.next == Some(seq) && u32::try_from(len) == Ok(wire_len);
        if is_next {
            self.advance(wire_len.into());
        }
        is_next
    }

    #[inline]
    fn advance(&mut self, len: u64) {
        self.place = self.place.saturating_add(len);
        // Sequence numbers wrap.
        let low = u32::try_from(len & u64::from(u32::MAX)).unwrap_or_default();
        self.next = self.next.map(|next| next.wrapping_add(low));
    }

    /// The same, where something may wait.
    fn go_on(&mut self, len: u64) {
        self.advance(len);
        self.silent = false;
        let place = self.place;
        let old = self.waiting.iter().take_while(|piece| piece.end() <= place).count();
        self.waiting_bytes -= self.waiting.drain(..old).map(|piece| piece.held()).sum::<usize>();
    }

    /// Whether [`Order::take`] would go on from here, far from all that waits.
    pub(super) fn jumps_to(&self, seq: u32) -> bool {
        let is_far = |next| i64::from(seq.wrapping_sub(next).cast_signed()).abs() >= FAR;
        self.stray == Some(seq) && self.next.is_some_and(is_far)
    }

    /// A segment far from all others is a stray, unless the next one follows it: then all between is lost.
    fn take_from_afar<'a>(&mut self, arrival: Arrival<'a>) -> Option<(Chunk<'a>, u64)> {
        let follows = self.stray == Some(arrival.seq);
        self.stray = Some(arrival.seq.wrapping_add(arrival.wire_len));
        if !follows || arrival.suspect {
            return None;
        }
        self.stray = None;
        self.waiting.clear();
        self.waiting_bytes = 0;
        self.acknowledged = Acknowledged::default();
        // How much is lost is not known; something is.
        self.place = self.place.saturating_add(FAR.unsigned_abs());
        self.next = Some(arrival.seq);
        self.lost_track = true;
        self.take(arrival)
    }

    fn wait(&mut self, arrival: Arrival<'_>, ahead: i64) {
        let start = self.place.saturating_add_signed(ahead);
        let same = |piece: &Piece| piece.start == start && piece.wire_len == u64::from(arrival.wire_len);
        if let Some(piece) = self.waiting.iter_mut().find(|piece| same(piece)) {
            if piece.suspect && !arrival.suspect {
                let better = Piece::new(arrival, start);
                self.waiting_bytes = self.waiting_bytes + better.held() - piece.held();
                *piece = better;
            }
            return;
        }
        let place = self.waiting.partition_point(|piece| piece.start <= start);
        let piece = Piece::new(arrival, start);
        self.waiting_bytes += piece.held();
        self.waiting.insert(place, piece);
    }

    /// More waits than may.
    pub(super) fn is_full(&self) -> bool {
        self.waiting_bytes > MAX_WAITING || self.waiting.len() > MAX_PIECES
    }

    /// A segment of the connection has been seen at this time, and something waits for bytes of this direction, or
    /// nothing does: up to where is it time to give up what is missing?
    pub(super) fn up_to(&mut self, now: Time, is_awaited: bool) -> u64 {
        if !is_awaited {
            self.patience = None;
            return 0;
        }
        let acknowledged = self.acknowledged.place();
        let patience = self.patience.get_or_insert_with(|| Patience::new(acknowledged, now));
        patience.segment(now, acknowledged, acknowledged > self.place, self.is_answered)
    }

    /// Nothing waits in either direction.
    pub(super) fn rest(&mut self) {
        self.patience = None;
    }

    /// Nothing waits any more for bytes before this place.
    pub(super) fn excuse(&mut self, given_up: u64) {
        let excused = given_up.min(self.acknowledged.place());
        if excused > self.place {
            self.excused = self.excused.max(excused);
            self.silent = true;
        }
    }

    /// Whether an unknown number of bytes has been passed over since this was asked.
    #[inline]
    pub(super) fn take_lost_track(&mut self) -> bool {
        std::mem::take(&mut self.lost_track)
    }

    /// Bytes at the end that the receiver acknowledged and the capture has not.
    #[inline]
    pub(super) fn never_seen(&self) -> u64 {
        // FIN counts as one.
        self.missing().saturating_sub(1)
    }

    /// The same, with the FIN.
    #[inline]
    pub(super) fn missing(&self) -> u64 {
        self.acknowledged.place().saturating_sub(self.place)
    }

    /// Bytes before this number that have not come.
    pub(super) fn lacks_before(&self, number: u32) -> u64 {
        self.place_of(number).map_or(0, |place| place.saturating_sub(self.place))
    }

    /// The record in which the receiver acknowledged them.
    pub(super) fn missed_at(&self) -> Option<(u64, Time)> {
        self.acknowledged.moment(self.place)
    }

    /// Bytes that the other side knew when it sent what was given on last, and that were not given on.
    #[inline]
    pub(super) fn unseen(&self) -> u64 {
        self.claimed.saturating_sub(self.place)
    }
}
