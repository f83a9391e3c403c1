//! From a record to all that can be said of it: layers, packets, findings.

use mqtt_codec::Side;

use crate::damage;
use crate::dissect::{self, Packets};
use crate::finding::{Finding, Severity};
use crate::net::{self, Link};
use crate::record::Record;

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
    /// What is wrong with the dump or with the layers below MQTT.
    pub findings: Vec<Finding>,
}

impl Frame {
    /// Takes a record apart.
    pub fn new(number: usize, record: Record, options: Options) -> Self {
        let net = net::dissect(&record.bytes, options.link);
        let from = options.from.or_else(|| net.sender());
        let payload = record.bytes.get(net.payload.clone()).unwrap_or_default();
        let packets = || dissect::dissect(payload, net.payload.start, from);
        let mut findings = record.findings.clone();
        findings.extend(net.findings.iter().cloned());
        findings.extend(damage::evidence(&record, &net, packets));
        Self { number, record, net, from, findings }
    }

    /// The packets in it, each taken apart when it is asked for.
    pub fn packets(&self) -> Packets<'_> {
        let payload = self.record.bytes.get(self.net.payload.clone()).unwrap_or_default();
        dissect::dissect(payload, self.net.payload.start, self.from)
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
