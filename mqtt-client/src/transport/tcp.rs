//! TCP over IPv4 and IPv6, whichever answers first.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::transport::error::ConnectError;

/// How long one address may be alone before the next is tried beside it (RFC 8305).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first address of this host that answers. Packets leave when they are written (TCP_NODELAY).
pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let resolved: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    let stream = first(interleave(resolved)).await?;
    stream.set_nodelay(true)?;
    keep_little_unsent(&stream)?;
    Ok(stream)
}

/// Bytes that the network does not take yet stay with us, but for a few: PINGREQ would wait behind them, and nobody could tell
/// a Server that is slow to take them from one that is gone.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn keep_little_unsent(stream: &TcpStream) -> io::Result<()> {
    const UNSENT: u32 = 16 * 1024;
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT)
}

/// Elsewhere the system's buffer has to do.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn keep_little_unsent(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

/// One family after the other, beginning with the resolver's first choice.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut mixed = Vec::with_capacity(preferred.len() + others.len());
    let (mut preferred, mut others) = (preferred.into_iter(), others.into_iter());
    loop {
        let before = mixed.len();
        mixed.extend(preferred.next());
        mixed.extend(others.next());
        if mixed.len() == before {
            return mixed;
        }
    }
}

type Attempt = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

/// The first that succeeds. Each next one starts when the last has failed, or after a while beside it.
async fn first(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut running: Vec<Attempt> = Vec::new();
    let mut timer = Box::pin(tokio::time::sleep(Duration::ZERO));
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    poll_fn(|context| {
        loop {
            let mut failed = false;
            let mut done = None;
            running.retain_mut(|attempt| match attempt.as_mut().poll(context) {
                Poll::Pending => true,
                Poll::Ready(Ok(stream)) => {
                    done = Some(stream);
                    false
                }
                Poll::Ready(Err(error)) => {
                    last_error = io::Error::new(error.kind(), error.to_string());
                    failed = true;
                    false
                }
            });
            if let Some(stream) = done {
                return Poll::Ready(Ok(stream));
            }
            let due = failed || running.is_empty() || timer.as_mut().poll(context).is_ready();
            match due.then(|| waiting.next()).flatten() {
                Some(address) => {
                    running.push(Box::pin(TcpStream::connect(address)));
                    timer.as_mut().reset(tokio::time::Instant::now() + STAGGER);
                }
                None if running.is_empty() => {
                    return Poll::Ready(Err(io::Error::new(last_error.kind(), last_error.to_string())));
                }
                None => return Poll::Pending,
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let addresses = ["[::1]:1", "[::2]:1", "127.0.0.1:1"].map(|address| address.parse().unwrap());
        let order: Vec<_> = interleave(addresses.to_vec()).iter().map(ToString::to_string).collect();
        assert_eq!(order, ["[::1]:1", "127.0.0.1:1", "[::2]:1"]);
    }

    #[tokio::test]
    async fn small_packets_do_not_wait_for_acknowledgements_of_tcp() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect("127.0.0.1", listener.local_addr().unwrap().port()).await.unwrap();
        assert!(
            stream.nodelay().unwrap(),
            "Nagle's algorithm and delayed acknowledgements cost 44 ms a round trip"
        );
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn little_is_handed_over_that_the_network_does_not_take() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect("127.0.0.1", listener.local_addr().unwrap().port()).await.unwrap();
        let (_peer, _) = listener.accept().await.unwrap();
        let block = vec![0; 1 << 20];
        let mut taken = 0;
        // Nobody reads.
        while let Ok(count) = stream.try_write(&block) {
            taken += count;
        }
        // The kernel alone would take some MiB.
        assert!(taken < 1 << 20, "{taken} bytes");
    }

    #[tokio::test]
    async fn a_dead_address_does_not_keep_a_live_one_back() {
        let live = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let address = live.local_addr().unwrap();
        let stream = first(vec![dead, address]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(first(vec![dead]).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(first(vec![]).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
