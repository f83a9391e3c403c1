//! How tests start Chromium. Needs nothing but the standard library and Debian's package `chromium`.
#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails")]

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Without a window, and without anything that it does on its own.
pub(crate) const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A page as Chromium understands it, told by what it holds once loaded.
pub(crate) fn dom(page: &str) -> String {
    // One for each call: tests run beside each other.
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("chromium-dom-{}-{call}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("page.html"), page).unwrap();
    let output = Command::new("chromium")
        .args(ARGUMENTS)
        .arg("--dump-dom")
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", folder.join("page.html").display()))
        .output()
        .unwrap_or_else(|error| panic!("chromium does not run ({error}): apt-get install chromium"));
    // Chromium may still be writing to its profile: what is left goes with the other temporary files.
    let _ = std::fs::remove_dir_all(&folder);
    String::from_utf8(output.stdout).unwrap()
}
