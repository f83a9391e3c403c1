//! The rows of the tables: what is measured.

use crate::workloads;

/// One thing that a codec does, on one of the [`workloads`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "`label` says what each is")]
pub enum Operation {
    DecodePingreq,
    DecodePuback,
    DecodeConnect,
    DecodeConnectFields,
    DecodeSubscribe,
    DecodeSubscribeFilters,
    DecodePublish64,
    DecodePublishUtf8,
    DecodePublish1K,
    DecodePublish64K,
    DecodeMixed,
    DecodeMixedPieces,
    DecodePublishOwned,
    DecodePublishOwnedParts,
    DecodePublishOwnedShared,
    EncodePingreq,
    EncodePuback,
    EncodeConnect,
    EncodeSubscribe,
    EncodePublish64,
    EncodePublish1K,
    EncodePublish64K,
    EncodePublishHeader,
    MatchTopic,
}

impl Operation {
    /// In the order of the tables.
    pub const ALL: [Self; 24] = [
        Self::DecodePingreq,
        Self::DecodePuback,
        Self::DecodeConnect,
        Self::DecodeConnectFields,
        Self::DecodeSubscribe,
        Self::DecodeSubscribeFilters,
        Self::DecodePublish64,
        Self::DecodePublishUtf8,
        Self::DecodePublish1K,
        Self::DecodePublish64K,
        Self::DecodeMixed,
        Self::DecodeMixedPieces,
        Self::DecodePublishOwned,
        Self::DecodePublishOwnedParts,
        Self::DecodePublishOwnedShared,
        Self::EncodePingreq,
        Self::EncodePuback,
        Self::EncodeConnect,
        Self::EncodeSubscribe,
        Self::EncodePublish64,
        Self::EncodePublish1K,
        Self::EncodePublish64K,
        Self::EncodePublishHeader,
        Self::MatchTopic,
    ];

    /// What the row is called.
    pub const fn label(self) -> &'static str {
        match self {
            Self::DecodePingreq => "decode PINGREQ",
            Self::DecodePuback => "decode PUBACK",
            Self::DecodeConnect => "decode CONNECT, 99 bytes, all fields",
            Self::DecodeConnectFields => "decode CONNECT and read every field",
            Self::DecodeSubscribe => "decode SUBSCRIBE, 8 filters",
            Self::DecodeSubscribeFilters => "decode SUBSCRIBE and read every filter",
            Self::DecodePublish64 => "decode PUBLISH QoS 0, 64 B",
            Self::DecodePublishUtf8 => "decode PUBLISH QoS 0, 64 B, topic not ASCII",
            Self::DecodePublish1K => "decode PUBLISH QoS 1, 1 KiB",
            Self::DecodePublish64K => "decode PUBLISH QoS 1, 64 KiB",
            Self::DecodeMixed => "decode mixed stream, whole, per packet",
            Self::DecodeMixedPieces => "decode mixed stream, pieces of 1,460 B, per packet",
            Self::DecodePublishOwned => "decode PUBLISH QoS 0, 64 B, owned",
            Self::DecodePublishOwnedParts => "decode PUBLISH QoS 0, 64 B, topic and payload each owned",
            Self::DecodePublishOwnedShared => "decode PUBLISH QoS 0, 64 B, owned, off a shared `Bytes`",
            Self::EncodePingreq => "encode PINGREQ",
            Self::EncodePuback => "encode PUBACK",
            Self::EncodeConnect => "encode CONNECT, 99 bytes, all fields",
            Self::EncodeSubscribe => "encode SUBSCRIBE, 8 filters",
            Self::EncodePublish64 => "encode PUBLISH QoS 0, 64 B",
            Self::EncodePublish1K => "encode PUBLISH QoS 1, 1 KiB",
            Self::EncodePublish64K => "encode PUBLISH QoS 1, 64 KiB",
            Self::EncodePublishHeader => "encode PUBLISH header alone",
            Self::MatchTopic => "match a topic with 1,000 filters, per filter",
        }
    }

    /// The most instructions that our codec may take with LTO, where we have set ourselves a limit.
    pub const fn limit(self) -> Option<u32> {
        match self {
            Self::DecodePingreq => Some(45),
            Self::DecodePuback => Some(50),
            Self::DecodeConnect => Some(260),
            Self::DecodeSubscribe => Some(750),
            Self::DecodePublish64 => Some(90),
            Self::DecodePublish1K | Self::DecodePublish64K => Some(120),
            Self::DecodeMixed => Some(100),
            Self::DecodeMixedPieces => Some(135),
            Self::DecodePublishOwned => Some(165),
            Self::EncodePingreq | Self::EncodePuback => Some(28),
            Self::EncodeConnect => Some(205),
            Self::EncodeSubscribe => Some(400),
            Self::EncodePublish64 => Some(95),
            Self::EncodePublishHeader => Some(70),
            Self::DecodeConnectFields
            | Self::DecodeSubscribeFilters
            | Self::DecodePublishUtf8
            | Self::DecodePublishOwnedParts
            | Self::DecodePublishOwnedShared
            | Self::EncodePublish1K
            | Self::EncodePublish64K
            | Self::MatchTopic => None,
        }
    }

    /// How often it is repeated to count its instructions.
    pub const fn repetitions(self) -> usize {
        match self {
            Self::DecodeMixed | Self::DecodeMixedPieces | Self::MatchTopic => 4,
            Self::DecodePublish64K | Self::EncodePublish64K => 100,
            _ => 1000,
        }
    }

    /// How many packets or matches are in one repetition.
    pub fn units(self) -> usize {
        match self {
            Self::DecodeMixed | Self::DecodeMixedPieces => workloads::MIXED.packets,
            Self::MatchTopic => workloads::FILTER_COUNT,
            _ => 1,
        }
    }

    /// How many bytes are in one repetition, of the operations on streams.
    pub fn stream_bytes(self) -> Option<usize> {
        match self {
            Self::DecodeMixed | Self::DecodeMixedPieces => Some(workloads::MIXED.bytes.len()),
            _ => None,
        }
    }
}
