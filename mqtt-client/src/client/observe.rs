//! How a connection goes, for who wants to watch.

use std::sync::Arc;

use mqtt_codec::TopicFilterBuf;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::error::Error;

/// Something happened to the connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConnectionEvent {
    /// The Server accepted a connection.
    Connected {
        /// It holds a session of this client.
        session_present: bool,
    },
    /// The Server lost the session, though one was expected: with Clean Session 0, when it has accepted a connection of this
    /// client before, with a store also one of an earlier process. Subscriptions of this process are made again and
    /// unacknowledged messages sent again.
    SessionLost,
    /// A subscription was made again, and the Server refused it this time.
    SubscriptionLost {
        /// Its filter.
        filter: TopicFilterBuf,
    },
    /// An attempt failed, or a connection was lost; the next attempt begins after `retry_in`. `None`: there is none.
    Disconnected {
        /// Why.
        error: Arc<Error>,
        /// The pause.
        retry_in: Option<std::time::Duration>,
    },
}

/// The events of a connection, from when they were asked for.
#[derive(Debug)]
pub struct ConnectionEvents(broadcast::Receiver<ConnectionEvent>);

impl ConnectionEvents {
    pub(crate) fn new(receiver: broadcast::Receiver<ConnectionEvent>) -> Self {
        Self(receiver)
    }

    /// The next event; `None` when the driver has stopped. What was missed by being more than 64 events late is skipped.
    ///
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<ConnectionEvent> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// Counters since the client was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// PUBLISH packets that were sent, those that were sent again with DUP aside.
    pub sent: u64,
    /// Publishes that have an outcome.
    pub completed: u64,
    /// Messages received, duplicates aside.
    pub received: u64,
    /// Messages received that no stream wanted.
    pub unclaimed: u64,
    /// PUBLISH and PUBREL packets that were sent again.
    pub resent: u64,
    /// Connections that the Server accepted: one more than there were reconnects.
    pub connections: u64,
    /// Bytes that the transport took.
    pub bytes_sent: u64,
    /// Bytes that came.
    pub bytes_received: u64,
    /// Exchanges in flight now: messages at QoS 1 and 2, SUBSCRIBE, UNSUBSCRIBE.
    pub in_flight: usize,
    /// Accepted messages that wait to be sent now.
    pub queued: usize,
}
