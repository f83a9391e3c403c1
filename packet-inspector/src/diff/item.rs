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
    /// It is compared, but not to be shown.
    pub is_hidden: bool,
    /// What is shown to people.
    pub text: String,
}

impl Item {
    fn push(&mut self, name: &str, wireshark: Option<&'static str>, value: Value, text: Shown<'_>) {
        let same = |number: usize| if number == 1 { name.to_owned() } else { format!("{name} {number}") };
        let mut number = 1;
        // Only lists have many of a name, so the last that there is tells the next number.
        let last = self.fields.iter().rev().find(|field| is_numbered(&field.name, name));
        if let Some(last) = last {
            number =
                last.name.get(name.len() + 1..).and_then(|number| number.parse::<usize>().ok()).unwrap_or(1)
                    + 1;
        }
        let (is_hidden, text) = match text {
            Shown::Text(text) => (false, text.to_owned()),
            Shown::Hidden(count) => (true, crate::redact::hidden(count)),
        };
        self.fields.push(Field { name: same(number), wireshark, value, is_hidden, text });
    }

    fn add_node(&mut self, node: &Node, depth: Depth, is_hidden: bool) {
        // Flags are compared bit by bit; the text of a payload is the payload.
        let bits: Vec<&Node> = node.children.iter().filter(|child| child.wireshark.is_some()).collect();
        if !bits.is_empty() {
            bits.into_iter().for_each(|bit| self.add_node(bit, depth, is_hidden));
            return;
        }
        if depth == Depth::Meaning && !is_meaning(node.wireshark) {
            return;
        }
        if is_hidden {
            self.push(node.name, node.wireshark, node.value.clone(), Shown::Hidden(node.bytes.len()));
            return;
        }
        let text = node.text.split_once(&format!("{}: ", node.name)).map_or("", |(_, text)| text);
        let text = match node.children.first().map(|child| &child.value) {
            Some(Value::Text(text)) => format!("{:?}", crate::dissect::text::shortened(text)),
            _ => text.to_owned(),
        };
        self.push(node.name, node.wireshark, node.value.clone(), Shown::Text(&text));
    }

    fn add_layer(&mut self, layer: &Layer, is_redacted: bool) {
        for field in &layer.fields {
            let name = format!("{} {}", layer.protocol, field.name);
            let is_hidden = is_redacted && crate::redact::hides_below(layer, field);
            let shown = if is_hidden { Shown::Hidden(field.length) } else { Shown::Text(&field.value) };
            self.push(&name, Some(field.wireshark), Value::Text(field.value.clone()), shown);
        }
    }

    /// What a malformed packet holds behind its last field, and what is wrong with it, as the tree that is shown says it.
    fn add_rest(&mut self, tree: &PacketTree, shown: &PacketTree, frame: &Frame) {
        let end = tree.offset + tree.length;
        let decoded = tree.nodes.last().map_or(tree.offset, |node| node.bytes.end);
        let rest = frame.record.bytes.get(decoded..end).unwrap_or_default();
        if !rest.is_empty() {
            let text = crate::dissect::text::hex_shortened(rest);
            let text = if frame.is_redacted { Shown::Hidden(rest.len()) } else { Shown::Text(&text) };
            self.push("not decoded", None, Value::Bytes(rest.to_vec()), text);
        }
        for finding in shown.findings.iter().filter(|finding| finding.severity == Severity::Error) {
            let message = &finding.message;
            self.push("error", None, Value::Text(message.clone()), Shown::Text(message));
        }
    }
}

/// What is shown of a field.
#[derive(Clone, Copy)]
enum Shown<'a> {
    Text(&'a str),
    /// Only how many bytes it has.
    Hidden(usize),
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

    /// Adds the packets of a frame; what lies below them stands with the first. Of a redacted frame, what is private is
    /// compared, and not shown.
    pub fn add(&mut self, frame: &Frame) {
        let layers = |item: &mut Item| {
            if self.depth == Depth::All {
                frame.net.layers.iter().for_each(|layer| item.add_layer(layer, frame.is_redacted));
            }
        };
        let first = self.items.len();
        for (tree, shown) in frame.packets_in_full().zip(frame.packets()) {
            let mut item = Item {
                frame: frame.number,
                offset: tree.offset,
                packet: tree.name(),
                info: crate::render::info(&shown),
                fields: Vec::new(),
            };
            if self.items.len() == first {
                layers(&mut item);
            }
            for (node, shown) in tree.nodes.iter().zip(&shown.nodes) {
                let is_hidden = shown.value == Value::Hidden;
                item.add_node(node, self.depth, is_hidden);
            }
            item.add_rest(&tree, &shown, frame);
            self.items.push(item);
        }
        if self.items.len() == first && self.depth == Depth::All {
            let layer = frame.net.layers.last();
            let info = layer.map_or("no bytes", |layer| layer.summary.as_str()).to_owned();
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
