//! The command `mqtt` as people and scripts use it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../common/broker.rs"]
mod broker;
mod command;
mod conversation;
mod conversations;
mod lab;
mod mosquitto;
mod pipe;
mod script;
mod store;
mod usage;
mod wrap;
