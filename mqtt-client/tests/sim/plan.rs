//! What kind of history it is, the store's model, and what is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

use mqtt_client::SessionOptions;
use mqtt_client::store::{Change, Saved, SavedPublish, SavedState, Store};
use mqtt_codec::PacketId;

use super::dice::Dice;

/// How long the client waits for CONNACK.
pub const CONNACK_TIMEOUT: Duration = Duration::from_secs(10);

/// What stays the same through a history.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub clean: bool,
    pub manual: bool,
    pub stored: bool,
    pub window: u16,
    pub queue: usize,
    pub keep_alive: u16,
    /// The Server says what it likes.
    pub hostile: bool,
}

impl Plan {
    pub fn new(dice: &mut dyn Dice) -> Self {
        let kind = dice.roll(8);
        let clean = kind == 0;
        let window = [1, 2, 3, 5, 8, 20, 65_535][dice.roll(7) as usize];
        let queue = [1, 2, 5, 20, 100][dice.roll(5) as usize];
        let keep_alive = [0, 1, 2, 5, 60, 65_535][dice.roll(6) as usize];
        let manual = dice.roll(3) == 0;
        Self { clean, manual, stored: !clean && kind > 3, window, queue, keep_alive, hostile: kind == 1 }
    }

    pub fn options(&self) -> SessionOptions {
        SessionOptions::new("sim")
            .clean_session(self.clean)
            .keep_alive(self.keep_alive)
            .in_flight(self.window)
            .queue(self.queue, 20_000)
            .manual_acknowledgement(self.manual)
            .connack_timeout(CONNACK_TIMEOUT)
    }
}

/// Opens a real store, again after each crash.
pub type Open = Box<dyn FnMut() -> Box<dyn Store>>;

/// What is on the disk.
#[derive(Default)]
pub struct Disk {
    outgoing: BTreeMap<u64, SavedState>,
    pub held: BTreeSet<PacketId>,
    accepted: u64,
    pub established: bool,
    /// A real store beside this model, if there is one.
    real: Option<(Open, Box<dyn Store>)>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("outgoing", &self.outgoing).field("held", &self.held).finish()
    }
}

impl Disk {
    pub fn new(open: Option<Open>) -> Self {
        let real = open.map(|mut open| {
            let store = open();
            (open, store)
        });
        Self { real, ..Self::default() }
    }

    pub fn commit(&mut self, changes: &[Change]) {
        if let Some((_, store)) = &mut self.real
            && !changes.is_empty()
        {
            store.commit(changes).unwrap();
        }
        for change in changes {
            match change.clone() {
                Change::Accepted { number, packet_id, message } => {
                    self.accepted += 1;
                    let state = match packet_id {
                        Some(id) => SavedState::Sent(id, message),
                        None => SavedState::Waiting(message),
                    };
                    assert_eq!(self.outgoing.insert(number, state), None, "numbers are not used twice");
                }
                Change::Sent { number, packet_id } => {
                    let Some(SavedState::Waiting(message)) = self.outgoing.remove(&number) else {
                        panic!("{number} did not wait")
                    };
                    self.outgoing.insert(number, SavedState::Sent(packet_id, message));
                }
                Change::Released { number, order } => {
                    let Some(SavedState::Sent(packet_id, _)) = self.outgoing.remove(&number) else {
                        panic!("{number} was not sent")
                    };
                    self.outgoing.insert(number, SavedState::Released { packet_id, order });
                }
                Change::Finished { number } => assert!(self.outgoing.remove(&number).is_some()),
                Change::Held(id) => assert!(self.held.insert(id)),
                Change::Unheld(id) => assert!(self.held.remove(&id)),
                Change::AllUnheld => self.held.clear(),
                Change::Established => self.established = true,
            }
        }
    }

    /// As the next process finds it.
    pub fn load(&mut self) -> Saved {
        let saved = self.model();
        let Some((mut open, store)) = self.real.take() else { return saved };
        // Dropped without a word, like one that is killed.
        drop(store);
        let mut store = open();
        let mut found = store.load("sim").unwrap();
        found.outgoing.sort_by_key(|publish| publish.number);
        found.held.sort();
        assert_eq!(found, saved, "the store has what was committed");
        self.real = Some((open, store));
        found
    }

    fn model(&self) -> Saved {
        let outgoing =
            self.outgoing.iter().map(|(&number, state)| SavedPublish { number, state: state.clone() });
        Saved {
            outgoing: outgoing.collect(),
            held: self.held.iter().copied().collect(),
            accepted: self.accepted,
            established: self.established,
        }
    }

    /// No message is stored.
    pub fn is_empty(&self) -> bool {
        self.outgoing.is_empty()
    }
}

/// What happened in histories.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub histories: u64,
    pub steps: u64,
    pub connections: u64,
    pub cuts: u64,
    pub given_up: u64,
    pub crashes: u64,
    pub sessions_lost: u64,
    pub published: u64,
    pub delivered: u64,
    pub uncertain: u64,
    pub resent: u64,
    pub received: u64,
    pub violations: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.histories += other.histories;
        self.steps += other.steps;
        self.connections += other.connections;
        self.cuts += other.cuts;
        self.given_up += other.given_up;
        self.crashes += other.crashes;
        self.sessions_lost += other.sessions_lost;
        self.published += other.published;
        self.delivered += other.delivered;
        self.uncertain += other.uncertain;
        self.resent += other.resent;
        self.received += other.received;
        self.violations += other.violations;
    }
}
