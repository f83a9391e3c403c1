//! The session, driven with exact bytes: a test for each normative statement that a Client keeps, named after it; a table
//! over every state and packet; and what was wrong once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics fails"
)]

mod found;
mod violations;
mod wire;
