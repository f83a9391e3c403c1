//! A packet that owns its bytes.

use core::fmt;

use bytes::{Bytes, BytesMut};

use crate::decoder::Decoder;
use crate::error::{DecodeError, EncodeError};
use crate::packet::Packet;
use crate::packet_type::PacketType;
use crate::reader::{Reader, Trusting};

/// A checked packet that owns its bytes: one [`Bytes`], cut off the stream and not copied.
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{Decoder, Packet, PacketBuf};
///
/// let mut stream = BytesMut::from(&b"\x30\x0D\x00\x08internetIOT\xC0"[..]);
/// let packet = PacketBuf::take(&Decoder::new(), &mut stream)?.expect("a whole packet");
/// assert_eq!(stream, b"\xC0"[..]);
/// let Packet::Publish(publish) = packet.packet() else { panic!("a PUBLISH") };
/// assert_eq!(publish.topic, "internet");
/// // Parts share the same memory.
/// let payload = packet.slice_ref(publish.payload);
/// assert_eq!(payload, b"IOT"[..]);
/// # Ok::<(), mqtt_codec::DecodeError>(())
/// ```
///
/// # Memory
///
/// A packet that was taken off a stream is a handle on the buffer that it was read into, and so is each part of it. As
/// long as one of them lives, all of that buffer stays in memory: a PUBLISH of ten bytes, kept as a retained message,
/// can keep 64 KiB alive. Copy what is to be kept for long:
///
/// ```
/// use bytes::{Bytes, BytesMut};
/// use mqtt_codec::{Decoder, Packet, PacketBuf};
///
/// let mut stream = BytesMut::with_capacity(65_536);
/// stream.extend_from_slice(b"\x30\x0D\x00\x08internetIOT");
/// let packet = PacketBuf::take(&Decoder::new(), &mut stream)?.expect("a whole packet");
/// // The whole packet, in memory of its own ...
/// let kept = PacketBuf::encode(&packet.packet())?;
/// // ... or a part of it.
/// let Packet::Publish(publish) = packet.packet() else { panic!("a PUBLISH") };
/// let payload = Bytes::copy_from_slice(publish.payload);
/// # assert_eq!((kept, payload), (packet, Bytes::from_static(b"IOT")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PacketBuf(Bytes);

impl PacketBuf {
    /// Takes the packet at the front of `stream` off it, sharing its memory; `None`, and `stream` untouched, when it is
    /// not whole yet.
    ///
    /// # Errors
    /// As for [`Decoder::decode`]; `stream` is untouched.
    #[inline(always)]
    pub fn take(decoder: &Decoder, stream: &mut BytesMut) -> Result<Option<Self>, DecodeError> {
        match decoder.plain_publish_len(stream) {
            Some(len) => Ok(Some(Self::take_front(stream, len))),
            None => Self::take_other(decoder, stream),
        }
    }

    #[inline(never)]
    fn take_other(decoder: &Decoder, stream: &mut BytesMut) -> Result<Option<Self>, DecodeError> {
        Ok(decoder.check(stream)?.map(|len| Self::take_front(stream, len)))
    }

    /// Not inlined: what splitting and freezing may have to do besides would save registers for nothing.
    #[inline(never)]
    fn take_front(stream: &mut BytesMut, len: usize) -> Self {
        Self(stream.split_to(len).freeze())
    }

    /// The same from bytes that are shared already.
    ///
    /// # Errors
    /// As for [`Decoder::decode`]; `stream` is untouched.
    #[inline(always)]
    pub fn take_shared(decoder: &Decoder, stream: &mut Bytes) -> Result<Option<Self>, DecodeError> {
        match decoder.plain_publish_len(stream) {
            Some(len) => Ok(Some(Self::take_front_shared(stream, len))),
            None => Self::take_other_shared(decoder, stream),
        }
    }

    #[inline(never)]
    fn take_other_shared(decoder: &Decoder, stream: &mut Bytes) -> Result<Option<Self>, DecodeError> {
        Ok(decoder.check(stream)?.map(|len| Self::take_front_shared(stream, len)))
    }

    #[inline(never)]
    fn take_front_shared(stream: &mut Bytes, len: usize) -> Self {
        Self(stream.split_to(len))
    }

    /// The packet in memory of its own, of exactly its length: one allocation, one copy. What it borrows from can go.
    ///
    /// ```
    /// use mqtt_codec::{Packet, PacketBuf, Publish, TopicName};
    ///
    /// let topic = String::from("internet");
    /// let packet = PacketBuf::encode(&Publish::at_most_once(TopicName::new(&topic)?, b"IOT").into())?;
    /// drop(topic);
    /// assert_eq!(packet.as_bytes(), &b"\x30\x0D\x00\x08internetIOT"[..]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The packet can't be sent: [`EncodeError::PacketTooLong`] (2.2.3) or [`EncodeError::EmptyClientId`]
    /// [MQTT-3.1.3-7].
    pub fn encode(packet: &Packet<'_>) -> Result<Self, EncodeError> {
        let mut out = BytesMut::with_capacity(packet.encoded_len()?);
        packet.encode_to(&mut out)?;
        Ok(Self(out.freeze()))
    }

    /// The packet, borrowed. Its fields are found again, which takes a few instructions each; nothing is checked again.
    #[inline]
    pub fn packet(&self) -> Packet<'_> {
        // The fixed header ends with the first byte of length below 0x80.
        let (first, body) = match &*self.0 {
            [first, 0x80..=0xFF, 0x80..=0xFF, 0x80..=0xFF, _, body @ ..]
            | [first, 0x80..=0xFF, 0x80..=0xFF, _, body @ ..]
            | [first, 0x80..=0xFF, _, body @ ..]
            | [first, _, body @ ..] => (*first, body),
            _ => (0, [].as_slice()),
        };
        // Never the other: this was a packet when it was taken.
        Packet::decode_body(first, Reader::new(body, Trusting)).unwrap_or(Packet::Pingreq)
    }

    /// The type.
    pub fn packet_type(&self) -> PacketType {
        self.packet().packet_type()
    }

    /// The packet's bytes, as they came.
    #[inline]
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The packet's bytes, as they came.
    #[inline]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// A part of this packet, such as its payload, as a handle of its own on the same memory. Empty for bytes that are
    /// no part of this packet.
    #[inline]
    pub fn slice_ref(&self, part: &[u8]) -> Bytes {
        part_of(&self.0, part).unwrap_or_default()
    }
}

/// A handle on the same memory, when `part` lies in it.
#[inline]
pub(crate) fn part_of(whole: &Bytes, part: &[u8]) -> Option<Bytes> {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then(|| whole.slice(start..end))
}

impl fmt::Debug for PacketBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PacketBuf").field(&self.packet()).finish()
    }
}

impl PartialEq for PacketBuf {
    /// By meaning, not by the form of the Remaining Length.
    fn eq(&self, other: &Self) -> bool {
        self.packet() == other.packet()
    }
}

impl Eq for PacketBuf {}

impl core::hash::Hash for PacketBuf {
    /// By meaning, as for equality.
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.packet().hash(state);
    }
}
