//! What can go wrong, kept apart by whose fault it is.

use std::io;
use std::sync::Arc;

use crate::message::Message;
use crate::options::OptionsError;
use crate::session::ConnectionError;
use crate::store::StoreError;
use crate::transport::ConnectError;

/// Why a connection failed or the driver stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The options can't be used.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// No connection to the Server could be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The Server refused the connection, broke the protocol, or fell silent.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The Server, or the network, closed the connection.
    #[error("connection lost: {0}")]
    Lost(#[source] io::Error),
    /// The store can't be read or written. Nothing that was not stored has left.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The driver was dropped, so that nobody does the work.
    #[error("the driver was dropped")]
    DriverDropped,
}

impl Error {
    /// Trying again is of no use before something is changed: a refusal other than *server unavailable*, an address or a
    /// certificate (the server's or ours) that is wrong, options or a store that can't be used.
    pub fn is_permanent(&self) -> bool {
        use mqtt_codec::ConnectReturnCode::ServerUnavailable;
        match self {
            Self::Options(_) | Self::Store(_) | Self::DriverDropped => true,
            Self::Connect(error) => error.is_permanent(),
            Self::Connection(ConnectionError::Refused(code)) => *code != ServerUnavailable,
            Self::Connection(_) => false,
            // By TLS 1.3 a server that wants another client certificate says so only now.
            Self::Lost(error) => crate::transport::refuses_us(error),
        }
    }
}

/// The client is closed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Closed {
    /// It was disconnected, or is being disconnected, at the user's wish.
    #[error("the client is disconnected")]
    Disconnected,
    /// The driver stopped because of this.
    #[error("the client stopped: {0}")]
    Failed(Arc<Error>),
}

/// A message was not accepted: nothing of it was sent.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PublishError {
    /// No packet can hold it: at most 268,435,455 bytes, fixed header aside.
    #[error("the message is too long for a packet")]
    TooLong(Message),
    /// See the source. If the store failed, the message may be stored or not.
    #[error(transparent)]
    Closed(#[from] Closed),
}

/// A message was not accepted at once.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TryPublishError {
    /// As many messages or bytes wait as may wait; here is the message.
    #[error("the queue of waiting messages is full")]
    Full(Message),
    /// It never will be.
    #[error(transparent)]
    Never(#[from] PublishError),
}

/// SUBSCRIBE or UNSUBSCRIBE did not succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The text is no Topic Filter.
    #[error("topic filter: {0}")]
    Filter(#[from] mqtt_codec::TextError),
    /// It can't be asked for.
    #[error(transparent)]
    Request(#[from] crate::session::RequestError),
    /// The Server refused every filter (return code 0x80).
    #[error("the server refused the subscription")]
    Refused,
    /// The answer stands behind messages that nobody takes, and there is no room for more of them: see
    /// [`Options::unread`](crate::Options::unread). The Server was asked, and may do it all the same. Take messages while
    /// you wait, in another task or by `select!`, or before you ask again. What came for the stream of this subscription
    /// alone is gone.
    #[error("the answer stands behind more messages than may wait unread: take them meanwhile")]
    Unread,
    /// See the source.
    #[error(transparent)]
    Closed(#[from] Closed),
}
