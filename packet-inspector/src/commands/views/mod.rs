//! `qos`, `sessions`, `topics`, `flow`: views of the same model.

use std::cell::Cell;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use packet_inspector::analysis::{self, Analysis};
use packet_inspector::capture::Time;
use packet_inspector::stream::{Captured, Event, Moment, Sink};

use super::capture::{Input, Listener, Stopped};
use super::choice::Chosen;
use super::{Color, ended, fail, standard_output};

mod handshakes;
mod ladders;
mod room;
mod sessions;
mod topics;

use handshakes::Handshakes;
use ladders::Ladders;
use sessions::Sessions;
use topics::Topics;

#[derive(Args)]
pub(crate) struct View {
    #[command(flatten)]
    input: Input,

    /// Hide user names; passwords and payloads are nowhere in it
    #[arg(long)]
    redact: bool,

    /// When to use colours; NO_COLOR is respected
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

#[derive(Args)]
pub(crate) struct Flow {
    #[command(flatten)]
    view: View,

    /// Only this connection: its number as `read` prints it, or Wireshark's tcp.stream
    #[arg(long, value_name = "N")]
    stream: Option<u32>,

    /// As a sequence diagram of Mermaid
    #[arg(long)]
    mermaid: bool,
}

impl View {
    fn show<L: Listener>(
        &self,
        listener: L,
        print: impl Fn(L, &mut dyn Write) -> io::Result<()>,
    ) -> ExitCode {
        show(&self.input, self.color, listener, print)
    }

    /// Handshakes of QoS 1 and 2, paired.
    pub(crate) fn qos(&self) -> ExitCode {
        let mut out = standard_output(self.color);
        let mut modelled = Modelled::new(Handshakes::new(&mut out));
        let read = self.input.read(&mut modelled);
        if let Err(Stopped { status, at_start: true }) = read {
            return status;
        }
        let written = modelled.analysis.into_listener().finish();
        finish(written.and_then(|()| out.flush()), read)
    }

    /// Client Identifiers and their connections.
    pub(crate) fn sessions(&self) -> ExitCode {
        let sessions = Modelled::new(Sessions::new(self.redact));
        self.show(sessions, |modelled, out| modelled.analysis.into_listener().write(out))
    }

    /// The tree of topics.
    pub(crate) fn topics(&self) -> ExitCode {
        self.show(Topics::default(), |topics, out| topics.write(out))
    }
}

impl Flow {
    /// Conversations as ladders.
    pub(crate) fn run(&self) -> ExitCode {
        ladders(&self.view.input, self.view.color, Ladders::new(self.stream), self.mermaid)
    }
}

/// Chosen packets of one conversation as a ladder.
pub(crate) fn follow(input: &Input, stream: u32, chosen: Chosen<'_>, color: Color) -> ExitCode {
    ladders(input, color, Ladders::new(Some(stream)).of(chosen), false)
}

fn ladders(input: &Input, color: Color, ladders: Ladders<'_>, mermaid: bool) -> ExitCode {
    let missing = Cell::new(None);
    let status = show(input, color, ladders, |ladders, out| {
        missing.set(ladders.missing());
        ladders.write(mermaid, out)
    });
    missing.into_inner().map_or(status, |message| fail(&format!("{}: {message}", input.file().display())))
}

/// Reads the capture, then prints what was gathered.
fn show<L: Listener>(
    input: &Input,
    color: Color,
    mut listener: L,
    print: impl Fn(L, &mut dyn Write) -> io::Result<()>,
) -> ExitCode {
    let read = input.read(&mut listener);
    if let Err(Stopped { status, at_start: true }) = read {
        return status;
    }
    let mut out = standard_output(color);
    let written = print(listener, &mut out).and_then(|()| out.flush());
    finish(written, read)
}

/// The exit status when this was written of what was read.
fn finish(written: io::Result<()>, read: Result<(), Stopped>) -> ExitCode {
    match (written, read) {
        (Ok(()), Err(stopped)) => stopped.status,
        (written, _) => ended(written, ExitCode::SUCCESS),
    }
}

/// An analysis, told of the capture.
struct Modelled<L> {
    analysis: Analysis<L>,
}

impl<L: analysis::Listener> Modelled<L> {
    fn new(listener: L) -> Self {
        Self { analysis: Analysis::new(listener) }
    }
}

impl<L: analysis::Listener> Sink for Modelled<L> {
    fn packet(&mut self, packet: &Captured<'_>) {
        self.analysis.packet(packet);
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.analysis.event(moment, event);
    }
}

impl<L: analysis::Listener> Listener for Modelled<L> {
    fn start(&mut self, _: Time) {}
}
