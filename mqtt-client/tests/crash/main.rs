//! Processes that are killed, again and again, while they publish or receive through a network that breaks.
//!
//! More of it: `cargo run --release -p mqtt-client --features store --example crashes -- 100`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that panics fails")]

#[path = "../common/broker.rs"]
mod broker;
mod child;
mod parent;
mod proxy;
#[path = "../driver/server.rs"]
#[allow(dead_code, reason = "the driver's tests use all of it")]
mod server;

use mqtt_client::QoS;

use crate::parent::{publisher, receiver};

/// The process that is killed.
#[test]
#[ignore = "the other tests run it"]
fn child() {
    child::main();
}

#[test]
fn a_publisher_that_is_killed_reaches_the_subscriber_exactly_once_at_qos_2() {
    publisher(QoS::ExactlyOnce, 1);
}

#[test]
fn a_publisher_that_is_killed_reaches_the_subscriber_at_least_once_at_qos_1() {
    publisher(QoS::AtLeastOnce, 2);
}

#[test]
fn a_receiver_that_is_killed_is_given_no_message_again_that_it_acknowledged_at_qos_2() {
    receiver(QoS::ExactlyOnce, 3);
}

#[test]
fn a_receiver_that_is_killed_is_given_every_message_at_qos_1() {
    receiver(QoS::AtLeastOnce, 4);
}
