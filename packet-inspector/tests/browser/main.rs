//! `packet-inspector serve` in a real Chromium: what the page does with the lab's packets, and with hostile ones.
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
#[path = "../../../mqtt-client/tests/common/broker.rs"]
mod broker;
mod harness;
mod page;
#[path = "../common/process.rs"]
mod process;
#[path = "../serve/server.rs"]
mod server;
