//! Servers that take bytes slowly, or not at all. The clock is tokio's, and stands still while anything goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_client::session::ConnectionError;
use mqtt_client::transport::BoxIo;
use mqtt_client::{
    Client, Driver, Error, Failure, Message, Options, Outcome, QoS, Reconnect, SessionOptions, connect,
};
use mqtt_codec::{Decoded, Decoder, Delivery, Packet, PacketId, Publish, Side, TopicName};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

const PERIOD: Duration = Duration::from_secs(2);

/// Not again.
#[derive(Debug)]
struct Never;

impl Reconnect for Never {
    fn next(&mut self, _: &Failure<'_>) -> Option<Duration> {
        None
    }
}

/// A client with Keep Alive 2 s whose network holds so many bytes, the Server's end of its first connection, and how many
/// connections there are.
async fn start(network: usize) -> (Client, Driver, DuplexStream, Arc<AtomicUsize>) {
    let (ours, theirs) = tokio::io::duplex(network);
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let mut ours = Some(ours);
    let session = SessionOptions::new("slow").keep_alive(2);
    let options = Options::over(session, move || {
        count.fetch_add(1, Ordering::Relaxed);
        match ours.take() {
            Some(ours) => Box::pin(async move { Ok(Box::new(ours) as BoxIo) }),
            None => Box::pin(std::future::pending()),
        }
    });
    let (client, driver) = connect(options.reconnect(Never)).await.unwrap();
    (client, driver, theirs, connections)
}

async fn accept(io: &mut DuplexStream) {
    assert!(io.read(&mut [0; 64]).await.unwrap() > 0);
    io.write_all(&[0x20, 2, 0, 0]).await.unwrap();
}

fn is_half_open(error: &Error) -> bool {
    matches!(error, Error::Connection(ConnectionError::NoPingresp))
}

/// Reads 4 KiB ten times a second, and answers what it has read. Gives how many pings and messages came.
async fn serve_slowly(mut io: DuplexStream) -> (usize, usize) {
    let decoder = Decoder::new().sent_by(Side::Client);
    let (mut pings, mut messages) = (0, 0);
    let mut received = Vec::new();
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut bytes = [0; 4_096];
        let count = io.read(&mut bytes).await.unwrap();
        assert!(count > 0, "closed without DISCONNECT");
        received.extend_from_slice(&bytes[..count]);
        while let Decoded::Packet(packet, len) = decoder.decode(&received).unwrap() {
            let answer = match packet {
                Packet::Publish(publish) => {
                    assert!(!publish.delivery.dup());
                    messages += 1;
                    match publish.delivery {
                        Delivery::AtMostOnce => None,
                        Delivery::AtLeastOnce { packet_id, .. } => Some(Packet::Puback(packet_id)),
                        Delivery::ExactlyOnce { packet_id, .. } => Some(Packet::Pubrec(packet_id)),
                    }
                }
                Packet::Pubrel(id) => Some(Packet::Pubcomp(id)),
                Packet::Pingreq => {
                    pings += 1;
                    Some(Packet::Pingresp)
                }
                Packet::Disconnect => return (pings, messages),
                other => panic!("{other}"),
            };
            received.drain(..len);
            let mut out = Vec::new();
            answer.map(|answer| answer.encode_to(&mut out).unwrap());
            io.write_all(&out).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_take_many_keep_alive_periods_are_delivered_over_one_connection() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        // The network holds what the Server reads in 0.8 periods.
        let (client, driver, mut io, connections) = start(1 << 16).await;
        let driver = tokio::spawn(driver.run());
        accept(&mut io).await;
        client.connected().await.unwrap();
        let server = tokio::spawn(serve_slowly(io));
        let start = Instant::now();
        let mut deliveries = Vec::new();
        for _ in 0..3 {
            let message = Message::new("t", vec![7; 1 << 20]).unwrap().qos(qos);
            deliveries.push(client.publish(message).await.unwrap());
        }
        for delivery in deliveries {
            assert_eq!(delivery.await, Outcome::Delivered);
        }
        assert!(start.elapsed() > 30 * PERIOD);
        client.disconnect(Duration::from_secs(60)).await.unwrap();
        let (pings, messages) = server.await.unwrap();
        assert_eq!((messages, connections.load(Ordering::Relaxed)), (3, 1));
        // They stand behind messages, and in no crowds.
        assert!(pings <= 4, "{pings} pings");
        driver.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_no_more_of_a_message_is_left_in_time() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for taken in [0, 1, 100_000] {
            let (client, driver, mut io, _) = start(4_096).await;
            let driver = tokio::spawn(driver.run());
            accept(&mut io).await;
            client.connected().await.unwrap();
            let message = Message::new("t", vec![7; 1 << 20]).unwrap().qos(qos);
            let _delivery = client.publish(message).await.unwrap();
            // Some of it, in pieces.
            for _ in 0..taken {
                io.read_u8().await.unwrap();
            }
            let last = Instant::now();
            let error = driver.await.unwrap().unwrap_err();
            assert!(is_half_open(&error), "{error}");
            assert!(last.elapsed() <= PERIOD * 5 / 4, "{:?}", last.elapsed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_take_disconnect_is_left_in_time() {
    const NETWORK: usize = 4_096;
    let (client, driver, mut io, _) = start(NETWORK).await;
    let driver = tokio::spawn(driver.run());
    accept(&mut io).await;
    client.connected().await.unwrap();
    // It fills the network: a header of 3 bytes and a topic of 3.
    let message = Message::new("t", vec![7; NETWORK - 6]).unwrap();
    assert_eq!(client.publish(message).await.unwrap().await, Outcome::Delivered);
    let last = Instant::now();
    assert!(client.disconnect(Duration::MAX).await.is_err(), "nobody was told");
    assert!(is_half_open(&driver.await.unwrap().unwrap_err()));
    assert!(last.elapsed() <= PERIOD * 5 / 4, "{:?}", last.elapsed());
}

/// Messages at QoS 1 without end.
fn flood() -> Vec<u8> {
    let mut flood = Vec::new();
    let delivery = Delivery::AtLeastOnce { packet_id: PacketId::MIN, dup: false };
    let topic = TopicName::new("t").unwrap();
    for _ in 0..1_000 {
        let publish = Publish { delivery, retain: false, topic, payload: b"" };
        Packet::Publish(publish).encode_to(&mut flood).unwrap();
    }
    flood
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_its_answers_slowly_is_not_left() {
    let (client, driver, mut io, _) = start(1 << 20).await;
    let mut driver = tokio::spawn(driver.run());
    accept(&mut io).await;
    client.connected().await.unwrap();
    // Something is to be acknowledged.
    let delivery = client.publish(Message::new("t", "x").unwrap().qos(QoS::AtLeastOnce)).await.unwrap();
    let (mut read, mut write) = tokio::io::split(io);
    let flood = tokio::spawn(async move {
        let flood = flood();
        while write.write_all(&flood).await.is_ok() {}
    });
    // 10 KB a second: what is read at a time is answered in several periods.
    for _ in 0..3_000 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(read.read_exact(&mut [0; 1_000]).await.unwrap(), 1_000);
    }
    assert!(!driver.is_finished() && delivery.outcome().is_none());
    // Until it takes nothing any more.
    let last = Instant::now();
    let error = (&mut driver).await.unwrap().unwrap_err();
    assert!(is_half_open(&error), "{error}");
    assert!(last.elapsed() <= PERIOD * 5 / 4, "{:?}", last.elapsed());
    drop(read);
    flood.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_answers_and_reads_none_is_left_in_time() {
    let (client, driver, mut io, _) = start(4_096).await;
    let driver = tokio::spawn(driver.run());
    accept(&mut io).await;
    client.connected().await.unwrap();
    let flood = flood();
    // As much as it takes.
    let mut last = Instant::now();
    let mut taken = 0;
    while io.write_all(&flood).await.is_ok() {
        taken += flood.len();
        last = Instant::now();
    }
    let error = driver.await.unwrap().unwrap_err();
    assert!(is_half_open(&error), "{error}");
    assert!(last.elapsed() <= PERIOD * 5 / 4, "{:?}", last.elapsed());
    // A PUBACK of four bytes for seven: not much more than 1 MiB of them waits.
    assert!(taken < 3 << 20, "{taken} bytes");
}
