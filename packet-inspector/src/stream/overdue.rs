//! Connections in which something waits, and when it is time to look at them though none of their own segments comes.

use std::collections::VecDeque;

use super::order::LONG;
use crate::capture::Time;

/// Where a connection stands, and its number: another may have taken its place.
pub(super) type Waiting = (usize, u32);

/// Those that wait, each once, in the order in which they are due.
#[derive(Debug)]
pub(super) struct Overdue {
    queue: VecDeque<(Time, Waiting)>,
    /// When the first one is.
    due: Time,
}

impl Default for Overdue {
    fn default() -> Self {
        Self { queue: VecDeque::new(), due: NEVER }
    }
}

const NEVER: Time = Time(i64::MAX);

impl Overdue {
    /// Whether one is due.
    #[inline]
    pub(super) fn has_any(&self, now: Time) -> bool {
        now >= self.due
    }

    /// Something of this connection has begun to wait, or goes on with it.
    pub(super) fn add(&mut self, now: Time, waiting: Waiting) {
        self.queue.push_back((Time(now.0.saturating_add(LONG.0)), waiting));
        self.find_due();
    }

    /// The one that is due first.
    pub(super) fn take(&mut self, now: Time) -> Option<Waiting> {
        let (_, waiting) = self.has_any(now).then(|| self.queue.pop_front())??;
        self.find_due();
        Some(waiting)
    }

    fn find_due(&mut self) {
        self.due = self.queue.front().map_or(NEVER, |(due, _)| *due);
    }
}
