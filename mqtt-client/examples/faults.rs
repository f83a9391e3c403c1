//! Many seeds of what `tests/faults` does: a client, a Server and a network that fails.
//!
//! usage: cargo run --release -p mqtt-client --example faults -- SEEDS [FIRST]
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
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let (seeds, first) = (numbers.next().unwrap_or(1_000), numbers.next().unwrap_or(0));
    let start = Instant::now();
    let mut plans = (first..first + seeds).map(Plan::small);
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
