//! `check`: what a capture shows to be against the standard.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use packet_inspector::analysis::{self, Analysis, Finding, Reason, clause, clauses};
use packet_inspector::capture::Time;
use packet_inspector::finding::Severity;
use packet_inspector::redact;
use packet_inspector::render::counted;
use packet_inspector::stream::{Captured, Event, Moment, Sink};
use serde_json::json;

use super::capture::{Input, Listener, Stopped};
use super::printing::{Output, Printing};
use super::{ended, fail};

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector check capture.pcapng
  packet-inspector check capture.pcap --fail-on warning --format json
  packet-inspector check --explain MQTT-3.3.1-4

Exit status: 0 nothing as grave as --fail-on was found; 1 something was; \
2 the capture could not be read, or not to its end, or wrong usage.";

#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    input: Option<Input>,

    /// Tell what a statement of the standard says, in our words; `all` lists them
    #[arg(long, value_name = "CLAUSE", conflicts_with = "file")]
    explain: Option<String>,

    /// From which severity on a finding makes the exit status 1
    #[arg(long, value_enum, default_value = "error", value_name = "SEVERITY")]
    fail_on: FailOn,

    #[command(flatten)]
    printing: Printing,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    /// Anything that is found
    Note,
    /// What is against a rule or unlikely to be meant
    Warning,
    /// What no receiver may take, or what a side must not do
    Error,
}

impl Check {
    /// Checks the capture, or explains a clause.
    pub(crate) fn run(&self) -> ExitCode {
        let mut out = self.printing.output();
        if let Some(id) = &self.explain {
            return explain(id, &mut out);
        }
        let Some(input) = &self.input else {
            return fail("check: a capture is needed, or --explain CLAUSE");
        };
        let report = Report {
            out: &mut out,
            format: self.printing.format,
            redact: self.printing.redact,
            counts: [0; 3],
            left_alone: 0,
            written: Ok(()),
        };
        let mut checked = Checked { analysis: Analysis::new(report) };
        let read = input.read(&mut checked);
        if let Err(Stopped { status, at_start: true }) = read {
            return status;
        }
        let mut report = checked.analysis.into_listener();
        report.sum();
        let worst = match self.fail_on {
            FailOn::Note => 0,
            FailOn::Warning => 1,
            FailOn::Error => 2,
        };
        let found: u64 = report.counts.iter().skip(worst).sum();
        let status = if found > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        let written = report.written;
        match (written.and_then(|()| out.flush()), read) {
            (Ok(()), Err(stopped)) => stopped.status,
            (written, _) => ended(written, status),
        }
    }
}

fn explain(id: &str, out: &mut impl Write) -> ExitCode {
    let wanted: Vec<_> = if id == "all" { clauses().collect() } else { clause(id).into_iter().collect() };
    if wanted.is_empty() {
        return fail(&format!("check: {id} is no statement of MQTT 3.1.1; `--explain all` lists them"));
    }
    let written = wanted.iter().try_for_each(|clause| {
        let seen = if clause.is_seen_on_the_wire() { "seen by check" } else { "not to be seen in a capture" };
        writeln!(out, "{} (section {}, {}; {seen})", clause.id, clause.section, clause.party)?;
        writeln!(out, "    {}", clause.statement)
    });
    ended(written.and_then(|()| out.flush()), ExitCode::SUCCESS)
}

/// The analysis, told of the capture.
struct Checked<L> {
    analysis: Analysis<L>,
}

impl<L: analysis::Listener> Sink for Checked<L> {
    fn packet(&mut self, packet: &Captured<'_>) {
        self.analysis.packet(packet);
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.analysis.event(moment, event);
    }
}

impl<L: analysis::Listener> Listener for Checked<L> {
    fn start(&mut self, _: Time) {}
}

/// Prints findings as they come.
struct Report<'a, W> {
    out: &'a mut W,
    format: Output,
    redact: bool,
    /// Notes, warnings, errors.
    counts: [u64; 3],
    left_alone: u64,
    written: io::Result<()>,
}

impl<W: Write> Report<'_, W> {
    fn print(&mut self, finding: &Finding) -> io::Result<()> {
        let Finding { severity, kind, clauses, message, stream, side, frames, time } = finding;
        if self.format == Output::Json {
            let object = json!({
                "severity": severity.as_str(),
                "kind": kind,
                "clause": clauses.first(),
                "clauses": clauses,
                "message": message,
                "stream": stream,
                "side": side.map(|side| side.to_string()),
                "frames": frames,
                "time": time.to_string(),
            });
            return writeln!(self.out, "{object}");
        }
        let style = packet_inspector::render::severity_style(*severity);
        write!(self.out, "{style}{}{style:#}: ", severity.as_str())?;
        let list: Vec<_> = frames.iter().map(u64::to_string).collect();
        let plural = if list.len() == 1 { "" } else { "s" };
        write!(self.out, "frame{plural} {} (stream {stream}): {message}", list.join(", "))?;
        match clauses.is_empty() {
            true => writeln!(self.out),
            false => writeln!(self.out, " [{}]", clauses.join(", ")),
        }
    }

    fn sum(&mut self) {
        let [notes, warnings, errors] = self.counts;
        if self.format == Output::Text && self.written.is_ok() {
            let left = match self.left_alone {
                0 => String::new(),
                1 => "; 1 connection is not MQTT 3.1.1 and was left alone".to_owned(),
                count => format!("; {count} connections are not MQTT 3.1.1 and were left alone"),
            };
            let counts = [(errors, "error"), (warnings, "warning"), (notes, "note")];
            let counts = counts.map(|(count, noun)| counted(count, noun)).join(", ");
            self.written = writeln!(self.out, "{counts}{left}");
        }
    }
}

impl<W: Write> analysis::Listener for Report<'_, W> {
    fn finding(&mut self, mut finding: Finding) {
        let place = match finding.severity {
            Severity::Note => 0,
            Severity::Warning => 1,
            Severity::Error => 2,
        };
        if let Some(count) = self.counts.get_mut(place) {
            *count += 1;
        }
        if self.redact {
            finding.message = redact::said(finding.kind, finding.message);
        }
        if self.written.is_ok() {
            self.written = self.print(&finding);
        }
    }

    fn left_alone(&mut self, stream: u32, reason: &Reason) {
        self.left_alone += 1;
        if self.written.is_ok() && self.format == Output::Text {
            self.written = match reason {
                Reason::Other(other) => {
                    writeln!(self.out, "stream {stream} is not checked: it carries {other}")
                }
                Reason::OtherVersion(protocol) => {
                    writeln!(self.out, "stream {stream} is not checked: it is {protocol}")
                }
            };
        }
    }
}
