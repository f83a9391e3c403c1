//! What the subcommands that read captures share: which file, which ports, a progress bar.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use packet_inspector::capture::{CaptureError, Reader, Time};
use packet_inspector::net::MQTT_PORTS;
use packet_inspector::stream::{Captured, Event, Limits, Moment, Sink, Streams};

use super::fail;

/// Files that are read faster than this need no progress bar.
const SMALL: u64 = 64 << 20;

#[derive(Args)]
pub(crate) struct Input {
    /// pcap or pcapng, also compressed with gzip or zstd; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// A port that MQTT is expected on, beside 1883; may be given again. On others it is recognised by its content
    #[arg(short, long, value_name = "PORT")]
    port: Vec<u16>,

    /// When to show on standard error how far a file has been read; by itself for large ones
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    progress: When,
}

/// `--progress`.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum When {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A [`Sink`] that is told of the capture too.
pub(crate) trait Listener: Sink {
    /// When the first record was captured.
    fn start(&mut self, time: Time);

    /// Whether there is any use in reading on.
    fn goes_on(&mut self) -> bool {
        true
    }

    /// All that was captured so far has been read, and more is waited for.
    fn waits(&mut self) {}
}

/// Why a capture was not read to its end was said.
pub(crate) struct Stopped {
    /// The exit status.
    pub(crate) status: ExitCode,
    /// Not even its first record was read, so that there is nothing to print.
    pub(crate) at_start: bool,
}

/// A listener, and whether there was anything to hear.
struct Begun<'a, L> {
    listener: &'a mut L,
    has_begun: bool,
}

impl<L: Sink> Sink for Begun<'_, L> {
    fn packet(&mut self, packet: &Captured<'_>) {
        self.listener.packet(packet);
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.listener.event(moment, event);
    }
}

impl<L: Listener> Listener for Begun<'_, L> {
    fn start(&mut self, time: Time) {
        self.has_begun = true;
        self.listener.start(time);
    }

    fn goes_on(&mut self) -> bool {
        self.listener.goes_on()
    }

    fn waits(&mut self) {
        self.listener.waits();
    }
}

impl Input {
    /// This file.
    pub(crate) fn new(file: &Path, port: &[u16]) -> Self {
        Self { file: file.to_owned(), port: port.to_vec(), progress: When::Auto }
    }

    /// The file; `-` is standard input.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The file's name without its folders.
    pub(crate) fn name(&self) -> String {
        let name = self.file.file_name().unwrap_or_default();
        if self.file == Path::new("-") { "standard input".to_owned() } else { name.display().to_string() }
    }

    /// Reads the capture to its end; says why it cannot.
    pub(crate) fn read(&self, listener: &mut impl Listener) -> Result<(), Stopped> {
        let mut begun = Begun { listener, has_begun: false };
        self.try_read(&mut begun).map_err(|error| Stopped {
            status: fail(&format!("{}: {error}", self.file.display())),
            at_start: !begun.has_begun || matches!(error, CaptureError::Unread(_)),
        })
    }

    /// Reads the capture to its end.
    pub(crate) fn try_read(&self, listener: &mut impl Listener) -> Result<(), CaptureError> {
        let bar = ProgressBar::hidden();
        let ended = drain(self.open(&bar)?, &self.port, self.is_pipe(), listener);
        bar.finish_and_clear();
        ended
    }

    /// Whether more may have to be waited for: the file is standard input, a named pipe, or the like.
    fn is_pipe(&self) -> bool {
        self.file == Path::new("-") || self.file.metadata().is_ok_and(|metadata| !metadata.is_file())
    }

    fn open(&self, bar: &ProgressBar) -> Result<Reader, CaptureError> {
        if self.file == Path::new("-") {
            return Reader::new(io::stdin().lock());
        }
        let file = File::open(&self.file).map_err(CaptureError::Read)?;
        let len = file.metadata().map_or(0, |metadata| metadata.len());
        let is_shown = match self.progress {
            When::Auto => len >= SMALL && io::stderr().is_terminal(),
            When::Always => true,
            When::Never => false,
        };
        if !is_shown {
            return Reader::new(file);
        }
        if !io::stderr().is_terminal() {
            return Reader::new(Told { file, len, read: 0, tenths: 0 });
        }
        bar.set_length(len);
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        if let Ok(style) =
            ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        {
            bar.set_style(style);
        }
        Reader::new(bar.wrap_read(file))
    }
}

/// A file that tells how far it has been read, in lines, where there is no terminal for a bar.
struct Told {
    file: File,
    len: u64,
    read: u64,
    tenths: u64,
}

impl io::Read for Told {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read = self.read.saturating_add(count as u64);
        let tenths = self.read.saturating_mul(10).checked_div(self.len).unwrap_or(10).min(10);
        if tenths > self.tenths {
            self.tenths = tenths;
            // What reads on need not be told.
            let _ = writeln!(io::stderr(), "{} % of {} bytes are read", 10 * tenths, self.len);
        }
        Ok(count)
    }
}

/// Gives all packets of a capture to the listener, and tells it when more has to be waited for.
pub(crate) fn drain(
    mut reader: Reader,
    ports: &[u16],
    is_pipe: bool,
    listener: &mut impl Listener,
) -> Result<(), CaptureError> {
    let ports: Vec<u16> = MQTT_PORTS.iter().chain(ports).copied().collect();
    let mut streams = Streams::new(&ports, Limits::default());
    let ended = loop {
        match reader.next_entry() {
            Ok(Some(entry)) => {
                if entry.number == 1 {
                    listener.start(entry.time);
                }
                streams.take(&entry, listener);
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        if is_pipe && !reader.has_next() {
            listener.waits();
        }
        if !listener.goes_on() {
            break Ok(());
        }
    };
    streams.finish(listener);
    if ended.is_ok() && reader.is_all_unread() {
        return Err(CaptureError::Unread(reader.unread().to_vec()));
    }
    for unread in reader.unread() {
        // What was read is of use without it.
        let _ = writeln!(io::stderr(), "packet-inspector: {unread}");
    }
    ended
}
