//! The handle that users hold.

pub(crate) mod deliveries;
mod delivery;
mod messages;
mod observe;
pub(crate) mod room;
pub(crate) mod shared;
pub(crate) mod streams;

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use mqtt_codec::{QoS, SubackReturnCode, TextError, TopicFilterBuf};
use tokio::time::Instant;

pub use crate::client::delivery::Delivery;
pub use crate::client::messages::{Messages, Received, Subscription};
pub use crate::client::observe::{ConnectionEvent, ConnectionEvents, Statistics};

use crate::client::room::Turn;
use crate::client::shared::{Closing, Shared, State};
use crate::error::{Closed, PublishError, SubscribeError, TryPublishError};
use crate::message::Message;
use crate::session::Refused;

/// A client: cheap to clone, for any number of tasks.
///
/// When the last clone and the last stream of messages are dropped, the driver completes what was accepted, sends
/// DISCONNECT and stops; nothing accepted is lost by dropping a handle.
#[derive(Clone)]
pub struct Client {
    alive: Arc<Alive>,
}

/// Keeps the driver going.
pub(crate) struct Alive {
    shared: Arc<Shared>,
}

impl Alive {
    #[inline]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closing.get_or_insert(Closing { deadline: None });
        Shared::wake_driver(state);
    }
}

/// What was left when a client was disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Accepted messages that were not complete. With a store they are kept, and go on with the next start.
    pub messages: usize,
    /// They are in the store.
    pub stored: bool,
}

impl Client {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { alive: Arc::new(Alive { shared }) }
    }

    #[inline]
    fn shared(&self) -> &Arc<Shared> {
        &self.alive.shared
    }

    /// Hands a message over. Returns once it is accepted: from then on it will have an [`Outcome`](crate::Outcome),
    /// which the [`Delivery`] tells. Waits while the [queue](crate::SessionOptions::queue) is full, and with a store
    /// until the message is stored.
    ///
    /// Cancel-safe: when it is dropped before it returned, the message was accepted or it was not; with a store it can
    /// be accepted though not stored yet.
    ///
    /// # Errors
    /// The message is too long, or the client is closed.
    pub async fn publish(&self, message: Message) -> Result<Delivery, PublishError> {
        let at_least_once = message.qos != QoS::AtMostOnce;
        let accepted = {
            let state = self.shared().lock();
            if state.session.has_much_to_send() { Err(message) } else { Ok(self.accept(state, message)) }
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(message) => {
                // Who never waits would keep the driver from its turn: better that it writes what is there than that
                // more piles up.
                tokio::task::yield_now().await;
                self.try_publish(message)
            }
        };
        let delivery = match accepted {
            Ok(delivery) if !self.shared().is_stored => return Ok(delivery),
            Ok(delivery) => delivery,
            Err(TryPublishError::Never(error)) => return Err(error),
            Err(TryPublishError::Full(message)) => self.accept_in_turn(message).await?,
        };
        self.kept(delivery, at_least_once).await
    }

    /// Hands a message over when there is room for it.
    async fn accept_in_turn(&self, message: Message) -> Result<Delivery, PublishError> {
        let mut message = Some(message);
        let mut turn = Turn::new(self.shared());
        poll_fn(|context| self.poll_accept(&mut message, &mut turn, context)).await
    }

    fn poll_accept(
        &self,
        message: &mut Option<Message>,
        turn: &mut Turn<'_>,
        context: &Context<'_>,
    ) -> Poll<Result<Delivery, PublishError>> {
        let mut state = self.shared().lock();
        turn.come(&mut state);
        if !state.session.has_room() && state.check_open().is_ok() {
            turn.wait(&mut state, context.waker());
            return Poll::Pending;
        }
        // It is there until it is accepted or refused for good.
        let Some(taken) = message.take() else { return Poll::Pending };
        let accepted = self.accept(state, taken);
        // There may be more room than was thought.
        self.shared().call_waiting(self.shared().lock());
        match accepted {
            Ok(delivery) => Poll::Ready(Ok(delivery)),
            Err(TryPublishError::Never(error)) => Poll::Ready(Err(error)),
            Err(TryPublishError::Full(again)) => {
                // Never, with room.
                *message = Some(again);
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Waits until an accepted message is stored.
    async fn kept(&self, delivery: Delivery, at_least_once: bool) -> Result<Delivery, PublishError> {
        if at_least_once {
            self.shared().stored().await?;
        }
        Ok(delivery)
    }

    /// Hands a message over without waiting. With a store it is stored before it leaves, but perhaps after this returns.
    ///
    /// # Errors
    /// The queue is full, the message is too long, or the client is closed.
    #[inline]
    pub fn try_publish(&self, message: Message) -> Result<Delivery, TryPublishError> {
        self.accept(self.shared().lock(), message)
    }

    #[inline]
    fn accept(
        &self,
        mut state: MutexGuard<'_, State>,
        message: Message,
    ) -> Result<Delivery, TryPublishError> {
        if let Err(closed) = state.check_open() {
            return Err(PublishError::Closed(closed).into());
        }
        let tag = state.deliveries.insert();
        match state.session.publish(message, Some(tag)) {
            Ok(()) => {
                Shared::wake_driver(state);
                Ok(Delivery::new(Arc::clone(self.shared()), tag))
            }
            Err(refused) => {
                state.deliveries.cancel(tag);
                Err(match refused {
                    Refused::Full(message) => TryPublishError::Full(message),
                    Refused::TooLong(message) => PublishError::TooLong(message).into(),
                })
            }
        }
    }

    /// Waits until everything is stored that was accepted until now. With [`try_publish`](Self::try_publish) before it, one
    /// task stores many messages with one commit. Without a store it returns at once.
    ///
    /// Cancel-safe.
    ///
    /// ```no_run
    /// # async fn example(client: mqtt_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use mqtt_client::{Message, QoS};
    ///
    /// for line in ["one", "two", "three"] {
    ///     let message = Message::new("lines", line)?.qos(QoS::ExactlyOnce);
    ///     let _ = client.try_publish(message)?;
    /// }
    /// client.stored().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The driver stopped before that.
    pub async fn stored(&self) -> Result<(), Closed> {
        self.shared().stored().await
    }

    /// How many messages at QoS 1 and 2 were accepted by this client; with a store, by all clients that had it, one after
    /// the other. So a program that sends the records of a source, one by one and in their order, knows where to go on
    /// after a crash, however it ended: with the record whose place this is.
    ///
    /// ```no_run
    /// # async fn example(client: mqtt_client::Client, lines: Vec<&'static str>)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// use mqtt_client::{Message, QoS};
    ///
    /// let already = usize::try_from(client.accepted())?;
    /// for line in lines.into_iter().skip(already) {
    ///     let _ = client.publish(Message::new("lines", line)?.qos(QoS::ExactlyOnce)).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn accepted(&self) -> u64 {
        self.shared().lock().session.accepted()
    }

    /// Subscribes to one filter, and gives a stream of just the messages that match it.
    ///
    /// The subscription is made again by itself when the Server lost the session.
    ///
    /// Cancel-safe: when it is dropped, the Server may have been asked or not.
    ///
    /// ```no_run
    /// # async fn example(client: mqtt_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use mqtt_client::QoS;
    ///
    /// let mut lights = client.subscribe("home/+/status", QoS::AtLeastOnce).await?;
    /// while let Some(message) = lights.next().await {
    ///     println!("{}: {:?}", message.topic, message.payload);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The text is no Topic Filter, the Server refused it, or the client is closed.
    pub async fn subscribe<F>(&self, filter: F, qos: QoS) -> Result<Subscription, SubscribeError>
    where
        F: TryInto<TopicFilterBuf, Error: Into<TextError>>,
    {
        let filter = filter.try_into().map_err(Into::into)?;
        self.subscribe_all(vec![(filter, qos)]).await
    }

    /// Subscribes to several filters with one SUBSCRIBE, and gives a stream of the messages that match any of them. What
    /// was granted is in [`Subscription::return_codes`].
    ///
    /// Cancel-safe: when it is dropped, the Server may have been asked or not.
    ///
    /// # Errors
    /// The list is empty or too long, the Server refused every filter, or the client is closed.
    pub async fn subscribe_all(
        &self,
        filters: Vec<(TopicFilterBuf, QoS)>,
    ) -> Result<Subscription, SubscribeError> {
        // Messages may come before SUBACK does.
        let names: Vec<_> = filters.iter().map(|(filter, _)| filter.clone()).collect();
        let messages = Messages::new(Arc::clone(&self.alive), Some(names));
        let return_codes = self.ask_subscribe(filters).await?;
        if return_codes.iter().all(|code| *code == SubackReturnCode::Failure) {
            return Err(SubscribeError::Refused);
        }
        Ok(Subscription { messages, return_codes })
    }

    /// Subscribes without a stream of its own: for who takes all messages from [`messages`](Self::messages). Gives what
    /// the Server answered for each filter, refusals too.
    ///
    /// Cancel-safe: when it is dropped, the Server may have been asked or not.
    ///
    /// # Errors
    /// The list is empty or too long, or the client is closed.
    pub async fn ask_subscribe(
        &self,
        filters: Vec<(TopicFilterBuf, QoS)>,
    ) -> Result<Vec<SubackReturnCode>, SubscribeError> {
        self.ask(|session, tag| session.subscribe(filters, tag)).await
    }

    /// Ends subscriptions. Streams of them get no more messages, but stay open.
    ///
    /// Cancel-safe: when it is dropped, the Server may have been asked or not.
    ///
    /// # Errors
    /// The list is empty or too long, or the client is closed.
    pub async fn unsubscribe(&self, filters: Vec<TopicFilterBuf>) -> Result<(), SubscribeError> {
        self.ask(|session, tag| session.unsubscribe(filters, tag)).await.map(drop)
    }

    async fn ask(
        &self,
        ask: impl FnOnce(
            &mut crate::session::Session,
            crate::session::Tag,
        ) -> Result<(), crate::session::RequestError>,
    ) -> Result<Vec<SubackReturnCode>, SubscribeError> {
        let answer = {
            let mut state = self.shared().lock();
            state.check_open()?;
            let (tag, answer) = state.new_request();
            if let Err(error) = ask(&mut state.session, tag) {
                state.forget_request(tag);
                return Err(error.into());
            }
            Shared::wake_driver(state);
            answer
        };
        answer.await.unwrap_or_else(|_| {
            let state = self.shared().lock();
            Err(SubscribeError::Closed(state.ended.clone().unwrap_or(Closed::Disconnected)))
        })
    }

    /// A stream of all messages that come from now on, whatever they come for. Messages that no stream wants are
    /// acknowledged and dropped, and counted in [`Statistics::unclaimed`].
    pub fn messages(&self) -> Messages {
        Messages::new(Arc::clone(&self.alive), None)
    }

    /// Waits until the Server has accepted the connection.
    ///
    /// Cancel-safe.
    ///
    /// # Errors
    /// The client is closed.
    pub async fn connected(&self) -> Result<(), Closed> {
        loop {
            let changed = self.shared().changed.notified();
            {
                let state = self.shared().lock();
                if state.session.is_online() {
                    return Ok(());
                }
                state.check_open()?;
            }
            changed.await;
        }
    }

    /// Whether the Server has accepted a connection that is not lost.
    pub fn is_connected(&self) -> bool {
        self.shared().lock().session.is_online()
    }

    /// Accepts nothing more, completes what was accepted, and the exchanges of received messages that were acknowledged,
    /// for at most so long, sends DISCONNECT, and waits for the end of the driver. What is left then is told, and each of
    /// it gets [`Outcome::Abandoned`](crate::Outcome::Abandoned).
    ///
    /// Cancel-safe: when it is dropped, the client still disconnects.
    ///
    /// # Errors
    /// The driver stopped because of a failure.
    pub async fn disconnect(&self, within: Duration) -> Result<Leftover, Closed> {
        {
            let mut state = self.shared().lock();
            let deadline = Instant::now().into_std().checked_add(within);
            state.closing.get_or_insert(Closing { deadline }).deadline = deadline;
            Shared::wake_driver(state);
        }
        loop {
            let changed = self.shared().changed.notified();
            {
                let state = self.shared().lock();
                match &state.ended {
                    Some(Closed::Disconnected) => {
                        return Ok(Leftover { messages: state.unfinished, stored: self.shared().is_stored });
                    }
                    Some(failed) => return Err(failed.clone()),
                    None => {}
                }
            }
            changed.await;
        }
    }

    /// What was sent, received and so on until now.
    pub fn statistics(&self) -> Statistics {
        let state = self.shared().lock();
        Statistics {
            in_flight: state.session.in_flight(),
            queued: state.session.waiting(),
            sent: state.session.sent(),
            resent: state.session.resent(),
            ..state.statistics
        }
    }

    /// What happens to the connection from now on. Whoever is slow misses the oldest.
    pub fn events(&self) -> ConnectionEvents {
        ConnectionEvents::new(self.shared().lock().observe())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("connected", &self.is_connected()).finish_non_exhaustive()
    }
}
