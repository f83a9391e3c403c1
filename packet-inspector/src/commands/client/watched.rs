//! A connection of our own client whose bytes are told to a tap.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll, ready};

use mqtt_client::transport::{self, Address, BoxIo, Ends, TransportOptions};
use mqtt_client::{Options, SessionOptions};
use mqtt_codec::Side;
use packet_inspector::build::Endpoints;
use packet_inspector::live::{Tap, Watched};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A session whose connections are watched; `opened` is told the number of each.
pub(crate) fn options(
    address: Address,
    mut session: SessionOptions,
    has_login: bool,
    transport: TransportOptions,
    tap: Tap,
    opened: impl Fn(u32) + Send + Sync + 'static,
) -> Options {
    if !has_login && let Some((user_name, password)) = address.login() {
        session = session.login(user_name, password);
    }
    let shared = Arc::new((address, transport, tap, opened, AtomicU16::new(1)));
    Options::over(session, move || {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (address, transport, tap, opened, connections) = shared.as_ref();
            let (io, ends) = transport::connect_with_ends(address, transport).await?;
            let ends = match ends {
                Some(Ends { own, server }) => Endpoints { client: own, server },
                // A Unix socket has no addresses; ports that count tell its connections apart.
                None => {
                    let port = connections.fetch_add(1, Ordering::Relaxed);
                    let end = |port| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
                    Endpoints { client: end(port), server: end(1883) }
                }
            };
            let watched = tap.open(ends);
            opened(watched.number());
            Ok(Box::new(WatchedIo { io, watched }) as BoxIo)
        })
    })
}

/// Tells of all that passes.
struct WatchedIo {
    io: BoxIo,
    watched: Watched,
}

impl AsyncRead for WatchedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let (room, read) = (buffer.remaining(), ready!(Pin::new(&mut self.io).poll_read(context, buffer)));
        let bytes = buffer.filled().get(before..).unwrap_or_default();
        match &read {
            Ok(()) if bytes.is_empty() && room > 0 => self.watched.finished(Side::Server),
            Ok(()) => self.watched.passed(Side::Server, bytes),
            Err(_) => self.watched.aborted(Side::Server),
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for WatchedIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(context, bytes));
        if let Ok(count) = written {
            self.watched.passed(Side::Client, bytes.get(..count).unwrap_or_default());
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

impl Drop for WatchedIo {
    fn drop(&mut self) {
        self.watched.finished(Side::Client);
    }
}
