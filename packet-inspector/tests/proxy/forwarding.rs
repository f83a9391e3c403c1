//! The library's proxy between sockets of ours.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use mqtt_codec::Side;
use packet_inspector::live::{self, Happenings, What};
use packet_inspector::proxy::{Proxy, Trouble, Upstream};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A proxy in front of a listener.
struct Proxied {
    address: std::net::SocketAddr,
    upstream: TcpListener,
    troubles: mpsc::Receiver<Trouble>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
    happenings: Happenings,
}

impl Proxied {
    async fn start(limit: usize) -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = Upstream::new(upstream.local_addr().unwrap().to_string(), None);
        let (tap, happenings) = live::tap(limit);
        let proxy = Proxy::bind("127.0.0.1:0", to, tap).await.unwrap();
        let address = proxy.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (sender, troubles) = mpsc::channel();
        let running = tokio::spawn(proxy.run(async { drop(stopped.await) }, move |trouble| {
            sender.send(trouble).unwrap();
        }));
        Self { address, upstream, troubles, stop, running, happenings }
    }

    /// Both ends of a connection through it.
    async fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.address).await.unwrap();
        let (server, _) = self.upstream.accept().await.unwrap();
        (client, server)
    }

    /// What happened, when it has stopped.
    async fn stop(self) -> Vec<(u32, What)> {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
        tokio::task::spawn_blocking(move || {
            self.happenings.map(|happening| (happening.connection, happening.what)).collect()
        })
        .await
        .unwrap()
    }
}

/// What each side sent, by the client's port, as the tap saw it, and how many bytes it left out.
fn seen(happened: &[(u32, What)]) -> BTreeMap<(u16, bool), (Vec<u8>, u64)> {
    let mut seen = BTreeMap::<_, (Vec<u8>, u64)>::new();
    let mut ports = BTreeMap::new();
    for (connection, what) in happened {
        if let What::Opened(endpoints) = what {
            ports.insert(connection, endpoints.client.port());
        }
        if let What::Passed { from, left_out, bytes } = what {
            let entry = seen.entry((ports[connection], *from == Side::Client)).or_default();
            entry.0.extend(bytes);
            entry.1 += left_out;
        }
    }
    seen
}

/// Writes in these pieces while reading in those, both to the end.
async fn talk(stream: TcpStream, pieces: Vec<Vec<u8>>, read: usize) -> Vec<u8> {
    let (mut from, mut to) = stream.into_split();
    let writing = async move {
        for piece in pieces {
            to.write_all(&piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        to.shutdown().await.unwrap();
    };
    let reading = async move {
        let (mut all, mut buffer) = (Vec::new(), vec![0; read]);
        loop {
            match from.read(&mut buffer).await.unwrap() {
                0 => return all,
                count => all.extend(&buffer[..count]),
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(writing, reading).1
}

/// What a client and a server send, and how much each reads at once.
type Talk = (Vec<Vec<u8>>, Vec<Vec<u8>>, usize, usize);

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 1..40),
        1 => (any::<u8>(), 10_000..70_000_usize).prop_map(|(byte, count)| {
            (0..count).map(|at| byte.wrapping_add(at.to_le_bytes()[0])).collect()
        }),
    ];
    proptest::collection::vec(piece, 0..20)
}

#[test]
fn bytes_come_through_unchanged_in_any_pieces_whatever_the_readers_do() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    let talks = proptest::collection::vec((pieces(), pieces(), 1..5_000_usize, 1..5_000_usize), 1..6);
    let property = |talks: Vec<Talk>| {
        runtime.block_on(async {
            let proxied = Proxied::start(64 << 20).await;
            let mut running = Vec::new();
            let mut ports = Vec::new();
            for (questions, answers, slow_client, slow_server) in talks.clone() {
                let (client, server) = proxied.connect().await;
                ports.push(client.local_addr().unwrap().port());
                running.push(tokio::spawn(async move {
                    tokio::join!(talk(client, questions, slow_client), talk(server, answers, slow_server))
                }));
            }
            let mut received = Vec::new();
            for talk in running {
                received.push(talk.await.unwrap());
            }
            let seen = seen(&proxied.stop().await);
            for ((port, (questions, answers, ..)), (by_client, by_server)) in
                ports.into_iter().zip(&talks).zip(&received)
            {
                let of = |client| seen.get(&(port, client)).cloned().unwrap_or_default();
                assert!(*by_server == questions.concat(), "what the client sent has changed");
                assert!(*by_client == answers.concat(), "what the server sent has changed");
                assert!(of(true) == (questions.concat(), 0) && of(false) == (answers.concat(), 0));
            }
        });
        Ok(())
    };
    if let Err(error) = runner.run(&talks, property) {
        // The bytes themselves would fill screens.
        panic!(
            "{}",
            error.to_string().lines().next().unwrap_or_default().chars().take(200).collect::<String>()
        );
    }
}

#[tokio::test]
async fn being_watched_holds_nothing_up() {
    // Nobody takes what happened, and little fits.
    let proxied = Proxied::start(1_000).await;
    let (client, server) = proxied.connect().await;
    let port = client.local_addr().unwrap().port();
    let sent = vec![7; 3_000_000];
    let talks = async { tokio::join!(talk(client, vec![sent.clone()], 9_000), talk(server, vec![], 9_000)) };
    let (_, received) = talks.await;
    assert!(received == sent);
    let happened = proxied.stop().await;
    let (bytes, left_out) = &seen(&happened)[&(port, true)];
    assert!(!bytes.is_empty() && bytes.len() < 100_000, "{} bytes were kept", bytes.len());
    assert!(bytes.len() as u64 + left_out <= sent.len() as u64);
}

#[tokio::test]
async fn a_slow_reader_slows_its_writer_down() {
    let proxied = Proxied::start(1 << 20).await;
    let (client, mut server) = proxied.connect().await;
    // More than all buffers of the system.
    let sent: Vec<u8> = (0..64_u32 << 20).map(|at| at.to_le_bytes()[1]).collect();
    let mut writing = tokio::spawn(talk(client, vec![sent.clone()], 100));
    assert!(
        tokio::time::timeout(Duration::from_millis(300), &mut writing).await.is_err(),
        "somebody took 64 MiB that nobody reads"
    );
    let mut received = vec![0; sent.len()];
    server.read_exact(&mut received).await.unwrap();
    assert!(received == sent);
    drop(server);
    writing.await.unwrap();
}

#[tokio::test]
async fn half_of_a_connection_ends_before_the_other() {
    let proxied = Proxied::start(1 << 20).await;
    let (mut client, mut server) = proxied.connect().await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let mut question = Vec::new();
    server.read_to_end(&mut question).await.unwrap();
    assert_eq!(question, b"question");
    // The client's side is over; it still gets the answer.
    server.write_all(b"answer").await.unwrap();
    drop(server);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"answer");
    let happened = proxied.stop().await;
    let ends: Vec<_> =
        happened.iter().map(|(_, what)| what).filter(|what| !matches!(what, What::Passed { .. })).collect();
    assert!(
        matches!(
            ends[..],
            [What::Opened(_), What::Finished(Side::Client), What::Finished(Side::Server), What::Closed]
        ),
        "{ends:?}"
    );
}

#[tokio::test]
async fn who_breaks_off_breaks_off_the_other_side() {
    for by_client in [true, false] {
        let proxied = Proxied::start(1 << 20).await;
        let (mut client, mut server) = proxied.connect().await;
        client.write_all(b"before").await.unwrap();
        server.read_exact(&mut [0; 6]).await.unwrap();
        let (leaves, mut stays) = if by_client { (client, server) } else { (server, client) };
        leaves.set_zero_linger().unwrap();
        drop(leaves);
        let error = stays.read(&mut [0; 10]).await.expect_err("an end would look like an orderly one");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        let side = if by_client { Side::Client } else { Side::Server };
        let happened = proxied.stop().await;
        assert!(happened.contains(&(0, What::Aborted(side))), "{happened:?}");
    }
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_said_and_its_client_turned_away() {
    let Proxied { address, upstream, troubles, stop, running, happenings } = Proxied::start(1 << 20).await;
    drop(upstream);
    let mut client = TcpStream::connect(address).await.unwrap();
    assert_eq!(client.read(&mut [0; 10]).await.unwrap(), 0, "closed, not left waiting");
    let client = client.local_addr().unwrap();
    let trouble = tokio::task::spawn_blocking(move || troubles.recv().unwrap()).await.unwrap().to_string();
    assert!(trouble.starts_with(&format!("{client} is turned away: upstream 127.0.0.1:")), "{trouble}");
    assert!(trouble.contains("refused"), "{trouble}");
    stop.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(happenings.count(), 0, "there was no connection");
}
