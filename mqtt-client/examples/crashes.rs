//! Publishers and receivers that are killed, by seeds: `crashes [ROUNDS [FIRST_SEED]]`. Each round has one of each, at QoS
//! 1 and 2. Needs mosquitto.
//!
//! It stops at the first seed that breaks a promise.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "it is a test")]

#[path = "../tests/common/broker.rs"]
mod broker;
#[path = "../tests/crash/child.rs"]
mod child;
#[path = "../tests/crash/parent.rs"]
mod parent;
#[path = "../tests/crash/proxy.rs"]
mod proxy;
#[path = "../tests/driver/server.rs"]
#[allow(dead_code, reason = "the driver's tests use all of it")]
mod server;

use mqtt_client::QoS;

use crate::parent::{Counts, publisher, receiver};

type Trial = fn(QoS, u64) -> Counts;

fn main() {
    if std::env::var_os(child::JOB).is_some() {
        return child::main();
    }
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let rounds = arguments.next().unwrap_or(10);
    let first = arguments.next().unwrap_or(100);
    let trials: [(&str, Trial, QoS); 4] = [
        ("publisher, QoS 1", publisher, QoS::AtLeastOnce),
        ("publisher, QoS 2", publisher, QoS::ExactlyOnce),
        ("receiver, QoS 1", receiver, QoS::AtLeastOnce),
        ("receiver, QoS 2", receiver, QoS::ExactlyOnce),
    ];
    for (name, trial, qos) in trials {
        let mut sum = Counts::default();
        for seed in first..first + rounds {
            let counts = trial(qos, seed);
            sum.kills += counts.kills;
            sum.cuts += counts.cuts;
            sum.again += counts.again;
        }
        println!("{name}: {rounds} rounds, {sum:?}");
    }
}
