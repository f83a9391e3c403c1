//! Where a dashboard's own broker is written down, for controllers on the same machine that are not told one.

use std::fs;
use std::path::PathBuf;

use mqtt_client::Connecting;
use mqtt_client::transport::{self, Address, TransportOptions};
use tracing::warn;

use crate::memory;

/// A broker is there as long as this is.
#[derive(Debug)]
pub struct Notice {
    address: String,
}

fn path() -> Option<PathBuf> {
    Some(memory::directory()?.join("broker"))
}

impl Notice {
    /// Writes it down. A failure is logged: the address can still be given by hand.
    pub fn put_up(address: &Address) -> Self {
        let address = address.to_string();
        if let Some(path) = path() {
            let made = path.parent().map_or(Ok(()), fs::create_dir_all);
            if let Err(error) = made.and_then(|()| fs::write(&path, &address)) {
                warn!("{}: {error}; controllers do not find the broker by themselves", path.display());
            }
        }
        Self { address }
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        // Another dashboard may have written its own.
        if read().is_some_and(|address| address == self.address)
            && let Some(path) = path()
        {
            // What stays is passed over by who finds nobody there.
            let _ = fs::remove_file(path);
        }
    }
}

fn read() -> Option<String> {
    fs::read_to_string(path()?).ok()
}

/// Connects to the broker that is written down at this moment, or else to this one.
pub fn follow(usual: Address) -> impl FnMut() -> Connecting + Send + 'static {
    move || {
        let usual = usual.clone();
        Box::pin(async move {
            let options = TransportOptions::default();
            if let Some(noticed) = read().and_then(|address| address.parse().ok())
                && let Ok(io) = transport::connect(&noticed, &options).await
            {
                return Ok(io);
            }
            transport::connect(&usual, &options).await
        })
    }
}
