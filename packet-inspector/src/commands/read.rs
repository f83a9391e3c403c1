//! `read`: the packets of a capture.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use packet_inspector::capture::Time;
use packet_inspector::filter::{Columns, Field};
use packet_inspector::finding::Severity;
use packet_inspector::frame::Frame;
use packet_inspector::render::{JsonLines, Lines};
use packet_inspector::stream::{Captured, Event, Moment, Sink};

use super::capture::{Input, Listener, Stopped};
use super::choice::{Choice, Chosen};
use super::{Color, Format, ended, plain_output, standard_output, views};

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector read capture.pcapng
  packet-inspector read capture.pcap.gz --format tree
  packet-inspector read capture.pcapng --filter 'mqtt.msgtype == 3 && mqtt.topic contains \"light\"'
  packet-inspector read capture.pcapng --topic 'home/+/light' --fields frame.number,mqtt.topic,mqtt.msg
  packet-inspector read capture.pcapng --follow 3
  tcpdump -i lo -U -w - port 1883 | packet-inspector read -

Exit status: 0 nothing is wrong; 1 something is wrong with the packets; \
2 the capture could not be read, or not to its end, or wrong usage.";

#[derive(Args)]
pub(crate) struct Read {
    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    choice: Choice,

    /// What to print
    #[arg(long, value_enum, default_value = "summary", value_name = "FORMAT")]
    format: Format,

    /// Print these fields instead, by Wireshark's names, with tabs between: mqtt.topic,mqtt.msg
    #[arg(long, value_delimiter = ',', value_name = "FIELDS", conflicts_with = "format")]
    fields: Vec<Field>,

    /// With --fields: comma-separated values, under a header
    #[arg(long, requires = "fields")]
    csv: bool,

    /// Show one conversation as a ladder of both sides: the connection's number
    #[arg(long, value_name = "N", conflicts_with_all = ["format", "fields"])]
    follow: Option<u32>,

    /// Hide passwords, user names and payloads; their lengths stay
    #[arg(long)]
    redact: bool,

    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

impl Read {
    /// Prints the packets of the capture.
    pub(crate) fn run(&self) -> ExitCode {
        if let Some(stream) = self.follow {
            return views::follow(&self.input, stream, self.choice.start(), self.color);
        }
        if self.is_plain() { self.print(plain_output()) } else { self.print(standard_output(self.color)) }
    }

    /// Whether nothing in the output has a colour.
    fn is_plain(&self) -> bool {
        !self.fields.is_empty() || matches!(self.format, Format::Summary | Format::Json)
    }

    fn print(&self, mut out: impl Write) -> ExitCode {
        let mut printer = Printer {
            out: &mut out,
            read: self,
            chosen: self.choice.start(),
            columns: Columns::new(&self.fields, self.csv).redacted(self.redact),
            lines: if self.redact { Lines::redacted() } else { Lines::default() },
            json: JsonLines::default(),
            start: Time::default(),
            status: ExitCode::SUCCESS,
            written: Ok(()),
            has_header: !self.csv,
            shown: 0,
        };
        let read = self.input.read(&mut printer);
        if let Err(Stopped { status, at_start: true }) = read {
            return status;
        }
        printer.head();
        let (written, status) = (printer.written, printer.status);
        let written = written.and_then(|()| out.flush());
        match (written, read) {
            (Ok(()), Err(stopped)) => stopped.status,
            (written, _) => ended(written, status),
        }
    }
}

/// Prints each packet as it comes.
struct Printer<'a, W> {
    out: &'a mut W,
    read: &'a Read,
    chosen: Chosen<'a>,
    columns: Columns<'a>,
    lines: Lines,
    json: JsonLines,
    /// The first record's time.
    start: Time,
    status: ExitCode,
    written: io::Result<()>,
    /// The columns are named, or need not be.
    has_header: bool,
    /// The frame that was shown last.
    shown: u64,
}

impl<W: Write> Printer<'_, W> {
    /// Names the columns, once.
    fn head(&mut self) {
        if !std::mem::replace(&mut self.has_header, true) {
            let names: Vec<_> = self.read.fields.iter().map(|field| field.name()).collect();
            self.written = writeln!(self.out, "{}", names.join(","));
        }
    }

    fn print(&mut self, packet: &Captured<'_>) -> io::Result<()> {
        if packet.packet.is_none() && !packet.is_cut() {
            self.judge(packet);
        }
        let start = self.start;
        if !self.read.fields.is_empty() {
            return self.columns.packet(packet, start, self.out);
        }
        match self.read.format {
            Format::Summary => return self.lines.packet(packet, packet.time().since(start), self.out),
            Format::Json if !self.read.redact => return self.json.packet(packet, start, self.out),
            Format::Json | Format::Tree | Format::Hex => {}
        }
        let is_json = matches!(self.read.format, Format::Json);
        let of = if is_json { Frame::captured_alone } else { Frame::captured };
        let mut frame = of(packet, start);
        if let Some(capture) = &mut frame.capture {
            capture.continued = packet.frame() == self.shown;
        }
        if self.read.redact {
            frame = frame.redacted();
        }
        if self.shown > 0 && packet.frame() != self.shown && matches!(self.read.format, Format::Tree) {
            writeln!(self.out)?;
        }
        self.shown = packet.frame();
        self.read.format.write_one(&frame, self.out)
    }

    /// Malformed packets change the exit status.
    fn judge(&mut self, packet: &Captured<'_>) {
        let mut findings = Frame::of_packet(packet).flat_map(|tree| tree.findings);
        if findings.any(|finding| finding.severity == Severity::Error) {
            self.status = ExitCode::FAILURE;
        }
    }
}

impl<W: Write> Sink for Printer<'_, W> {
    fn packet(&mut self, packet: &Captured<'_>) {
        if self.chosen.takes(packet, self.start) && self.written.is_ok() {
            self.written = self.print(packet);
        }
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        if self.written.is_err() || !self.read.fields.is_empty() || self.chosen.is_choosy() {
            return;
        }
        self.written = match self.read.format {
            Format::Json => self.json.event(moment, self.start, event, self.out),
            _ => self.lines.event(moment, moment.time.since(self.start), event, self.out),
        };
    }
}

impl<W: Write> Listener for Printer<'_, W> {
    fn start(&mut self, time: Time) {
        self.start = time;
        self.head();
    }

    fn goes_on(&mut self) -> bool {
        self.written.is_ok()
    }

    fn waits(&mut self) {
        if self.written.is_ok() {
            self.written = self.out.flush();
        }
    }
}
