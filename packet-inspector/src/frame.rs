//! From a record to all that can be said of it: layers, packets, findings.

use std::ops::Range;

use mqtt_codec::Side;

use crate::capture::{Span, Time};
use crate::damage;
use crate::dissect::{self, PacketTree, Packets, Value};
use crate::finding::{Finding, Severity};
use crate::net::{self, Link};
use crate::payload;
use crate::record::Record;
use crate::redact;
use crate::stream::{Captured, Place, Proof};

/// What the caller knows of the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What a record begins with.
    pub link: Link,
    /// Who sent the packets; inferred from the ports when not said.
    pub from: Option<Side>,
}

/// One record, taken apart.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its number in the input, from 1.
    pub number: usize,
    /// The bytes as they were given.
    pub record: Record,
    /// What lies below MQTT.
    pub net: net::Frame,
    /// Who sent it, where that is known.
    pub from: Option<Side>,
    /// The bytes that are MQTT's; none when the data is of another protocol.
    pub mqtt: Range<usize>,
    /// What is wrong with the dump or with the layers below MQTT.
    pub findings: Vec<Finding>,
    /// Passwords, user names and payloads are hidden.
    pub is_redacted: bool,
    /// Where in a capture its packet stands; `None` for bytes that were pasted.
    pub capture: Option<InCapture>,
}

/// A packet's place in a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InCapture {
    /// The connection's number.
    pub stream: u32,
    /// When the packet was complete.
    pub time: Time,
    /// The same, from the first record of the capture on.
    pub relative: Span,
    /// Where its bytes stand, in their order.
    pub places: Vec<Place>,
    /// How many bytes it has by its own length.
    pub wire_len: usize,
    /// How many of them were passed over behind those that are shown.
    pub passed: usize,
    /// What the capture's file says of the record.
    pub comments: Vec<String>,
    /// The record's bytes are the packet's alone, as they were put together of several records or of WebSocket frames.
    pub reassembled: bool,
    /// A packet before it stands in the same record.
    pub continued: bool,
    /// Where in the record it begins, as its bytes stand there as a whole and as they are.
    pub offset: Option<usize>,
}

impl Frame {
    /// Takes a record apart.
    pub fn new(number: usize, record: Record, options: Options) -> Self {
        let net = net::dissect(&record.bytes, options.link);
        let from = options.from.or_else(|| net.sender());
        let payload = record.bytes.get(net.payload.clone()).unwrap_or_default();
        let mut findings = record.findings.clone();
        findings.extend(net.findings.iter().cloned());
        let other = payload::other_protocol(&net, payload);
        let mqtt = if other.is_some() { net.payload.start..net.payload.start } else { net.payload.clone() };
        findings.extend(other);
        if !mqtt.is_empty() {
            let packets = || dissect::dissect(payload, mqtt.start, from);
            findings.extend(damage::evidence(&record, &net, packets));
        }
        Self { number, record, net, from, mqtt, findings, is_redacted: false, capture: None }
    }

    /// A packet of a capture that began at `start`. The frame is the record in which the packet is complete, when all
    /// of it lies there; else the bytes of the packet, with the headers of that record.
    pub fn captured(packet: &Captured<'_>, start: Time) -> Self {
        Self::of_capture(packet, start, true)
    }

    /// The same without the layers below MQTT, when there is nothing to say of them: what JSON needs.
    pub fn captured_alone(packet: &Captured<'_>, start: Time) -> Self {
        Self::of_capture(packet, start, false)
    }

    fn of_capture(packet: &Captured<'_>, start: Time, layers: bool) -> Self {
        let (time, places) = (packet.time(), packet.places.to_vec());
        let entry = packet.entry.filter(|entry| entry.number == packet.frame());
        let link = entry.and_then(|entry| entry.link).unwrap_or(Link::Mqtt);
        let ports = [packet.info.source.port(), packet.info.destination.port()];
        let of_record = entry.map_or(&[][..], |entry| entry.bytes);
        let plain = !layers && (entry.is_none() || packet.proof == Proof::Intact);
        let mut net = if plain {
            net::dissect_with_ports(&[], Link::Mqtt, &ports)
        } else {
            net::dissect_with_ports(of_record, link, &ports)
        };
        // What is cut off, the capture says by itself.
        net.findings.retain(|finding| finding.kind.contains("checksum"));
        let inside = inside(packet, of_record);
        let reassembled = inside.is_none();
        let offset = offset(packet, inside.as_ref());
        let bytes = if reassembled { packet.bytes } else { of_record };
        let mqtt = inside.unwrap_or(0..bytes.len());
        let findings = if reassembled { Vec::new() } else { net.findings.clone() };
        Self {
            number: usize::try_from(packet.frame()).unwrap_or(usize::MAX),
            record: Record { bytes: bytes.to_vec(), format: "capture", ..Record::default() },
            net,
            from: packet.from(),
            mqtt,
            findings,
            is_redacted: false,
            capture: Some(InCapture {
                stream: packet.info.number,
                time,
                relative: time.since(start),
                places,
                wire_len: packet.wire_len,
                passed: packet.passed,
                comments: entry.map_or(&[][..], |entry| entry.comments).to_vec(),
                reassembled,
                continued: false,
                offset,
            }),
        }
    }

    /// Where in its frame a packet begins of which there is nothing to say but its fields, and what is to be said of the
    /// layers below it; `None` for packets that [`captured_alone`](Self::captured_alone) may have more to say of.
    pub(crate) fn plain(packet: &Captured<'_>) -> Option<(Option<usize>, Option<Finding>)> {
        let decoded = packet.packet?;
        if !dissect::is_silent(&decoded, packet.bytes, packet.from()) {
            return None;
        }
        let entry = packet.entry.filter(|entry| entry.number == packet.frame());
        let inside = inside(packet, entry.map_or(&[][..], |entry| entry.bytes));
        let offset = offset(packet, inside.as_ref());
        match (inside, packet.proof) {
            (None, _) | (_, Proof::Intact) => Some((offset, None)),
            (Some(_), Proof::Offloaded { checksum_at }) => Some((offset, Some(net::offloaded(checksum_at)))),
            (Some(_), Proof::Nothing) => None,
        }
    }

    /// The tree of a captured packet alone, without the layers below it; places count from its first byte.
    pub fn of_packet<'a>(packet: &Captured<'a>) -> impl Iterator<Item = PacketTree> + use<'a> {
        let (wire_len, passed) = (packet.wire_len, packet.passed);
        dissect::dissect(packet.bytes, 0, packet.from()).take(1).map(move |mut tree| {
            tree.of_capture(wire_len, passed);
            tree
        })
    }

    /// The packets in it, each taken apart when it is asked for; of a capture, the one that the frame is about.
    pub fn packets(&self) -> FramePackets<'_> {
        let packets = self.packets_in_full();
        if self.is_redacted { self.hiding(packets) } else { packets }
    }

    /// The same, with all that they hold also of a redacted frame.
    pub(crate) fn packets_in_full(&self) -> FramePackets<'_> {
        let bytes = self.record.bytes.get(self.mqtt.clone()).unwrap_or_default();
        let packets = dissect::dissect(bytes, self.mqtt.start, self.from);
        FramePackets { packets, capture: self.capture.as_ref(), alone: self.capture.is_some(), over: false }
    }

    /// The packets with what is private hidden. Behind the first packet of a guess, what looks like a fixed header may
    /// be a payload.
    fn hiding<'a>(&self, mut packets: FramePackets<'a>) -> FramePackets<'a> {
        let is_guessed = self.record.is_guessed;
        packets.alone |= is_guessed;
        packets.packets = packets.packets.redacted(!is_guessed && redact::is_trusted(&self.findings));
        packets
    }

    /// The same frame with passwords, user names and payloads hidden wherever it is written; their lengths stay.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        self.is_redacted = true;
        redact::below(&mut self.findings, self.record.is_guessed);
        self
    }

    /// Which of its bytes are shown when it is redacted: headers, and fields that are not private.
    pub(crate) fn shown(&self) -> Vec<bool> {
        let mut shown = vec![false; self.record.bytes.len()];
        let mut show = |range: Range<usize>, is_shown| {
            shown.get_mut(range).into_iter().for_each(|part| part.fill(is_shown));
        };
        let reassembled = self.capture.as_ref().is_some_and(|capture| capture.reassembled);
        for layer in self.net.layers.iter().filter(|_| !reassembled) {
            show(layer.range.clone(), redact::is_header(layer));
            let hidden = layer.fields.iter().filter(|field| redact::hides_below(layer, field));
            hidden.for_each(|field| show(field.offset..field.offset + field.length, false));
        }
        for node in self.hiding(self.packets_in_full()).flat_map(|packet| packet.nodes) {
            show(node.bytes.clone(), node.value != Value::Hidden);
        }
        shown
    }

    /// Its bytes, with asterisks for those that are hidden when it is redacted.
    pub fn masked(&self) -> Vec<u8> {
        let bytes = self.record.bytes.iter().zip(self.shown());
        bytes.map(|(byte, is_shown)| if is_shown { *byte } else { b'*' }).collect()
    }

    /// Its bytes in hex; of a redacted frame, with two asterisks for each that is hidden.
    pub(crate) fn hex(&self) -> String {
        let mut digits = hex::encode(&self.record.bytes).into_bytes();
        if self.is_redacted {
            for (pair, _) in digits.chunks_mut(2).zip(self.shown()).filter(|(_, is_shown)| !is_shown) {
                pair.fill(b'*');
            }
        }
        String::from_utf8(digits).unwrap_or_default()
    }

    /// All findings, those below MQTT first.
    pub fn all_findings(&self) -> impl Iterator<Item = Finding> {
        let below = self.findings.iter().cloned();
        below.chain(self.packets().flat_map(|packet| packet.findings))
    }

    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        self.all_findings().any(|finding| finding.severity == Severity::Error)
    }
}

/// Where in its record a packet stands that lies there as a whole. The bytes of a WebSocket frame are masked there.
fn inside(packet: &Captured<'_>, record: &[u8]) -> Option<Range<usize>> {
    let [place] = packet.places else { return None };
    let range = place.at..place.at.saturating_add(packet.bytes.len());
    (record.get(range.clone()) == Some(packet.bytes)).then_some(range)
}

/// Where in the record in which it is complete a packet begins, when all of it stands there as it is; the record need
/// not be at hand. Bytes of WebSocket may be masked or compressed there.
fn offset(packet: &Captured<'_>, inside: Option<&Range<usize>>) -> Option<usize> {
    match (inside, packet.places) {
        (Some(range), _) => Some(range.start),
        (None, [place]) if !packet.info.websocket => Some(place.at),
        _ => None,
    }
}

/// The packets of a [`Frame`].
#[derive(Clone, Debug)]
pub struct FramePackets<'a> {
    packets: Packets<'a>,
    capture: Option<&'a InCapture>,
    /// Only the first is given.
    alone: bool,
    over: bool,
}

impl Iterator for FramePackets<'_> {
    type Item = PacketTree;

    fn next(&mut self) -> Option<PacketTree> {
        if std::mem::replace(&mut self.over, self.alone) {
            return None;
        }
        let mut packet = self.packets.next()?;
        if let Some(capture) = self.capture {
            packet.of_capture(capture.wire_len, capture.passed);
        }
        Some(packet)
    }
}
