//! `light-dashboard --web`: what it answers and what it refuses, and the page in a real Chromium.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

#[path = "../apps/app.rs"]
#[allow(dead_code, reason = "the tests of the programs use more of it")]
mod app;
#[path = "../../../mqtt-client/tests/common/broker.rs"]
mod broker;
mod browser;
#[path = "../../../packet-inspector/tests/browser/harness.rs"]
mod harness;
mod http;
#[path = "../apps/peer.rs"]
#[allow(dead_code, reason = "the tests of the programs use more of it")]
mod peer;
mod requests;
#[path = "../apps/scratch.rs"]
mod scratch;

use app::{App, start};
use scratch::scratch;

/// A dashboard with a page, on a free port.
pub(crate) struct Page {
    /// Where it is, as `HOST:PORT`.
    pub address: String,
    /// The program.
    pub app: App,
}

impl Page {
    pub(crate) fn start(broker: &str, arguments: &[&str]) -> Self {
        Self::at("127.0.0.1:0", broker, arguments)
    }

    pub(crate) fn at(address: &str, broker: &str, arguments: &[&str]) -> Self {
        let app = start("light-dashboard", &[&["--web", address, "--broker", broker], arguments].concat());
        app.says("Page: http://");
        app.says("/\n");
        let said = app.said();
        let address = said.split("Page: http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { address, app }
    }
}

/// A light that obeys.
pub(crate) fn light(broker: &str, id: &str, home: &std::path::Path) -> App {
    let app = app::start_in(home, "light-controller", &["--id", id, "--broker", broker]);
    app.complains(&format!("{id} obeys"));
    app
}
