//! `diff`: what differs between two packets or dumps.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use packet_inspector::diff::{Depth, Items, compare};
use packet_inspector::frame::Frame;
use packet_inspector::render;

use super::inputs::{NotRead, Reading, Source};
use super::printing::{Output, Printing};
use super::{ended, fail};

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector diff '30 05 0001 61 6869' '32 07 0001 61 0007 6869'
  packet-inspector diff before.txt after.txt --format json
  packet-inspector diff --all before.txt after.txt      # identifiers, lengths and headers too

Exit status: 0 the packets mean the same; 1 they differ; \
2 an input could not be understood, or wrong usage.";

#[derive(Args)]
pub(crate) struct Diff {
    /// A file, or bytes as text when there is no such file; `-` is standard input
    #[arg(value_name = "A")]
    a: String,

    /// The same for the other side
    #[arg(value_name = "B")]
    b: String,

    /// Compare identifiers, lengths and what lies below MQTT too
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    reading: Reading,

    #[command(flatten)]
    printing: Printing,
}

impl Diff {
    /// Compares both inputs and prints what differs.
    pub(crate) fn run(&self) -> ExitCode {
        let (a, b) = match (self.items(&self.a), self.items(&self.b)) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(error), _) | (_, Err(error)) => return fail(&error.words(false)),
        };
        let comparison = compare(&a, &b);
        let status = if comparison.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        let mut out = self.printing.output();
        let written = match self.printing.format {
            Output::Text => render::diff(&comparison, &mut out),
            Output::Json => render::diff_json(&comparison, &mut out),
        };
        ended(written.and_then(|()| out.flush()), status)
    }

    fn items(&self, input: &String) -> Result<Items, NotRead> {
        let path = Path::new(input);
        let source = if input == "-" || path.is_file() {
            Source::of_file(path)
        } else {
            Source::Arguments(std::slice::from_ref(input))
        };
        let mut items = Items::new(if self.all { Depth::All } else { Depth::Meaning });
        for (number, record) in (1..).zip(source.records(&self.reading)?) {
            items.add(&Frame::new(number, record, self.reading.options()));
        }
        Ok(items)
    }
}
