//! What lengths and checksums say of a record, without words: for those who weigh many versions of the same record.

use std::ops::Range;

use etherparse::IpNumber;

use super::bytes::from;
use super::checksum::{ChecksumVerdict, Segment, TCP_CHECKSUM_AT};
use super::ip::{self, Version};
use super::{Link, Transport, detect, link, tcp};

/// The least length of an Ethernet frame without its frame check sequence: shorter ones are padded.
const ETHERNET_LEAST: usize = 60;

/// The checks of a record that holds IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Where the IP header begins.
    pub(crate) ip_at: usize,
    /// The link's type and the version nibble announce what follows.
    pub(crate) announced: bool,
    /// The end of the packet by the IP length, and whether the bytes agree.
    pub(crate) length: Option<(usize, bool)>,
    /// Whether an IPv4 header checksum verifies.
    pub(crate) header_checksum: Option<bool>,
    /// The TCP segment.
    pub(crate) segment: Option<SegmentSurvey>,
}

/// The checks of a TCP segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentSurvey {
    pub(crate) transport: Transport,
    /// Where the TCP header begins.
    pub(crate) tcp_at: usize,
    /// The segment's data.
    pub(crate) payload: Range<usize>,
    /// A port of MQTT's.
    pub(crate) has_port: bool,
    /// What must be zero is, the header's length is possible, and the flags go with each other.
    pub(crate) is_sound: bool,
    pub(crate) checksum: ChecksumVerdict,
    /// Where the checksum covers addresses.
    pub(crate) addresses: Range<usize>,
}

/// Takes stock of a record that begins with this link; `None` when it holds no IP header.
pub(crate) fn survey(bytes: &[u8], link: Link, ports: &[u16]) -> Option<Survey> {
    let header = link::read(bytes, link)?;
    let ip_at = header.next_at;
    let nibble = bytes.get(ip_at).map(|byte| byte >> 4);
    let plain = [Version::V4, Version::V6].into_iter().find(|version| {
        let announced = header.ether_type.is_none() || header.announces() == Some(*version);
        announced && nibble == Some(version.number())
    });
    // Weighing both versions takes long, and is needed only when type or version is damaged.
    let version = plain.or_else(|| Some(detect::guess(bytes, link, ports)?.version))?;
    let ip = detect::believed_protocol(bytes, ip::read(bytes, ip_at, version)?, ports);
    let length = ip.says_end.map(|end| (end, end == bytes.len() || is_padding(bytes, end, link)));
    let end = ip.says_end.map_or(bytes.len(), |end| end.min(bytes.len()));
    let segment = (ip.protocol == IpNumber::TCP && !ip.fragment)
        .then(|| tcp::read(bytes, ip.transport_at))
        .flatten()
        .map(|tcp| {
            let sum = Segment::new(bytes, tcp.start, ip.source, ip.destination);
            let len = ip.says_end.unwrap_or(bytes.len()).saturating_sub(tcp.start);
            // The pseudo-header sum proves the length though bytes of the segment are missing.
            let checksum = if sum.offloaded(len) && len >= TCP_CHECKSUM_AT {
                ChecksumVerdict::Offloaded
            } else {
                sum.verdict(len)
            };
            let payload_at = tcp.data_at.min(end);
            SegmentSurvey {
                transport: tcp.transport(&ip),
                tcp_at: tcp.start,
                payload: payload_at..end,
                has_port: tcp.has_port(ports),
                is_sound: tcp.is_sound() && tcp.flags_are_sound(),
                checksum,
                addresses: version.addresses(ip_at),
            }
        });
    Some(Survey {
        ip_at,
        announced: plain.is_some(),
        length,
        header_checksum: ip.header_checksum.map(|(stored, computed)| stored == computed),
        segment,
    })
}

/// Whether what follows the packet fills an Ethernet frame up to its least length.
fn is_padding(bytes: &[u8], end: usize, link: Link) -> bool {
    link == Link::Ethernet
        && end < bytes.len()
        && bytes.len() <= ETHERNET_LEAST
        && from(bytes, end).iter().all(|byte| *byte == 0)
}
