//! The fields that filters and columns can name, and their values in a packet.

use std::net::IpAddr;

use mqtt_codec::{Packet, Publish};

use super::FilterError;
use crate::capture::Time;
use crate::dissect::leaf::{self, Leaf, Leaves, Raw};
use crate::redact;
use crate::stream::Captured;

/// A field, by Wireshark's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    name: &'static str,
    source: Source,
}

/// Where the values of a field come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    FrameNumber,
    TimeRelative,
    TimeEpoch,
    Stream,
    PortFrom,
    PortTo,
    Ports,
    /// An address: IPv4 or IPv6, of the sender, of the receiver.
    Address {
        v4: bool,
        sender: bool,
        receiver: bool,
    },
    Mqtt,
    Ip {
        v4: bool,
    },
    MessageType,
    PacketId,
    /// What every PUBLISH has, and other packets that decode don't.
    Topic,
    Message,
    Qos,
    Retain,
    Dup,
    /// Any other leaf.
    Leaf,
}

const fn address(v4: bool, sender: bool, receiver: bool) -> Source {
    Source::Address { v4, sender, receiver }
}

/// All but other leaves.
const FIELDS: [(&str, Source); 24] = [
    ("frame.number", Source::FrameNumber),
    ("frame.time_relative", Source::TimeRelative),
    ("frame.time_epoch", Source::TimeEpoch),
    ("tcp.stream", Source::Stream),
    ("tcp.srcport", Source::PortFrom),
    ("tcp.dstport", Source::PortTo),
    ("tcp.port", Source::Ports),
    ("ip.src", address(true, true, false)),
    ("ip.dst", address(true, false, true)),
    ("ip.addr", address(true, true, true)),
    ("ipv6.src", address(false, true, false)),
    ("ipv6.dst", address(false, false, true)),
    ("ipv6.addr", address(false, true, true)),
    ("mqtt", Source::Mqtt),
    ("tcp", Source::Mqtt),
    ("ip", Source::Ip { v4: true }),
    ("ipv6", Source::Ip { v4: false }),
    ("mqtt.msgtype", Source::MessageType),
    ("mqtt.topic", Source::Topic),
    ("mqtt.msg", Source::Message),
    ("mqtt.msgid", Source::PacketId),
    ("mqtt.qos", Source::Qos),
    ("mqtt.dupflag", Source::Dup),
    ("mqtt.retain", Source::Retain),
];

impl Field {
    fn all() -> impl Iterator<Item = Self> {
        let own = FIELDS.iter().map(|(name, source)| Self { name, source: *source });
        let leaves = leaf::NAMES.iter().map(|name| name.wireshark);
        let others = leaves.filter(|leaf| FIELDS.iter().all(|(name, _)| name != leaf));
        own.chain(others.map(|name| Self { name, source: Source::Leaf }))
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::all().map(|field| field.name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.name
    }

    pub(super) fn at(name: &str, at: usize) -> Result<Self, FilterError> {
        if let Some(field) = Self::all().find(|known| known.name == name) {
            return Ok(field);
        }
        let near = Self::names().filter(|known| known.contains(name) || shares_start(known, name));
        let near: Vec<_> = near.take(4).collect();
        let hint = if near.is_empty() { String::new() } else { format!("; there is {}", near.join(", ")) };
        Err(FilterError::new(at, format!("{name} is no field that is known here{hint}")))
    }
}

fn shares_start(known: &str, name: &str) -> bool {
    let common = known.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    common + 2 >= name.len() && common > 5
}

impl std::str::FromStr for Field {
    type Err = FilterError;

    fn from_str(name: &str) -> Result<Self, FilterError> {
        Self::at(name.trim(), 0)
    }
}

/// A value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Number(u64),
    /// Nanoseconds.
    Seconds(i64),
    Flag(bool),
    Bytes(&'a [u8]),
    Address(IpAddr),
    /// A protocol is there.
    Present,
}

/// The values of one packet.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    packet: &'a Captured<'a>,
    start: Time,
    is_redacted: bool,
}

impl<'a> Values<'a> {
    pub(super) fn new(packet: &'a Captured<'a>, start: Time) -> Self {
        Self { packet, start, is_redacted: false }
    }

    /// The same without values that are not to be shown.
    pub(super) fn redacted(self) -> Self {
        Self { is_redacted: true, ..self }
    }

    /// All values of a field, until `found` is satisfied; whether it was.
    pub(super) fn any(self, field: Field, mut found: impl FnMut(Value<'a>) -> bool) -> bool {
        if self.is_redacted && self.is_private(field) {
            return false;
        }
        let packet = self.packet;
        let sender = || packet.info.sender(packet.direction);
        let receiver = || packet.info.sender(packet.direction.opposite());
        let mut number = |number: u64| found(Value::Number(number));
        match field.source {
            Source::FrameNumber => number(packet.frame()),
            Source::TimeRelative => found(Value::Seconds(super::relative(packet.time(), self.start).0)),
            Source::TimeEpoch => found(Value::Seconds(packet.time().0)),
            Source::Stream => number(packet.info.number.into()),
            Source::PortFrom => number(sender().port().into()),
            Source::PortTo => number(receiver().port().into()),
            Source::Ports => number(sender().port().into()) || number(receiver().port().into()),
            Source::Address { v4, sender: from, receiver: to } => {
                let ends = [from.then(sender), to.then(receiver)];
                let mut addresses = ends.into_iter().flatten().map(|end| end.ip());
                addresses.any(|address| address.is_ipv4() == v4 && found(Value::Address(address)))
            }
            Source::Mqtt => found(Value::Present),
            Source::Ip { v4 } => sender().is_ipv4() == v4 && found(Value::Present),
            Source::MessageType => packet.bytes.first().is_some_and(|first| number((first >> 4).into())),
            Source::PacketId
            | Source::Topic
            | Source::Message
            | Source::Qos
            | Source::Retain
            | Source::Dup => match self.of_decoded(field.source) {
                Known::Value(value) => found(value),
                Known::Absent => false,
                Known::Unknown => self.of_leaves(field.name, found),
            },
            Source::Leaf => self.of_leaves(field.name, found),
        }
    }

    /// What is asked for most, off the decoded packet.
    fn of_decoded(self, source: Source) -> Known<'a> {
        let Some(packet) = &self.packet.packet else { return Known::Unknown };
        let of_publish = |publish: &Publish<'a>| match source {
            Source::Topic => Value::Bytes(publish.topic.as_bytes()),
            Source::Message => Value::Bytes(publish.payload),
            Source::Qos => Value::Number(publish.delivery.qos().as_u8().into()),
            Source::Retain => Value::Flag(publish.retain),
            _ => Value::Flag(publish.delivery.dup()),
        };
        match (source, packet) {
            (Source::PacketId, _) => {
                packet.packet_id().map_or(Known::Absent, |id| Known::Value(Value::Number(id.get().into())))
            }
            (_, Packet::Publish(publish)) => Known::Value(of_publish(publish)),
            (Source::Topic, Packet::Subscribe(_) | Packet::Unsubscribe(_)) => Known::Unknown,
            _ => Known::Absent,
        }
    }

    fn of_leaves(self, name: &'static str, found: impl FnMut(Value<'a>) -> bool) -> bool {
        let mut search = Search { name, found, is_found: false };
        leaf::leaves(self.packet.bytes, 0, &mut search);
        search.is_found
    }

    /// Whether the values of this field are not to be shown.
    pub(super) fn is_private(self, field: Field) -> bool {
        field.name.starts_with("mqtt.") && redact::hides(field.name, self.packet)
    }
}

/// What a decoded packet tells of a field.
enum Known<'a> {
    Value(Value<'a>),
    /// It is not there.
    Absent,
    /// Only the leaves tell.
    Unknown,
}

/// Looks for a field's values.
struct Search<F> {
    name: &'static str,
    found: F,
    is_found: bool,
}

impl<'a, F: FnMut(Value<'a>) -> bool> Leaves<'a> for Search<F> {
    fn leaf(&mut self, leaf: Leaf<'a>) {
        if self.is_found || leaf.name.wireshark != self.name {
            return;
        }
        self.is_found = (self.found)(match leaf.value {
            Raw::Number(number) => Value::Number(number),
            Raw::Flag(flag) => Value::Flag(flag),
            Raw::Text(bytes) | Raw::Bytes(bytes) => Value::Bytes(bytes),
        });
    }
}
