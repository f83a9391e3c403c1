//! Many seeds of what `tests/faults` does: a client, a Server and a network that fails.
//!
//! usage: cargo run --release -p mqtt-client --example faults -- SEEDS [FIRST [large]]
//!
//! Each seed has 1 to 400 messages each way and up to 20 faults; `large`, 10,000 and 50.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that panics fails")]
#![allow(dead_code, reason = "the tests use the rest")]

#[path = "../tests/faults/audit.rs"]
mod audit;
#[path = "../tests/faults/proxy.rs"]
mod proxy;
#[path = "../tests/faults/run.rs"]
mod run;
#[path = "../tests/driver/server.rs"]
mod server;

use std::time::Instant;

use tokio::task::JoinSet;

use crate::run::{Counts, Plan, run};

/// Most of the time is waiting for silent connections to be given up.
const AT_ONCE: usize = 32;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| arguments.next().map_or(default, |argument| argument.parse::<u64>().unwrap());
    let (seeds, first) = (number(1_000), number(0));
    let plan = if arguments.next().is_some_and(|word| word == "large") { large } else { Plan::small };
    let start = Instant::now();
    let mut plans = (first..first + seeds).map(plan);
    let mut running = JoinSet::new();
    let mut sum = Counts::default();
    for plan in plans.by_ref().take(AT_ONCE) {
        running.spawn(run(plan));
    }
    while let Some(counts) = running.join_next().await {
        // The plan is in the message of the panic.
        sum = sum + counts.unwrap();
        if let Some(plan) = plans.next() {
            running.spawn(run(plan));
        }
    }
    let Counts { published, received, uncertain, connections, cuts, sessions_lost, resent } = sum;
    println!(
        "{seeds} seeds in {:.0?}: {published} messages published ({uncertain} uncertain, their session was lost) and \
         {received} received over {connections} connections, {cuts} cut, {sessions_lost} sessions lost, \
         {resent} sent again with DUP: none lost, none doubled at QoS 2, none out of order",
        start.elapsed()
    );
}

/// The mix of a small plan, with many messages and faults.
fn large(seed: u64) -> Plan {
    let small = Plan::small(seed);
    let Plan { qos, loses_session, in_flight, manual_acknowledgement, .. } = small;
    Plan { loses_session, in_flight, manual_acknowledgement, ..Plan::large(qos, seed) }
}
