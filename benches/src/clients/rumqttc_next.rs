//! rumqttc-v4-next: a task that publishes, in batches, and another that polls the event loop; with notices of each publish
//! where it is said.

use std::collections::VecDeque;

use bytes::Bytes;
use mqtt_codec::QoS;
use rumqttc_next::{
    AsyncClient, Broker, Event, EventLoop, MqttOptions, Packet, PublishOptions, ValidatedTopic,
};

use super::meter::{Cpu, Job, Measured, Memory, RoundTrips};
use super::{PAYLOAD, TOPIC, WIDE, Work};

/// Requests in one iteration of its loop.
const BATCH: usize = 1_000;

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

/// With a result for each publish.
pub(super) fn run_tracked(job: &Job) -> Measured {
    super::on_tokio(async {
        match job.work {
            Work::Publish(qos) => publish_tracked(job, qos).await,
            _ => Measured(f64::NAN),
        }
    })
}

async fn connect(job: &Job, queue: usize) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new("bench", Broker::tcp("127.0.0.1", job.port));
    options.set_inflight(job.window).set_max_request_batch(BATCH);
    let (client, mut events) = AsyncClient::builder(options).capacity(queue).build();
    let mut network = events.network_options();
    network.set_tcp_nodelay(true);
    events.set_network_options(network);
    until(&mut events, |packet| matches!(packet, Packet::ConnAck(_)), 1).await;
    (client, events)
}

/// Polls until so many of these came.
async fn until(events: &mut EventLoop, wanted: impl Fn(&Packet) -> bool, count: usize) {
    let mut left = count;
    while left > 0 {
        if let Event::Incoming(packet) = events.poll().await.expect("the connection lasts")
            && wanted(&packet)
        {
            left -= 1;
        }
    }
}

const fn level(qos: QoS) -> rumqttc_next::QoS {
    match qos {
        QoS::AtMostOnce => rumqttc_next::QoS::AtMostOnce,
        QoS::AtLeastOnce => rumqttc_next::QoS::AtLeastOnce,
        QoS::ExactlyOnce => rumqttc_next::QoS::ExactlyOnce,
    }
}

fn topic() -> ValidatedTopic {
    ValidatedTopic::new(TOPIC).expect("it is one")
}

fn payload() -> Bytes {
    Bytes::from_static(PAYLOAD)
}

async fn publish(job: &Job, qos: QoS) -> Measured {
    let (client, mut events) = connect(job, WIDE.into()).await;
    let cpu = Cpu::start();
    let count = job.count;
    tokio::spawn(async move {
        let (topic, options) = (topic(), PublishOptions::new(level(qos)));
        for _ in 0..count {
            client.publish(topic.clone(), payload(), options).await.expect("it is queued");
        }
        if qos == QoS::AtMostOnce {
            // Its acknowledgement tells that all before it are written.
            let last = PublishOptions::new(level(QoS::AtLeastOnce));
            client.publish(topic, payload(), last).await.expect("it is queued");
        }
        // The event loop ends when its last client is gone.
        std::future::pending::<()>().await;
        drop(client);
    });
    match qos {
        QoS::AtMostOnce => until(&mut events, |packet| matches!(packet, Packet::PubAck(_)), 1).await,
        QoS::AtLeastOnce => until(&mut events, |packet| matches!(packet, Packet::PubAck(_)), count).await,
        QoS::ExactlyOnce => until(&mut events, |packet| matches!(packet, Packet::PubComp(_)), count).await,
    }
    cpu.per(count)
}

async fn publish_tracked(job: &Job, qos: QoS) -> Measured {
    let (client, mut events) = connect(job, WIDE.into()).await;
    let cpu = Cpu::start();
    tokio::spawn(async move { while events.poll().await.is_ok() {} });
    let (topic, options) = (topic(), PublishOptions::new(level(qos)));
    let most = usize::from(job.window);
    let mut notices = VecDeque::with_capacity(most);
    for _ in 0..job.count {
        if notices.len() == most
            && let Some(oldest) = notices.pop_front()
        {
            wait(oldest).await;
        }
        notices.push_back(
            client.publish_tracked(topic.clone(), payload(), options).await.expect("it is queued"),
        );
    }
    for notice in notices {
        wait(notice).await;
    }
    cpu.per(job.count)
}

async fn wait(notice: rumqttc_next::PublishNotice) {
    notice.wait_async().await.expect("it is delivered");
}

async fn receive(job: &Job, qos: QoS) -> Measured {
    let (client, mut events) = connect(job, 10).await;
    let cpu = Cpu::start();
    client.subscribe(super::asks_for(job, qos), level(QoS::ExactlyOnce)).await.expect("it is queued");
    until(&mut events, |packet| matches!(packet, Packet::Publish(_)), job.count + 1).await;
    cpu.per(job.count)
}

async fn ping_pong(job: &Job) -> Measured {
    let (client, mut events) = connect(job, 10).await;
    let (topic, options) = (topic(), PublishOptions::new(level(QoS::AtLeastOnce)));
    let mut trips = RoundTrips::default();
    for _ in 0..job.count {
        trips.begin();
        client.publish(topic.clone(), payload(), options).await.expect("it is queued");
        until(&mut events, |packet| matches!(packet, Packet::PubAck(_)), 1).await;
        trips.end();
    }
    trips.median()
}

async fn idle(job: &Job) -> Measured {
    let mut all = VecDeque::with_capacity(job.count);
    drop(connect(job, 10).await);
    let memory = Memory::start();
    for _ in 0..job.count {
        let (client, mut events) = connect(job, 10).await;
        let polls = tokio::spawn(async move { while events.poll().await.is_ok() {} });
        all.push_back((client, polls));
    }
    tokio::task::yield_now().await;
    memory.per(job.count)
}
