//! One write for what one turn has to say.

use mqtt_client::{Client, Delivery, Message, Outcome, QoS, SessionOptions, TopicNameBuf, connect};
use mqtt_codec::PacketType::{Connect, Puback, Publish, Pubrel};
use mqtt_codec::{Packet, PacketId, TopicName};

use crate::stream::Stream;

/// A client that is connected, and whose CONNECT was looked at.
async fn client(stream: &Stream) -> Client {
    let session = SessionOptions::new("writes").in_flight(u16::MAX);
    let (client, driver) = connect(stream.options(session).unread(100_000, 1 << 24)).await.unwrap();
    tokio::spawn(driver.run());
    client.connected().await.unwrap();
    assert_eq!(stream.take(), (1, vec![Connect]));
    client
}

fn message(qos: QoS, payload: &'static [u8]) -> Message {
    Message::to(TopicNameBuf::from_static("t").unwrap(), payload).qos(qos)
}

fn accepted(client: &Client, qos: QoS, payload: &'static [u8]) -> Delivery {
    client.try_publish(message(qos, payload)).unwrap()
}

fn incoming(id: u16) -> Packet<'static> {
    let packet_id = PacketId::new(id).unwrap();
    let delivery = mqtt_codec::Delivery::AtLeastOnce { packet_id, dup: false };
    let topic = TopicName::new("t").unwrap();
    Packet::from(mqtt_codec::Publish { delivery, retain: false, topic, payload: b"payload" })
}

#[tokio::test]
async fn who_answers_each_message_and_waits_for_that_goes_on_while_many_wait() {
    let stream = Stream::default();
    let session = SessionOptions::new("answers");
    let (client, driver) = connect(stream.options(session).unread(10, 1 << 20)).await.unwrap();
    let mut messages = client.messages();
    tokio::spawn(driver.run());
    client.connected().await.unwrap();
    (1..=15).for_each(|id| stream.send(&incoming(id)));
    let answers = async {
        for _ in 0..15 {
            messages.next().await.unwrap();
            assert_eq!(accepted(&client, QoS::AtLeastOnce, b"answer").await, Outcome::Delivered);
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), answers).await.expect("PUBACKs are read");
}

#[tokio::test]
async fn what_was_published_meanwhile_leaves_in_one_write() {
    let stream = Stream::default();
    let client = client(&stream).await;
    let deliveries: Vec<_> = (0..1_000).map(|_| accepted(&client, QoS::AtLeastOnce, b"payload")).collect();
    for delivery in deliveries {
        assert_eq!(delivery.await, Outcome::Delivered);
    }
    assert_eq!(stream.take(), (1, vec![Publish; 1_000]));
}

#[tokio::test]
async fn an_acknowledgement_and_a_message_of_one_turn_leave_in_one_write() {
    let stream = Stream::default();
    let client = client(&stream).await;
    let mut messages = client.messages();
    stream.send(&incoming(7));
    let delivery = accepted(&client, QoS::AtLeastOnce, b"answer");
    messages.next().await.unwrap();
    assert_eq!(delivery.await, Outcome::Delivered);
    let (writes, mut packets) = stream.take();
    packets.sort();
    assert_eq!((writes, packets), (1, vec![Publish, Puback]));
}

#[tokio::test]
async fn many_messages_are_acknowledged_in_one_write() {
    let stream = Stream::default();
    let client = client(&stream).await;
    let mut messages = client.messages();
    (1..=1_000).for_each(|id| stream.send(&incoming(id)));
    for _ in 0..1_000 {
        messages.next().await.unwrap();
    }
    assert_eq!(stream.take(), (1, vec![Puback; 1_000]));
}

#[tokio::test]
async fn a_large_payload_leaves_with_its_header_in_one_write() {
    static LARGE: [u8; 100_000] = [7; 100_000];
    let stream = Stream::default();
    let client = client(&stream).await;
    let small = accepted(&client, QoS::AtLeastOnce, b"small");
    let large = accepted(&client, QoS::ExactlyOnce, &LARGE);
    assert_eq!((small.await, large.await), (Outcome::Delivered, Outcome::Delivered));
    assert_eq!(stream.take(), (2, vec![Publish, Publish, Pubrel]));
}
