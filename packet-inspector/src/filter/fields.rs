//! The fields that filters and columns can name, and their values in a packet.

use std::net::IpAddr;

use mqtt_codec::{Packet, Publish};

use super::FilterError;
use crate::capture::Time;
use crate::dissect::leaf::{self, Leaf, Leaves, Name, Raw, Shown};
use crate::dissect::{labels, text};
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
    /// The packet, with its bytes.
    Mqtt,
    /// A protocol below it, of which nothing but that it is there is known here.
    Tcp,
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
    /// The text that the bytes of this leaf are, if they are one.
    TextOf(&'static str),
}

const fn address(v4: bool, sender: bool, receiver: bool) -> Source {
    Source::Address { v4, sender, receiver }
}

/// All but other leaves.
const FIELDS: [(&str, Source); 26] = [
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
    ("tcp", Source::Tcp),
    ("ip", Source::Ip { v4: true }),
    ("ipv6", Source::Ip { v4: false }),
    ("mqtt.msgtype", Source::MessageType),
    ("mqtt.topic", Source::Topic),
    ("mqtt.msg", Source::Message),
    ("mqtt.msgid", Source::PacketId),
    ("mqtt.qos", Source::Qos),
    ("mqtt.dupflag", Source::Dup),
    ("mqtt.retain", Source::Retain),
    ("mqtt.msg_text", Source::TextOf("mqtt.msg")),
    ("mqtt.willmsg_text", Source::TextOf("mqtt.willmsg")),
];

/// Fields that Wireshark has for MQTT 5.0, by how their names begin or end.
const OF_VERSION_5: [&str; 6] = [
    "mqtt.prop",
    "mqtt.will_properties",
    "mqtt.subscription_options",
    "mqtt.unknown_topic_alias",
    ".reason_code",
    "mqtt.retain_reserved",
];

/// What Wireshark says of its own dissection.
const OF_WIRESHARK: [&str; 3] = ["mqtt.msg_decoded_as", "mqtt.illegal_topic_length", "mqtt.unknown_version"];

/// What can be done with a field, and compared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A protocol that has bytes here, or not.
    Protocol {
        bytes: bool,
    },
    /// A whole number.
    Number {
        most: u64,
    },
    Seconds,
    Flag,
    Text,
    Bytes,
    Address {
        v4: bool,
    },
}

impl Kind {
    /// Whether values of both can be equal.
    pub(super) fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Number { .. }, Self::Number { .. }) => true,
            (Self::Protocol { .. }, _) => false,
            _ => self == other,
        }
    }

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Protocol { .. } => "a protocol",
            Self::Number { .. } => "a number",
            Self::Seconds => "a time in seconds",
            Self::Flag => "a flag, 0 or 1",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Address { v4: true } => "an IPv4 address",
            Self::Address { v4: false } => "an IPv6 address",
        }
    }
}

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

    /// The field with this name.
    pub(super) fn find(name: &str) -> Option<Self> {
        Self::all().find(|known| known.name == name)
    }

    /// What kind of values it has.
    pub(super) fn kind(self) -> Kind {
        match self.source {
            Source::FrameNumber => Kind::Number { most: u64::MAX },
            Source::Stream => Kind::Number { most: u32::MAX.into() },
            Source::PortFrom | Source::PortTo | Source::Ports => Kind::Number { most: u16::MAX.into() },
            Source::TimeRelative | Source::TimeEpoch => Kind::Seconds,
            Source::Address { v4, .. } => Kind::Address { v4 },
            Source::Mqtt => Kind::Protocol { bytes: true },
            Source::Tcp | Source::Ip { .. } => Kind::Protocol { bytes: false },
            Source::TextOf(_) => Kind::Text,
            _ => self.leaf().map_or(Kind::Text, kind_of_leaf),
        }
    }

    /// What the leaf is called that its values are.
    fn leaf(self) -> Option<&'static Name> {
        let wireshark = self.leaf_name();
        leaf::NAMES.iter().copied().find(|name| name.wireshark == wireshark)
    }

    fn leaf_name(self) -> &'static str {
        if let Source::TextOf(leaf) = self.source { leaf } else { self.name }
    }

    /// What Wireshark calls this value of it, if it has names.
    pub(super) fn value_name(self, value: u64) -> Option<&'static str> {
        match self.leaf()?.shown {
            Shown::MessageType => Some(labels::title(u8::try_from(value).ok()? << 4)),
            Shown::Qos => Some(labels::qos(value)),
            Shown::GrantedQos => Some(labels::granted_qos(value)),
            Shown::Version => Some(labels::version(value)).filter(|name| *name != "Unknown"),
            Shown::ReturnCode => Some(labels::connect_return_code(value)).filter(|name| *name != "Unknown"),
            _ => None,
        }
    }

    /// Whether a filter that compares its values asks for a password, a user name, or a payload.
    pub(super) fn tells_what_is_private(self) -> bool {
        self.source == Source::Mqtt || redact::is_private(self.leaf_name())
    }

    pub(super) fn at(name: &str, at: usize) -> Result<Self, FilterError> {
        if let Some(field) = Self::find(name) {
            return Ok(field);
        }
        let is_among =
            |names: &[&str]| names.iter().any(|part| name.starts_with(part) || name.ends_with(part));
        if name.starts_with("mqtt.") && is_among(&OF_VERSION_5) {
            let message = format!("{name} is a field of MQTT 5.0, of which no packets are decoded here,");
            return Err(FilterError::new(at, message));
        }
        if OF_WIRESHARK.contains(&name) {
            let message = format!("{name} is a remark of Wireshark's, and no field of a packet,");
            return Err(FilterError::new(at, message));
        }
        let near = Self::names().filter(|known| known.contains(name) || shares_start(known, name));
        let near: Vec<_> = near.take(4).collect();
        let hint = if near.is_empty() { String::new() } else { format!("; there is {}", near.join(", ")) };
        Err(FilterError::new(at, format!("{name} is no field that is known here{hint}")))
    }
}

fn kind_of_leaf(name: &Name) -> Kind {
    let most = match (name.mask, name.wireshark) {
        // Four groups of seven bits (2.2.3).
        (0, "mqtt.len") => (1 << 28) - 1,
        (0, "mqtt.msgid" | "mqtt.kalive") => u16::MAX.into(),
        (0, length) if length.ends_with("_len") => u16::MAX.into(),
        (0, _) => u8::MAX.into(),
        (mask, _) => (mask >> mask.trailing_zeros()).into(),
    };
    match name.shown {
        Shown::Text => Kind::Text,
        Shown::Bytes => Kind::Bytes,
        Shown::Flag if most == 1 => Kind::Flag,
        _ => Kind::Number { most },
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
    /// A protocol is there; these are its bytes.
    Protocol(&'a [u8]),
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
            Source::Mqtt if self.is_redacted => found(Value::Protocol(&[])),
            Source::Mqtt => found(Value::Protocol(packet.bytes)),
            Source::Tcp => found(Value::Protocol(&[])),
            Source::Ip { v4 } => sender().is_ipv4() == v4 && found(Value::Protocol(&[])),
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
            Source::TextOf(leaf) => self.of_leaves(leaf, |value| match value {
                Value::Bytes(bytes) => text::as_text(bytes).is_some() && found(Value::Bytes(bytes)),
                _ => false,
            }),
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
        field.name.starts_with("mqtt.") && redact::hides(field.leaf_name(), self.packet)
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
