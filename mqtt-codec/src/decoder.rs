//! Takes packets off the front of a stream.

use core::num::NonZeroUsize;

use crate::error::{DecodeError, Fault};
use crate::field::{Field, Observer};
use crate::fixed_header::{Cut, Header};
use crate::packet::Packet;
use crate::packet_type::Side;
use crate::publish::Publish;
use crate::reader::{Careful, Quick, Reader, Unsure};

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
    /// Bit n is set when packets of type n may come and need no check beyond the standard's.
    quick_types: u16,
    strict_text: bool,
}

impl Decoder {
    /// All packets of both sides, of any length, with any characters that the standard lets a receiver accept.
    #[inline]
    pub const fn new() -> Self {
        Self { max_packet_len: MAX_PACKET_LEN, sender: None, quick_types: u16::MAX, strict_text: false }
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
    pub const fn sent_by(mut self, side: Side) -> Self {
        self.sender = Some(side);
        self.with_quick_types()
    }

    /// Whether to refuse control characters (U+0001 to U+001F, U+007F to U+009F) and Unicode non-characters in strings
    /// ([`Fault::DiscouragedCharacter`]), which a receiver may do (1.5.3). Off by default.
    #[must_use]
    #[inline]
    pub const fn strict_text(mut self, refuse: bool) -> Self {
        self.strict_text = refuse;
        self.with_quick_types()
    }

    const fn with_quick_types(mut self) -> Self {
        // CONNACK, SUBACK, UNSUBACK, PINGRESP; CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT.
        const SERVERS: u16 = 1 << 2 | 1 << 9 | 1 << 11 | 1 << 13;
        const CLIENTS: u16 = 1 << 1 | 1 << 8 | 1 << 10 | 1 << 12 | 1 << 14;
        self.quick_types = match (self.strict_text, self.sender) {
            (true, _) => 0,
            (false, None) => u16::MAX,
            (false, Some(Side::Client)) => !SERVERS,
            (false, Some(Side::Server)) => !CLIENTS,
        };
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
    #[inline(always)]
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Decoded<'a>, DecodeError> {
        match bytes {
            [first, len @ ..0x80, ..] => self.decode_after::<2>(*first, usize::from(*len), bytes),
            [first, low, high @ ..0x80, ..] => {
                self.decode_after::<3>(*first, usize::from(*low & 0x7F) | usize::from(*high) << 7, bytes)
            }
            [first, low, middle, high @ ..0x80, ..] => {
                let low = usize::from(*low & 0x7F) | usize::from(*middle & 0x7F) << 7;
                self.decode_after::<4>(*first, low | usize::from(*high) << 14, bytes)
            }
            // Not whole, malformed, or 2 MiB and more.
            _ => self.decode_carefully(bytes),
        }
    }

    /// `bytes` begin with a fixed header of this length, which says the other two.
    #[inline(always)]
    fn decode_after<'a, const HEADER_LEN: usize>(
        &self,
        first: u8,
        remaining_length: usize,
        bytes: &'a [u8],
    ) -> Result<Decoded<'a>, DecodeError> {
        let len = HEADER_LEN + remaining_length;
        let Some(packet) = bytes.get(..len) else { return self.decode_carefully(bytes) };
        let Some(body) = packet.get(HEADER_LEN..) else { return self.decode_carefully(bytes) };
        if !self.takes_quickly(first, len) {
            return self.decode_carefully(bytes);
        }
        // The smallest here; the others in functions of their own, so that nothing is saved and restored for them.
        if first >> 4 == 3 {
            return self.decode_publish(packet, body);
        }
        if HEADER_LEN > 2 {
            return self.decode_other(packet, body);
        }
        let r = Reader::new(body, Quick);
        let decoded = match first {
            0x40 => r.only_packet_id().map(Packet::Puback),
            0x50 => r.only_packet_id().map(Packet::Pubrec),
            0x62 => r.only_packet_id().map(Packet::Pubrel),
            0x70 => r.only_packet_id().map(Packet::Pubcomp),
            0xB0 => r.only_packet_id().map(Packet::Unsuback),
            0xC0 => r.finish().map(|()| Packet::Pingreq),
            0xD0 => r.finish().map(|()| Packet::Pingresp),
            0xE0 => r.finish().map(|()| Packet::Disconnect),
            _ => return self.decode_other(packet, body),
        };
        match decoded {
            Ok(packet) => Ok(Decoded::Packet(packet, len)),
            Err(Unsure) => self.decode_carefully(packet),
        }
    }

    /// The length of the packet at the front of `bytes` when it is a PUBLISH, the most frequent, and plainly right. It is
    /// not built: it is read when it is asked for.
    #[cfg(feature = "bytes")]
    #[inline(always)]
    pub(crate) fn plain_publish_len(&self, bytes: &[u8]) -> Option<usize> {
        let Cut { first, header_len, body } = Cut::from_front(bytes)?;
        let len = header_len + body.len();
        let is_plain = first >> 4 == 3
            && self.takes_quickly(first, len)
            && Publish::decode(first, Reader::new(body, Quick)).is_ok();
        is_plain.then_some(len)
    }

    /// The length of the packet at the front of `bytes`, which was checked; `None` when it is not whole.
    #[cfg(feature = "bytes")]
    #[inline]
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
        match self.decode(bytes)? {
            Decoded::Packet(_, len) => Ok(Some(len)),
            Decoded::NeedMore { .. } => Ok(None),
        }
    }

    /// Whether the caller's own limits let a packet pass without a closer look.
    #[inline]
    fn takes_quickly(&self, first: u8, len: usize) -> bool {
        len <= self.max_packet_len && (self.quick_types >> (first >> 4)) & 1 != 0
    }

    /// `packet` is a whole PUBLISH with this body.
    #[inline(never)]
    fn decode_publish<'a>(&self, packet: &'a [u8], body: &'a [u8]) -> Result<Decoded<'a>, DecodeError> {
        let Some(first) = packet.first() else { return self.decode_carefully(packet) };
        match Publish::decode(*first, Reader::new(body, Quick)) {
            Ok(publish) => Ok(Decoded::Packet(Packet::Publish(publish), packet.len())),
            Err(Unsure) => self.decode_carefully(packet),
        }
    }

    /// `packet` is whole, of any type, with this body.
    #[inline(never)]
    fn decode_other<'a>(&self, packet: &'a [u8], body: &'a [u8]) -> Result<Decoded<'a>, DecodeError> {
        let Some(first) = packet.first() else { return self.decode_carefully(packet) };
        match Packet::decode_body(*first, Reader::new(body, Quick)) {
            Ok(decoded) => Ok(Decoded::Packet(decoded, packet.len())),
            Err(Unsure) => self.decode_carefully(packet),
        }
    }

    #[cold]
    #[inline(never)]
    fn decode_carefully<'a>(&self, bytes: &'a [u8]) -> Result<Decoded<'a>, DecodeError> {
        self.decode_observed(bytes, &mut ())
    }

    /// The same, and `observer` hears of each field of a whole packet.
    ///
    /// # Errors
    /// As for [`decode`](Self::decode); the fields before the fault were heard, and fields behind one in the fixed
    /// header can have been.
    pub fn decode_observed<'a, O: Observer>(
        &self,
        bytes: &'a [u8],
        observer: &mut O,
    ) -> Result<Decoded<'a>, DecodeError> {
        let Some(Cut { first, header_len, body }) = Cut::from_front(bytes) else {
            return self.missing(bytes).map(|missing| Decoded::NeedMore { missing });
        };
        observer.field(Field::FixedHeader, 0..1);
        observer.field(Field::RemainingLength, 1..header_len);
        let len = header_len + body.len();
        let mode = Careful { end: len, strict_text: self.strict_text, observer };
        let packet = Packet::decode_body(first, Reader::new(body, mode));
        // A body that decodes leaves nothing wrong in the fixed header but what the caller refuses. Of an error, what
        // the fixed header tells comes first, so that it does not depend on how the bytes were split.
        if packet.is_err() || len > self.max_packet_len || self.sender.is_some() {
            self.missing(bytes)?;
        }
        Ok(Decoded::Packet(packet?, len))
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
        let mode = Careful { end: bytes.len(), strict_text: self.strict_text, observer };
        match Packet::decode_body(first, Reader::new(body, mode)) {
            // A list may begin where the bytes end.
            Err(DecodeError { fault: Fault::NoTopicFilter(_), .. }) => Ok(()),
            other => other.map(drop),
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}
