//! The last messages, each with its packets: a PUBLISH and what acknowledges it are one line. Pings are no messages.

use std::collections::VecDeque;

use mqtt_client::Direction;
use packet_inspector::dissect::{PacketTree, Value};
use packet_inspector::frame::{Frame, Options};
use packet_inspector::net::Link;
use packet_inspector::record::Record;
use packet_inspector::render;
use serde::Serialize;

use crate::time::Moment;
use crate::topics::LightId;
use crate::view::Plain;

/// Of a longer packet this many bytes are kept.
const LONGEST: usize = 8 * 1_024;
/// So many characters of a payload are shown in a line.
const TEXT: usize = 120;
/// So many packets are kept of one line: QoS 2 has four.
const PACKETS: usize = 8;

/// A packet that passed, or its start.
#[derive(Clone, Debug)]
pub(super) struct Tapped {
    way: Direction,
    bytes: Vec<u8>,
    time: Moment,
}

impl Tapped {
    /// `None` for PINGREQ and PINGRESP.
    pub(super) fn new(way: Direction, packet: &[u8], time: Moment) -> Option<Self> {
        let is_ping = matches!(packet.first()? >> 4, 12 | 13);
        let bytes = packet.get(..LONGEST).unwrap_or(packet).to_vec();
        (!is_ping).then_some(Self { way, bytes, time })
    }

    /// What the inspector says. CONNECT, the type 1, has the password.
    fn frame(&self, number: usize) -> Frame {
        let format = match self.way {
            Direction::Sent => "sent",
            Direction::Received => "received",
        };
        let record = Record { bytes: self.bytes.clone(), format, ..Record::default() };
        let frame = Frame::new(number, record, Options { link: Link::Mqtt, from: None });
        if self.bytes.first().is_some_and(|first| first >> 4 == 1) { frame.redacted() } else { frame }
    }
}

/// A line as a browser gets it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Line {
    number: u64,
    /// Seconds since 1970.
    time: f64,
    /// `sent`, `received`, or `event` without packets.
    way: &'static str,
    text: String,
    /// The inspector's summary of each packet.
    packets: Vec<String>,
}

/// The packets of a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Detail {
    packets: Vec<Packet>,
}

/// A packet in the inspector's words.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Packet {
    summary: String,
    tree: String,
}

/// The last lines.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Lines that there were.
    count: u64,
    /// Packets that there were.
    packets: usize,
    lost: u64,
    entries: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    changed: u64,
    line: Line,
    /// Type, way and identifier of its first packet.
    first: Option<(&'static str, Direction, Option<u64>)>,
    packets: Vec<(usize, Tapped)>,
}

impl Entry {
    fn add(&mut self, frame: &Frame, packet: &Tapped, version: u64) {
        self.changed = version;
        self.line.packets.push(summary(frame));
        self.packets.push((frame.number, packet.clone()));
    }
}

impl Log {
    /// So many lines are kept.
    pub(super) const MOST: usize = 200;

    /// A packet passed; so many were lost until now.
    pub(super) fn packet(&mut self, packet: &Tapped, lost: u64, version: u64) {
        self.lost = lost;
        self.packets += 1;
        let frame = packet.frame(self.packets);
        let Some(tree) = frame.packets().next() else { return };
        let id = match tree.find("packet_id").map(|node| &node.value) {
            Some(Value::Number(id)) => Some(*id),
            _ => None,
        };
        if let Some(entry) = self.asked(tree.name(), packet.way, id) {
            return entry.add(&frame, packet, version);
        }
        let way = if packet.way == Direction::Sent { "sent" } else { "received" };
        let mut entry = self.entry(text(&tree), way, packet.time);
        entry.first = Some((tree.name(), packet.way, id));
        entry.add(&frame, packet, version);
        self.push(entry);
    }

    /// Something happened without a packet.
    pub(super) fn event(&mut self, text: String, now: Moment, version: u64) {
        let mut entry = self.entry(text, "event", now);
        entry.changed = version;
        self.push(entry);
    }

    fn entry(&mut self, text: String, way: &'static str, time: Moment) -> Entry {
        self.count += 1;
        let line = Line { number: self.count, time: time.unix, way, text, packets: Vec::new() };
        Entry { changed: 0, line, first: None, packets: Vec::new() }
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() >= Self::MOST {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The line whose packet this one goes on with.
    fn asked(&mut self, name: &str, way: Direction, id: Option<u64>) -> Option<&mut Entry> {
        let (asked, same_way) = match name {
            "PUBACK" | "PUBREC" | "PUBCOMP" => ("PUBLISH", false),
            "PUBREL" => ("PUBLISH", true),
            "CONNACK" => ("CONNECT", false),
            "SUBACK" => ("SUBSCRIBE", false),
            "UNSUBACK" => ("UNSUBSCRIBE", false),
            _ => return None,
        };
        self.entries.iter_mut().rev().find(|entry| {
            entry.packets.len() < PACKETS
                && entry
                    .first
                    .is_some_and(|first| first.0 == asked && (first.1 == way) == same_way && first.2 == id)
        })
    }

    /// Lines that changed behind this version, or all, the oldest first.
    pub(super) fn since(&self, seen: Option<u64>) -> impl Iterator<Item = &Line> {
        let is_new = move |entry: &&Entry| seen.is_none_or(|seen| entry.changed > seen);
        self.entries.iter().filter(is_new).map(|entry| &entry.line)
    }

    /// The number of the oldest line that is kept.
    pub(super) fn oldest(&self) -> u64 {
        self.entries.front().map_or(self.count + 1, |entry| entry.line.number)
    }

    /// How many packets came too fast.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// The packets of a line, if it is kept still.
    pub(super) fn detail(&self, number: u64) -> Option<Detail> {
        let entry = self.entries.iter().find(|entry| entry.line.number == number)?;
        let packets = entry.packets.iter().map(|(number, tapped)| {
            let frame = tapped.frame(*number);
            Packet { summary: summary(&frame), tree: tree(&frame) }
        });
        Some(Detail { packets: packets.collect() })
    }
}

fn summary(frame: &Frame) -> String {
    let mut out = Vec::new();
    // A Vec takes all.
    let _ = render::summary(frame, &mut out);
    String::from_utf8_lossy(&out).trim_end().to_owned()
}

fn tree(frame: &Frame) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    // The same.
    let _ = render::tree(frame, &mut out);
    String::from_utf8_lossy(&out.into_inner()).trim_end().to_owned()
}

/// What a line says of its first packet: a message in the words of lights, another packet in the inspector's.
fn text(packet: &PacketTree) -> String {
    let (Some(Value::Text(topic)), Some(Value::Bytes(payload))) =
        (packet.find("topic").map(|node| &node.value), packet.find("payload_hex").map(|node| &node.value))
    else {
        return render::info(packet);
    };
    let text = String::from_utf8_lossy(payload);
    let short: String = text.chars().take(TEXT).collect();
    let (text, more) = (Plain(&short), if short.len() < text.len() { "…" } else { "" });
    let kept = if packet.first & 1 == 1 { " (retained)" } else { "" };
    match LightId::of_status(topic) {
        Some(id) => format!("{id}: {text}{more}{kept}"),
        None => match (LightId::of_control(topic), command(payload)) {
            (Some(id), Some(command)) => format!("{id}: {}{kept}", Plain(&command)),
            _ => format!("{}: {text}{more}{kept}", Plain(topic)),
        },
    }
}

fn command(payload: &[u8]) -> Option<String> {
    let command: serde_json::Value = serde_json::from_slice(payload).ok()?;
    Some(format!("switch {}", command.get("command")?.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(packets: &[(Direction, &str)]) -> Log {
        let mut log = Log::default();
        for ((way, hex), version) in packets.iter().zip(1..) {
            let bytes = hex::decode(hex.replace(' ', "")).unwrap();
            if let Some(tapped) = Tapped::new(*way, &bytes, Moment::now()) {
                log.packet(&tapped, 0, version);
            }
        }
        log
    }

    fn publish(first: u8, topic: &str, id: &[u8], payload: &str) -> String {
        let topic_len = u8::try_from(topic.len()).unwrap();
        let body = [&[0, topic_len], topic.as_bytes(), id, payload.as_bytes()].concat();
        hex::encode([&[first, u8::try_from(body.len()).unwrap()], body.as_slice()].concat())
    }

    #[test]
    fn a_message_and_its_acknowledgement_are_one_line() {
        let (sent, received) = (Direction::Sent, Direction::Received);
        let status = publish(0x33, "home/hall/status", &[0, 1], "Light is ON");
        let command = publish(0x32, "home/hall/control", &[0, 1], r#"{"command": "OFF"}"#);
        // Both ways the same identifier, and a ping between.
        let log = log(&[
            (received, &status),
            (sent, &command),
            (sent, "c000"),
            (received, "40020001"),
            (sent, "40020001"),
        ]);
        let lines: Vec<_> = log.since(None).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].text.as_str(), lines[0].way), ("hall: Light is ON (retained)", "received"));
        assert_eq!(lines[0].packets, ["Publish Message (id=1) [home/hall/status]", "Publish Ack (id=1)"]);
        assert_eq!((lines[1].text.as_str(), lines[1].way), ("hall: switch OFF", "sent"));
        assert_eq!(lines[1].packets.len(), 2);
        let detail = log.detail(2).unwrap();
        assert!(detail.packets[0].tree.contains("    Topic: home/hall/control\n"), "{detail:?}");
        assert!(detail.packets[1].tree.contains("Message Identifier: 1"), "{detail:?}");
        assert_eq!(log.detail(3), None);
    }

    #[test]
    fn passwords_are_not_shown() {
        let connect = "10 1f 00044d515454 04 c2 003c  0003 6d6f69  0003 6a6f65  0009 736563726574e280a6";
        let bytes = hex::decode(connect.replace(' ', "")).unwrap();
        let log = log(&[(Direction::Sent, connect), (Direction::Received, "20020000")]);
        assert_eq!(bytes.len(), 33, "a whole packet");
        let shown = serde_json::to_string(&(log.since(None).next(), log.detail(1))).unwrap();
        assert!(shown.contains("moi") && shown.contains("Connect Ack"), "{shown}");
        assert!(
            !shown.contains("secret") && !shown.contains("736563726574") && !shown.contains("joe"),
            "{shown}"
        );
    }

    #[test]
    fn a_huge_packet_is_kept_by_its_start() {
        let huge = [&[0x30, 0x80, 0x80, 0x04, 0, 1, b'a'], vec![b'x'; 65_533].as_slice()].concat();
        let tapped = Tapped::new(Direction::Received, &huge, Moment::now()).unwrap();
        assert_eq!(tapped.bytes.len(), LONGEST);
        let mut log = Log::default();
        log.packet(&tapped, 0, 1);
        let line = log.since(None).next().unwrap();
        assert!(line.text.starts_with("a: xxx") || line.text.starts_with("Publish Message"), "{line:?}");
        assert!(line.text.len() < 200, "{line:?}");
    }
}
