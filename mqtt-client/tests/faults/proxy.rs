//! A network that fails: connections are cut at any byte, fall silent, crawl, or are late.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::audit::Audit;

/// What happens to one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    /// After so many bytes in both directions together, it ends.
    pub(crate) ends_after: Option<usize>,
    /// It ends by falling silent: no more bytes pass, and neither side is told.
    pub(crate) silent: bool,
    /// So many bytes pass one by one, in segments of their own.
    pub(crate) crawls: usize,
    /// Each read is late by up to so many milliseconds.
    pub(crate) late: u64,
}

/// A port that leads to another, through a network that fails.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    pub(crate) audit: Arc<Mutex<Audit>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// To a port of this machine. `fate` is asked for each connection.
    pub(crate) async fn new(to: u16, mut fate: impl FnMut() -> Fate + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let audit = Arc::new(Mutex::new(Audit::default()));
        let audits = Arc::clone(&audit);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else { continue };
                let number = audits.lock().unwrap().connection_opened();
                connections.spawn(connect(client, server, fate(), (number, Arc::clone(&audits))));
            }
        });
        Self { port, audit, task }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes bytes until the connection ends.
async fn connect(client: TcpStream, server: TcpStream, fate: Fate, audit: (usize, Arc<Mutex<Audit>>)) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let left = Arc::new(Mutex::new(fate.ends_after.unwrap_or(usize::MAX)));
    let heard = Arc::clone(&audit.1);
    let up = pass(from_client, to_server, fate, Arc::clone(&left), Side::Up(audit));
    let down = pass(from_server, to_client, fate, left, Side::Down { heard, passed: 0 });
    let (mut up, mut down) = (tokio::spawn(up), tokio::spawn(down));
    // One direction ends, so does the other; what is silent ends when the client gives up.
    tokio::select! {
        _ = &mut up => down.abort(),
        end = &mut down => match end {
            Ok(Some(_silent)) => { let _ = up.await; }
            _ => up.abort(),
        },
    }
}

/// Which way bytes pass, and what is noted of them.
enum Side {
    /// From the client: all that it says on this connection.
    Up((usize, Arc<Mutex<Audit>>)),
    /// From the Server: whether CONNACK arrives.
    Down { heard: Arc<Mutex<Audit>>, passed: usize },
}

/// CONNACK has so many bytes.
const CONNACK: usize = 4;

/// Passes bytes in one direction. Gives the halves back when they are to be held open.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    fate: Fate,
    left: Arc<Mutex<usize>>,
    mut side: Side,
) -> Option<(OwnedReadHalf, OwnedWriteHalf)> {
    let mut bytes = vec![0; 4_096];
    let mut crawls = fate.crawls;
    loop {
        let count = from.read(&mut bytes).await.unwrap_or(0);
        if count == 0 {
            return None;
        }
        if let Side::Up((connection, audit)) = &side {
            audit.lock().unwrap().sent(*connection, &bytes[..count]);
        }
        if fate.late > 0 {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(..=fate.late))).await;
        }
        let passes = {
            let mut left = left.lock().unwrap();
            let passes = count.min(*left);
            *left -= passes;
            passes
        };
        let (crawling, rest) = bytes[..passes].split_at(passes.min(crawls));
        crawls -= crawling.len();
        for byte in crawling {
            to.write_all(std::slice::from_ref(byte)).await.ok()?;
        }
        to.write_all(rest).await.ok()?;
        if let Side::Down { heard, passed } = &mut side {
            heard.lock().unwrap().answered += usize::from(*passed < CONNACK && *passed + passes >= CONNACK);
            *passed += passes;
        }
        if passes < count {
            if !fate.silent {
                return None;
            }
            if matches!(side, Side::Down { .. }) {
                return Some((from, to));
            }
            // Until the client gives up.
            while from.read(&mut bytes).await.unwrap_or(0) > 0 {}
            return None;
        }
    }
}
