//! The dump, each byte in the colour of its field, the fields named beside it.

use std::io::{self, Write};

use anstyle::Style;

use super::style;
use crate::dissect::labels;
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
    writeln!(out, "{bold}Frame {}: {} bytes{bold:#}", frame.number, bytes.len())?;
    let spans = spans(frame);
    let mut current = 0;
    for (row, chunk) in bytes.chunks(ROW).enumerate() {
        let start = row * ROW;
        write!(out, "{faint}{start:04x}{faint:#} ")?;
        let mut text = Vec::new();
        for (at, byte) in (start..).zip(chunk) {
            while spans.get(current).is_some_and(|span| span.end <= at) {
                current += 1;
            }
            let style = match spans.get(current) {
                Some(span) if span.start <= at => style::field(current),
                _ => Style::new(),
            };
            let gap = if at % ROW == ROW / 2 { "  " } else { " " };
            write!(out, "{gap}{style}{byte:02x}{style:#}")?;
            let shown = if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
            write!(text, "{style}{shown}{style:#}")?;
        }
        let missing = ROW - chunk.len();
        let gap = 3 * missing + usize::from(chunk.len() <= ROW / 2);
        write!(out, "{:gap$}  {faint}|{faint:#}", "")?;
        out.write_all(&text)?;
        write!(out, "{faint}|{faint:#}{:missing$}", "")?;
        names(&spans, start, start + chunk.len(), out)?;
        writeln!(out)?;
    }
    for finding in frame.all_findings() {
        let severe = style::severity(finding.severity);
        writeln!(out, "{severe}{}:{severe:#} {}", finding.severity.as_str(), super::sentence(finding))?;
    }
    Ok(())
}

/// The fields that begin in a row, with the last two digits of their offset, so that they are found without colours.
fn names(spans: &[Span], start: usize, end: usize, out: &mut impl Write) -> io::Result<()> {
    let mut separator = "  ";
    for (number, span) in spans.iter().enumerate() {
        if (start..end).contains(&span.start) {
            let style = style::field(number);
            write!(out, "{separator}{style}{:02x} {}{style:#}", span.start & 0xFF, span.name)?;
            separator = ", ";
        }
    }
    Ok(())
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
    }
    spans
}
