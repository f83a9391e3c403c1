//! A capture without what is private: packets are written one by one, private bytes as asterisks. What is not MQTT
//! 3.1.1 is left out.

use std::collections::HashSet;
use std::io;

use mqtt_codec::Side;
use packet_inspector::build::Endpoints;
use packet_inspector::capture::Time;
use packet_inspector::frame::Frame;
use packet_inspector::live::{Happening, Recorder, What};
use packet_inspector::stream::{Captured, Direction, Event, Info, Moment, Sink};

use super::CaptureFile;

/// Hears of packets, and writes what may be seen of them.
pub(super) struct Redacted {
    recorder: Recorder,
    file: CaptureFile,
    open: HashSet<u32>,
    written: io::Result<()>,
}

impl Redacted {
    pub(super) fn new(file: CaptureFile) -> Self {
        Self { recorder: Recorder::default(), file, open: HashSet::new(), written: Ok(()) }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        std::mem::replace(&mut self.written, Ok(()))?;
        self.file.flush()
    }

    fn say(&mut self, info: &Info, time: Time, what: What) {
        if self.open.insert(info.number) {
            let endpoints = Endpoints { client: info.source, server: info.destination };
            self.record(Happening { connection: info.number, time, what: What::Opened(endpoints) });
        }
        let closed = what == What::Closed;
        self.record(Happening { connection: info.number, time, what });
        if closed {
            self.open.remove(&info.number);
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "made for it")]
    fn record(&mut self, happening: Happening) {
        let Self { recorder, file, written, .. } = self;
        recorder.take(&happening, |entry| {
            if written.is_ok() {
                *written = file.record(entry.time, entry.bytes);
            }
        });
    }
}

/// Who opened the connection is the client: the proxy saw it so.
fn side(direction: Direction) -> Side {
    match direction {
        Direction::Forward => Side::Client,
        Direction::Backward => Side::Server,
    }
}

impl Sink for Redacted {
    fn packet(&mut self, packet: &Captured<'_>) {
        let alone = Captured { entry: None, ..*packet };
        let bytes = Frame::captured(&alone, Time::default()).masked();
        let what = What::Passed { from: side(packet.direction), left_out: 0, bytes };
        self.say(packet.info, packet.time(), what);
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        let from = side(moment.direction);
        let what = match event {
            Event::Finished => What::Finished(from),
            Event::Reset => What::Aborted(from),
            Event::Closed { .. } => What::Closed,
            _ => return,
        };
        self.say(moment.info, moment.time, what);
    }
}
