//! What is counted of packets that have something in common.

use super::{Histogram, Timeline};
use crate::capture::Span;
use crate::finding::Severity;

/// Packets of one connection, client, topic or type, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Packets.
    pub packets: u64,
    /// Their bytes, fixed headers included.
    pub bytes: u64,
    /// When they came.
    pub over_time: Timeline,
    /// Nanoseconds from the first packet of a handshake to its last.
    pub latencies: Histogram,
    /// Bytes of the payloads of messages.
    pub payloads: Histogram,
    /// Notes, warnings and errors.
    pub findings: [u64; 3],
    /// When the first and the last packet came, from the start of the capture on.
    pub times: Option<(Span, Span)>,
}

impl Tally {
    pub(super) fn packet(&mut self, at: Span, bytes: u64, payload: Option<u64>) {
        self.packets += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.over_time.add(at);
        if let Some(len) = payload {
            self.payloads.add(len);
        }
        self.seen(at, at);
    }

    fn seen(&mut self, from: Span, to: Span) {
        let (first, last) = self.times.unwrap_or((from, to));
        self.times = Some((first.min(from), last.max(to)));
    }

    pub(super) fn finding(&mut self, severity: Severity) {
        let [notes, warnings, errors] = &mut self.findings;
        *match severity {
            Severity::Note => notes,
            Severity::Warning => warnings,
            Severity::Error => errors,
        } += 1;
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        self.packets += other.packets;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.over_time.merge(&other.over_time);
        self.latencies.merge(&other.latencies);
        self.payloads.merge(&other.payloads);
        for (count, more) in self.findings.iter_mut().zip(other.findings) {
            *count += more;
        }
        if let Some((from, to)) = other.times {
            self.seen(from, to);
        }
    }

    /// From the first packet to the last.
    pub fn lasted(&self) -> Span {
        self.times.map_or(Span::default(), |(first, last)| Span(last.0.saturating_sub(first.0)))
    }

    /// Packets per second over so long a time; `None` below a millisecond.
    pub fn rate(&self, over: Span) -> Option<f64> {
        (over >= Span::millis(1)).then(|| super::float(self.packets) / over.as_seconds())
    }
}
