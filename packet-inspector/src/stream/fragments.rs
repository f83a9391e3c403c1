//! IP fragments, put together in bounded memory.

use std::collections::HashMap;
use std::net::IpAddr;

use etherparse::{IpNumber, Ipv6ExtensionSlice, LaxIpSlice};

/// The most datagrams that are waited for at once; the oldest is given up.
const MAX_DATAGRAMS: usize = 64;

/// The most parts of one; links with the least MTU that IPv4 allows for need 120.
const MAX_PARTS: usize = 256;

/// The longest datagram there can be.
const MAX_LEN: usize = 65_535;

/// A part of a datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    key: Key,
    /// Where its bytes belong in the datagram.
    start: usize,
    more: bool,
    bytes: &'a [u8],
    /// Where they stand in the record.
    at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
}

impl<'a> Fragment<'a> {
    /// The part that an IP packet at `at` is, if it is TCP's and whole.
    pub(super) fn new(ip: &LaxIpSlice<'a>, bytes: &'a [u8], at: usize) -> Option<Self> {
        let (id, start, more) = match ip {
            LaxIpSlice::Ipv4(ip) => {
                let header = ip.header();
                let start = usize::from(header.fragments_offset().byte_offset());
                (u32::from(header.identification()), start, header.more_fragments())
            }
            LaxIpSlice::Ipv6(ip) => ip.extensions().clone().into_iter().find_map(|extension| {
                let Ipv6ExtensionSlice::Fragment(header) = extension else { return None };
                let start = usize::from(header.fragment_offset().byte_offset());
                Some((header.identification(), start, header.more_fragments()))
            })?,
        };
        let payload = ip.payload();
        if payload.ip_number != IpNumber::TCP || payload.incomplete {
            return None;
        }
        let at = at + payload.payload.as_ptr().addr().saturating_sub(bytes.as_ptr().addr());
        let key = Key { source: ip.source_addr(), destination: ip.destination_addr(), id };
        Some(Self { key, start, more, bytes: payload.payload, at })
    }
}

/// A datagram that is whole.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) bytes: Vec<u8>,
    /// The parts in order.
    pub(super) parts: Vec<Part>,
}

/// Where some bytes of a datagram came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Where they stand in the datagram.
    pub(super) start: usize,
    pub(super) len: usize,
    /// The record.
    pub(super) frame: u64,
    /// Where they stand in it.
    pub(super) at: usize,
}

/// Datagrams of which parts are there.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: HashMap<Key, Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    parts: Vec<Part>,
    /// Known when the last part is there.
    len: Option<usize>,
    since: u64,
}

impl Fragments {
    /// Takes a part, and gives the datagram when that makes it whole.
    pub(super) fn take(&mut self, fragment: Fragment<'_>, frame: u64) -> Option<Datagram> {
        let Fragment { key, start, more, bytes, at } = fragment;
        let end = start.checked_add(bytes.len()).filter(|&end| end <= MAX_LEN && !bytes.is_empty())?;
        if !self.waiting.contains_key(&key) && self.waiting.len() >= MAX_DATAGRAMS {
            let oldest = self.waiting.iter().min_by_key(|(_, waiting)| waiting.since).map(|(key, _)| *key);
            oldest.and_then(|oldest| self.waiting.remove(&oldest));
        }
        let waiting =
            self.waiting.entry(key).or_insert_with(|| Waiting { since: frame, ..Waiting::default() });
        let overlaps = |part: &Part| part.start < end && start < part.start + part.len;
        if waiting.parts.len() >= MAX_PARTS || waiting.parts.iter().any(overlaps) {
            // Mostly the same part again; parts that overlap otherwise are what an attacker sends.
            return None;
        }
        if waiting.bytes.len() < end {
            waiting.bytes.resize(end, 0);
        }
        waiting.bytes.get_mut(start..end)?.copy_from_slice(bytes);
        let place = waiting.parts.partition_point(|part| part.start < start);
        waiting.parts.insert(place, Part { start, len: bytes.len(), frame, at });
        if !more {
            waiting.len = Some(end);
        }
        let present: usize = waiting.parts.iter().map(|part| part.len).sum();
        if waiting.len != Some(present) || waiting.bytes.len() != present {
            return None;
        }
        let Waiting { bytes, parts, .. } = self.waiting.remove(&key)?;
        Some(Datagram { source: key.source, destination: key.destination, bytes, parts })
    }
}
