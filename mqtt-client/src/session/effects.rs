//! What a call on the session brings about: packets, changes to be stored, events.

use std::collections::VecDeque;

use mqtt_codec::Packet;

use crate::session::event::{Doubt, Event, Outcome, Tag};
use crate::session::outbox::Outbox;
use crate::store::Change;

/// Everything that leaves the session but arrived messages.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) outbox: Outbox,
    events: VecDeque<Told>,
    /// Changes since the last call of `take_changes`, in order; `None` when nobody stores them.
    journal: Option<Vec<Change>>,
    /// There is another change than that something is finished among them.
    urgent: bool,
    /// Bytes that were taken from the outbox on this connection.
    taken: u64,
    /// Bytes that the transport took on this connection.
    written: u64,
    /// The byte of the connection that a PINGREQ ends before that is not written yet.
    pingreq_end: Option<u64>,
    /// PUBLISH packets that were sent, those that were sent again aside.
    pub(super) sent: u64,
    /// Packets that were sent again.
    pub(super) resent: u64,
    /// See [`Session::has_served`](super::Session::has_served).
    pub(super) has_served: bool,
    /// Publishes at QoS 0 that the transport has not taken yet: the byte of the connection that they end before.
    unwritten: VecDeque<(u64, Tag)>,
}

/// An event. Most are outcomes by far, so these are small.
#[derive(Debug)]
enum Told {
    Published(Tag, Outcome),
    Other(Box<Event>),
}

impl Effects {
    pub(super) fn new(stored: bool) -> Self {
        Self { journal: stored.then(Vec::new), ..Self::default() }
    }

    /// Notes a change, if somebody stores it.
    #[inline]
    pub(super) fn record(&mut self, change: impl FnOnce() -> Change) {
        if let Some(journal) = &mut self.journal {
            let change = change();
            self.urgent |= !matches!(change, Change::Finished { .. });
            journal.push(change);
        }
    }

    /// The changes since the last call.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        self.urgent = false;
        self.journal.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn has_changes(&self) -> bool {
        self.journal.as_ref().is_some_and(|journal| !journal.is_empty())
    }

    #[inline]
    pub(super) fn has_urgent_changes(&self) -> bool {
        self.urgent
    }

    #[inline]
    pub(super) fn published(&mut self, tag: Option<Tag>, outcome: Outcome) {
        if let Some(tag) = tag {
            self.events.push_back(Told::Published(tag, outcome));
        }
    }

    /// Tells an event other than an outcome.
    pub(super) fn tell(&mut self, event: Event) {
        self.events.push_back(Told::Other(Box::new(event)));
    }

    /// The next event.
    #[inline]
    pub(super) fn next_event(&mut self) -> Option<Event> {
        Some(match self.events.pop_front()? {
            Told::Published(tag, outcome) => Event::Published { tag, outcome },
            Told::Other(event) => *event,
        })
    }

    /// The byte of the connection that comes next.
    #[inline]
    fn end(&self) -> u64 {
        self.taken + self.outbox.len() as u64
    }

    /// Sends PINGREQ. One waits at a time.
    pub(super) fn ping(&mut self) {
        self.outbox.packet(&Packet::Pingreq);
        self.pingreq_end = Some(self.end());
    }

    /// A PUBLISH at QoS 0 was just put into the outbox.
    #[inline]
    pub(super) fn sent_at_most_once(&mut self, tag: Option<Tag>) {
        if let Some(tag) = tag {
            self.unwritten.push_back((self.end(), tag));
        }
    }

    /// Moves what waits into an empty outbox.
    pub(super) fn take_outbox(&mut self, into: &mut Outbox) {
        debug_assert!(into.is_empty(), "it would be lost");
        self.taken += self.outbox.len() as u64;
        std::mem::swap(&mut self.outbox, into);
    }

    /// The transport took so many more bytes; `true` when a PINGREQ ends with them.
    pub(super) fn written(&mut self, bytes: usize) -> bool {
        self.written += bytes as u64;
        while let Some((end, tag)) = self.unwritten.front().copied()
            && end <= self.written
        {
            self.unwritten.pop_front();
            self.has_served = true;
            self.published(Some(tag), Outcome::Delivered);
        }
        self.pingreq_end.take_if(|end| *end <= self.written).is_some()
    }

    /// The transport took so many bytes on this connection.
    pub(super) fn has_written(&self, bytes: usize) -> bool {
        self.written >= bytes as u64
    }

    /// Bytes wait for the transport.
    pub(super) fn has_unwritten(&self) -> bool {
        self.written < self.end()
    }

    /// The connection is gone, and what waited for it.
    pub(super) fn connection_lost(&mut self) {
        self.outbox.clear();
        (self.taken, self.written, self.pingreq_end) = (0, 0, None);
        for (_, tag) in std::mem::take(&mut self.unwritten) {
            self.published(Some(tag), Outcome::Uncertain(Doubt::ConnectionLost));
        }
    }
}
