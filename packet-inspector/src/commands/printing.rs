//! What subcommands share that print text for people, or JSON for programs.

use std::io::{BufWriter, StdoutLock};

use anstream::AutoStream;
use clap::{Args, ValueEnum};

use super::{Color, standard_output};

#[derive(Args)]
pub(crate) struct Printing {
    /// What to print
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Output,

    /// Hide passwords, user names and payloads; their lengths stay
    #[arg(long)]
    pub(crate) redact: bool,

    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

/// `--format`.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

impl Printing {
    /// Standard output, in colours where they belong.
    pub(crate) fn output(&self) -> BufWriter<AutoStream<StdoutLock<'static>>> {
        standard_output(self.color)
    }
}
