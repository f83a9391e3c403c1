//! Bytes on their way out.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};
use mqtt_codec::{Packet, Publish};

/// Payloads from this size on are sent from where they are, in a vectored write, and not copied.
const SHARED_PAYLOAD: usize = 4_096;

/// A buffer is not given back for less than four times this.
const KEPT: usize = 1_024;

/// Whole packets that wait to be written: small ones side by side in one buffer, large payloads as they are.
///
/// A [`Buf`], so that it can be written with vectored writes. Memory appears with the first byte.
#[derive(Debug, Default)]
pub struct Outbox {
    /// What comes first.
    segments: VecDeque<Bytes>,
    /// What comes after it, from `start` on.
    tail: Vec<u8>,
    start: usize,
    /// All bytes that wait.
    len: usize,
    /// Keep packets side by side, whatever their size.
    contiguous: bool,
}

impl Outbox {
    /// An outbox whose bytes are all in one piece, for who wants to look at packets on their way.
    pub(crate) fn contiguous() -> Self {
        Self { contiguous: true, ..Self::default() }
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends any packet but PUBLISH. These were checked when they were made.
    #[inline]
    pub(crate) fn packet(&mut self, packet: &Packet<'_>) {
        let written = packet.encode_to(&mut self.tail);
        debug_assert!(written.is_ok(), "{packet:?} can be encoded");
        self.len += written.unwrap_or_default();
    }

    /// Appends bytes of a whole packet.
    pub(crate) fn encoded(&mut self, packet: &[u8]) {
        self.tail.extend_from_slice(packet);
        self.len += packet.len();
    }

    /// Appends a PUBLISH whose length was checked; `payload` is its payload.
    #[inline]
    pub(crate) fn publish(&mut self, publish: &Publish<'_>, payload: &Bytes) {
        if payload.len() < SHARED_PAYLOAD || self.contiguous {
            return self.packet(&Packet::Publish(*publish));
        }
        let written = self.tail.len();
        let header_len = publish.header_len().unwrap_or_default();
        self.tail.resize(written + header_len, 0);
        let encoded = publish.encode_header(self.tail.get_mut(written..).unwrap_or_default());
        debug_assert!(encoded.is_ok(), "its length was checked");
        self.cut();
        self.segments.push_back(payload.clone());
        self.len += header_len + payload.len();
    }

    /// Makes a segment of the tail.
    fn cut(&mut self) {
        let mut tail = Bytes::from(std::mem::take(&mut self.tail));
        tail.advance(std::mem::take(&mut self.start));
        if !tail.is_empty() {
            self.segments.push_back(tail);
        }
    }

    /// Puts all of another behind what waits.
    pub(crate) fn append(&mut self, mut other: Self) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = other;
        } else if self.contiguous {
            self.encoded(other.contiguous_bytes());
        } else {
            self.cut();
            other.cut();
            self.segments.append(&mut other.segments);
            self.len += other.len;
        }
    }

    /// Forgets what waits, and its memory.
    pub(crate) fn clear(&mut self) {
        *self = Self { contiguous: self.contiguous, ..Self::default() };
    }

    /// The bytes, when all are in one piece.
    pub(crate) fn contiguous_bytes(&self) -> &[u8] {
        debug_assert!(self.contiguous && self.segments.is_empty(), "asked for at the start");
        self.tail.get(self.start..).unwrap_or_default()
    }
}

impl Buf for Outbox {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        match self.segments.front() {
            Some(segment) => segment,
            None => self.tail.get(self.start..).unwrap_or_default(),
        }
    }

    fn advance(&mut self, mut count: usize) {
        self.len = self.len.saturating_sub(count);
        while let Some(segment) = self.segments.front_mut() {
            if count < segment.len() {
                return segment.advance(count);
            }
            count -= segment.len();
            self.segments.pop_front();
        }
        self.start += count;
        if self.start >= self.tail.len() {
            // Memory that was not needed this time is given back.
            if self.tail.capacity() > 4 * self.tail.len().max(KEPT) {
                self.tail = Vec::new();
            }
            self.tail.clear();
            self.start = 0;
        }
    }

    fn chunks_vectored<'a>(&'a self, out: &mut [IoSlice<'a>]) -> usize {
        let tail = self.tail.get(self.start..).unwrap_or_default();
        let chunks =
            self.segments.iter().map(|segment| &**segment).chain([tail]).filter(|chunk| !chunk.is_empty());
        let mut filled = 0;
        for (slot, chunk) in out.iter_mut().zip(chunks) {
            *slot = IoSlice::new(chunk);
            filled += 1;
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use mqtt_codec::{PacketId, TopicName};

    use super::*;

    fn all(outbox: &Outbox) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 64];
        let filled = outbox.chunks_vectored(&mut slices);
        slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn large_payloads_are_not_copied_and_order_is_kept() {
        let payload = Bytes::from(vec![7; SHARED_PAYLOAD]);
        let topic = TopicName::new("a").unwrap();
        let publish = Publish::at_most_once(topic, &payload);
        let mut expected = vec![];
        let mut outbox = Outbox::default();
        for _ in 0..2 {
            outbox.packet(&Packet::Puback(PacketId::MIN));
            outbox.publish(&publish, &payload);
            Packet::Puback(PacketId::MIN).encode_to(&mut expected).unwrap();
            Packet::Publish(publish).encode_to(&mut expected).unwrap();
        }
        outbox.packet(&Packet::Pingreq);
        expected.extend([0xC0, 0]);
        assert_eq!(all(&outbox), expected);
        assert!(outbox.segments.iter().any(|segment| segment.as_ptr() == payload.as_ptr()));
        // Written in any pieces.
        for step in [1, 3, 4_100, 9_000] {
            let mut rest = expected.as_slice();
            let mut copy = Outbox {
                segments: outbox.segments.clone(),
                tail: outbox.tail.clone(),
                ..Outbox { start: 0, len: outbox.len, ..Outbox::default() }
            };
            while copy.has_remaining() {
                let step = step.min(copy.remaining());
                copy.advance(step);
                rest = &rest[step..];
                assert_eq!(all(&copy), rest);
            }
            assert!(rest.is_empty() && copy.is_empty());
        }
    }
}
