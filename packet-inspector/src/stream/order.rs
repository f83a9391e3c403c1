//! One direction of a TCP connection: its bytes in their order, whatever order they came in.
//!
//! What comes in order is not copied. What comes early waits, until the bytes before it come or are given up.

use crate::capture::{Span, Time};

/// The most bytes of one direction that wait.
const MAX_WAITING: usize = 512 << 10;

/// The most segments of one direction that wait.
const MAX_PIECES: usize = 1024;

/// No window reaches further; a segment from beyond is not believed at first.
const FAR: i64 = 1 << 26;

/// Bytes that lie in one record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'a> {
    pub(super) data: &'a [u8],
    pub(super) frame: u64,
    pub(super) time: Time,
    /// Where they stand in the record.
    pub(super) at: usize,
}

impl Chunk<'_> {
    /// The same without its first bytes.
    pub(super) fn skip(self, len: usize) -> Self {
        Self { data: self.data.get(len..).unwrap_or_default(), at: self.at + len, ..self }
    }
}

/// Bytes that came too early, or that are not to be believed yet.
#[derive(Debug)]
pub(super) struct Piece {
    start: u64,
    pub(super) data: Vec<u8>,
    wire_len: u64,
    pub(super) frame: u64,
    pub(super) time: Time,
    pub(super) at: usize,
    /// The checksum is wrong: another copy is better.
    suspect: bool,
}

impl Piece {
    fn end(&self) -> u64 {
        self.start.saturating_add(self.wire_len)
    }

    fn covers(&self, place: u64) -> bool {
        self.start <= place && place < self.end()
    }
}

/// What comes next in a direction.
#[derive(Debug)]
pub(super) enum Next {
    Piece(Piece),
    /// So many bytes that are not there.
    Hole(u64),
}

/// What is known of a segment's bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub(super) seq: u32,
    pub(super) wire_len: u32,
    pub(super) chunk: Chunk<'a>,
    pub(super) suspect: bool,
    /// PSH was set.
    pub(super) push: bool,
}

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
    /// Up to where the receiver has acknowledged.
    acknowledged: Option<u64>,
    /// Segments of the connection, and the time, since the oldest piece waits.
    patience: Option<(u32, Time)>,
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

    /// The receiver has all bytes before this number.
    #[inline]
    pub(super) fn acknowledge(&mut self, ack: u32) {
        let Some(next) = self.next else { return };
        let ahead = i64::from(ack.wrapping_sub(next).cast_signed());
        if ahead.abs() < FAR {
            let place = self.place.saturating_add_signed(ahead);
            self.acknowledged = self.acknowledged.max(Some(place));
        }
    }

    /// Takes a segment; what of it comes next is given back, to be used at once.
    #[inline]
    pub(super) fn take<'a>(&mut self, arrival: Arrival<'a>) -> Option<(Chunk<'a>, u64)> {
        let Arrival { seq, wire_len, chunk, suspect, push } = arrival;
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
        if ahead > 0 || suspect {
            self.wait(arrival, ahead);
            return None;
        }
        let known = usize::try_from(-ahead).unwrap_or(usize::MAX);
        let fresh = chunk.skip(known);
        let len = u64::try_from(end).unwrap_or_default();
        self.advance(len);
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
        self.acknowledged = None;
        // How much is lost is not known; something is.
        self.place = self.place.saturating_add(FAR.unsigned_abs());
        self.next = Some(arrival.seq);
        self.lost_track = true;
        self.take(arrival)
    }

    fn wait(&mut self, arrival: Arrival<'_>, ahead: i64) {
        let Arrival { wire_len, chunk, suspect, .. } = arrival;
        let start = self.place.saturating_add_signed(ahead);
        let wire_len = u64::from(wire_len);
        let same = |piece: &Piece| piece.start == start && piece.wire_len == wire_len;
        if let Some(piece) = self.waiting.iter_mut().find(|piece| same(piece)) {
            if piece.suspect && !suspect {
                self.waiting_bytes = self.waiting_bytes + chunk.data.len() - piece.data.len();
                let Chunk { data, frame, time, at } = chunk;
                *piece = Piece { start, data: data.to_vec(), wire_len, frame, time, at, suspect };
            }
            return;
        }
        let Chunk { data, frame, time, at } = chunk;
        let place = self.waiting.partition_point(|piece| piece.start <= start);
        self.waiting_bytes += data.len();
        let piece = Piece { start, data: data.to_vec(), wire_len, frame, time, at, suspect };
        self.waiting.insert(place, piece);
    }

    /// A segment of the connection has been seen at this time: is it time to give up what is missing?
    pub(super) fn up_to(&mut self, now: Time, crowded: bool) -> u64 {
        if self.waiting.is_empty() {
            self.patience = None;
            return 0;
        }
        if crowded || self.waiting_bytes > MAX_WAITING || self.waiting.len() > MAX_PIECES {
            return u64::MAX;
        }
        let (count, since) = self.patience.unwrap_or((0, now));
        self.patience = Some((count.saturating_add(1), since));
        let waited = now.since(since);
        match self.acknowledged {
            // The receiver has it, the capture has not.
            Some(acknowledged) if count >= 32 || waited >= Span::seconds(2) => acknowledged,
            _ if count >= 512 || waited >= Span::seconds(30) => u64::MAX,
            _ => 0,
        }
    }

    /// What comes next, if it is there; bytes before `given_up` need not come any more.
    pub(super) fn next(&mut self, given_up: u64) -> Option<Next> {
        let place = self.place;
        while let Some(first) = self.waiting.first()
            && first.end() <= place
        {
            self.waiting_bytes -= first.data.len();
            self.waiting.remove(0);
        }
        let give_up = place < given_up;
        let better = self.waiting.iter().position(|piece| !piece.suspect && piece.covers(place));
        let found =
            better.or_else(|| self.waiting.iter().position(|piece| piece.covers(place)).filter(|_| give_up));
        let Some(found) = found else {
            let start = self.waiting.iter().map(|piece| piece.start).find(|&start| start > place)?;
            if !give_up {
                return None;
            }
            self.patience = None;
            self.advance(start - place);
            return Some(Next::Hole(start - place));
        };
        let mut piece = self.waiting.remove(found);
        self.waiting_bytes -= piece.data.len();
        self.patience = None;
        if piece.suspect {
            // Only as far as no better copy begins.
            let better = self.waiting.iter().filter(|other| !other.suspect && other.start > place);
            if let Some(start) = better.map(|other| other.start).min() {
                piece.wire_len = piece.wire_len.min(start - piece.start);
                let len = usize::try_from(piece.wire_len).unwrap_or(usize::MAX);
                piece.data.truncate(len);
            }
        }
        let known = place - piece.start;
        let fresh = piece.wire_len - known;
        let known = usize::try_from(known).unwrap_or(usize::MAX).min(piece.data.len());
        piece.data.drain(..known);
        piece.at += known;
        piece.wire_len = fresh;
        self.advance(fresh);
        Some(Next::Piece(piece))
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
        self.acknowledged.unwrap_or_default().saturating_sub(self.place)
    }
}

impl Piece {
    /// Bytes that the capture cut off.
    pub(super) fn cut(&self) -> u64 {
        self.wire_len.saturating_sub(self.data.len() as u64)
    }

    pub(super) fn chunk(&self) -> Chunk<'_> {
        Chunk { data: &self.data, frame: self.frame, time: self.time, at: self.at }
    }
}
