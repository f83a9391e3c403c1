//! What can be wrong, in which field, at which byte, and against which statement of the standard.

use core::fmt;

use crate::field::Field;
use crate::packet_type::{PacketType, Side};
use crate::protocol::{Protocol, ProtocolName};
use crate::reader::Text;
use crate::utf8_str::MAX_FIELD_LEN;

/// Why bytes are not a packet of MQTT 3.1.1.
///
/// ```
/// use mqtt_codec::{Fault, Field, Packet};
///
/// let error = Packet::decode(b"\x40\x02\x00\x00").unwrap_err();
/// assert_eq!((error.fault, error.field, error.offset), (Fault::ZeroPacketId, Field::PacketIdentifier, 2));
/// assert_eq!(error.to_string(), "packet identifier is zero in Packet Identifier at byte 2 [MQTT-2.3.1-1]");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DecodeError {
    /// What is wrong.
    pub fault: Fault,
    /// The field that it is wrong with.
    pub field: Field,
    /// The byte it is at, counted from the packet's first byte; in a text the very byte at fault. For a field that
    /// runs past the end it is where the field begins.
    pub offset: u32,
}

impl DecodeError {
    #[cold]
    #[inline(never)]
    pub(crate) fn new(fault: Fault, field: Field, offset: usize) -> Self {
        // A packet has at most 268,435,460 bytes, so the offset fits.
        Self { fault, field, offset: u32::try_from(offset).unwrap_or(u32::MAX) }
    }

    /// The normative statement that is broken, e.g. `MQTT-2.3.1-1`; `None` for what the caller asked to be refused
    /// (a maximum, discouraged characters).
    pub const fn clause(&self) -> Option<&'static str> {
        Some(match self.fault {
            Fault::IllFormedUtf8 => "MQTT-1.5.3-1",
            Fault::NulCharacter => "MQTT-1.5.3-2",
            Fault::WrongFlags(PacketType::Pubrel) => "MQTT-3.6.1-1",
            Fault::WrongFlags(PacketType::Subscribe) => "MQTT-3.8.1-1",
            Fault::WrongFlags(PacketType::Unsubscribe) => "MQTT-3.10.1-1",
            Fault::WrongFlags(PacketType::Disconnect) => "MQTT-3.14.1-1",
            Fault::WrongFlags(_) => "MQTT-2.2.2-1",
            Fault::ZeroPacketId => "MQTT-2.3.1-1",
            Fault::WrongProtocolName => "MQTT-3.1.2-1",
            Fault::UnsupportedProtocol(Protocol { name: ProtocolName::Mqisdp, .. }) => "MQTT-3.1.2-1",
            Fault::UnsupportedProtocol(_) => "MQTT-3.1.2-2",
            Fault::ReservedConnectFlag => "MQTT-3.1.2-3",
            Fault::WillQosWithoutWill => "MQTT-3.1.2-13",
            Fault::WillQos3 => "MQTT-3.1.2-14",
            Fault::WillRetainWithoutWill => "MQTT-3.1.2-15",
            Fault::PasswordWithoutUserName => "MQTT-3.1.2-22",
            Fault::SessionPresentWithRefusal => "MQTT-3.2.2-4",
            Fault::DupAtQos0 => "MQTT-3.3.1-2",
            Fault::Qos3 => "MQTT-3.3.1-4",
            Fault::NoTopicFilter(PacketType::Unsubscribe) => "MQTT-3.10.3-2",
            Fault::NoTopicFilter(_) => "MQTT-3.8.3-3",
            Fault::ReservedRequestedQoS => "MQTT-3.8.3-4",
            Fault::ReservedSubackCode => "MQTT-3.9.3-2",
            Fault::WildcardInTopicName => match self.field {
                Field::TopicName => "MQTT-3.3.2-2",
                _ => "MQTT-4.7.1-1",
            },
            Fault::MisplacedHash => "MQTT-4.7.1-2",
            Fault::MisplacedPlus => "MQTT-4.7.1-3",
            Fault::EmptyTopic => "MQTT-4.7.3-1",
            Fault::FieldPastEnd => match self.field {
                Field::ClientIdentifier => "MQTT-3.1.3-3",
                Field::WillTopic | Field::WillMessage => "MQTT-3.1.2-9",
                Field::UserName => "MQTT-3.1.2-19",
                Field::Password => "MQTT-3.1.2-21",
                Field::TopicName => "MQTT-3.3.2-1",
                Field::PacketIdentifier => "MQTT-2.3.1-1",
                _ => "MQTT-4.8.0-1",
            },
            Fault::ReservedType
            | Fault::WrongSender(..)
            | Fault::RemainingLengthTooLong
            | Fault::ImpossibleLength(_)
            | Fault::LeftOverBytes
            | Fault::ReservedConnackFlags => "MQTT-4.8.0-1",
            Fault::OverMaximum | Fault::DiscouragedCharacter => return None,
        })
    }

    /// [`offset`](Self::offset) as an index into the bytes that were decoded: the byte at fault, counted from the
    /// packet's first byte. For a packet that ends too soon it can be one past its last byte.
    #[inline]
    pub fn position(&self) -> usize {
        // A packet was in memory up to there, so it fits.
        usize::try_from(self.offset).unwrap_or(usize::MAX)
    }

    /// The protocol that a CONNECT asks for, when the only fault is that it is not MQTT 3.1.1: a Server answers
    /// CONNACK with return code 1 and closes [MQTT-3.1.2-2]. `None` also for a CONNECT whose Remaining Length no version
    /// 3.1.1 allows: it is refused before its protocol has come.
    pub const fn unsupported_protocol(&self) -> Option<Protocol> {
        match self.fault {
            Fault::UnsupportedProtocol(protocol) => Some(protocol),
            _ => None,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} at byte {}", self.fault, self.field, self.offset)?;
        match self.clause() {
            Some(clause) => write!(f, " [{clause}]"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for DecodeError {}

#[cfg(feature = "std")]
impl From<DecodeError> for std::io::Error {
    fn from(error: DecodeError) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}

/// What can be wrong with bytes: one variant per rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The packet type is 0 or 15.
    ReservedType,
    /// The flags of byte 1 are not the ones listed for this type.
    WrongFlags(PacketType),
    /// PUBLISH with both QoS bits set.
    Qos3,
    /// PUBLISH with QoS 0 and DUP.
    DupAtQos0,
    /// A type that the side it comes from never sends.
    WrongSender(PacketType, Side),
    /// The fourth byte of Remaining Length says that a fifth follows.
    RemainingLengthTooLong,
    /// A Remaining Length that the fields of this type cannot add up to. Not of PUBLISH, SUBSCRIBE and UNSUBSCRIBE: of
    /// these it is told which field is missing, or empty.
    ImpossibleLength(PacketType),
    /// More bytes than the caller accepts ([`Decoder::max_packet_len`](crate::Decoder::max_packet_len)).
    OverMaximum,
    /// A field runs past the end of the packet, or is missing.
    FieldPastEnd,
    /// Bytes are left after the last field.
    LeftOverBytes,
    /// The Packet Identifier is 0.
    ZeroPacketId,
    /// A string is not well-formed UTF-8.
    IllFormedUtf8,
    /// A string holds U+0000.
    NulCharacter,
    /// A string holds a control character or a Unicode non-character, and the caller asked to refuse these
    /// ([`Decoder::strict_text`](crate::Decoder::strict_text)).
    DiscouragedCharacter,
    /// A Topic Name or Topic Filter of no bytes.
    EmptyTopic,
    /// `#` or `+` in a Topic Name or Will Topic.
    WildcardInTopicName,
    /// `#` that is not the whole last level of a Topic Filter.
    MisplacedHash,
    /// `+` that is not a whole level of a Topic Filter.
    MisplacedPlus,
    /// The Protocol Name is neither `MQTT` nor `MQIsdp`.
    WrongProtocolName,
    /// CONNECT of another version of MQTT.
    UnsupportedProtocol(Protocol),
    /// Bit 0 of the Connect Flags is set.
    ReservedConnectFlag,
    /// Will QoS is not 0 though the Will Flag is 0.
    WillQosWithoutWill,
    /// Will QoS is 3.
    WillQos3,
    /// Will Retain is set though the Will Flag is 0.
    WillRetainWithoutWill,
    /// The Password Flag is set though the User Name Flag is 0.
    PasswordWithoutUserName,
    /// Bits 7 to 1 of the Connect Acknowledge Flags are not all 0.
    ReservedConnackFlags,
    /// Session Present in a CONNACK that refuses.
    SessionPresentWithRefusal,
    /// SUBSCRIBE or UNSUBSCRIBE without any Topic Filter.
    NoTopicFilter(PacketType),
    /// A Requested QoS above 2, or with reserved bits.
    ReservedRequestedQoS,
    /// A SUBACK Return Code other than 0, 1, 2 and 0x80.
    ReservedSubackCode,
}

impl Fault {
    /// A stable name in snake case for machines, e.g. `zero_packet_id`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReservedType => "reserved_type",
            Self::WrongFlags(_) => "wrong_flags",
            Self::Qos3 => "qos_3",
            Self::DupAtQos0 => "dup_at_qos_0",
            Self::WrongSender(..) => "wrong_sender",
            Self::RemainingLengthTooLong => "remaining_length_too_long",
            Self::ImpossibleLength(_) => "impossible_length",
            Self::OverMaximum => "over_maximum",
            Self::FieldPastEnd => "field_past_end",
            Self::LeftOverBytes => "left_over_bytes",
            Self::ZeroPacketId => "zero_packet_id",
            Self::IllFormedUtf8 => "ill_formed_utf8",
            Self::NulCharacter => "nul_character",
            Self::DiscouragedCharacter => "discouraged_character",
            Self::EmptyTopic => "empty_topic",
            Self::WildcardInTopicName => "wildcard_in_topic_name",
            Self::MisplacedHash => "misplaced_hash",
            Self::MisplacedPlus => "misplaced_plus",
            Self::WrongProtocolName => "wrong_protocol_name",
            Self::UnsupportedProtocol(Protocol { name: ProtocolName::Mqtt, .. }) => {
                "unsupported_protocol_level"
            }
            Self::UnsupportedProtocol(_) => "unsupported_protocol_name",
            Self::ReservedConnectFlag => "reserved_connect_flag",
            Self::WillQosWithoutWill => "will_qos_without_will",
            Self::WillQos3 => "will_qos_3",
            Self::WillRetainWithoutWill => "will_retain_without_will",
            Self::PasswordWithoutUserName => "password_without_user_name",
            Self::ReservedConnackFlags => "reserved_connack_flags",
            Self::SessionPresentWithRefusal => "session_present_with_refusal",
            Self::NoTopicFilter(_) => "no_topic_filter",
            Self::ReservedRequestedQoS => "reserved_requested_qos",
            Self::ReservedSubackCode => "reserved_suback_code",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match *self {
            Self::ReservedType => "packet type is reserved",
            Self::WrongFlags(packet) => {
                return write!(
                    f,
                    "flags of {packet} are not {:04b}",
                    packet.fixed_flags().unwrap_or_default()
                );
            }
            Self::Qos3 => "QoS is 3",
            Self::DupAtQos0 => "DUP is set at QoS 0",
            Self::WrongSender(packet, side) => {
                return write!(f, "{packet} is never sent by a {side}");
            }
            Self::RemainingLengthTooLong => "more than four bytes of length",
            Self::ImpossibleLength(packet) => return write!(f, "length is impossible for {packet}"),
            Self::OverMaximum => "packet is longer than the accepted maximum",
            Self::FieldPastEnd => "field runs past the end of the packet",
            Self::LeftOverBytes => "packet does not end after its last field",
            Self::ZeroPacketId => "packet identifier is zero",
            Self::IllFormedUtf8 => "ill-formed UTF-8",
            Self::NulCharacter => "character U+0000",
            Self::DiscouragedCharacter => "control character or non-character",
            Self::EmptyTopic => "topic is empty",
            Self::WildcardInTopicName => "wildcard in a topic name",
            Self::MisplacedHash => "# is not the whole last level",
            Self::MisplacedPlus => "+ is not a whole level",
            Self::WrongProtocolName => "protocol name is not MQTT",
            Self::UnsupportedProtocol(protocol) => {
                return write!(f, "protocol is {protocol}, not MQTT 3.1.1");
            }
            Self::ReservedConnectFlag => "reserved bit 0 is set",
            Self::WillQosWithoutWill => "Will QoS is not 0 without a Will",
            Self::WillQos3 => "Will QoS is 3",
            Self::WillRetainWithoutWill => "Will Retain is set without a Will",
            Self::PasswordWithoutUserName => "password without a user name",
            Self::ReservedConnackFlags => "reserved bits 7 to 1 are not 0",
            Self::SessionPresentWithRefusal => "Session Present is set though the code refuses",
            Self::NoTopicFilter(packet) => return write!(f, "no topic filter in {packet}"),
            Self::ReservedRequestedQoS => "requested QoS is not 0, 1 or 2",
            Self::ReservedSubackCode => "return code is not 0x00, 0x01, 0x02 or 0x80",
        };
        f.write_str(text)
    }
}

/// Why text is not a string, Topic Name or Topic Filter of MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextError {
    /// What is wrong; `None` when the only fault is the length, above 65,535 bytes.
    pub fault: Option<Fault>,
    /// The byte of the text it is at.
    pub offset: usize,
}

impl TextError {
    pub(crate) const TOO_LONG: Self = Self { fault: None, offset: MAX_FIELD_LEN };

    /// The text of a caller, not of a packet.
    pub(crate) fn check<'a, T: Text<'a>>(bytes: &'a [u8]) -> Result<T, Self> {
        if bytes.len() > MAX_FIELD_LEN {
            return Err(Self::TOO_LONG);
        }
        match T::check(bytes) {
            Ok(()) => Ok(T::checked(bytes)),
            Err((fault, offset)) => Err(Self { fault: Some(fault), offset }),
        }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            Some(fault) => write!(f, "{fault} at byte {} of the text", self.offset),
            None => f.write_str("longer than 65,535 bytes"),
        }
    }
}

impl core::error::Error for TextError {}

#[cfg(feature = "std")]
impl From<TextError> for std::io::Error {
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput): the caller's text, not a peer's.
    fn from(error: TextError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}

/// Why a packet cannot be written. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeError {
    /// The buffer has less room than the packet needs.
    BufferTooSmall {
        /// The bytes that the packet, or header, needs.
        needed: usize,
    },
    /// The Remaining Length would be above 268,435,455 (2.2.3).
    PacketTooLong,
    /// CONNECT with an empty Client Identifier and Clean Session 0 [MQTT-3.1.3-7].
    EmptyClientId,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooSmall { needed } => write!(f, "buffer is too small: {needed} bytes needed"),
            Self::PacketTooLong => f.write_str("remaining length would be above 268435455"),
            Self::EmptyClientId => {
                f.write_str("client identifier is empty though clean session is 0 [MQTT-3.1.3-7]")
            }
        }
    }
}

impl core::error::Error for EncodeError {}

#[cfg(feature = "std")]
impl From<EncodeError> for std::io::Error {
    fn from(error: EncodeError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}

const _: () = assert!(size_of::<DecodeError>() <= 8);
