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
//!
//! Feature `store` has [`Disk`], which keeps a session in a directory.
//!
//! # What is promised
//!
//! With [`Disk`] and Clean Session 0, whatever ends the process at whatever instant, if a client with the same directory,
//! Client Identifier and Server is started again, and the Server keeps its session:
//!
//! - A message whose [`publish`](crate::Client::publish) returned reaches the Server: at QoS 1 at least once, at QoS 2
//!   exactly once, whether it was sent or waited in the queue. One whose `publish` did not return was accepted or was
//!   not, and counts in [`Client::accepted`](crate::Client::accepted) or does not.
//! - A received message at QoS 2 is handed over until its acknowledgement was stored, and never again after that:
//!   [`acknowledge_stored`](crate::Received::acknowledge_stored) returns when it was. None is lost. This takes
//!   [manual acknowledgement](crate::SessionOptions::manual_acknowledgement); without it a message counts as acknowledged
//!   when it is handed over, so one that a process that is killed has in hand is not seen again.
//! - A received message at QoS 1 is handed over at least once, as the standard has it: until PUBACK reached the Server.
//!
//! With [`Durability::Disk`], the default, a power cut is no worse than the end of the process, as far as the disk keeps
//! what it says is written. With [`Durability::System`] a power cut may undo the last seconds: messages are lost or doubled
//! then, as are those of a Server that loses its session.
//!
//! # What is left to the application
//!
//! **Who sends** has to know, when it is started again, what was accepted. Between the return of `publish` and any note of
//! its own it can be killed, so notes can't tell; [`Client::accepted`](crate::Client::accepted) does, since it is stored with
//! the message. A program that sends the records of a source in their order goes on with the record whose place that is:
//! each is accepted exactly once. A program with several sources uses a store and a Client Identifier for each, or names
//! the record in the message.
//!
//! **Who receives** can be killed between its work and the storing of the acknowledgement, and gets the message again. It
//! notes what it did together with what it did (a row in the same transaction, a file of the message's name), looks there
//! first, and calls `acknowledge_stored` after. Before it does the next piece of work that must not be done twice it
//! waits for that.
//!
//! **Speed.** All that is accepted while a commit is going on shares the next, so many tasks that publish share one
//! sync of the disk. One task that awaits each `publish` waits for a commit each time; with
//! [`try_publish`](crate::Client::try_publish) and [`stored`](crate::Client::stored) it has one commit for many.
//!
//! **Errors.** A store that fails ends the driver: nothing leaves that was not stored, nothing that was stored is lost, and
//! nothing more is accepted. Who waits is told ([`Error::Store`](crate::Error::Store)); messages that are not complete end as
//! [`Abandoned`](crate::Outcome::Abandoned), and those that are stored go on with the next start.

#[cfg(feature = "store")]
mod disk;

use std::fmt;

use mqtt_codec::PacketId;

#[cfg(feature = "store")]
pub use self::disk::{Damage, Disk, DiskError, Durability};

use crate::message::Message;

/// A change of the session's state. Only messages at QoS 1 and 2 appear here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message was accepted. Its number is above those of all messages that are stored.
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
    /// The Server accepted a connection for the first time: from now on it is expected to keep a session of this client.
    Established,
}

/// What a store holds of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Messages that are not completely acknowledged, in any order.
    pub outgoing: Vec<SavedPublish>,
    /// Packet Identifiers of received QoS 2 messages whose PUBREL has not come.
    pub held: Vec<PacketId>,
    /// How many messages were accepted since the store was made: how often [`Change::Accepted`] was committed.
    pub accepted: u64,
    /// A Server has accepted a connection: [`Change::Established`] was committed.
    pub established: bool,
}

impl Saved {
    /// No message and no identifier is held.
    pub fn is_empty(&self) -> bool {
        self.outgoing.is_empty() && self.held.is_empty()
    }

    /// A Server has accepted a connection, by what it says or by what can't be without.
    pub(crate) fn had_connection(&self) -> bool {
        let was_sent = |publish: &SavedPublish| !matches!(publish.state, SavedState::Waiting(_));
        self.established || !self.held.is_empty() || self.outgoing.iter().any(was_sent)
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
    /// They can't be kept, or it is not known whether they are. The driver stops: nothing leaves that was not stored, and
    /// nothing of what was stored before may be lost.
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

    /// The cause, to be asked for its type.
    ///
    /// ```
    /// # #[cfg(feature = "store")] {
    /// use mqtt_client::Error;
    /// use mqtt_client::store::DiskError;
    ///
    /// fn is_in_use(error: &Error) -> bool {
    ///     let Error::Store(error) = error else { return false };
    ///     matches!(error.get_ref().downcast_ref(), Some(DiskError::Locked { .. }))
    /// }
    /// # }
    /// ```
    pub fn get_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.0
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
