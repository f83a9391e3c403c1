//! Shows connections while they live, and writes them into a capture: what `proxy` and `client` share.
//!
//! Two threads stand between who forwards and the terminal. The first makes records, writes the capture and renders; the
//! second writes to the terminal. When the terminal is slow, packets are not shown; only when making records and writing
//! the capture is too slow as well are bytes missing in the capture. Both are said. Forwarding waits for neither.

mod printer;
mod redacted;
mod terminal;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::{self, JoinHandle};

use clap::Args;
use packet_inspector::build::Pcapng;
use packet_inspector::capture::Entry;
use packet_inspector::live::{Happenings, Recorder};
use packet_inspector::net::MQTT_PORTS;
use packet_inspector::stream::{Limits, Sink, Streams};

use super::{Color, Format, fail};
use printer::Printer;
use redacted::Redacted;
use terminal::Terminal;

/// Bytes that may wait to be made into records.
pub(crate) const QUEUE: usize = 64 << 20;

/// From so many on nothing is shown until there are fewer, so that the capture stays whole.
const BUSY: usize = QUEUE / 4;

#[derive(Args)]
pub(crate) struct Live {
    /// Also write a capture, in pcapng: Wireshark opens it
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// Hide passwords, user names and payloads, in the capture too; their lengths stay
    #[arg(long)]
    redact: bool,

    /// What to print of each packet
    #[arg(long, value_enum, default_value = "summary", value_name = "FORMAT")]
    format: Format,

    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

/// The threads at work.
pub(crate) struct Showing {
    recorder: JoinHandle<io::Result<()>>,
    terminal: Terminal,
    path: Option<PathBuf>,
}

impl Live {
    /// Shows what happens until nobody is left who could tell. MQTT is expected on this port too.
    pub(crate) fn start(&self, happenings: Happenings, port: Option<u16>) -> Result<Showing, ExitCode> {
        let capture = match &self.write {
            None => Capture::None,
            Some(path) => {
                let file = create(path).map_err(|error| fail(&format!("{}: {error}", path.display())))?;
                if self.redact {
                    Capture::Redacted(Box::new(Redacted::new(file)))
                } else {
                    Capture::Whole(file)
                }
            }
        };
        let terminal = Terminal::start(self.color);
        let printer = Printer::new(self.format, self.redact, terminal.clone());
        let recorder = thread::spawn(move || record(happenings, capture, printer, port));
        Ok(Showing { recorder, terminal, path: self.write.clone() })
    }
}

#[cfg(feature = "client")]
impl Live {
    /// Whether private things are hidden.
    pub(crate) fn redacts(&self) -> bool {
        self.redact
    }

    /// Whether people read what is shown, and not programs.
    pub(crate) fn is_for_people(&self) -> bool {
        !matches!(self.format, Format::Json)
    }
}

#[cfg(feature = "client")]
impl Showing {
    /// Shows this too, if the terminal takes it.
    pub(crate) fn say(&self, text: &str) {
        self.terminal.takes(text.as_bytes());
    }
}

impl Showing {
    /// Waits until all is written, as far as the terminal takes it.
    pub(crate) fn finish(self) -> ExitCode {
        let written = self.recorder.join().unwrap_or_else(|_| Err(io::Error::other("the recorder failed")));
        self.terminal.finish();
        match (written, self.path) {
            (Err(error), Some(path)) => fail(&format!("{}: {error}", path.display())),
            _ => ExitCode::SUCCESS,
        }
    }
}

/// A capture in a file.
type CaptureFile = Pcapng<BufWriter<File>>;

fn create(path: &Path) -> io::Result<CaptureFile> {
    let mut file = Pcapng::new(BufWriter::new(File::create(path)?))?;
    file.flush()?;
    Ok(file)
}

enum Capture {
    None,
    Whole(CaptureFile),
    Redacted(Box<Redacted>),
}

impl Capture {
    fn record(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        match self {
            Self::Whole(file) => file.record(entry.time, entry.bytes),
            // It is written by packets.
            Self::None | Self::Redacted(_) => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Whole(file) => file.flush(),
            Self::Redacted(redacted) => redacted.flush(),
            Self::None => Ok(()),
        }
    }
}

/// The first thread: goes on to the end also when the capture can't be written, and gives that error then.
fn record(
    mut happenings: Happenings,
    mut capture: Capture,
    mut printer: Printer,
    port: Option<u16>,
) -> io::Result<()> {
    let ports: Vec<u16> = MQTT_PORTS.iter().copied().chain(port).collect();
    let mut streams = Streams::new(&ports, Limits::default());
    let mut recorder = Recorder::default();
    let mut written = Ok(());
    loop {
        let happening = match happenings.ready() {
            Some(happening) => happening,
            None => {
                printer.flush();
                keep_first(&mut written, || capture.flush());
                match happenings.next() {
                    Some(happening) => happening,
                    None => break,
                }
            }
        };
        printer.set_busy(happenings.backlog() > BUSY);
        recorder.take(&happening, |entry| {
            keep_first(&mut written, || capture.record(entry));
            match &mut capture {
                Capture::Redacted(redacted) => {
                    streams.take(entry, &mut Both(&mut printer, redacted.as_mut()));
                }
                Capture::None | Capture::Whole(_) => streams.take(entry, &mut printer),
            }
        });
        printer.hand_over();
    }
    match &mut capture {
        Capture::Redacted(redacted) => streams.finish(&mut Both(&mut printer, redacted.as_mut())),
        Capture::None | Capture::Whole(_) => streams.finish(&mut printer),
    }
    printer.flush();
    keep_first(&mut written, || capture.flush());
    written
}

/// Does it unless something failed before; the first failure is said at once.
fn keep_first(written: &mut io::Result<()>, write: impl FnOnce() -> io::Result<()>) {
    if written.is_ok() {
        *written = write();
        if let Err(error) = written {
            let _ = writeln!(io::stderr(), "packet-inspector: the capture ends here: {error}");
        }
    }
}

/// Two that hear the same.
struct Both<'a>(&'a mut Printer, &'a mut Redacted);

impl Sink for Both<'_> {
    fn packet(&mut self, packet: &packet_inspector::stream::Captured<'_>) {
        self.0.packet(packet);
        self.1.packet(packet);
    }

    fn event(
        &mut self,
        moment: &packet_inspector::stream::Moment<'_>,
        event: packet_inspector::stream::Event,
    ) {
        self.0.event(moment, event);
        self.1.event(moment, event);
    }
}
