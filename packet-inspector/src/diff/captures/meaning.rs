//! What a packet means, in one number.

use std::hash::{BuildHasher, Hash, Hasher};

use ahash::RandomState;
use mqtt_codec::Packet;

use crate::diff::Depth;
use crate::fixed_header;
use crate::stream::Captured;

/// Numbers that are the same for packets that mean the same. Another one's would hardly ever be the same by chance, and
/// cannot be made so by who wrote the capture: its keys are drawn anew in each run.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    depth: Depth,
    state: RandomState,
}

impl Meaning {
    pub(super) fn new(depth: Depth) -> Self {
        Self { depth, state: RandomState::new() }
    }

    /// The packet's number.
    pub(super) fn of(&self, packet: &Captured<'_>) -> u64 {
        let mut hasher = self.state.build_hasher();
        packet.bytes.first().hash(&mut hasher);
        match (self.depth, &packet.packet) {
            (Depth::Meaning, Some(decoded)) => {
                for part in without_identifier(packet.bytes, decoded) {
                    hasher.write(part);
                }
            }
            (Depth::Meaning, None) => packet.bytes.hash(&mut hasher),
            (Depth::All, _) => {
                packet.bytes.hash(&mut hasher);
                let entry = packet.entry.filter(|entry| entry.number == packet.frame());
                let headers = entry.zip(packet.places.first());
                headers.and_then(|(entry, place)| entry.bytes.get(..place.at)).hash(&mut hasher);
            }
        }
        (packet.wire_len - packet.bytes.len().min(packet.wire_len)).hash(&mut hasher);
        hasher.finish()
    }

    /// The number of a sequence that goes on with this one.
    pub(super) fn then(&self, sequence: u64, next: u64) -> u64 {
        self.state.hash_one((sequence, next))
    }

    /// The number of some bytes.
    pub(super) fn of_bytes(&self, bytes: &[u8]) -> u64 {
        self.state.hash_one(bytes)
    }
}

/// The body of a well-formed packet, before and behind its Packet Identifier.
fn without_identifier<'a>(bytes: &'a [u8], decoded: &Packet<'_>) -> [&'a [u8]; 2] {
    let body = fixed_header::read(bytes).and_then(|(_, _, at)| bytes.get(at..)).unwrap_or_default();
    let at = match decoded {
        _ if decoded.packet_id().is_none() => return [body, &[]],
        Packet::Publish(publish) => 2 + publish.topic.as_bytes().len(),
        _ => 0,
    };
    let (before, behind) = body.split_at_checked(at).unwrap_or((body, &[]));
    [before, behind.get(2..).unwrap_or_default()]
}
