//! Ways to a Server, at their other end a script.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that panics fails")]

#[cfg(feature = "websocket")]
mod frames;
#[cfg(feature = "websocket")]
mod handshake;
#[cfg(feature = "websocket")]
mod server;
