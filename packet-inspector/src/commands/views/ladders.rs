//! `flow` and `read --follow`: conversations as ladders.

use std::collections::BTreeMap;
use std::io::{self, Write};

use packet_inspector::capture::Time;
use packet_inspector::render::{self, Rung};
use packet_inspector::stream::{Captured, Event, Info, Moment, Sink};

use super::super::capture::Listener;
use super::super::choice::Chosen;
use super::room::Room;

/// Conversations, held until the capture is over.
#[derive(Default)]
pub(super) struct Ladders<'a> {
    only: Option<u32>,
    /// Which packets are shown, when not all are.
    chosen: Option<Chosen<'a>>,
    start: Time,
    /// That connection is in the capture.
    is_there: bool,
    /// How many connections are there, by their numbers.
    count: u32,
    rungs: BTreeMap<u32, (Option<Info>, Vec<Rung>)>,
    room: Room,
}

impl<'a> Ladders<'a> {
    /// Of all connections, or of the one with this number.
    pub(super) fn new(only: Option<u32>) -> Self {
        Self { only, ..Self::default() }
    }

    /// With chosen packets alone.
    pub(super) fn of(self, chosen: Chosen<'a>) -> Self {
        Self { chosen: chosen.is_choosy().then_some(chosen), ..self }
    }

    /// Why there is nothing to show, when the connection that was asked for is not in the capture.
    pub(super) fn missing(&self) -> Option<String> {
        let number = self.only.filter(|_| !self.is_there)?;
        Some(match self.count {
            0 => format!("there is no connection {number}: the capture has none"),
            1 => format!("there is no connection {number}: the capture has one, which is number 0"),
            count => format!("there is no connection {number}: they are numbered from 0 to {}", count - 1),
        })
    }

    fn meet(&mut self, info: &Info) {
        self.is_there |= self.only == Some(info.number);
        self.count = self.count.max(info.number.saturating_add(1));
    }

    fn add(&mut self, info: &Info, rung: Rung) {
        if self.only.is_some_and(|only| only != info.number) {
            return;
        }
        // Half of a list that grows is empty at worst.
        if !self.room.take(rung.label.len() + 2 * size_of::<Rung>()) {
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

impl Sink for Ladders<'_> {
    fn packet(&mut self, packet: &Captured<'_>) {
        self.meet(packet.info);
        let start = self.start;
        if self.chosen.as_mut().is_some_and(|chosen| !chosen.takes(packet, start)) {
            return;
        }
        self.add(packet.info, Rung::of_packet(packet));
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.meet(moment.info);
        if self.chosen.is_some() {
            return;
        }
        if let Some(rung) = Rung::of_event(moment, event) {
            self.add(moment.info, rung);
        }
    }
}

impl Listener for Ladders<'_> {
    fn start(&mut self, time: Time) {
        self.start = time;
    }
}
