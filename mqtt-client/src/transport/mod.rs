//! Ways to a Server: any ordered, lossless byte stream (section 6, [MQTT-7.1.2-1]).
//!
//! An [`Address`] says where; [`TransportOptions`] say how: time-outs, whom TLS trusts. A host by name is tried at all of
//! its addresses, IPv6 and IPv4 in turn, each a quarter of a second after the other (RFC 8305). What else can carry bytes
//! is handed in with [`Options::over`](crate::Options::over).
//!
//! What went wrong is told by kind, see [`ConnectFailure`]; what can't heal by itself is not tried again.

mod address;
mod error;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "websocket")]
mod websocket;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

pub use crate::transport::address::{Address, AddressError};
pub(crate) use crate::transport::error::refuses_us;
pub use crate::transport::error::{Cause, ConnectError, ConnectFailure};
#[cfg(feature = "tls")]
pub use crate::transport::tls::{TlsOptions, TlsOptionsError, TlsOptionsProblem};

use crate::transport::address::Place;

/// An ordered, lossless byte stream.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Any of them.
pub type BoxIo = Box<dyn Io>;

/// How to connect.
#[derive(Clone, Debug)]
pub struct TransportOptions {
    connect_timeout: Duration,
    #[cfg(feature = "tls")]
    tls: TlsOptions,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            #[cfg(feature = "tls")]
            tls: TlsOptions::default(),
        }
    }
}

impl TransportOptions {
    /// How long one attempt may take, from the name to the last handshake below MQTT. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Whom to trust and who we are, for addresses with TLS. Default: the CAs that this system trusts, no certificate.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.tls = tls;
        self
    }
}

/// The addresses of a TCP connection, for who shows or records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Ours.
    pub own: SocketAddr,
    /// The other one, that the host's name turned out to be.
    pub server: SocketAddr,
}

/// Connects to this address.
///
/// # Errors
/// See [`ConnectError`].
pub async fn connect(address: &Address, options: &TransportOptions) -> Result<BoxIo, ConnectError> {
    Ok(connect_with_ends(address, options).await?.0)
}

/// Connects to this address, and tells between which ends; a Unix socket has none.
///
/// # Errors
/// See [`ConnectError`].
pub async fn connect_with_ends(
    address: &Address,
    options: &TransportOptions,
) -> Result<(BoxIo, Option<Ends>), ConnectError> {
    let connecting = async {
        match address.place() {
            Place::Tcp { host, port, tls, resource } => {
                let stream = tcp::connect(host, *port).await?;
                // A connection that is over already has none: that shows when it is used.
                let ends = stream.local_addr().ok().zip(stream.peer_addr().ok());
                let ends = ends.map(|(own, server)| Ends { own, server });
                let io = secure(Box::new(stream), host, *tls, options).await?;
                Ok((upgrade(io, (host, *port, *tls), resource.as_deref()).await?, ends))
            }
            #[cfg(unix)]
            Place::Unix(path) => Ok((Box::new(tokio::net::UnixStream::connect(path).await?) as BoxIo, None)),
            #[cfg(not(unix))]
            Place::Unix(_) => Err(std::io::Error::from(std::io::ErrorKind::Unsupported).into()),
        }
    };
    match tokio::time::timeout(options.connect_timeout, connecting).await {
        Ok(Ok(connected)) => Ok(connected),
        Ok(Err(error)) => Err(ConnectError::at(error, address)),
        Err(_) => Err(ConnectError::from(ConnectFailure::TimedOut(options.connect_timeout)).at(address)),
    }
}

/// TLS, if the address wants it. Without the feature there is no such address.
#[cfg_attr(not(feature = "tls"), expect(unused_variables, clippy::unused_async))]
async fn secure(io: BoxIo, host: &str, tls: bool, options: &TransportOptions) -> Result<BoxIo, ConnectError> {
    #[cfg(feature = "tls")]
    if tls {
        return Ok(Box::new(tls::connect(host, io, &options.tls).await?));
    }
    Ok(io)
}

/// A WebSocket, if the address wants it. Without the feature there is no such address.
#[cfg_attr(not(feature = "websocket"), expect(unused_variables, clippy::unused_async))]
async fn upgrade(io: BoxIo, host: (&str, u16, bool), resource: Option<&str>) -> Result<BoxIo, ConnectError> {
    #[cfg(feature = "websocket")]
    if let Some(resource) = resource {
        return Ok(Box::new(websocket::connect(host, resource, io).await?));
    }
    Ok(io)
}
