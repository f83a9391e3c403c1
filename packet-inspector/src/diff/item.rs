//! A packet as a list of fields that can be compared.

use crate::dissect::{Node, PacketTree, Value};
use crate::finding::Severity;
use crate::frame::Frame;
use crate::net::Layer;

/// How much is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Depth {
    /// What packets mean: neither Packet Identifiers, nor lengths, which follow from the rest, nor what lies below MQTT.
    #[default]
    Meaning,
    /// All fields: Packet Identifiers, lengths, addresses, ports, numbers, checksums.
    All,
}

/// One packet, to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Number of its frame, from 1.
    pub frame: usize,
    /// Where it begins in the frame.
    pub offset: usize,
    /// The standard's name.
    pub packet: &'static str,
    /// In a few words.
    pub info: String,
    /// What is compared.
    pub fields: Vec<Field>,
}

/// One field, to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; the second of a name is `Topic 2`.
    pub name: String,
    /// Wireshark's filter name.
    pub wireshark: Option<&'static str>,
    /// What it says.
    pub value: Value,
    /// The same for people.
    pub text: String,
}

impl Item {
    fn push(&mut self, name: &str, wireshark: Option<&'static str>, value: Value, text: &str) {
        let same = |number: usize| if number == 1 { name.to_owned() } else { format!("{name} {number}") };
        let mut number = 1;
        // Only lists have many of a name, so the last that there is tells the next number.
        let last = self.fields.iter().rev().find(|field| is_numbered(&field.name, name));
        if let Some(last) = last {
            number =
                last.name.get(name.len() + 1..).and_then(|number| number.parse::<usize>().ok()).unwrap_or(1)
                    + 1;
        }
        self.fields.push(Field { name: same(number), wireshark, value, text: text.to_owned() });
    }

    fn add_node(&mut self, node: &Node, depth: Depth) {
        // Flags are compared bit by bit; the text of a payload is the payload.
        let bits: Vec<&Node> = node.children.iter().filter(|child| child.wireshark.is_some()).collect();
        if !bits.is_empty() {
            bits.into_iter().for_each(|bit| self.add_node(bit, depth));
            return;
        }
        if depth == Depth::Meaning && !is_meaning(node.wireshark) {
            return;
        }
        let text = node.text.split_once(&format!("{}: ", node.name)).map_or("", |(_, text)| text);
        let text = match node.children.first().map(|child| &child.value) {
            Some(Value::Text(text)) => format!("{:?}", crate::dissect::text::shortened(text)),
            _ => text.to_owned(),
        };
        self.push(node.name, node.wireshark, node.value.clone(), &text);
    }

    fn add_layer(&mut self, layer: &Layer) {
        for field in &layer.fields {
            let name = format!("{} {}", layer.protocol, field.name);
            self.push(&name, Some(field.wireshark), Value::Text(field.value.clone()), &field.value);
        }
    }

    /// What a malformed packet holds behind its last field, and what is wrong with it.
    fn add_rest(&mut self, tree: &PacketTree, frame: &Frame) {
        let end = tree.offset + tree.length;
        let decoded = tree.nodes.last().map_or(tree.offset, |node| node.bytes.end);
        let rest = frame.record.bytes.get(decoded..end).unwrap_or_default();
        if !rest.is_empty() {
            let text = crate::dissect::text::hex_shortened(rest);
            self.push("not decoded", None, Value::Bytes(rest.to_vec()), &text);
        }
        for finding in tree.findings.iter().filter(|finding| finding.severity == Severity::Error) {
            self.push("error", None, Value::Text(finding.message.clone()), &finding.message);
        }
    }
}

/// Whether a field's name is this one, or this one with a number.
fn is_numbered(field: &str, name: &str) -> bool {
    field.strip_prefix(name).is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix(' ').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Neither an identifier, nor a length.
fn is_meaning(wireshark: Option<&str>) -> bool {
    wireshark.is_none_or(|name| name != "mqtt.msgid" && name != "mqtt.len" && !name.ends_with("_len"))
}

/// The packets of some frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items {
    depth: Depth,
    items: Vec<Item>,
}

impl Items {
    /// None yet.
    pub fn new(depth: Depth) -> Self {
        Self { depth, items: Vec::new() }
    }

    /// Adds the packets of a frame; what lies below them stands with the first.
    pub fn add(&mut self, frame: &Frame) {
        let layers = |item: &mut Item| {
            if self.depth == Depth::All {
                frame.net.layers.iter().for_each(|layer| item.add_layer(layer));
            }
        };
        let first = self.items.len();
        for tree in frame.packets() {
            let mut item = Item {
                frame: frame.number,
                offset: tree.offset,
                packet: tree.name(),
                info: crate::render::info(&tree),
                fields: Vec::new(),
            };
            if self.items.len() == first {
                layers(&mut item);
            }
            tree.nodes.iter().for_each(|node| item.add_node(node, self.depth));
            item.add_rest(&tree, frame);
            self.items.push(item);
        }
        if self.items.len() == first && self.depth == Depth::All {
            let info = frame.net.layers.last().map_or("no bytes", |layer| layer.summary.as_str()).to_owned();
            let offset = frame.net.payload.start;
            let mut item = Item { frame: frame.number, offset, packet: "no MQTT", info, fields: Vec::new() };
            layers(&mut item);
            self.items.push(item);
        }
    }

    /// The packets in their order.
    pub fn as_slice(&self) -> &[Item] {
        &self.items
    }
}
