//! A proxy between clients and a broker that forwards bytes as they are, and tells a [`Tap`] of them.
//!
//! It knows nothing of MQTT. Each direction has one buffer of fixed size and reads on only when all of it was written, so
//! that a slow reader slows down its writer as if nobody stood between them. Being watched never holds it up: see
//! [`Tap`].

mod distrust;
mod forward;
mod tls;
mod upstream;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::build::Endpoints;
use crate::live::Tap;
pub use distrust::Distrust;
pub use tls::{Tls, TlsError};
pub use upstream::{ConnectError, Upstream};

/// The most connections at once; further ones wait to be accepted.
const MOST: usize = 10_000;

/// After a failure to accept, e.g. for lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// A proxy that listens.
#[derive(Debug)]
pub struct Proxy {
    listener: TcpListener,
    upstream: Arc<Upstream>,
    tap: Tap,
}

/// Why a client has no connection.
#[derive(Debug)]
pub enum Trouble {
    /// No connection to the broker could be made for this client; the client's was closed.
    Upstream(SocketAddr, ConnectError),
    /// No connection can be accepted at the moment.
    Accept(io::Error),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Upstream(client, error) => write!(f, "{client} is turned away: {error}"),
            Self::Accept(error) => write!(f, "no connection can be accepted: {error}"),
        }
    }
}

impl Proxy {
    /// Listens.
    ///
    /// # Errors
    /// The address can't be listened on.
    pub async fn bind(listen: impl ToSocketAddrs, upstream: Upstream, tap: Tap) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        Ok(Self { listener, upstream: Arc::new(upstream), tap })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Forwards until `stop` is complete; connections that are open then are broken off. Tells of troubles.
    pub async fn run(
        self,
        stop: impl Future<Output = ()>,
        trouble: impl Fn(Trouble) + Clone + Send + 'static,
    ) {
        let places = Arc::new(Semaphore::new(MOST));
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            // All of these are cancel-safe.
            let accepted = tokio::select! {
                () = &mut stop => return,
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = self.accept(&places) => accepted,
            };
            match accepted {
                Ok((client, address, place)) => {
                    let (upstream, tap) = (Arc::clone(&self.upstream), self.tap.clone());
                    let trouble = trouble.clone();
                    connections.spawn(async move {
                        if let Err(error) = connect(client, address, &upstream, &tap).await {
                            trouble(Trouble::Upstream(address, error));
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    trouble(Trouble::Accept(error));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn accept(
        &self,
        places: &Arc<Semaphore>,
    ) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
        let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
        let (client, address) = self.listener.accept().await?;
        Ok((client, address, place))
    }
}

/// Serves one client to its end.
async fn connect(
    client: TcpStream,
    address: SocketAddr,
    upstream: &Upstream,
    tap: &Tap,
) -> Result<(), ConnectError> {
    let (server, server_address) = upstream.connect().await?;
    let watched = tap.open(Endpoints { client: unmapped(address), server: unmapped(server_address) });
    // Small packets are not to wait for each other; if that can't be had, they come all the same.
    let _ = client.set_nodelay(true);
    match server {
        upstream::Server::Plain(server) => {
            forward::both_ways(client, server, |server| server, &watched).await;
        }
        upstream::Server::Tls(server) => {
            forward::both_ways(client, *server, |server| server.get_ref().0, &watched).await;
        }
    }
    Ok(())
}

/// An IPv4 address that a socket for both versions writes as IPv6.
fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
