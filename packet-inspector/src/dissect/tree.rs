//! The tree of one packet's fields: what the codec's observer heard, in Wireshark's words.

use std::ops::Range;

use mqtt_codec::{Field, Observer, PacketType};

use super::labels;
use super::text;

/// A value in its natural type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A flag.
    Flag(bool),
    /// A string; bytes that are not well-formed UTF-8 stand in it as `\xNN`.
    Text(String),
    /// Bytes that mean nothing to MQTT.
    Bytes(Vec<u8>),
    /// It is there, and not shown.
    Hidden,
}

/// One field, or some bits of one, and what is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Wireshark's name of it, e.g. `Topic`.
    pub name: &'static str,
    /// Wireshark's filter name, e.g. `mqtt.topic`.
    pub wireshark: Option<&'static str>,
    /// The key in JSON output, for the fields that have one, e.g. `topic`.
    pub key: Option<&'static str>,
    /// What it says.
    pub value: Value,
    /// The line as Wireshark shows it, e.g. `Topic: internet`.
    pub text: String,
    /// The bytes it covers, from the start of the record.
    pub bytes: Range<usize>,
    /// The bits of a byte of flags, or what the value means.
    pub children: Vec<Node>,
}

impl Node {
    fn new(
        name: &'static str,
        wireshark: &'static str,
        value: Value,
        shown: impl std::fmt::Display,
        bytes: Range<usize>,
    ) -> Self {
        let text = format!("{name}: {shown}");
        Self { name, wireshark: Some(wireshark), key: None, value, text, bytes, children: Vec::new() }
    }

    fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }
}

/// Collects the nodes of one packet.
pub(super) struct Tree<'a> {
    packet: &'a [u8],
    /// Offset of the packet in the record.
    base: usize,
    packet_type: Option<PacketType>,
    pub(super) nodes: Vec<Node>,
}

impl Observer for Tree<'_> {
    fn length(&mut self, field: Field, bytes: Range<usize>) {
        let Some((name, wireshark)) = labels::length_of(field) else { return };
        let value = number(self.slice(&bytes));
        let node = Node::new(name, wireshark, Value::Number(value), value, self.place(&bytes));
        self.nodes.push(node);
    }

    fn field(&mut self, field: Field, bytes: Range<usize>) {
        let place = self.place(&bytes);
        let raw = self.slice(&bytes);
        let node = match field {
            Field::FixedHeader => self.fixed_header(raw, place),
            Field::RemainingLength => {
                let value = remaining_length(raw);
                Node::new("Msg Len", "mqtt.len", Value::Number(value), value, place).key("remaining_length")
            }
            Field::PacketIdentifier => {
                let value = number(raw);
                Node::new("Message Identifier", "mqtt.msgid", Value::Number(value), value, place)
                    .key("packet_id")
            }
            Field::ProtocolName => string("Protocol Name", "mqtt.protoname", raw, place).key("protocol_name"),
            Field::ProtocolLevel => {
                let value = number(raw);
                let shown = format!("{} ({value})", labels::version(value));
                Node::new("Version", "mqtt.ver", Value::Number(value), shown, place).key("protocol_level")
            }
            Field::ConnectFlags => connect_flags(raw, place),
            Field::KeepAlive => {
                let value = number(raw);
                Node::new("Keep Alive", "mqtt.kalive", Value::Number(value), value, place).key("keep_alive")
            }
            Field::ClientIdentifier => string("Client ID", "mqtt.clientid", raw, place).key("client_id"),
            Field::WillTopic => string("Will Topic", "mqtt.willtopic", raw, place).key("will_topic"),
            Field::WillMessage => binary("Will Message", "mqtt.willmsg", raw, place).key("will_payload_hex"),
            Field::UserName => string("User Name", "mqtt.username", raw, place).key("username"),
            // Wireshark takes it for text.
            Field::Password => {
                let mut node = string("Password", "mqtt.passwd", raw, place).key("password_hex");
                node.value = Value::Bytes(raw.to_vec());
                node
            }
            Field::ConnackFlags => connack_flags(raw, place),
            Field::ConnectReturnCode => {
                let value = number(raw);
                let shown = format!("{} ({value})", labels::connect_return_code(value));
                Node::new("Return Code", "mqtt.conack.val", Value::Number(value), shown, place)
                    .key("return_code")
            }
            Field::TopicName => string("Topic", "mqtt.topic", raw, place).key("topic"),
            Field::TopicFilter => string("Topic", "mqtt.topic", raw, place).key("filters"),
            Field::RequestedQoS => {
                let value = number(raw);
                let shown = format!("{} ({value})", labels::qos(value));
                Node::new("Requested QoS", "mqtt.sub.qos", Value::Number(value), shown, place).key("filters")
            }
            Field::SubackReturnCode => {
                let value = number(raw);
                let shown = format!("{} ({value})", labels::granted_qos(value));
                Node::new("Granted QoS", "mqtt.suback.qos", Value::Number(value), shown, place)
                    .key("return_codes")
            }
            Field::Payload => binary("Message", "mqtt.msg", raw, place).key("payload_hex"),
            _ => return,
        };
        self.nodes.push(node);
    }
}

impl<'a> Tree<'a> {
    pub(super) fn new(packet: &'a [u8], base: usize) -> Self {
        let packet_type = packet.first().and_then(|&first| PacketType::of_first_byte(first));
        Self { packet, base, packet_type, nodes: Vec::new() }
    }

    fn slice(&self, bytes: &Range<usize>) -> &'a [u8] {
        self.packet.get(bytes.clone()).unwrap_or_default()
    }

    fn place(&self, bytes: &Range<usize>) -> Range<usize> {
        self.base + bytes.start..self.base + bytes.end
    }

    fn fixed_header(&self, raw: &[u8], place: Range<usize>) -> Node {
        let first = raw.first().copied().unwrap_or_default();
        let byte = u64::from(first);
        let title = labels::title(first);
        let mut shown = format!("0x{byte:02x}, Message Type: {title}");
        let mut children = vec![bits(
            ("Message Type", "mqtt.msgtype"),
            byte,
            0xF0,
            |value| format!("{title} ({value})"),
            &place,
        )];
        if self.packet_type == Some(PacketType::Publish) {
            if byte & 0b1000 != 0 {
                shown.push_str(", DUP Flag");
            }
            shown.push_str(", QoS Level: ");
            shown.push_str(labels::qos(byte >> 1 & 3));
            if byte & 1 != 0 {
                shown.push_str(", Retain");
            }
            children.push(flag(("DUP Flag", "mqtt.dupflag"), byte, 0b1000, &place).key("dup"));
            children.push(qos_bits("mqtt.qos", byte, 0b0110, &place).key("qos"));
            children.push(flag(("Retain", "mqtt.retain"), byte, 0b0001, &place).key("retain"));
        } else {
            let reserved = ("Reserved", "mqtt.hdr_reserved");
            children.push(bits(reserved, byte, 0x0F, |value| value.to_string(), &place));
        }
        let mut node = Node::new("Header Flags", "mqtt.hdrflags", Value::Number(byte), shown, place);
        node.children = children;
        node
    }
}

fn connect_flags(raw: &[u8], place: Range<usize>) -> Node {
    let byte = number(raw);
    let mut shown = format!("0x{byte:02x}");
    for (mask, name) in [(0x80, "User Name Flag"), (0x40, "Password Flag"), (0x20, "Will Retain")] {
        if byte & mask != 0 {
            shown.push_str(", ");
            shown.push_str(name);
        }
    }
    shown.push_str(", QoS Level: ");
    shown.push_str(labels::qos(byte >> 3 & 3));
    for (mask, name) in [(0x04, "Will Flag"), (0x02, "Clean Session Flag"), (0x01, "(Reserved)")] {
        if byte & mask != 0 {
            shown.push_str(", ");
            shown.push_str(name);
        }
    }
    let bit = |name, field, mask| flag((name, field), byte, mask, &place);
    let children = vec![
        bit("User Name Flag", "mqtt.conflag.uname", 0x80).key("username_flag"),
        bit("Password Flag", "mqtt.conflag.passwd", 0x40).key("password_flag"),
        bit("Will Retain", "mqtt.conflag.retain", 0x20).key("will_retain"),
        qos_bits("mqtt.conflag.qos", byte, 0x18, &place).key("will_qos"),
        bit("Will Flag", "mqtt.conflag.willflag", 0x04).key("will_flag"),
        bit("Clean Session Flag", "mqtt.conflag.cleansess", 0x02).key("clean_session"),
        bit("(Reserved)", "mqtt.conflag.reserved", 0x01),
    ];
    let mut node = Node::new("Connect Flags", "mqtt.conflags", Value::Number(byte), shown, place);
    node.children = children;
    node.key("connect_flags")
}

fn connack_flags(raw: &[u8], place: Range<usize>) -> Node {
    let byte = number(raw);
    let mut shown = format!("0x{byte:02x}");
    if byte & 1 != 0 {
        shown.push_str(", Session Present");
    }
    // Wireshark shows the seven bits as one flag.
    let mut reserved = flag(("Reserved", "mqtt.conack.flags.reserved"), byte, 0xFE, &place);
    reserved.value = Value::Number(byte >> 1);
    let present = flag(("Session Present", "mqtt.conack.flags.sp"), byte, 0x01, &place);
    let mut node = Node::new("Acknowledge Flags", "mqtt.conack.flags", Value::Number(byte), shown, place);
    node.children = vec![reserved, present.key("session_present")];
    node
}

/// Bits of a byte as `.... 0010 = Reserved: 2`.
fn bits(
    (name, wireshark): (&'static str, &'static str),
    byte: u64,
    mask: u64,
    shown: impl FnOnce(u64) -> String,
    place: &Range<usize>,
) -> Node {
    let value = (byte & mask) >> mask.trailing_zeros();
    let mut node = Node::new(name, wireshark, Value::Number(value), shown(value), place.clone());
    node.text = format!("{} = {}", bit_picture(byte, mask), node.text);
    node
}

fn flag(names: (&'static str, &'static str), byte: u64, mask: u64, place: &Range<usize>) -> Node {
    let shown = |value| if value != 0 { "Set" } else { "Not set" }.to_owned();
    let mut node = bits(names, byte, mask, shown, place);
    node.value = Value::Flag(byte & mask != 0);
    node
}

fn qos_bits(wireshark: &'static str, byte: u64, mask: u64, place: &Range<usize>) -> Node {
    bits(("QoS Level", wireshark), byte, mask, |value| format!("{} ({value})", labels::qos(value)), place)
}

/// `.... .10.`: the bits of the mask, dots elsewhere.
fn bit_picture(byte: u64, mask: u64) -> String {
    let mut picture = String::with_capacity(9);
    for bit in (0..8).rev() {
        picture.push(match (mask >> bit & 1, byte >> bit & 1) {
            (0, _) => '.',
            (_, 0) => '0',
            _ => '1',
        });
        if bit == 4 {
            picture.push(' ');
        }
    }
    picture
}

fn string(name: &'static str, wireshark: &'static str, raw: &[u8], place: Range<usize>) -> Node {
    let shown = text::shortened(&text::visible(raw));
    Node::new(name, wireshark, Value::Text(text::lossless(raw)), shown, place)
}

/// Bytes in hex, and below them the text when they are one.
fn binary(name: &'static str, wireshark: &'static str, raw: &[u8], place: Range<usize>) -> Node {
    // Wireshark's word for no bytes, though the field is there.
    let shown = if raw.is_empty() { "<MISSING>".to_owned() } else { text::hex_shortened(raw) };
    let mut node = Node::new(name, wireshark, Value::Bytes(raw.to_vec()), shown, place.clone());
    if let Some(text) = text::as_text(raw)
        && !text.is_empty()
    {
        node.children.push(Node {
            name: "Text",
            wireshark: None,
            key: None,
            value: Value::Text(text.to_owned()),
            text: format!("[Text: {}]", text::shortened(&text::visible(raw))),
            bytes: place,
            children: Vec::new(),
        });
    }
    node
}

/// A big-endian number of up to eight bytes.
fn number(raw: &[u8]) -> u64 {
    raw.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Seven bits a byte, the least significant first (2.2.3).
fn remaining_length(raw: &[u8]) -> u64 {
    raw.iter().rev().fold(0, |value, &byte| value << 7 | u64::from(byte & 0x7F))
}
