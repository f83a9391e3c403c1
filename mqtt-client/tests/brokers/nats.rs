//! The NATS server.

use std::time::Duration;

use mqtt_client::{Message, Options, Outcome, QoS, SessionOptions};

use crate::broker::Broker;

#[tokio::test]
async fn messages_go_both_ways() {
    let broker = Broker::nats();
    let address = format!("mqtt://127.0.0.1:{}", broker.port()).parse().unwrap();
    let session = SessionOptions::new("both").clean_session(false);
    let (client, _) = mqtt_client::start(Options::new(address, session)).await.unwrap();
    let mut messages = client.subscribe("t", QoS::AtLeastOnce).await.unwrap();
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        let message = Message::new("t", "hello").unwrap().qos(qos);
        assert_eq!(client.publish(message).await.unwrap().await, Outcome::Delivered);
        let message = messages.next().await.unwrap();
        assert_eq!((&message.payload[..], message.qos), (&b"hello"[..], qos));
    }
    client.disconnect(Duration::from_secs(10)).await.unwrap();
}
