//! Requests that were answered: CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ.

use super::{At, Context, Listener};
use crate::capture::Span;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// CONNECT, answered by CONNACK.
    Connect,
    /// SUBSCRIBE, answered by SUBACK.
    Subscribe,
    /// UNSUBSCRIBE, answered by UNSUBACK.
    Unsubscribe,
    /// PINGREQ, answered by PINGRESP.
    Ping,
}

/// A request of the Client and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The connection.
    pub stream: u32,
    /// What was asked for.
    pub asked: Asked,
    /// The records of the request and of the answer.
    pub frames: [u64; 2],
    /// From the one to the other.
    pub latency: Span,
}

impl<L: Listener> Context<'_, L> {
    /// Tells of an answer.
    pub(super) fn answered(&mut self, asked: Asked, request: At, answer: At) {
        let (frames, latency) = ([request.frame, answer.frame], answer.time.since(request.time));
        self.listener.answered(&Answered { stream: self.stream, asked, frames, latency });
    }
}
