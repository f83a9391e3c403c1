//! IPv4 and IPv6 headers, read leniently: a damaged field does not hide the ones after it.

use std::net::IpAddr;
use std::ops::Range;

use etherparse::{
    IpAuthHeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice,
    Ipv6RawExtHeaderSlice,
};

use super::bytes::{array_at, from, place, u8_at, u16_at};
use super::checksum::{IPV4_CHECKSUM_AT, header_checksum};
use crate::finding::{Finding, Severity};

mod describe;

pub(super) use describe::protocol_name;

pub(super) const IPV4_LEN: usize = 20;
pub(super) const IPV6_LEN: usize = 40;

/// The most extension headers that are followed; a real packet has one or two.
const MAX_EXTENSIONS: usize = 8;

/// The version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

impl Version {
    pub(super) fn number(self) -> u8 {
        match self {
            Self::V4 => 4,
            Self::V6 => 6,
        }
    }

    pub(super) fn ether_type(self) -> u16 {
        match self {
            Self::V4 => 0x0800,
            Self::V6 => 0x86dd,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    /// The name of the length field.
    pub(super) fn length_name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4 total length",
            Self::V6 => "IPv6 payload length",
        }
    }

    /// Where the length stands in a header at `start`.
    pub(super) fn length_at(self, start: usize) -> usize {
        match self {
            Self::V4 => start + 2,
            Self::V6 => start + 4,
        }
    }

    /// Where what the length counts begins, for a header at `start`.
    pub(super) fn length_covers_from(self, start: usize) -> usize {
        match self {
            Self::V4 => start,
            Self::V6 => start + IPV6_LEN,
        }
    }

    /// Where both addresses stand in a header at `start`.
    pub(super) fn addresses(self, start: usize) -> Range<usize> {
        match self {
            Self::V4 => start + 12..start + 20,
            Self::V6 => start + 8..start + 40,
        }
    }

    /// The least bytes of a header.
    pub(super) fn header_len(self) -> usize {
        match self {
            Self::V4 => IPV4_LEN,
            Self::V6 => IPV6_LEN,
        }
    }
}

/// An IP header with its extension headers.
#[derive(Clone, Debug)]
pub(super) struct Ip {
    pub(super) version: Version,
    pub(super) start: usize,
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// Where the two bytes of the length stand.
    pub(super) length_at: usize,
    /// What stands there.
    pub(super) length_value: usize,
    /// Where the packet ends by its length; `None` when the length is zero, which says nothing.
    pub(super) says_end: Option<usize>,
    /// What follows the IP header, by its own field.
    pub(super) first_protocol: IpNumber,
    /// Where that field stands.
    pub(super) first_protocol_at: usize,
    /// Where the header without extension headers ends.
    pub(super) header_end: usize,
    /// What follows the extension headers.
    pub(super) protocol: IpNumber,
    /// Where it begins.
    pub(super) transport_at: usize,
    extensions: Vec<Extension>,
    /// An extension header that is cut.
    pub(super) cut_extension: Option<Extension>,
    /// The packet is a part of a larger one.
    pub(super) fragment: bool,
    /// A routing header names another destination than the one that the TCP checksum covers.
    pub(super) routed: bool,
    /// IPv4: stored and computed header checksum.
    pub(super) header_checksum: Option<(u16, u16)>,
    /// IPv4: the header length that stands there and was not believed.
    disbelieved_header_length: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Extension {
    pub(super) protocol: IpNumber,
    pub(super) start: usize,
    end: usize,
}

/// Reads a header of this version at `at`, whatever its version nibble is; `None` when it is cut.
pub(super) fn read(bytes: &[u8], at: usize, version: Version) -> Option<Ip> {
    match version {
        Version::V4 => read_v4(bytes, at),
        Version::V6 => read_v6(bytes, at),
    }
}

fn read_v4(bytes: &[u8], at: usize) -> Option<Ip> {
    let rest = from(bytes, at);
    let (first_byte, _) = rest.split_first_chunk::<IPV4_LEN>().map(|(h, _)| (h[0], h))?;
    let stored_ihl = first_byte & 0x0f;
    let ihl = believed_ihl(rest, stored_ihl);
    let header = rest.get(..usize::from(ihl) * 4)?;
    let header_checksum = (u16_at(header, IPV4_CHECKSUM_AT)?, header_checksum(header, IPV4_CHECKSUM_AT));
    // etherparse refuses a damaged first byte, and we know what it must be.
    let mut header = header.to_vec();
    if let Some(first) = header.first_mut() {
        *first = 0x40 | ihl;
    }
    let ipv4 = Ipv4HeaderSlice::from_slice(&header).ok()?;
    let total = usize::from(ipv4.total_len());
    let header_end = at + header.len();
    Some(Ip {
        version: Version::V4,
        start: at,
        source: ipv4.source_addr().into(),
        destination: ipv4.destination_addr().into(),
        length_at: Version::V4.length_at(at),
        length_value: total,
        says_end: (total != 0).then_some(at + total),
        first_protocol: ipv4.protocol(),
        first_protocol_at: at + 9,
        header_end,
        protocol: ipv4.protocol(),
        transport_at: header_end,
        extensions: Vec::new(),
        cut_extension: None,
        fragment: ipv4.is_fragmenting_payload(),
        routed: false,
        header_checksum: Some(header_checksum),
        disbelieved_header_length: (ihl != stored_ihl).then_some(stored_ihl),
    })
}

/// The header length in words: 5 when what stands there is impossible, or is what breaks the checksum.
fn believed_ihl(rest: &[u8], stored: u8) -> u8 {
    let Some(header) = rest.get(..usize::from(stored) * 4) else {
        return 5;
    };
    if stored < 5 {
        return 5;
    }
    let verifies =
        |header: &[u8]| u16_at(header, IPV4_CHECKSUM_AT) == Some(header_checksum(header, IPV4_CHECKSUM_AT));
    let mut plain = rest.get(..IPV4_LEN).unwrap_or_default().to_vec();
    if let Some(first) = plain.first_mut() {
        *first = 0x45;
    }
    if !verifies(header) && verifies(&plain) { 5 } else { stored }
}

fn read_v6(bytes: &[u8], at: usize) -> Option<Ip> {
    let mut header: [u8; IPV6_LEN] = array_at(bytes, at)?;
    header[0] = 0x60 | header[0] & 0x0f;
    let ipv6 = Ipv6HeaderSlice::from_slice(&header).ok()?;
    let payload = usize::from(ipv6.payload_length());
    let header_end = at + IPV6_LEN;
    let mut ip = Ip {
        version: Version::V6,
        start: at,
        source: ipv6.source_addr().into(),
        destination: ipv6.destination_addr().into(),
        length_at: Version::V6.length_at(at),
        length_value: payload,
        says_end: (payload != 0).then_some(header_end + payload),
        first_protocol: ipv6.next_header(),
        first_protocol_at: at + 6,
        header_end,
        protocol: ipv6.next_header(),
        transport_at: header_end,
        extensions: Vec::new(),
        cut_extension: None,
        fragment: false,
        routed: false,
        header_checksum: None,
        disbelieved_header_length: None,
    };
    ip.read_extensions(bytes);
    Some(ip)
}

fn is_extension(protocol: IpNumber) -> bool {
    protocol == IpNumber::IPV6_FRAGMENTATION_HEADER
        || protocol == IpNumber::AUTHENTICATION_HEADER
        || Ipv6RawExtHeaderSlice::header_type_supported(protocol)
}

impl Ip {
    fn read_extensions(&mut self, bytes: &[u8]) {
        while is_extension(self.protocol) && !self.fragment && self.extensions.len() < MAX_EXTENSIONS {
            let protocol = self.protocol;
            let start = self.transport_at;
            let rest = from(bytes, start);
            let step = match protocol {
                IpNumber::IPV6_FRAGMENTATION_HEADER => {
                    Ipv6FragmentHeaderSlice::from_slice(rest).ok().map(|header| {
                        self.fragment = header.is_fragmenting_payload();
                        (header.next_header(), header.slice().len())
                    })
                }
                IpNumber::AUTHENTICATION_HEADER => IpAuthHeaderSlice::from_slice(rest)
                    .ok()
                    .map(|header| (header.next_header(), header.slice().len())),
                _ => Ipv6RawExtHeaderSlice::from_slice(rest)
                    .ok()
                    .map(|header| (header.next_header(), header.slice().len())),
            };
            let end = start + step.map_or(0, |(_, len)| len);
            let extension = Extension { protocol, start, end };
            let Some((next, _)) = step else {
                self.cut_extension = Some(extension);
                return;
            };
            if protocol == IpNumber::IPV6_ROUTE_HEADER {
                self.routed |= u8_at(bytes, start + 3) != Some(0);
            }
            self.protocol = next;
            self.transport_at = end;
            self.extensions.push(extension);
        }
    }

    /// The same header, if TCP followed it directly.
    pub(super) fn followed_by_tcp(mut self) -> Self {
        self.protocol = IpNumber::TCP;
        self.transport_at = self.header_end;
        self.extensions.clear();
        self.cut_extension = None;
        self.fragment = false;
        self.routed = false;
        self
    }

    /// Whether an IPv4 header checksum verifies with `total` as the total length.
    pub(super) fn header_verifies_with(&self, bytes: &[u8], total: usize) -> bool {
        let header = bytes.get(self.start..self.header_end);
        let (Some((stored, _)), Some(header), Ok(total)) =
            (self.header_checksum, header, u16::try_from(total))
        else {
            return false;
        };
        let mut header = header.to_vec();
        if let Some(length) = header.get_mut(2..4) {
            length.copy_from_slice(&total.to_be_bytes());
        }
        header_checksum(&header, IPV4_CHECKSUM_AT) == stored
    }

    /// What is wrong with the header by itself, its length and IPv4 header checksum aside.
    pub(super) fn findings(&self, bytes: &[u8]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let nibble = u8_at(bytes, self.start).map_or(0, |byte| byte >> 4);
        if nibble != self.version.number() {
            let message = format!(
                "the IP version at {} says {nibble}, but the header is that of {}",
                place(self.start),
                self.version.name(),
            );
            findings.push(
                Finding::new(Severity::Error, "ip_version", self.start, 1, message).in_field("Version"),
            );
        }
        if let Some(stored) = self.disbelieved_header_length {
            let message = format!(
                "the IPv4 header length at {} says {stored} words, but the header fits with 5",
                place(self.start),
            );
            findings.push(
                Finding::new(Severity::Error, "ipv4_header_length", self.start, 1, message)
                    .in_field("Header Length"),
            );
        }
        findings
    }

    /// The finding for an IPv4 header checksum that does not verify.
    pub(super) fn checksum_finding(&self) -> Option<Finding> {
        let (stored, computed) = self.header_checksum?;
        if stored == computed {
            return None;
        }
        let at = self.start + IPV4_CHECKSUM_AT;
        let finding = if stored == 0 {
            Finding::new(
                Severity::Note,
                "ipv4_checksum_offloaded",
                at,
                2,
                "the IPv4 header checksum is zero: left to the network card, not an error",
            )
        } else {
            let message = format!(
                "the IPv4 header checksum does not verify: {stored:#06x} stored, {computed:#06x} computed: a byte of the IPv4 header is damaged"
            );
            Finding::new(Severity::Error, "ipv4_checksum", at, 2, message)
        };
        Some(finding.in_field("Header Checksum"))
    }
}
