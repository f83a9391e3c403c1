//! SUBSCRIBE (3.8).

use core::fmt;
use core::slice;

use crate::error::Fault;
use crate::field::Field;
use crate::packet_id::PacketId;
use crate::packet_type::PacketType;
use crate::qos::QoS;
use crate::reader::{Mode, Reader, Text};
use crate::topic::TopicFilter;
use crate::writer::{Body, Sink};

/// SUBSCRIBE: asks for messages (3.8).
///
/// ```text
/// 1000 0010 | Remaining Length | Packet Identifier | (Topic Filter, 000000 Requested QoS) one or more
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subscribe<'a> {
    /// Repeated by SUBACK.
    pub packet_id: PacketId,
    /// Topic Filters with the QoS asked for; at least one [MQTT-3.8.3-3].
    pub subscriptions: Subscriptions<'a>,
}

/// One or more Topic Filters, each with its Requested QoS: a checked view of a packet, or of a list.
#[derive(Clone, Copy)]
pub struct Subscriptions<'a>(Repr<'a>);

#[derive(Clone, Copy)]
enum Repr<'a> {
    Wire(&'a [u8]),
    List(&'a [(TopicFilter<'a>, QoS)]),
}

impl<'a> Subscribe<'a> {
    #[inline]
    pub(crate) fn decode<M: Mode>(mut r: Reader<'a, M>) -> Result<Self, M::Error> {
        let packet_id = r.packet_id()?;
        let wire = r.rest();
        if wire.is_empty() {
            return Err(r.fault(Fault::NoTopicFilter(PacketType::Subscribe), Field::TopicFilter, 0));
        }
        while !r.is_at_end() {
            r.text::<TopicFilter<'_>>(Field::TopicFilter)?;
            if r.u8(Field::RequestedQoS)? > 2 {
                return Err(r.fault(Fault::ReservedRequestedQoS, Field::RequestedQoS, 1));
            }
        }
        Ok(Self { packet_id, subscriptions: Subscriptions(Repr::Wire(wire)) })
    }
}

impl Body for Subscribe<'_> {
    const TYPE: PacketType = PacketType::Subscribe;

    #[inline(always)]
    fn encode(&self, out: &mut impl Sink) {
        out.packet_id(self.packet_id);
        match self.subscriptions.0 {
            Repr::Wire(wire) => out.put(wire),
            Repr::List(list) => {
                for (filter, qos) in list {
                    out.prefixed(filter.as_bytes());
                    out.u8(qos.as_u8());
                }
            }
        }
    }
}

impl<'a> Subscriptions<'a> {
    /// The subscriptions of a list; `None` when it is empty [MQTT-3.8.3-3].
    #[inline]
    pub const fn new(list: &'a [(TopicFilter<'a>, QoS)]) -> Option<Self> {
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

    /// Topic Filters and Requested QoS, in the packet's order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (TopicFilter<'a>, QoS)> + Clone + use<'a> {
        self.into_iter()
    }
}

/// The iterator of [`Subscriptions`]: Topic Filters with their Requested QoS, in the packet's order.
#[derive(Clone)]
pub struct SubscriptionsIter<'a> {
    wire: &'a [u8],
    list: slice::Iter<'a, (TopicFilter<'a>, QoS)>,
}

impl<'a> Iterator for SubscriptionsIter<'a> {
    type Item = (TopicFilter<'a>, QoS);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.wire.is_empty() {
            return self.list.next().copied();
        }
        // Ends at the end: the bytes were checked.
        let (len, rest) = self.wire.split_first_chunk::<2>()?;
        let (filter, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
        let (&qos, rest) = rest.split_first()?;
        self.wire = rest;
        Some((TopicFilter::checked(filter), QoS::from_u8(qos)?))
    }
}

impl core::iter::FusedIterator for SubscriptionsIter<'_> {}

impl fmt::Debug for SubscriptionsIter<'_> {
    /// What is still to come.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a> IntoIterator for Subscriptions<'a> {
    type Item = (TopicFilter<'a>, QoS);
    type IntoIter = SubscriptionsIter<'a>;

    #[inline]
    fn into_iter(self) -> SubscriptionsIter<'a> {
        let (wire, list) = match self.0 {
            Repr::Wire(wire) => (wire, [].as_slice()),
            Repr::List(list) => ([].as_slice(), list),
        };
        SubscriptionsIter { wire, list: list.iter() }
    }
}

impl<'a> IntoIterator for &Subscriptions<'a> {
    type Item = (TopicFilter<'a>, QoS);
    type IntoIter = SubscriptionsIter<'a>;

    #[inline]
    fn into_iter(self) -> SubscriptionsIter<'a> {
        (*self).into_iter()
    }
}

impl PartialEq for Subscriptions<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Repr::Wire(a), Repr::Wire(b)) => a == b,
            _ => self.iter().eq(other.iter()),
        }
    }
}

impl Eq for Subscriptions<'_> {}

impl core::hash::Hash for Subscriptions<'_> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.iter().for_each(|subscription| subscription.hash(state));
    }
}

impl fmt::Debug for Subscriptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
