//! All options of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::driver::reconnect::{Backoff, Reconnect};
use crate::options::SessionOptions;
use crate::store::Store;
use crate::transport::{Address, BoxIo, ConnectError, TransportOptions};

/// How a client is to behave: its session, where the Server is, how to get there, and what to do about failures.
///
/// ```
/// use mqtt_client::{Options, SessionOptions};
///
/// let session = SessionOptions::new("LightControllerAndMonitor").clean_session(false);
/// let options = Options::new("mqtt://localhost".parse()?, session).address("mqtt://127.0.0.1:1884".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Options {
    pub(crate) session: SessionOptions,
    pub(crate) target: Target,
    pub(crate) transport: TransportOptions,
    pub(crate) reconnect: Box<dyn Reconnect>,
    pub(crate) settled_after: Duration,
    pub(crate) store: Option<Box<dyn Store>>,
    pub(crate) tap: Option<Tap>,
    pub(crate) unread_messages: usize,
    pub(crate) unread_bytes: usize,
    pub(crate) unread_timeout: Duration,
}

/// A connection on its way.
pub type Connecting = std::pin::Pin<Box<dyn Future<Output = Result<BoxIo, ConnectError>> + Send>>;

/// Where connections come from.
pub(crate) enum Target {
    Addresses(Vec<Address>),
    Connector(Box<dyn FnMut() -> Connecting + Send>),
}

impl Target {
    /// How many addresses there are to try.
    pub(crate) fn addresses(&self) -> usize {
        match self {
            Self::Addresses(addresses) => addresses.len().max(1),
            Self::Connector(_) => 1,
        }
    }
}

/// Sees the bytes of each packet.
pub(crate) type Tap = Arc<dyn Fn(Direction, &[u8]) + Send + Sync>;

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From this client to the Server.
    Sent,
    /// From the Server to this client.
    Received,
}

impl Options {
    /// A session with the Server at this address. A user name and password in the address are used unless the session
    /// has its own.
    pub fn new(address: Address, mut session: SessionOptions) -> Self {
        if session.user_name.is_none()
            && let Some((user_name, password)) = address.login()
        {
            session = session.login(user_name, password);
        }
        Self::with(Target::Addresses(vec![address]), session)
    }

    /// A session over connections that the caller makes: called for the first one and after each loss. Anything that is
    /// `AsyncRead` and `AsyncWrite` will do.
    pub fn over(session: SessionOptions, connect: impl FnMut() -> Connecting + Send + 'static) -> Self {
        Self::with(Target::Connector(Box::new(connect)), session)
    }

    fn with(target: Target, session: SessionOptions) -> Self {
        Self {
            session,
            target,
            transport: TransportOptions::default(),
            reconnect: Box::new(Backoff::default()),
            settled_after: Duration::from_secs(10),
            store: None,
            tap: None,
            unread_messages: 1_000,
            unread_bytes: 16 << 20,
            unread_timeout: Duration::from_secs(10),
        }
    }

    /// One more address of the same Server or cluster. They are tried in turn, without a pause within one round. A failure is
    /// final only when all of them failed for good, one after the other.
    #[must_use]
    pub fn address(mut self, address: Address) -> Self {
        match &mut self.target {
            Target::Addresses(addresses) => addresses.push(address),
            Target::Connector(_) => self.target = Target::Addresses(vec![address]),
        }
        self
    }

    /// Time-outs, TLS.
    #[must_use]
    pub fn transport(mut self, transport: TransportOptions) -> Self {
        self.transport = transport;
        self
    }

    /// When to try again after a failure. Default: [`Backoff`].
    #[must_use]
    pub fn reconnect(mut self, reconnect: impl Reconnect) -> Self {
        self.reconnect = Box::new(reconnect);
        self
    }

    /// A connection that was accepted so long ago was good: pauses begin anew when it is lost. Default 10 s.
    #[must_use]
    pub fn settled_after(mut self, time: Duration) -> Self {
        self.settled_after = time;
        self
    }

    /// Keeps the session in a store, so that it outlives the process: [`store`](crate::store) says what is promised then,
    /// and what is left to the application. Needs Clean Session 0.
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Box::new(store));
        self
    }

    /// Calls this with the bytes of each packet, sent and received, in order: a sent one when the transport has taken all of
    /// it. What a cut kept from being written is not shown, nor a packet that it broke off. Of bytes that are no packet it
    /// gets all that came. CONNECT holds the password. It is called on the driver's way and has to be quick.
    #[must_use]
    pub fn tap(mut self, tap: impl Fn(Direction, &[u8]) + Send + Sync + 'static) -> Self {
        self.tap = Some(Arc::new(tap));
        self
    }

    /// How many received messages, and bytes of them, may wait in streams or for their acknowledgement before the client
    /// stops reading from the network. What one read has brought comes on top, and so does what a stream has taken to
    /// give out next: all that waited for it. Default 1,000 and 16 MiB.
    ///
    /// Acknowledgements of own messages come on the same way: a task that waits for a [`Delivery`](crate::Delivery) while
    /// nobody takes messages waits in vain.
    ///
    /// So does the answer to SUBSCRIBE or UNSUBSCRIBE, and with a session that is resumed many messages can come before it.
    /// While somebody waits for one, 16 times as many messages may wait, though no more bytes; and when even that is too
    /// little, see [`unread_timeout`](Self::unread_timeout).
    #[must_use]
    pub fn unread(mut self, messages: usize, bytes: usize) -> Self {
        self.unread_messages = messages.max(1);
        self.unread_bytes = bytes.max(1);
        self
    }

    /// How long [`subscribe`](crate::Client::subscribe) and its like wait while nothing is read, since too many messages wait
    /// and nobody takes any: then they end with [`SubscribeError::Unread`](crate::SubscribeError::Unread). Default 10 s.
    #[must_use]
    pub fn unread_timeout(mut self, timeout: Duration) -> Self {
        self.unread_timeout = timeout;
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("session", &self.session)
            .field("transport", &self.transport)
            .field("reconnect", &self.reconnect)
            .field("store", &self.store.is_some())
            .field("tap", &self.tap.is_some())
            .field("unread_messages", &self.unread_messages)
            .field("unread_bytes", &self.unread_bytes)
            .field("unread_timeout", &self.unread_timeout)
            .field("settled_after", &self.settled_after)
            .finish_non_exhaustive()
    }
}
