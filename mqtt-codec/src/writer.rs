//! Where encoded bytes go.

use crate::packet_id::PacketId;

/// Takes the bytes of a packet. `encode` into [`Counter`] gives the Remaining Length, `encode` into a buffer writes it,
/// so the layout is written down once.
pub(crate) trait Sink {
    fn put(&mut self, bytes: &[u8]);

    #[inline]
    fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    #[inline]
    fn u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    #[inline]
    fn packet_id(&mut self, id: PacketId) {
        self.u16(id.get());
    }

    /// A length of two bytes and the bytes, of a type that holds at most 65,535 of them.
    #[inline]
    fn prefixed(&mut self, bytes: &[u8]) {
        let [.., high, low] = bytes.len().to_be_bytes();
        self.put(&[high, low]);
        self.put(bytes);
    }
}

/// Counts, up to more than a packet can have.
#[derive(Default)]
pub(crate) struct Counter(pub(crate) usize);

impl Sink for Counter {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.0 = self.0.saturating_add(bytes.len());
    }
}

/// Fills a slice that was cut to the packet's length before.
pub(crate) struct SliceSink<'b>(pub(crate) &'b mut [u8]);

impl Sink for SliceSink<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        // The slice has the counted length, so there is always room.
        if let Some((head, tail)) = core::mem::take(&mut self.0).split_at_mut_checked(bytes.len()) {
            head.copy_from_slice(bytes);
            self.0 = tail;
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
