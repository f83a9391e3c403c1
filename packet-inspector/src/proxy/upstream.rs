//! The way to the broker.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::distrust::Distrust;
use super::tls::Tls;

/// How long an attempt may take, from the name to the connection, TLS included.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the broker is.
#[derive(Debug)]
pub struct Upstream {
    address: String,
    tls: Option<Tls>,
}

/// A connection to the broker.
pub(super) enum Server {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// No connection to the broker could be made.
#[derive(Debug)]
pub struct ConnectError {
    upstream: String,
    error: io::Error,
    distrust: Option<Distrust>,
}

impl ConnectError {
    /// What was wrong with certificates, if that was it.
    pub fn distrust(&self) -> Option<&Distrust> {
        self.distrust.as_ref()
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream {}: ", self.upstream)?;
        match &self.distrust {
            Some(distrust) => distrust.fmt(f),
            None if self.error.kind() == io::ErrorKind::TimedOut => {
                write!(f, "no connection within {} s", PATIENCE.as_secs())
            }
            None => self.error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectError {}

impl Upstream {
    /// A broker at this host and port, in plain TCP, or in TLS.
    pub fn new(address: impl Into<String>, tls: Option<Tls>) -> Self {
        Self { address: address.into(), tls }
    }

    pub(super) async fn connect(&self) -> Result<(Server, SocketAddr), ConnectError> {
        let attempt = async {
            let tcp = TcpStream::connect(&self.address).await?;
            tcp.set_nodelay(true)?;
            let address = tcp.peer_addr()?;
            let server = match &self.tls {
                Some(tls) => Server::Tls(Box::new(tls.connect(tcp).await?)),
                None => Server::Plain(tcp),
            };
            Ok((server, address))
        };
        let connected = tokio::time::timeout(PATIENCE, attempt).await;
        connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(|error| {
            let distrust = Distrust::of(&error);
            ConnectError { upstream: self.address.clone(), error, distrust }
        })
    }
}
