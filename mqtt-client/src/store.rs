//! Where a session's state is kept, so that it outlives the process (4.1).
//!
//! The session itself does no I/O: it lists what changed, in order, and the driver hands these lists to a [`Store`]. No
//! packet leaves before the changes that it rests on are stored. That is all that exactly-once needs:
//!
//! | before this happens | this is stored |
//! |---|---|
//! | `publish` returns | [`Change::Accepted`]: the message |
//! | a PUBLISH that waited leaves | [`Change::Sent`]: its Packet Identifier |
//! | PUBREL leaves | [`Change::Released`]: the message is never sent again |
//! | PUBREC leaves | [`Change::Held`]: the message is not delivered again |
//! | PUBCOMP leaves | [`Change::Unheld`]: the identifier means a new message |
//!
//! [`Change::Finished`] may be stored later than it happened: what is sent again then is answered again.

use std::fmt;

use mqtt_codec::PacketId;

use crate::message::Message;

/// A change of the session's state. Only messages at QoS 1 and 2 appear here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message was accepted. Numbers rise by acceptance, also over restarts.
    Accepted {
        /// Its number, which the other changes refer to.
        number: u64,
        /// Its Packet Identifier, if it goes out at once.
        packet_id: Option<PacketId>,
        /// The message.
        message: Message,
    },
    /// A message that waited goes out with this Packet Identifier.
    Sent {
        /// The message's number.
        number: u64,
        /// Its Packet Identifier.
        packet_id: PacketId,
    },
    /// PUBREC came: the message can be forgotten, PUBREL is due until PUBCOMP comes.
    Released {
        /// The message's number.
        number: u64,
        /// Its place among all PUBRECs: PUBRELs are sent again in this order [MQTT-4.6.0-4].
        order: u64,
    },
    /// The exchange is over, whatever its outcome: nothing of it is kept.
    Finished {
        /// The message's number.
        number: u64,
    },
    /// A message at QoS 2 with this Packet Identifier was received and handed over (or acknowledged by the user, if
    /// that is asked for).
    Held(PacketId),
    /// PUBREL came for it.
    Unheld(PacketId),
    /// The Server lost the session: no identifier is held any more.
    AllUnheld,
}

/// What a store holds of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Messages that are not completely acknowledged, in any order.
    pub outgoing: Vec<SavedPublish>,
    /// Packet Identifiers of received QoS 2 messages whose PUBREL has not come.
    pub held: Vec<PacketId>,
}

impl Saved {
    /// Nothing is held.
    pub fn is_empty(&self) -> bool {
        self.outgoing.is_empty() && self.held.is_empty()
    }
}

/// A message that is not completely acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPublish {
    /// Its number.
    pub number: u64,
    /// How far it got.
    pub state: SavedState,
}

/// How far a message got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SavedState {
    /// Accepted, never sent.
    Waiting(Message),
    /// Sent, or about to be, with this identifier.
    Sent(PacketId, Message),
    /// PUBREC came.
    Released {
        /// Its Packet Identifier.
        packet_id: PacketId,
        /// Its place among all PUBRECs.
        order: u64,
    },
}

/// Keeps the state of one session, of one Client Identifier [MQTT-3.1.3-2].
///
/// Calls block; the driver makes them on a thread for blocking work, one at a time.
pub trait Store: Send + 'static {
    /// All that is held for this Client Identifier. Called once, before anything else.
    ///
    /// # Errors
    /// The store can't be read, or belongs to another Client Identifier.
    fn load(&mut self, client_id: &str) -> Result<Saved, StoreError>;

    /// Keeps all of these changes or none of them. When this returns they outlive the process, and for stores that
    /// promise it the machine.
    ///
    /// # Errors
    /// They can't be kept. The driver stops: nothing leaves that was not stored, and nothing accepted is lost from what
    /// was stored before.
    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError>;
}

/// A store can't be read or written.
#[derive(Debug)]
pub struct StoreError(Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// With this cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
