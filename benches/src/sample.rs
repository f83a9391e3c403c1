//! The packets that are decoded, and encoded again: each of the 14 types, PUBLISH in four sizes.

use crate::workloads as w;

/// One of the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "`label` says what each is")]
pub enum Sample {
    Connect,
    Connack,
    Publish64,
    PublishUtf8,
    Publish1K,
    Publish64K,
    Puback,
    Pubrec,
    Pubrel,
    Pubcomp,
    Subscribe,
    Suback,
    Unsubscribe,
    Unsuback,
    Pingreq,
    Pingresp,
    Disconnect,
}

impl Sample {
    /// One of each type, in the standard's order.
    pub const EVERY_TYPE: [Self; 14] = [
        Self::Connect,
        Self::Connack,
        Self::Publish64,
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

    /// The packet on the wire.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Connect => &w::CONNECT,
            Self::Connack => b"\x20\x02\x01\x00",
            Self::Publish64 => &w::PUBLISH_64,
            Self::PublishUtf8 => &w::PUBLISH_UTF8,
            Self::Publish1K => &w::PUBLISH_1K,
            Self::Publish64K => &w::PUBLISH_64K,
            Self::Puback => b"\x40\x02\x12\x34",
            Self::Pubrec => b"\x50\x02\x12\x34",
            Self::Pubrel => b"\x62\x02\x12\x34",
            Self::Pubcomp => b"\x70\x02\x12\x34",
            Self::Subscribe => &w::SUBSCRIBE,
            Self::Suback => &w::SUBACK,
            Self::Unsubscribe => &w::UNSUBSCRIBE,
            Self::Unsuback => b"\xB0\x02\x12\x34",
            Self::Pingreq => b"\xC0\x00",
            Self::Pingresp => b"\xD0\x00",
            Self::Disconnect => b"\xE0\x00",
        }
    }

    /// What it is called in the tables.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT, 99 bytes, all fields",
            Self::Connack => "CONNACK",
            Self::Publish64 => "PUBLISH QoS 0, 64 B",
            Self::PublishUtf8 => "PUBLISH QoS 0, 64 B, topic not ASCII",
            Self::Publish1K => "PUBLISH QoS 1, 1 KiB",
            Self::Publish64K => "PUBLISH QoS 1, 64 KiB",
            Self::Puback => "PUBACK",
            Self::Pubrec => "PUBREC",
            Self::Pubrel => "PUBREL",
            Self::Pubcomp => "PUBCOMP",
            Self::Subscribe => "SUBSCRIBE, 8 filters",
            Self::Suback => "SUBACK, 8 codes",
            Self::Unsubscribe => "UNSUBSCRIBE, 8 filters",
            Self::Unsuback => "UNSUBACK",
            Self::Pingreq => "PINGREQ",
            Self::Pingresp => "PINGRESP",
            Self::Disconnect => "DISCONNECT",
        }
    }

    /// Stops unless an encoder wrote just this packet.
    ///
    /// # Panics
    /// It wrote something else.
    pub fn check_encoded(self, bytes: &[u8]) {
        assert!(bytes == self.bytes(), "{} encoded otherwise: {bytes:02X?}", self.label());
    }

    /// Stops unless an encoder wrote just what stands before the payload of [`Publish64`](Self::Publish64).
    ///
    /// # Panics
    /// It wrote something else.
    pub fn check_header(bytes: &[u8]) {
        let packet = Self::Publish64.bytes();
        let header = packet.get(..packet.len() - w::PAYLOAD_64.len());
        assert!(header == Some(bytes), "header encoded otherwise: {bytes:02X?}");
    }
}
