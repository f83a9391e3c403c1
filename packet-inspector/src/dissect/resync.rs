//! Where a stream goes on behind a malformed packet.
//!
//! A receiver closes the connection there. An inspector shows what follows where the bytes themselves say where that
//! is: by the packet's own length when its fixed header is in order, else at the first place from which packet follows
//! packet.

use mqtt_codec::{DecodeError, Decoded, Fault, Field, Packet};

use super::tree::{Node, Value};
use crate::finding::{Finding, Severity};

/// How many packets in a row, or two that reach the end of the input, make a boundary sure.
const SURE: usize = 3;

pub(super) struct Resync<'a> {
    bytes: &'a [u8],
    /// Bytes that searching may still look at, so that all of it stays linear in the input.
    budget: usize,
}

impl<'a> Resync<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, budget: bytes.len().saturating_mul(8).saturating_add(1 << 20) }
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
            let len = by_length.unwrap_or(present);
            let rest = present - len;
            let note = (rest > 0).then(|| {
                let message = format!("{rest} bytes behind it belong to a connection of {protocol}");
                note("other_version", base + at + len, rest, message).hint("only MQTT 3.1.1 is decoded")
            });
            return (present, note);
        }
        let header_in_order = !matches!(error.field, Field::FixedHeader | Field::RemainingLength);
        if let Some(len) = by_length {
            let rest = self.bytes.get(at + len..).unwrap_or_default();
            if rest.is_empty() {
                return (len, None);
            }
            if header_in_order || self.packets_follow(rest, 1) {
                let message = "decoding goes on behind it, by its own length";
                return (len, Some(note("resynchronised", base + at + len, 0, message)));
            }
        }
        if matches!(error.fault, Fault::OverMaximum) || present <= 1 {
            return (present, None);
        }
        match self.search(at + 1) {
            Some(found) => {
                let message =
                    format!("{} bytes are passed over, up to where packet follows packet again", found - at);
                (found - at, Some(note("resynchronised", base + found, 0, message)))
            }
            None => {
                let message = format!("{present} bytes are not decoded: no sure start of a packet follows");
                (present, Some(note("not_decoded", base + at, present, message)))
            }
        }
    }

    /// The first place from `start` on that several packets confirm.
    fn search(&mut self, start: usize) -> Option<usize> {
        (start..self.bytes.len()).find(|&place| {
            let rest = self.bytes.get(place..).unwrap_or_default();
            self.budget > 0 && self.packets_follow(rest, SURE)
        })
    }

    /// Whether `wanted` whole packets follow each other from here, or at least two up to the end of the input.
    fn packets_follow(&mut self, mut rest: &[u8], wanted: usize) -> bool {
        for packets in 0..wanted {
            match Packet::decode(rest) {
                Ok(Decoded::Packet(_, len)) => {
                    self.budget = self.budget.saturating_sub(len);
                    rest = rest.get(len..).unwrap_or_default();
                }
                Ok(Decoded::NeedMore { .. }) => {
                    self.budget = self.budget.saturating_sub(2);
                    return packets >= 2;
                }
                Err(error) => {
                    // What was looked at reaches about to the fault.
                    let looked_at = usize::try_from(error.offset).unwrap_or(usize::MAX);
                    self.budget = self.budget.saturating_sub(looked_at.max(2));
                    return false;
                }
            }
        }
        true
    }
}

/// Fixed header and Remaining Length together, if the length was read.
fn declared_len(nodes: &[Node], offset: usize) -> Option<usize> {
    let node = nodes.iter().find(|node| node.key == Some("remaining_length"))?;
    let Value::Number(remaining_length) = node.value else { return None };
    let header_len = node.bytes.end.checked_sub(offset)?;
    usize::try_from(remaining_length).ok()?.checked_add(header_len)
}

fn note(kind: &'static str, offset: usize, length: usize, message: impl Into<String>) -> Finding {
    Finding::new(Severity::Note, kind, offset, length, message)
}
