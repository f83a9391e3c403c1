//! `diff`: what differs between two packets, dumps or captures.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use packet_inspector::diff::captures::{self, Showing};
use packet_inspector::diff::{Depth, Items, compare};
use packet_inspector::frame::Frame;
use packet_inspector::render;
use serde_json::json;

use super::inputs::Reading;
use super::printing::{Output, Printing};
use super::{ended, fail};

mod side;
mod understood;

use side::Side;
use understood::Understood;

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector diff '30 05 0001 61 6869' '32 07 0001 61 0007 6869'
  packet-inspector diff before.txt after.txt --format json
  packet-inspector diff before.pcapng after.pcapng --redact
  packet-inspector diff --all before.txt after.txt      # identifiers, lengths and headers too

Connections of captures are paired by their Client Identifier, what is said on them, and their order; the packets of \
each side are laid beside each other.

Exit status: 0 the packets mean the same; 1 they differ; \
2 nothing of an input could be decoded, or it could not be read to its end, or wrong usage.";

#[derive(Args)]
pub(crate) struct Diff {
    /// A file with a dump or a capture, or bytes as text when there is no such file; `-` is standard input
    #[arg(value_name = "A")]
    a: String,

    /// The same for the other side
    #[arg(value_name = "B")]
    b: String,

    /// Compare identifiers, lengths and what lies below MQTT too
    #[arg(long)]
    all: bool,

    /// A port that MQTT is expected on in captures, beside 1883; may be given again. On others it is recognised
    #[arg(short, long, value_name = "PORT")]
    port: Vec<u16>,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    printing: Printing,
}

impl Diff {
    /// Compares both inputs and prints what differs.
    pub(crate) fn run(&self) -> ExitCode {
        if self.a == "-" && self.b == "-" {
            return fail("diff: only one of both can be standard input");
        }
        match self.compare() {
            Ok(status) => status,
            Err(message) => fail(&message),
        }
    }

    fn compare(&self) -> Result<ExitCode, String> {
        let (a, b) = (self.side(&self.a)?, self.side(&self.b)?);
        let mut out = self.printing.output();
        let (written, is_same) = if let (Side::Capture(a), Side::Capture(b)) = (&a, &b) {
            let of = |which| if which == 0 { a } else { b };
            let compared = captures::compare(a, b, self.showing());
            let captures = compared.map_err(|(which, error)| of(which).words(&error))?;
            if captures.is_empty() {
                // Why the captures end early is the better reason.
                return Err(a.cut().or(b.cut()).unwrap_or_else(|| format!("diff: in neither {NO_PACKET}")));
            }
            let written = match self.printing.format {
                Output::Text => render::diff_captures(&captures, &mut out),
                Output::Json => render::diff_captures_json(&captures, &mut out),
            };
            (written, captures.is_same())
        } else {
            let (of_a, of_b) = (self.items(&self.a, &a)?, self.items(&self.b, &b)?);
            let comparison = compare(&of_a.0, &of_b.0);
            let written = match self.printing.format {
                Output::Text => render::diff(&comparison, &mut out),
                Output::Json => render::diff_json(&comparison, &mut out),
            };
            let written = written.and_then(|()| self.write_gaps([&of_a.1, &of_b.1], &mut out));
            (written, comparison.is_same())
        };
        let status = if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        let written = written.and_then(|()| out.flush());
        // What is there is compared; then it is said that there was more.
        match (written, a.cut().or(b.cut())) {
            (Ok(()), Some(message)) => Err(message),
            (written, _) => Ok(ended(written, status)),
        }
    }

    /// Says what was not decoded.
    fn write_gaps(&self, sides: [&Understood; 2], out: &mut impl Write) -> io::Result<()> {
        if sides.iter().all(|side| side.is_whole()) {
            return Ok(());
        }
        let [a, b] = sides;
        match self.printing.format {
            Output::Text => a.write("A", out).and_then(|()| b.write("B", out)),
            Output::Json => writeln!(out, "{}", json!({ "not_decoded": { "a": a.json(), "b": b.json() } })),
        }
    }

    fn showing(&self) -> Showing {
        let depth = if self.all { Depth::All } else { Depth::Meaning };
        Showing { depth, is_redacted: self.printing.redact }
    }

    fn side(&self, input: &str) -> Result<Side, String> {
        Side::of(input, &self.reading, &self.port).map_err(|error| error.words(self.printing.redact))
    }

    /// All packets in their order, and how much of the input they are.
    fn items(&self, input: &str, side: &Side) -> Result<(Items, Understood), String> {
        let mut understood = Understood::default();
        let records = match side {
            Side::Capture(capture) => {
                let items = capture.listed(self.showing())?;
                return match items.as_slice() {
                    [] => Err(side.cut().unwrap_or_else(|| format!("{input}: nowhere in it {NO_PACKET}"))),
                    _ => Ok((items, understood)),
                };
            }
            Side::Dump(records) => records,
        };
        let mut items = Items::new(self.showing().depth);
        for (number, record) in (1..).zip(records) {
            let frame = Frame::new(number, record.clone(), self.reading.options());
            let frame = if self.printing.redact { frame.redacted() } else { frame };
            understood.hear(&frame);
            items.add(&frame);
        }
        if understood.is_nothing() {
            return Err(nothing(input, &understood.why()));
        }
        Ok((items, understood))
    }
}

const NO_PACKET: &str = "is a packet of MQTT 3.1.1";

/// Says that an input was not understood, and so not compared. Its name may be what it holds.
fn nothing(input: &str, why: &str) -> String {
    let name = if Path::new(input).exists() || input == "-" { input } else { "input" };
    format!("{name}: nothing of it could be decoded: {why}")
}

/// Whether a text was meant to be the name of a file.
fn looks_like_a_file(input: &str) -> bool {
    input.contains('/') || Path::new(input).extension().is_some_and(|ending| ending.len() > 2)
}
