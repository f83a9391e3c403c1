//! Where encoded bytes go.

use crate::error::EncodeError;
use crate::packet_id::PacketId;
use crate::packet_type::{MAX_REMAINING_LENGTH, PacketType};

/// Takes the bytes of a packet. `encode` into [`Counter`] gives the Remaining Length, `encode` into a buffer writes it,
/// so the layout is written down once.
pub(crate) trait Sink {
    fn put(&mut self, bytes: &[u8]);

    /// Bytes whose number is known when this is compiled.
    #[inline]
    fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.put(&bytes);
    }

    #[inline]
    fn u8(&mut self, value: u8) {
        self.array([value]);
    }

    #[inline]
    fn u16(&mut self, value: u16) {
        self.array(value.to_be_bytes());
    }

    #[inline]
    fn packet_id(&mut self, id: PacketId) {
        self.u16(id.get());
    }

    /// The last bytes of the packet, often many.
    #[inline]
    fn finish(mut self, bytes: &[u8])
    where
        Self: Sized,
    {
        self.put(bytes);
    }

    /// A length of two bytes and the bytes, of a type that holds at most 65,535 of them.
    #[inline(always)]
    fn prefixed(&mut self, bytes: &[u8]) {
        let [.., high, low] = bytes.len().to_be_bytes();
        self.array([high, low]);
        self.put(bytes);
    }
}

/// A packet of fields that take some counting.
pub(crate) trait Body {
    const TYPE: PacketType;

    /// The fields behind the fixed header, in the standard's order.
    fn encode(&self, out: &mut impl Sink);

    /// Whether it can be sent, but for its length.
    #[inline(always)]
    fn check_sendable(&self) -> Result<(), EncodeError> {
        Ok(())
    }
}

/// Counts. What is in memory, even where a list names the same text over and over, is far less than `u64::MAX`.
#[derive(Default)]
pub(crate) struct Counter(u64);

impl Counter {
    #[inline]
    pub(crate) fn remaining_length(self) -> Result<u32, EncodeError> {
        if self.0 > u64::from(MAX_REMAINING_LENGTH) {
            return Err(EncodeError::PacketTooLong);
        }
        u32::try_from(self.0).map_err(|_| EncodeError::PacketTooLong)
    }
}

impl Sink for Counter {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self, _: [u8; N]) {
        self.0 += N as u64;
    }
}

/// Fills a slice that was cut to the packet's length before.
pub(crate) struct SliceSink<'b>(pub(crate) &'b mut [u8]);

impl SliceSink<'_> {
    /// Two arrays in one step.
    #[inline(always)]
    pub(crate) fn arrays<const A: usize, const B: usize>(&mut self, first: [u8; A], second: [u8; B]) {
        if let Some(out) = self.0.split_off_mut(..A + B)
            && let Some((a, rest)) = out.split_first_chunk_mut()
            && let Some(b) = rest.first_chunk_mut()
        {
            *a = first;
            *b = second;
        }
    }
}

impl Sink for SliceSink<'_> {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        // The slice has the counted length, so there is always room.
        if let Some(out) = self.0.split_off_mut(..bytes.len()) {
            copy(bytes, out);
        }
    }

    #[inline(always)]
    fn prefixed(&mut self, bytes: &[u8]) {
        let [low, high, ..] = bytes.len().to_le_bytes();
        if let Some((len, out)) =
            self.0.split_off_mut(..bytes.len() + 2).and_then(|out| out.split_first_chunk_mut())
        {
            *len = [high, low];
            copy(bytes, out);
        }
    }

    #[inline(always)]
    fn finish(mut self, bytes: &[u8]) {
        if bytes.len() <= 64 {
            self.put(bytes);
        } else if let Some(out) = self.0.get_mut(..bytes.len()) {
            out.copy_from_slice(bytes);
        }
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(out) = self.0.split_off_mut(..N).and_then(|out| out.first_chunk_mut()) {
            *out = bytes;
        }
    }
}

/// Copies between slices of equal length. A call of `memcpy` costs as much as a short string, and a function that calls
/// nothing saves no registers: short ones are copied here by their two halves, which may overlap.
#[inline(always)]
fn copy(from: &[u8], to: &mut [u8]) {
    let len = from.len();
    if len >= 16 {
        if len <= 32 {
            halves::<16>(from, to);
        } else if len <= 64 {
            halves::<32>(from, to);
        } else {
            // Texts of this length are rare, and payloads go another way.
            halves::<16>(from, to);
            for (from, to) in from.as_chunks::<16>().0.iter().zip(to.as_chunks_mut::<16>().0) {
                *to = *from;
            }
        }
    } else if len >= 8 {
        halves::<8>(from, to);
    } else if len >= 4 {
        halves::<4>(from, to);
    } else {
        for (from, to) in from.iter().zip(to) {
            *to = *from;
        }
    }
}

#[inline(always)]
fn halves<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) {
        if let Some(to) = to.first_chunk_mut::<N>() {
            *to = *first;
        }
        if let Some(to) = to.last_chunk_mut::<N>() {
            *to = *last;
        }
    }
}

/// Appends to a `BufMut` that has room for the packet's length.
#[cfg(feature = "bytes")]
pub(crate) struct BufSink<'b, B>(pub(crate) &'b mut B);

#[cfg(feature = "bytes")]
impl<B: bytes::BufMut> Sink for BufSink<'_, B> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.0.put_slice(bytes);
    }
}
