//! The connections that are remembered, found by their ends.

use std::net::{IpAddr, SocketAddr};

use ahash::RandomState;
use hashbrown::HashTable;

use super::connection::Connection;
use super::segment::Segment;
use super::{Direction, Info};

/// Both ends of a connection, the lesser first: addresses, as numbers, and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Ends {
    addresses: (u128, u128),
    /// Both ports, and whether it is IPv4.
    ports: u64,
}

impl Ends {
    fn of(info: &Info) -> Self {
        Self::new(info.source, info.destination)
    }

    #[inline]
    fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        let end = |end: SocketAddr| {
            let address = match end.ip() {
                IpAddr::V4(v4) => u128::from(v4.to_bits()),
                IpAddr::V6(v6) => v6.to_bits(),
            };
            (address, end.port())
        };
        let (a, b) = (end(source), end(destination));
        let ((low, low_port), (high, high_port)) = if a <= b { (a, b) } else { (b, a) };
        let ports = u64::from(low_port) << 16 | u64::from(high_port);
        let is_v4 = u64::from(source.is_ipv4()) << 32;
        Self { addresses: (low, high), ports: ports | is_v4 }
    }
}

/// Connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// Their places by the hash of their ends, which are only kept in the connections themselves: so the table of ten
    /// thousand fits into the fastest memory.
    slots: HashTable<usize>,
    /// Keyed at random, as whoever sends chooses the ends.
    hasher: RandomState,
    connections: Vec<Option<Box<Connection>>>,
    free: Vec<usize>,
    /// The ends and the place of the one that was asked for last: most often the next segment is of it too.
    last: Option<(SocketAddr, SocketAddr, usize)>,
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The connection of a segment, and which way it goes.
    #[inline]
    pub(super) fn find(&mut self, segment: &Segment<'_>) -> Option<(&mut Connection, Direction)> {
        let Segment { source, destination, .. } = segment;
        let (slot, direction) = match &self.last {
            Some((from, to, slot)) if from == source && to == destination => (*slot, Direction::Forward),
            Some((from, to, slot)) if from == destination && to == source => (*slot, Direction::Backward),
            _ => self.look_up(segment)?,
        };
        Some((self.connections.get_mut(slot)?.as_deref_mut()?, direction))
    }

    fn look_up(&mut self, segment: &Segment<'_>) -> Option<(usize, Direction)> {
        let ends = Ends::new(segment.source, segment.destination);
        let (slot, info) = self.slot_of(&ends)?;
        self.last = Some((info.source, info.destination, slot));
        let is_forward = info.source == segment.source;
        Some((slot, if is_forward { Direction::Forward } else { Direction::Backward }))
    }

    fn slot_of(&self, ends: &Ends) -> Option<(usize, Info)> {
        let Self { slots, hasher, connections, .. } = self;
        let info = |slot: usize| Some(connections.get(slot)?.as_deref()?.info);
        let has_ends = |slot: &usize| info(*slot).is_some_and(|info| Ends::of(&info) == *ends);
        let slot = *slots.find(hasher.hash_one(ends), has_ends)?;
        Some((slot, info(slot)?))
    }

    /// The place of the connection that was found last.
    pub(super) fn last_slot(&self) -> Option<usize> {
        self.last.map(|(.., slot)| slot)
    }

    /// The connection at this place.
    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Connection> {
        self.connections.get_mut(slot)?.as_deref_mut()
    }

    /// Puts a connection in the place of the one with the same ends.
    pub(super) fn insert(&mut self, connection: Connection) {
        let ends = Ends::of(&connection.info);
        self.last = None;
        let slot = match self.slot_of(&ends) {
            Some((slot, _)) => slot,
            None => self.new_slot(&ends),
        };
        if let Some(place) = self.connections.get_mut(slot) {
            *place = Some(Box::new(connection));
        }
    }

    fn new_slot(&mut self, ends: &Ends) -> usize {
        let Self { slots, hasher, connections, free, .. } = self;
        let slot = free.pop().unwrap_or_else(|| {
            connections.push(None);
            connections.len() - 1
        });
        let hash_of = |slot: &usize| {
            let known = connections.get(*slot).and_then(Option::as_deref);
            hasher.hash_one(known.map_or(*ends, |known| Ends::of(&known.info)))
        };
        slots.insert_unique(hasher.hash_one(ends), slot, hash_of);
        slot
    }

    /// Takes the connection at this place out.
    pub(super) fn remove(&mut self, slot: usize) -> Option<Box<Connection>> {
        let connection = self.connections.get_mut(slot)?.take()?;
        let hash = self.hasher.hash_one(Ends::of(&connection.info));
        if let Ok(entry) = self.slots.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        self.last = None;
        self.free.push(slot);
        Some(connection)
    }

    /// All of them, with their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Connection)> {
        let places = self.connections.iter().enumerate();
        places.filter_map(|(slot, connection)| Some((slot, connection.as_deref()?)))
    }

    /// Takes all of them out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Box<Connection>> {
        std::mem::take(self).connections.into_iter().flatten()
    }
}
