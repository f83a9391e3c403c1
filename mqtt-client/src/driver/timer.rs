//! Waiting for deadlines that mostly move on before they are reached.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::Sleep;

/// Set anew only when it would ring too late: a deadline that moves on costs nothing, and is looked at when it rings.
#[derive(Debug, Default)]
pub(super) struct Timer(Option<(Instant, Pin<Box<Sleep>>)>);

impl Timer {
    /// Ready at this time, or before: the deadline is to be looked at again then.
    pub(super) fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = match &mut self.0 {
            Some((rings, sleep)) => {
                if deadline < *rings {
                    *rings = deadline;
                    sleep.as_mut().reset(deadline.into());
                }
                sleep
            }
            none => &mut none.insert((deadline, Box::pin(tokio::time::sleep_until(deadline.into())))).1,
        };
        ready!(sleep.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(())
    }
}
