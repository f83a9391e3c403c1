//! Weighs one reading of a record: everything that speaks for it or against it, in the order of the layers.

use std::net::IpAddr;

use mqtt_codec::Side;

use crate::frame::Options;
use crate::net::{self, ChecksumVerdict, Link, MQTT_PORTS, SegmentSurvey, Survey};
use crate::record::Record;

use super::edit::{Edit, Layout, Version};
use super::evidence::{Check, Evidence, Scale, Tally};
use super::misreading;
use super::mqtt;
use super::neighbours::{self, Neighbour};
use super::paste::Paste;
use super::text::Columns;

/// A row with as many bytes as belong there, or not.
const ROW: i32 = 6;
/// A link type and an IP version that fit each other.
const LINK_TYPE: i32 = 8;
/// 16 bits, though short lengths are likelier than long ones.
const LENGTH: i32 = 12;
const CHECKSUM: i32 = 16;
/// The sum of the pseudo-header covers addresses and length alone.
const PSEUDO_HEADER: i32 = 14;
/// Ports, reserved bits and urgent pointer.
const TCP_HEADER: i32 = 8;
/// A group of an IPv6 address that is zero but for its last digit.
const PLAIN_GROUP: i32 = 3;
/// A word that was not understood and is left out.
const LEFT_OUT: i32 = -12;

/// A record, and what is known of it before anything is tried.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) record: &'a Record,
    pub(super) layout: Layout,
    pub(super) link: Link,
    from: Option<Side>,
    columns: Columns,
    pub(super) paste: Paste,
}

impl<'a> Context<'a> {
    pub(super) fn new(record: &'a Record, options: Options, others: Vec<Neighbour>) -> Self {
        let link = net::dissect(&record.bytes, options.link).link;
        Self::with_link(record, link, options, others)
    }

    /// The same record as one that begins with this link.
    pub(super) fn with_link(
        record: &'a Record,
        link: Link,
        options: Options,
        others: Vec<Neighbour>,
    ) -> Self {
        Self {
            record,
            layout: Layout::of(record),
            link,
            from: options.from,
            columns: Columns::of(record),
            paste: Paste::new(others),
        }
    }

    /// The bytes with these changes.
    pub(super) fn version(&self, edits: &[Edit]) -> Version {
        let mut version = Version::default();
        version.make(self.record, &self.layout, edits);
        version
    }

    /// The sum alone.
    pub(super) fn tally(&self, version: &Version, edits: &[Edit]) -> Tally {
        let mut tally = Tally::default();
        self.weigh(version, edits, &mut tally);
        tally
    }

    /// In words.
    pub(super) fn explain(&self, version: &Version, edits: &[Edit]) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        self.weigh(version, edits, &mut evidence);
        evidence
    }

    fn weigh(&self, version: &Version, edits: &[Edit], scale: &mut impl Scale) {
        self.rows(version, edits, scale);
        if self.link == Link::Mqtt {
            mqtt::weigh(&version.bytes, self.from, scale);
        } else if let Some(survey) = self.survey(version) {
            ip(&survey, version, scale);
            if let Some(segment) = &survey.segment {
                self.segment(segment, version, scale);
            }
        } else {
            scale.put(Check::LinkType, false, -2 * LINK_TYPE, || "no IP header is found".to_owned());
        }
        self.columns.weigh(self.record, version, scale);
        if !edits.is_empty() {
            let cost = misreading::cost(self.record, &self.layout, edits);
            scale.put(Check::Misreading, true, -cost, || changes_in_words(edits));
        }
    }

    pub(super) fn survey(&self, version: &Version) -> Option<Survey> {
        match self.link {
            Link::Mqtt => None,
            link => net::survey(&version.bytes, link, MQTT_PORTS),
        }
    }

    /// What a version says of its connection.
    pub(super) fn neighbour(&self, version: &Version) -> Option<Neighbour> {
        let segment = self.survey(version)?.segment?;
        let payload = version.bytes.get(segment.payload.clone()).unwrap_or_default();
        Some(Neighbour {
            transport: segment.transport,
            len: payload.len(),
            kinds: if segment.has_port { mqtt::kinds(payload) } else { Vec::new() },
            head: version.bytes.iter().take(neighbours::HEAD).copied().collect(),
        })
    }

    fn rows(&self, version: &Version, edits: &[Edit], scale: &mut impl Scale) {
        let rows = version.rows.iter().zip(&self.layout.wanted).zip(&self.record.rows);
        let mut told = false;
        for ((&(_, len), wanted), row) in rows {
            let Some(wanted) = *wanted else { continue };
            told = true;
            if len != wanted {
                let off = i32::try_from(len.abs_diff(wanted).min(8)).unwrap_or(8);
                scale.put(Check::Rows, false, -ROW - off, || {
                    format!(
                        "line {} has {} where the offsets say {wanted}",
                        row.line,
                        crate::words::bytes(len)
                    )
                });
            }
        }
        if told {
            scale.put(Check::Rows, true, 0, || "the other rows are as long as their offsets say".to_owned());
        }
        if edits.iter().any(|edit| edit.shifts()) {
            return;
        }
        let read = |number: usize| {
            edits
                .iter()
                .any(|edit| matches!(edit, Edit::Insert { unread: Some(word), .. } if *word == number))
        };
        for (number, unread) in self.record.unread.iter().enumerate() {
            if !read(number) {
                let word = &unread.word;
                scale.put(Check::Rows, false, LEFT_OUT, || {
                    format!("{word:?} is left out, though it stands where a byte belongs")
                });
            }
        }
    }

    fn segment(&self, segment: &SegmentSurvey, version: &Version, scale: &mut impl Scale) {
        let is_plain = segment.has_port && segment.is_sound;
        scale.put(Check::TcpHeader, is_plain, if is_plain { TCP_HEADER } else { -TCP_HEADER }, || {
            let says = if is_plain { "is" } else { "is not" };
            format!("the TCP header {says} as it must be, with a port of MQTT")
        });
        checksum(segment.checksum, scale);
        for address in [segment.transport.source, segment.transport.destination] {
            let plain = plain_groups(address);
            if plain > 0 {
                scale.put(Check::Address, true, plain * PLAIN_GROUP, || {
                    format!("{address} has groups of zeros, as addresses that people give have")
                });
            }
        }
        let payload = version.bytes.get(segment.payload.clone()).unwrap_or_default();
        if segment.has_port {
            mqtt::weigh(payload, self.from.or_else(|| sender(segment)), scale);
        }
        if !self.paste.is_empty() {
            let kinds = if segment.has_port { mqtt::kinds(payload) } else { Vec::new() };
            let own = Neighbour { transport: segment.transport, len: payload.len(), kinds, head: Vec::new() };
            neighbours::weigh(&own, &self.paste, scale);
        }
    }
}

fn ip(survey: &Survey, version: &Version, scale: &mut impl Scale) {
    let link = if survey.announced { LINK_TYPE } else { -LINK_TYPE };
    scale.put(Check::LinkType, survey.announced, link, || {
        let says = if survey.announced { "agree" } else { "do not agree" };
        format!("link type and IP version {says}")
    });
    if let Some((end, agrees)) = survey.length {
        let present = version.bytes.len();
        let off = i32::try_from(end.abs_diff(present).min(8)).unwrap_or(8);
        let bits = if agrees { LENGTH } else { -LENGTH - off };
        scale.put(Check::IpLength, agrees, bits, || match agrees {
            true => format!("the IP length and the {present} bytes agree"),
            false => format!("the IP length says {end} bytes, {present} are there"),
        });
    }
    if let Some(verifies) = survey.header_checksum {
        let bits = if verifies { CHECKSUM } else { -CHECKSUM };
        scale.put(Check::IpChecksum, verifies, bits, || {
            let says = if verifies { "verifies" } else { "does not verify" };
            format!("the IPv4 header checksum {says}")
        });
    }
}

fn checksum(verdict: ChecksumVerdict, scale: &mut impl Scale) {
    match verdict {
        ChecksumVerdict::Good => scale.put(Check::TcpChecksum, true, CHECKSUM, || {
            "the TCP checksum verifies over addresses, TCP header and data".to_owned()
        }),
        ChecksumVerdict::Offloaded => scale.put(Check::TcpChecksum, true, PSEUDO_HEADER, || {
            "the sum of the pseudo-header verifies over addresses and length; the rest was left to the network card"
                .to_owned()
        }),
        ChecksumVerdict::Bad { .. } => scale.put(Check::TcpChecksum, false, -CHECKSUM, || {
            "the TCP checksum does not verify".to_owned()
        }),
        ChecksumVerdict::NotComputable(_) => {}
    }
}

fn sender(segment: &SegmentSurvey) -> Option<Side> {
    let is_mqtt = |port: u16| MQTT_PORTS.contains(&port);
    match (is_mqtt(segment.transport.source_port), is_mqtt(segment.transport.destination_port)) {
        (true, false) => Some(Side::Server),
        (false, true) => Some(Side::Client),
        _ => None,
    }
}

/// How many groups of an IPv6 address are zero but for the last digit.
fn plain_groups(address: IpAddr) -> i32 {
    match address {
        IpAddr::V6(v6) => {
            i32::try_from(v6.segments().iter().filter(|group| **group < 16).count()).unwrap_or(0)
        }
        IpAddr::V4(_) => 0,
    }
}

/// The changes as misreadings.
fn changes_in_words(edits: &[Edit]) -> String {
    let words: Vec<String> = edits
        .iter()
        .filter_map(|edit| match *edit {
            Edit::Change { from, to, .. } => misreading::words(from, to),
            _ => None,
        })
        .collect();
    let changes = if edits.len() == 1 { "one change".to_owned() } else { format!("{} changes", edits.len()) };
    match words.as_slice() {
        [] => changes,
        [one, rest @ ..] if rest.iter().all(|other| other == one) => format!("{changes}; {one}"),
        _ => format!("{changes}; {}", words.join(", ")),
    }
}
