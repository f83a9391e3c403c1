//! The driver and the handles, against a model of a Server in memory and on sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics fails"
)]

mod cuts;
mod reading;
mod reconnect;
mod server;
mod slow;
mod stream;
mod tap;
#[cfg(feature = "tracing")]
mod trace;
mod writes;
