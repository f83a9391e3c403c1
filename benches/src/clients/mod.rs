//! What MQTT clients cost: CPU time of the client's own process, beside other clients, against a server that does no more
//! than it must.
//!
//! [`server`] runs in a process of its own, and each client in one of its own for each measurement, so that the client's
//! CPU time is what the system counted for that process. [`rounds`] starts them in turn, [`table`] makes the tables. One
//! module per client.

pub mod meter;
pub mod rounds;
pub mod server;
pub mod table;

mod ntex;
mod ours;
mod raw;
mod rumqttc;
mod rumqttc_next;

use mqtt_codec::QoS;

pub use meter::{Job, Measured};

/// What every message is published to.
pub const TOPIC: &str = "home/kitchen/light/1";
/// What every message carries.
pub const PAYLOAD: &[u8] = &[b'x'; 64];
/// Messages in flight where the window is wide.
pub const WIDE: u16 = 10_000;

/// What a client does while it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// Publish so many messages, as fast as they are taken, until the last is acknowledged.
    Publish(QoS),
    /// Receive so many messages, that come as fast as they are acknowledged.
    Receive(QoS),
    /// Publish at QoS 1, wait for PUBACK, publish the next.
    PingPong,
    /// So many connections in one process, and nothing happens.
    Idle,
}

impl Work {
    /// All, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Publish(QoS::AtMostOnce),
        Self::Publish(QoS::AtLeastOnce),
        Self::Publish(QoS::ExactlyOnce),
        Self::Receive(QoS::AtMostOnce),
        Self::Receive(QoS::AtLeastOnce),
        Self::Receive(QoS::ExactlyOnce),
        Self::PingPong,
        Self::Idle,
    ];

    /// Its column's title.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Publish(QoS::AtMostOnce) => "publish QoS 0",
            Self::Publish(QoS::AtLeastOnce) => "publish QoS 1",
            Self::Publish(QoS::ExactlyOnce) => "publish QoS 2",
            Self::Receive(QoS::AtMostOnce) => "receive QoS 0",
            Self::Receive(QoS::AtLeastOnce) => "receive QoS 1",
            Self::Receive(QoS::ExactlyOnce) => "receive QoS 2",
            Self::PingPong => "ping-pong",
            Self::Idle => "idle",
        }
    }
}

/// A client, in one way of using it.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// Its row's title.
    pub name: &'static str,
    /// The package, for its version.
    pub package: Option<&'static str>,
    /// Does the job in this process.
    pub run: fn(&Job) -> Measured,
}

/// All clients: ours, the others, and sockets without a client.
pub const CLIENTS: &[Client] = &[
    Client { name: "mqtt-client", package: Some("mqtt-client"), run: ours::run },
    Client { name: "rumqttc", package: Some("rumqttc"), run: rumqttc::run },
    Client { name: "rumqttc-v4-next", package: Some("rumqttc-v4-next"), run: rumqttc_next::run },
    Client { name: "rumqttc-v4-next, tracked", package: None, run: rumqttc_next::run_tracked },
    Client { name: "ntex-mqtt", package: Some("ntex-mqtt"), run: ntex::run },
    Client { name: RAW, package: None, run: raw::run },
];

/// No client: what the system takes for the same bytes.
pub const RAW: &str = "raw sockets, no logic";

/// The subscription that makes the server send what this job receives.
fn asks_for(job: &Job, qos: QoS) -> String {
    format!("send/{}/{}/{}", u8::from(qos), job.count, job.window)
}

/// Runs a future on one thread, as a small program does.
fn on_tokio<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("there are file descriptors").block_on(future)
}
