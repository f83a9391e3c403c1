//! The store on disk as users meet it: through a client, on real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics fails"
)]

#[path = "../common/broker.rs"]
mod broker;
mod commits;
mod errors;
mod failing;
mod histories;
mod keeping;
mod log;
mod logs;
#[path = "../driver/server.rs"]
#[allow(dead_code, reason = "the driver's tests use all of it")]
mod server;
#[path = "../sim/mod.rs"]
mod sim;

use std::path::{Path, PathBuf};
use std::time::Duration;

use mqtt_client::store::Disk;
use mqtt_client::{Backoff, Connecting, Message, Options, QoS, SessionOptions};

use crate::broker::Folder;

/// The store's directory in a folder.
fn store(folder: &Folder) -> PathBuf {
    folder.path().join("store")
}

/// A session of this client, kept in this directory, over these connections.
fn options(
    client_id: &str,
    directory: &Path,
    connector: impl FnMut() -> Connecting + Send + 'static,
) -> Options {
    let session = SessionOptions::new(client_id).clean_session(false).queue(200_000, 64 << 20);
    Options::over(session, connector)
        .reconnect(Backoff::new(Duration::ZERO, Duration::ZERO))
        .store(Disk::open(directory).unwrap())
}

/// No Server is there: attempts do not end.
fn nowhere() -> Connecting {
    Box::pin(std::future::pending())
}

fn message(number: usize, qos: QoS) -> Message {
    Message::new("t", format!("message {number}")).unwrap().qos(qos)
}
