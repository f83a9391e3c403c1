//! Captures as they come: TCP in any disorder, cut, damaged, half, hostile; and the files they come in.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

mod analysis;
mod bad_packets;
mod choosing;
#[path = "../common/chromium.rs"]
mod chromium;
mod conversations;
mod edges;
mod ends;
mod files;
mod gaps;
mod hostile;
mod json;
mod lab;
mod middle;
mod off_the_wire;
mod other;
mod pipe;
#[path = "../common/process.rs"]
mod process;
mod quiet;
mod said;
mod stats;
mod tcp;
mod tshark;
mod views;
mod websocket;
mod wire;
