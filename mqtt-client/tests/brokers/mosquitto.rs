//! Mosquitto: messages, wills, sessions.

use mqtt_client::{Message, Options, QoS, SessionOptions, SubackReturnCode};

use crate::broker::Broker;
use crate::{ALL, client, close, expect, message, publish, session_present, start};

fn url(broker: &Broker) -> String {
    format!("mqtt://127.0.0.1:{}", broker.port())
}

#[tokio::test]
async fn a_message_arrives_with_the_lower_qos_of_publisher_and_subscription() {
    let broker = Broker::mosquitto();
    let client = client(&url(&broker), "both").await;
    for granted in ALL {
        let mut messages = client.subscribe("a/+", granted).await.unwrap();
        assert_eq!(messages.return_codes(), [SubackReturnCode::Granted(granted)]);
        for qos in ALL {
            let sent = message("a/b", "hello", qos);
            publish(&client, sent.clone()).await;
            expect(&mut messages, &sent.qos(qos.min(granted))).await;
        }
    }
    client.unsubscribe(vec!["a/+".try_into().unwrap()]).await.unwrap();
    close(&client).await;
}

#[tokio::test]
async fn large_and_empty_payloads_go_both_ways() {
    let broker = Broker::mosquitto();
    let client = client(&url(&broker), "large").await;
    let mut messages = client.subscribe("t", QoS::ExactlyOnce).await.unwrap();
    for len in [0, 1, 127, 128, 16_383, 16_384, 2_097_152] {
        let payload: Vec<u8> = (0..len).map(|n: u32| n.to_le_bytes()[0]).collect();
        let sent = Message::new("t", payload).unwrap().qos(QoS::ExactlyOnce);
        publish(&client, sent.clone()).await;
        expect(&mut messages, &sent).await;
    }
    close(&client).await;
}

#[tokio::test]
async fn a_retained_message_waits_for_subscribers_until_it_is_removed() {
    let broker = Broker::mosquitto();
    let client = client(&url(&broker), "retain").await;
    let kept = message("t", "kept", QoS::AtLeastOnce).retain(true);
    publish(&client, kept.clone()).await;
    let mut messages = client.subscribe("t", QoS::AtLeastOnce).await.unwrap();
    expect(&mut messages, &kept).await;
    publish(&client, message("t", "", QoS::AtLeastOnce).retain(true)).await;
    expect(&mut messages, &message("t", "", QoS::AtLeastOnce)).await;
    // The first for a new subscription is what comes after it.
    let mut again = client.subscribe("t", QoS::AtLeastOnce).await.unwrap();
    let new = message("t", "new", QoS::AtLeastOnce);
    publish(&client, new.clone()).await;
    expect(&mut again, &new).await;
    close(&client).await;
}

#[tokio::test]
async fn the_will_is_published_when_the_client_vanishes_and_not_when_it_disconnects() {
    let broker = Broker::mosquitto();
    let watcher = client(&url(&broker), "watcher").await;
    let mut wills = watcher.subscribe("will", QoS::ExactlyOnce).await.unwrap();
    let will = message("will", "gone", QoS::ExactlyOnce);
    let options = || {
        let session = SessionOptions::new("mortal").will(message("will", "gone", QoS::ExactlyOnce));
        Options::new(url(&broker).parse().unwrap(), session)
    };

    let polite = start(options()).await;
    close(&polite).await;

    let (mortal, driver) = mqtt_client::connect(options()).await.unwrap();
    let driver = tokio::spawn(driver.run());
    mortal.connected().await.unwrap();
    driver.abort();
    expect(&mut wills, &will).await;

    // There was one will, not two.
    let end = message("will", "end", QoS::ExactlyOnce);
    publish(&watcher, end.clone()).await;
    expect(&mut wills, &end).await;
    close(&watcher).await;
}

#[tokio::test]
async fn messages_wait_for_a_session_that_is_away() {
    let broker = Broker::mosquitto();
    let options = || {
        let session = SessionOptions::new("away").clean_session(false);
        mqtt_client::connect(Options::new(url(&broker).parse().unwrap(), session))
    };
    let (first, driver) = options().await.unwrap();
    let mut events = first.events();
    tokio::spawn(driver.run());
    assert!(!session_present(&mut events).await);
    first.subscribe("t", QoS::ExactlyOnce).await.unwrap();
    close(&first).await;

    let sender = client(&url(&broker), "sender").await;
    let sent: Vec<_> = ["1", "2", "3"].map(|payload| message("t", payload, QoS::ExactlyOnce)).into();
    for message in &sent {
        publish(&sender, message.clone()).await;
    }
    close(&sender).await;

    let (again, driver) = options().await.unwrap();
    let (mut events, mut messages) = (again.events(), again.messages());
    tokio::spawn(driver.run());
    assert!(session_present(&mut events).await);
    for message in &sent {
        assert_eq!(*messages.next().await.unwrap(), *message);
    }
    close(&again).await;
}

#[tokio::test]
async fn a_session_goes_on_when_the_broker_is_started_again() {
    let mut broker = Broker::mosquitto();
    let client = client(&url(&broker), "kept").await;
    let mut events = client.events();
    let mut messages = client.subscribe("t", QoS::ExactlyOnce).await.unwrap();
    for _ in 0..3 {
        let sent = message("t", "hello", QoS::ExactlyOnce);
        publish(&client, sent.clone()).await;
        expect(&mut messages, &sent).await;
        broker.stop();
        // Accepted while nobody is there.
        let delivery = client.publish(sent.clone()).await.unwrap();
        broker.start();
        assert!(session_present(&mut events).await);
        delivery.await;
        expect(&mut messages, &sent).await;
    }
    close(&client).await;
}

#[tokio::test]
async fn a_session_is_made_again_when_the_broker_forgot_it() {
    let mut broker = Broker::mosquitto_with(
        crate::broker::Folder::new(),
        "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n",
    );
    let client = client(&url(&broker), "forgotten").await;
    let mut events = client.events();
    let mut messages = client.subscribe("t", QoS::AtLeastOnce).await.unwrap();
    broker.kill();
    let sent = message("t", "hello", QoS::AtLeastOnce);
    let delivery = client.publish(sent.clone()).await.unwrap();
    broker.start();
    assert!(!session_present(&mut events).await);
    delivery.await;
    // The first may have been sent before the subscription was made again.
    publish(&client, sent.clone()).await;
    expect(&mut messages, &sent).await;
    close(&client).await;
}

#[tokio::test]
async fn another_client_with_the_same_identifier_takes_the_session_over() {
    let broker = Broker::mosquitto();
    let first = client(&url(&broker), "same").await;
    let mut events = first.events();
    let second = mqtt_client::connect(Options::new(
        url(&broker).parse().unwrap(),
        SessionOptions::new("same").clean_session(false),
    ));
    let (second, driver) = second.await.unwrap();
    let driver = tokio::spawn(driver.run());
    second.connected().await.unwrap();
    assert!(matches!(events.next().await.unwrap(), mqtt_client::ConnectionEvent::Disconnected { .. }));
    driver.abort();
    close(&first).await;
}
