//! The session, driven with exact bytes: a test for each normative statement that a Client keeps, named after it; a table
//! over every state and packet; random histories with a simulated Server; and what was wrong once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics fails"
)]

#[path = "../sim/mod.rs"]
mod sim;
#[path = "../../../mqtt-codec/tests/common/statements.rs"]
mod statements;

mod bounds;
mod clauses;
mod connection;
mod found;
mod histories;
mod identifiers;
mod receiving;
mod sending;
mod slow;
mod table;
mod violations;
mod wire;
