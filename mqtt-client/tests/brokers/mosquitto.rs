//! Mosquitto.

use std::time::Duration;

use mqtt_client::{Client, Message, Options, Outcome, QoS, SessionOptions};

use crate::broker::Broker;

fn options(broker: &Broker, client_id: &str) -> Options {
    let address = format!("mqtt://127.0.0.1:{}", broker.port()).parse().unwrap();
    Options::new(address, SessionOptions::new(client_id).clean_session(false))
}

async fn close(client: &Client) {
    client.disconnect(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test]
async fn a_session_goes_on_when_the_broker_is_started_again() {
    let mut broker = Broker::mosquitto();
    let (client, _) = mqtt_client::start(options(&broker, "kept")).await.unwrap();
    let mut messages = client.subscribe("t", QoS::ExactlyOnce).await.unwrap();
    for number in 0..3 {
        let payload = format!("{number}");
        let message = Message::new("t", payload.clone()).unwrap().qos(QoS::ExactlyOnce);
        assert_eq!(client.publish(message).await.unwrap().await, Outcome::Delivered);
        assert_eq!(messages.next().await.unwrap().payload, payload);
        broker.stop();
        broker.start();
    }
    close(&client).await;
}
