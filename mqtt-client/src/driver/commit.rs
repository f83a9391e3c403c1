//! Storing changes before the packets that rest on them leave.
//!
//! # What may wait
//!
//! Nobody waits for [`Change::Finished`], and no packet rests on it: a batch of nothing else goes with the next one, or by
//! itself after [`MOMENT`]. So a message costs one commit less. Of a process that is killed before, the next one finds the
//! message as it was before its last acknowledgement came:
//!
//! - At QoS 1 it is sent again, with DUP: at least once, as the standard has it.
//! - At QoS 2 PUBREL is sent again, and answered by PUBCOMP whatever the Server knows of it [MQTT-4.3.3-2]. PUBLISH is not:
//!   that PUBREC came was stored before PUBREL left.
//!
//! Both have the Packet Identifier that they had. That the identifier is free is known to the session at once, and it may
//! give it to another message; but that one's change comes after `Finished`, a batch is stored whole or not at all, one
//! after the other, and the message leaves after its batch is stored. So no message leaves with an identifier that the
//! store holds for another, and none comes back with one that another has taken. SUBSCRIBE and UNSUBSCRIBE may: they end with
//! the connection, and the Server tells their identifiers from those of messages by the packet that they come in.
//!
//! What has to be stored first, on the way of one message at QoS 2: [`Change::Accepted`] before PUBLISH leaves,
//! [`Change::Released`] before PUBREL does. These start a commit at once, and take along all that has gathered.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::client::shared::Shared;
use crate::driver::timer::Timer;
use crate::session::Outbox;
use crate::store::{Change, Store, StoreError};

/// How long changes wait that nobody waits for.
const MOMENT: Duration = Duration::from_millis(10);

/// The store, and the one commit that may be going on. While it does, changes gather for the next: so many messages share
/// one commit.
#[derive(Default)]
pub(super) struct Committer {
    store: Option<Box<dyn Store>>,
    running: Option<JoinHandle<Committed>>,
    /// What may leave when the commit is done.
    held: Outbox,
    /// A commit failed: none is made after it, so that nothing is stored that rests on what is not.
    failed: bool,
    /// Changes that nobody waits for are stored then.
    due: Option<Instant>,
    timer: Timer,
}

/// The store back, and whether it stored.
type Committed = (Box<dyn Store>, Result<(), StoreError>);

impl Committer {
    pub(super) fn new(store: Option<Box<dyn Store>>) -> Self {
        Self { store, ..Self::default() }
    }

    /// A commit is going on.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Stores these changes on a thread for blocking work, and keeps `held` back until that is done.
    pub(super) fn start(&mut self, changes: Vec<Change>, held: Outbox) {
        debug_assert!(self.running.is_none(), "one at a time");
        self.held = held;
        self.due = None;
        if let Some(mut store) = self.store.take() {
            self.running = Some(tokio::task::spawn_blocking(move || {
                let result = store.commit(&changes);
                (store, result)
            }));
        }
    }

    /// Whether changes that nobody waits for have waited long enough, from the first time that it is asked on.
    pub(super) fn is_moment_over(&mut self, context: &mut Context<'_>) -> bool {
        let mut now = Instant::now();
        let due = *self.due.get_or_insert(now + MOMENT);
        while now < due {
            if self.timer.poll(due.into_std(), context).is_pending() {
                return false;
            }
            now = Instant::now();
        }
        true
    }

    /// Waits for the commit, and gives what may leave now.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Outbox, StoreError>> {
        let Some(running) = &mut self.running else { return Poll::Pending };
        let joined = ready!(Pin::new(running).poll(context));
        self.running = None;
        let result = match joined {
            Ok((store, result)) => {
                self.store = Some(store);
                result.map(|()| std::mem::take(&mut self.held))
            }
            // The store panicked, or the runtime shuts down: what is stored is not known.
            Err(error) => Err(StoreError::new(error)),
        };
        self.failed |= result.is_err();
        Poll::Ready(result)
    }

    /// Stores what changes while there is no connection.
    pub(super) fn poll_offline(
        &mut self,
        context: &mut Context<'_>,
        shared: &Shared,
    ) -> Result<(), StoreError> {
        loop {
            if self.is_running() {
                match self.poll(context) {
                    Poll::Pending => return Ok(()),
                    Poll::Ready(result) => {
                        result?;
                        shared.batch_stored();
                    }
                }
            }
            let mut state = shared.lock();
            if self.failed || !state.session.has_changes() {
                return Ok(());
            }
            // There are no bytes, and the session keeps its own outbox.
            let mut nothing = Outbox::default();
            let changes = state.take_batch(&mut nothing, false);
            drop(state);
            self.start(changes, nothing);
        }
    }

    /// Stores what is left to be stored, and lets go of the store: then another client can have it.
    pub(super) async fn close(&mut self, shared: &Shared) -> Result<(), StoreError> {
        let result = poll_fn(|context| {
            self.poll_offline(context, shared)?;
            if self.is_running() { Poll::Pending } else { Poll::Ready(Ok(())) }
        })
        .await;
        self.store = None;
        result
    }

    /// Bytes that wait for the commit.
    pub(super) fn held_len(&self) -> usize {
        self.held.len()
    }

    /// The connection is gone, and what was to leave on it.
    pub(super) fn connection_lost(&mut self) {
        self.held.clear();
    }
}
