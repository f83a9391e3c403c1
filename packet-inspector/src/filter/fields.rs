//! The fields that filters and columns can name, and their values in a packet.

use std::io::{self, Write};
use std::net::IpAddr;

use mqtt_codec::Packet;

use super::FilterError;
use crate::capture::Time;
use crate::dissect::{self, Node, PacketTree, text};
use crate::frame::Frame;
use crate::stream::Captured;

/// A field, by Wireshark's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field(usize);

/// Fields below MQTT, and protocols.
const BELOW: [&str; 17] = [
    "frame.number",
    "frame.time_relative",
    "frame.time_epoch",
    "tcp.stream",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.port",
    "ip.src",
    "ip.dst",
    "ip.addr",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.addr",
    "mqtt",
    "tcp",
    "ip",
    "ipv6",
];

/// Fields of MQTT.
const MQTT: [&str; 39] = [
    "mqtt.msgtype",
    "mqtt.topic",
    "mqtt.msg",
    "mqtt.msgid",
    "mqtt.qos",
    "mqtt.dupflag",
    "mqtt.retain",
    "mqtt.len",
    "mqtt.hdrflags",
    "mqtt.hdr_reserved",
    "mqtt.proto_len",
    "mqtt.protoname",
    "mqtt.ver",
    "mqtt.conflags",
    "mqtt.conflag.uname",
    "mqtt.conflag.passwd",
    "mqtt.conflag.retain",
    "mqtt.conflag.qos",
    "mqtt.conflag.willflag",
    "mqtt.conflag.cleansess",
    "mqtt.conflag.reserved",
    "mqtt.kalive",
    "mqtt.clientid_len",
    "mqtt.clientid",
    "mqtt.willtopic_len",
    "mqtt.willtopic",
    "mqtt.willmsg_len",
    "mqtt.willmsg",
    "mqtt.username_len",
    "mqtt.username",
    "mqtt.passwd_len",
    "mqtt.passwd",
    "mqtt.conack.flags",
    "mqtt.conack.flags.reserved",
    "mqtt.conack.flags.sp",
    "mqtt.conack.val",
    "mqtt.topic_len",
    "mqtt.sub.qos",
    "mqtt.suback.qos",
];

impl Field {
    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BELOW.iter().chain(&MQTT).copied()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::names().nth(self.0).unwrap_or_default()
    }

    pub(super) fn at(name: &str, at: usize) -> Result<Self, FilterError> {
        match Self::names().position(|known| known == name) {
            Some(place) => Ok(Self(place)),
            None => {
                let near = Self::names().filter(|known| known.contains(name) || shares_start(known, name));
                let near: Vec<_> = near.take(4).collect();
                let hint =
                    if near.is_empty() { String::new() } else { format!("; there is {}", near.join(", ")) };
                Err(FilterError::new(at, format!("{name} is no field that is known here{hint}")))
            }
        }
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
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Number(u64),
    /// Nanoseconds.
    Seconds(i64),
    Flag(bool),
    Bytes(&'a [u8]),
    Owned(Vec<u8>),
    Address(IpAddr),
    /// A protocol is there.
    Present,
}

/// The values of one packet.
pub(super) struct Values<'a> {
    packet: &'a Captured<'a>,
    start: Time,
    tree: Option<Option<PacketTree>>,
}

impl<'a> Values<'a> {
    pub(super) fn new(packet: &'a Captured<'a>, start: Time) -> Self {
        Self { packet, start, tree: None }
    }

    /// All values of a field, until `found` is satisfied; whether it was.
    pub(super) fn any(&mut self, field: Field, mut found: impl FnMut(&Value<'_>) -> bool) -> bool {
        let packet = self.packet;
        let (from, to) =
            (packet.info.sender(packet.direction), packet.info.sender(packet.direction.opposite()));
        let version =
            |address: IpAddr, v4: bool| (address.is_ipv4() == v4).then_some(Value::Address(address));
        let (source, destination) = (from.ip(), to.ip());
        let port = |port: u16| Value::Number(port.into());
        match field.name() {
            "frame.number" => found(&Value::Number(packet.frame())),
            "frame.time_relative" => found(&Value::Seconds(super::relative(packet.time(), self.start).0)),
            "frame.time_epoch" => found(&Value::Seconds(packet.time().0)),
            "tcp.stream" => found(&Value::Number(packet.info.number.into())),
            "tcp.srcport" => found(&port(from.port())),
            "tcp.dstport" => found(&port(to.port())),
            "tcp.port" => found(&port(from.port())) || found(&port(to.port())),
            "ip.src" => version(source, true).is_some_and(|value| found(&value)),
            "ip.dst" => version(destination, true).is_some_and(|value| found(&value)),
            "ip.addr" => [source, destination]
                .into_iter()
                .filter_map(|ip| version(ip, true))
                .any(|value| found(&value)),
            "ipv6.src" => version(source, false).is_some_and(|value| found(&value)),
            "ipv6.dst" => version(destination, false).is_some_and(|value| found(&value)),
            "ipv6.addr" => [source, destination]
                .into_iter()
                .filter_map(|ip| version(ip, false))
                .any(|value| found(&value)),
            "mqtt" | "tcp" => found(&Value::Present),
            "ip" => source.is_ipv4() && found(&Value::Present),
            "ipv6" => source.is_ipv6() && found(&Value::Present),
            name => self.of_mqtt(name, found),
        }
    }

    fn of_mqtt(&mut self, name: &str, mut found: impl FnMut(&Value<'_>) -> bool) -> bool {
        if name == "mqtt.msgtype" {
            return self.packet.bytes.first().is_some_and(|first| found(&Value::Number((first >> 4).into())));
        }
        // What is asked for most is read off without a tree.
        match (name, self.packet.packet) {
            ("mqtt.topic", Some(Packet::Publish(publish))) => found(&Value::Bytes(publish.topic.as_bytes())),
            ("mqtt.msg", Some(Packet::Publish(publish))) => found(&Value::Bytes(publish.payload)),
            ("mqtt.qos", Some(Packet::Publish(publish))) => {
                found(&Value::Number(publish.delivery.qos().as_u8().into()))
            }
            ("mqtt.retain", Some(Packet::Publish(publish))) => found(&Value::Flag(publish.retain)),
            ("mqtt.dupflag", Some(Packet::Publish(publish))) => found(&Value::Flag(publish.delivery.dup())),
            ("mqtt.msgid", Some(Packet::Publish(publish))) => {
                publish.delivery.packet_id().is_some_and(|id| found(&Value::Number(id.get().into())))
            }
            (
                "mqtt.msg" | "mqtt.qos" | "mqtt.retain" | "mqtt.dupflag" | "mqtt.topic" | "mqtt.clientid",
                Some(
                    Packet::Puback(_)
                    | Packet::Pubrec(_)
                    | Packet::Pubrel(_)
                    | Packet::Pubcomp(_)
                    | Packet::Pingreq
                    | Packet::Pingresp,
                ),
            ) => false,
            _ => self.of_tree(name, found),
        }
    }

    fn of_tree(&mut self, name: &str, mut found: impl FnMut(&Value<'_>) -> bool) -> bool {
        let packet = self.packet;
        let tree = self.tree.get_or_insert_with(|| Frame::of_packet(packet).next());
        let nodes = tree.iter().flat_map(|tree| &tree.nodes);
        let mut nodes = nodes.flat_map(|node| std::iter::once(node).chain(&node.children));
        nodes.any(|node| node.wireshark == Some(name) && found(&value_of(node, packet.bytes)))
    }

    /// Writes all values of a field, a comma between two.
    pub(super) fn write(&mut self, field: Field, csv: bool, out: &mut impl Write) -> io::Result<()> {
        let mut written = Ok(());
        let mut text: Vec<u8> = Vec::new();
        let as_hex = matches!(field.name(), "mqtt.hdrflags" | "mqtt.conflags" | "mqtt.conack.flags");
        let is_binary = matches!(field.name(), "mqtt.msg" | "mqtt.willmsg");
        self.any(field, |value| {
            if !text.is_empty() {
                text.push(b',');
            }
            written = match value {
                Value::Number(number) if as_hex => write!(text, "{number:#04x}"),
                Value::Number(number) => write!(text, "{number}"),
                Value::Seconds(nanos) => write!(text, "{}", Time(*nanos)),
                Value::Flag(flag) => write!(text, "{}", u8::from(*flag)),
                Value::Bytes(bytes) if is_binary => write_hex(bytes, &mut text),
                Value::Owned(bytes) if is_binary => write_hex(bytes, &mut text),
                Value::Bytes(bytes) => write_text(bytes, &mut text),
                Value::Owned(bytes) => write_text(bytes, &mut text),
                Value::Address(address) => write!(text, "{address}"),
                Value::Present => text.write_all(b"1"),
            };
            false
        });
        written?;
        if csv && text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            out.write_all(b"\"")?;
            for part in text.split_inclusive(|byte| *byte == b'"') {
                out.write_all(part)?;
                if part.last() == Some(&b'"') {
                    out.write_all(b"\"")?;
                }
            }
            return out.write_all(b"\"");
        }
        out.write_all(&text)
    }
}

fn write_hex(bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    Ok(())
}

/// Nothing in a packet can command a terminal or break a column.
fn write_text(bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        out.write_all(bytes)
    } else {
        out.write_all(text::visible(bytes).as_bytes())
    }
}

fn value_of<'a>(node: &Node, bytes: &'a [u8]) -> Value<'a> {
    match &node.value {
        dissect::Value::Number(number) => Value::Number(*number),
        dissect::Value::Flag(flag) => Value::Flag(*flag),
        dissect::Value::Text(text) => match bytes.get(node.bytes.clone()) {
            Some(bytes) => Value::Bytes(bytes),
            None => Value::Owned(text.clone().into_bytes()),
        },
        dissect::Value::Bytes(bytes) => Value::Owned(bytes.clone()),
        // Nothing can be found out of what is hidden.
        dissect::Value::Hidden => Value::Owned(Vec::new()),
    }
}
