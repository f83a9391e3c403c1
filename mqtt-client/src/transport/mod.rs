//! Ways to a Server: any ordered, lossless byte stream (section 6, [MQTT-7.1.2-1]).

mod address;
mod error;
mod tcp;

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

pub use crate::transport::address::{Address, AddressError};
pub use crate::transport::error::ConnectError;

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
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10) }
    }
}

impl TransportOptions {
    /// How long one attempt may take, from the name to the connection. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}

/// Connects to this address.
///
/// # Errors
/// See [`ConnectError`].
pub async fn connect(address: &Address, options: &TransportOptions) -> Result<BoxIo, ConnectError> {
    let connecting = async {
        match address.place() {
            Place::Tcp { host, port } => tcp::connect(host, *port).await.map(|io| Box::new(io) as BoxIo),
            #[cfg(unix)]
            Place::Unix(path) => match tokio::net::UnixStream::connect(path).await {
                Ok(io) => Ok(Box::new(io) as BoxIo),
                Err(error) => Err(error.into()),
            },
            #[cfg(not(unix))]
            Place::Unix(_) => Err(std::io::Error::from(std::io::ErrorKind::Unsupported).into()),
        }
    };
    match tokio::time::timeout(options.connect_timeout, connecting).await {
        Ok(Ok(io)) => Ok(io),
        Ok(Err(error)) => Err(error.at(address)),
        Err(_) => Err(ConnectError::from(std::io::Error::from(std::io::ErrorKind::TimedOut)).at(address)),
    }
}
