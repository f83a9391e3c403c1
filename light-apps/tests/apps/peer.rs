//! A bare client: says what no program of ours would say, and hears what is really published.

use std::time::Duration;

use mqtt_client::{Client, Message, Messages, Options, Outcome, QoS, SessionOptions};
use tokio::runtime::Runtime;

/// So long may anything take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Peer {
    runtime: Runtime,
    client: Client,
    messages: Messages,
}

impl Peer {
    /// Connected, and subscribed to this.
    pub(crate) fn on(broker: &str, filter: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build().unwrap();
        let options = Options::new(broker.parse().unwrap(), SessionOptions::new(""));
        let (client, messages) = runtime.block_on(async {
            let (client, messages) = mqtt_client::start(options).await.unwrap();
            let filter = filter.try_into().unwrap();
            let subscribing = client.ask_subscribe(vec![(filter, QoS::AtLeastOnce)]);
            tokio::time::timeout(PATIENCE, subscribing).await.unwrap().unwrap();
            (client, messages)
        });
        Self { runtime, client, messages }
    }

    /// Publishes at QoS 1; the broker has it when this returns.
    pub(crate) fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        let message = Message::new(topic, payload.into()).unwrap().qos(QoS::AtLeastOnce);
        self.runtime.block_on(async {
            let delivery = self.client.publish(message).await.unwrap();
            assert_eq!(tokio::time::timeout(PATIENCE, delivery).await.unwrap(), Outcome::Delivered);
        });
    }

    /// The next message: topic, text, and whether the broker had kept it.
    #[track_caller]
    pub(crate) fn next(&mut self) -> (String, String, bool) {
        let next = async { tokio::time::timeout(PATIENCE, self.messages.next()).await };
        let message = self.runtime.block_on(next);
        let message = message.expect("no message came").expect("the client has ended");
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        (message.topic.to_string(), text, message.retain)
    }

    /// The next message is this one.
    #[track_caller]
    pub(crate) fn hears(&mut self, topic: &str, text: &str, retained: bool) {
        assert_eq!(self.next(), (topic.to_owned(), text.to_owned(), retained));
    }
}
