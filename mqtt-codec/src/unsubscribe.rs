//! UNSUBSCRIBE (3.10).

use core::fmt;

use crate::error::Fault;
use crate::field::Field;
use crate::packet_id::PacketId;
use crate::packet_type::PacketType;
use crate::reader::{Mode, Reader, Text};
use crate::topic::TopicFilter;
use crate::writer::Sink;

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

    #[inline]
    pub(crate) fn encode(&self, out: &mut impl Sink) {
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

    /// The filters, in the packet's order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = TopicFilter<'a>> + Clone + use<'a> {
        let (mut wire, list) = match self.0 {
            Repr::Wire(wire) => (wire, [].as_slice()),
            Repr::List(list) => ([].as_slice(), list),
        };
        let of_wire = core::iter::from_fn(move || {
            // Ends at the end: the bytes were checked.
            let (len, rest) = wire.split_first_chunk::<2>()?;
            let (filter, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
            wire = rest;
            Some(TopicFilter::checked(filter))
        });
        of_wire.chain(list.iter().copied())
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
