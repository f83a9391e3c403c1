//! `diff`: what differs between two packets, dumps or captures.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use packet_inspector::diff::captures::{self, Showing};
use packet_inspector::diff::{Depth, Items, compare};
use packet_inspector::frame::Frame;
use packet_inspector::render;

use super::inputs::Reading;
use super::printing::{Output, Printing};
use super::{ended, fail};

mod side;

use side::Side;

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector diff '30 05 0001 61 6869' '32 07 0001 61 0007 6869'
  packet-inspector diff before.txt after.txt --format json
  packet-inspector diff before.pcapng after.pcapng --redact
  packet-inspector diff --all before.txt after.txt      # identifiers, lengths and headers too

Connections of captures are paired by their Client Identifier, what is said on them, and their order; the packets of \
each side are laid beside each other.

Exit status: 0 the packets mean the same; 1 they differ; \
2 an input could not be understood, or not to its end, or wrong usage.";

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
            let written = match self.printing.format {
                Output::Text => render::diff_captures(&captures, &mut out),
                Output::Json => render::diff_captures_json(&captures, &mut out),
            };
            (written, captures.is_same())
        } else {
            let (items_a, items_b) = (self.items(&a)?, self.items(&b)?);
            let comparison = compare(&items_a, &items_b);
            let written = match self.printing.format {
                Output::Text => render::diff(&comparison, &mut out),
                Output::Json => render::diff_json(&comparison, &mut out),
            };
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

    fn showing(&self) -> Showing {
        let depth = if self.all { Depth::All } else { Depth::Meaning };
        Showing { depth, is_redacted: self.printing.redact }
    }

    fn side(&self, input: &str) -> Result<Side, String> {
        Side::of(input, &self.reading, &self.port).map_err(|error| error.words(self.printing.redact))
    }

    /// All packets in their order.
    fn items(&self, side: &Side) -> Result<Items, String> {
        let records = match side {
            Side::Capture(capture) => return capture.listed(self.showing()),
            Side::Dump(records) => records,
        };
        let mut items = Items::new(self.showing().depth);
        for (number, record) in (1..).zip(records) {
            let frame = Frame::new(number, record.clone(), self.reading.options());
            items.add(&if self.printing.redact { frame.redacted() } else { frame });
        }
        Ok(items)
    }
}

/// Whether a text was meant to be the name of a file.
fn looks_like_a_file(input: &str) -> bool {
    input.contains('/') || Path::new(input).extension().is_some_and(|ending| ending.len() > 2)
}
