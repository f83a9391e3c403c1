//! When the driver reads, and when it stops.

use std::ops::Range;
use std::time::Duration;

use mqtt_client::transport::BoxIo;
use mqtt_client::{
    Connecting, Message, Options, Outcome, QoS, SessionOptions, SubscribeError, TopicNameBuf, connect,
};
use mqtt_codec::{Delivery, Packet, PacketId, Publish, ReturnCodes, Suback, SubackReturnCode, TopicName};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::stream::Stream;

const CONNACK_PRESENT: [u8; 4] = [0x20, 2, 1, 0];

/// Options of a client whose first connection is to this end of a pipe, and whose others are never made.
fn pipe(session: SessionOptions) -> (Options, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let mut ours = Some(ours);
    let options = Options::over(session, move || -> Connecting {
        match ours.take() {
            Some(ours) => Box::pin(async move { Ok(Box::new(ours) as BoxIo) }),
            None => Box::pin(std::future::pending()),
        }
    });
    (options, theirs)
}

fn kept() -> SessionOptions {
    SessionOptions::new("reading").clean_session(false)
}

/// So many messages of a resumed session, then SUBACK with Packet Identifier 1.
fn backlog(messages: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let publish = Publish::at_most_once(TopicName::new("t").unwrap(), b"payload");
    for _ in 0..messages {
        Packet::Publish(publish).encode_to(&mut bytes).unwrap();
    }
    let return_codes = ReturnCodes::new(&[SubackReturnCode::Granted(QoS::AtMostOnce)]).unwrap();
    Packet::Suback(Suback { packet_id: PacketId::MIN, return_codes }).encode_to(&mut bytes).unwrap();
    bytes
}

/// The Server: CONNACK for CONNECT, and for SUBSCRIBE a backlog before its answer.
async fn resume(mut io: DuplexStream, messages: usize) -> DuplexStream {
    let mut bytes = [0; 1_024];
    assert!(io.read(&mut bytes).await.unwrap() > 0);
    io.write_all(&CONNACK_PRESENT).await.unwrap();
    assert!(io.read(&mut bytes).await.unwrap() > 0);
    io.write_all(&backlog(messages)).await.unwrap();
    io
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), work).await.expect("it does not wait for ever")
}

#[tokio::test]
async fn a_subscription_is_answered_behind_more_messages_than_may_wait_unread() {
    let (options, io) = pipe(kept());
    let (client, driver) = connect(options.unread(100, 1 << 20)).await.unwrap();
    let mut all = client.messages();
    tokio::spawn(driver.run());
    let server = tokio::spawn(resume(io, 1_000));
    // Nobody takes messages meanwhile.
    let mut subscription = in_time(client.subscribe("t", QoS::AtMostOnce)).await.unwrap();
    for _ in 0..1_000 {
        assert_eq!(in_time(subscription.next()).await.unwrap().payload, "payload");
        in_time(all.next()).await.unwrap();
    }
    drop(server.await.unwrap());
}

#[tokio::test]
async fn a_subscription_whose_answer_cannot_be_read_says_so() {
    let (options, io) = pipe(kept());
    let options = options.unread(10, 1 << 20).unread_timeout(Duration::from_millis(1));
    let (client, driver) = connect(options).await.unwrap();
    let mut all = client.messages();
    tokio::spawn(driver.run());
    let server = tokio::spawn(resume(io, 10_000));
    let error = in_time(client.subscribe("t", QoS::AtMostOnce)).await.unwrap_err();
    assert!(matches!(error, SubscribeError::Unread), "{error:?}");
    // Nothing is lost of what another stream wants, and all goes on when it is taken.
    for _ in 0..10_000 {
        in_time(all.next()).await.unwrap();
    }
    // Its answer is read behind them, though nobody waits for it any more: its identifier is free.
    assert_eq!(client.statistics().received, 10_000);
    in_time(async {
        while client.statistics().in_flight > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut io = server.await.unwrap();
    let answered = async {
        let mut bytes = [0; 1_024];
        let count = io.read(&mut bytes).await.unwrap();
        assert_eq!(bytes[..count], [0x82, 6, 0, 2, 0, 1, b't', 0]);
        io.write_all(&[0x90, 3, 0, 2, 0]).await.unwrap();
    };
    let (subscription, ()) =
        in_time(async { tokio::join!(client.subscribe("t", QoS::AtMostOnce), answered) }).await;
    subscription.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_asks_later_has_the_same_time() {
    let (options, io) = pipe(kept());
    let options = options.unread(10, 1 << 20).unread_timeout(Duration::from_secs(10));
    let (client, driver) = connect(options).await.unwrap();
    let _all = client.messages();
    tokio::spawn(driver.run());
    let _server = tokio::spawn(resume(io, 10_000));
    let asks = |after| {
        let client = client.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(after)).await;
            let start = tokio::time::Instant::now();
            // Without a stream of its own, whose end would take messages.
            let filters = vec![("t".try_into().unwrap(), QoS::AtMostOnce)];
            let error = client.ask_subscribe(filters).await.unwrap_err();
            assert!(matches!(error, SubscribeError::Unread), "{error:?}");
            start.elapsed().as_secs()
        })
    };
    for asked in [asks(0), asks(6), asks(9), asks(30)] {
        assert_eq!(asked.await.unwrap(), 10);
    }
}

#[tokio::test]
async fn who_takes_messages_while_it_asks_is_answered_however_many_come_before() {
    let (options, io) = pipe(kept());
    // What is taken by turns is far apart from what may wait: nobody gives up as long as anything is taken.
    let options = options.unread(10, 1 << 20).unread_timeout(Duration::from_secs(60));
    let (client, driver) = connect(options).await.unwrap();
    let mut all = client.messages();
    tokio::spawn(driver.run());
    let server = tokio::spawn(resume(io, 10_000));
    let asked = client.clone();
    let asking =
        tokio::spawn(
            async move { asked.ask_subscribe(vec![("t".try_into().unwrap(), QoS::AtMostOnce)]).await },
        );
    for _ in 0..10_000 {
        in_time(all.next()).await.unwrap();
    }
    assert_eq!(in_time(asking).await.unwrap().unwrap(), [SubackReturnCode::Granted(QoS::AtMostOnce)]);
    drop(server.await.unwrap());
}

/// Where these bytes lie.
fn place(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr().addr();
    start..start + bytes.len()
}

#[tokio::test]
async fn topic_and_payload_lie_where_they_were_read_to() {
    let stream = Stream::default();
    let (client, driver) = connect(stream.options(SessionOptions::new("slices"))).await.unwrap();
    let mut messages = client.messages();
    tokio::spawn(driver.run());
    client.connected().await.unwrap();
    stream.state().notes_reads = true;
    for len in 1..=100 {
        // Two in one read, each a part of its memory.
        let payload = vec![7; len];
        for id in [1, 2] {
            let packet_id = PacketId::new(id).unwrap();
            let delivery = Delivery::AtLeastOnce { packet_id, dup: false };
            let topic = TopicName::new("home/light").unwrap();
            stream.send(&Packet::Publish(Publish { delivery, retain: false, topic, payload: &payload }));
        }
        let two = [in_time(messages.next()).await.unwrap(), in_time(messages.next()).await.unwrap()];
        let reads = std::mem::take(&mut stream.state().reads);
        let [read] = &reads[..] else { panic!("one read: {reads:?}") };
        for message in two {
            for part in [place(message.topic.as_bytes()), place(&message.payload)] {
                assert!(read.start <= part.start && part.end <= read.end, "{part:?} was read to {read:?}");
            }
        }
    }
}

#[tokio::test]
async fn while_a_large_message_leaves_what_comes_is_read() {
    let (options, mut io) = pipe(SessionOptions::new("large"));
    let (client, driver) = connect(options).await.unwrap();
    let mut messages = client.messages();
    tokio::spawn(driver.run());
    let mut bytes = vec![0; 1 << 16];
    assert!(io.read(&mut bytes).await.unwrap() > 0);
    io.write_all(&[0x20, 2, 0, 0]).await.unwrap();
    client.connected().await.unwrap();
    let topic = TopicNameBuf::from_static("t").unwrap();
    let large = Message::to(topic, vec![7; 8 << 20]).qos(QoS::AtLeastOnce);
    let delivery = client.publish(large).await.unwrap();
    // Some of it has left, and the Server takes no more for the time being.
    io.read_exact(&mut bytes).await.unwrap();
    io.write_all(&[0x30, 4, 0, 1, b'a', b'x']).await.unwrap();
    assert_eq!(in_time(messages.next()).await.unwrap().payload, "x");
    // The rest of it: PUBLISH has a header of 5 bytes, a topic of 3, an identifier of 2.
    let mut rest = vec![0; (8 << 20) + 10 - bytes.len()];
    io.read_exact(&mut rest).await.unwrap();
    io.write_all(&[0x40, 2, 0, 1]).await.unwrap();
    assert_eq!(in_time(delivery).await, Outcome::Delivered);
}
