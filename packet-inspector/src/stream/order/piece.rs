//! Bytes of one direction, as they lie in a record, or kept until they can be given on.

use super::super::Proof;
use crate::capture::{Entry, Time};
use crate::net::Link;

/// Bytes that lie in one record.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Chunk<'a> {
    pub(in super::super) data: &'a [u8],
    pub(in super::super) frame: u64,
    pub(in super::super) time: Time,
    /// Where they stand in the record.
    pub(in super::super) at: usize,
}

impl Chunk<'_> {
    /// The same without its first bytes.
    pub(in super::super) fn skip(self, len: usize) -> Self {
        Self { data: self.data.get(len..).unwrap_or_default(), at: self.at + len, ..self }
    }
}

/// What is known of a segment's bytes.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Arrival<'a> {
    pub(in super::super) seq: u32,
    pub(in super::super) wire_len: u32,
    pub(in super::super) chunk: Chunk<'a>,
    pub(in super::super) suspect: bool,
    /// PSH was set.
    pub(in super::super) push: bool,
    /// How far the sender had the other side's bytes.
    pub(in super::super) knows: Option<u64>,
    /// These are to come first, and are not there yet.
    pub(in super::super) held_back: bool,
    /// The record, where it is of use to keep it, and what its checksums prove.
    pub(in super::super) entry: Option<(&'a Entry<'a>, Proof)>,
}

/// Bytes that came too early, or that are not to be believed yet.
#[derive(Debug)]
pub(in super::super) struct Piece {
    pub(super) start: u64,
    pub(super) wire_len: u64,
    /// Of the whole record, where that is kept.
    bytes: Vec<u8>,
    /// Where in them its data begin, and how many these are.
    from: usize,
    len: usize,
    frame: u64,
    time: Time,
    at: usize,
    /// The checksum is wrong: another copy is better.
    pub(super) suspect: bool,
    pub(super) knows: Option<u64>,
    record: Option<Record>,
}

/// What is kept of a record beside its bytes.
#[derive(Debug)]
struct Record {
    link: Option<Link>,
    wire_len: usize,
    comments: Vec<String>,
    proof: Proof,
}

impl Piece {
    pub(super) fn new(arrival: Arrival<'_>, start: u64) -> Self {
        let Arrival { wire_len, chunk, suspect, knows, entry, .. } = arrival;
        let Chunk { data, frame, time, at } = chunk;
        // Of data in fragments, the record is another one.
        let entry = entry.filter(|(entry, _)| {
            entry.number == frame && entry.bytes.get(at..).is_some_and(|rest| rest.starts_with(data))
        });
        let (bytes, from) = entry.map_or((data, 0), |(entry, _)| (entry.bytes, at));
        let record = entry.map(|(entry, proof)| Record {
            link: entry.link,
            wire_len: entry.wire_len,
            comments: entry.comments.to_vec(),
            proof,
        });
        let wire_len = u64::from(wire_len);
        let (bytes, len) = (bytes.to_vec(), data.len());
        Self { start, wire_len, bytes, from, len, frame, time, at, suspect, knows, record }
    }

    pub(super) fn end(&self) -> u64 {
        self.start.saturating_add(self.wire_len)
    }

    pub(super) fn covers(&self, place: u64) -> bool {
        self.start <= place && place < self.end()
    }

    /// Bytes that it takes.
    pub(super) fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Leaves out what comes before this place.
    pub(super) fn begin_at(&mut self, place: u64) {
        let known = place.saturating_sub(self.start);
        self.start += known;
        self.wire_len = self.wire_len.saturating_sub(known);
        let known = usize::try_from(known).unwrap_or(usize::MAX).min(self.len);
        self.from += known;
        self.at += known;
        self.len -= known;
    }

    /// Leaves out what comes from this place on.
    pub(super) fn end_at(&mut self, place: u64) {
        self.wire_len = self.wire_len.min(place.saturating_sub(self.start));
        self.len = self.len.min(usize::try_from(self.wire_len).unwrap_or(usize::MAX));
    }

    /// The record and when it was captured.
    pub(in super::super) fn moment(&self) -> (u64, Time) {
        (self.frame, self.time)
    }

    /// Its checksum is wrong, and no better copy came.
    pub(in super::super) fn is_suspect(&self) -> bool {
        self.suspect
    }

    /// How far its sender had the other side's bytes.
    pub(in super::super) fn knows(&self) -> Option<u64> {
        self.knows
    }

    /// Bytes that the capture cut off.
    pub(in super::super) fn cut(&self) -> u64 {
        self.wire_len.saturating_sub(self.len as u64)
    }

    pub(in super::super) fn chunk(&self) -> Chunk<'_> {
        let data = self.bytes.get(self.from..self.from + self.len).unwrap_or_default();
        Chunk { data, frame: self.frame, time: self.time, at: self.at }
    }

    /// The record that it lies in, if that was kept.
    pub(in super::super) fn entry(&self) -> Option<(Entry<'_>, Proof)> {
        let Record { link, wire_len, comments, proof } = self.record.as_ref()?;
        let (number, time, bytes) = (self.frame, self.time, &self.bytes[..]);
        Some((Entry { number, time, link: *link, bytes, wire_len: *wire_len, comments }, *proof))
    }
}
