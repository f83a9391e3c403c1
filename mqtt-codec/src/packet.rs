//! One packet of any type.

use crate::connack::Connack;
use crate::connect::Connect;
use crate::decoder::{Decoded, Decoder};
use crate::error::{DecodeError, EncodeError, Fault};
use crate::fixed_header;
use crate::packet_id::PacketId;
use crate::packet_type::PacketType;
use crate::publish::Publish;
use crate::reader::{Mode, Reader};
use crate::suback::Suback;
use crate::subscribe::Subscribe;
use crate::unsubscribe::Unsubscribe;
use crate::writer::{Body, Counter, Sink, SliceSink};

/// A packet of MQTT 3.1.1, borrowed from the bytes it was decoded from, or from the values it is made of.
///
/// The acknowledgements are nothing but a Packet Identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum Packet<'a> {
    Connect(Connect<'a>),
    Connack(Connack),
    Publish(Publish<'a>),
    Puback(PacketId),
    Pubrec(PacketId),
    Pubrel(PacketId),
    Pubcomp(PacketId),
    Subscribe(Subscribe<'a>),
    Suback(Suback<'a>),
    Unsubscribe(Unsubscribe<'a>),
    Unsuback(PacketId),
    Pingreq,
    Pingresp,
    Disconnect,
}

// Moved up through results, so its size is paid often.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Packet<'_>>() <= 40 && size_of::<Decoded<'_>>() <= 48);

impl<'a> Packet<'a> {
    /// Decodes the packet at the front of `bytes`, from either side, of any length: [`Decoder::new`]'s
    /// [`decode`](Decoder::decode).
    ///
    /// # Errors
    /// The bytes are no packet of MQTT 3.1.1, and no further bytes can make them one.
    #[inline]
    pub fn decode(bytes: &'a [u8]) -> Result<Decoded<'a>, DecodeError> {
        // One that is never built, so that its checks are settled when this is compiled.
        const DECODER: &Decoder = &Decoder::new();
        DECODER.decode(bytes)
    }

    /// The packet with this first byte, whose body is in the reader.
    #[inline]
    pub(crate) fn decode_body<M: Mode>(first: u8, r: Reader<'a, M>) -> Result<Self, M::Error> {
        match (first >> 4, first & 0x0F) {
            (1, 0b0000) => Connect::decode(r).map(Self::Connect),
            (2, 0b0000) => Connack::decode(r).map(Self::Connack),
            (3, flags) => Publish::decode(flags, r).map(Self::Publish),
            (4, 0b0000) => r.only_packet_id().map(Self::Puback),
            (5, 0b0000) => r.only_packet_id().map(Self::Pubrec),
            (6, 0b0010) => r.only_packet_id().map(Self::Pubrel),
            (7, 0b0000) => r.only_packet_id().map(Self::Pubcomp),
            (8, 0b0010) => Subscribe::decode(r).map(Self::Subscribe),
            (9, 0b0000) => Suback::decode(r).map(Self::Suback),
            (10, 0b0010) => Unsubscribe::decode(r).map(Self::Unsubscribe),
            (11, 0b0000) => r.only_packet_id().map(Self::Unsuback),
            (12, 0b0000) => r.finish().map(|()| Self::Pingreq),
            (13, 0b0000) => r.finish().map(|()| Self::Pingresp),
            (14, 0b0000) => r.finish().map(|()| Self::Disconnect),
            // The check of the fixed header says just what is wrong.
            _ => Err(r.fault_in_first_byte(Fault::ReservedType)),
        }
    }

    /// The type.
    #[inline]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::Connack(_) => PacketType::Connack,
            Self::Publish(_) => PacketType::Publish,
            Self::Puback(_) => PacketType::Puback,
            Self::Pubrec(_) => PacketType::Pubrec,
            Self::Pubrel(_) => PacketType::Pubrel,
            Self::Pubcomp(_) => PacketType::Pubcomp,
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::Suback(_) => PacketType::Suback,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::Unsuback(_) => PacketType::Unsuback,
            Self::Pingreq => PacketType::Pingreq,
            Self::Pingresp => PacketType::Pingresp,
            Self::Disconnect => PacketType::Disconnect,
        }
    }

    /// The Packet Identifier, of the types that have one (2.3.1).
    #[inline]
    pub const fn packet_id(&self) -> Option<PacketId> {
        match self {
            Self::Publish(publish) => publish.delivery.packet_id(),
            Self::Puback(id)
            | Self::Pubrec(id)
            | Self::Pubrel(id)
            | Self::Pubcomp(id)
            | Self::Unsuback(id) => Some(*id),
            Self::Subscribe(subscribe) => Some(subscribe.packet_id),
            Self::Suback(suback) => Some(suback.packet_id),
            Self::Unsubscribe(unsubscribe) => Some(unsubscribe.packet_id),
            Self::Connect(_) | Self::Connack(_) | Self::Pingreq | Self::Pingresp | Self::Disconnect => None,
        }
    }

    /// The fields of all types but PUBLISH, which writes itself.
    #[inline]
    fn encode_body(&self, out: &mut impl Sink) {
        match self {
            Self::Connect(connect) => connect.encode(out),
            Self::Connack(connack) => out.array(connack.to_bytes()),
            Self::Puback(id)
            | Self::Pubrec(id)
            | Self::Pubrel(id)
            | Self::Pubcomp(id)
            | Self::Unsuback(id) => out.packet_id(*id),
            Self::Subscribe(subscribe) => subscribe.encode(out),
            Self::Suback(suback) => suback.encode(out),
            Self::Unsubscribe(unsubscribe) => unsubscribe.encode(out),
            Self::Publish(_) | Self::Pingreq | Self::Pingresp | Self::Disconnect => {}
        }
    }

    #[inline]
    fn remaining_length(&self) -> Result<u32, EncodeError> {
        match self {
            Self::Connect(connect) => connect.check_sendable()?,
            Self::Publish(publish) => return publish.remaining_length(),
            _ => {}
        }
        let mut counter = Counter::default();
        self.encode_body(&mut counter);
        counter.remaining_length()
    }

    /// The exact number of bytes that [`encode`](Self::encode) writes, at least 2.
    ///
    /// # Errors
    /// The packet can't be sent: see [`EncodeError`].
    #[inline]
    pub fn encoded_len(&self) -> Result<usize, EncodeError> {
        let remaining_length = self.remaining_length()?;
        Ok(fixed_header::len(remaining_length) + body_len(remaining_length))
    }

    /// Writes the packet to the front of `out` and returns the number of bytes written.
    ///
    /// # Errors
    /// The packet can't be sent, or `out` is shorter than [`encoded_len`](Self::encoded_len). Then nothing is written.
    #[inline]
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        match self {
            Self::Publish(publish) => publish.encode_packet(out),
            Self::Puback(id) => acknowledge(PacketType::Puback, *id, out),
            Self::Pubrec(id) => acknowledge(PacketType::Pubrec, *id, out),
            Self::Pubrel(id) => acknowledge(PacketType::Pubrel, *id, out),
            Self::Pubcomp(id) => acknowledge(PacketType::Pubcomp, *id, out),
            Self::Unsuback(id) => acknowledge(PacketType::Unsuback, *id, out),
            Self::Connack(connack) => {
                let [flags, code] = connack.to_bytes();
                small([first_byte(PacketType::Connack), 2, flags, code], out)
            }
            Self::Pingreq => small([first_byte(PacketType::Pingreq), 0], out),
            Self::Pingresp => small([first_byte(PacketType::Pingresp), 0], out),
            Self::Disconnect => small([first_byte(PacketType::Disconnect), 0], out),
            Self::Connect(connect) => connect.encode_packet(out),
            Self::Subscribe(subscribe) => encode_counted(subscribe, out),
            Self::Suback(suback) => encode_counted(suback, out),
            Self::Unsubscribe(unsubscribe) => encode_counted(unsubscribe, out),
        }
    }

    /// Appends the packet to any buffer of the `bytes` crate and returns the number of bytes written.
    ///
    /// # Errors
    /// The packet can't be sent, or the buffer can't grow so far. Then nothing is written.
    #[cfg(feature = "bytes")]
    #[inline]
    pub fn encode_to(&self, out: &mut impl bytes::BufMut) -> Result<usize, EncodeError> {
        let remaining_length = self.remaining_length()?;
        let needed = fixed_header::len(remaining_length) + body_len(remaining_length);
        if out.remaining_mut() < needed {
            return Err(EncodeError::BufferTooSmall { needed });
        }
        let mut out = crate::writer::BufSink(out);
        if let Self::Publish(publish) = self {
            publish.encode_to(remaining_length, publish.payload, out);
        } else {
            fixed_header::encode(first_byte(self.packet_type()), remaining_length, &mut out);
            self.encode_body(&mut out);
        }
        Ok(needed)
    }
}

/// Fields that are counted, then written: a function for each type, so that none saves registers for another.
#[inline(never)]
pub(crate) fn encode_counted<B: Body>(body: &B, out: &mut [u8]) -> Result<usize, EncodeError> {
    body.check_sendable()?;
    let mut counter = Counter::default();
    body.encode(&mut counter);
    let remaining_length = counter.remaining_length()?;
    let needed = fixed_header::len(remaining_length) + body_len(remaining_length);
    let Some(out) = out.get_mut(..needed) else { return Err(EncodeError::BufferTooSmall { needed }) };
    let mut out = SliceSink(out);
    fixed_header::encode(first_byte(B::TYPE), remaining_length, &mut out);
    body.encode(&mut out);
    Ok(needed)
}

/// Byte 1 of all types but PUBLISH.
#[inline]
pub(crate) const fn first_byte(packet_type: PacketType) -> u8 {
    let flags = match packet_type.fixed_flags() {
        Some(flags) => flags,
        None => 0,
    };
    (packet_type as u8) << 4 | flags
}

#[inline]
fn acknowledge(packet_type: PacketType, id: PacketId, out: &mut [u8]) -> Result<usize, EncodeError> {
    let [high, low] = id.get().to_be_bytes();
    small([first_byte(packet_type), 2, high, low], out)
}

/// A packet whose bytes are all known.
#[inline]
fn small<const N: usize>(packet: [u8; N], out: &mut [u8]) -> Result<usize, EncodeError> {
    match out.first_chunk_mut::<N>() {
        Some(out) => {
            *out = packet;
            Ok(N)
        }
        None => Err(EncodeError::BufferTooSmall { needed: N }),
    }
}

/// A Remaining Length was counted in `usize`, so it fits.
#[inline]
fn body_len(remaining_length: u32) -> usize {
    usize::try_from(remaining_length).unwrap_or(usize::MAX)
}

impl<'a> From<Connect<'a>> for Packet<'a> {
    fn from(connect: Connect<'a>) -> Self {
        Self::Connect(connect)
    }
}

impl From<Connack> for Packet<'_> {
    fn from(connack: Connack) -> Self {
        Self::Connack(connack)
    }
}

impl<'a> From<Publish<'a>> for Packet<'a> {
    #[inline]
    fn from(publish: Publish<'a>) -> Self {
        Self::Publish(publish)
    }
}

impl<'a> From<Subscribe<'a>> for Packet<'a> {
    fn from(subscribe: Subscribe<'a>) -> Self {
        Self::Subscribe(subscribe)
    }
}

impl<'a> From<Suback<'a>> for Packet<'a> {
    fn from(suback: Suback<'a>) -> Self {
        Self::Suback(suback)
    }
}

impl<'a> From<Unsubscribe<'a>> for Packet<'a> {
    fn from(unsubscribe: Unsubscribe<'a>) -> Self {
        Self::Unsubscribe(unsubscribe)
    }
}
