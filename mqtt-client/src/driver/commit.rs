//! Storing changes before the packets that rest on them leave.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::JoinHandle;

use crate::client::shared::Shared;
use crate::session::Outbox;
use crate::store::{Change, Store, StoreError};

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
        if let Some(mut store) = self.store.take() {
            self.running = Some(tokio::task::spawn_blocking(move || {
                let result = store.commit(&changes);
                (store, result)
            }));
        }
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
