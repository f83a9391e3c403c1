//! `stats`: a capture in numbers.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use packet_inspector::capture::Time;
use packet_inspector::dissect::text::visible;
use packet_inspector::render;
use packet_inspector::stats::{MOST_ROWS, Report, Stats};
use packet_inspector::stream::{Captured, Event, Moment, Sink};

use super::capture::{Input, Listener, Stopped};
use super::choice::{Choice, Chosen};
use super::{Color, ended, fail, output, standard_output};

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector stats capture.pcapng
  packet-inspector stats capture.pcapng --format json | jq '.topics.rows[] | [.name, .rate]'
  packet-inspector stats capture.pcapng --report capture.html
  packet-inspector stats capture.pcapng --client-id sensor-7

Passwords, user names and payloads are nowhere in it.";

/// The rows of a table that people read.
const ROWS: usize = 20;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    choice: Choice,

    /// The most rows of clients, connections and topics, the others in one; 20 if not said, in JSON 1024
    #[arg(long, value_name = "N")]
    top: Option<usize>,

    /// What to print
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Output,

    /// Also write a page for browsers with plots: one file that needs no other and runs no script
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,

    /// Passwords, user names and payloads are nowhere in it, with this or without
    #[arg(long)]
    redact: bool,

    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Output {
    /// Tables
    #[default]
    Table,
    /// One JSON object
    Json,
}

impl Arguments {
    /// Reads the capture, then prints what was counted.
    pub(crate) fn run(&self) -> ExitCode {
        if let Some(path) = &self.report
            && let Err(message) = output::check(path, self.input.file())
        {
            return fail(&message);
        }
        let mut counting =
            Counting { stats: Stats::new(), chosen: self.choice.start(), start: Time::default() };
        let read = self.input.read(&mut counting);
        if let Err(Stopped { status, at_start: true }) = read {
            return status;
        }
        let report = counting.stats.finish();
        if let Some(path) = &self.report
            && let Err(error) = self.write_page(&report, path)
        {
            return fail(&format!("stats: {}: {error}", path.display()));
        }
        let mut out = standard_output(self.color);
        let printed = match self.format {
            Output::Table => render::stats(&report, self.top.unwrap_or(ROWS), &mut out),
            Output::Json => render::stats_json(&report, self.top.unwrap_or(MOST_ROWS), &mut out),
        };
        match (printed.and_then(|()| out.flush()), read) {
            (Ok(()), Err(stopped)) => stopped.status,
            (written, _) => ended(written, ExitCode::SUCCESS),
        }
    }

    fn write_page(&self, report: &Report, path: &Path) -> io::Result<()> {
        let title = visible(self.input.name().as_bytes());
        output::write(path, |mut out| {
            render::stats_report(report, &title, self.top.unwrap_or(ROWS), &mut out)
        })
    }
}

struct Counting<'a> {
    stats: Stats,
    chosen: Chosen<'a>,
    start: Time,
}

impl Sink for Counting<'_> {
    fn packet(&mut self, packet: &Captured<'_>) {
        let is_wanted = self.chosen.takes(packet, self.start);
        self.stats.hear(packet, is_wanted);
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.stats.event(moment, event);
    }
}

impl Listener for Counting<'_> {
    fn start(&mut self, time: Time) {
        self.start = time;
        self.stats.start(time);
    }
}
