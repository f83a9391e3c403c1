//! The NATS server with JetStream.

use mqtt_client::{ConnectionEvent, QoS, SubackReturnCode};

use crate::broker::Broker;
use crate::{client, close, expect, message, publish, session_present};

fn url(broker: &Broker) -> String {
    format!("mqtt://127.0.0.1:{}", broker.port())
}

#[tokio::test]
async fn messages_go_both_ways() {
    let broker = Broker::nats();
    let client = client(&url(&broker), "both").await;
    let mut messages = client.subscribe("a/+", QoS::ExactlyOnce).await.unwrap();
    // Versions before 2.10 do not offer QoS 2.
    let [SubackReturnCode::Granted(granted)] = *messages.return_codes() else { panic!("not granted") };
    assert!(granted >= QoS::AtLeastOnce);
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        if qos <= granted {
            let message = message("a/b", "hello", qos);
            publish(&client, message.clone()).await;
            expect(&mut messages, &message).await;
        }
    }
    close(&client).await;
}

#[tokio::test]
async fn a_session_goes_on_when_the_server_is_started_again() {
    let mut broker = Broker::nats();
    let client = client(&url(&broker), "kept").await;
    let mut events = client.events();
    let mut messages = client.subscribe("t", QoS::AtLeastOnce).await.unwrap();
    let sent = message("t", "hello", QoS::AtLeastOnce);
    publish(&client, sent.clone()).await;
    expect(&mut messages, &sent).await;
    broker.stop();
    while !matches!(events.next().await.unwrap(), ConnectionEvent::Disconnected { .. }) {}
    broker.start();
    assert!(session_present(&mut events).await);
    publish(&client, sent.clone()).await;
    expect(&mut messages, &sent).await;
    close(&client).await;
}
