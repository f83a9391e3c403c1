//! One file per subcommand: its arguments and what it does with them. Here is what several of them share.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use mqtt_codec::Side;
use packet_inspector::frame::Frame;
use packet_inspector::render;

pub(crate) mod capture;
pub(crate) mod check;
pub(crate) mod choice;
#[cfg(feature = "client")]
pub(crate) mod client;
pub(crate) mod completions;
pub(crate) mod decode;
pub(crate) mod diff;
pub(crate) mod encode;
mod inputs;
#[cfg(feature = "proxy")]
mod live;
mod output;
mod printing;
#[cfg(feature = "proxy")]
pub(crate) mod proxy;
pub(crate) mod read;
pub(crate) mod repair;
#[cfg(feature = "serve")]
pub(crate) mod serve;
pub(crate) mod stats;
pub(crate) mod views;

/// `--from`: who sent the packets.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Sender {
    /// The client: it opened the connection
    Client,
    /// The server, also called broker
    Server,
}

impl Sender {
    /// The codec's word for it.
    pub(crate) fn side(self) -> Side {
        match self {
            Self::Client => Side::Client,
            Self::Server => Side::Server,
        }
    }
}

/// `--format`: what to print of a frame.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Format {
    /// Every field, flags bit by bit, as Wireshark's packet details
    #[default]
    Tree,
    /// One line a packet
    Summary,
    /// The dump, each byte in the colour of its field
    Hex,
    /// One JSON object a line per packet
    Json,
}

impl Format {
    /// Writes a frame in this format.
    ///
    /// # Errors
    /// Those of the writer.
    pub(crate) fn write(self, frame: &Frame, out: &mut impl Write) -> io::Result<()> {
        if matches!(self, Self::Tree) && frame.number > 1 {
            writeln!(out)?;
        }
        self.write_one(frame, out)
    }

    /// The same without the empty line between two trees.
    ///
    /// # Errors
    /// Those of the writer.
    pub(crate) fn write_one(self, frame: &Frame, out: &mut impl Write) -> io::Result<()> {
        match self {
            Format::Tree => render::tree(frame, out),
            Format::Summary => render::summary(frame, out),
            Format::Hex => render::hex(frame, out),
            Format::Json => render::json(frame, out),
        }
    }
}

/// `--color`: when to use colours.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// Standard output, which drops colours where they don't belong.
pub(crate) fn standard_output(color: Color) -> BufWriter<AutoStream<StdoutLock<'static>>> {
    BufWriter::with_capacity(OUTPUT, AutoStream::new(io::stdout().lock(), color.into()))
}

/// Bytes that are gathered before they are written.
const OUTPUT: usize = 64 << 10;

/// Standard output for what has no colours, however much it is.
pub(crate) fn plain_output() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(OUTPUT, io::stdout().lock())
}

/// The input could not be understood.
const NOT_UNDERSTOOD: u8 = 2;

/// Says why the command ends without having done what it was asked for.
pub(crate) fn fail(message: &str) -> ExitCode {
    // Nothing is left to do when standard error is closed too.
    let _ = io::stderr().write_all(format!("packet-inspector: {message}\n").as_bytes());
    ExitCode::from(NOT_UNDERSTOOD)
}

/// A closed pipe is a quiet end; any other failure to write is said.
pub(crate) fn ended(written: io::Result<()>, status: ExitCode) -> ExitCode {
    match written {
        Ok(()) => status,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&format!("standard output: {error}")),
    }
}
