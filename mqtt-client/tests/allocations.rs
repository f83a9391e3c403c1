//! In the long run nothing is allocated for a message that is published, however many are in flight; and what an idle
//! connection holds is little.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics fails")]

#[path = "driver/stream.rs"]
mod stream;

use std::collections::VecDeque;

use allocation_counter::measure;
use mqtt_client::{Client, Message, Outcome, QoS, SessionOptions, TopicNameBuf, connect};

use stream::Stream;

/// Publishes so many messages, with at most `window` of them unacknowledged, and takes each outcome.
async fn publish(client: &Client, qos: QoS, count: usize, window: usize, stream: &Stream) {
    let topic = TopicNameBuf::from_static("home/kitchen/light/1").unwrap();
    let mut deliveries = VecDeque::with_capacity(window);
    for _ in 0..count {
        if deliveries.len() == window {
            let oldest: mqtt_client::Delivery = deliveries.pop_front().unwrap();
            assert_eq!(oldest.await, Outcome::Delivered);
            stream.state().packets.clear();
        }
        let message = Message::to(topic.clone(), &b"payload"[..]).qos(qos);
        deliveries.push_back(client.publish(message).await.unwrap());
    }
    for delivery in deliveries {
        assert_eq!(delivery.await, Outcome::Delivered);
    }
}

#[test]
fn nothing_is_allocated_for_a_message() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for window in [1, 10, 1_000] {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let stream = Stream::default();
            let client = runtime.block_on(async {
                let session = SessionOptions::new("allocations").in_flight(1_000);
                let (client, driver) = connect(stream.options(session)).await.unwrap();
                tokio::spawn(driver.run());
                client.connected().await.unwrap();
                client
            });
            let count = 20 * window.max(10);
            let publish = || measure(|| runtime.block_on(publish(&client, qos, count, window, &stream)));
            // Until the buffers are as large as they have to be.
            for _ in 0..4 {
                publish();
            }
            let allocated = publish().count_total;
            let said = format!("{allocated} for {count} messages, {window} in flight, {qos:?}");
            if window < 1_000 {
                // The list of deliveries above.
                assert_eq!(allocated, 1, "{said}");
            } else {
                // Large buffers come and go with the thousand messages of a turn.
                assert!(allocated < u64::try_from(count / 100).unwrap(), "{said}");
            }
        }
    }
}

/// A thousand connections in one process, with the streams that they are over.
#[test]
fn a_thousand_idle_connections_hold_little_memory() {
    const COUNT: usize = 1_000;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut clients = Vec::with_capacity(COUNT);
    let opened = measure(|| {
        runtime.block_on(async {
            for number in 0..COUNT {
                let stream = Stream::default();
                let session = SessionOptions::new(format!("idle-{number}")).keep_alive(600);
                let (client, driver) = connect(stream.options(session)).await.unwrap();
                tokio::spawn(driver.run());
                client.connected().await.unwrap();
                clients.push((client, stream));
            }
        });
    });
    let held = opened.bytes_current / 1_000;
    assert!((1..4_096).contains(&held), "{held} bytes for a connection");
    // Work leaves nothing behind.
    let worked = measure(|| {
        runtime.block_on(async {
            for (client, stream) in &clients {
                let message = Message::new("t", vec![7; 10_000]).unwrap().qos(QoS::ExactlyOnce);
                assert_eq!(client.publish(message).await.unwrap().await, Outcome::Delivered);
                stream.state().packets = Vec::new();
            }
        });
    });
    let left = worked.bytes_current / 1_000;
    assert!(left < 1_024, "{left} bytes more for one that was at work");
}
