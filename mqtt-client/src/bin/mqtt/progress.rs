//! How far long work got, on a terminal.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mqtt_client::Client;
use tokio::task::JoinHandle;

/// Work that takes less shows nothing.
const PATIENCE: Duration = Duration::from_millis(700);
const STEP: Duration = Duration::from_millis(100);

/// What there is to do.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// Messages, nobody knows how many.
    Messages,
    /// So many bytes of one message.
    Bytes(u64),
}

/// A bar that follows the client until it is dropped.
pub(crate) struct Progress(Option<(ProgressBar, JoinHandle<()>)>);

impl Progress {
    /// Shows it, if somebody can see it.
    pub(crate) fn of(client: &Client, work: Work, wanted: bool) -> Self {
        if !wanted || !stderr().is_terminal() {
            return Self(None);
        }
        let bar = match work {
            Work::Messages => ProgressBar::new_spinner(),
            Work::Bytes(len) => ProgressBar::new(len),
        };
        bar.set_draw_target(ProgressDrawTarget::hidden());
        let template = match work {
            Work::Messages => "{spinner} {msg} {elapsed}",
            Work::Bytes(_) => "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let task = tokio::spawn(follow(client.clone(), bar.clone(), work));
        Self(Some((bar, task)))
    }
}

async fn follow(client: Client, bar: ProgressBar, work: Work) {
    tokio::time::sleep(PATIENCE).await;
    bar.set_draw_target(ProgressDrawTarget::stderr());
    loop {
        let statistics = client.statistics();
        match work {
            Work::Bytes(len) => bar.set_position(statistics.bytes_sent.min(len)),
            Work::Messages => {
                bar.set_message(format!(
                    "{} messages done, {} in flight",
                    statistics.completed, statistics.in_flight
                ));
                bar.tick();
            }
        }
        tokio::time::sleep(STEP).await;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((bar, task)) = &self.0 {
            task.abort();
            bar.finish_and_clear();
        }
    }
}
