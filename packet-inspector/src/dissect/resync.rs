//! Where a stream goes on behind a malformed packet.
//!
//! A receiver closes the connection there. An inspector shows what follows where the bytes themselves say where that
//! is: by the packet's own length when its fixed header is in order, else at the first place from which packet follows
//! packet.

use std::ops::Range;

use mqtt_codec::{DecodeError, Decoded, Decoder, Fault, Field, Observer, PacketType, Protocol};

use super::tree::{Node, Value};
use crate::finding::{Finding, Severity};
use crate::{fixed_header, words};

/// How many packets in a row, or two that reach the end of the input, make a boundary sure.
const SURE: usize = 3;

#[derive(Clone, Debug)]
pub(super) struct Resync<'a> {
    decoder: Decoder,
    bytes: &'a [u8],
    /// Bytes that searching may still look at, so that all of it stays linear in the input.
    budget: usize,
}

impl<'a> Resync<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let budget = bytes.len().saturating_mul(8).saturating_add(1 << 20);
        Self { decoder: Decoder::new(), bytes, budget }
    }

    /// The bytes to pass over from the malformed packet at `at`, and what to say about it.
    pub(super) fn after(
        &mut self,
        error: &DecodeError,
        at: usize,
        nodes: &[Node],
        base: usize,
    ) -> (usize, Option<Finding>) {
        let present = self.bytes.len().saturating_sub(at);
        let by_length = declared_len(nodes, base + at).filter(|&len| len <= present);
        if let Some(protocol) = error.unsupported_protocol() {
            return self.behind_other_version(protocol, at, by_length.unwrap_or(present), base);
        }
        let header_in_order = !matches!(error.field, Field::FixedHeader | Field::RemainingLength);
        if let Some(len) = by_length {
            let rest = self.bytes.get(at + len..).unwrap_or_default();
            if rest.is_empty() {
                return (len, None);
            }
            if header_in_order || self.packets_follow(rest, 1, 1) || self.lengths_tile(rest) {
                let message = "decoding goes on behind it, by its own length";
                return (len, Some(note("resynchronised", base + at + len, 0, message)));
            }
        }
        if matches!(error.fault, Fault::OverMaximum) || present <= 1 {
            return (present, None);
        }
        match self.search(at + 1) {
            Some(found) => {
                let message = format!(
                    "{} {} passed over, up to where packet follows packet again",
                    words::bytes(found - at),
                    words::are(found - at)
                );
                (found - at, Some(note("resynchronised", base + found, 0, message)))
            }
            None => {
                let message = format!(
                    "{} {} not decoded: no sure start of a packet follows",
                    words::bytes(present),
                    words::are(present)
                );
                (present, Some(note("not_decoded", base + at, present, message)))
            }
        }
    }

    /// The first place from `start` on that several packets confirm.
    fn search(&mut self, start: usize) -> Option<usize> {
        (start..self.bytes.len()).find(|&place| {
            let rest = self.bytes.get(place..).unwrap_or_default();
            self.budget > 0 && self.packets_follow(rest, SURE, 2)
        })
    }

    /// Whether, by their fixed headers alone, packets follow each other from here up to the end of the input.
    fn lengths_tile(&mut self, mut rest: &[u8]) -> bool {
        while !rest.is_empty() && self.budget > 0 {
            self.budget = self.budget.saturating_sub(2);
            let Some((_, next)) = framed(rest) else { return false };
            rest = next;
        }
        rest.is_empty()
    }

    /// The CONNECT of `len` bytes at `at` begins a connection of another version. Packets are framed alike in all of
    /// them, so it is known where the next one begins, but not always that it means the same.
    fn behind_other_version(
        &mut self,
        protocol: Protocol,
        at: usize,
        len: usize,
        base: usize,
    ) -> (usize, Option<Finding>) {
        let rest = self.bytes.get(at + len..).unwrap_or_default();
        if rest.is_empty() {
            return (len, None);
        }
        // 3.1 differs from 3.1.1 in nothing but CONNECT; the high bit of the level says that a bridge connects.
        let same_packets = matches!(protocol.level & 0x7F, 3 | 4);
        if same_packets {
            let message =
                format!("the packets behind it are read as MQTT 3.1.1, though it asks for {protocol}");
            return (len, Some(note("resynchronised", base + at + len, 0, message)));
        }
        let names = names(rest);
        let message = format!(
            "{} behind it ({names}) belong{} to a connection of {protocol}",
            words::bytes(rest.len()),
            if rest.len() == 1 { "s" } else { "" }
        );
        let note = note("other_version", base + at + len, rest.len(), message);
        (len + rest.len(), Some(note.hint("only MQTT 3.1.1 is decoded")))
    }

    /// Whether `wanted` whole packets follow each other from here, or at least `least` up to the end of the input.
    fn packets_follow(&mut self, mut rest: &[u8], wanted: usize, least: usize) -> bool {
        for packets in 0..wanted {
            let mut reached = Reached(2);
            let decoded = self.decoder.decode_observed(rest, &mut reached);
            // Not the fault's offset: a field is looked at as a whole before the fault in it is told.
            self.budget = self.budget.saturating_sub(reached.0);
            match decoded {
                Ok(Decoded::Packet(_, len)) => rest = rest.get(len..).unwrap_or_default(),
                Ok(Decoded::NeedMore { .. }) => return packets >= least,
                Err(error) => return error.unsupported_protocol().is_some(),
            }
        }
        true
    }
}

/// The type of the packet at the front, by its fixed header alone, and what follows it; all versions frame alike.
fn framed(bytes: &[u8]) -> Option<(&'static str, &[u8])> {
    let (first, remaining_length, body_at) = fixed_header::read(bytes)?;
    let name = match PacketType::of_first_byte(first) {
        Some(packet_type) => packet_type.name(),
        None if first >> 4 == 15 => "AUTH",
        None => return None,
    };
    Some((name, bytes.get(body_at + remaining_length..)?))
}

/// The types of the first packets, as far as they can be told.
fn names(mut rest: &[u8]) -> String {
    const MOST: usize = 8;
    let mut names = Vec::new();
    while let Some((name, next)) = framed(rest) {
        if names.len() == MOST {
            names.push("...");
            break;
        }
        names.push(name);
        rest = next;
    }
    if names.is_empty() { "no whole packet".to_owned() } else { names.join(", ") }
}

/// Remembers how far a packet was read.
struct Reached(usize);

impl Observer for Reached {
    fn field(&mut self, _: Field, bytes: Range<usize>) {
        self.0 = bytes.end;
    }
}

/// Fixed header and Remaining Length together, if the length was read.
pub(super) fn declared_len(nodes: &[Node], offset: usize) -> Option<usize> {
    let node = nodes.iter().find(|node| node.key == Some("remaining_length"))?;
    let Value::Number(remaining_length) = node.value else { return None };
    let header_len = node.bytes.end.checked_sub(offset)?;
    usize::try_from(remaining_length).ok()?.checked_add(header_len)
}

fn note(kind: &'static str, offset: usize, length: usize, message: impl Into<String>) -> Finding {
    Finding::new(Severity::Note, kind, offset, length, message)
}
