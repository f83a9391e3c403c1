//! `qos`: messages at QoS 1 and 2, a line each as soon as they are over, then what they come to.

use std::collections::BTreeMap;
use std::io::{self, Write};

use mqtt_codec::Side;
use packet_inspector::analysis::{self, Exchange, Finding, Step};
use packet_inspector::capture::Span;
use packet_inspector::dissect::text::visible;
use packet_inspector::render::counted;
use packet_inspector::stats::Histogram;

/// The most latencies of which the median is exact; with more it is true to within a thirty-second part.
const MOST_EXACT: usize = 10_000;

/// Writes messages, and counts them.
pub(super) struct Handshakes<'a> {
    out: &'a mut dyn Write,
    written: io::Result<()>,
    /// By QoS and sender.
    sums: BTreeMap<(u8, &'static str), Sum>,
}

#[derive(Default)]
struct Sum {
    messages: u64,
    sent_again: u64,
    latencies: Latencies,
}

#[derive(Default)]
struct Latencies {
    first: Vec<u64>,
    all: Histogram,
}

impl analysis::Listener for Handshakes<'_> {
    fn finding(&mut self, _: Finding) {}

    fn exchange(&mut self, exchange: &Exchange) {
        let from = if exchange.from == Side::Client { "client" } else { "server" };
        let sum = self.sums.entry((exchange.qos, from)).or_default();
        // What goes on from an earlier connection was counted there.
        sum.messages += u64::from(exchange.earlier == 0);
        sum.sent_again += u64::from(exchange.sent() > 1 && exchange.earlier < 2);
        if let Some(latency) = exchange.latency() {
            sum.latencies.add(latency.0.max(0).unsigned_abs());
        }
        if self.written.is_ok() {
            self.written = write(exchange, from, self.out);
        }
    }
}

impl<'a> Handshakes<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, written: Ok(()), sums: BTreeMap::new() }
    }

    /// Writes what the messages come to.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.written?;
        for ((qos, from), Sum { messages, sent_again, latencies }) in &mut self.sums {
            let complete = latencies.all.count();
            let times = latencies.least_median_most().map(|nanos| format!("{:.6}", seconds(nanos)));
            writeln!(
                self.out,
                "QoS {qos} from {from}: {}, {complete} complete, {sent_again} sent again; latency {} s (least, median, most)",
                counted(*messages, "message"),
                times.join(" / "),
            )?;
        }
        Ok(())
    }
}

impl Latencies {
    fn add(&mut self, nanos: u64) {
        if self.first.len() < MOST_EXACT {
            self.first.push(nanos);
        }
        self.all.add(nanos);
    }

    fn least_median_most(&mut self) -> [u64; 3] {
        self.first.sort_unstable();
        let exact = self.first.get(self.first.len() / 2).copied();
        let median = if self.all.count() > MOST_EXACT as u64 { self.all.percentile(50.0) } else { exact };
        [self.all.least(), median, self.all.most()].map(Option::unwrap_or_default)
    }
}

fn seconds(nanos: u64) -> f64 {
    Span(i64::try_from(nanos).unwrap_or(i64::MAX)).as_seconds()
}

fn write(exchange: &Exchange, from: &str, out: &mut dyn Write) -> io::Result<()> {
    let gaps: Vec<_> = exchange.gaps().iter().map(|gap| format!("{:.6}", gap.as_seconds())).collect();
    let frames: Vec<_> = exchange.frames().iter().map(u64::to_string).collect();
    let state = match exchange.step {
        Step::Complete => format!("complete after {}", gaps.join(" + ")),
        step => format!("incomplete, last {}", name(step)),
    };
    write!(
        out,
        "stream {} QoS {} id {} from {from} [{}] frames {}: {state}",
        exchange.stream,
        exchange.qos,
        exchange.id,
        visible(exchange.topic.as_bytes()),
        frames.join(", ")
    )?;
    let sent = exchange.sent();
    if sent > 1 {
        write!(out, ", sent {sent} times")?;
    }
    if exchange.earlier > 0 {
        write!(out, ", begun on an earlier connection")?;
    }
    writeln!(out)
}

fn name(step: Step) -> &'static str {
    match step {
        Step::Publish => "PUBLISH",
        Step::Pubrec => "PUBREC",
        Step::Pubrel => "PUBREL",
        Step::Complete => "acknowledgement",
    }
}
