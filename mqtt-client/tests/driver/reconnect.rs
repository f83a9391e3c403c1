//! How often is tried again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mqtt_client::session::ConnectionError;
use mqtt_client::transport::{Address, BoxIo};
use mqtt_client::{Backoff, Error, Failure, Options, Reconnect, SessionOptions, connect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

/// Tries twice, and notes what it is told.
#[derive(Clone, Debug, Default)]
struct Twice(Arc<Mutex<Vec<(u32, bool)>>>);

impl Reconnect for Twice {
    fn next(&mut self, failure: &Failure<'_>) -> Option<Duration> {
        let mut told = self.0.lock().unwrap();
        told.push((failure.attempts, failure.was_connected));
        (told.len() < 2).then_some(Duration::ZERO)
    }
}

/// Each connection gets this answer to CONNECT, and nothing more.
async fn fails(
    session: SessionOptions,
    answer: &'static [u8],
    settled_after: Duration,
) -> (Arc<Error>, Vec<(u32, bool)>) {
    let policy = Twice::default();
    let options = Options::over(session, move || {
        let (ours, mut theirs) = tokio::io::duplex(1_024);
        tokio::spawn(async move {
            let mut bytes = [0; 1_024];
            let mut answer = Some(answer);
            while theirs.read(&mut bytes).await.is_ok_and(|count| count > 0) {
                if let Some(answer) = answer.take() {
                    theirs.write_all(answer).await.unwrap();
                }
            }
        });
        Box::pin(async move { Ok(Box::new(ours) as BoxIo) })
    });
    let (_client, driver) =
        connect(options.reconnect(policy.clone()).settled_after(settled_after)).await.unwrap();
    let error = driver.run().await.unwrap_err();
    let told = policy.0.lock().unwrap().clone();
    (error, told)
}

/// Half-open connections that are accepted last for a second.
async fn half_open(settled_after: Duration) -> Vec<(u32, bool)> {
    let session = SessionOptions::new("silent").keep_alive(1);
    let (error, told) = fails(session, &[0x20, 2, 0, 0], settled_after).await;
    assert!(matches!(*error, Error::Connection(ConnectionError::NoPingresp)), "{error}");
    told
}

#[tokio::test]
async fn a_connection_that_lasted_and_fell_silent_is_no_failed_attempt() {
    assert_eq!(half_open(Duration::from_secs(1)).await, [(1, true), (1, true)]);
}

#[tokio::test]
async fn a_connection_that_did_not_last_is_a_failed_attempt() {
    assert_eq!(half_open(Duration::from_secs(60)).await, [(1, true), (2, true)]);
}

#[tokio::test]
async fn a_server_that_breaks_the_protocol_is_asked_less_and_less() {
    // CONNACK twice.
    let (error, told) =
        fails(SessionOptions::new("broken"), &[0x20, 2, 0, 0, 0x20, 2, 0, 0], Duration::ZERO).await;
    assert!(matches!(*error, Error::Connection(ConnectionError::Violation(_))), "{error}");
    assert_eq!(told, [(1, true), (2, true)]);
}

/// Both clients are the same to the Server, which ends the connection of the one when the other connects, and gives each a
/// message before that.
#[tokio::test]
async fn two_clients_with_one_identifier_take_over_from_each_other_less_and_less() {
    #[derive(Clone, Debug, Default)]
    struct Attempts(Arc<Mutex<Vec<u32>>>);
    impl Reconnect for Attempts {
        fn next(&mut self, failure: &Failure<'_>) -> Option<Duration> {
            let mut told = self.0.lock().unwrap();
            told.push(failure.attempts);
            (told.len() < 12).then_some(Duration::ZERO)
        }
    }
    let attempts = Attempts::default();
    let (taken, _) = tokio::sync::broadcast::channel::<()>(16);
    let run = || {
        let taken = taken.clone();
        let options = Options::over(SessionOptions::new("twin"), move || {
            let (ours, mut theirs) = tokio::io::duplex(1_024);
            // Whoever has the session loses it.
            let _ = taken.send(());
            let mut over = taken.subscribe();
            tokio::spawn(async move {
                let mut bytes = [0; 1_024];
                assert!(theirs.read(&mut bytes).await.unwrap() > 0);
                // CONNACK, and a retained message, as with each subscription that is made again.
                let _ = theirs.write_all(&[0x20, 2, 0, 0, 0x31, 3, 0, 1, b't']).await;
                let _ = over.recv().await;
            });
            Box::pin(async move { Ok(Box::new(ours) as BoxIo) })
        });
        let options = options.reconnect(attempts.clone());
        async move {
            let (_client, driver) = connect(options).await.unwrap();
            driver.run().await
        }
    };
    let (one, other) = (tokio::spawn(run()), tokio::spawn(run()));
    // One of them gives up, and the other has the session for itself.
    tokio::select! {
        ended = one => ended.unwrap().unwrap_err(),
        ended = other => ended.unwrap().unwrap_err(),
    };
    let told = attempts.0.lock().unwrap();
    assert!(told.iter().max() >= Some(&6), "pauses grow: {told:?}");
}

/// Answers the first packet of each connection with this, and keeps the connection.
async fn answering(answer: &'static [u8]) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("mqtt://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (mut io, _) = listener.accept().await.unwrap();
            assert!(io.read(&mut [0; 64]).await.unwrap() > 0);
            io.write_all(answer).await.unwrap();
            kept.push(io);
        }
    });
    address.parse().unwrap()
}

fn at_once(addresses: impl IntoIterator<Item = Address>) -> Options {
    let mut addresses = addresses.into_iter();
    let options = Options::new(addresses.next().unwrap(), SessionOptions::new("addresses"));
    addresses.fold(options, Options::address).reconnect(Backoff::new(Duration::ZERO, Duration::ZERO))
}

/// No socket has such a long name.
fn impossible() -> Address {
    Address::unix("/".repeat(200))
}

const REFUSED: &[u8] = &[0x20, 2, 0, 5];
const ACCEPTED: &[u8] = &[0x20, 2, 0, 0];

#[tokio::test]
async fn an_address_that_can_never_do_does_not_end_a_client_that_has_another() {
    for addresses in [
        vec![impossible(), answering(ACCEPTED).await],
        vec![answering(REFUSED).await, answering(ACCEPTED).await],
        vec![answering(REFUSED).await, impossible(), answering(ACCEPTED).await],
    ] {
        let (client, driver) = connect(at_once(addresses)).await.unwrap();
        let driver = tokio::spawn(driver.run());
        client.connected().await.unwrap();
        driver.abort();
    }
}

#[tokio::test]
async fn the_last_address_ends_no_client_while_another_may_heal() {
    // The first one has a place, and nobody listens there yet.
    let place = TcpSocket::new_v4().unwrap();
    place.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let first = format!("mqtt://{}", place.local_addr().unwrap()).parse().unwrap();
    let (client, driver) = connect(at_once([first, impossible()])).await.unwrap();
    let mut events = client.events();
    let driver = tokio::spawn(driver.run());
    for _ in 0..3 {
        let event = events.next().await.expect("it goes on");
        let mqtt_client::ConnectionEvent::Disconnected { error, retry_in } = event else {
            panic!("nobody is there: {event:?}")
        };
        assert!(error.is_permanent() && retry_in.is_some(), "{error}");
    }
    let (mut io, _) = place.listen(1).unwrap().accept().await.unwrap();
    io.write_all(ACCEPTED).await.unwrap();
    client.connected().await.unwrap();
    driver.abort();
}

#[tokio::test]
async fn when_every_address_failed_for_good_the_client_ends() {
    let addresses = [answering(REFUSED).await, impossible(), answering(REFUSED).await];
    let (_client, driver) = connect(at_once(addresses)).await.unwrap();
    let error = tokio::time::timeout(Duration::from_secs(60), driver.run()).await.unwrap().unwrap_err();
    assert!(error.is_permanent(), "{error}");
}
