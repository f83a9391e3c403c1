//! `mqtt pub`: sends messages, and ends when each has its outcome.

use std::io::{self, Write};
use std::time::Duration;

use bytes::Bytes;
use mqtt_client::{Closed, Delivery, Doubt, Message, Outcome, PublishError, TryPublishError};
use tokio::io::{AsyncRead, stdin};

use crate::input::Lines;
use crate::interrupt::Interrupt;
use crate::link::{Link, say};
use crate::plan::{PublishPlan, Source, TOO_LONG};
use crate::progress::{Progress, Work};
use crate::status::{DATA, Failure, IO, UNDELIVERED};

/// How long an interrupted command goes on to complete what it sent.
const INTERRUPTED: Duration = Duration::from_secs(2);

pub(crate) async fn run(plan: PublishPlan) -> Result<(), Failure> {
    let PublishPlan { link, message, source } = plan;
    let mut interrupt = Interrupt::new().map_err(|error| Failure::new(IO, error.to_string()))?;
    let quiet = link.quiet;
    let shows_progress = !link.verbose && !quiet;
    // Nobody subscribed to the messages, though a session that was kept may bring some.
    let (ready, _) = Link::prepare(link).await?;
    let mut link = ready.run();
    let work = match &source {
        Source::Payload { payload, is_file: true, .. } => Some(Work::Bytes(payload.len() as u64)),
        Source::Lines => Some(Work::Messages),
        Source::Payload { .. } | Source::Prompt => None,
    };
    let progress = work.map(|work| Progress::of(&link.client, work, shows_progress));
    let mut sender = Sender { client: link.client.clone(), message, outcomes: Outcomes::default() };
    let ended = tokio::select! {
        biased;
        failure = link.failed() => Err(failure),
        signal = interrupt.wait() => Ok(Some(signal)),
        sent = sender.send(source) => sent.map(|()| None),
    };
    drop(progress);
    let Sender { client, outcomes, .. } = sender;
    drop(client);
    let signal = match ended {
        Ok(signal) => signal,
        Err(failure) => return Err(outcomes.add_to(failure)),
    };
    let Some(status) = signal else {
        // What a store held from before goes out, too.
        let closed = tokio::select! {
            closed = link.close(Duration::MAX) => closed.map(drop),
            status = interrupt.wait() => Err(Failure::new(status, "interrupted")),
        };
        return match closed {
            Ok(()) => outcomes.result(quiet),
            Err(failure) => Err(outcomes.add_to(failure)),
        };
    };
    let left = link.close(INTERRUPTED).await?;
    let kept = if left.stored { ", and are kept in the store" } else { "" };
    let message = match left.messages {
        0 => "interrupted".to_owned(),
        count => format!("interrupted: {count} messages are not acknowledged{kept}"),
    };
    Err(Failure::new(status, message))
}

/// Sends messages that differ by their payloads.
struct Sender {
    client: mqtt_client::Client,
    message: Message,
    outcomes: Outcomes,
}

impl Sender {
    /// Sends all of them, and waits for their outcomes.
    async fn send(&mut self, source: Source) -> Result<(), Failure> {
        // Also where there turns out to be nothing to send: whether a server would take it is the answer then.
        self.client.connected().await.map_err(stopped)?;
        match source {
            Source::Payload { payload, times, pause, .. } => {
                for n in 0..times {
                    if let Some(pause) = pause.filter(|_| n > 0) {
                        self.outcomes.settle().await;
                        tokio::time::sleep(pause).await;
                    }
                    self.publish(payload.clone()).await?;
                }
            }
            Source::Lines => {
                let mut lines = Lines::new(stdin());
                while let Some(line) = next(&mut lines).await? {
                    self.publish(line).await?;
                }
            }
            Source::Prompt => {
                let mut lines = Lines::new(stdin());
                loop {
                    ask().map_err(|error| Failure::new(IO, format!("standard output: {error}")))?;
                    let Some(line) = next(&mut lines).await? else { break };
                    self.publish(line).await?;
                    self.outcomes.settle().await;
                }
            }
        }
        self.outcomes.settle().await;
        Ok(())
    }

    async fn publish(&mut self, payload: Bytes) -> Result<(), Failure> {
        let message = Message { payload, ..self.message.clone() };
        // With a store, waiting for each message to be stored would cost a commit for each; that all are acknowledged at
        // the end says more.
        let published = match self.client.try_publish(message) {
            Ok(delivery) => Ok(delivery),
            Err(TryPublishError::Full(message)) => self.client.publish(message).await,
            Err(TryPublishError::Never(error)) => Err(error),
        };
        match published {
            Ok(delivery) => {
                self.outcomes.await_later(delivery);
                Ok(())
            }
            Err(PublishError::TooLong(_)) => Err(Failure::new(DATA, TOO_LONG)),
            Err(PublishError::Closed(closed)) => Err(stopped(closed)),
        }
    }
}

/// Why nothing can be sent any more.
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn stopped(closed: Closed) -> Failure {
    match closed {
        Closed::Failed(error) => Failure::from(&*error),
        Closed::Disconnected => Failure::new(UNDELIVERED, closed.to_string()),
    }
}

async fn next<R: AsyncRead + Unpin>(lines: &mut Lines<R>) -> Result<Option<Bytes>, Failure> {
    lines.next().await.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Failure::new(DATA, error.to_string()),
        _ => Failure::new(IO, format!("standard input: {error}")),
    })
}

/// As the lab's publisher asked.
fn ask() -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(b"Enter the message: ")?;
    out.flush()
}

/// Complete by all that the Server said, and it may not have said all.
const DOUBTFUL: Outcome = Outcome::Uncertain(Doubt::SessionMayBeLost);

/// Every acknowledgement came.
fn is_complete(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Delivered | DOUBTFUL)
}

/// How the messages ended.
#[derive(Default)]
struct Outcomes {
    /// Those that may be open.
    open: Vec<Delivery>,
    /// So many may gather before the closed ones are sorted out.
    gather: usize,
    all: u64,
    delivered: u64,
    /// Of these, so many are [`DOUBTFUL`].
    doubtful: u64,
    /// The first other outcome.
    other: Option<Outcome>,
}

impl Outcomes {
    fn await_later(&mut self, delivery: Delivery) {
        self.all += 1;
        if self.open.len() >= self.gather.max(1_024) {
            let mut open = std::mem::take(&mut self.open);
            open.retain(|delivery| match delivery.outcome() {
                Some(outcome) => {
                    self.note(outcome);
                    false
                }
                None => true,
            });
            // Twice what the client bounds.
            self.gather = 2 * open.len();
            self.open = open;
        }
        self.open.push(delivery);
    }

    /// Waits for all. In vain when it is dropped, but for the count.
    async fn settle(&mut self) {
        while let Some(delivery) = self.open.pop() {
            let outcome = delivery.await;
            self.note(outcome);
        }
    }

    fn note(&mut self, outcome: Outcome) {
        if !is_complete(outcome) {
            self.other.get_or_insert(outcome);
            return;
        }
        self.delivered += 1;
        self.doubtful += u64::from(outcome == DOUBTFUL);
    }

    fn undelivered(&self) -> u64 {
        let done = self.open.iter().filter(|delivery| delivery.outcome().is_some_and(is_complete)).count();
        self.all - self.delivered - done as u64
    }

    fn result(&self, quiet: bool) -> Result<(), Failure> {
        match (self.undelivered(), self.other) {
            (0, _) => {
                if self.doubtful > 0 && !quiet {
                    let (count, all) = (self.doubtful, self.all);
                    say(&format_args!("mqtt: {count} of {all} messages: {DOUBTFUL}"));
                }
                Ok(())
            }
            (count, Some(outcome)) => {
                let all = self.all;
                Err(Failure::new(UNDELIVERED, format!("{count} of {all} messages: {outcome}")))
            }
            (count, None) => Err(Failure::new(UNDELIVERED, format!("{count} messages are not acknowledged"))),
        }
    }

    /// Says also what it means for the messages.
    fn add_to(&self, mut failure: Failure) -> Failure {
        if self.all > 1 {
            let (undelivered, all) = (self.undelivered(), self.all);
            failure.message.push_str(&format!("; {undelivered} of {all} messages are not acknowledged"));
        }
        failure
    }
}
