//! What the programs have in common: how they begin, how they end, and what can go wrong.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mqtt_client::{Closed, PublishError};
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::screen::Screen;

/// How long the end may take: what is on its way may arrive, then DISCONNECT.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As it was meant to.
    Well,
    /// Some command was not obeyed.
    Unanswered,
}

/// Why a program can't go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The client can't be made, or can't go on.
    #[error("{0}")]
    Client(Arc<mqtt_client::Error>),
    /// The client was disconnected.
    #[error("the client is disconnected")]
    Closed,
    /// A topic or filter is none.
    #[error("topic: {0}")]
    Topic(#[from] mqtt_client::TextError),
    /// The broker does not let us subscribe.
    #[error("subscription to {filter}: {reason}")]
    Subscription {
        /// To this filter.
        filter: String,
        /// Why.
        reason: String,
    },
    /// A message can't be put into a packet.
    #[error("{0}")]
    Publish(PublishError),
    /// A file of the user can't be read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The broker inside the process can't be started, or has stopped.
    #[error("embedded broker: {0}")]
    Broker(String),
    /// An option asks for what can't be.
    #[error("{0}")]
    Option(String),
}

impl From<mqtt_client::Error> for Failure {
    fn from(error: mqtt_client::Error) -> Self {
        Self::Client(Arc::new(error))
    }
}

impl From<Closed> for Failure {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Failed(error) => Self::Client(error),
            Closed::Disconnected => Self::Closed,
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Closed(closed) => closed.into(),
            error @ PublishError::TooLong(_) => Self::Publish(error),
        }
    }
}

/// Runs a program: logs to standard error, ends at Ctrl-C and SIGTERM, and tells the exit status. At a second signal it
/// ends at once.
pub fn run<F>(log: Option<&str>, screen: &Screen, program: impl FnOnce(CancellationToken) -> F) -> ExitCode
where
    F: Future<Output = Result<Ended, Failure>>,
{
    log_to(screen, log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(screen, &error),
    };
    let stop = CancellationToken::new();
    runtime.spawn(stop_at_signals(stop.clone()));
    let result = runtime.block_on(program(stop));
    screen.end();
    // Not for a name that is still looked up.
    runtime.shutdown_background();
    match result {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Unanswered) => ExitCode::FAILURE,
        Err(failure) => failed(screen, &failure),
    }
}

fn failed(screen: &Screen, why: &dyn fmt::Display) -> ExitCode {
    // There is nobody else to tell that nothing can be told.
    let _ = screen.beside(|| writeln!(io::stderr(), "error: {why}"));
    ExitCode::from(2)
}

async fn stop_at_signals(stop: CancellationToken) {
    let mut signals = match signals() {
        Ok(signals) => signals,
        Err(error) => return tracing::warn!("signals can't be heard: {error}"),
    };
    signals.next().await;
    info!("ending");
    stop.cancel();
    signals.next().await;
    std::process::exit(130);
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
fn signals() -> io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Signals(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

#[cfg(unix)]
impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
fn signals() -> io::Result<Signals> {
    Ok(Signals)
}

#[cfg(not(unix))]
impl Signals {
    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// What is logged when the user does not say: what goes wrong, and how the connection goes.
const LOG: &str = "warn,light_apps=info";

fn log_to(screen: &Screen, filter: Option<&str>) {
    let filter = filter.unwrap_or(LOG);
    let (filter, wrong) = match EnvFilter::try_new(filter) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(LOG), Some(error)),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_writer(Log(screen.clone()))
        .finish();
    // Only a test has set one before.
    let _ = tracing::subscriber::set_global_default(subscriber);
    if let Some(error) = wrong {
        tracing::warn!("--log: {error}; logging {LOG}");
    }
}

/// Standard error, which is the same terminal.
struct Log(Screen);

impl<'a> MakeWriter<'a> for Log {
    type Writer = &'a Log;

    fn make_writer(&'a self) -> &'a Log {
        self
    }
}

impl Write for &Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.beside(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
