//! What the bytes as a whole say of a damaged dump: MQTT's own lengths narrow the place of a missing byte, and bytes
//! that pass every check are said to, whatever the text beside them looks like.

use std::ops::Range;

use crate::dissect::PacketTree;
use crate::finding::{Finding, Severity};
use crate::net::{self, ChecksumVerdict, LengthCause};
use crate::record::Record;

/// The longest payload that is searched for the place of a missing byte: each place is tried with each byte.
const MOST_SEARCHED: usize = 512;

/// Evidence that only layers, MQTT and the dump's rows together give.
pub(crate) fn evidence<P: Iterator<Item = PacketTree>>(
    record: &Record,
    net: &net::Frame,
    packets: impl Fn() -> P,
) -> Vec<Finding> {
    let mut findings = net::rows_evidence(record, net);
    findings.extend(missing_in_payload(record, net));
    findings.extend(bytes_agree(record, net, packets));
    findings
}

/// One byte is missing, and there are few places where one more makes whole packets of the payload.
fn missing_in_payload(record: &Record, net: &net::Frame) -> Option<Finding> {
    let length = net.length.as_ref()?;
    if length.cause != LengthCause::Missing || length.count() != 1 || net.payload.len() > MOST_SEARCHED {
        return None;
    }
    let payload = record.bytes.get(net.payload.clone())?;
    let searched = length.place.start.max(net.payload.start)..=length.place.end.min(net.payload.end);
    let mut names: Vec<&'static str> = Vec::new();
    let mut places = Vec::new();
    for place in searched {
        let found = packets_with_one_more(payload, place - net.payload.start);
        if !found.is_empty() {
            places.push(place);
        }
        names.extend(found.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    }
    let (&first, &last) = (places.first()?, places.last()?);
    if last - first > 3 {
        return None;
    }
    let place = if first == last { format!("0x{first:x}") } else { format!("0x{first:x} to 0x{last:x}") };
    let message = format!(
        "a byte put in at {place} makes whole packets of the payload ({}): one is missing before offset 0x{:x}",
        names.join(", "),
        last + 1,
    );
    Some(Finding::new(Severity::Note, "missing_byte_place", first, last - first, message))
}

/// The names of the first packet that a byte at this place can make, when whole packets fill the payload then.
fn packets_with_one_more(payload: &[u8], place: usize) -> Vec<&'static str> {
    let Some((before, behind)) = payload.split_at_checked(place) else { return Vec::new() };
    let mut names = Vec::new();
    let mut mended = [before, &[0], behind].concat();
    for byte in 0..=u8::MAX {
        if let Some(hole) = mended.get_mut(place) {
            *hole = byte;
        }
        if let Some(name) = net::first_of_whole_packets(&mended)
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

/// The text beside the bytes is damaged, yet the bytes pass every check there is: said, with what no check covers.
fn bytes_agree<P: Iterator<Item = PacketTree>>(
    record: &Record,
    net: &net::Frame,
    packets: impl Fn() -> P,
) -> Option<Finding> {
    let is_damaged = record.findings.iter().any(|finding| finding.severity > Severity::Note);
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    if !is_damaged || net.payload.is_empty() || record.findings.iter().chain(&net.findings).any(is_error) {
        return None;
    }
    if packets().any(|packet| packet.findings.iter().any(is_error)) {
        return None;
    }
    let (agree, uncovered) = match net.checksum {
        None => ("MQTT's lengths", "payloads are under no check"),
        Some(ChecksumVerdict::Good) => (
            "the IP length, the TCP checksum and MQTT's lengths",
            "only the link layer and the IP fields beside addresses and length are under no check",
        ),
        Some(ChecksumVerdict::Offloaded) => (
            "the IP length, the TCP pseudo-header sum and MQTT's lengths",
            "ports, numbers and payload are under no check, since the checksum was left to the network card",
        ),
        Some(ChecksumVerdict::Bad { .. } | ChecksumVerdict::NotComputable(_)) => return None,
    };
    let all: Range<usize> = 0..record.bytes.len();
    let message = format!("the bytes themselves agree with {agree}; {uncovered}");
    Some(Finding::new(Severity::Note, "bytes_agree", all.start, all.len(), message))
}
