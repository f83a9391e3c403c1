//! Mosquitto behind a network that fails.

use std::time::Duration;

use mqtt_client::transport::Address;
use mqtt_client::{Backoff, Client, Doubt, Message, Options, Outcome, QoS, SessionOptions};

use crate::broker::Broker;
use crate::proxy::{Fate, Proxy};

const MESSAGES: u64 = 2_000;
const CUTS: usize = 20;

async fn client(port: u16, client_id: &str) -> Client {
    let address: Address = format!("mqtt://127.0.0.1:{port}").parse().unwrap();
    let session = SessionOptions::new(client_id).clean_session(false).keep_alive(1);
    let options =
        Options::new(address, session).reconnect(Backoff::new(Duration::ZERO, Duration::from_millis(2)));
    mqtt_client::start(options).await.unwrap().0
}

fn fates(seed: u64) -> impl FnMut() -> Fate + Send + 'static {
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut cuts = CUTS;
    let most = usize::try_from(MESSAGES).unwrap() * 15 / CUTS;
    move || {
        let ends = cuts > 0;
        cuts -= usize::from(ends);
        let ends_after = ends.then(|| dice.usize(0..=most));
        Fate { ends_after, silent: ends && cuts == 0, crawls: dice.usize(..100), late: 0 }
    }
}

/// Publisher and subscriber, one of them behind the proxy: each message arrives, in order, at QoS 2 once.
async fn goes_through(qos: QoS, publisher_is_behind: bool) {
    let broker = Broker::mosquitto();
    let proxy = Proxy::new(broker.port(), fates(7)).await;
    let (near, far) = (broker.port(), proxy.port);
    let (from, to) = if publisher_is_behind { (far, near) } else { (near, far) };
    let subscriber = client(to, "subscriber").await;
    let mut messages = subscriber.subscribe("t", qos).await.unwrap();
    let publisher = client(from, "publisher").await;
    let audit = std::sync::Arc::clone(&proxy.audit);
    let publishing = tokio::spawn(async move {
        let mut deliveries = Vec::new();
        for number in 0..MESSAGES {
            let message = Message::new("t", number.to_be_bytes().to_vec()).unwrap().qos(qos);
            deliveries.push(publisher.publish(message).await.unwrap());
        }
        for delivery in deliveries {
            let outcome = delivery.await;
            // Nobody can know what a CONNACK said that did not arrive.
            let may_doubt = qos == QoS::ExactlyOnce && audit.lock().unwrap().leaves_doubt();
            let is_doubt = outcome == Outcome::Uncertain(Doubt::SessionMayBeLost);
            assert!(outcome == Outcome::Delivered || (may_doubt && is_doubt), "{outcome}");
        }
        publisher.disconnect(Duration::from_secs(10)).await.unwrap();
    });
    let mut expected = 0;
    while expected < MESSAGES {
        let message = messages.next().await.unwrap();
        let number = u64::from_be_bytes(message.payload[..].try_into().unwrap());
        if number == expected {
            expected += 1;
        } else {
            assert!(qos == QoS::AtLeastOnce && number < expected, "{number} instead of {expected}");
        }
    }
    publishing.await.unwrap();
    subscriber.disconnect(Duration::from_secs(10)).await.unwrap();
    if qos == QoS::ExactlyOnce {
        assert_eq!(messages.next().await.map(|message| message.payload.clone()), None);
    }
    let audit = proxy.audit.lock().unwrap();
    assert_eq!(audit.faults, [""; 0]);
    assert!(audit.connections > CUTS);
}

/// As long as that, nothing stalls.
async fn in_time(work: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(240), work).await.unwrap_or_else(|_| panic!("stalled"));
}

#[tokio::test]
async fn a_publisher_survives_at_qos_1() {
    in_time(goes_through(QoS::AtLeastOnce, true)).await;
}

#[tokio::test]
async fn a_publisher_survives_at_qos_2() {
    in_time(goes_through(QoS::ExactlyOnce, true)).await;
}

#[tokio::test]
async fn a_subscriber_survives_at_qos_1() {
    in_time(goes_through(QoS::AtLeastOnce, false)).await;
}

#[tokio::test]
async fn a_subscriber_survives_at_qos_2() {
    in_time(goes_through(QoS::ExactlyOnce, false)).await;
}
