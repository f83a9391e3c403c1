//! The rows of the tables: what is measured.

use crate::sample::Sample;
use crate::workloads;

/// One thing that a codec does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "`label` says what each is")]
pub enum Operation {
    Decode(Sample),
    DecodeConnectFields,
    DecodeSubscribeFilters,
    DecodeMixed,
    DecodeMixedPieces,
    DecodePublishOwned,
    DecodePublishOwnedParts,
    DecodePublishOwnedShared,
    Encode(Sample),
    EncodePublishHeader,
    MatchTopic,
}

impl Operation {
    /// The rows of the main table.
    pub const MAIN: [Self; 24] = [
        Self::Decode(Sample::Pingreq),
        Self::Decode(Sample::Puback),
        Self::Decode(Sample::Connect),
        Self::DecodeConnectFields,
        Self::Decode(Sample::Subscribe),
        Self::DecodeSubscribeFilters,
        Self::Decode(Sample::Publish64),
        Self::Decode(Sample::PublishUtf8),
        Self::Decode(Sample::Publish1K),
        Self::Decode(Sample::Publish64K),
        Self::DecodeMixed,
        Self::DecodeMixedPieces,
        Self::DecodePublishOwned,
        Self::DecodePublishOwnedParts,
        Self::DecodePublishOwnedShared,
        Self::Encode(Sample::Pingreq),
        Self::Encode(Sample::Puback),
        Self::Encode(Sample::Connect),
        Self::Encode(Sample::Subscribe),
        Self::Encode(Sample::Publish64),
        Self::Encode(Sample::Publish1K),
        Self::Encode(Sample::Publish64K),
        Self::EncodePublishHeader,
        Self::MatchTopic,
    ];

    /// The rows of the short table: all that have a limit, and what is peculiar.
    pub const SHORT: [Self; 20] = [
        Self::Decode(Sample::Pingreq),
        Self::Decode(Sample::Puback),
        Self::Decode(Sample::Connect),
        Self::Decode(Sample::Subscribe),
        Self::Decode(Sample::Publish64),
        Self::Decode(Sample::PublishUtf8),
        Self::Decode(Sample::Publish1K),
        Self::Decode(Sample::Publish64K),
        Self::DecodeMixed,
        Self::DecodeMixedPieces,
        Self::DecodePublishOwned,
        Self::DecodePublishOwnedShared,
        Self::Encode(Sample::Pingreq),
        Self::Encode(Sample::Puback),
        Self::Encode(Sample::Connect),
        Self::Encode(Sample::Subscribe),
        Self::Encode(Sample::Publish64),
        Self::Encode(Sample::Publish64K),
        Self::EncodePublishHeader,
        Self::MatchTopic,
    ];

    /// The rows of the table of every packet type; some stand in the main one too.
    pub fn every_type() -> impl Iterator<Item = Self> {
        let samples = Sample::EVERY_TYPE.into_iter();
        samples.clone().map(Self::Decode).chain(samples.map(Self::Encode))
    }

    /// All of them, each once.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::MAIN.into_iter().chain(Self::every_type().filter(|operation| !Self::MAIN.contains(operation)))
    }

    /// What the row is called.
    pub fn label(self) -> String {
        match self {
            Self::Decode(sample) => format!("decode {}", sample.label()),
            Self::DecodeConnectFields => "decode CONNECT and read every field".to_owned(),
            Self::DecodeSubscribeFilters => "decode SUBSCRIBE and read every filter".to_owned(),
            Self::DecodeMixed => "decode mixed stream, whole, per packet".to_owned(),
            Self::DecodeMixedPieces => "decode mixed stream, pieces of 1,460 B, per packet".to_owned(),
            Self::DecodePublishOwned => "decode PUBLISH QoS 0, 64 B, owned".to_owned(),
            Self::DecodePublishOwnedParts => {
                "decode PUBLISH QoS 0, 64 B, topic and payload each owned".to_owned()
            }
            Self::DecodePublishOwnedShared => {
                "decode PUBLISH QoS 0, 64 B, owned, off a shared `Bytes`".to_owned()
            }
            Self::Encode(sample) => format!("encode {}", sample.label()),
            Self::EncodePublishHeader => "encode PUBLISH header alone".to_owned(),
            Self::MatchTopic => "match a topic with 1,000 filters, per filter".to_owned(),
        }
    }

    /// The packet to decode, for a codec that makes owned values of all fields while it decodes: it has nothing left to
    /// do when a field is read, or when the packet has to outlive its buffer.
    pub const fn packet_made_of_values(self) -> Option<Sample> {
        match self {
            Self::Decode(sample) => Some(sample),
            Self::DecodeConnectFields => Some(Sample::Connect),
            Self::DecodeSubscribeFilters => Some(Sample::Subscribe),
            Self::DecodePublishOwned | Self::DecodePublishOwnedParts => Some(Sample::Publish64),
            Self::DecodeMixed
            | Self::DecodeMixedPieces
            | Self::DecodePublishOwnedShared
            | Self::Encode(_)
            | Self::EncodePublishHeader
            | Self::MatchTopic => None,
        }
    }

    /// The most instructions that our codec may take with LTO, where we have set ourselves a limit.
    pub const fn limit(self) -> Option<u32> {
        Some(match self {
            Self::Decode(Sample::Pingreq) => 45,
            Self::Decode(Sample::Puback) => 50,
            Self::Decode(Sample::Connect) => 260,
            Self::Decode(Sample::Subscribe) => 750,
            Self::Decode(Sample::Publish64) => 90,
            Self::Decode(Sample::Publish1K | Sample::Publish64K) => 120,
            Self::DecodeMixed => 100,
            Self::DecodeMixedPieces => 135,
            Self::DecodePublishOwned | Self::DecodePublishOwnedShared => 165,
            Self::Encode(Sample::Pingreq | Sample::Puback) => 28,
            Self::Encode(Sample::Connect) => 205,
            Self::Encode(Sample::Subscribe) => 400,
            Self::Encode(Sample::Publish64) => 95,
            Self::EncodePublishHeader => 70,
            _ => return None,
        })
    }

    /// How often it is repeated to count its instructions.
    pub const fn repetitions(self) -> usize {
        match self {
            Self::DecodeMixed | Self::DecodeMixedPieces | Self::MatchTopic => 4,
            Self::Decode(Sample::Publish64K) | Self::Encode(Sample::Publish64K) => 100,
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_limit_stands_in_the_short_table() {
        let limited = |operation: &Operation| operation.limit().is_some();
        assert!(Operation::all().filter(limited).all(|operation| Operation::SHORT.contains(&operation)));
    }

    #[test]
    fn each_row_has_a_name_of_its_own() {
        let labels: HashSet<String> = Operation::all().map(Operation::label).collect();
        assert_eq!(labels.len(), Operation::all().count());
        assert_eq!(labels.len(), 24 + 2 * 9);
    }
}
