//! The client against real brokers on this machine.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that panics fails")]

#[path = "../common/broker.rs"]
mod broker;
#[cfg(feature = "tls")]
mod certificates;
mod login;
mod mosquitto;
mod nats;
#[cfg(feature = "tls")]
mod tls;
mod ways;

use std::time::Duration;

use mqtt_client::{
    Client, ConnectionEvent, ConnectionEvents, Error, Message, Never, Options, Outcome, QoS, SessionOptions,
    Subscription,
};

const ALL: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// A client that works already, without Clean Session.
async fn client(url: &str, client_id: &str) -> Client {
    start(Options::new(url.parse().unwrap(), SessionOptions::new(client_id).clean_session(false))).await
}

async fn start(options: Options) -> Client {
    let (client, _) = mqtt_client::start(options).await.unwrap();
    client.connected().await.unwrap();
    client
}

async fn close(client: &Client) {
    let leftover = client.disconnect(Duration::from_secs(10)).await.unwrap();
    assert_eq!(leftover.messages, 0);
}

/// Why the only attempt failed.
async fn fails(options: Options) -> std::sync::Arc<Error> {
    let (_client, driver) = mqtt_client::connect(options.reconnect(Never)).await.unwrap();
    driver.run().await.unwrap_err()
}

async fn publish(client: &Client, message: Message) {
    assert_eq!(client.publish(message).await.unwrap().await, Outcome::Delivered);
}

fn message(topic: &'static str, payload: &'static str, qos: QoS) -> Message {
    Message::new(topic, payload).unwrap().qos(qos)
}

/// The next message is this one.
async fn expect(messages: &mut Subscription, expected: &Message) {
    let received = messages.next().await.unwrap();
    assert_eq!(*received, *expected);
}

/// Waits until the Server has accepted a connection; gives whether it had a session.
async fn session_present(events: &mut ConnectionEvents) -> bool {
    loop {
        if let ConnectionEvent::Connected { session_present } = events.next().await.unwrap() {
            return session_present;
        }
    }
}

/// Messages go through, at each QoS in both directions.
async fn works(client: &Client) {
    let mut messages = client.subscribe("works", QoS::ExactlyOnce).await.unwrap();
    for qos in ALL {
        let message = message("works", "hello", qos);
        publish(client, message.clone()).await;
        expect(&mut messages, &message).await;
    }
}
