//! How much of an input was understood: what was not decoded is compared as bytes or not at all, and that is said.

use std::io::{self, Write};

use packet_inspector::dissect::PacketTree;
use packet_inspector::finding::{Finding, Severity};
use packet_inspector::frame::Frame;
use packet_inspector::render;
use serde_json::{Value as Json, json};

/// Places that are named; further ones are counted.
const NAMED: usize = 5;

/// What was heard of an input's frames.
#[derive(Debug, Default)]
pub(super) struct Understood {
    /// A field behind a fixed header was read.
    any: bool,
    gaps: Vec<Gap>,
    /// Gaps that are not named.
    more: usize,
}

/// What was not decoded, or not wholly.
#[derive(Debug)]
struct Gap {
    frame: usize,
    /// Where it begins in the frame.
    offset: usize,
    why: String,
}

impl Understood {
    /// Takes note of a frame, as it is shown.
    pub(super) fn hear(&mut self, frame: &Frame) {
        let errors = |findings: &[Finding]| -> Vec<Gap> {
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
            errors.map(|finding| Gap::new(frame, finding.offset, finding.message.clone())).collect()
        };
        errors(&frame.findings).into_iter().for_each(|gap| self.add(gap));
        let mut is_first = true;
        for packet in frame.packets() {
            let mut gaps = errors(&packet.findings);
            let end = packet.nodes.last().map_or(packet.offset, |node| node.bytes.end);
            let rest = (packet.offset + packet.length).saturating_sub(end);
            if gaps.is_empty() && rest > 0 {
                let name = packet.name();
                gaps.push(Gap::new(frame, end, format!("{rest} bytes of {name} are not decoded")));
            }
            // What decodes behind bytes that are no packet may be chance.
            self.any |= is_first && (gaps.is_empty() || has_body(&packet));
            gaps.into_iter().for_each(|gap| self.add(gap));
            is_first = false;
        }
        // A segment without data has nothing to be decoded.
        let is_bare = frame.net.transport.is_some() && frame.net.payload.is_empty();
        if is_first && !is_bare {
            let below = frame.net.layers.last().map_or("no bytes", |layer| layer.summary.as_str());
            let offset = frame.net.payload.start;
            self.add(Gap::new(frame, offset, format!("no MQTT ({below})")));
        }
    }

    fn add(&mut self, gap: Gap) {
        match self.gaps.len() {
            NAMED => self.more += 1,
            _ => self.gaps.push(gap),
        }
    }

    /// Whether nothing can be said of what the input means.
    pub(super) fn is_nothing(&self) -> bool {
        !self.any
    }

    /// Why nothing could be decoded.
    pub(super) fn why(&self) -> String {
        self.gaps.first().map_or("there is no packet in it".to_owned(), Gap::words)
    }

    /// Writes a line for each gap.
    pub(super) fn write(&self, name: &str, out: &mut impl Write) -> io::Result<()> {
        let note = render::severity_style(Severity::Warning);
        for gap in &self.gaps {
            writeln!(out, "{note}not all of {name} is understood:{note:#} {}", gap.words())?;
        }
        match self.more {
            0 => Ok(()),
            more => writeln!(out, "{note}not all of {name} is understood:{note:#} {more} more places"),
        }
    }

    /// The gaps as JSON.
    pub(super) fn json(&self) -> Json {
        let gaps = self.gaps.iter();
        gaps.map(|gap| json!({ "frame": gap.frame, "offset": gap.offset, "message": gap.why })).collect()
    }

    /// Whether all was decoded.
    pub(super) fn is_whole(&self) -> bool {
        self.gaps.is_empty()
    }
}

/// Whether a packet was read beyond its fixed header.
fn has_body(packet: &PacketTree) -> bool {
    let header = ["mqtt.hdrflags", "mqtt.len"];
    packet.nodes.iter().any(|node| node.wireshark.is_some_and(|name| !header.contains(&name)))
}

impl Gap {
    fn new(frame: &Frame, offset: usize, why: String) -> Self {
        Self { frame: frame.number, offset, why }
    }

    fn words(&self) -> String {
        format!("frame {}, byte {}: {}", self.frame, self.offset, self.why)
    }
}
