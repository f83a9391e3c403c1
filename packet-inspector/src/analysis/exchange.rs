//! One message at QoS 1 or 2 on its way, from PUBLISH to the last acknowledgement.

use mqtt_codec::Side;

use super::At;
use crate::capture::Span;

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Sent.
    Publish,
    /// QoS 2: received.
    Pubrec,
    /// QoS 2: released.
    Pubrel,
    /// Complete: PUBACK or PUBCOMP.
    Complete,
}

/// A message and its acknowledgements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The connection.
    pub stream: u32,
    /// Who publishes.
    pub from: Side,
    /// 1 or 2.
    pub qos: u8,
    /// The Packet Identifier.
    pub id: u16,
    /// The Topic Name, as far as it is UTF-8.
    pub topic: String,
    /// How far it has come.
    pub step: Step,
    /// The record and time of each step: PUBLISH, PUBACK; or PUBLISH, PUBREC, PUBREL, PUBCOMP.
    pub(super) steps: Vec<At>,
    /// How often PUBLISH was sent again on this connection.
    pub repeated: u32,
    /// How often PUBLISH was sent on earlier connections of the session; 0 when the message began on this one.
    pub earlier: u32,
    /// PUBLISH was sent on this connection: it does not begin with PUBREL.
    pub(super) is_published: bool,
    /// Tells messages apart.
    pub(super) content: u64,
    /// The place in the order of sending.
    pub(super) order: u64,
    /// The place of the PUBREC in the order of those.
    pub(super) received: u64,
    /// Others with the same identifier were in flight with it: acknowledgements may be theirs.
    pub(super) disputed: bool,
    /// A wrong acknowledgement came, which has been said: the right one may never come.
    pub(super) excused: bool,
}

impl Exchange {
    /// The records of its steps.
    pub fn frames(&self) -> Vec<u64> {
        self.steps.iter().map(|at| at.frame).collect()
    }

    /// How often PUBLISH was sent, on this connection and on earlier ones.
    pub fn sent(&self) -> u32 {
        let here = if self.is_published { self.repeated.saturating_add(1) } else { self.repeated };
        self.earlier.saturating_add(here)
    }

    /// From PUBLISH to the last acknowledgement, when it is complete.
    pub fn latency(&self) -> Option<Span> {
        let (first, last) = (self.steps.first()?, self.steps.last()?);
        (self.step == Step::Complete).then(|| last.time.since(first.time))
    }

    /// The time between each step and the one before it.
    pub fn gaps(&self) -> Vec<Span> {
        self.steps.windows(2).filter_map(|pair| Some(pair.last()?.time.since(pair.first()?.time))).collect()
    }

    pub(super) fn began(&self) -> Option<At> {
        self.steps.first().copied()
    }

    /// The records that show what came of it: where it began, as far as that was seen, and this one.
    pub(super) fn frames_until(&self, at: At) -> [u64; 2] {
        [self.began().map_or(at.frame, |began| began.frame), at.frame]
    }

    pub(super) fn go(&mut self, step: Step, at: At) {
        self.step = self.step.max(step);
        if self.steps.len() < 4 {
            self.steps.push(at);
        }
    }
}
