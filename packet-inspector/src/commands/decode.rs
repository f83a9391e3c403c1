//! `decode`: packets from hex dumps, byte strings and the like.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use packet_inspector::frame::{Frame, Options};
use packet_inspector::input::{self, InputFormat};
use packet_inspector::net::Link;
use packet_inspector::record::Record;

use super::{Color, Format, Sender, ended, fail, standard_output};

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
    /// Text with bytes in it; several are read as one. `-` or none reads standard input
    #[arg(value_name = "INPUT", allow_hyphen_values = false)]
    text: Vec<String>,

    /// Read this file instead; may be given again. `-` is standard input
    #[arg(short, long, value_name = "PATH", conflicts_with = "text")]
    file: Vec<PathBuf>,

    /// How the bytes are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    input: InputFormat,

    /// What the bytes begin with
    #[arg(short, long, value_enum, default_value_t, value_name = "LAYER")]
    link: Link,

    /// Who sent the packets: packets that this side never sends are errors
    #[arg(long, value_enum, value_name = "SIDE")]
    from: Option<Sender>,

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
        let options = Options { link: self.link, from: self.from.map(Sender::side) };
        let mut out = standard_output(self.color);
        let mut number = 0;
        let mut status = ExitCode::SUCCESS;
        let mut not_understood = None;
        for source in self.sources() {
            let records = match source.records(self.input) {
                Ok(records) => records,
                // The other files are shown all the same, and what is shown comes before what is said.
                Err(message) => {
                    if let Err(error) = out.flush() {
                        return ended(Err(error), status);
                    }
                    not_understood = Some(fail(&message));
                    continue;
                }
            };
            for record in records {
                number += 1;
                let frame = Frame::new(number, record, options);
                if frame.has_errors() {
                    status = ExitCode::FAILURE;
                }
                if let Err(error) = self.format.write(&frame, &mut out) {
                    return ended(Err(error), status);
                }
            }
        }
        ended(out.flush(), not_understood.unwrap_or(status))
    }

    fn sources(&self) -> Vec<Source<'_>> {
        match (self.file.as_slice(), self.text.as_slice()) {
            ([], []) => vec![Source::StandardInput],
            ([], [dash]) if dash == "-" => vec![Source::StandardInput],
            ([], words) => vec![Source::Arguments(words)],
            (files, _) => files.iter().map(|path| Source::of_file(path)).collect(),
        }
    }
}

/// Where bytes come from.
enum Source<'a> {
    Arguments(&'a [String]),
    File(&'a Path),
    StandardInput,
}

impl<'a> Source<'a> {
    fn of_file(path: &'a Path) -> Self {
        if path == Path::new("-") { Self::StandardInput } else { Self::File(path) }
    }

    fn records(&self, format: InputFormat) -> Result<Vec<Record>, String> {
        let bytes = match self {
            Self::Arguments(words) => Ok(words.join(" ").into_bytes()),
            Self::File(path) => std::fs::read(path),
            Self::StandardInput => {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
            }
        };
        let bytes = bytes.map_err(|error| format!("{self}: {error}"))?;
        input::read(&bytes, format).map_err(|error| format!("{self}: {error}"))
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(_) => f.write_str("input"),
            Self::File(path) => path.display().fmt(f),
            Self::StandardInput => f.write_str("standard input"),
        }
    }
}
