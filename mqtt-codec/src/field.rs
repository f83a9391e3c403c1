//! The fields of the packets, and the observer that hears of them.

use core::fmt;
use core::ops::Range;

/// A field of a packet, as the standard names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Field {
    /// Byte 1: packet type and flags (2.2.1, 2.2.2).
    FixedHeader,
    /// Remaining Length (2.2.3).
    RemainingLength,
    /// Packet Identifier (2.3.1).
    PacketIdentifier,
    /// Protocol Name of CONNECT (3.1.2.1).
    ProtocolName,
    /// Protocol Level of CONNECT (3.1.2.2).
    ProtocolLevel,
    /// Connect Flags (3.1.2.3).
    ConnectFlags,
    /// Keep Alive of CONNECT (3.1.2.10).
    KeepAlive,
    /// Client Identifier (3.1.3.1).
    ClientIdentifier,
    /// Will Topic (3.1.3.2).
    WillTopic,
    /// Will Message (3.1.3.3).
    WillMessage,
    /// User Name (3.1.3.4).
    UserName,
    /// Password (3.1.3.5).
    Password,
    /// Connect Acknowledge Flags of CONNACK (3.2.2.1).
    ConnackFlags,
    /// Connect Return Code of CONNACK (3.2.2.3).
    ConnectReturnCode,
    /// Topic Name of PUBLISH (3.3.2.1).
    TopicName,
    /// Payload of PUBLISH (3.3.3).
    Payload,
    /// Topic Filter of SUBSCRIBE and UNSUBSCRIBE (3.8.3, 3.10.3).
    TopicFilter,
    /// Requested QoS of SUBSCRIBE (3.8.3).
    RequestedQoS,
    /// Return Code of SUBACK (3.9.3).
    SubackReturnCode,
    /// Bytes after the last field, where the standard has none.
    LeftOver,
}

impl Field {
    /// The name as the standard writes it, e.g. `Packet Identifier`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FixedHeader => "Fixed Header",
            Self::RemainingLength => "Remaining Length",
            Self::PacketIdentifier => "Packet Identifier",
            Self::ProtocolName => "Protocol Name",
            Self::ProtocolLevel => "Protocol Level",
            Self::ConnectFlags => "Connect Flags",
            Self::KeepAlive => "Keep Alive",
            Self::ClientIdentifier => "Client Identifier",
            Self::WillTopic => "Will Topic",
            Self::WillMessage => "Will Message",
            Self::UserName => "User Name",
            Self::Password => "Password",
            Self::ConnackFlags => "Connect Acknowledge Flags",
            Self::ConnectReturnCode => "Connect Return Code",
            Self::TopicName => "Topic Name",
            Self::Payload => "Payload",
            Self::TopicFilter => "Topic Filter",
            Self::RequestedQoS => "Requested QoS",
            Self::SubackReturnCode => "Return Code",
            Self::LeftOver => "bytes after the last field",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Hears of each field while a packet is decoded, in the order of the bytes.
///
/// Ranges count bytes from the packet's first byte. The ranges of a packet that decodes tile it: none overlaps,
/// none is left out. Of a malformed packet the fields before the fault are heard; where the fault is in the
/// fixed header, fields behind it can be, too.
///
/// `()` is the observer that hears nothing and costs nothing.
pub trait Observer {
    /// The two bytes of a string's or binary field's length were read; what it counts may still run past the end.
    fn length(&mut self, field: Field, bytes: Range<usize>) {
        let _ = (field, bytes);
    }

    /// A field was read; for strings and binary data without the length before it.
    fn field(&mut self, field: Field, bytes: Range<usize>) {
        let _ = (field, bytes);
    }
}

impl Observer for () {}
