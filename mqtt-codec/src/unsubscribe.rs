//! UNSUBSCRIBE (3.10).

use core::fmt;
use core::slice;

use crate::error::Fault;
use crate::field::Field;
use crate::packet_id::PacketId;
use crate::packet_type::PacketType;
use crate::reader::{Mode, Reader, Text};
use crate::topic::TopicFilter;
use crate::writer::{Body, Sink};

/// UNSUBSCRIBE: ends subscriptions (3.10).
///
/// ```text
/// 1010 0010 | Remaining Length | Packet Identifier | Topic Filter one or more
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unsubscribe<'a> {
    /// Repeated by UNSUBACK.
    pub packet_id: PacketId,
    /// The Topic Filters, exactly as they were subscribed to; at least one [MQTT-3.10.3-2].
    pub filters: TopicFilters<'a>,
}

/// One or more Topic Filters: a checked view of a packet, or of a list.
#[derive(Clone, Copy)]
pub struct TopicFilters<'a>(Repr<'a>);

#[derive(Clone, Copy)]
enum Repr<'a> {
    Wire(&'a [u8]),
    List(&'a [TopicFilter<'a>]),
}

impl<'a> Unsubscribe<'a> {
    #[inline]
    pub(crate) fn decode<M: Mode>(mut r: Reader<'a, M>) -> Result<Self, M::Error> {
        let packet_id = r.packet_id()?;
        let wire = r.rest();
        if wire.is_empty() {
            return Err(r.fault(Fault::NoTopicFilter(PacketType::Unsubscribe), Field::TopicFilter, 0));
        }
        while !r.is_at_end() {
            r.text::<TopicFilter<'_>>(Field::TopicFilter)?;
        }
        Ok(Self { packet_id, filters: TopicFilters(Repr::Wire(wire)) })
    }
}

impl Body for Unsubscribe<'_> {
    const TYPE: PacketType = PacketType::Unsubscribe;

    #[inline(always)]
    fn encode(&self, out: &mut impl Sink) {
        out.packet_id(self.packet_id);
        match self.filters.0 {
            Repr::Wire(wire) => out.put(wire),
            Repr::List(list) => list.iter().for_each(|filter| out.prefixed(filter.as_bytes())),
        }
    }
}

impl<'a> TopicFilters<'a> {
    /// The filters of a list; `None` when it is empty [MQTT-3.10.3-2].
    #[inline]
    pub const fn new(list: &'a [TopicFilter<'a>]) -> Option<Self> {
        if list.is_empty() { None } else { Some(Self(Repr::List(list))) }
    }

    /// How many there are, one or more. Linear: of a decoded packet they are counted one by one.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        match self.0 {
            Repr::Wire(_) => self.iter().count(),
            Repr::List(list) => list.len(),
        }
    }

    /// The filters, in the packet's order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = TopicFilter<'a>> + Clone + use<'a> {
        self.into_iter()
    }
}

/// The iterator of [`TopicFilters`]: Topic Filters, in the packet's order.
#[derive(Clone)]
pub struct TopicFiltersIter<'a> {
    wire: &'a [u8],
    list: slice::Iter<'a, TopicFilter<'a>>,
}

impl<'a> Iterator for TopicFiltersIter<'a> {
    type Item = TopicFilter<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.wire.is_empty() {
            return self.list.next().copied();
        }
        // Ends at the end: the bytes were checked.
        let (len, rest) = self.wire.split_first_chunk::<2>()?;
        let (filter, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
        self.wire = rest;
        Some(TopicFilter::checked(filter))
    }
}

impl core::iter::FusedIterator for TopicFiltersIter<'_> {}

impl fmt::Debug for TopicFiltersIter<'_> {
    /// What is still to come.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a> IntoIterator for TopicFilters<'a> {
    type Item = TopicFilter<'a>;
    type IntoIter = TopicFiltersIter<'a>;

    #[inline]
    fn into_iter(self) -> TopicFiltersIter<'a> {
        let (wire, list) = match self.0 {
            Repr::Wire(wire) => (wire, [].as_slice()),
            Repr::List(list) => ([].as_slice(), list),
        };
        TopicFiltersIter { wire, list: list.iter() }
    }
}

impl<'a> IntoIterator for &TopicFilters<'a> {
    type Item = TopicFilter<'a>;
    type IntoIter = TopicFiltersIter<'a>;

    #[inline]
    fn into_iter(self) -> TopicFiltersIter<'a> {
        (*self).into_iter()
    }
}

impl PartialEq for TopicFilters<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for TopicFilters<'_> {}

impl core::hash::Hash for TopicFilters<'_> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.iter().for_each(|filter| filter.hash(state));
    }
}

impl fmt::Debug for TopicFilters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
