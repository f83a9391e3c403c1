//! `client`: a test client in the terminal that shows its packets.

mod options;
pub(crate) mod watched;
mod words;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use mqtt_client::transport::{Address, ConnectFailure, TlsOptions, TransportOptions};
use mqtt_client::{Client as MqttClient, ConnectionEvent, Messages};
use mqtt_codec::QoS;
use packet_inspector::dissect::text::visible;
use packet_inspector::live;
use tokio::sync::mpsc;

use super::fail;
use super::live::{Live, QUEUE, Showing};
use super::proxy::interrupted;
use words::Words;

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector client --broker mqtt://localhost
  packet-inspector client --broker mqtt://me@broker.example --password-file secret --format tree
  printf 'sub a/# 2\\npub a/b 2 hello\\n' | packet-inspector client --broker mqtt://localhost

Commands are read from standard input: help lists them. Packets are shown as they pass.

Exit status: 0 it was disconnected; 2 there was no connection, a line of a script was not understood, or wrong usage.";

/// How long messages on their way may still take at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Lines that wait to be done.
const LINES: usize = 100;

#[derive(Args)]
pub(crate) struct Client {
    /// The broker: mqtt://[USER@]HOST[:PORT]; mqtts://, ws:// and wss:// too, or unix:/path
    #[arg(short, long, value_name = "URL")]
    broker: Address,

    #[command(flatten)]
    session: options::Session,

    /// Trust the certificates in this PEM file instead of those that the system trusts, for mqtts:// and wss://
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    #[command(flatten)]
    live: Live,
}

impl Client {
    /// Does what is asked for on standard input.
    pub(crate) fn run(&self) -> ExitCode {
        let session = match self.session.options() {
            Ok(session) => session,
            Err(message) => return fail(&message),
        };
        let transport = match self.transport() {
            Ok(transport) => transport,
            Err(message) => return fail(&message),
        };
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return fail(&error.to_string()),
        };
        let (tap, happenings) = live::tap(QUEUE);
        let showing = match self.live.start(happenings, None) {
            Ok(showing) => showing,
            Err(failed) => return failed,
        };
        let options =
            watched::options(self.broker.clone(), session, self.session.has_login(), transport, tap, |_| ());
        let ended = runtime.block_on(async {
            let (client, messages) = mqtt_client::start(options).await.map_err(|error| error.to_string())?;
            self.work(&client, messages, &showing).await
        });
        // With it goes all that could still tell something.
        drop(runtime);
        let shown = showing.finish();
        match ended {
            Ok(()) => shown,
            Err(message) => fail(&message),
        }
    }

    /// Whom to trust.
    fn transport(&self) -> Result<TransportOptions, String> {
        let options = TransportOptions::default();
        let Some(ca) = &self.ca else { return Ok(options) };
        if !matches!(self.broker.to_string().split("://").next(), Some("mqtts" | "wss")) {
            return Err(format!("client: --ca is about TLS, which {} does not speak", self.broker));
        }
        let trusted = TlsOptions::default().ca_file(ca).map_err(|error| format!("--ca: {error}"))?;
        Ok(options.tls(trusted))
    }

    async fn work(
        &self,
        client: &MqttClient,
        mut messages: Messages,
        showing: &Showing,
    ) -> Result<(), String> {
        let mut events = client.events();
        let mut lines = lines();
        let mut link = Link::default();
        // At a terminal, who types sees what was wrong, and goes on.
        let script = !io::stdin().is_terminal();
        let mut not_understood = 0;
        let stop = interrupted();
        tokio::pin!(stop);
        // What is asked for is done one after the other, so that a script means what it says.
        let interrupted = 'session: loop {
            // All of these are cancel-safe.
            tokio::select! {
                () = &mut stop => break true,
                Some(message) = messages.next() => self.show_message(&message, showing),
                event = events.next() => match event {
                    Some(event) => link.heard(&event),
                    None => return disconnect(client).await,
                },
                line = lines.recv() => match line {
                    Some(Ok(line)) => match words::parse(&line) {
                        Ok(Words::Quit) => break false,
                        Ok(words) => {
                            let done = perform(client, words);
                            tokio::pin!(done);
                            // Acknowledgements come only while messages are taken.
                            loop {
                                tokio::select! {
                                    () = &mut stop => break 'session true,
                                    said = &mut done => { say(&said); break }
                                    Some(message) = messages.next() => self.show_message(&message, showing),
                                    event = events.next() => match event {
                                        Some(event) => link.heard(&event),
                                        None => return disconnect(client).await,
                                    },
                                }
                            }
                        }
                        Err(message) => {
                            not_understood += u64::from(script);
                            say(&message);
                        }
                    },
                    Some(Err(message)) => {
                        not_understood += 1;
                        say(&message);
                    }
                    None => break false,
                },
            }
        };
        // A script may have come to its end before the first attempt did.
        while !interrupted && matches!(link, Link::Untried) {
            tokio::select! {
                () = &mut stop => break,
                event = events.next() => match event {
                    Some(event) => link.heard(&event),
                    None => return disconnect(client).await,
                },
            }
        }
        link.had_connection()?;
        disconnect(client).await?;
        match not_understood {
            0 => Ok(()),
            1 => Err("1 line was not understood".to_owned()),
            lines => Err(format!("{lines} lines were not understood")),
        }
    }

    fn show_message(&self, message: &mqtt_client::Message, showing: &Showing) {
        let retained = if message.retain { ", retained" } else { "" };
        let payload = if self.live.redacts() {
            format!("({} bytes hidden)", message.payload.len())
        } else {
            visible(&message.payload)
        };
        let topic = visible(message.topic.as_bytes());
        if self.live.is_for_people() {
            showing.say(&format!("= {topic} (QoS {}{retained}): {payload}\n", message.qos.as_u8()));
        }
    }
}

/// Whether there ever was a connection.
#[derive(Default)]
enum Link {
    #[default]
    Untried,
    /// Why the last attempt failed.
    Failed(String),
    Connected,
}

impl Link {
    /// Says what happened, and keeps what is asked at the end.
    fn heard(&mut self, event: &ConnectionEvent) {
        match (event, &self) {
            (ConnectionEvent::Connected { .. }, _) => *self = Self::Connected,
            (ConnectionEvent::Disconnected { error, .. }, Self::Untried | Self::Failed(_)) => {
                *self = Self::Failed(advised(error));
            }
            _ => {}
        }
        say_event(event);
    }

    fn had_connection(&self) -> Result<(), String> {
        match self {
            Self::Connected => Ok(()),
            Self::Failed(error) => Err(format!("there was no connection: {error}")),
            Self::Untried => Err("there was no connection".to_owned()),
        }
    }
}

/// Lines of standard input, read by a thread of their own, and what is wrong with them.
fn lines() -> mpsc::Receiver<Result<String, String>> {
    let (sender, lines) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        for number in 1_u64.. {
            let mut bytes = Vec::new();
            let (line, is_last) = match input.read_until(b'\n', &mut bytes) {
                Ok(0) => return,
                Ok(_) => {
                    let line = String::from_utf8(bytes);
                    (line.map_err(|_| format!("line {number} is not UTF-8")), false)
                }
                Err(error) => (Err(format!("line {number} cannot be read: {error}")), true),
            };
            if sender.blocking_send(line).is_err() || is_last {
                return;
            }
        }
    });
    lines
}

/// Does it, and tells how it ended.
async fn perform(client: &MqttClient, words: Words) -> String {
    match words {
        Words::Subscribe(filter, qos) => match client.ask_subscribe(vec![(filter.clone(), qos)]).await {
            Ok(codes) => {
                let granted = codes.first().map_or(0x80, |code| code.as_u8());
                let filter = visible(filter.as_bytes());
                match granted {
                    0x80 => format!("{filter}: refused"),
                    qos => format!("{filter}: granted QoS {qos}"),
                }
            }
            Err(error) => error.to_string(),
        },
        Words::Unsubscribe(filter) => match client.unsubscribe(vec![filter.clone()]).await {
            Ok(()) => format!("{}: unsubscribed", visible(filter.as_bytes())),
            Err(error) => error.to_string(),
        },
        Words::Publish(message) => {
            let (topic, qos) = (visible(message.topic.as_bytes()), message.qos);
            match client.publish(message).await {
                Ok(delivery) => {
                    let outcome = delivery.await.to_string();
                    let outcome = if qos == QoS::AtMostOnce && outcome == "delivered" {
                        "sent".to_owned()
                    } else {
                        outcome
                    };
                    format!("{topic}: {outcome}")
                }
                Err(error) => error.to_string(),
            }
        }
        Words::Help => words::HELP.to_owned(),
        Words::Quit | Words::Nothing => String::new(),
    }
}

async fn disconnect(client: &MqttClient) -> Result<(), String> {
    match client.disconnect(DRAIN).await {
        Ok(left) if left.messages > 0 => Err(match left.messages {
            1 => "1 message is not complete".to_owned(),
            count => format!("{count} messages are not complete"),
        }),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn say(text: &str) {
    if !text.is_empty() {
        // At once, so that nothing that is shown meanwhile comes to stand in it.
        let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
    }
}

/// What went wrong, and what helps.
fn advised(error: &mqtt_client::Error) -> String {
    let is_issuer = match error {
        mqtt_client::Error::Connect(connect) => match connect.failure() {
            ConnectFailure::Certificate(cause) => cause.to_string().contains("issuer"),
            _ => false,
        },
        _ => false,
    };
    if is_issuer { format!("{error}; --ca FILE names its CA's certificate") } else { error.to_string() }
}

/// When something happens after this pause, as people say it.
fn after(pause: Duration) -> String {
    if pause < Duration::from_millis(50) {
        "at once".to_owned()
    } else {
        format!("in {:.1} s", pause.as_secs_f32())
    }
}

fn say_event(event: &ConnectionEvent) {
    match event {
        ConnectionEvent::Connected { session_present: true } => say("connected, session present"),
        ConnectionEvent::Connected { session_present: false } => say("connected"),
        ConnectionEvent::SessionLost => say("the server lost the session"),
        ConnectionEvent::SubscriptionLost { filter } => {
            say(&format!("{}: refused this time", visible(filter.as_bytes())));
        }
        ConnectionEvent::Disconnected { error, retry_in: Some(pause) } => {
            say(&format!("{}; next attempt {}", advised(error), after(*pause)));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pause_is_at_once() {
        assert_eq!(after(Duration::ZERO), "at once");
        assert_eq!(after(Duration::from_millis(49)), "at once");
        assert_eq!(after(Duration::from_millis(50)), "in 0.1 s");
        assert_eq!(after(Duration::from_secs(3)), "in 3.0 s");
    }
}
