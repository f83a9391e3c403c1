//! The other frames of the paste, put in order, so that what speaks of a connection is found without going through all of
//! them for each reading.

use std::net::IpAddr;

use ahash::{AHashMap, AHashSet};
use mqtt_codec::PacketType;

use crate::net::{TcpFlags, Transport};

use super::mqtt::Kind;
use super::neighbours::Neighbour;

pub(super) type Endpoint = (IpAddr, u16);

pub(super) fn endpoints(transport: &Transport) -> [Endpoint; 2] {
    [(transport.source, transport.source_port), (transport.destination, transport.destination_port)]
}

/// The other frames.
#[derive(Clone, Debug, Default)]
pub(super) struct Paste {
    pub(super) others: Vec<Neighbour>,
    known: AHashSet<Endpoint>,
    /// The same, each once, in the order of the paste.
    in_order: Vec<Endpoint>,
    flows: AHashMap<[Endpoint; 2], Flow>,
}

/// What all segments of one direction say.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// Sequence numbers, of the first byte and behind the last.
    pub(super) starts: Numbers,
    pub(super) ends: Numbers,
    /// Acknowledgment numbers of all, and of those that have the flag.
    pub(super) acks: Numbers,
    pub(super) valid_acks: Numbers,
    /// Acknowledgment numbers of those that begin with CONNACK.
    pub(super) of_connack: Numbers,
    /// The packets, each kind once.
    pub(super) kinds: Vec<Kind>,
}

/// Numbers of 32 bits that begin anew behind the greatest.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers(Vec<u32>);

impl Numbers {
    fn sort(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
    }

    pub(super) fn holds(&self, number: u32) -> bool {
        self.0.binary_search(&number).is_ok()
    }

    /// How far the nearest of them is away.
    pub(super) fn distance(&self, number: u32) -> Option<u32> {
        let apart = |other: &u32| number.wrapping_sub(*other).min(other.wrapping_sub(number));
        let next = self.0.partition_point(|other| *other < number);
        let before = next.checked_sub(1).and_then(|before| self.0.get(before)).or(self.0.last());
        let behind = self.0.get(next).or(self.0.first());
        before.into_iter().chain(behind).map(apart).min()
    }
}

impl Paste {
    pub(super) fn new(others: Vec<Neighbour>) -> Self {
        let (mut known, mut in_order) = (AHashSet::new(), Vec::new());
        let mut flows: AHashMap<_, Flow> = AHashMap::new();
        for other in &others {
            let ends = endpoints(&other.transport);
            in_order.extend(ends.into_iter().filter(|end| known.insert(*end)));
            flows.entry(ends).or_default().add(other);
        }
        flows.values_mut().for_each(Flow::sort);
        Self { others, known, in_order, flows }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.others.is_empty()
    }

    pub(super) fn knows(&self, endpoint: &Endpoint) -> bool {
        self.known.contains(endpoint)
    }

    /// All endpoints, in the order of the paste.
    pub(super) fn endpoints(&self) -> &[Endpoint] {
        &self.in_order
    }

    /// The segments from the first of these to the second.
    pub(super) fn flow(&self, [from, to]: [Endpoint; 2]) -> Option<&Flow> {
        self.flows.get(&[from, to])
    }
}

impl Flow {
    fn add(&mut self, other: &Neighbour) {
        let transport = &other.transport;
        self.starts.0.push(transport.seq);
        self.ends.0.push(other.end());
        self.acks.0.push(transport.ack);
        if transport.flags.contains(TcpFlags::ACK) {
            self.valid_acks.0.push(transport.ack);
        }
        if other.kinds.first().is_some_and(|kind| kind.packet_type == PacketType::Connack) {
            self.of_connack.0.push(transport.ack);
        }
        for kind in &other.kinds {
            if !self.kinds.contains(kind) {
                self.kinds.push(*kind);
            }
        }
    }

    fn sort(&mut self) {
        for numbers in
            [&mut self.starts, &mut self.ends, &mut self.acks, &mut self.valid_acks, &mut self.of_connack]
        {
            numbers.sort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_number_is_found_round_the_end() {
        let mut numbers = Numbers(vec![70, 10, u32::MAX - 2, 10]);
        numbers.sort();
        for number in [0, 9, 10, 11, 40, 41, 70, 1000, u32::MAX / 2, u32::MAX - 3, u32::MAX] {
            let apart = |other: &u32| number.wrapping_sub(*other).min(other.wrapping_sub(number));
            assert_eq!(numbers.distance(number), numbers.0.iter().map(apart).min(), "{number}");
        }
        assert_eq!(Numbers::default().distance(7), None);
        assert!(numbers.holds(70) && !numbers.holds(71));
    }
}
