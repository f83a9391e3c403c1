//! One JSON object a line per packet. The keys are part of the command's interface: README lists them.

use std::io::{self, Write};

use mqtt_codec::Side;
use serde_json::Value as Json;

use crate::capture::{Span, Time};
use crate::dissect::{PacketTree, Value, leaf};
use crate::finding::Finding;
use crate::frame::Frame;
use crate::stream::{Captured, Event, Moment, Other, Place};

/// A key as it stands in an object, behind another.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}

mod fields;
mod text;

use fields::{Fields, put};

/// Writes an object for each packet of the frame; findings below MQTT stand with its first packet. A frame without
/// packets gets one object with `"packet": null`.
///
/// # Errors
/// Those of the writer.
pub fn json(frame: &Frame, out: &mut impl Write) -> io::Result<()> {
    let mut lines = JsonLines::default();
    lines.frame(frame);
    out.write_all(&lines.line)
}

/// Writes captured packets as JSON, one line each, with memory that is used again.
#[derive(Debug, Default)]
pub struct JsonLines {
    line: Vec<u8>,
    /// The list of fields of the packet that is being written.
    list: Vec<u8>,
    /// What was written last of each first byte: most packets of a capture differ behind it.
    headers: Vec<Header>,
}

/// The fields of a packet's first byte, as they were written.
#[derive(Clone, Debug, Default)]
struct Header {
    /// Where the byte stood in its record.
    at: usize,
    keys: Vec<u8>,
    list: Vec<u8>,
}

impl JsonLines {
    /// Writes the object of a packet of a capture that began at `start`: what [`json`] writes of its [`Frame`], without
    /// building that where there is nothing to say of the packet but its fields.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn packet(&mut self, packet: &Captured<'_>, start: Time, out: &mut impl Write) -> io::Result<()> {
        self.line.clear();
        match Frame::plain(packet) {
            Some((offset, below)) => self.plain(packet, start, offset, below.as_slice()),
            None => self.frame(&Frame::captured_alone(packet, start)),
        }
        out.write_all(&self.line)
    }

    /// Writes an object for what happened to a connection, if it is of use to know.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn event(
        &mut self,
        moment: &Moment<'_>,
        start: Time,
        event: Event,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let (Some(kind), Some(message)) = (kind(event), super::happening(event)) else { return Ok(()) };
        let line = &mut self.line;
        line.clear();
        let head = Head {
            frame: moment.frame,
            capture: Some((moment.info.number, moment.time, moment.time.since(start), &[])),
            from: moment.info.side(moment.direction),
            packet: None,
            offset: None,
            length: 0,
        };
        head.write_start(line);
        put(line, ",\"packet\":null,\"notice\":");
        text::optional(Some(kind), line);
        put(line, key!("message"));
        text::optional(Some(&message), line);
        put(line, key!("bytes"));
        match event {
            Event::Lost(bytes @ 1..) | Event::Cut(bytes) | Event::PassedOver { bytes, .. } => {
                text::number(bytes, line);
            }
            _ => put(line, "null"),
        }
        put(line, key!("time_relative"));
        text::seconds(moment.time.since(start), line);
        put(line, "}\n");
        out.write_all(line)
    }

    fn plain(&mut self, packet: &Captured<'_>, start: Time, offset: Option<usize>, below: &[Finding]) {
        let first = packet.bytes.first().copied().unwrap_or_default();
        let head = Head {
            frame: packet.frame(),
            capture: Some((packet.info.number, packet.time(), packet.time().since(start), packet.places)),
            from: packet.from(),
            packet: Some(leaf::type_name(first)),
            offset,
            length: packet.bytes.len(),
        };
        head.write(&mut self.line);
        let header_len = crate::fixed_header::read(packet.bytes).map_or(0, |(.., body_at)| body_at);
        let remaining_length = packet.bytes.len().saturating_sub(header_len);
        flags_and_length(first, Some(remaining_length as u64), &mut self.line);
        self.fields(first, packet.bytes, offset.unwrap_or_default());
        findings(below, &[], 0, &mut self.line);
    }

    /// The fields of a packet that begins with this byte, whose places count from `offset` on.
    fn fields(&mut self, first: u8, packet: &[u8], offset: usize) {
        let Self { line, list, headers } = self;
        list.clear();
        headers.resize(1 << 8, Header::default());
        let Some(header) = headers.get_mut(usize::from(first)) else { return };
        if header.at == offset && !header.list.is_empty() {
            line.extend_from_slice(&header.keys);
            list.extend_from_slice(&header.list);
            let mut fields = Fields::new(first, line, list).without_header(offset);
            leaf::leaves(packet, offset, &mut fields);
            fields.end();
            return;
        }
        let begun = line.len();
        let mut fields = Fields::new(first, line, list);
        leaf::leaves(packet, offset, &mut fields);
        let behind = fields.header();
        fields.end();
        if let Some((keys, behind_list)) = behind {
            header.at = offset;
            header.keys = line.get(begun..keys).unwrap_or_default().to_vec();
            header.list = list.get(..behind_list).unwrap_or_default().to_vec();
        }
    }

    fn frame(&mut self, frame: &Frame) {
        let mut below: &[Finding] = &frame.findings;
        let number = u64::try_from(frame.number).unwrap_or(u64::MAX);
        let capture = frame
            .capture
            .as_ref()
            .map(|capture| (capture.stream, capture.time, capture.relative, capture.places.as_slice()));
        let head = Head {
            frame: number,
            capture,
            from: frame.from,
            packet: None,
            offset: Some(frame.net.payload.start),
            length: 0,
        };
        if frame.mqtt.is_empty() {
            head.write(&mut self.line);
            put(&mut self.line, ",\"fields\":[]");
            findings(below, &[], 0, &mut self.line);
            return;
        }
        // The places in a packet that stands alone count from its first byte.
        let alone = frame.capture.as_ref().filter(|capture| capture.reassembled);
        let shift = alone.and_then(|capture| capture.offset).unwrap_or_default();
        for packet in frame.packets() {
            let offset = if alone.is_some_and(|capture| capture.offset.is_none()) {
                None
            } else {
                Some(packet.offset + shift)
            };
            Head { packet: Some(packet.name()), offset, length: packet.length, ..head }.write(&mut self.line);
            self.tree(&packet, shift, below);
            below = &[];
        }
    }

    fn tree(&mut self, packet: &PacketTree, shift: usize, below: &[Finding]) {
        flags_and_length(packet.first, packet.remaining_length(), &mut self.line);
        self.list.clear();
        let mut fields = Fields::new(packet.first, &mut self.line, &mut self.list).shifted(shift);
        packet.nodes.iter().for_each(|node| fields.node(node));
        fields.end();
        findings(below, &packet.findings, shift, &mut self.line);
    }
}

/// What an object begins with.
#[derive(Clone, Copy)]
struct Head<'a> {
    frame: u64,
    /// Connection, time, time since the first record, places.
    capture: Option<(u32, Time, Span, &'a [Place])>,
    from: Option<Side>,
    packet: Option<&'static str>,
    offset: Option<usize>,
    length: usize,
}

impl Head<'_> {
    fn write(self, out: &mut Vec<u8>) {
        self.write_start(out);
        put(out, key!("packet"));
        text::optional(self.packet, out);
        put(out, key!("offset"));
        match self.offset {
            Some(offset) => text::number(offset, out),
            None => put(out, "null"),
        }
        put(out, key!("length"));
        text::number(self.length, out);
        let Some((.., relative, places)) = self.capture else { return };
        put(out, key!("time_relative"));
        text::seconds(relative, out);
        put(out, ",\"places\":[");
        for (number, place) in places.iter().enumerate() {
            put(out, if number == 0 { "{\"frame\":" } else { ",{\"frame\":" });
            text::number(place.frame, out);
            put(out, key!("offset"));
            text::number(place.at, out);
            put(out, key!("length"));
            text::number(place.len, out);
            out.push(b'}');
        }
        out.push(b']');
    }

    /// What notices begin with too.
    fn write_start(self, out: &mut Vec<u8>) {
        put(out, "{\"frame\":");
        text::number(self.frame, out);
        match self.capture {
            Some((stream, time, ..)) => {
                put(out, key!("stream"));
                text::number(stream, out);
                put(out, key!("time"));
                text::seconds(Span(time.0), out);
            }
            None => put(out, ",\"stream\":null,\"time\":null"),
        }
        put(
            out,
            match self.from {
                Some(Side::Client) => ",\"from\":\"client\"",
                Some(Side::Server) => ",\"from\":\"server\"",
                None => ",\"from\":null",
            },
        );
    }
}

/// What a notice is called; `None` for what every connection does.
fn kind(event: Event) -> Option<&'static str> {
    Some(match event {
        Event::Other(Other::Tls) => "tls",
        Event::Other(Other::Http) => "http",
        Event::Other(Other::WebSocket) => "websocket",
        Event::Other(Other::CompressedWebSocket) => "websocket_compressed",
        Event::Other(Other::Unknown) => "not_mqtt",
        Event::OtherVersion(_) => "other_version",
        Event::Lost(_) => "lost",
        Event::Cut(_) => "cut",
        Event::PassedOver { .. } => "passed_over",
        Event::BadChecksum => "tcp_checksum",
        Event::Closed { forgotten: true, .. } => "forgotten",
        Event::Finished | Event::Reset | Event::Closed { forgotten: false, .. } => return None,
    })
}

fn flags_and_length(first: u8, remaining_length: Option<u64>, out: &mut Vec<u8>) {
    put(out, key!("flags"));
    text::number(first & 0x0F, out);
    put(out, key!("remaining_length"));
    match remaining_length {
        Some(len) => text::number(len, out),
        None => put(out, "null"),
    }
}

/// The findings, with which an object ends; the places of its own count from `shift` on.
fn findings(below: &[Finding], own: &[Finding], shift: usize, out: &mut Vec<u8>) {
    put(out, ",\"findings\":[");
    let own = own.iter().map(|finding| (finding, finding.offset + shift));
    let below = below.iter().map(|finding| (finding, finding.offset));
    for (number, (finding, offset)) in below.chain(own).enumerate() {
        put(out, if number == 0 { "{\"severity\":" } else { ",{\"severity\":" });
        text::optional(Some(finding.severity.as_str()), out);
        put(out, key!("kind"));
        text::optional(Some(finding.kind), out);
        put(out, key!("clause"));
        text::optional(finding.clause, out);
        put(out, key!("field"));
        text::optional(finding.field.as_deref(), out);
        put(out, key!("message"));
        text::optional(Some(&finding.message), out);
        put(out, key!("hint"));
        text::optional(Some(&finding.hint), out);
        put(out, key!("offset"));
        text::number(offset, out);
        put(out, key!("length"));
        text::number(finding.length, out);
        out.push(b'}');
    }
    put(out, "]}\n");
}

/// Writes a value as one line.
pub(super) fn value_line(value: &Json, out: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    text::escaped(&serde_json::to_string(value)?, &mut line);
    line.push(b'\n');
    out.write_all(&line)
}

pub(super) fn value(value: &Value) -> Json {
    match value {
        Value::Number(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Bytes(bytes) => hex::encode(bytes).into(),
        Value::Hidden => Json::Null,
    }
}
