//! A queue from those who forward bytes to who shows them. It never makes them wait: what doesn't fit is left out, and
//! that is said.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{SystemTime, UNIX_EPOCH};

use mqtt_codec::Side;

use crate::build::Endpoints;
use crate::capture::Time;

/// Something that happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// The connection's number, from 0.
    pub connection: u32,
    /// When.
    pub time: Time,
    /// What.
    pub what: What,
}

/// What can happen to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was made.
    Opened(Endpoints),
    /// Bytes passed.
    Passed {
        /// Who sent them.
        from: Side,
        /// So many bytes of this side before these were left out, as the queue was full.
        left_out: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// This side will send no more.
    Finished(Side),
    /// This side broke the connection off.
    Aborted(Side),
    /// Nothing more will come.
    Closed,
}

/// What a chunk takes in memory beside its bytes, about.
const OVERHEAD: usize = 128;

/// A queue that holds at most so many bytes of what passes, counted as they lie in memory, and little more for each
/// connection.
pub fn tap(limit: usize) -> (Tap, Happenings) {
    let (sender, receiver) = mpsc::channel();
    let held = Arc::new(AtomicUsize::new(0));
    let tap = Tap { sender, held: Arc::clone(&held), limit, next: Arc::default() };
    (tap, Happenings { receiver, held })
}

/// Where connections begin to be watched.
#[derive(Clone, Debug)]
pub struct Tap {
    sender: mpsc::Sender<Happening>,
    /// Bytes in the queue.
    held: Arc<AtomicUsize>,
    limit: usize,
    next: Arc<AtomicU32>,
}

impl Tap {
    /// A new connection.
    pub fn open(&self, endpoints: Endpoints) -> Watched {
        let connection = self.next.fetch_add(1, Ordering::Relaxed);
        let watched = Watched { tap: self.clone(), connection, left_out: Default::default() };
        watched.say(What::Opened(endpoints));
        watched
    }
}

/// A connection that is watched; it is closed when this is dropped.
pub struct Watched {
    tap: Tap,
    connection: u32,
    /// Bytes of the client and of the server that were left out since the last that were not.
    left_out: [AtomicU64; 2],
}

impl Watched {
    /// Its number.
    pub fn number(&self) -> u32 {
        self.connection
    }

    /// Bytes of a side are about to be forwarded. Never waits: they are left out when the queue is full.
    pub fn passed(&self, from: Side, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let size = bytes.len() + OVERHEAD;
        let held = self.tap.held.fetch_add(size, Ordering::AcqRel);
        if held > 0 && held.saturating_add(size) > self.tap.limit {
            self.tap.held.fetch_sub(size, Ordering::AcqRel);
            self.left_out(from).fetch_add(bytes.len() as u64, Ordering::Relaxed);
            return;
        }
        let left_out = self.left_out(from).swap(0, Ordering::Relaxed);
        self.say(What::Passed { from, left_out, bytes: bytes.to_vec() });
    }

    /// A side will send no more.
    pub fn finished(&self, from: Side) {
        self.say(What::Finished(from));
    }

    /// A side broke the connection off.
    pub fn aborted(&self, from: Side) {
        self.say(What::Aborted(from));
    }

    fn left_out(&self, from: Side) -> &AtomicU64 {
        let [client, server] = &self.left_out;
        match from {
            Side::Client => client,
            Side::Server => server,
        }
    }

    fn say(&self, what: What) {
        // Nobody needs to listen.
        let _ = self.tap.sender.send(Happening { connection: self.connection, time: now(), what });
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.say(What::Closed);
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// The other end of the queue: gives what happened, in order of each connection and side, and waits for more until
/// nobody is left who could tell.
#[derive(Debug)]
pub struct Happenings {
    receiver: mpsc::Receiver<Happening>,
    held: Arc<AtomicUsize>,
}

impl Happenings {
    /// How many bytes wait.
    pub fn backlog(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }

    /// The next, if it is there already.
    pub fn ready(&self) -> Option<Happening> {
        self.receiver.try_recv().ok().inspect(|happening| self.taken(happening))
    }

    fn taken(&self, happening: &Happening) {
        if let What::Passed { bytes, .. } = &happening.what {
            self.held.fetch_sub(bytes.len() + OVERHEAD, Ordering::AcqRel);
        }
    }
}

impl Iterator for Happenings {
    type Item = Happening;

    fn next(&mut self) -> Option<Happening> {
        self.receiver.recv().ok().inspect(|happening| self.taken(happening))
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(happening: Happening) -> Option<(u64, Vec<u8>)> {
        match happening.what {
            What::Passed { left_out, bytes, .. } => Some((left_out, bytes)),
            _ => None,
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_counted() {
        let (tap, mut happenings) = tap(2 * OVERHEAD + 4);
        let watched = tap.open(Endpoints::default());
        watched.passed(Side::Client, b"abc");
        watched.passed(Side::Client, b"de");
        watched.passed(Side::Client, b"fgh");
        assert_eq!(happenings.backlog(), OVERHEAD + 3);
        let _opened = happenings.next();
        assert_eq!(happenings.next().and_then(bytes_of), Some((0, b"abc".to_vec())));
        assert_eq!(happenings.backlog(), 0);
        watched.passed(Side::Server, b"S");
        watched.passed(Side::Client, b"i");
        assert_eq!(happenings.next().and_then(bytes_of), Some((0, b"S".to_vec())), "its own count");
        assert_eq!(happenings.next().and_then(bytes_of), Some((5, b"i".to_vec())));
        watched.passed(Side::Client, &[b'-'; 3 * OVERHEAD]);
        assert!(happenings.next().and_then(bytes_of).is_some(), "one always fits");
    }

    #[test]
    fn it_ends_when_nobody_is_left_to_tell() {
        let (tap, happenings) = tap(100);
        drop(tap.open(Endpoints::default()));
        drop(tap);
        assert_eq!(happenings.map(|happening| happening.what).last(), Some(What::Closed));
    }
}
