//! Standard output behind a queue of bounded size: who shows something never waits for it.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anstream::AutoStream;

use crate::commands::Color;

/// Bytes that may wait for the terminal.
const QUEUE: usize = 16 << 20;

/// Bytes that are written at once.
const PIECE: usize = 16 << 10;

/// At the end, a terminal that takes nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The queue's writing end.
#[derive(Clone)]
pub(super) struct Terminal(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// Grows with all that is written.
    turns: u64,
    /// Nothing more will come.
    finishing: bool,
    /// All is written, or nobody reads any more.
    over: bool,
}

impl Terminal {
    /// With a thread that writes.
    pub(super) fn start(color: Color) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let writer = Arc::clone(&shared);
        thread::spawn(move || {
            let mut out = AutoStream::new(io::stdout(), color.into());
            while let Some(bytes) = writer.take() {
                let written = bytes.chunks(PIECE).try_for_each(|piece| {
                    out.write_all(piece)?;
                    writer.with(|state| state.turns += 1);
                    Ok::<_, io::Error>(())
                });
                if written.and_then(|()| out.flush()).is_err() {
                    break;
                }
            }
            writer.with(|state| state.over = true);
        });
        Self(shared)
    }

    /// Whether it takes the text; not when too much waits, or when nobody reads any more.
    pub(super) fn takes(&self, text: &[u8]) -> bool {
        self.0.with(|state| {
            let fits = !state.over && state.waiting.len().saturating_add(text.len()) <= QUEUE;
            if fits {
                state.waiting.extend_from_slice(text);
            }
            fits
        })
    }

    /// Nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.0.with(|state| state.over)
    }

    /// Waits until all is written, as long as it goes on.
    pub(super) fn finish(&self) {
        let Shared { state, changed } = self.0.as_ref();
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.finishing = true;
        changed.notify_all();
        let mut turns = None;
        while !state.over && turns != Some(state.turns) {
            turns = Some(state.turns);
            let seen = state.turns;
            (state, _) = changed
                .wait_timeout_while(state, PATIENCE, |state| !state.over && state.turns == seen)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
        changed
    }

    /// What waits, once there is something; `None` at the end.
    fn take(&self) -> Option<Vec<u8>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self
            .changed
            .wait_while(state, |state| state.waiting.is_empty() && !state.finishing)
            .unwrap_or_else(PoisonError::into_inner);
        Some(std::mem::take(&mut state.waiting)).filter(|bytes| !bytes.is_empty())
    }
}
