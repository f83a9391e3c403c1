//! A real Chromium without a window, for one test each; tests of other crates include this file by its path. They need
//! fantoccini, hyper-util and tokio.
//!
//! Needs Debian's packages `chromium` and `chromium-driver`; without them tests fail, since otherwise nobody would notice.
#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics fails")]

#[path = "../common/chromium.rs"]
mod chromium;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;

use chromium::ARGUMENTS;

/// How long a page may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a page prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// Chromium's driver; it, and what it keeps, is gone when this is dropped.
struct Driver {
    child: Child,
    port: u16,
    profile: PathBuf,
}

impl Driver {
    fn start() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let profile = std::env::temp_dir().join(format!("chromium-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&profile).unwrap();
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver does not run ({error}): apt-get install chromium chromium-driver")
            });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split("started successfully on port ").nth(1)?.trim_end_matches('.').trim().parse().ok()
        });
        // It would wait if nobody read on.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port: port.expect("chromedriver says its port"), profile }
    }

    async fn browser(&self, scheme: Scheme) -> Client {
        let scheme = match scheme {
            Scheme::Dark => 0,
            Scheme::Light => 1,
        };
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.extend([
            "--hide-scrollbars".to_owned(),
            "--window-size=1280,1000".to_owned(),
            format!("--blink-settings=preferredColorScheme={scheme}"),
            format!("--user-data-dir={}", self.profile.display()),
        ]);
        let options = json!({ "args": arguments });
        let capabilities = [("goog:chromeOptions".to_owned(), options)].into_iter().collect();
        ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .unwrap_or_else(|error| panic!("chromium does not start ({error}): apt-get install chromium"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// Runs a test in a fresh browser, which is closed whether the test fails or not.
pub(crate) async fn browse<F: Future<Output = ()> + Send + 'static>(
    scheme: Scheme,
    test: impl FnOnce(Client) -> F,
) {
    let driver = Driver::start();
    let client = driver.browser(scheme).await;
    let ended = tokio::spawn(test(client.clone())).await;
    let _ = client.close().await;
    drop(driver);
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// The first element that matches, once it is there.
#[track_caller]
pub(crate) fn find<'a>(client: &'a Client, css: &'a str) -> impl Future<Output = Element> + 'a {
    let place = std::panic::Location::caller();
    async move {
        let found = client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css} at {place}: {error}"))
    }
}

/// Waits until a script's expression is true.
#[track_caller]
pub(crate) fn until<'a>(client: &'a Client, expression: &'a str) -> impl Future<Output = ()> + 'a {
    let place = std::panic::Location::caller();
    async move {
        let script = format!("return Boolean({expression});");
        let began = std::time::Instant::now();
        while client.execute(&script, Vec::new()).await.unwrap() != json!(true) {
            let status = "return document.getElementById('status')?.textContent ?? document.title;";
            assert!(
                began.elapsed() < PATIENCE,
                "{expression} at {place}; the page says {:?}",
                client.execute(status, Vec::new()).await
            );
            tokio::task::yield_now().await;
        }
    }
}

/// What an expression of a script gives.
pub(crate) async fn value(client: &Client, expression: &str) -> serde_json::Value {
    client.execute(&format!("return {expression};"), Vec::new()).await.unwrap()
}

/// Makes the window so high that all shows that a picture is to show, from the top of the page on.
pub(crate) async fn show_from_top(client: &Client, height: u32) {
    client.set_window_size(1280, height).await.unwrap();
    client.execute("window.scrollTo(0, 0)", Vec::new()).await.unwrap();
}

/// Saves what the window shows, if the environment's `SCREENSHOTS` names a folder.
pub(crate) async fn screenshot(client: &Client, name: &str) {
    if let Some(folder) = std::env::var_os("SCREENSHOTS") {
        let picture = client.screenshot().await.unwrap();
        std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), picture).unwrap();
    }
}
