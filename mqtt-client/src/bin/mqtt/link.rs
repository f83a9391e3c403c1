//! The client at work, and how it ends.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use mqtt_client::session::ConnectionError;
use mqtt_client::{
    Backoff, Client, ConnectionEvent, ConnectionEvents, Driver, Error, Failure as Attempt, Leftover,
    Messages, Options, Reconnect,
};
use mqtt_codec::{Decoded, Packet};
use tokio::task::JoinHandle;

use crate::status::{Failure, IO};

/// A client that is not started.
pub(crate) struct Plan {
    pub(crate) options: Options,
    /// Write each packet's bytes there.
    pub(crate) tap: Option<File>,
    /// Say each packet.
    pub(crate) verbose: bool,
    /// Say nothing.
    pub(crate) quiet: bool,
}

/// A client that does not run yet: what it is asked for now goes out first.
pub(crate) struct Ready {
    pub(crate) client: Client,
    driver: Driver,
}

impl Ready {
    /// Starts the client.
    pub(crate) fn run(self) -> Link {
        Link { client: self.client, driver: tokio::spawn(self.driver.run()) }
    }
}

/// A client that runs.
pub(crate) struct Link {
    pub(crate) client: Client,
    driver: JoinHandle<Result<(), Arc<Error>>>,
}

impl Link {
    /// Makes the client. The messages are all that come, from the first on.
    pub(crate) async fn prepare(plan: Plan) -> Result<(Ready, Messages), Failure> {
        let mut options = plan.options.reconnect(Resume::default());
        if plan.verbose || plan.tap.is_some() {
            let (verbose, file) = (plan.verbose, plan.tap);
            options = options.tap(move |_, packet| {
                if let Some(mut file) = file.as_ref() {
                    // What can't be written there is no reason to send less.
                    let _ = file.write_all(format!("{}\n", Hex(packet)).as_bytes());
                }
                if verbose {
                    say_packet(packet);
                }
            });
        }
        let (client, driver) = mqtt_client::connect(options).await.map_err(|error| Failure::from(&error))?;
        let messages = client.messages();
        if !plan.quiet {
            tokio::spawn(say_events(client.events()));
        }
        Ok((Ready { client, driver }, messages))
    }

    /// Waits for the client to stop by itself, and tells why. Cancel-safe.
    pub(crate) async fn failed(&mut self) -> Failure {
        match (&mut self.driver).await {
            Ok(Err(error)) => Failure::from(&*error),
            // Nobody asked for an end.
            Ok(Ok(())) => Failure::new(IO, "the client stopped"),
            Err(error) => Failure::new(IO, format!("the client stopped: {error}")),
        }
    }

    /// Completes what it can in this time, and disconnects.
    pub(crate) async fn close(self, within: Duration) -> Result<Leftover, Failure> {
        let closed = self.client.disconnect(within).await;
        match (closed, self.driver.await) {
            (_, Ok(Err(error))) => Err(Failure::from(&*error)),
            (Ok(leftover), _) => Ok(leftover),
            (Err(closed), _) => Err(Failure::new(IO, closed.to_string())),
        }
    }
}

/// Tries again when an accepted connection was lost, as often as it takes; not after a refusal or a violation, which would
/// come again, and not when no server ever accepted: then something is wrong with how it was called. Pauses are as short as
/// those of Mosquitto's clients, since somebody waits.
#[derive(Debug)]
struct Resume(Backoff);

impl Default for Resume {
    fn default() -> Self {
        Self(Backoff::new(Duration::from_millis(200), Duration::from_secs(1)))
    }
}

impl Reconnect for Resume {
    fn next(&mut self, attempt: &Attempt<'_>) -> Option<Duration> {
        use ConnectionError::{Refused, Violation};
        let is_final = matches!(attempt.error, Error::Connection(Refused(_) | Violation(_)));
        if is_final || !attempt.was_connected { None } else { self.0.next(attempt) }
    }
}

fn say_packet(bytes: &[u8]) {
    // What is no packet is told by the error that it makes.
    if let Ok(Decoded::Packet(packet, _)) = Packet::decode(bytes) {
        say(&packet.summary());
    }
}

/// Bytes as digits.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

async fn say_events(mut events: ConnectionEvents) {
    while let Some(event) = events.next().await {
        match event {
            ConnectionEvent::Disconnected { error, retry_in: Some(pause) } => {
                say(&format_args!("mqtt: {error}; trying again in {:.1} s", pause.as_secs_f64()));
            }
            ConnectionEvent::SessionLost => say(&"mqtt: the server lost the session"),
            ConnectionEvent::SubscriptionLost { filter } => {
                say(&format_args!("mqtt: the server refused the subscription to {filter} this time"));
            }
            _ => {}
        }
    }
}

/// A line of diagnostics.
pub(crate) fn say(line: &dyn fmt::Display) {
    // Nothing is left to do when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}
