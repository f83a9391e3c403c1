//! `mqtt sub`: prints what comes.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use mqtt_client::{Client, Messages, QoS, Received, SubackReturnCode, SubscribeError, TopicFilterBuf};
use tokio::io::{AsyncWriteExt, Stdout, stdout};

use crate::interrupt::Interrupt;
use crate::link::{Link, say};
use crate::plan::{Printing, SubscribePlan};
use crate::status::{Failure, IO, NOT_GRANTED, TIMEOUT};

/// How long the goodbye waits for exchanges that are not complete.
const GOODBYE: Duration = Duration::from_secs(1);
/// The most messages, and bytes of them, that are written at once.
const BATCH: (usize, usize) = (256, 1 << 20);

/// Why printing ends.
enum End {
    /// As was asked for, by count or signal; or nobody reads any more.
    Done,
    /// `-W` is over.
    Timeout,
    /// The client stopped.
    Stopped,
    Failed(Failure),
}

pub(crate) async fn run(plan: SubscribePlan) -> Result<(), Failure> {
    let SubscribePlan { link, filters, unsubscribe, end_when_subscribed, wait, printing } = plan;
    let mut interrupt = Interrupt::new().map_err(|error| Failure::new(IO, error.to_string()))?;
    let quiet = link.quiet;
    let (ready, mut messages) = Link::prepare(link).await?;
    let client = ready.client.clone();
    let (end, mut link) = {
        let mut printer = Printer::new(printing);
        let mut asking = pin!(ask(&client, filters, unsubscribe, quiet));
        // Before there is a connection, so that SUBSCRIBE goes out before answers to what a session that was kept brings.
        let mut answer = poll_fn(|context| Poll::Ready(asking.as_mut().poll(context))).await;
        let link = ready.run();
        let mut asked = false;
        let mut time_over = pin!(over(&client, wait));
        let end = loop {
            tokio::select! {
                biased;
                _ = interrupt.wait() => break End::Done,
                () = &mut time_over => break End::Timeout,
                answer = settled(&mut answer, asking.as_mut()), if !asked => match answer {
                    Ok(()) if end_when_subscribed => break End::Done,
                    Ok(()) => asked = true,
                    Err(end) => break end,
                },
                first = messages.next() => {
                    let Some(first) = first else { break End::Stopped };
                    let printed = tokio::select! {
                        biased;
                        _ = interrupt.wait() => break End::Done,
                        printed = printer.print(first, &mut messages) => printed,
                    };
                    match printed {
                        Ok(false) => {}
                        Ok(true) => break End::Done,
                        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break End::Done,
                        Err(error) => {
                            break End::Failed(Failure::new(IO, format!("standard output: {error}")));
                        }
                    }
                }
            }
        };
        (end, link)
    };
    drop(client);
    let result = match end {
        // Messages wait behind what stopped the client; they were taken before.
        End::Stopped => return Err(link.failed().await),
        End::Done => Ok(()),
        End::Timeout => Err(Failure::new(TIMEOUT, "timed out")),
        End::Failed(failure) => Err(failure),
    };
    tokio::select! {
        // What was asked for is done, whatever the goodbye brings.
        _ = link.close(GOODBYE) => {}
        // What still comes is not acknowledged; it must not keep the client from reading on, either.
        () = ignore(&mut messages) => {}
        _ = interrupt.wait() => {}
    }
    result
}

/// The answer that is there already, or that comes.
async fn settled<T>(first: &mut Poll<T>, rest: Pin<&mut impl Future<Output = T>>) -> T {
    match std::mem::replace(first, Poll::Pending) {
        Poll::Ready(answer) => answer,
        Poll::Pending => rest.await,
    }
}

async fn ignore(messages: &mut Messages) {
    while messages.next().await.is_some() {}
    pending::<()>().await;
}

/// Waits until so much time has passed since the connection was accepted.
async fn over(client: &Client, wait: Option<Duration>) {
    if let Some(wait) = wait
        && client.connected().await.is_ok()
    {
        tokio::time::sleep(wait).await;
    } else {
        pending::<()>().await;
    }
}

/// Subscribes and unsubscribes, in this order and without waiting in between.
async fn ask(
    client: &Client,
    filters: Vec<(TopicFilterBuf, QoS)>,
    unsubscribe: Vec<TopicFilterBuf>,
    quiet: bool,
) -> Result<(), End> {
    let subscribe = async {
        match filters.is_empty() {
            true => Ok(Vec::new()),
            false => client.ask_subscribe(filters.clone()).await,
        }
    };
    let unsubscribe = async {
        match unsubscribe.is_empty() {
            true => Ok(()),
            false => client.unsubscribe(unsubscribe).await,
        }
    };
    let (granted, removed) = tokio::join!(biased; subscribe, unsubscribe);
    let failed = |error| match error {
        SubscribeError::Closed(_) => End::Stopped,
        error => End::Failed(Failure::usage(error)),
    };
    removed.map_err(failed)?;
    let granted = granted.map_err(failed)?;
    let refused: Vec<_> = (filters.iter().zip(&granted))
        .filter(|(_, code)| **code == SubackReturnCode::Failure)
        .map(|((filter, _), _)| filter.to_string())
        .collect();
    if !refused.is_empty() {
        let message = format!("the server refused the subscription to {}", refused.join(", "));
        if refused.len() == filters.len() {
            return Err(End::Failed(Failure::new(NOT_GRANTED, message)));
        }
        if !quiet {
            say(&format_args!("mqtt: {message}"));
        }
    }
    Ok(())
}

/// Writes messages to standard output, and acknowledges them then.
struct Printer {
    printing: Printing,
    left: Option<u64>,
    buffer: Vec<u8>,
    out: Stdout,
}

/// What to do with a message.
enum Verdict {
    Print,
    LeaveOut,
    /// It is none of those that are wanted, and no more will come.
    End,
}

impl Printer {
    fn new(printing: Printing) -> Self {
        Self { left: printing.count, printing, buffer: Vec::new(), out: stdout() }
    }

    /// Prints this message and those that wait behind it; `true` when these were enough.
    async fn print(&mut self, first: Received, messages: &mut Messages) -> io::Result<bool> {
        self.buffer.clear();
        let mut done = Vec::new();
        let mut enough = false;
        let mut next = Some(first);
        while let Some(message) = next {
            match self.judge(&message) {
                Verdict::Print => {
                    self.printing.format.write(&message, &mut self.buffer);
                    self.left = self.left.map(|left| left.saturating_sub(1));
                    enough = self.left == Some(0);
                }
                Verdict::LeaveOut => {}
                Verdict::End => {
                    enough = true;
                    break;
                }
            }
            done.push(message);
            let full = done.len() >= BATCH.0 || self.buffer.len() >= BATCH.1;
            next = if enough || full { None } else { messages.try_next() };
        }
        if !self.buffer.is_empty() {
            self.out.write_all(&self.buffer).await?;
            self.out.flush().await?;
        }
        for message in done {
            message.acknowledge();
        }
        Ok(enough)
    }

    fn judge(&self, message: &Received) -> Verdict {
        let printing = &self.printing;
        if printing.retained_only && !message.retain {
            return Verdict::End;
        }
        let topic = message.topic.as_name();
        if (printing.no_retained && message.retain)
            || printing.leave_out.iter().any(|filter| filter.matches(topic))
        {
            return Verdict::LeaveOut;
        }
        Verdict::Print
    }
}
