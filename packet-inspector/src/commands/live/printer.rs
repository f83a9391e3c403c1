//! Renders packets as they pass.

use std::io::{self, Write};

use packet_inspector::analysis::{self, Analysis};
use packet_inspector::capture::{Span, Time};
use packet_inspector::frame::Frame;
use packet_inspector::render::{self, Rung};
use packet_inspector::stream::{Captured, Event, Moment, Sink};

use super::terminal::Terminal;
use crate::commands::Format;

/// Rendered text is handed to the terminal in pieces of this size, or when nothing more is to be rendered.
const PIECE: usize = 64 << 10;

/// Renders what it hears of and hands it to the terminal.
pub(super) struct Printer {
    format: Format,
    redact: bool,
    terminal: Terminal,
    /// It holds findings of conversations that are not shown yet.
    analysis: Analysis<Vec<analysis::Finding>>,
    /// When the first thing happened.
    start: Option<Time>,
    text: Vec<u8>,
    /// Packets in `text`.
    packets: u64,
    /// There is no time to show anything.
    busy: bool,
    /// Packets that were not shown since the last one that was.
    not_shown: u64,
}

impl Printer {
    pub(super) fn new(format: Format, redact: bool, terminal: Terminal) -> Self {
        Self {
            format,
            redact,
            terminal,
            analysis: Analysis::new(Vec::new()),
            start: None,
            text: Vec::new(),
            packets: 0,
            busy: false,
            not_shown: 0,
        }
    }

    /// Whether others wait for more important work.
    pub(super) fn set_busy(&mut self, busy: bool) {
        self.busy = busy;
    }

    /// Hands much text to the terminal.
    pub(super) fn hand_over(&mut self) {
        if self.text.len() >= PIECE {
            self.flush();
        }
    }

    /// Hands all text to the terminal.
    pub(super) fn flush(&mut self) {
        if self.text.is_empty() && self.not_shown == 0 {
            return;
        }
        let mut text = Vec::new();
        let left_out = self.not_shown > 0 && !matches!(self.format, Format::Json);
        if left_out {
            let s = if self.not_shown == 1 { " was" } else { "s were" };
            // A vector takes everything.
            let _ = writeln!(text, "- {} packet{s} not shown: the terminal is too slow", self.not_shown);
        }
        text.append(&mut self.text);
        if !self.terminal.takes(&text) {
            self.not_shown += std::mem::take(&mut self.packets);
        } else {
            (self.packets, self.not_shown) = (0, 0);
        }
    }

    fn relative(&mut self, time: Time) -> Span {
        time.since(*self.start.get_or_insert(time))
    }

    fn print(&mut self, packet: &Captured<'_>) -> io::Result<()> {
        let relative = self.relative(packet.time());
        let start = self.start.unwrap_or_default();
        let out = &mut self.text;
        if !matches!(self.format, Format::Json) {
            let line = if self.redact { render::line_redacted } else { render::line };
            line(packet, relative, out)?;
        }
        if matches!(self.format, Format::Summary) {
            return Ok(());
        }
        // What lies below MQTT is made up.
        let alone = Captured { entry: None, ..*packet };
        let mut frame = Frame::captured(&alone, start);
        if self.redact {
            frame = frame.redacted();
        }
        self.format.write_one(&frame, out)
    }

    /// Writes what was found in the conversation; what is said of the packet itself was shown with it.
    fn findings(&mut self, packet: Option<&Captured<'_>>) {
        let found = std::mem::take(self.analysis.listener());
        if found.is_empty() || self.busy || matches!(self.format, Format::Json) {
            return;
        }
        let own: Vec<_> =
            packet.into_iter().flat_map(Frame::of_packet).flat_map(|tree| tree.findings).collect();
        for finding in found {
            let said = own.iter().any(|own| own.kind == finding.kind);
            let is_event = matches!(finding.kind, "lost" | "cut" | "passed_over" | "tcp_checksum");
            if !said && !is_event {
                let relative = self.relative(finding.time);
                // A vector takes everything.
                let _ = write_finding(&finding, relative, &mut self.text);
            }
        }
    }
}

fn write_finding(finding: &analysis::Finding, relative: Span, out: &mut Vec<u8>) -> io::Result<()> {
    let style = render::severity_style(finding.severity);
    let last = finding.frames.last().copied().unwrap_or_default();
    let severity = finding.severity.as_str();
    write!(
        out,
        "{last:>6} {relative:>15} #{} {style}{severity}{style:#}: {}",
        finding.stream, finding.message
    )?;
    if finding.frames.len() > 1 {
        let frames: Vec<_> = finding.frames.iter().map(u64::to_string).collect();
        write!(out, " (frames {})", frames.join(", "))?;
    }
    if !finding.clauses.is_empty() {
        write!(out, " [{}]", finding.clauses.join(", "))?;
    }
    writeln!(out)
}

impl Sink for Printer {
    fn packet(&mut self, packet: &Captured<'_>) {
        if self.busy {
            self.not_shown += 1;
        } else if !self.terminal.is_closed() {
            // A vector takes everything.
            let _ = self.print(packet);
            self.packets += 1;
        }
        self.analysis.packet(packet);
        self.findings(Some(packet));
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        let relative = self.relative(moment.time);
        if !self.busy && !matches!(self.format, Format::Json) && !self.terminal.is_closed() {
            let happened = match event {
                Event::Finished | Event::Reset => Rung::of_event(moment, event).map(|rung| rung.label),
                _ => render::happening(event),
            };
            if let Some(text) = happened {
                // A vector takes everything.
                let _ = render::said_of(moment, relative, &text, &mut self.text);
            }
        }
        self.analysis.event(moment, event);
        self.findings(None);
    }
}
