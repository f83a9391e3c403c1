//! What the tap is shown.

use std::sync::{Arc, Mutex};

use mqtt_client::transport::BoxIo;
use mqtt_client::{
    Backoff, Connecting, ConnectionEvent, Direction, Message, Options, Outcome, QoS, SessionOptions, connect,
};
use mqtt_codec::PacketType::{self, Connack, Connect, Puback, Publish};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// The first bytes of packets that were shown, as their types.
type Shown = Arc<Mutex<Vec<PacketType>>>;

fn shown(tap: &Shown) -> Vec<PacketType> {
    std::mem::take(&mut tap.lock().unwrap())
}

/// The next connection's other end, through which so many bytes fit unread.
async fn accept(connections: &mut tokio::sync::mpsc::UnboundedReceiver<DuplexStream>) -> DuplexStream {
    let mut io = connections.recv().await.unwrap();
    let mut connect = [0; 15];
    io.read_exact(&mut connect).await.unwrap();
    io.write_all(&[0x20, 2, 1, 0]).await.unwrap();
    io
}

#[tokio::test]
async fn what_is_shown_as_sent_was_written() {
    let (to_server, mut connections) = tokio::sync::mpsc::unbounded_channel();
    let session = SessionOptions::new("t").clean_session(false);
    let options = Options::over(session, move || -> Connecting {
        let (ours, theirs) = tokio::io::duplex(64);
        to_server.send(theirs).unwrap();
        Box::pin(async move { Ok(Box::new(ours) as BoxIo) })
    });
    let tap = Shown::default();
    let seen = Arc::clone(&tap);
    let options = options.reconnect(Backoff::new(std::time::Duration::ZERO, std::time::Duration::ZERO)).tap(
        move |direction, bytes| {
            let packet_type = PacketType::of_first_byte(bytes[0]).unwrap();
            let is_from_client = matches!(packet_type, Connect | Publish);
            assert_eq!(is_from_client, direction == Direction::Sent);
            seen.lock().unwrap().push(packet_type);
        },
    );
    let (client, driver) = connect(options).await.unwrap();
    let mut events = client.events();
    tokio::spawn(driver.run());
    let mut io = accept(&mut connections).await;
    client.connected().await.unwrap();
    assert_eq!(shown(&tap), [Connect, Connack]);
    // The first has 7 bytes and topic and payload of 3, the second more than fit through.
    let message = |len: usize| Message::new("t", vec![7; len]).unwrap().qos(QoS::AtLeastOnce);
    let small = client.publish(message(1)).await.unwrap();
    let large = client.publish(message(100)).await.unwrap();
    let mut bytes = [0; 20];
    io.read_exact(&mut bytes).await.unwrap();
    io.write_all(&[0x40, 2, 0, 1]).await.unwrap();
    assert_eq!(small.await, Outcome::Delivered);
    assert_eq!(shown(&tap), [Publish, Puback], "the second was written in part");
    drop(io);
    while !matches!(events.next().await.unwrap(), ConnectionEvent::Disconnected { .. }) {}
    let mut io = accept(&mut connections).await;
    let mut rest = [0; 107];
    io.read_exact(&mut rest).await.unwrap();
    assert_eq!(rest[..2], [0x3A, 105]);
    io.write_all(&[0x40, 2, 0, 2]).await.unwrap();
    assert_eq!(large.await, Outcome::Delivered);
    assert_eq!(shown(&tap), [Connect, Connack, Publish, Puback]);
}
