//! Packets of a capture, a line each, and what happens to their connections.

use std::io::{self, Write};

use mqtt_codec::{Packet, PacketId};

use super::{style, summary};
use crate::capture::Span;
use crate::dissect::{labels, text};
use crate::frame::{Frame, InCapture};
use crate::stream::{Captured, Direction, Event, Info, Moment};

/// Writes a line for a packet: frame, time since the start of the capture, connection, ends, and what it is.
///
/// # Errors
/// Those of the writer.
pub fn line(packet: &Captured<'_>, relative: Span, out: &mut impl Write) -> io::Result<()> {
    start_of_line(packet.frame(), relative, packet.info, packet.direction, out)?;
    if let Some(packet) = packet.packet
        && plain(&packet, out)?
    {
        return Ok(());
    }
    let mut trees = Frame::of_packet(packet);
    match trees.next() {
        Some(tree) => summary::said(&tree, out),
        None => writeln!(out),
    }
}

/// Writes a line for what happened, if it is of use to know.
///
/// # Errors
/// Those of the writer.
pub fn event(moment: &Moment<'_>, relative: Span, event: Event, out: &mut impl Write) -> io::Result<()> {
    let Some(text) = happening(event) else { return Ok(()) };
    start_of_line(moment.frame, relative, moment.info, moment.direction, out)?;
    writeln!(out, "- {text}")
}

/// What happened, in a sentence; `None` for what every connection does.
pub fn happening(event: Event) -> Option<String> {
    Some(match event {
        Event::Other(other) => format!("the connection carries {other}"),
        Event::OtherVersion(protocol) => {
            format!("a connection of {protocol}: only MQTT 3.1.1 is decoded, so it is left alone")
        }
        Event::Lost(0) => "bytes are lost: they are not in the capture".to_owned(),
        Event::Lost(1) => "1 byte is lost: it is not in the capture".to_owned(),
        Event::Lost(bytes) => format!("{bytes} bytes are lost: they are not in the capture"),
        Event::Cut(bytes) => format!(
            "{} of the segment were not captured",
            super::count_bytes(usize::try_from(bytes).unwrap_or(usize::MAX))
        ),
        Event::PassedOver { bytes, from } => format!(
            "{} from frame {from} on are passed over: no sure start of a packet is in them",
            super::count_bytes(usize::try_from(bytes).unwrap_or(usize::MAX))
        ),
        Event::BadChecksum => {
            "the TCP checksum does not verify: this copy of the data is used only if no good one comes"
                .to_owned()
        }
        Event::Closed { forgotten: true } => "forgotten, as there are too many connections".to_owned(),
        Event::Finished | Event::Reset | Event::Closed { forgotten: false } => return None,
    })
}

fn start_of_line(
    frame: u64,
    relative: Span,
    info: &Info,
    direction: Direction,
    out: &mut impl Write,
) -> io::Result<()> {
    let (from, to) = (info.sender(direction), info.sender(direction.opposite()));
    write!(out, "{frame:>6} {relative:>15} #{} {from} -> {to} ", info.number)
}

/// Writes the line of a packet of which there is nothing more to say; whether it is one.
fn plain(packet: &Packet<'_>, out: &mut impl Write) -> io::Result<bool> {
    let mut with_id = |first: u8, id: PacketId| writeln!(out, "{} (id={id})", labels::title(first));
    match packet {
        Packet::Publish(publish) => {
            let topic = publish.topic.as_bytes();
            let is_plain =
                topic.iter().all(|byte| matches!(byte, b' '..=b'~')) && topic.first() != Some(&b'$');
            if !is_plain {
                return Ok(false);
            }
            out.write_all(b"Publish Message ")?;
            if let Some(id) = publish.delivery.packet_id() {
                write!(out, "(id={id}) ")?;
            }
            out.write_all(b"[")?;
            out.write_all(topic)?;
            out.write_all(b"]\n")?;
        }
        Packet::Puback(id) => with_id(0x40, *id)?,
        Packet::Pubrec(id) => with_id(0x50, *id)?,
        Packet::Pubrel(id) => with_id(0x62, *id)?,
        Packet::Pubcomp(id) => with_id(0x70, *id)?,
        Packet::Unsuback(id) => with_id(0xB0, *id)?,
        Packet::Suback(suback) => with_id(0x90, suback.packet_id)?,
        Packet::Pingreq => out.write_all(b"Ping Request\n")?,
        Packet::Pingresp => out.write_all(b"Ping Response\n")?,
        Packet::Disconnect => out.write_all(b"Disconnect Req\n")?,
        Packet::Connect(_) | Packet::Connack(_) | Packet::Subscribe(_) | Packet::Unsubscribe(_) => {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The heading of a captured frame in a tree.
///
/// # Errors
/// Those of the writer.
pub fn heading(number: usize, capture: &InCapture, out: &mut impl Write) -> io::Result<()> {
    let (bold, faint) = (style::HEADING, style::FAINT);
    let InCapture { stream, relative, places, .. } = capture;
    writeln!(out, "{bold}Frame {number}{bold:#}, {relative} s, TCP stream {stream}")?;
    for comment in &capture.comments {
        writeln!(out, "    {faint}comment: {}{faint:#}", text::visible(comment.as_bytes()))?;
    }
    if places.len() > 1 {
        let count = places.len();
        let parts: Vec<_> =
            places.iter().take(8).map(|place| format!("#{}({})", place.frame, place.len)).collect();
        let more = if count > 8 { ", ..." } else { "" };
        writeln!(out, "    {faint}[{count} segments: {}{more}]{faint:#}", parts.join(", "))?;
    }
    Ok(())
}
