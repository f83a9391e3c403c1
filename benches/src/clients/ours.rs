//! Our client, with an outcome for each publish.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use mqtt_client::{Client, Message, Options, Outcome, QoS, SessionOptions, TopicNameBuf};

use super::meter::{Cpu, Job, Measured, Memory, RoundTrips};
use super::{PAYLOAD, TOPIC, Work};

pub(super) fn run(job: &Job) -> Measured {
    super::on_tokio(async {
        match job.work {
            Work::Publish(qos) => publish(job, qos).await,
            Work::Receive(qos) => receive(job, qos).await,
            Work::PingPong => ping_pong(job).await,
            Work::Idle => idle(job).await,
        }
    })
}

async fn connect(job: &Job) -> Client {
    let address = format!("mqtt://127.0.0.1:{}", job.port).parse().expect("it is an address");
    let session = SessionOptions::new("bench").in_flight(job.window);
    let (client, driver) =
        mqtt_client::connect(Options::new(address, session)).await.expect("it can be made");
    tokio::spawn(driver.run());
    client.connected().await.expect("the server is there");
    client
}

/// A message to a topic that was checked once, as anybody does who publishes many.
fn message(topic: &TopicNameBuf, qos: QoS) -> Message {
    Message::to(topic.clone(), Bytes::from_static(PAYLOAD)).qos(qos)
}

fn topic() -> TopicNameBuf {
    TopicNameBuf::from_static(TOPIC).expect("it is one")
}

async fn publish(job: &Job, qos: QoS) -> Measured {
    let client = connect(job).await;
    let topic = topic();
    let cpu = Cpu::start();
    let most = usize::from(job.window);
    let mut deliveries = VecDeque::with_capacity(most);
    for _ in 0..job.count {
        if deliveries.len() == most
            && let Some(oldest) = deliveries.pop_front()
        {
            assert_eq!(oldest.await, Outcome::Delivered);
        }
        deliveries.push_back(client.publish(message(&topic, qos)).await.expect("it is accepted"));
    }
    for delivery in deliveries {
        assert_eq!(delivery.await, Outcome::Delivered);
    }
    let measured = cpu.per(job.count);
    client.disconnect(Duration::from_secs(1)).await.expect("all is delivered");
    measured
}

async fn receive(job: &Job, qos: QoS) -> Measured {
    let client = connect(job).await;
    let cpu = Cpu::start();
    let mut messages = client.messages();
    let filter = super::asks_for(job, qos).try_into().expect("it is one");
    client.ask_subscribe(vec![(filter, QoS::ExactlyOnce)]).await.expect("it is granted");
    for _ in 0..=job.count {
        messages.next().await.expect("they come");
    }
    cpu.per(job.count)
}

async fn ping_pong(job: &Job) -> Measured {
    let client = connect(job).await;
    let topic = topic();
    let mut trips = RoundTrips::default();
    for _ in 0..job.count {
        trips.begin();
        let delivery = client.publish(message(&topic, QoS::AtLeastOnce)).await.expect("it is accepted");
        assert_eq!(delivery.await, Outcome::Delivered);
        trips.end();
    }
    trips.median()
}

async fn idle(job: &Job) -> Measured {
    let mut clients = Vec::with_capacity(job.count);
    drop(connect(job).await);
    let memory = Memory::start();
    for _ in 0..job.count {
        clients.push(connect(job).await);
    }
    memory.per(job.count)
}
