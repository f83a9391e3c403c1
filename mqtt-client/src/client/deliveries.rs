//! Which publishes somebody waits for, without an allocation for each.

use std::task::Waker;

use crate::session::{Outcome, Tag};

/// Slots that are used again; a [`Tag`] is the place of one.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    slots: Vec<Slot>,
    free: Vec<Tag>,
}

#[derive(Debug)]
enum Slot {
    Free,
    /// Not complete; somebody may wait.
    Pending(Option<Waker>),
    Done(Outcome),
    /// Not complete, and nobody wants to know.
    Dropped,
}

impl Deliveries {
    /// A slot for a publish.
    #[inline]
    pub(crate) fn insert(&mut self) -> Tag {
        if let Some(tag) = self.free.pop()
            && let Some(slot) = self.slot(tag)
        {
            *slot = Slot::Pending(None);
            return tag;
        }
        // Fewer than 2³² are accepted at a time, by far.
        let tag = Tag(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.slots.push(Slot::Pending(None));
        tag
    }

    /// The publish was not accepted, or its outcome was taken.
    #[inline]
    fn release(&mut self, tag: Tag) {
        if let Some(slot) = self.slot(tag) {
            *slot = Slot::Free;
            self.free.push(tag);
        }
    }

    #[inline]
    fn slot(&mut self, tag: Tag) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(tag.0).ok()?)
    }

    /// The publish ended; gives back who is to be woken.
    #[inline]
    pub(crate) fn complete(&mut self, tag: Tag, outcome: Outcome) -> Option<Waker> {
        let slot = self.slot(tag)?;
        match slot {
            Slot::Pending(waker) => {
                let waker = waker.take();
                *slot = Slot::Done(outcome);
                waker
            }
            Slot::Dropped => {
                self.release(tag);
                None
            }
            Slot::Free | Slot::Done(_) => None,
        }
    }

    /// The outcome, after which the slot is free; else the waker is kept.
    #[inline]
    pub(crate) fn poll(&mut self, tag: Tag, waker: &Waker) -> Option<Outcome> {
        let slot = self.slot(tag)?;
        match slot {
            Slot::Done(outcome) => {
                let outcome = *outcome;
                self.release(tag);
                Some(outcome)
            }
            Slot::Pending(Some(kept)) => {
                kept.clone_from(waker);
                None
            }
            Slot::Pending(none) => {
                *none = Some(waker.clone());
                None
            }
            Slot::Free | Slot::Dropped => None,
        }
    }

    /// The outcome, if it is known, without taking it.
    pub(crate) fn peek(&mut self, tag: Tag) -> Option<Outcome> {
        match self.slot(tag)? {
            Slot::Done(outcome) => Some(*outcome),
            _ => None,
        }
    }

    /// Nobody waits any more.
    #[inline]
    pub(crate) fn forget(&mut self, tag: Tag) {
        match self.slot(tag) {
            Some(slot @ Slot::Pending(_)) => *slot = Slot::Dropped,
            Some(Slot::Done(_)) => self.release(tag),
            _ => {}
        }
    }

    /// The publish with this slot was refused.
    pub(crate) fn cancel(&mut self, tag: Tag) {
        self.release(tag);
    }
}
