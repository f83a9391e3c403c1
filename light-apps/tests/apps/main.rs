//! The programs as their users run them: with brokers, pipes, signals, lamps and the lab's own kind of programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

mod app;
mod bad;
#[path = "../../../mqtt-client/tests/common/broker.rs"]
mod broker;
#[path = "../../../mqtt-client/tests/brokers/certificates.rs"]
#[allow(dead_code, reason = "the client's tests use more of it")]
mod certificates;
mod crowd;
mod house;
mod lab;
mod network;
mod paho;
mod peer;
mod readme;
mod scratch;
mod secure;
mod server;
mod tap;

use std::time::{Duration, Instant};

pub(crate) use scratch::scratch;

/// Waits until it is so.
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < patience, "not {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
