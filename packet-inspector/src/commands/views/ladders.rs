//! `flow` and `read --follow`: conversations as ladders.

use std::collections::BTreeMap;
use std::io::{self, Write};

use packet_inspector::capture::Time;
use packet_inspector::render::{self, Rung};
use packet_inspector::stream::{Captured, Event, Info, Moment, Sink};

use super::super::capture::Listener;
use super::room::Room;

/// Conversations, held until the capture is over.
#[derive(Default)]
pub(super) struct Ladders {
    only: Option<u32>,
    rungs: BTreeMap<u32, (Option<Info>, Vec<Rung>)>,
    room: Room,
}

impl Ladders {
    /// Of all connections, or of the one with this number.
    pub(super) fn new(only: Option<u32>) -> Self {
        Self { only, ..Self::default() }
    }

    fn add(&mut self, info: &Info, rung: Rung) {
        if self.only.is_some_and(|only| only != info.number) {
            return;
        }
        if !self.room.take(rung.label.len()) {
            return;
        }
        let (known, rungs) = self.rungs.entry(info.number).or_default();
        *known = Some(*info);
        rungs.push(rung);
    }

    pub(super) fn write(mut self, mermaid: bool, out: &mut dyn Write) -> io::Result<()> {
        let mut out = out;
        for (number, (info, rungs)) in self.rungs.values_mut().enumerate() {
            let Some(info) = info else { continue };
            if number > 0 {
                writeln!(out)?;
            }
            // What came late is shown where it belongs.
            rungs.sort_by_key(|rung| rung.frame);
            let write = if mermaid { render::mermaid } else { render::ladder };
            write(info, rungs, &mut out)?;
        }
        self.room.left_out(out)
    }
}

impl Sink for Ladders {
    fn packet(&mut self, packet: &Captured<'_>) {
        self.add(packet.info, Rung::of_packet(packet));
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        if let Some(rung) = Rung::of_event(moment, event) {
            self.add(moment.info, rung);
        }
    }
}

impl Listener for Ladders {
    fn start(&mut self, _: Time) {}
}
