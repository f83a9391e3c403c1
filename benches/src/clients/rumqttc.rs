//! rumqttc: a task that publishes, and another that polls the event loop.

use std::collections::VecDeque;

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet};

use super::meter::{Cpu, Job, Measured, Memory, RoundTrips};
use super::{PAYLOAD, TOPIC, WIDE, Work};
use mqtt_codec::QoS;

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

async fn connect(job: &Job, queue: usize) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new("bench", "127.0.0.1", job.port);
    options.set_inflight(job.window);
    let (client, mut events) = AsyncClient::new(options, queue);
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

const fn level(qos: QoS) -> rumqttc::QoS {
    match qos {
        QoS::AtMostOnce => rumqttc::QoS::AtMostOnce,
        QoS::AtLeastOnce => rumqttc::QoS::AtLeastOnce,
        QoS::ExactlyOnce => rumqttc::QoS::ExactlyOnce,
    }
}

async fn publish(job: &Job, qos: QoS) -> Measured {
    let (client, mut events) = connect(job, WIDE.into()).await;
    let cpu = Cpu::start();
    let count = job.count;
    tokio::spawn(async move {
        for _ in 0..count {
            client.publish(TOPIC, level(qos), false, PAYLOAD).await.expect("it is queued");
        }
        if qos == QoS::AtMostOnce {
            // Its acknowledgement tells that all before it are written.
            client.publish(TOPIC, level(QoS::AtLeastOnce), false, PAYLOAD).await.expect("it is queued");
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

async fn receive(job: &Job, qos: QoS) -> Measured {
    let (client, mut events) = connect(job, 10).await;
    let cpu = Cpu::start();
    client.subscribe(super::asks_for(job, qos), level(QoS::ExactlyOnce)).await.expect("it is queued");
    until(&mut events, |packet| matches!(packet, Packet::Publish(_)), job.count + 1).await;
    cpu.per(job.count)
}

async fn ping_pong(job: &Job) -> Measured {
    let (client, mut events) = connect(job, 10).await;
    let mut trips = RoundTrips::default();
    for _ in 0..job.count {
        trips.begin();
        client.publish(TOPIC, level(QoS::AtLeastOnce), false, PAYLOAD).await.expect("it is queued");
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
