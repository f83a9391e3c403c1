//! The tree of a frame, as Wireshark's packet details.

use std::io::{self, Write};

use super::style;
use crate::dissect::{Node, labels};
use crate::finding::Finding;
use crate::frame::Frame;

/// Writes the layers in a line each, then each packet with its fields, flags bit by bit, and what is wrong with it.
///
/// # Errors
/// Those of the writer.
pub fn tree(frame: &Frame, out: &mut impl Write) -> io::Result<()> {
    let bold = style::HEADING;
    if !frame.capture.as_ref().is_some_and(|capture| capture.continued) {
        heading(frame, out)?;
    }
    for packet in frame.packets() {
        let title = labels::title(packet.first);
        writeln!(out, "{bold}MQ Telemetry Transport Protocol, {title}{bold:#}")?;
        for node in &packet.nodes {
            line(node, 1, out)?;
        }
        findings(&packet.findings, out)?;
    }
    Ok(())
}

/// The record and its layers.
fn heading(frame: &Frame, out: &mut impl Write) -> io::Result<()> {
    let (bold, faint) = (style::HEADING, style::FAINT);
    let Frame { number, record, capture, .. } = frame;
    match capture {
        None => {
            let bytes = super::count_bytes(record.bytes.len());
            writeln!(out, "{bold}Frame {number}: {bytes}{bold:#}{faint} ({}){faint:#}", record.format)?;
        }
        Some(capture) => super::captured::heading(*number, capture, out)?,
    }
    for layer in &frame.net.layers {
        writeln!(out, "{}", layer.summary)?;
    }
    findings(&frame.findings, out)
}

fn line(node: &Node, depth: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:indent$}{}", "", node.text, indent = 4 * depth)?;
    node.children.iter().try_for_each(|child| line(child, depth + 1, out))
}

fn findings(findings: &[Finding], out: &mut impl Write) -> io::Result<()> {
    for finding in findings {
        let (severe, faint) = (style::severity(finding.severity), style::FAINT);
        let word = finding.severity.as_str();
        writeln!(out, "    {severe}{word}:{severe:#} {}", super::sentence(finding))?;
        if !finding.hint.is_empty() {
            writeln!(out, "    {faint}       {}{faint:#}", finding.hint)?;
        }
    }
    Ok(())
}
