//! The dump, each byte in the colour of its field, the fields named beside it.

use std::collections::HashSet;
use std::io::{self, Write};

use anstyle::Style;

use super::style;
use crate::dissect::labels;
use crate::finding::Severity;
use crate::frame::Frame;

/// Bytes in a row.
const ROW: usize = 16;

/// A field: where it begins, where it ends, what it is called.
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
    let spans = spans(frame);
    let faults = faults(frame);
    let mut current = 0;
    let mut named = 0;
    for (row, chunk) in bytes.chunks(ROW).enumerate() {
        let start = row * ROW;
        write!(out, "{faint}{start:04x}{faint:#} ")?;
        let mut text = Vec::new();
        for (at, byte) in (start..).zip(chunk) {
            while spans.get(current).is_some_and(|span| span.end <= at) {
                current += 1;
            }
            let mut style = match spans.get(current) {
                Some(span) if span.start <= at => style::field(current),
                _ => Style::new(),
            };
            if faults.contains(&at) {
                style = style.invert();
            }
            let gap = if at % ROW == ROW / 2 { "  " } else { " " };
            write!(out, "{gap}{style}{byte:02x}{style:#}")?;
            let shown = if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
            write!(text, "{style}{shown}{style:#}")?;
        }
        let missing = ROW - chunk.len();
        let gap = 3 * missing + usize::from(chunk.len() <= ROW / 2);
        write!(out, "{:gap$}  {faint}|{faint:#}", "")?;
        out.write_all(&text)?;
        write!(out, "{faint}|{faint:#}")?;
        named = names(&spans, named, start + chunk.len(), missing, out)?;
        writeln!(out)?;
    }
    for finding in frame.all_findings() {
        let severe = style::severity(finding.severity);
        writeln!(out, "{severe}{}:{severe:#} {}", finding.severity.as_str(), super::sentence(finding))?;
    }
    Ok(())
}

/// The fields from number `named` on that begin before `end`, with the last two digits of their offset, so that they are
/// found without colours; the row lacks `missing` bytes. Returns the number of the first field that begins later.
fn names(
    spans: &[Span],
    named: usize,
    end: usize,
    missing: usize,
    out: &mut impl Write,
) -> io::Result<usize> {
    let first = format!("{:missing$}  ", "");
    let mut separator = first.as_str();
    let mut number = named;
    while let Some(span) = spans.get(number).filter(|span| span.start < end) {
        let style = style::field(number);
        write!(out, "{separator}{style}{:02x} {}{style:#}", span.start & 0xFF, span.name)?;
        separator = ", ";
        number += 1;
    }
    Ok(number)
}

/// The bytes that errors are about, but for packets that are only cut off.
fn faults(frame: &Frame) -> HashSet<usize> {
    let errors = frame.all_findings().filter(|finding| finding.severity == Severity::Error);
    let places = errors.filter(|finding| finding.kind != "incomplete");
    places.flat_map(|finding| finding.offset..finding.offset.saturating_add(finding.length)).collect()
}

/// Layers and fields in the order of the bytes.
fn spans(frame: &Frame) -> Vec<Span> {
    let mut spans: Vec<Span> = frame
        .net
        .layers
        .iter()
        .map(|layer| {
            let name = layer.summary.split(',').next().unwrap_or_default().to_owned();
            Span { start: layer.range.start, end: layer.range.end, name }
        })
        .collect();
    for packet in &frame.packets {
        for (number, node) in packet.nodes.iter().enumerate() {
            let name = if number == 0 { labels::title(packet.first) } else { node.name };
            spans.push(Span { start: node.bytes.start, end: node.bytes.end, name: name.to_owned() });
        }
        let (decoded, end) = (spans.last().map_or(0, |span| span.end), packet.offset + packet.length);
        if decoded < end {
            spans.push(Span { start: decoded, end, name: "not decoded".to_owned() });
        }
    }
    spans
}
