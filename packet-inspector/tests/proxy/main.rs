//! The proxy: bytes come through as they are, whatever happens, and what is shown and written is what passed.
#![cfg(feature = "proxy")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../../mqtt-client/tests/common/broker.rs"]
mod broker;
mod command;
mod forwarding;
#[path = "../common/process.rs"]
mod process;
mod tls;
