//! Packets of a capture, a line each, and what happens to their connections.

use std::io::{self, Write};

use mqtt_codec::Packet;

use super::from_right::FromRight;
use super::{style, summary};
use crate::capture::{Span, Time};
use crate::dissect::{is_silent, labels, text};
use crate::frame::{Frame, InCapture};
use crate::stream::{Captured, Direction, Event, Info, Moment};

/// Writes packets and events of one capture, whose connections' numbers tell them apart, a line each, with memory that is
/// used again.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    /// Each at the place of its number, or of one that is as many places further.
    ends: Vec<Option<Ends>>,
    is_redacted: bool,
}

/// How many connections' ends are remembered.
const MOST_ENDS: u32 = 1 << 14;

/// Number and ends of a connection, written in both directions.
#[derive(Clone, Debug)]
struct Ends {
    number: u32,
    /// Where the text of the other direction begins.
    backward: usize,
    texts: Box<str>,
}

impl Ends {
    fn of(info: &Info) -> Self {
        let Info { number, source, destination, .. } = *info;
        let mut texts = format!(" #{number} {source} -> {destination} ");
        let backward = texts.len();
        texts += &format!(" #{number} {destination} -> {source} ");
        Self { number, backward, texts: texts.into() }
    }

    #[inline]
    fn of_direction(&self, direction: Direction) -> &[u8] {
        let (forward, backward) = self.texts.as_bytes().split_at_checked(self.backward).unwrap_or_default();
        match direction {
            Direction::Forward => forward,
            Direction::Backward => backward,
        }
    }
}

impl Lines {
    /// What is private is hidden, in findings too.
    #[must_use]
    pub fn redacted() -> Self {
        Self { is_redacted: true, ..Self::default() }
    }

    /// Writes a line for a packet: frame, time since the start of the capture, connection, ends, and what it is.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn packet(&mut self, packet: &Captured<'_>, relative: Span, out: &mut impl Write) -> io::Result<()> {
        self.begin(packet.frame(), relative, packet.info, packet.direction);
        match &packet.packet {
            Some(decoded) if is_silent(decoded, packet.bytes, packet.from()) => {
                plain(packet.bytes, decoded, &mut self.line);
            }
            _ => {
                let tree = if self.is_redacted {
                    Frame::captured_alone(packet, Time::default()).redacted().packets().next()
                } else {
                    Frame::of_packet(packet).next()
                };
                match tree {
                    Some(tree) => summary::said(&tree, &mut self.line)?,
                    None => self.line.push(b'\n'),
                }
            }
        }
        out.write_all(&self.line)
    }

    /// Writes a line for what happened, if it is of use to know.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn event(
        &mut self,
        moment: &Moment<'_>,
        relative: Span,
        event: Event,
        out: &mut impl Write,
    ) -> io::Result<()> {
        match happening(event) {
            Some(text) => self.say(moment, relative, &text, out),
            None => Ok(()),
        }
    }

    /// Writes a line that says this of a connection.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn say(
        &mut self,
        moment: &Moment<'_>,
        relative: Span,
        text: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        self.begin(moment.frame, relative, moment.info, moment.direction);
        writeln!(self.line, "- {text}")?;
        out.write_all(&self.line)
    }

    /// Where and when.
    #[inline]
    fn begin(&mut self, frame: u64, relative: Span, info: &Info, direction: Direction) {
        let Self { line, ends, .. } = self;
        let mut start = FromRight::new();
        start.seconds(relative, 15);
        start.pad(1);
        start.number(frame, 6);
        line.clear();
        line.extend_from_slice(start.text());
        let slot = usize::try_from(info.number % MOST_ENDS).unwrap_or_default();
        if slot >= ends.len() {
            ends.resize(slot + 1, None);
        }
        let Some(known) = ends.get_mut(slot) else { return };
        let known = match known {
            Some(known) if known.number == info.number => known,
            _ => known.insert(Ends::of(info)),
        };
        line.extend_from_slice(known.of_direction(direction));
    }
}

/// Writes one line, as [`Lines::packet`] does.
///
/// # Errors
/// Those of the writer.
pub fn line(packet: &Captured<'_>, relative: Span, out: &mut impl Write) -> io::Result<()> {
    Lines::default().packet(packet, relative, out)
}

/// The same with what is private hidden.
///
/// # Errors
/// Those of the writer.
pub fn line_redacted(packet: &Captured<'_>, relative: Span, out: &mut impl Write) -> io::Result<()> {
    Lines::redacted().packet(packet, relative, out)
}

/// Writes one line, as [`Lines::say`] does.
///
/// # Errors
/// Those of the writer.
pub fn said_of(moment: &Moment<'_>, relative: Span, text: &str, out: &mut impl Write) -> io::Result<()> {
    Lines::default().say(moment, relative, text, out)
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
        Event::Cut(1) => "1 byte of the segment was not captured".to_owned(),
        Event::Cut(bytes) => format!("{bytes} bytes of the segment were not captured"),
        Event::PassedOver { bytes: 1, from } => {
            format!("1 byte in frame {from} is passed over: no sure start of a packet is in it")
        }
        Event::PassedOver { bytes, from } => {
            format!(
                "{bytes} bytes from frame {from} on are passed over: no sure start of a packet is in them"
            )
        }
        Event::BadChecksum => {
            "the TCP checksum does not verify: this copy of the data is used only if no good one comes"
                .to_owned()
        }
        Event::Closed { forgotten: true, .. } => "forgotten, as there are too many connections".to_owned(),
        Event::Finished | Event::Reset | Event::Closed { forgotten: false, .. } => return None,
    })
}

/// Appends what [`summary::said`] writes of a packet of which there is nothing to say but its fields.
fn plain(bytes: &[u8], packet: &Packet<'_>, line: &mut Vec<u8>) {
    let topic = |line: &mut Vec<u8>, topic: &[u8]| {
        line.extend_from_slice(b" [");
        line.extend_from_slice(topic);
        line.push(b']');
    };
    line.extend_from_slice(labels::title(bytes.first().copied().unwrap_or_default()).as_bytes());
    if let Some(id) = packet.packet_id() {
        line.extend_from_slice(b" (id=");
        line.extend_from_slice(itoa::Buffer::new().format(id.get()).as_bytes());
        line.push(b')');
    }
    match packet {
        Packet::Publish(publish) => topic(line, publish.topic.as_bytes()),
        Packet::Subscribe(subscribe) => {
            subscribe.subscriptions.iter().for_each(|(filter, _)| topic(line, filter.as_bytes()));
        }
        Packet::Unsubscribe(unsubscribe) => {
            unsubscribe.filters.iter().for_each(|filter| topic(line, filter.as_bytes()));
        }
        _ => {}
    }
    line.push(b'\n');
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
