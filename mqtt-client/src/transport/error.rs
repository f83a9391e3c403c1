//! Why no connection could be made.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::transport::address::Address;

/// No connection to a Server could be made.
#[derive(Debug)]
pub struct ConnectError {
    /// Boxed, so that results stay small.
    address: Option<Box<Address>>,
    failure: ConnectFailure,
}

/// What failed on the way to a Server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectFailure {
    /// The name has no address, nobody listens there, or the network does not work.
    #[error("{0}")]
    Network(#[source] io::Error),
    /// It took longer than [`connect_timeout`](crate::transport::TransportOptions::connect_timeout).
    #[error("no connection within {0:?}")]
    TimedOut(Duration),
    /// The host of the address is no name that a certificate can be for.
    #[error("{0:?} is not a name that a certificate can be for")]
    ServerName(String),
    /// The CAs of this system can't be read, or there are none.
    #[error("no CAs to trust: {0}")]
    Roots(#[source] Cause),
    /// The server's certificate is not one to trust, and time alone does not change that: the name, the issuer, the
    /// signature.
    #[error("the server's certificate is not to be trusted: {0}")]
    Certificate(#[source] Cause),
    /// The server's certificate is not valid yet, or not any more, by this machine's clock.
    #[error("the server's certificate is not to be trusted now: {0}")]
    CertificateTime(#[source] Cause),
    /// The TLS handshake failed for another reason; for instance the server does not speak TLS, or does not like the
    /// client certificate.
    #[error("TLS handshake: {0}")]
    Tls(#[source] io::Error),
    /// The server answered the WebSocket handshake with another HTTP status than 101, and perhaps with another location,
    /// which is not followed.
    #[error("the server answers the WebSocket handshake with HTTP status {status}{}", At(location.as_deref()))]
    HttpStatus {
        /// The status.
        status: u16,
        /// Where it sends us.
        location: Option<String>,
    },
    /// The server did not select the sub-protocol `mqtt` [MQTT-6.0.0-4].
    #[error("the server selects {}, not the WebSocket sub-protocol mqtt [MQTT-6.0.0-4]", Selected(.0.as_deref()))]
    SubProtocol(Option<String>),
    /// What the server answered is no WebSocket handshake.
    #[error("WebSocket handshake: {0}")]
    WebSocket(&'static str),
}

/// An error of the library that found it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

impl ConnectError {
    /// On the way to this address.
    pub(super) fn at(mut self, address: &Address) -> Self {
        self.address = Some(Box::new(address.clone()));
        self
    }

    /// What failed.
    pub fn failure(&self) -> &ConnectFailure {
        &self.failure
    }

    /// Trying again is of no use: the way is not there on this system, or may not be used, or leads to something else than
    /// the Server that is meant.
    pub fn is_permanent(&self) -> bool {
        use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
        match &self.failure {
            ConnectFailure::Network(error) => {
                matches!(error.kind(), Unsupported | InvalidInput | PermissionDenied)
            }
            ConnectFailure::Tls(error) => refuses_us(error),
            ConnectFailure::TimedOut(_) | ConnectFailure::CertificateTime(_) => false,
            // Too early, too many requests, and whatever is wrong inside the server.
            ConnectFailure::HttpStatus { status, .. } => !matches!(status, 408 | 425 | 429 | 500..),
            ConnectFailure::ServerName(_)
            | ConnectFailure::Roots(_)
            | ConnectFailure::Certificate(_)
            | ConnectFailure::SubProtocol(_)
            | ConnectFailure::WebSocket(_) => true,
        }
    }
}

/// The server said by TLS that it does not accept our certificate, that we have none, or anything that we offer. With TLS
/// 1.3 it says so on a connection that seems to be good already.
pub(crate) fn refuses_us(error: &io::Error) -> bool {
    #[cfg(feature = "tls")]
    return crate::transport::tls::refuses_us(error);
    #[cfg(not(feature = "tls"))]
    {
        let _ = error;
        false
    }
}

impl From<io::Error> for ConnectError {
    fn from(cause: io::Error) -> Self {
        ConnectFailure::Network(cause).into()
    }
}

impl From<ConnectFailure> for ConnectError {
    fn from(failure: ConnectFailure) -> Self {
        Self { address: None, failure }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "cannot connect to {address}: {}", self.failure),
            None => write!(f, "cannot connect: {}", self.failure),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.failure)
    }
}

struct At<'a>(Option<&'a str>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |location| write!(f, ", and names {location:?}, which is not followed"))
    }
}

struct Selected<'a>(Option<&'a str>);

impl fmt::Display for Selected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "{name:?}"),
            None => f.write_str("none"),
        }
    }
}
