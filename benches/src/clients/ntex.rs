//! ntex-mqtt: its sink on its own runtime, with a callback for PUBACKs where it has one.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use mqtt_codec::QoS;
use ntex_bytes::{ByteString, Bytes};
use ntex_mqtt::MqttServiceConfig;
use ntex_mqtt::v3::client::{Connect, MqttConnector, ProtocolMessage};
use ntex_mqtt::v3::{MqttSink, codec};
use ntex_rt::System;
use ntex_service::cfg::SharedCfg;
use ntex_service::pipeline::Pipeline;
use ntex_util::channel::oneshot;

use super::meter::{Cpu, Job, Measured, Memory, RoundTrips};
use super::{PAYLOAD, TOPIC, Work};

pub(super) fn run(job: &Job) -> Measured {
    let job = *job;
    System::new("bench", ntex_net::DefaultRuntime).block_on(async move {
        match job.work {
            Work::Publish(QoS::AtMostOnce) => publish_at_most_once(&job).await,
            Work::Publish(QoS::AtLeastOnce) => publish_at_least_once(&job).await,
            // It knows one released message at a time: when two PUBRECs come in one read, the first is never released.
            Work::Publish(QoS::ExactlyOnce) => Measured(f64::NAN),
            Work::Receive(qos) => receive(&job, qos).await,
            Work::PingPong => ping_pong(&job).await,
            Work::Idle => idle(&job).await,
        }
    })
}

/// `received` is called with each message.
async fn connect(job: &Job, received: impl Fn() + 'static) -> MqttSink {
    let config = MqttServiceConfig::new().set_max_send(job.window).set_max_receive(u16::MAX);
    let config = SharedCfg::new("bench").add(config);
    let address = SocketAddr::from(([127, 0, 0, 1], job.port));
    let connect = Connect::new(address).client_id("bench").clean_session();
    let client = Pipeline::new(config.into(), MqttConnector::new()).call(connect).await;
    let client = client.expect("the server is there");
    let sink = client.sink();
    ntex_rt::spawn(client.start(async move |message: ProtocolMessage| {
        if matches!(message, ProtocolMessage::Publish(_)) {
            received();
        }
        Ok::<_, ()>(message.ack())
    }));
    sink
}

fn topic() -> ByteString {
    ByteString::from_static(TOPIC)
}

fn payload() -> Bytes {
    Bytes::from_static(PAYLOAD)
}

async fn ready(sink: &MqttSink) {
    while !sink.is_ready() {
        assert!(sink.ready().await, "the connection lasts");
    }
}

async fn publish_at_most_once(job: &Job) -> Measured {
    let sink = connect(job, || {}).await;
    let cpu = Cpu::start();
    for _ in 0..job.count {
        ready(&sink).await;
        sink.publish(topic()).send_at_most_once(payload()).expect("it is taken");
    }
    // Its acknowledgement tells that all before it are written.
    sink.publish(topic()).send_at_least_once(payload()).await.expect("it is delivered");
    cpu.per(job.count)
}

async fn publish_at_least_once(job: &Job) -> Measured {
    let sink = connect(job, || {}).await;
    let left = Cell::new(job.count);
    let (sender, all) = oneshot::channel();
    let sender = Cell::new(Some(sender));
    sink.publish_ack_cb(move |_, disconnected| {
        assert!(!disconnected, "the connection lasts");
        left.set(left.get() - 1);
        if left.get() == 0
            && let Some(sender) = sender.take()
        {
            let _ = sender.send(());
        }
    });
    let cpu = Cpu::start();
    for _ in 0..job.count {
        ready(&sink).await;
        sink.publish(topic()).send_at_least_once_no_block(payload()).expect("it is taken");
    }
    all.await.expect("all are delivered");
    cpu.per(job.count)
}

async fn receive(job: &Job, qos: QoS) -> Measured {
    let left = Rc::new(Cell::new(job.count + 1));
    let (sender, all) = oneshot::channel();
    let sender = RefCell::new(Some(sender));
    let sink = connect(job, move || {
        left.set(left.get() - 1);
        if left.get() == 0
            && let Some(sender) = sender.take()
        {
            let _ = sender.send(());
        }
    })
    .await;
    let cpu = Cpu::start();
    let filter = ByteString::from(super::asks_for(job, qos));
    sink.subscribe().topic_filter(filter, codec::QoS::ExactlyOnce).send().await.expect("it is granted");
    all.await.expect("all come");
    cpu.per(job.count)
}

async fn ping_pong(job: &Job) -> Measured {
    let sink = connect(job, || {}).await;
    let mut trips = RoundTrips::default();
    for _ in 0..job.count {
        trips.begin();
        sink.publish(topic()).send_at_least_once(payload()).await.expect("it is delivered");
        trips.end();
    }
    trips.median()
}

async fn idle(job: &Job) -> Measured {
    let mut sinks = Vec::with_capacity(job.count);
    drop(connect(job, || {}).await);
    let memory = Memory::start();
    for _ in 0..job.count {
        sinks.push(connect(job, || {}).await);
    }
    memory.per(job.count)
}
