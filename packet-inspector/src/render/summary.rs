//! One line a packet, as in Wireshark's Info column.

use std::io::{self, Write};

use crate::dissect::{PacketTree, Value, labels, text};
use crate::finding::{Finding, Severity};
use crate::frame::Frame;

/// Writes a line for each packet: `Publish Message (id=7) [network]`, and behind a dash what is wrong.
///
/// # Errors
/// Those of the writer.
pub fn summary(frame: &Frame, out: &mut impl Write) -> io::Result<()> {
    for finding in frame.findings.iter().filter(|finding| finding.severity > Severity::Note) {
        writeln!(out, "Frame {} - {}", frame.number, super::sentence(finding))?;
    }
    if frame.mqtt.is_empty() {
        let layer = frame.net.layers.last().map_or("no bytes", |layer| layer.summary.as_str());
        writeln!(out, "Frame {}: no MQTT ({layer})", frame.number)?;
    }
    for packet in frame.packets() {
        said(&packet, out)?;
    }
    Ok(())
}

/// The line of a packet, with its end.
pub(super) fn said(packet: &PacketTree, out: &mut impl Write) -> io::Result<()> {
    out.write_all(info(packet).as_bytes())?;
    for finding in packet.findings.iter().filter(|finding| is_said(finding)) {
        write!(out, " - {}", super::sentence(finding))?;
    }
    writeln!(out)
}

/// What is wrong, and where bytes were passed over: a line that says nothing of them would hide them.
fn is_said(finding: &Finding) -> bool {
    finding.severity > Severity::Note
        || matches!(finding.kind, "not_decoded" | "resynchronised" | "other_version" | "cut")
}

/// The packet in a few words: its title, Packet Identifier and topics.
pub fn info(packet: &PacketTree) -> String {
    let mut info = labels::title(packet.first).to_owned();
    if let Some(Value::Number(id)) = packet.find("packet_id").map(|node| &node.value)
        && *id != 0
    {
        info.push_str(&format!(" (id={id})"));
    }
    for node in &packet.nodes {
        if node.wireshark == Some("mqtt.topic")
            && let Value::Text(topic) = &node.value
        {
            info.push_str(&format!(" [{}]", text::visible(topic.as_bytes())));
        }
    }
    info
}
