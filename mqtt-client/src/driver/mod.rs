//! Does the I/O: connects, moves bytes between the network and the session, stores, sleeps, and tries again.

mod commit;
mod connection;
pub(crate) mod options;
pub(crate) mod reconnect;
mod timer;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::client::shared::Shared;
use crate::client::streams::Streams;
use crate::client::{Client, ConnectionEvent};
use crate::driver::commit::Committer;
use crate::driver::connection::Connection;
use crate::driver::options::{Connecting, Options, Tap, Target};
use crate::driver::reconnect::{Reconnect, Standing, Tally};
use crate::error::{Closed, Error};
use crate::session::{ConnectionError, Session};
use crate::store::StoreError;
use crate::trace::{self, info};
use crate::transport::{self, BoxIo, TransportOptions};

/// How long closing the transport may take.
const SHUTDOWN: Duration = Duration::from_secs(1);
/// How long the last commit may take.
const LAST_COMMIT: Duration = Duration::from_secs(10);

/// A client, and the future that does its work. Nothing happens before that is polled: take streams of messages first, and
/// nothing is missed.
///
/// ```no_run
/// use mqtt_client::{Message, Options, QoS, SessionOptions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let options = Options::new("mqtt://localhost".parse()?, SessionOptions::new("PythonPub"));
/// let (client, driver) = mqtt_client::connect(options).await?;
/// tokio::spawn(driver.run());
/// let delivery = client.publish(Message::new("internet", "IOT")?.qos(QoS::AtLeastOnce)).await?;
/// println!("{}", delivery.await);
/// # Ok(())
/// # }
/// ```
///
/// Cancel-safe: when it is dropped, nothing was sent. A store that is being read then is read to its end in the background, and
/// let go of.
///
/// # Errors
/// The options can't be used, or the store can't be read. The network has not been touched.
pub async fn connect(options: Options) -> Result<(Client, Driver), Error> {
    let Options {
        session,
        target,
        transport,
        reconnect,
        settled_after,
        store,
        tap,
        unread_messages,
        unread_bytes,
        unread_timeout,
    } = options;
    let client_id = session.client_id().to_owned();
    let (mut session, store) = match store {
        None => (Session::new(session)?, None),
        Some(mut store) => {
            let id = client_id.clone();
            let load = move || {
                let saved = store.load(&id);
                (store, saved)
            };
            let (store, saved) = tokio::task::spawn_blocking(load).await.map_err(StoreError::new)?;
            (Session::restore(session, saved?)?, Some(store))
        }
    };
    if tap.is_some() {
        session.set_contiguous();
    }
    let streams = Streams::new(unread_messages, unread_bytes);
    let shared = Shared::new(session, store.is_some(), streams, unread_timeout);
    let committer = Committer::new(store);
    let driver = Driver {
        shared: Arc::clone(&shared),
        client_id,
        target,
        next: 0,
        connections: 0,
        transport,
        reconnect,
        settled_after,
        tally: Tally::default(),
        committer,
        tap,
    };
    Ok((Client::new(shared), driver))
}

/// The same, and spawns the driver on the current runtime. The stream gets all messages from the first on; drop it if they
/// are not wanted.
///
/// Cancel-safe, as [`connect`] is: when it is dropped, nothing was spawned.
///
/// # Errors
/// As for [`connect`].
pub async fn start(options: Options) -> Result<(Client, crate::Messages), Error> {
    let (client, driver) = connect(options).await?;
    let messages = client.messages();
    tokio::spawn(driver.run());
    Ok((client, messages))
}

/// Does the work of a client: see [`connect`].
#[must_use = "nothing happens unless it runs"]
pub struct Driver {
    shared: Arc<Shared>,
    /// For the log.
    client_id: String,
    target: Target,
    /// The address that is tried next.
    next: usize,
    /// Transports that were opened.
    connections: u64,
    transport: TransportOptions,
    reconnect: Box<dyn Reconnect>,
    settled_after: Duration,
    tally: Tally,
    committer: Committer,
    tap: Option<Tap>,
}

impl Driver {
    /// Works until the client is disconnected or dropped, or a failure is final.
    ///
    /// Dropping the future stops the client at once: connections are closed without DISCONNECT, and everything that is
    /// incomplete is abandoned (kept, if there is a store). A commit that is going on goes on, and has the store until
    /// then; when this future ends by itself, the store is free.
    ///
    /// # Errors
    /// The failure that it stopped for.
    pub fn run(self) -> impl Future<Output = Result<(), Arc<Error>>> + Send {
        // Not an `async fn`: that would have room for what it is given twice.
        let mut driver = self;
        async move {
            let client_id = std::mem::take(&mut driver.client_id);
            trace::client(&client_id, driver.run_to_the_end()).await
        }
    }

    async fn run_to_the_end(&mut self) -> Result<(), Arc<Error>> {
        let mut result = self.work().await;
        if let Err(error) = self.close_store().await {
            result = result.and(Err(Arc::new(error.into())));
        }
        self.end(Closed::of(&result));
        info!("ended");
        result
    }

    async fn close_store(&mut self) -> Result<(), StoreError> {
        tokio::time::timeout(LAST_COMMIT, self.committer.close(&self.shared))
            .await
            .unwrap_or_else(|elapsed| Err(StoreError::new(elapsed)))
    }

    fn tell(&self, event: ConnectionEvent) {
        let mut state = self.shared.lock();
        state.tell(event);
        self.shared.pass_on(state);
    }

    fn end(&self, reason: Closed) {
        let mut state = self.shared.lock();
        state.end(reason);
        self.shared.pass_on(state);
        self.shared.no_more_commits();
        self.shared.changed.notify_waiters();
    }

    async fn work(&mut self) -> Result<(), Arc<Error>> {
        loop {
            let failed = match self.connect().await {
                Ok(io) => {
                    let (end, standing) = self.converse(io).await;
                    self.connection_lost();
                    let Err(error) = end else { return Ok(()) };
                    let is_half_open = matches!(error, Error::Connection(ConnectionError::NoPingresp));
                    let is_at_fault = matches!(error, Error::Connection(_));
                    if is_at_fault || error.is_permanent() {
                        // Perhaps another Server of the cluster does better.
                        self.next += 1;
                    }
                    self.tally.connection_ended(standing, is_at_fault && !is_half_open);
                    self.tally.address_failed(error.is_permanent());
                    Stop::Failed(error)
                }
                Err(stop) => stop,
            };
            let Stop::Failed(error) = failed else { return Ok(()) };
            let addresses = self.target.addresses();
            let pause = match &error {
                Error::Store(_) => None,
                error => self.reconnect.next(&self.tally.failure(error, addresses)),
            };
            let error = Arc::new(error);
            let event = ConnectionEvent::Disconnected { error: Arc::clone(&error), retry_in: pause };
            self.tell(event);
            let Some(pause) = pause else { return Err(error) };
            match self.aside(tokio::time::sleep(pause)).await {
                Ok(()) => {}
                Err(Stop::Over) => return Ok(()),
                Err(Stop::Failed(error)) => return Err(Arc::new(error)),
            }
        }
    }

    /// Tries each address once, from where it last succeeded.
    async fn connect(&mut self) -> Result<BoxIo, Stop> {
        let mut left = self.target.addresses();
        loop {
            // Boxed, so that it takes no memory once the connection is there.
            let attempt: Connecting = match &mut self.target {
                Target::Connector(connect) => connect(),
                Target::Addresses(addresses) => {
                    self.next %= addresses.len().max(1);
                    let address = addresses.get(self.next).cloned().unwrap_or_default();
                    let options = self.transport.clone();
                    info!("connecting to {address}");
                    Box::pin(async move { transport::connect(&address, &options).await })
                }
            };
            match self.aside(attempt).await? {
                Ok(io) => return Ok(io),
                Err(error) => {
                    self.tally.address_failed(error.is_permanent());
                    self.next += 1;
                    left = left.saturating_sub(1);
                    if left == 0 {
                        return Err(Stop::Failed(error.into()));
                    }
                }
            }
        }
    }

    /// One connection, from CONNECT to its end. Also tells how good it was.
    async fn converse(&mut self, io: BoxIo) -> (Result<(), Error>, Standing) {
        self.connections += 1;
        let mut connection = Connection::new(io, &self.shared, &mut self.committer, self.tap.as_ref());
        let end = trace::connection(self.connections, poll_fn(|context| connection.poll(context))).await;
        if end.is_ok() {
            // Errors and slowness do not matter any more. Boxed, so that it takes no memory while the connection is there.
            let end = Box::pin(tokio::time::timeout(SHUTDOWN, async {
                poll_fn(|context| connection.poll_shutdown(context)).await;
                poll_fn(|context| connection.poll_end(context)).await;
            }));
            let _ = end.await;
        }
        let standing = connection.standing(self.settled_after);
        (end, standing)
    }

    /// Tells everybody that the connection is gone.
    fn connection_lost(&mut self) {
        self.committer.connection_lost();
        let mut state = self.shared.lock();
        state.session.connection_lost();
        self.shared.pass_on(state);
        self.shared.changed.notify_waiters();
    }

    /// Waits for something while there is no connection: what is accepted meanwhile is stored, and an end is noticed.
    async fn aside<T>(&mut self, waits_for: impl Future<Output = T>) -> Result<T, Stop> {
        let mut waits_for = pin!(waits_for);
        let mut timer: Option<Pin<Box<tokio::time::Sleep>>> = None;
        poll_fn(|context| {
            self.shared.lock().driver = Some(context.waker().clone());
            if let Err(error) = self.committer.poll_offline(context, &self.shared) {
                return Poll::Ready(Err(Stop::Failed(error.into())));
            }
            let closing = self.shared.lock().closing;
            if let Some(closing) = closing {
                let drained = !self.committer.is_running() && self.shared.lock().session.is_drained();
                let over = closing.deadline.is_some_and(|deadline| {
                    let timer =
                        timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())));
                    timer.as_mut().poll(context).is_ready()
                });
                if drained || over {
                    return Poll::Ready(Err(Stop::Over));
                }
            }
            waits_for.as_mut().poll(context).map(Ok)
        })
        .await
    }
}

/// The driver's work ends.
enum Stop {
    /// As the user wanted.
    Over,
    Failed(Error),
}

impl Drop for Driver {
    fn drop(&mut self) {
        // In vain when it ended by itself.
        self.end(Closed::Failed(Arc::new(Error::DriverDropped)));
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("transport", &self.transport).finish_non_exhaustive()
    }
}
