//! Where bytes come from: what the subcommands that read dumps have in common.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use packet_inspector::frame::Options;
use packet_inspector::input::{self, InputFormat};
use packet_inspector::net::Link;
use packet_inspector::record::Record;
use packet_inspector::redact;

use super::Sender;

#[derive(Args)]
pub(crate) struct Inputs {
    /// Text with bytes in it; several are read as one. `-` or none reads standard input
    #[arg(value_name = "INPUT", allow_hyphen_values = false)]
    text: Vec<String>,

    /// Read this file instead; may be given again. `-` is standard input
    #[arg(short, long, value_name = "PATH", conflicts_with = "text")]
    file: Vec<PathBuf>,

    #[command(flatten)]
    reading: Reading,
}

/// How bytes are read.
#[derive(Args)]
pub(crate) struct Reading {
    /// How the bytes are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    input: InputFormat,

    /// What the bytes begin with
    #[arg(short, long, value_enum, default_value_t, value_name = "LAYER")]
    link: Link,

    /// Who sent the packets: packets that this side never sends are errors
    #[arg(long, value_enum, value_name = "SIDE")]
    from: Option<Sender>,
}

impl Reading {
    /// What the user knows of the bytes.
    pub(crate) fn options(&self) -> Options {
        Options { link: self.link, from: self.from.map(Sender::side) }
    }
}

impl Inputs {
    /// What the user knows of the bytes.
    pub(crate) fn options(&self) -> Options {
        self.reading.options()
    }

    /// The records of each source, or why there are none.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<Vec<Record>, NotRead>> {
        self.sources().into_iter().map(|source| source.records(&self.reading))
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
pub(crate) enum Source<'a> {
    Arguments(&'a [String]),
    File(&'a Path),
    StandardInput,
    /// What came from standard input.
    Bytes(&'a [u8]),
}

impl<'a> Source<'a> {
    pub(crate) fn of_file(path: &'a Path) -> Self {
        if path == Path::new("-") { Self::StandardInput } else { Self::File(path) }
    }

    /// All bytes, as they are.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, NotRead> {
        let bytes = match self {
            Self::Arguments(words) => Ok(words.join(" ").into_bytes()),
            Self::File(path) => std::fs::read(path),
            Self::Bytes(bytes) => Ok(bytes.to_vec()),
            Self::StandardInput => {
                let mut bytes = Vec::new();
                io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
            }
        };
        bytes.map_err(|error| NotRead { message: format!("{self}: {error}"), quotes: None })
    }

    /// The records in them.
    pub(crate) fn records(&self, reading: &Reading) -> Result<Vec<Record>, NotRead> {
        input::read(&self.bytes()?, reading.input)
            .map_err(|error| NotRead { message: self.to_string(), quotes: Some(error.to_string()) })
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(_) => f.write_str("input"),
            Self::File(path) => path.display().fmt(f),
            Self::StandardInput | Self::Bytes(_) => f.write_str("standard input"),
        }
    }
}

/// Why an input was not read.
pub(crate) struct NotRead {
    message: String,
    /// What quotes the input.
    quotes: Option<String>,
}

impl NotRead {
    /// For a reason that quotes nothing of the input.
    pub(crate) fn new(message: String) -> Self {
        Self { message, quotes: None }
    }

    /// In words; without any of the input when that is to be hidden.
    pub(crate) fn words(&self, redacted: bool) -> String {
        match &self.quotes {
            Some(quotes) if redacted => format!("{}: {}", self.message, redact::without_quotes(quotes)),
            Some(quotes) => format!("{}: {quotes}", self.message),
            None => self.message.clone(),
        }
    }
}
