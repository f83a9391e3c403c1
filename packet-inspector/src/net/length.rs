//! The IP length against the bytes that are there: which of the two is damaged, and where.

use std::ops::Range;

use super::Link;
use super::bytes::{count_are, count_bytes, place};
use super::checksum::{ChecksumVerdict, Segment, ends_in_frame_check};
use super::ip::{Ip, Version};
use super::mend::Mend;
use super::tcp::Tcp;
use crate::finding::{Finding, Severity};

/// The least length of an Ethernet frame without its frame check sequence.
const ETHERNET_LEAST: usize = 60;

/// The IP length and the number of bytes disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LengthMismatch {
    /// Where the length field stands.
    pub field: Range<usize>,
    /// How many bytes the record would have by that length.
    pub says: usize,
    /// How many it has.
    pub present: usize,
    /// What is the likelier explanation.
    pub cause: LengthCause,
    /// Where bytes are missing or too many, as far as is known: with `place.end` the end of the
    /// record, what lies above TCP can narrow it further.
    pub place: Range<usize>,
}

/// Why an IP length and the bytes disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LengthCause {
    /// Bytes are missing.
    Missing,
    /// There are bytes too many.
    Extra,
    /// The length field is damaged.
    Field,
}

impl LengthMismatch {
    /// How many bytes are missing or too many, if the length is right.
    pub fn count(&self) -> usize {
        self.says.abs_diff(self.present)
    }
}

/// Where the IP packet ends, and what its length is worth.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    pub(super) end: usize,
    pub(super) mismatch: Option<LengthMismatch>,
    pub(super) findings: Vec<Finding>,
}

/// A record whose IP length is weighed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) link: Link,
    pub(super) ip: &'a Ip,
    pub(super) tcp: Option<&'a Tcp>,
    pub(super) ports: &'a [u16],
}

impl Lengths<'_> {
    /// Decides where the packet ends.
    pub(super) fn judge(self) -> Extent {
        let present = self.bytes.len();
        match self.ip.says_end {
            Some(says) if says == present => Extent { end: present, mismatch: None, findings: Vec::new() },
            Some(says) if says > present => self.too_short(says),
            Some(says) => self.too_long(says),
            None => Extent { end: present, mismatch: None, findings: vec![self.zero_length()] },
        }
    }

    fn too_short(self, says: usize) -> Extent {
        let present = self.bytes.len();
        let header_verifies = self.header_verifies_with(says);
        if self.offloaded_with(says) {
            let evidence = "the TCP pseudo-header sum agrees with the length, so the length is right";
            return self.missing(says, evidence);
        }
        if header_verifies {
            return self.missing(says, "the IPv4 header checksum verifies with that length");
        }
        if let Some(reason) = self.agrees_with(present) {
            return self.field(says, reason);
        }
        if self.tcp.is_some() {
            let evidence = "with the length as it is there the TCP checksum does not verify either";
            return self.missing(says, evidence);
        }
        let field = place(self.ip.length_at);
        self.missing(says, &format!("or the length at {field} is damaged"))
    }

    fn too_long(self, says: usize) -> Extent {
        let present = self.bytes.len();
        let trailing = self.bytes.get(says..).unwrap_or_default();
        let covers_headers = says >= self.tcp.map_or(self.ip.header_end, |tcp| tcp.data_at);
        let reason = covers_headers.then(|| self.agrees_with(says)).flatten();
        if reason.is_none() {
            if let Some(reason) = self.agrees_with(present) {
                return self.field(says, reason);
            }
            if !covers_headers && self.tcp_is_plain() {
                return self.field(says, "the headers alone are longer than that");
            }
        }
        let mut extent = Extent { end: says, mismatch: None, findings: Vec::new() };
        if self.link == Link::Ethernet && present <= ETHERNET_LEAST {
            return extent;
        }
        let note =
            |message: String| Finding::new(Severity::Note, "trailing_bytes", says, present - says, message);
        if self.link == Link::Ethernet && ends_in_frame_check(self.bytes) {
            let message = "the last 4 bytes are the Ethernet frame check sequence, and it verifies";
            extent.findings.push(note(message.to_owned()));
        } else if trailing.iter().all(|byte| *byte == 0) {
            let count = count_bytes(trailing.len());
            let message = format!("{count} of zeros after the IP packet: padding");
            extent.findings.push(note(message));
        } else if reason.is_some() && trailing.len() == 4 && self.link == Link::Ethernet {
            let message = "4 bytes after the IP packet, perhaps the Ethernet frame check sequence, but it does not verify";
            extent.findings.push(note(message.to_owned()));
        } else {
            return self.extra(says, reason);
        }
        extent
    }

    /// The TCP header fits where it should be.
    fn tcp_is_plain(self) -> bool {
        self.tcp.is_some_and(|tcp| tcp.has_port(self.ports) && tcp.is_sound())
    }

    fn offloaded_with(self, end: usize) -> bool {
        let Some(tcp) = self.tcp else { return false };
        let segment = Segment::new(self.bytes, tcp.start, self.ip.source, self.ip.destination);
        end >= tcp.data_at && segment.offloaded(end - tcp.start)
    }

    fn header_verifies_with(self, end: usize) -> bool {
        end.checked_sub(self.ip.start).is_some_and(|total| self.ip.header_verifies_with(self.bytes, total))
    }

    /// What proves that the packet ends at `end`, if something does.
    fn agrees_with(self, end: usize) -> Option<&'static str> {
        let verdict = self.tcp.and_then(|tcp| {
            let segment = Segment::new(self.bytes, tcp.start, self.ip.source, self.ip.destination);
            Some(segment.verdict(end.checked_sub(tcp.start)?))
        });
        match verdict {
            Some(ChecksumVerdict::Good) => Some("the TCP checksum verifies"),
            Some(ChecksumVerdict::Offloaded) => Some("the TCP pseudo-header sum agrees"),
            _ if self.header_verifies_with(end) => Some("the IPv4 header checksum verifies"),
            _ => None,
        }
    }

    /// The first offset before which nothing is missing.
    fn fits_until(self, says: usize) -> usize {
        let Some(tcp) = self.tcp else {
            return self.ip.length_at + 2;
        };
        if tcp.has_port(self.ports) && tcp.is_sound() {
            tcp.data_at
        } else if self.offloaded_with(says) {
            // The checksum is where it should be, and so are the addresses.
            tcp.start + 18
        } else if tcp.has_port(self.ports) {
            tcp.start + 4
        } else {
            self.ip.length_at + 2
        }
    }

    fn mismatch(self, says: usize, cause: LengthCause, place: Range<usize>) -> LengthMismatch {
        LengthMismatch {
            field: self.ip.length_at..self.ip.length_at + 2,
            says,
            present: self.bytes.len(),
            cause,
            place,
        }
    }

    fn counts(self, says: usize) -> String {
        let present = count_bytes(self.bytes.len());
        format!("{present} where the {} length says {says}", self.ip.version.name())
    }

    fn missing(self, says: usize, evidence: &str) -> Extent {
        let present = self.bytes.len();
        let from = self.fits_until(says).min(present);
        let count = count_are(says - present);
        let joint = if evidence.starts_with("or ") { "," } else { ";" };
        let message =
            format!("{}: {count} missing from {} on{joint} {evidence}", self.counts(says), place(from));
        Extent {
            end: present,
            mismatch: Some(self.mismatch(says, LengthCause::Missing, from..present)),
            findings: vec![Finding::new(Severity::Error, "ip_length", from, 0, message)],
        }
    }

    fn extra(self, says: usize, reason: Option<&str>) -> Extent {
        let present = self.bytes.len();
        let counts = self.counts(says);
        let count = present - says;
        let (end, at, message) = match reason {
            Some(reason) => {
                let message =
                    format!("{counts}: {count} too many from {} on; with {says} {reason}", place(says));
                (says, says, message)
            }
            None => {
                let field = place(self.ip.length_at);
                let message = format!("{counts}: {count} too many, or the length at {field} is damaged");
                (present, self.fits_until(says).min(present), message)
            }
        };
        let len = if reason.is_some() { count } else { 0 };
        Extent {
            end,
            mismatch: Some(self.mismatch(says, LengthCause::Extra, at..present)),
            findings: vec![Finding::new(Severity::Error, "ip_length", at, len, message)],
        }
    }

    fn field(self, says: usize, reason: &str) -> Extent {
        let present = self.bytes.len();
        let ip = self.ip;
        let (actual, verb) = match ip.version {
            Version::V4 => (present - ip.start, "are there"),
            Version::V6 => (present - ip.header_end, "follow"),
        };
        let name = ip.version.length_name();
        let with = match reason {
            "the headers alone are longer than that" => reason.to_owned(),
            _ => format!("with {actual} {reason}"),
        };
        let message = format!(
            "the {name} at {} says {}, but {} {verb}; {with}, so the length is what is damaged",
            place(ip.length_at),
            ip.length_value,
            count_bytes(actual),
        );
        let finding = Finding::new(Severity::Error, "ip_length", ip.length_at, 2, message)
            .in_field(name)
            .hint(format!("{actual} ({actual:#06x})"));
        let place = ip.length_at..ip.length_at + 2;
        Extent {
            end: present,
            mismatch: Some(self.mismatch(says, LengthCause::Field, place)),
            findings: vec![finding],
        }
    }

    fn zero_length(self) -> Finding {
        let message = format!(
            "the {} is zero: left to the network card (segmentation offload), all that is there is taken",
            self.ip.version.length_name()
        );
        Finding::new(Severity::Note, "ip_length_zero", self.ip.length_at, 2, message)
    }
}

/// The finding and the mismatch of a record that fits only when mended.
pub(super) fn of_mend(mend: &Mend, bytes: &[u8], ip: &Ip) -> (LengthMismatch, Finding) {
    let present = bytes.len();
    let count = mend.count;
    let (says, cause, what) = if mend.missing {
        (present + count, LengthCause::Missing, format!("{} missing", count_are(count)))
    } else {
        (present.saturating_sub(count), LengthCause::Extra, format!("{} too many", count_are(count)))
    };
    let Range { start, end } = mend.place;
    let whereabouts = if start == end {
        format!("at {}", place(start))
    } else {
        format!("between {} and {}", place(start), place(end))
    };
    let name = ip.version.name();
    let message = if mend.fill.is_some_and(|fill| fill.is_length) {
        format!("{what} {whereabouts}, in the {name} length, as the headers after it fit only so")
    } else {
        format!(
            "{} where the {name} length says {says}: {what} {whereabouts}, as the headers after it fit only so",
            count_bytes(present),
        )
    };
    let length = if mend.missing { 0 } else { end - start + count };
    let finding = Finding::new(Severity::Error, "ip_length", start, length, message);
    let mismatch = LengthMismatch {
        field: mend.unmended_range(&(ip.length_at..ip.length_at + 2)),
        says,
        present,
        cause,
        place: start..end,
    };
    (mismatch, finding)
}
