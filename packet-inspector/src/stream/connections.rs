//! The connections that are remembered, found by their ends.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use ahash::RandomState;

use super::Direction;
use super::connection::Connection;
use super::segment::Segment;

/// Both ends of a connection, the lesser first: addresses, as numbers, and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ends {
    addresses: (u128, u128),
    /// Both ports, and whether it is IPv4.
    ports: u64,
}

impl Ends {
    #[inline]
    pub(super) fn of(segment: &Segment<'_>) -> Self {
        let end = |end: SocketAddr| {
            let address = match end.ip() {
                IpAddr::V4(v4) => u128::from(v4.to_bits()),
                IpAddr::V6(v6) => v6.to_bits(),
            };
            (address, end.port())
        };
        let (a, b) = (end(segment.source), end(segment.destination));
        let ((low, low_port), (high, high_port)) = if a <= b { (a, b) } else { (b, a) };
        let ports = u64::from(low_port) << 16 | u64::from(high_port);
        let is_v4 = u64::from(segment.source.is_ipv4()) << 32;
        Self { addresses: (low, high), ports: ports | is_v4 }
    }
}

/// Connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// Keyed at random, as whoever sends chooses the ends.
    slots: HashMap<Ends, usize, RandomState>,
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
        let slot = *self.slots.get(&Ends::of(segment))?;
        let info = self.connections.get(slot)?.as_deref()?.info;
        self.last = Some((info.source, info.destination, slot));
        let is_forward = info.source == segment.source;
        Some((slot, if is_forward { Direction::Forward } else { Direction::Backward }))
    }

    /// Puts a connection in the place of the one with these ends.
    pub(super) fn insert(&mut self, ends: Ends, connection: Connection) {
        let Self { slots, connections, free, last } = self;
        *last = None;
        let slot = *slots.entry(ends).or_insert_with(|| {
            free.pop().unwrap_or_else(|| {
                connections.push(None);
                connections.len() - 1
            })
        });
        if let Some(place) = connections.get_mut(slot) {
            *place = Some(Box::new(connection));
        }
    }

    pub(super) fn remove(&mut self, ends: &Ends) -> Option<Box<Connection>> {
        let slot = self.slots.remove(ends)?;
        self.last = None;
        self.free.push(slot);
        self.connections.get_mut(slot)?.take()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Ends, &Connection)> {
        self.slots.iter().filter_map(|(ends, slot)| Some((ends, self.connections.get(*slot)?.as_deref()?)))
    }

    /// Takes all of them out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Box<Connection>> {
        std::mem::take(self).connections.into_iter().flatten()
    }
}
