//! A packet that owns its bytes.

use core::fmt;

use bytes::{Bytes, BytesMut};

use crate::connack::Connack;
use crate::connect::Connect;
use crate::decoder::{Decoded, Decoder};
use crate::error::DecodeError;
use crate::packet::Packet;
use crate::packet_id::PacketId;
use crate::packet_type::PacketType;
use crate::publish::{Delivery, Publish};
use crate::reader::Text;
use crate::suback::{ReturnCodes, Suback};
use crate::subscribe::{Subscribe, Subscriptions};
use crate::topic::TopicName;
use crate::unsubscribe::{TopicFilters, Unsubscribe};

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
#[derive(Clone)]
pub struct PacketBuf {
    bytes: Bytes,
    parts: Parts,
    header_len: u8,
}

/// What has to be kept beside the bytes so that the packet can be given again without checking it again.
#[derive(Clone, Copy)]
enum Parts {
    Connect,
    Connack(Connack),
    Publish { delivery: Delivery, retain: bool, topic_len: u16 },
    Puback(PacketId),
    Pubrec(PacketId),
    Pubrel(PacketId),
    Pubcomp(PacketId),
    Subscribe(PacketId),
    Suback(PacketId),
    Unsubscribe(PacketId),
    Unsuback(PacketId),
    Pingreq,
    Pingresp,
    Disconnect,
}

impl Parts {
    #[inline]
    fn of(packet: &Packet<'_>) -> Self {
        match packet {
            Packet::Connect(_) => Self::Connect,
            Packet::Connack(connack) => Self::Connack(*connack),
            Packet::Publish(publish) => Self::Publish {
                delivery: publish.delivery,
                retain: publish.retain,
                topic_len: u16::try_from(publish.topic.as_bytes().len()).unwrap_or(u16::MAX),
            },
            Packet::Puback(id) => Self::Puback(*id),
            Packet::Pubrec(id) => Self::Pubrec(*id),
            Packet::Pubrel(id) => Self::Pubrel(*id),
            Packet::Pubcomp(id) => Self::Pubcomp(*id),
            Packet::Subscribe(subscribe) => Self::Subscribe(subscribe.packet_id),
            Packet::Suback(suback) => Self::Suback(suback.packet_id),
            Packet::Unsubscribe(unsubscribe) => Self::Unsubscribe(unsubscribe.packet_id),
            Packet::Unsuback(id) => Self::Unsuback(*id),
            Packet::Pingreq => Self::Pingreq,
            Packet::Pingresp => Self::Pingresp,
            Packet::Disconnect => Self::Disconnect,
        }
    }
}

impl PacketBuf {
    /// Takes the packet at the front of `stream` off it, sharing its memory; `None`, and `stream` untouched, when it is
    /// not whole yet.
    ///
    /// # Errors
    /// As for [`Decoder::decode`]; `stream` is untouched.
    #[inline]
    pub fn take(decoder: &Decoder, stream: &mut BytesMut) -> Result<Option<Self>, DecodeError> {
        let (parts, len) = match decoder.decode(stream)? {
            Decoded::Packet(packet, len) => (Parts::of(&packet), len),
            Decoded::NeedMore { .. } => return Ok(None),
        };
        Ok(Some(Self::new(stream.split_to(len).freeze(), parts)))
    }

    /// The same from bytes that are shared already.
    ///
    /// # Errors
    /// As for [`Decoder::decode`]; `stream` is untouched.
    #[inline]
    pub fn take_shared(decoder: &Decoder, stream: &mut Bytes) -> Result<Option<Self>, DecodeError> {
        let (parts, len) = match decoder.decode(stream)? {
            Decoded::Packet(packet, len) => (Parts::of(&packet), len),
            Decoded::NeedMore { .. } => return Ok(None),
        };
        Ok(Some(Self::new(stream.split_to(len), parts)))
    }

    #[inline]
    fn new(bytes: Bytes, parts: Parts) -> Self {
        // The fixed header ends with the first byte of length below 0x80.
        let header_len = match *bytes {
            [_, 0x80..=0xFF, 0x80..=0xFF, 0x80..=0xFF, ..] => 5,
            [_, 0x80..=0xFF, 0x80..=0xFF, ..] => 4,
            [_, 0x80..=0xFF, ..] => 3,
            _ => 2,
        };
        Self { bytes, parts, header_len }
    }

    /// The packet, borrowed; not decoded again.
    #[inline]
    pub fn packet(&self) -> Packet<'_> {
        let body = self.bytes.get(usize::from(self.header_len)..).unwrap_or_default();
        let behind_id = || body.get(2..).unwrap_or_default();
        match self.parts {
            Parts::Connect => Packet::Connect(Connect::checked(body)),
            Parts::Connack(connack) => Packet::Connack(connack),
            Parts::Publish { delivery, retain, topic_len } => {
                let (topic, rest) = behind_id().split_at_checked(usize::from(topic_len)).unwrap_or_default();
                let packet_id_len = if delivery.packet_id().is_some() { 2 } else { 0 };
                let payload = rest.get(packet_id_len..).unwrap_or_default();
                let topic = TopicName::checked(topic);
                Packet::Publish(Publish { delivery, retain, topic, payload })
            }
            Parts::Puback(id) => Packet::Puback(id),
            Parts::Pubrec(id) => Packet::Pubrec(id),
            Parts::Pubrel(id) => Packet::Pubrel(id),
            Parts::Pubcomp(id) => Packet::Pubcomp(id),
            Parts::Subscribe(packet_id) => {
                let subscriptions = Subscriptions::checked(behind_id());
                Packet::Subscribe(Subscribe { packet_id, subscriptions })
            }
            Parts::Suback(packet_id) => {
                let return_codes = ReturnCodes::checked(behind_id());
                Packet::Suback(Suback { packet_id, return_codes })
            }
            Parts::Unsubscribe(packet_id) => {
                let filters = TopicFilters::checked(behind_id());
                Packet::Unsubscribe(Unsubscribe { packet_id, filters })
            }
            Parts::Unsuback(id) => Packet::Unsuback(id),
            Parts::Pingreq => Packet::Pingreq,
            Parts::Pingresp => Packet::Pingresp,
            Parts::Disconnect => Packet::Disconnect,
        }
    }

    /// The type.
    pub fn packet_type(&self) -> PacketType {
        self.packet().packet_type()
    }

    /// The packet's bytes, as they came.
    #[inline]
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The packet's bytes, as they came.
    #[inline]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// A part of this packet, such as its payload, as a handle of its own on the same memory. Empty for bytes that are
    /// no part of this packet.
    #[inline]
    pub fn slice_ref(&self, part: &[u8]) -> Bytes {
        let start = (part.as_ptr() as usize).wrapping_sub(self.bytes.as_ptr() as usize);
        match start.checked_add(part.len()) {
            Some(end) if end <= self.bytes.len() => self.bytes.slice(start..end),
            _ => Bytes::new(),
        }
    }
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
