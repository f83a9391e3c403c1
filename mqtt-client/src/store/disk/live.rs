//! What the log amounts to: the messages that are not finished, and the identifiers that are held.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use mqtt_codec::PacketId;

use crate::message::Message;
use crate::store::disk::change::{self, Record};
use crate::store::{Change, Saved, SavedPublish, SavedState};

/// What is kept. Messages are shared with the session, not copied.
#[derive(Debug, Default)]
pub(super) struct Live {
    outgoing: BTreeMap<u64, SavedState>,
    held: BTreeSet<PacketId>,
    /// How many messages were accepted, ever.
    accepted: u64,
    established: bool,
    /// About as many bytes as a snapshot has.
    len: u64,
}

/// A change that does not fit to what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misfit;

/// Numbers and counts are below this: nobody gets so far, and whoever goes on from there can add to them.
const END: u64 = 1 << 63;

/// Bytes of a record beside topic and payload, at most.
const RECORD: u64 = 24;

impl Live {
    /// About as many bytes as a snapshot has.
    pub(super) fn len(&self) -> u64 {
        self.len + self.held.len() as u64 * 3
    }

    pub(super) fn apply(&mut self, record: Record) -> Result<(), Misfit> {
        match record {
            Record::Change(change) => self.change(&change),
            Record::Released { number, packet_id, order } => {
                self.insert(number, SavedState::Released { packet_id, order })
            }
            Record::Accepted(count) => {
                self.accepted = below_end(count)?;
                Ok(())
            }
        }
    }

    pub(super) fn change(&mut self, change: &Change) -> Result<(), Misfit> {
        match change {
            Change::Accepted { number, packet_id, message } => {
                let message = message.clone();
                self.accepted = below_end(self.accepted + 1)?;
                let state = match *packet_id {
                    Some(packet_id) => SavedState::Sent(packet_id, message),
                    None => SavedState::Waiting(message),
                };
                self.insert(*number, state)
            }
            &Change::Sent { number, packet_id } => match self.remove(number)? {
                SavedState::Waiting(message) => self.insert(number, SavedState::Sent(packet_id, message)),
                SavedState::Sent(..) | SavedState::Released { .. } => Err(Misfit),
            },
            &Change::Released { number, order } => match self.remove(number)? {
                SavedState::Sent(packet_id, _) => {
                    self.insert(number, SavedState::Released { packet_id, order })
                }
                SavedState::Waiting(_) | SavedState::Released { .. } => Err(Misfit),
            },
            &Change::Finished { number } => self.remove(number).map(drop),
            &Change::Held(packet_id) => {
                self.held.insert(packet_id);
                Ok(())
            }
            Change::Unheld(packet_id) => {
                self.held.remove(packet_id);
                Ok(())
            }
            Change::AllUnheld => {
                self.held.clear();
                Ok(())
            }
            Change::Established => {
                self.established = true;
                Ok(())
            }
        }
    }

    fn insert(&mut self, number: u64, state: SavedState) -> Result<(), Misfit> {
        below_end(number)?;
        if let SavedState::Released { order, .. } = state {
            below_end(order)?;
        }
        self.len += weight(&state);
        if self.outgoing.insert(number, state).is_some() { Err(Misfit) } else { Ok(()) }
    }

    fn remove(&mut self, number: u64) -> Result<SavedState, Misfit> {
        let state = self.outgoing.remove(&number).ok_or(Misfit)?;
        self.len -= weight(&state);
        Ok(state)
    }

    /// For the session.
    pub(super) fn saved(&self) -> Saved {
        let outgoing =
            self.outgoing.iter().map(|(&number, state)| SavedPublish { number, state: state.clone() });
        Saved {
            outgoing: outgoing.collect(),
            held: self.held.iter().copied().collect(),
            accepted: self.accepted,
            established: self.established,
        }
    }

    /// Everything that is kept, as records; `out` is emptied by `full` from time to time.
    pub(super) fn snapshot(
        &self,
        out: &mut Vec<u8>,
        mut full: impl FnMut(&mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        for (&number, state) in &self.outgoing {
            let (message, packet_id): (&Message, _) = match state {
                SavedState::Waiting(message) => (message, None),
                SavedState::Sent(packet_id, message) => (message, Some(*packet_id)),
                SavedState::Released { packet_id, order } => {
                    change::encode_released(number, *packet_id, *order, out);
                    continue;
                }
            };
            let accepted = Change::Accepted { number, packet_id, message: message.clone() };
            change::encode(&accepted, out).map_err(io::Error::other)?;
            full(out)?;
        }
        for &packet_id in &self.held {
            change::encode(&Change::Held(packet_id), out).map_err(io::Error::other)?;
        }
        if self.established {
            change::encode(&Change::Established, out).map_err(io::Error::other)?;
        }
        change::encode_accepted(self.accepted, out);
        full(out)
    }
}

fn below_end(number: u64) -> Result<u64, Misfit> {
    if number < END { Ok(number) } else { Err(Misfit) }
}

/// About as many bytes as it has in a snapshot.
fn weight(state: &SavedState) -> u64 {
    RECORD
        + match state {
            SavedState::Waiting(message) | SavedState::Sent(_, message) => message.weight() as u64,
            SavedState::Released { .. } => 0,
        }
}
