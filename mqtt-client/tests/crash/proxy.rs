//! A network that breaks: passes bytes on to a port of this machine, and cuts each connection after a random number of
//! them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Proxy {
    pub port: u16,
    pub cuts: Arc<AtomicU32>,
}

impl Proxy {
    /// Cuts at most so many connections; those after them last.
    pub(crate) async fn start(target: u16, seed: u64, most_cuts: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&cuts);
        let mut random = fastrand::Rng::with_seed(seed);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // From within CONNECT to some hundred messages.
                let magnitude = random.u32(3..15);
                let bytes = random.usize(..1 << magnitude);
                let upwards = random.bool();
                let lasts = counter.load(Ordering::Relaxed) >= most_cuts;
                let limits = match (lasts, upwards) {
                    (true, _) => (usize::MAX, usize::MAX),
                    (false, true) => (bytes, usize::MAX),
                    (false, false) => (usize::MAX, bytes),
                };
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    if pass(client, target, limits).await {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Self { port, cuts }
    }
}

/// `true` when it was cut here.
async fn pass(client: TcpStream, target: u16, (up, down): (usize, usize)) -> bool {
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { return false };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        cut = copy(from_client, to_server, up) => cut,
        cut = copy(from_server, to_client, down) => cut,
    }
}

async fn copy(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut limit: usize,
) -> bool {
    let mut buffer = [0; 4_096];
    loop {
        let most = limit.min(buffer.len());
        if most == 0 {
            return true;
        }
        match from.read(&mut buffer[..most]).await {
            Ok(count @ 1..) if to.write_all(&buffer[..count]).await.is_ok() => limit -= count,
            _ => return false,
        }
    }
}
