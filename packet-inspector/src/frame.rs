//! From a record to all that can be said of it: layers, packets, findings.

use std::ops::Range;

use mqtt_codec::Side;

use crate::damage;
use crate::dissect::{self, Packets};
use crate::finding::{Finding, Severity};
use crate::net::{self, Link};
use crate::payload;
use crate::record::Record;
use crate::redact;

/// What the caller knows of the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What a record begins with.
    pub link: Link,
    /// Who sent the packets; inferred from the ports when not said.
    pub from: Option<Side>,
}

/// One record, taken apart.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its number in the input, from 1.
    pub number: usize,
    /// The bytes as they were given.
    pub record: Record,
    /// What lies below MQTT.
    pub net: net::Frame,
    /// Who sent it, where that is known.
    pub from: Option<Side>,
    /// The bytes that are MQTT's; none when the data is of another protocol.
    pub mqtt: Range<usize>,
    /// What is wrong with the dump or with the layers below MQTT.
    pub findings: Vec<Finding>,
    /// Passwords, user names and payloads are hidden.
    pub is_redacted: bool,
}

impl Frame {
    /// Takes a record apart.
    pub fn new(number: usize, record: Record, options: Options) -> Self {
        let net = net::dissect(&record.bytes, options.link);
        let from = options.from.or_else(|| net.sender());
        let payload = record.bytes.get(net.payload.clone()).unwrap_or_default();
        let mut findings = record.findings.clone();
        findings.extend(net.findings.iter().cloned());
        let other = payload::other_protocol(&net, payload);
        let mqtt = if other.is_some() { net.payload.start..net.payload.start } else { net.payload.clone() };
        findings.extend(other);
        if !mqtt.is_empty() {
            let packets = || dissect::dissect(payload, mqtt.start, from);
            findings.extend(damage::evidence(&record, &net, packets));
        }
        Self { number, record, net, from, mqtt, findings, is_redacted: false }
    }

    /// The packets in it, each taken apart when it is asked for.
    pub fn packets(&self) -> Packets<'_> {
        let bytes = self.record.bytes.get(self.mqtt.clone()).unwrap_or_default();
        let packets = dissect::dissect(bytes, self.mqtt.start, self.from);
        if self.is_redacted { packets.redacted(redact::is_trusted(&self.findings)) } else { packets }
    }

    /// The same frame with passwords, user names and payloads hidden wherever it is written; their lengths stay.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        self.is_redacted = true;
        redact::below(&mut self.findings);
        self
    }

    /// All findings, those below MQTT first.
    pub fn all_findings(&self) -> impl Iterator<Item = Finding> {
        let below = self.findings.iter().cloned();
        below.chain(self.packets().flat_map(|packet| packet.findings))
    }

    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        self.all_findings().any(|finding| finding.severity == Severity::Error)
    }
}
