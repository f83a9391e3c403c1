//! Questions about a capture whose answers are lists: packets, one packet, a ladder.

use std::net::SocketAddr;

use packet_inspector::capture::Time;
use packet_inspector::filter::Filter;
use packet_inspector::finding::Severity;
use packet_inspector::frame::Frame;
use packet_inspector::render::{self, Rung};
use packet_inspector::stream::{Captured, Direction, Event, Moment, Sink};
use serde_json::{Value, json};

use super::captures::Question;
use super::decode::PACKETS;

/// The longest ladder.
const RUNGS: usize = 2000;

/// A page of the list of packets that match.
pub(super) struct Rows {
    filter: Option<Filter>,
    from: u64,
    count: usize,
    start: Time,
    /// Packets so far, and those that match.
    total: u64,
    matched: u64,
    rows: Vec<Value>,
    redact: bool,
}

impl Rows {
    pub(super) fn new(filter: Option<Filter>, from: u64, count: usize, redact: bool) -> Self {
        Self { filter, from, count, start: Time::default(), total: 0, matched: 0, rows: Vec::new(), redact }
    }

    fn takes(&self, packet: &Captured<'_>) -> bool {
        self.filter.as_ref().is_none_or(|filter| match self.redact {
            true => filter.matches_redacted(packet, self.start),
            false => filter.matches(packet, self.start),
        })
    }

    pub(super) fn into_json(self) -> Value {
        json!({ "total": self.total, "matched": self.matched, "from": self.from, "rows": self.rows })
    }
}

impl Question for Rows {
    fn start(&mut self, time: Time) {
        self.start = time;
    }
}

impl Sink for Rows {
    fn packet(&mut self, packet: &Captured<'_>) {
        let number = self.total;
        self.total += 1;
        if !self.takes(packet) {
            return;
        }
        if self.matched >= self.from && self.rows.len() < self.count {
            self.rows.push(row(packet, number, self.start, self.redact));
        }
        self.matched += 1;
    }
}

/// A packet in a line.
fn row(packet: &Captured<'_>, number: u64, start: Time, redact: bool) -> Value {
    let tree = match redact {
        true => Frame::captured_alone(packet, start).redacted().packets().next(),
        false => Frame::of_packet(packet).next(),
    };
    let worst = tree.iter().flat_map(|tree| &tree.findings).map(|finding| finding.severity).max();
    json!({
        "number": number,
        "frame": packet.frame(),
        "time": packet.time().to_string(),
        "time_relative": packet.time().since(start).to_string(),
        "stream": packet.info.number,
        "from": packet.from().map(|side| side.to_string()),
        "source": packet.info.sender(packet.direction).to_string(),
        "destination": packet.info.sender(packet.direction.opposite()).to_string(),
        "packet": tree.as_ref().map(packet_inspector::dissect::PacketTree::name),
        "info": tree.as_ref().map(render::info),
        "length": packet.wire_len,
        "severity": worst.map(Severity::as_str),
    })
}

/// One packet with all that can be said of it.
pub(super) struct One {
    left: u64,
    redact: bool,
    start: Time,
    pub(super) outline: Option<Value>,
}

impl One {
    pub(super) fn new(number: u64, redact: bool) -> Self {
        Self { left: number, redact, start: Time::default(), outline: None }
    }
}

impl Question for One {
    fn start(&mut self, time: Time) {
        self.start = time;
    }

    fn is_answered(&self) -> bool {
        self.outline.is_some()
    }
}

impl Sink for One {
    fn packet(&mut self, packet: &Captured<'_>) {
        if self.outline.is_some() {
            return;
        }
        if self.left > 0 {
            self.left -= 1;
            return;
        }
        let frame = Frame::captured(packet, self.start);
        self.outline = Some(render::outline(&if self.redact { frame.redacted() } else { frame }, PACKETS));
    }
}

/// A conversation.
pub(super) struct Ladder {
    stream: u32,
    ends: Option<(SocketAddr, SocketAddr)>,
    /// Packets of all conversations so far.
    number: u64,
    rungs: Vec<(Rung, Option<u64>)>,
    left_out: u64,
}

impl Ladder {
    pub(super) fn new(stream: u32) -> Self {
        Self { stream, ends: None, number: 0, rungs: Vec::new(), left_out: 0 }
    }

    fn add(&mut self, rung: Rung, number: Option<u64>) {
        if self.rungs.len() < RUNGS { self.rungs.push((rung, number)) } else { self.left_out += 1 }
    }

    pub(super) fn into_json(mut self) -> Value {
        // What came late is shown where it belongs.
        self.rungs.sort_by_key(|(rung, _)| rung.frame);
        let mut before = None;
        let mut rungs = Vec::new();
        for (rung, number) in &self.rungs {
            let gap = rung.time.since(before.unwrap_or(rung.time));
            before = Some(rung.time);
            rungs.push(json!({
                "frame": rung.frame,
                "gap": gap.to_string(),
                "from": rung.from.map(|side| side.to_string()),
                "label": rung.label,
                "number": number,
            }));
        }
        let (client, server) = self.ends.map(|(a, b)| (a.to_string(), b.to_string())).unzip();
        json!({ "stream": self.stream, "client": client, "server": server, "rungs": rungs, "left_out": self.left_out })
    }
}

impl Question for Ladder {}

impl Sink for Ladder {
    fn packet(&mut self, packet: &Captured<'_>) {
        let number = self.number;
        self.number += 1;
        if packet.info.number == self.stream {
            let client = packet.info.client.unwrap_or(Direction::Forward);
            self.ends = Some((packet.info.sender(client), packet.info.sender(client.opposite())));
            self.add(Rung::of_packet(packet), Some(number));
        }
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        if moment.info.number == self.stream
            && let Some(rung) = Rung::of_event(moment, event)
        {
            self.add(rung, None);
        }
    }
}
