//! Connections that end at every possible byte.

use std::time::Duration;

use mqtt_client::{Backoff, Message, Options, Outcome, QoS, SessionOptions, connect};

use crate::server::{Cut, Server};

fn options(server: &Server) -> Options {
    let session = SessionOptions::new("cuts").clean_session(false).manual_acknowledgement(true);
    Options::over(session, server.connector()).reconnect(Backoff::new(Duration::ZERO, Duration::ZERO))
}

fn payload(number: usize) -> Vec<u8> {
    format!("message {number}").into_bytes()
}

/// Three messages at this QoS to the Server, over connections that end like this.
async fn publish(server: &Server, qos: QoS) {
    let (client, driver) = connect(options(server)).await.unwrap();
    let driver = tokio::spawn(driver.run());
    let mut deliveries = Vec::new();
    for number in 0..3 {
        let message = Message::new("t", payload(number)).unwrap().qos(qos);
        deliveries.push(client.publish(message).await.unwrap());
    }
    for delivery in deliveries {
        assert_eq!(delivery.await, Outcome::Delivered);
    }
    client.disconnect(Duration::from_secs(5)).await.unwrap();
    driver.await.unwrap().unwrap();
}

/// Three messages at this QoS from the Server.
async fn receive(server: &Server, qos: QoS) -> Vec<Vec<u8>> {
    server.send(qos, (0..3).map(payload));
    let (client, driver) = connect(options(server)).await.unwrap();
    let mut messages = client.messages();
    tokio::spawn(driver.run());
    let filters = vec![("t".try_into().unwrap(), qos)];
    client.ask_subscribe(filters).await.unwrap();
    let mut received: Vec<Vec<u8>> = Vec::new();
    while received.last() != Some(&payload(2)) {
        let message = messages.next().await.unwrap();
        received.push(message.payload.to_vec());
        message.acknowledge();
    }
    client.disconnect(Duration::from_secs(5)).await.unwrap();
    received
}

fn distinct(mut received: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    received.dedup();
    received
}

/// As many as the longest exchange has, and a few more, which cut nothing.
const BYTES: usize = 150;

#[tokio::test]
async fn a_publish_survives_a_cut_at_every_byte_in_both_directions() {
    let expected: Vec<_> = (0..3).map(payload).collect();
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for at in 1..BYTES {
            for cut in [Cut::Read(at), Cut::Written(at)] {
                let server = Server::default();
                server.state().cuts.extend([cut, cut, Cut::Refuse]);
                publish(&server, qos).await;
                let state = server.state();
                assert_eq!(state.faults, [""; 0], "{qos:?} {cut:?}");
                if qos == QoS::ExactlyOnce {
                    assert_eq!(state.received, expected, "{cut:?}");
                } else {
                    // Some again, yet each, and first ones in order.
                    let mut first: Vec<_> = Vec::new();
                    for payload in &state.received {
                        if !first.contains(payload) {
                            first.push(payload.clone());
                        }
                    }
                    assert_eq!(first, expected, "{cut:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_message_is_received_through_a_cut_at_every_byte_in_both_directions() {
    let expected: Vec<_> = (0..3).map(payload).collect();
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for at in 1..BYTES {
            for cut in [Cut::Read(at), Cut::Written(at)] {
                let server = Server::default();
                server.state().cuts.extend([cut, cut]);
                let received = receive(&server, qos).await;
                assert_eq!(server.state().faults, [""; 0], "{qos:?} {cut:?}");
                if qos == QoS::ExactlyOnce {
                    assert_eq!(received, expected, "{cut:?}");
                } else {
                    let mut sorted = received.clone();
                    sorted.sort();
                    assert_eq!(distinct(sorted), expected, "{cut:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_lost_session_is_made_up_for() {
    // CONNACK, SUBACK and PUBACK have so many bytes: the session is lost before the last message.
    for at in 1..=4 + 5 + 4 {
        let server = Server::default();
        server.state().cuts.extend([Cut::Written(at), Cut::LoseSession]);
        let (client, driver) = connect(options(&server)).await.unwrap();
        tokio::spawn(driver.run());
        let mut messages = client.messages();
        client.ask_subscribe(vec![("t".try_into().unwrap(), QoS::AtLeastOnce)]).await.unwrap();
        let message = Message::new("t", "kept").unwrap().qos(QoS::AtLeastOnce);
        assert_eq!(client.publish(message).await.unwrap().await, Outcome::Delivered);
        // The Server sends only to who subscribed, so this shows that the subscription was made again.
        server.send(QoS::AtLeastOnce, [payload(0)]);
        let ask = Message::new("t", "go on").unwrap().qos(QoS::AtLeastOnce);
        client.publish(ask).await.unwrap().await;
        let message = messages.next().await.unwrap();
        assert_eq!(message.payload, payload(0));
        message.acknowledge();
        client.disconnect(Duration::from_secs(5)).await.unwrap();
        assert_eq!(server.state().connections, 2, "{at}");
    }
}
