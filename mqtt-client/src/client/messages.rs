//! Received messages, and the streams that they come in.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use mqtt_codec::{PacketId, SubackReturnCode, TopicFilterBuf};

use crate::client::Alive;
use crate::client::shared::Shared;
use crate::client::streams::{Empty, StreamId};
use crate::message::Message;
use crate::session::{Acknowledgement, Arrival};

/// A message that came from the Server. It is a [`Message`] by `Deref`.
///
/// Topic and payload share the memory of the buffer that they were read into: copy what is to be kept for long.
#[derive(Clone)]
pub struct Received {
    message: Message,
    dup: bool,
    packet_id: Option<PacketId>,
    acknowledgement: Option<(Arc<Shared>, Acknowledgement)>,
}

impl Received {
    #[inline]
    fn new(arrival: Arrival, shared: &Arc<Shared>) -> Self {
        let Arrival { message, dup, packet_id, acknowledgement } = arrival;
        let acknowledgement = acknowledgement.map(|acknowledgement| (Arc::clone(shared), acknowledgement));
        Self { message, dup, packet_id, acknowledgement }
    }

    /// The message alone.
    pub fn into_message(self) -> Message {
        self.message
    }

    /// DUP: the Server may have sent it before (3.3.1.1).
    pub fn is_dup(&self) -> bool {
        self.dup
    }

    /// The Packet Identifier that it came with, at QoS 1 and 2 (2.3.1). It says nothing of the message.
    pub fn packet_id(&self) -> Option<PacketId> {
        self.packet_id
    }

    /// Says that the message is done with, so that PUBACK or PUBREC may leave. Without
    /// [manual acknowledgement](crate::SessionOptions::manual_acknowledgement) it does nothing, and so it does from the
    /// second time on, also for a clone.
    ///
    /// They leave in the order of their messages [MQTT-4.6.0-2] [MQTT-4.6.0-3], so one that is not acknowledged keeps back
    /// those after it.
    pub fn acknowledge(&self) {
        if let Some((shared, acknowledgement)) = &self.acknowledgement {
            let mut state = shared.lock();
            state.session.acknowledge(*acknowledgement);
            Shared::wake_driver(state);
        }
    }

    /// The same, and waits until the store has it: from then on a message at QoS 2 never comes again, not even after a
    /// crash. Without a store it returns at once.
    ///
    /// Cancel-safe: when it is dropped the message is acknowledged, stored or not.
    ///
    /// # Errors
    /// The driver stopped before it was stored.
    pub async fn acknowledge_stored(&self) -> Result<(), crate::Closed> {
        self.acknowledge();
        match &self.acknowledgement {
            Some((shared, _)) => shared.stored().await,
            None => Ok(()),
        }
    }
}

impl Deref for Received {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("message", &self.message)
            .field("dup", &self.dup)
            .finish_non_exhaustive()
    }
}

/// All messages that come, whatever subscription they come for: see [`Client::messages`](crate::Client::messages).
///
/// Also a [`Stream`].
pub struct Messages {
    alive: Arc<Alive>,
    id: StreamId,
    /// Taken from the queue together, and not given to the user yet.
    batch: VecDeque<Arrival>,
}

impl Messages {
    pub(crate) fn new(alive: Arc<Alive>, filters: Option<Vec<TopicFilterBuf>>) -> Self {
        let mut state = alive.shared().lock();
        let ended = state.ended.is_some();
        let id = state.streams.open(filters, ended);
        drop(state);
        Self { alive, id, batch: VecDeque::new() }
    }

    /// The next message; `None` when the client is closed and all were taken.
    ///
    /// Cancel-safe: when it is dropped no message is lost.
    pub async fn next(&mut self) -> Option<Received> {
        poll_fn(|context| self.poll(context)).await
    }

    /// The next message, if it is there already.
    pub fn try_next(&mut self) -> Option<Received> {
        if self.batch.is_empty() {
            let mut state = self.alive.shared().lock();
            state.streams.take(self.id, &mut self.batch).ok()?;
            // The driver may have stopped reading for them.
            Shared::wake_driver_to_read(state);
        }
        self.next_of_batch()
    }

    #[inline]
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Received>> {
        if self.batch.is_empty() {
            match self.poll_batch(context) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(self.next_of_batch())
    }

    /// Takes what waits; `false` when nothing will come any more. Once for many messages, so that the way of each is short.
    #[inline(never)]
    fn poll_batch(&mut self, context: &Context<'_>) -> Poll<bool> {
        let mut state = self.alive.shared().lock();
        match state.streams.take(self.id, &mut self.batch) {
            Ok(()) => {
                Shared::wake_driver_to_read(state);
                Poll::Ready(true)
            }
            Err(Empty::Ended) => Poll::Ready(false),
            Err(Empty::NotYet) => {
                state.streams.wait(self.id, context.waker());
                Poll::Pending
            }
        }
    }

    #[inline]
    fn next_of_batch(&mut self) -> Option<Received> {
        Some(Received::new(self.batch.pop_front()?, self.alive.shared()))
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        let mut state = self.alive.shared().lock();
        state.streams.close(self.id);
        Shared::wake_driver(state);
    }
}

impl Stream for Messages {
    type Item = Received;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Received>> {
        self.poll(context)
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A subscription that the Server granted, and a stream of the messages that match it. Dropping it ends the stream, not
/// the subscription: for that see [`Client::unsubscribe`](crate::Client::unsubscribe).
///
/// Also a [`Stream`].
#[derive(Debug)]
pub struct Subscription {
    pub(crate) messages: Messages,
    pub(crate) return_codes: Vec<SubackReturnCode>,
}

impl Subscription {
    /// What the Server answered: the granted QoS or the refusal of each filter, in their order [MQTT-3.8.4-5].
    pub fn return_codes(&self) -> &[SubackReturnCode] {
        &self.return_codes
    }

    /// The next message that matches; `None` when the client is closed and all were taken.
    ///
    /// Cancel-safe: when it is dropped no message is lost.
    pub async fn next(&mut self) -> Option<Received> {
        self.messages.next().await
    }

    /// The next message, if it is there already.
    pub fn try_next(&mut self) -> Option<Received> {
        self.messages.try_next()
    }
}

impl Stream for Subscription {
    type Item = Received;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Received>> {
        self.messages.poll(context)
    }
}
