//! A handle on one accepted message.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::client::shared::Shared;
use crate::session::{Outcome, Tag};

/// An accepted message on its way: await it for its [`Outcome`], or drop it, which changes nothing for the message.
///
/// Cancel-safe: it can be polled through `&mut` in a `select!` and awaited again.
#[must_use = "dropping it is fine, awaiting it tells how the message ended"]
pub struct Delivery {
    shared: Arc<Shared>,
    /// `None` when the outcome was given.
    tag: Option<Tag>,
}

impl Delivery {
    #[inline]
    pub(crate) fn new(shared: Arc<Shared>, tag: Tag) -> Self {
        Self { shared, tag: Some(tag) }
    }

    /// The outcome, if it is known already.
    pub fn outcome(&self) -> Option<Outcome> {
        self.shared.lock().deliveries.peek(self.tag?)
    }
}

impl Future for Delivery {
    type Output = Outcome;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        // Polled after its end: it waits for ever, like any future that misuses must not panic.
        let Some(tag) = self.tag else { return Poll::Pending };
        let outcome = self.shared.lock().deliveries.poll(tag, context.waker());
        match outcome {
            Some(outcome) => {
                self.tag = None;
                Poll::Ready(outcome)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Delivery {
    #[inline]
    fn drop(&mut self) {
        if let Some(tag) = self.tag {
            self.shared.lock().deliveries.forget(tag);
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("tag", &self.tag).finish_non_exhaustive()
    }
}
