//! What the models of conversations may take of memory, however much a capture has in flight.

use std::mem::size_of;

use super::connection::Connection;
use super::say::note;
use super::sessions::{Resumed, Session, Stored};
use super::subscriptions::Subscription;
use super::{Analysis, At, Context, Exchange, Listener};
use mqtt_codec::Side;

/// The most bytes that are remembered of all connections, about.
const MOST: usize = 12 << 20;

/// The bytes after which they are counted again, about.
const BETWEEN: usize = 4 << 20;

/// What a packet may leave behind beside its own bytes, about: an exchange with its steps, and its place in a map, which
/// has room for eleven.
pub(super) const OF_A_PACKET: usize = 4 * size_of::<Exchange>();

/// What has been remembered since it was counted.
#[derive(Debug, Default)]
pub(super) struct Uncounted(usize);

impl Uncounted {
    /// A packet of so many bytes came. Whether it is time to count.
    pub(super) fn add(&mut self, len: usize) -> bool {
        self.0 += len + OF_A_PACKET;
        let is_due = self.0 > BETWEEN;
        self.0 = if is_due { 0 } else { self.0 };
        is_due
    }
}

impl<L: Listener> Analysis<L> {
    /// Forgets the heaviest connections, until what is remembered is little again.
    #[cold]
    pub(super) fn lose_weight(&mut self, at: At) {
        let Self { listener, connections, sessions, .. } = self;
        sessions.lose_weight(MOST);
        let weights = connections.iter().map(|(stream, connection)| (connection.weight(), *stream));
        let mut weights: Vec<(usize, u32)> = weights.filter(|(weight, _)| *weight > 0).collect();
        let mut all: usize = weights.iter().map(|(weight, _)| weight).sum();
        if all <= MOST {
            return;
        }
        weights.sort_unstable();
        while let Some((weight, stream)) = weights.pop().filter(|_| all > MOST / 2) {
            all -= weight;
            if let Some(connection) = connections.get_mut(&stream) {
                connection.forget();
                if std::mem::replace(&mut connection.forgetful, true) {
                    continue;
                }
                let message =
                    "there is too much in flight to be remembered: what depends on it is not judged";
                let mut cx = Context { listener: &mut *listener, sessions: &mut *sessions, stream };
                note("not_remembered", Side::Client, message.to_owned()).tell(&[at.frame], at, &mut cx);
            }
        }
    }
}

impl Connection {
    /// About the bytes that are remembered of it and grow with what is sent.
    fn weight(&self) -> usize {
        let in_flight = self.deliveries.iter().map(super::delivery::Deliveries::weight).sum::<usize>();
        let resumed = self.resumed.as_deref().map_or(0, Resumed::weight);
        in_flight + self.requests.weight() + self.retained.weight() + resumed
    }

    /// Forgets what is in flight and subscribed to.
    fn forget(&mut self) {
        self.doubt();
        self.requests.forget_all();
        self.retained.subscribed();
    }
}

impl Session {
    /// About the bytes that are remembered of it.
    pub(super) fn weight(&self) -> usize {
        of_session(&self.subscriptions, &self.stored)
    }
}

impl Resumed {
    /// About the bytes that are remembered of it.
    fn weight(&self) -> usize {
        of_session(&self.subscriptions, &self.stored)
    }
}

fn of_session(subscriptions: &[Subscription], stored: &[Vec<Stored>; 2]) -> usize {
    let filters: usize = subscriptions.iter().map(Subscription::weight).sum();
    let messages = stored.iter().flatten().map(|message| message.topic.len() + OF_A_PACKET);
    filters + messages.sum::<usize>()
}
