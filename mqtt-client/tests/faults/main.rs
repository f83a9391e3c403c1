//! Numbered messages through a network that fails: none is lost, none comes twice at QoS 2, none out of order within the
//! standard's rules, each that is sent again says so, and all comes to an end.
//!
//! `cargo run --release -p mqtt-client --example faults -- SEEDS` does the same with many seeds.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that panics fails")]

mod audit;
#[path = "../common/broker.rs"]
mod broker;
mod mosquitto;
mod proxy;
mod run;
#[allow(dead_code, reason = "connections of its own are not cut here")]
#[path = "../driver/server.rs"]
mod server;

use mqtt_client::QoS;

use crate::run::{Plan, run};

async fn runs(plan: Plan) {
    let counts = run(plan.clone()).await;
    println!("{plan:?}: {counts:?}");
    assert!(counts.cuts >= plan.cuts, "the network was to fail so often");
    assert!(counts.resent > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_each_way_at_qos_1_survive_50_cuts() {
    runs(Plan::large(QoS::AtLeastOnce, 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_each_way_at_qos_2_survive_50_cuts() {
    runs(Plan::large(QoS::ExactlyOnce, 2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_hundred_survive_any_mix_of_faults() {
    let runs: Vec<_> = (0..40).map(|seed| tokio::spawn(run(Plan::small(seed)))).collect();
    for (seed, run) in runs.into_iter().enumerate() {
        if let Err(error) = run.await {
            panic!("seed {seed}: {error}");
        }
    }
}
