//! The tree of one packet's fields: its leaves with what people read of them.

use std::ops::Range;

use super::labels;
use super::leaf::{Leaf, Leaves, Raw, Shown};
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

/// Collects the nodes of one packet.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

impl<'a> Leaves<'a> for Tree {
    fn leaf(&mut self, leaf: Leaf<'a>) {
        let (is_part, node) = (leaf.name.is_part(), Node::new(&leaf));
        match self.nodes.last_mut().filter(|_| is_part) {
            Some(whole) => whole.children.push(node),
            None => self.nodes.push(node),
        }
    }
}

impl Node {
    fn new(leaf: &Leaf<'_>) -> Self {
        let name = leaf.name;
        let shown = shown(leaf);
        let text = if name.is_part() {
            format!("{} = {}: {shown}", bit_picture(first(leaf.raw), name.mask), name.name)
        } else {
            format!("{}: {shown}", name.name)
        };
        let value = match leaf.value {
            Raw::Number(number) => Value::Number(number),
            Raw::Flag(flag) => Value::Flag(flag),
            Raw::Text(raw) => Value::Text(text::lossless(raw)),
            Raw::Bytes(raw) => Value::Bytes(raw.to_vec()),
        };
        let bytes = leaf.bytes.clone();
        let children = if name.shown == Shown::Bytes { meaning(leaf) } else { Vec::new() };
        Self { name: name.name, wireshark: Some(name.wireshark), key: name.key, value, text, bytes, children }
    }
}

/// Below bytes stands the text that they are, when they are one.
fn meaning(leaf: &Leaf<'_>) -> Vec<Node> {
    let Some(text) = text::as_text(leaf.raw).filter(|text| !text.is_empty()) else { return Vec::new() };
    vec![Node {
        name: "Text",
        wireshark: None,
        key: None,
        value: Value::Text(text.to_owned()),
        text: format!("[Text: {}]", text::shortened(&text::visible(leaf.raw))),
        bytes: leaf.bytes.clone(),
        children: Vec::new(),
    }]
}

/// The value as people read it.
fn shown(leaf: &Leaf<'_>) -> String {
    let value = match leaf.value {
        Raw::Number(number) => number,
        Raw::Flag(flag) => flag.into(),
        Raw::Text(_) | Raw::Bytes(_) => 0,
    };
    match leaf.name.shown {
        Shown::Number => value.to_string(),
        Shown::Text => text::shortened(&text::visible(leaf.raw)),
        // Wireshark's word for no bytes, though the field is there.
        Shown::Bytes if leaf.raw.is_empty() => "<MISSING>".to_owned(),
        Shown::Bytes => text::hex_shortened(leaf.raw),
        Shown::Flag => if value != 0 { "Set" } else { "Not set" }.to_owned(),
        Shown::MessageType => format!("{} ({value})", labels::title(first(leaf.raw))),
        Shown::Qos => format!("{} ({value})", labels::qos(value)),
        Shown::GrantedQos => format!("{} ({value})", labels::granted_qos(value)),
        Shown::Version => format!("{} ({value})", labels::version(value)),
        Shown::ReturnCode => format!("{} ({value})", labels::connect_return_code(value)),
        Shown::HeaderFlags => header_flags(first(leaf.raw)),
        Shown::ConnectFlags => connect_flags(first(leaf.raw)),
        Shown::ConnackFlags => {
            let byte = first(leaf.raw);
            format!("0x{byte:02x}{}", if byte & 1 != 0 { ", Session Present" } else { "" })
        }
    }
}

fn first(raw: &[u8]) -> u8 {
    raw.first().copied().unwrap_or_default()
}

fn header_flags(byte: u8) -> String {
    let mut shown = format!("0x{byte:02x}, Message Type: {}", labels::title(byte));
    if byte >> 4 == 3 {
        if byte & 0b1000 != 0 {
            shown.push_str(", DUP Flag");
        }
        shown.push_str(", QoS Level: ");
        shown.push_str(labels::qos(u64::from(byte >> 1 & 3)));
        if byte & 1 != 0 {
            shown.push_str(", Retain");
        }
    }
    shown
}

fn connect_flags(byte: u8) -> String {
    let mut shown = format!("0x{byte:02x}");
    for (mask, name) in [(0x80, "User Name Flag"), (0x40, "Password Flag"), (0x20, "Will Retain")] {
        if byte & mask != 0 {
            shown.push_str(", ");
            shown.push_str(name);
        }
    }
    shown.push_str(", QoS Level: ");
    shown.push_str(labels::qos(u64::from(byte >> 3 & 3)));
    for (mask, name) in [(0x04, "Will Flag"), (0x02, "Clean Session Flag"), (0x01, "(Reserved)")] {
        if byte & mask != 0 {
            shown.push_str(", ");
            shown.push_str(name);
        }
    }
    shown
}

/// `.... .10.`: the bits of the mask, dots elsewhere.
fn bit_picture(byte: u8, mask: u8) -> String {
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
