//! `decode`: packets from hex dumps, byte strings and the like.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use packet_inspector::frame::Frame;
use packet_inspector::record::Record;
use packet_inspector::repair::{self, Repair};

use super::inputs::{Inputs, NotRead};
use super::{Color, Format, ended, fail, standard_output};

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector decode 20 02 00 00
  packet-inspector decode 320a0003612f62000768692121 --format json
  packet-inspector decode --file dump.txt          # Wireshark, tcpdump -X, xxd, hexdump -C, C arrays, ...
  xclip -o | packet-inspector decode --from server
  packet-inspector decode --input base64 MA0ACGludGVybmV0SU9U

Exit status: 0 nothing is wrong; 1 something is wrong with the packets; \
2 the input could not be understood, or wrong usage.";

#[derive(Args)]
pub(crate) struct Decode {
    #[command(flatten)]
    inputs: Inputs,

    /// Decode damaged dumps as they most likely were; each change is a finding
    #[arg(long)]
    repair: bool,

    /// Hide passwords, user names and payloads; their lengths stay
    #[arg(long)]
    redact: bool,

    /// What to print
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

impl Decode {
    /// Decodes each input and prints it.
    pub(crate) fn run(&self) -> ExitCode {
        let options = self.inputs.options();
        let mut out = standard_output(self.color);
        let mut number = 0;
        let mut status = ExitCode::SUCCESS;
        let mut not_understood = None;
        for records in self.records() {
            let records = match records {
                Ok(records) => records,
                // The other files are shown all the same, and what is shown comes before what is said.
                Err(error) => {
                    if let Err(error) = out.flush() {
                        return ended(Err(error), status);
                    }
                    not_understood = Some(fail(&error.words(self.redact)));
                    continue;
                }
            };
            for record in records {
                number += 1;
                let mut frame = Frame::new(number, record, options);
                if frame.has_errors() {
                    status = ExitCode::FAILURE;
                }
                if self.redact {
                    frame = frame.redacted();
                }
                if let Err(error) = self.format.write(&frame, &mut out) {
                    return ended(Err(error), status);
                }
            }
        }
        ended(out.flush(), not_understood.unwrap_or(status))
    }

    /// The records of one input after the other; to be repaired, those of all inputs are needed, as they tell of each
    /// other.
    fn records(&self) -> Box<dyn Iterator<Item = Result<Vec<Record>, NotRead>> + '_> {
        if !self.repair {
            return Box::new(self.inputs.records());
        }
        let (read, failed): (Vec<_>, Vec<_>) = self.inputs.records().partition(Result::is_ok);
        let records: Vec<Record> = read.into_iter().flatten().flatten().collect();
        let repairs = repair::repair(&records, self.inputs.options());
        let repaired = repairs.iter().map(Repair::repaired).collect();
        Box::new(std::iter::once(Ok(repaired)).chain(failed))
    }
}
