//! `packet-inspector`: the command line. Parses arguments, reads the input, picks a renderer, chooses the exit status.

use std::fmt;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use mqtt_codec::Side;
use packet_inspector::frame::{Frame, Options};
use packet_inspector::input::{self, InputFormat};
use packet_inspector::net::Link;
use packet_inspector::record::Record;
use packet_inspector::render;

/// See MQTT 3.1.1 packets: every field, every bit, and what is wrong with them.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Decode packets from hex dumps, byte strings and the like
    #[command(after_help = EXAMPLES)]
    Decode(Decode),
    /// Print a script that completes this command's arguments in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

const EXIT_STATUS: &str = "Exit status: 0 nothing is wrong; 1 something is wrong with the packets; \
2 the input could not be understood, or wrong usage.";

const EXAMPLES: &str = "\
Examples:
  packet-inspector decode 20 02 00 00
  packet-inspector decode 320a0003612f62000768692121 --format json
  packet-inspector decode --file dump.txt          # Wireshark, tcpdump -X, xxd, hexdump -C, C arrays, ...
  xclip -o | packet-inspector decode --from server
  packet-inspector decode --input base64 MA0ACGludGVybmV0SU9U

Exit status: 0 nothing is wrong; 1 something is wrong with the packets; \
2 the input could not be understood, or wrong usage.";

#[derive(Args)]
struct Decode {
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
    from: Option<From>,

    /// What to print
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

#[derive(Clone, Copy, ValueEnum)]
enum From {
    /// The client: it opened the connection
    Client,
    /// The server, also called broker
    Server,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
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

#[derive(Clone, Copy, Default, ValueEnum)]
enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The input could not be understood.
const NOT_UNDERSTOOD: u8 = 2;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Decode(arguments) => decode(&arguments),
        Command::Completions { shell } => {
            let mut command = Cli::command();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "packet-inspector", &mut script);
            ended(io::stdout().write_all(&script), ExitCode::SUCCESS)
        }
    }
}

fn decode(arguments: &Decode) -> ExitCode {
    let choice = match arguments.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let from = arguments.from.map(|from| match from {
        From::Client => Side::Client,
        From::Server => Side::Server,
    });
    let options = Options { link: arguments.link, from };
    let mut out = BufWriter::new(AutoStream::new(io::stdout().lock(), choice));
    let mut number = 0;
    let mut status = ExitCode::SUCCESS;
    let mut not_understood = None;
    for source in sources(arguments) {
        let records = match source.records(arguments.input) {
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
            if let Err(error) = write(&frame, arguments.format, &mut out) {
                return ended(Err(error), status);
            }
        }
    }
    ended(out.flush(), not_understood.unwrap_or(status))
}

fn write(frame: &Frame, format: Format, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Tree => {
            if frame.number > 1 {
                writeln!(out)?;
            }
            render::tree(frame, out)
        }
        Format::Summary => render::summary(frame, out),
        Format::Hex => render::hex(frame, out),
        Format::Json => render::json(frame, out),
    }
}

/// Where bytes come from.
enum Source<'a> {
    Arguments(&'a [String]),
    File(&'a Path),
    StandardInput,
}

fn sources(arguments: &Decode) -> Vec<Source<'_>> {
    match (arguments.file.as_slice(), arguments.text.as_slice()) {
        ([], []) => vec![Source::StandardInput],
        ([], [dash]) if dash == "-" => vec![Source::StandardInput],
        ([], words) => vec![Source::Arguments(words)],
        (files, _) => files.iter().map(|path| Source::of_file(path)).collect(),
    }
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

fn fail(message: &str) -> ExitCode {
    // Nothing is left to do when standard error is closed too.
    let _ = writeln!(io::stderr(), "packet-inspector: {message}");
    ExitCode::from(NOT_UNDERSTOOD)
}

/// A closed pipe is a quiet end; any other failure to write is said.
fn ended(written: io::Result<()>, status: ExitCode) -> ExitCode {
    match written {
        Ok(()) => status,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&format!("standard output: {error}")),
    }
}
