//! `repair`: what damaged dumps may have been.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use packet_inspector::render;
use packet_inspector::repair;

use super::inputs::Inputs;
use super::printing::{Output, Printing};
use super::{ended, fail};

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector repair --file scanned.txt       # all dumps of a connection together tell the most
  packet-inspector repair 30 0d 00 00 69 6e 74 65 72 6e 65 74 49 4f 54
  packet-inspector decode --repair --file scanned.txt

Exit status: 0 nothing speaks against the bytes; 1 they are damaged; \
2 the input could not be understood, or wrong usage.";

#[derive(Args)]
pub(crate) struct Repair {
    #[command(flatten)]
    inputs: Inputs,

    #[command(flatten)]
    printing: Printing,
}

impl Repair {
    /// Ranks the repairs of each dump and prints them.
    pub(crate) fn run(&self) -> ExitCode {
        let options = self.inputs.options();
        let mut out = self.printing.output();
        let mut status = ExitCode::SUCCESS;
        let mut not_understood = None;
        let mut records = Vec::new();
        for read in self.inputs.records() {
            match read {
                Ok(read) => records.extend(read),
                Err(error) => not_understood = Some(fail(&error.words(self.printing.redact))),
            }
        }
        for (number, repair) in (1..).zip(repair::repair(&records, options)) {
            if !repair.best().changes.is_empty() || !repair.best().passes() {
                status = ExitCode::FAILURE;
            }
            let shown =
                render::Repaired { number, repair: &repair, options, is_redacted: self.printing.redact };
            let written = match self.printing.format {
                Output::Text => render::repair(&shown, &mut out),
                Output::Json => render::repair_json(&shown, &mut out),
            };
            if let Err(error) = written {
                return ended(Err(error), status);
            }
        }
        ended(out.flush(), not_understood.unwrap_or(status))
    }
}
