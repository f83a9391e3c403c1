//! One of both inputs: a dump, or a capture that is read as often as is needed.

use std::cell::Cell;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use packet_inspector::capture::{CaptureError, Reader, Time};
use packet_inspector::diff::Items;
use packet_inspector::diff::captures::{Capture, Listed, Showing};
use packet_inspector::record::Record;
use packet_inspector::stream::{Captured, Event, Moment, Sink};

use super::looks_like_a_file;
use crate::commands::capture::{Input, Listener, drain};
use crate::commands::inputs::{NotRead, Reading, Source};

/// The longest standard input that is kept, since it cannot be read twice.
const LONGEST: u64 = 256 << 20;

pub(super) enum Side {
    Dump(Vec<Record>),
    Capture(Recorded),
}

/// A capture.
pub(super) struct Recorded {
    from: From,
    ports: Vec<u16>,
    /// Why it could not be read to its end.
    cut: Cell<Option<CaptureError>>,
}

enum From {
    File(PathBuf),
    StandardInput(Arc<[u8]>),
}

impl Side {
    /// What the user named.
    pub(super) fn of(input: &str, reading: &Reading, ports: &[u16]) -> Result<Self, NotRead> {
        let capture = |from| Self::Capture(Recorded { from, ports: ports.to_vec(), cut: Cell::new(None) });
        let path = Path::new(input);
        if input == "-" {
            let bytes: Arc<[u8]> = standard_input()?.into();
            if Reader::new(Cursor::new(Arc::clone(&bytes))).is_ok() {
                return Ok(capture(From::StandardInput(bytes)));
            }
            return Source::Bytes(&bytes).records(reading).map(Self::Dump);
        }
        if !path.exists() {
            let words = [input.to_owned()];
            let read = Source::Arguments(&words).records(reading).map(Self::Dump);
            return read.map_err(|error| match looks_like_a_file(input) {
                true => NotRead::new(format!("{input}: there is no such file")),
                false => error,
            });
        }
        match std::fs::File::open(path).map_err(CaptureError::Read).and_then(Reader::new) {
            Ok(_) => Ok(capture(From::File(path.to_owned()))),
            Err(CaptureError::NotACapture | CaptureError::Empty) => {
                Source::File(path).records(reading).map(Self::Dump)
            }
            Err(error) => Err(NotRead::new(format!("{input}: {error}"))),
        }
    }

    /// Why not all of it could be read, if so.
    pub(super) fn cut(&self) -> Option<String> {
        match self {
            Self::Dump(_) => None,
            Self::Capture(capture) => capture.cut(),
        }
    }
}

fn standard_input() -> Result<Vec<u8>, NotRead> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes);
    match read {
        Ok(_) if bytes.len() as u64 > LONGEST => Err(NotRead::new(format!(
            "standard input has more than {LONGEST} bytes: write it into a file, which is read without keeping it"
        ))),
        Ok(_) => Ok(bytes),
        Err(error) => Err(NotRead::new(format!("standard input: {error}"))),
    }
}

impl Recorded {
    /// Why not all of it could be read, if so.
    pub(super) fn cut(&self) -> Option<String> {
        self.cut.take().map(|error| self.words(&error))
    }

    /// What is wrong with it.
    pub(super) fn words(&self, error: &CaptureError) -> String {
        match &self.from {
            From::File(path) => format!("{}: {error}", path.display()),
            From::StandardInput(_) => format!("standard input: {error}"),
        }
    }

    /// Its packets in their order, to be compared with a dump.
    pub(super) fn listed(&self, showing: Showing) -> Result<Items, String> {
        let mut listed = Listed::new(showing);
        self.read(&mut listed).map_err(|error| self.words(&error))?;
        match listed.left_out {
            0 => Ok(listed.into_items()),
            count => Err(format!(
                "diff: a dump is compared with the packets of a short capture; this one has {count} too many"
            )),
        }
    }
}

impl Capture for Recorded {
    type Error = CaptureError;

    fn read<S: Sink>(&self, sink: &mut S) -> Result<(), CaptureError> {
        let mut listening = Listening(sink);
        let ended = match &self.from {
            From::File(path) => Input::new(path, &self.ports).try_read(&mut listening),
            From::StandardInput(bytes) => {
                let reader = Reader::new(Cursor::new(Arc::clone(bytes)))?;
                drain(reader, &self.ports, false, &mut listening)
            }
        };
        // What was read is of use.
        if let Err(error) = ended {
            self.cut.set(Some(error));
        }
        Ok(())
    }
}

/// A sink that needs to know nothing of the capture.
struct Listening<'a, S>(&'a mut S);

impl<S: Sink> Sink for Listening<'_, S> {
    fn packet(&mut self, packet: &Captured<'_>) {
        self.0.packet(packet);
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.0.event(moment, event);
    }
}

impl<S: Sink> Listener for Listening<'_, S> {
    fn start(&mut self, _: Time) {}
}
