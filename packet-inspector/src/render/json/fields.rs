//! The fields of a packet as JSON, off the wire or off a tree: each by its key, and all in a list.

use std::ops::Range;

use super::text;
use crate::dissect::leaf::{self, Leaf, Leaves, Name, Raw};
use crate::dissect::{self, Node, text::as_text};

/// A value that is written.
#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Flag(bool),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    Hidden,
}

/// Writes the keys of a packet's fields, and gathers the list of them that stands behind.
pub(super) struct Fields<'o> {
    keys: &'o mut Vec<u8>,
    list: &'o mut Vec<u8>,
    /// Topic Filters come in pairs with a QoS.
    is_subscribe: bool,
    open: Open,
    /// How long keys and list were behind the first byte's fields, once another has come.
    header: Option<(usize, usize)>,
    /// The first byte's fields are written already; they begin here in the record.
    passed: Option<usize>,
    /// How much further on all stands than it says.
    shift: usize,
}

/// A list in a key that has begun.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    /// Topic Filters or return codes.
    List,
    /// A Topic Filter whose QoS has not come yet.
    Pair,
    /// A list that is not shown.
    Hidden,
}

impl<'o> Fields<'o> {
    pub(super) fn new(first: u8, keys: &'o mut Vec<u8>, list: &'o mut Vec<u8>) -> Self {
        Self {
            keys,
            list,
            is_subscribe: first >> 4 == 8,
            open: Open::Nothing,
            header: None,
            passed: None,
            shift: 0,
        }
    }

    /// Passes over the fields of the packet's first byte, which stands here: they are written already.
    pub(super) fn without_header(self, at: usize) -> Self {
        Self { passed: Some(at), ..self }
    }

    /// Adds so much to where each field stands.
    pub(super) fn shifted(self, shift: usize) -> Self {
        Self { shift, ..self }
    }

    /// How long keys and list were behind the fields of the packet's first byte.
    pub(super) fn header(&self) -> Option<(usize, usize)> {
        self.header
    }

    /// A node of a tree and its parts.
    pub(super) fn node(&mut self, node: &Node) {
        for node in std::iter::once(node).chain(&node.children) {
            let name = leaf::NAMES.iter().find(|name| {
                (Some(name.wireshark), name.name, name.key) == (node.wireshark, node.name, node.key)
            });
            let value = match &node.value {
                dissect::Value::Number(number) => Value::Number(*number),
                dissect::Value::Flag(flag) => Value::Flag(*flag),
                dissect::Value::Text(text) => Value::Text(text.as_bytes()),
                dissect::Value::Bytes(bytes) => Value::Bytes(bytes),
                dissect::Value::Hidden => Value::Hidden,
            };
            if let Some(name) = name {
                self.field(name, value, &node.bytes);
            }
        }
    }

    fn field(&mut self, name: &'static Name, value: Value<'_>, bytes: &Range<usize>) {
        match name.key {
            Some("filters") => self.filter(name, value),
            Some("return_codes") => self.return_code(name, value),
            // It stands at the front.
            Some("remaining_length") | None => {}
            Some(key) => {
                put(self.keys, name.json_key);
                write(value, self.keys);
                if key == "payload_hex" {
                    put(self.keys, key!("payload_text"));
                    match value {
                        Value::Bytes(bytes) => text::optional(as_text(bytes), self.keys),
                        _ => put(self.keys, "null"),
                    }
                }
            }
        }
        if !self.list.is_empty() {
            self.list.push(b',');
        }
        put(self.list, name.json_field);
        write(value, self.list);
        put(self.list, key!("offset"));
        text::number(bytes.start + self.shift, self.list);
        put(self.list, key!("length"));
        text::number(bytes.len(), self.list);
        self.list.push(b'}');
    }

    /// Names alone for UNSUBSCRIBE; pairs with the QoS for SUBSCRIBE, null where the packet breaks before it.
    fn filter(&mut self, name: &'static Name, value: Value<'_>) {
        if self.open == Open::Nothing {
            put(self.keys, name.json_key);
            if let Value::Hidden = value {
                put(self.keys, "null");
                self.open = Open::Hidden;
                return;
            }
            self.keys.push(b'[');
        }
        match (value, self.open) {
            (_, Open::Hidden) => {}
            (Value::Text(_), open) => {
                put(
                    self.keys,
                    match open {
                        Open::Pair => ",null],",
                        Open::List => ",",
                        Open::Nothing | Open::Hidden => "",
                    },
                );
                if self.is_subscribe {
                    self.keys.push(b'[');
                }
                write(value, self.keys);
                self.open = if self.is_subscribe { Open::Pair } else { Open::List };
            }
            (_, Open::Pair) => {
                self.keys.push(b',');
                write(value, self.keys);
                self.keys.push(b']');
                self.open = Open::List;
            }
            (_, Open::List | Open::Nothing) => {}
        }
    }

    fn return_code(&mut self, name: &'static Name, value: Value<'_>) {
        match self.open {
            Open::Nothing => {
                put(self.keys, name.json_key);
                self.keys.push(b'[');
                self.open = Open::List;
            }
            _ => self.keys.push(b','),
        }
        write(value, self.keys);
    }

    /// There are no more: the list of them follows its key.
    pub(super) fn end(self) {
        put(
            self.keys,
            match self.open {
                Open::Pair => ",null]]",
                Open::List => "]",
                Open::Nothing | Open::Hidden => "",
            },
        );
        put(self.keys, ",\"fields\":[");
        self.keys.extend_from_slice(self.list);
        self.keys.push(b']');
    }
}

impl<'a> Leaves<'a> for Fields<'_> {
    fn leaf(&mut self, leaf: Leaf<'a>) {
        if self.passed == Some(leaf.bytes.start) {
            return;
        }
        if leaf.name.key == Some("remaining_length") {
            self.header = Some((self.keys.len(), self.list.len()));
        }
        let value = match leaf.value {
            Raw::Number(number) => Value::Number(number),
            Raw::Flag(flag) => Value::Flag(flag),
            Raw::Text(raw) => Value::Text(raw),
            Raw::Bytes(raw) => Value::Bytes(raw),
        };
        self.field(leaf.name, value, &leaf.bytes);
    }
}

fn write(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Number(number) => text::number(number, out),
        Value::Flag(flag) => text::flag(flag, out),
        Value::Text(bytes) => text::string(bytes, out),
        Value::Bytes(bytes) => text::hex(bytes, out),
        Value::Hidden => put(out, "null"),
    }
}

pub(super) fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
