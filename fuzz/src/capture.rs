//! Any bytes as a capture: reading, putting in order, packets, findings.

use std::io::Cursor;

use packet_inspector::analysis::{Analysis, Finding, Listener};
use packet_inspector::capture::{Reader, Time};
use packet_inspector::frame::Frame;
use packet_inspector::render::{self, Rung};
use packet_inspector::stream::{Captured, Event, Limits, Moment, Sink, Streams};

/// Small, so that inputs of a few KiB reach every bound.
const LIMITS: Limits = Limits { connections: 8, held: 4 << 10, packet: 2 << 10 };

/// What the limits do not count: what each connection may always hold, and the record that is being read.
const SLACK: usize = 64 << 10;

/// Takes bytes as pcap or pcapng through to findings: no panic, memory within the limits, places inside of the records.
pub fn capture(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new(Cursor::new(bytes.to_vec())) else { return };
    let mut streams = Streams::new(&[1883], LIMITS);
    let mut heard = Heard { analysis: Analysis::new(Found) };
    while let Ok(Some(entry)) = reader.next_entry() {
        streams.take(&entry, &mut heard);
        assert!(streams.held() <= LIMITS.held + bytes.len() + SLACK, "{} bytes are held", streams.held());
    }
    streams.finish(&mut heard);
    assert_eq!(streams.held(), 0, "nothing is held at the end");
}

struct Heard {
    analysis: Analysis<Found>,
}

impl Sink for Heard {
    fn packet(&mut self, packet: &Captured<'_>) {
        assert!(!packet.places.is_empty() && packet.bytes.len() <= packet.wire_len);
        let frame = Frame::captured(packet, Time::default());
        let mut out = Vec::new();
        for render in [render::tree, render::hex, render::json] {
            render(&frame, &mut out).expect("a vector takes all");
        }
        let relative = packet.time().since(Time::default());
        render::line(packet, relative, &mut out).expect("a vector takes all");
        let _ = Rung::of_packet(packet);
        self.analysis.packet(packet);
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.analysis.event(moment, event);
    }
}

struct Found;

impl Listener for Found {
    fn finding(&mut self, finding: Finding) {
        assert!(!finding.frames.is_empty() && !finding.message.is_empty());
        assert!(finding.clauses.iter().all(|id| packet_inspector::analysis::clause(id).is_some()));
    }
}
