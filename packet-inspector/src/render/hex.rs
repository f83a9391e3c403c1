//! The dump, each byte in the colour of its field, the fields named beside it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::ops::Range;

use anstyle::Style;

use super::style;
use crate::dissect::labels;
use crate::finding::{Finding, Severity};
use crate::frame::{Frame, FramePackets};

/// Bytes in a row.
const ROW: usize = 16;

/// A field: where it begins, where it ends, what it is called, and whether its bytes are hidden.
struct Span {
    start: usize,
    end: usize,
    name: String,
}

/// Writes rows of 16 bytes with offset and text, and beside each row the fields that begin in it.
///
/// # Errors
/// Those of the writer.
pub fn hex(frame: &Frame, out: &mut impl Write) -> io::Result<()> {
    let (bold, faint) = (style::HEADING, style::FAINT);
    let bytes = &frame.record.bytes;
    writeln!(out, "{bold}Frame {}: {}{bold:#}", frame.number, super::count_bytes(bytes.len()))?;
    let mut spans = Spans::new(frame);
    let shown = frame.is_redacted.then(|| frame.shown());
    for (row, chunk) in bytes.chunks(ROW).enumerate() {
        let start = row * ROW;
        spans.reach(start, start + chunk.len());
        write!(out, "{faint}{start:04x}{faint:#} ")?;
        let mut text = Vec::new();
        for (at, byte) in (start..).zip(chunk) {
            let style = spans.style(at);
            let gap = if at % ROW == ROW / 2 { "  " } else { " " };
            if shown.as_ref().is_some_and(|shown| shown.get(at) != Some(&true)) {
                write!(out, "{gap}{style}**{style:#}")?;
                write!(text, "{style}*{style:#}")?;
                continue;
            }
            write!(out, "{gap}{style}{byte:02x}{style:#}")?;
            let character = if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
            write!(text, "{style}{character}{style:#}")?;
        }
        let missing = ROW - chunk.len();
        let gap = 3 * missing + usize::from(chunk.len() <= ROW / 2);
        write!(out, "{:gap$}  {faint}|{faint:#}", "")?;
        out.write_all(&text)?;
        write!(out, "{faint}|{faint:#}")?;
        spans.names(start, missing, out)?;
        writeln!(out)?;
    }
    for finding in frame.all_findings() {
        let severe = style::severity(finding.severity);
        writeln!(out, "{severe}{}:{severe:#} {}", finding.severity.as_str(), super::sentence(&finding))?;
    }
    Ok(())
}

/// The fields around the row that is written: packets are taken apart as the rows reach them.
struct Spans<'a> {
    packets: FramePackets<'a>,
    /// Fields that end in this row or later, and those that the last packet was found to have behind it.
    near: VecDeque<Span>,
    /// Number of the first of `near` in the record.
    number: usize,
    /// Where errors are, but for packets that are only cut off, in their order.
    faults: VecDeque<Range<usize>>,
    /// Where the last packet ends.
    taken: usize,
}

impl<'a> Spans<'a> {
    fn new(frame: &'a Frame) -> Self {
        let reassembled = frame.capture.as_ref().is_some_and(|capture| capture.reassembled);
        let layers = frame.net.layers.iter().filter(|_| !reassembled).map(|layer| {
            let name = layer.summary.split(',').next().unwrap_or_default().to_owned();
            Span { start: layer.range.start, end: layer.range.end, name }
        });
        let mut spans = Self {
            packets: frame.packets(),
            near: layers.collect(),
            number: 0,
            faults: VecDeque::new(),
            taken: frame.mqtt.start,
        };
        spans.add_faults(&frame.findings);
        spans
    }

    fn add_faults(&mut self, findings: &[Finding]) {
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        let places = errors.filter(|finding| finding.kind != "incomplete");
        self.faults
            .extend(places.map(|finding| finding.offset..finding.offset.saturating_add(finding.length)));
    }

    /// Forgets what ends before `start`, and takes packets apart up to `end`.
    fn reach(&mut self, start: usize, end: usize) {
        while self.near.front().is_some_and(|span| span.end <= start) {
            self.near.pop_front();
            self.number += 1;
        }
        self.faults.retain(|fault| fault.end > start);
        while self.taken < end
            && let Some(packet) = self.packets.next()
        {
            self.taken = packet.offset + packet.length;
            self.add_faults(&packet.findings);
            let mut decoded = packet.offset;
            for (number, node) in packet.nodes.iter().enumerate() {
                let name = if number == 0 { labels::title(packet.first) } else { node.name };
                decoded = node.bytes.end;
                let name = name.to_owned();
                self.near.push_back(Span { start: node.bytes.start, end: decoded, name });
            }
            if decoded < self.taken {
                let name = "not decoded".to_owned();
                self.near.push_back(Span { start: decoded, end: self.taken, name });
            }
        }
    }

    /// The fields that begin before `end`, with their numbers.
    fn up_to(&self, end: usize) -> impl Iterator<Item = (usize, &Span)> {
        (self.number..).zip(&self.near).take_while(move |(_, span)| span.start < end)
    }

    /// How the byte at this place looks.
    fn style(&self, at: usize) -> Style {
        let field = self.up_to(at + 1).find(|(_, span)| span.end > at);
        let style = field.map_or(Style::new(), |(number, _)| style::field(number));
        if self.faults.iter().any(|fault| fault.contains(&at)) { style.invert() } else { style }
    }

    /// The fields that begin in the row at `start`, with the last two digits of their offset, so that they are found
    /// without colours; the row lacks `missing` bytes.
    fn names(&self, start: usize, missing: usize, out: &mut impl Write) -> io::Result<()> {
        let first = format!("{:missing$}  ", "");
        let mut separator = first.as_str();
        for (number, span) in self.up_to(start + ROW).filter(|(_, span)| span.start >= start) {
            let style = style::field(number);
            write!(out, "{separator}{style}{:02x} {}{style:#}", span.start & 0xFF, span.name)?;
            separator = ", ";
        }
        Ok(())
    }
}
