//! Takes packets off the front of a stream.

use core::num::NonZeroUsize;

use crate::error::{DecodeError, Fault};
use crate::field::{Field, Observer};
use crate::fixed_header::{Cut, Header};
use crate::packet::Packet;
use crate::packet_type::{PacketType, Side};
use crate::reader::Reader;

/// The longest packet that the wire can say: 5 bytes of fixed header and 268,435,455 more.
pub const MAX_PACKET_LEN: usize = 268_435_460;

/// What stands at the front of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A packet, and the number of bytes it takes; the next one begins behind them.
    Packet(Packet<'a>, usize),
    /// The packet goes on beyond the bytes given. A whole packet is never this.
    NeedMore {
        /// How many bytes are missing of this packet; `None` while its Remaining Length is not known.
        missing: Option<NonZeroUsize>,
    },
}

/// Decodes packets by the rules of MQTT 3.1.1, and by the caller's.
///
/// It holds no bytes: give it what has arrived, take the packet off when it is whole. Nothing is allocated, whatever
/// length a peer declares. What can be refused early is refused before the body arrives: a reserved type, wrong flags,
/// a malformed or impossible length, one over the maximum.
///
/// ```
/// use mqtt_codec::{Decoded, Decoder, Packet, Side};
///
/// let decoder = Decoder::new().max_packet_len(64 * 1024).sent_by(Side::Server);
/// let mut stream = &b"\x20\x02\x00\x00\xD0\x00\x40"[..];
/// let mut packets = Vec::new();
/// while let Decoded::Packet(packet, length) = decoder.decode(stream)? {
///     packets.push(packet.packet_type().name());
///     stream = &stream[length..];
/// }
/// assert_eq!(packets, ["CONNACK", "PINGRESP"]);
/// assert_eq!(stream, b"\x40"); // a PUBACK begins: more is needed
/// # Ok::<(), mqtt_codec::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    max_packet_len: usize,
    sender: Option<Side>,
    /// Bit n is set when type n may come.
    types: u16,
    strict_text: bool,
}

impl Decoder {
    /// All packets of both sides, of any length, with any characters that the standard lets a receiver accept.
    #[inline]
    pub const fn new() -> Self {
        Self { max_packet_len: MAX_PACKET_LEN, sender: None, types: u16::MAX, strict_text: false }
    }

    /// Refuses packets of more than so many bytes, fixed header included, once their length is known
    /// ([`Fault::OverMaximum`]). By default up to [`MAX_PACKET_LEN`], that is, all.
    #[must_use]
    #[inline]
    pub const fn max_packet_len(mut self, bytes: usize) -> Self {
        self.max_packet_len = bytes;
        self
    }

    /// Refuses packets that this side never sends ([`Fault::WrongSender`]) [MQTT-4.8.0-1]. By default both sides'
    /// packets are decoded.
    #[must_use]
    pub fn sent_by(mut self, side: Side) -> Self {
        self.sender = Some(side);
        self.types = PacketType::ALL
            .into_iter()
            .filter(|packet_type| packet_type.sender().is_none_or(|only| only == side))
            .fold(0, |types, packet_type| types | 1 << packet_type as u8);
        self
    }

    /// Whether to refuse control characters (U+0001 to U+001F, U+007F to U+009F) and Unicode non-characters in strings
    /// ([`Fault::DiscouragedCharacter`]), which a receiver may do (1.5.3). Off by default.
    #[must_use]
    #[inline]
    pub const fn strict_text(mut self, refuse: bool) -> Self {
        self.strict_text = refuse;
        self
    }

    #[inline]
    pub(crate) const fn sender(&self) -> Option<Side> {
        self.sender
    }

    #[inline]
    pub(crate) const fn max_len(&self) -> usize {
        self.max_packet_len
    }

    /// Decodes the packet at the front of `bytes`.
    ///
    /// # Errors
    /// The bytes are no packet of MQTT 3.1.1, and no further bytes can make them one; or the caller asked to refuse
    /// it. The error does not depend on how much of the rest has arrived.
    #[inline]
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Decoded<'a>, DecodeError> {
        self.decode_observed(bytes, &mut ())
    }

    /// The same, and `observer` hears of each field of a whole packet.
    ///
    /// # Errors
    /// As for [`decode`](Self::decode); the fields before the fault were heard.
    #[inline]
    pub fn decode_observed<'a, O: Observer>(
        &self,
        bytes: &'a [u8],
        observer: &mut O,
    ) -> Result<Decoded<'a>, DecodeError> {
        let Some(cut) = Cut::from_front(bytes) else {
            return self.missing(bytes).map(|missing| Decoded::NeedMore { missing });
        };
        observer.field(Field::FixedHeader, 0..1);
        observer.field(Field::RemainingLength, 1..cut.header_len);
        let len = cut.header_len + cut.body.len();
        if len > self.max_packet_len || self.types >> (cut.first >> 4) & 1 == 0 {
            return Err(self.first_error(&cut, refused()));
        }
        let mut reader = Reader::new(cut.body, cut.header_len, self.strict_text, observer);
        match Packet::decode_body(cut.first, &mut reader) {
            Ok(packet) => Ok(Decoded::Packet(packet, len)),
            Err(error) => Err(self.first_error(&cut, error)),
        }
    }

    /// Lets `observer` hear of the fields of a packet that is not whole, as far as its bytes go, for tools that show
    /// what there is. Of a whole packet the same is heard as in [`decode_observed`](Self::decode_observed).
    ///
    /// # Errors
    /// What is already wrong. [`Fault::FieldPastEnd`] here may mean no more than that the bytes end in that field.
    pub fn observe_prefix<O: Observer>(&self, bytes: &[u8], observer: &mut O) -> Result<(), DecodeError> {
        if Cut::from_front(bytes).is_some() {
            return self.decode_observed(bytes, observer).map(drop);
        }
        if !bytes.is_empty() {
            observer.field(Field::FixedHeader, 0..1);
        }
        self.missing(bytes)?;
        let Header::Whole(first, _, header_len) = Header::read(bytes) else { return Ok(()) };
        observer.field(Field::RemainingLength, 1..header_len);
        let body = bytes.get(header_len..).unwrap_or_default();
        let mut reader = Reader::new(body, header_len, self.strict_text, observer);
        Packet::decode_body(first, &mut reader).map(drop)
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Stands for a packet that the decoder's own limits refuse; the check of the fixed header says which.
#[cold]
fn refused() -> DecodeError {
    DecodeError::new(Fault::OverMaximum, Field::RemainingLength, 1)
}
