//! The client against real brokers on this machine.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics fails")]

#[path = "../common/broker.rs"]
mod broker;
mod mosquitto;
mod nats;
