//! Takes MQTT bytes apart: every packet, every field, and what is wrong with them.
//!
//! The codec reads; this only listens and words it. It never gives up: behind a malformed packet it goes on where that
//! is honest, and says so.

mod hints;
pub mod labels;
pub(crate) mod leaf;
mod notes;
mod resync;
pub mod text;
mod tree;

use mqtt_codec::{DecodeError, Decoded, Decoder, Fault, Field, PacketType, Side};

use crate::finding::{Finding, Severity};
use crate::redact;
use leaf::Leafing;
pub(crate) use notes::is_silent;
use tree::Tree;
pub use tree::{Node, Value};

/// One packet, or what there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketTree {
    /// Its first byte: type and flags.
    pub first: u8,
    /// Where it begins in the record.
    pub offset: usize,
    /// The bytes it takes, as far as they are there; bytes that were passed over behind it included.
    pub length: usize,
    /// Its fields, up to the byte where it breaks.
    pub nodes: Vec<Node>,
    /// What is wrong with it, or worth knowing.
    pub findings: Vec<Finding>,
}

impl PacketTree {
    /// The type; `None` for the reserved 0 and 15.
    pub fn packet_type(&self) -> Option<PacketType> {
        PacketType::of_first_byte(self.first)
    }

    /// The name as the standard writes it, `RESERVED` for types 0 and 15.
    pub fn name(&self) -> &'static str {
        leaf::type_name(self.first)
    }

    /// The node with this JSON key, on any depth.
    pub fn find(&self, key: &str) -> Option<&Node> {
        let mut nodes = self.nodes.iter().flat_map(|node| std::iter::once(node).chain(&node.children));
        nodes.find(|node| node.key == Some(key))
    }

    /// What is missing of a captured packet of `wire_len` bytes, `passed` of which were passed over, is the capture's fault,
    /// and nothing follows it here.
    pub(crate) fn of_capture(&mut self, wire_len: usize, passed: usize) {
        self.findings.retain(|finding| !matches!(finding.kind, "resynchronised" | "not_decoded"));
        for finding in self.findings.iter_mut().filter(|finding| finding.kind == "incomplete") {
            let place = finding.field.as_ref().map_or_else(String::new, |field| format!(" in {field}"));
            let present = finding.length;
            let lost = wire_len.saturating_sub(present + passed);
            let what = match (passed, lost) {
                (0, _) => format!("{present} of its {wire_len} bytes are in the capture"),
                (_, 0) => format!("{present} of its {wire_len} bytes are shown, the others are passed over"),
                _ => format!(
                    "{present} of its {wire_len} bytes are shown, {lost} are not in the capture, and {passed} are passed over"
                ),
            };
            finding.kind = "cut";
            finding.severity = Severity::Note;
            finding.message = format!("the packet is cut off{place}: {what}");
            finding.hint.clear();
        }
    }

    /// The Remaining Length; `None` when the bytes end before or within it.
    pub fn remaining_length(&self) -> Option<u64> {
        match self.find("remaining_length")?.value {
            Value::Number(value) => Some(value),
            _ => None,
        }
    }
}

/// Takes apart `bytes`, which stand at `base` in their record, as packets sent by `from` where that is known.
pub fn dissect(bytes: &[u8], base: usize, from: Option<Side>) -> Packets<'_> {
    Packets {
        bytes,
        base,
        from,
        decoder: Decoder::new(),
        resync: resync::Resync::new(bytes),
        at: 0,
        redacted: None,
    }
}

/// The packets of some bytes, each taken apart when it is asked for, so that memory does not grow with their number.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    bytes: &'a [u8],
    base: usize,
    from: Option<Side>,
    decoder: Decoder,
    resync: resync::Resync<'a>,
    /// Where the next packet begins.
    at: usize,
    /// Set when private fields are hidden: whether the packets lie where they seem to.
    redacted: Option<bool>,
}

impl Iterator for Packets<'_> {
    type Item = PacketTree;

    fn next(&mut self) -> Option<PacketTree> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let first = rest.first().copied().unwrap_or_default();
        let offset = self.base + self.at;
        let mut tree = Tree::default();
        let mut findings = Vec::new();
        let decoded = self.decoder.decode_observed(rest, &mut Leafing::new(rest, offset, &mut tree));
        let length = match decoded {
            Ok(Decoded::Packet(packet, len)) => {
                notes::of_packet(&packet, &tree.nodes, self.from, offset, &mut findings);
                len
            }
            Ok(Decoded::NeedMore { missing }) => {
                self.cut_off(rest, missing.map(usize::from), &mut tree, &mut findings);
                rest.len()
            }
            Err(error) => {
                if tree.nodes.is_empty() {
                    // Refused before it was whole; the error is the same.
                    let mut leafing = Leafing::new(rest, offset, &mut tree);
                    let _ = self.decoder.observe_prefix(rest, &mut leafing);
                }
                findings.push(hints::finding(&error, rest, offset));
                let (length, note) = self.resync.after(&error, self.at, &tree.nodes, self.base);
                findings.extend(note);
                length
            }
        };
        if let (Some(side), Some(packet_type)) = (self.from, PacketType::of_first_byte(first)) {
            findings.extend(hints::wrong_sender(packet_type, side, offset));
        }
        self.at += length.max(1);
        let mut tree = PacketTree { first, offset, length, nodes: tree.nodes, findings };
        if let Some(trusted) = &mut self.redacted {
            redact::packet(&mut tree, trusted);
        }
        Some(tree)
    }
}

impl Packets<'_> {
    /// The same packets with private fields hidden; with all fields hidden when their bytes are not to be trusted.
    pub(crate) fn redacted(mut self, trusted: bool) -> Self {
        self.redacted = Some(trusted);
        self
    }

    /// A packet that the bytes end in the middle of.
    fn cut_off(&self, rest: &[u8], missing: Option<usize>, tree: &mut Tree, findings: &mut Vec<Finding>) {
        let offset = self.base + self.at;
        let error = self.decoder.observe_prefix(rest, &mut Leafing::new(rest, offset, tree)).err();
        let cut_in = error.filter(|error| error.fault == Fault::FieldPastEnd).map(|error| error.field);
        findings.push(incomplete(rest.len(), offset, missing, cut_in));
        // The rest might not come at all, so this weighs less than in a whole packet.
        let certain = error.filter(|error| is_certain(error, rest, &tree.nodes, offset));
        findings.extend(certain.map(|error| {
            let mut finding = hints::finding(&error, rest, offset);
            finding.severity = Severity::Warning;
            finding
        }));
    }
}

/// Whether an error in a packet that is cut off stays one, however many of the packet's bytes still come. A field that
/// runs past the end does when it cannot fit into the whole packet.
fn is_certain(error: &DecodeError, rest: &[u8], nodes: &[Node], offset: usize) -> bool {
    let at = usize::try_from(error.offset).unwrap_or(usize::MAX);
    match (error.fault, leaf::length_of(error.field), rest.get(at..)) {
        (Fault::FieldPastEnd, Some(_), Some([high, low, ..])) => {
            let field_end = at.saturating_add(2).saturating_add(u16::from_be_bytes([*high, *low]).into());
            resync::declared_len(nodes, offset).is_some_and(|packet_len| field_end > packet_len)
        }
        (Fault::FieldPastEnd, ..) => false,
        _ => true,
    }
}

/// The input ends in the middle of a packet.
fn incomplete(present: usize, offset: usize, missing: Option<usize>, cut_in: Option<Field>) -> Finding {
    let place = cut_in.map_or_else(String::new, |field| format!(" in {field}"));
    let message = match missing {
        Some(missing) => {
            let whole = present.saturating_add(missing);
            format!("the packet is cut off{place}: {present} of its {whole} bytes are here")
        }
        None => "the packet is cut off before its length is known".to_owned(),
    };
    let mut finding = Finding::new(Severity::Error, "incomplete", offset, present, message)
        .hint("a receiver waits for the rest; add the bytes that follow in the stream");
    finding.field = cut_in.map(|field| field.name().to_owned());
    finding
}
