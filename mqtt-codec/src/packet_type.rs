//! The 14 types of packets (2.2.1), who sends them, and how long they can be.

use core::fmt;

/// A side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The Client: it opened the connection and sends CONNECT.
    Client,
    /// The Server, also called broker.
    Server,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// The type of a packet: bits 7 to 4 of its first byte (2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum PacketType {
    Connect = 1,
    Connack = 2,
    Publish = 3,
    Puback = 4,
    Pubrec = 5,
    Pubrel = 6,
    Pubcomp = 7,
    Subscribe = 8,
    Suback = 9,
    Unsubscribe = 10,
    Unsuback = 11,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
}

impl PacketType {
    /// All types, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Connect,
        Self::Connack,
        Self::Publish,
        Self::Puback,
        Self::Pubrec,
        Self::Pubrel,
        Self::Pubcomp,
        Self::Subscribe,
        Self::Suback,
        Self::Unsubscribe,
        Self::Unsuback,
        Self::Pingreq,
        Self::Pingresp,
        Self::Disconnect,
    ];

    /// The type in bits 7 to 4 of a packet's first byte; `None` for the reserved 0 and 15.
    pub const fn of_first_byte(first: u8) -> Option<Self> {
        Some(match first >> 4 {
            1 => Self::Connect,
            2 => Self::Connack,
            3 => Self::Publish,
            4 => Self::Puback,
            5 => Self::Pubrec,
            6 => Self::Pubrel,
            7 => Self::Pubcomp,
            8 => Self::Subscribe,
            9 => Self::Suback,
            10 => Self::Unsubscribe,
            11 => Self::Unsuback,
            12 => Self::Pingreq,
            13 => Self::Pingresp,
            14 => Self::Disconnect,
            _ => return None,
        })
    }

    /// The name as the standard writes it, e.g. `PUBLISH`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Connack => "CONNACK",
            Self::Publish => "PUBLISH",
            Self::Puback => "PUBACK",
            Self::Pubrec => "PUBREC",
            Self::Pubrel => "PUBREL",
            Self::Pubcomp => "PUBCOMP",
            Self::Subscribe => "SUBSCRIBE",
            Self::Suback => "SUBACK",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Unsuback => "UNSUBACK",
            Self::Pingreq => "PINGREQ",
            Self::Pingresp => "PINGRESP",
            Self::Disconnect => "DISCONNECT",
        }
    }

    /// The value that the flags (bits 3 to 0 of byte 1) must have; `None` for PUBLISH, whose flags mean something
    /// [MQTT-2.2.2-1].
    pub const fn fixed_flags(self) -> Option<u8> {
        match self {
            Self::Publish => None,
            Self::Pubrel | Self::Subscribe | Self::Unsubscribe => Some(0b0010),
            Self::Connect
            | Self::Connack
            | Self::Puback
            | Self::Pubrec
            | Self::Pubcomp
            | Self::Suback
            | Self::Unsuback
            | Self::Pingreq
            | Self::Pingresp
            | Self::Disconnect => Some(0),
        }
    }

    /// The only side that may send this type; `None` when both may (2.2.1).
    pub const fn sender(self) -> Option<Side> {
        match self {
            Self::Connect | Self::Subscribe | Self::Unsubscribe | Self::Pingreq | Self::Disconnect => {
                Some(Side::Client)
            }
            Self::Connack | Self::Suback | Self::Unsuback | Self::Pingresp => Some(Side::Server),
            Self::Publish | Self::Puback | Self::Pubrec | Self::Pubrel | Self::Pubcomp => None,
        }
    }

    /// The least and the greatest Remaining Length that the fields of this type can add up to, both possible.
    /// PUBLISH: at QoS 0; at QoS 1 and 2 the least is 5. The least of PUBLISH, SUBSCRIBE and UNSUBSCRIBE rests on topics
    /// of at least one character [MQTT-4.7.3-1].
    pub const fn remaining_length_range(self) -> (u32, u32) {
        match self {
            // 10 bytes of variable header, five fields of at most 2 + 65,535 bytes.
            Self::Connect => (12, 10 + 5 * 65_537),
            Self::Connack | Self::Puback | Self::Pubrec | Self::Pubrel | Self::Pubcomp | Self::Unsuback => {
                (2, 2)
            }
            Self::Publish | Self::Suback => (3, MAX_REMAINING_LENGTH),
            Self::Subscribe => (6, MAX_REMAINING_LENGTH),
            Self::Unsubscribe => (5, MAX_REMAINING_LENGTH),
            Self::Pingreq | Self::Pingresp | Self::Disconnect => (0, 0),
        }
    }
}

/// The greatest Remaining Length that four bytes can say (2.2.3).
pub(crate) const MAX_REMAINING_LENGTH: u32 = 268_435_455;

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<u8> for PacketType {
    type Error = PacketTypeError;

    /// The type with this number, 1 to 14 (2.2.1): not a whole first byte, for which see
    /// [`of_first_byte`](Self::of_first_byte).
    ///
    /// # Errors
    /// The number is 0 or 15, which are reserved, or has more than four bits.
    fn try_from(value: u8) -> Result<Self, PacketTypeError> {
        match value {
            0..=0x0F => Self::of_first_byte(value << 4).ok_or(PacketTypeError(())),
            0x10.. => Err(PacketTypeError(())),
        }
    }
}

/// A number other than 1 to 14 is no [`PacketType`] (2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PacketTypeError(());

impl fmt::Display for PacketTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("packet type is not 1 to 14")
    }
}

impl core::error::Error for PacketTypeError {}
