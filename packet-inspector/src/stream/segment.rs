//! One record to a TCP segment, without allocating: what most records of a capture need, and no more.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpNumber, Ipv6ExtensionSlice, LaxIpSlice, TcpSlice};

use super::Proof;
use super::fragments::Fragment;
use crate::capture::Entry;
use crate::net::checksum::{IPV4_CHECKSUM_AT, Segment as Checked, TCP_CHECKSUM_AT, header_checksum};
use crate::net::{ChecksumVerdict, Link, TcpFlags, link};

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: TcpFlags,
    /// Its data, as far as they were captured.
    pub(super) data: &'a [u8],
    /// How many bytes of data it had on the wire.
    pub(super) wire_len: u32,
    /// Where the data begin in what was read.
    pub(super) data_at: usize,
    pub(super) checksum: ChecksumVerdict,
    /// Where that stands in what was read, when all of the segment and its headers lie there, and they verify.
    checksum_at: Option<usize>,
}

impl Segment<'_> {
    /// What its checksums prove of the record.
    pub(super) fn proof(&self) -> Proof {
        match (self.checksum, self.checksum_at) {
            (ChecksumVerdict::Good, Some(_)) => Proof::Intact,
            (ChecksumVerdict::Offloaded, Some(checksum_at)) => Proof::Offloaded { checksum_at },
            _ => Proof::Nothing,
        }
    }
}

/// What a record holds.
pub(super) enum Content<'a> {
    Segment(Segment<'a>),
    Fragment(Fragment<'a>),
    /// Nothing that TCP has to do with.
    Other,
}

/// Reads the records that most captures are made of: Ethernet or none, IP without options, a whole segment. `None` is said
/// of all others, and of nothing that [`read`] would read otherwise.
#[inline]
pub(super) fn plain<'a>(entry: &Entry<'a>) -> Option<Segment<'a>> {
    const TCP: u8 = 6;
    let at = match (entry.link?, entry.bytes) {
        (Link::Ethernet, [_, _, _, _, _, _, _, _, _, _, _, _, 0x08, 0x00, ..]) => 14,
        (Link::Ethernet, [_, _, _, _, _, _, _, _, _, _, _, _, 0x86, 0xDD, ..]) => 14,
        (Link::RawIp, _) => 0,
        _ => return None,
    };
    let ip = entry.bytes.get(at..)?;
    let (source, destination, header_len, end, verifies): (IpAddr, IpAddr, usize, usize, bool) = match *ip {
        [0x45, _, l0, l1, _, _, fragment, offset, _, TCP, _, _, s0, s1, s2, s3, d0, d1, d2, d3, ..]
            if fragment & 0x3F == 0 && offset == 0 =>
        {
            let header = ip.first_chunk::<20>()?;
            let stored = u16::from_be_bytes([header[10], header[11]]);
            let verifies = stored == header_checksum(header, IPV4_CHECKSUM_AT);
            let end = usize::from(u16::from_be_bytes([l0, l1]));
            ([s0, s1, s2, s3].into(), [d0, d1, d2, d3].into(), 20, end, verifies)
        }
        [0x60..=0x6F, _, _, _, l0, l1, TCP, _, ..] if (l0, l1) != (0, 0) => {
            let (source, rest) = ip.get(8..)?.split_first_chunk::<16>()?;
            let destination = rest.first_chunk::<16>()?;
            let end = usize::from(u16::from_be_bytes([l0, l1])) + 40;
            ((*source).into(), (*destination).into(), 40, end, true)
        }
        _ => return None,
    };
    let tcp = ip.get(header_len..end)?;
    let [p0, p1, q0, q1, s0, s1, s2, s3, a0, a1, a2, a3, upper, lower, ..] = *tcp.first_chunk::<20>()?;
    let tcp_len = usize::from(upper >> 4) * 4;
    let data = tcp.get(tcp_len..).filter(|_| tcp_len >= 20)?;
    let tcp_at = at + header_len;
    Some(Segment {
        source: SocketAddr::new(source, u16::from_be_bytes([p0, p1])),
        destination: SocketAddr::new(destination, u16::from_be_bytes([q0, q1])),
        seq: u32::from_be_bytes([s0, s1, s2, s3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: TcpFlags(u16::from_be_bytes([upper & 0x0F, lower])),
        data,
        wire_len: u32::try_from(data.len()).ok()?,
        data_at: tcp_at + tcp_len,
        checksum: Checked::new(tcp, 0, source, destination).verdict(tcp.len()),
        checksum_at: verifies.then_some(tcp_at + TCP_CHECKSUM_AT),
    })
}

/// Reads any record as far as TCP.
pub(super) fn read<'a>(entry: &Entry<'a>) -> Content<'a> {
    ip_at(entry).and_then(|at| read_ip(entry, at)).unwrap_or(Content::Other)
}

/// The most VLAN tags: two are usual, and a capture may say of any number.
const MAX_TAGS: usize = 4;

/// Where IP begins.
fn ip_at(entry: &Entry<'_>) -> Option<usize> {
    let header = link::read(entry.bytes, entry.link?)?;
    let mut at = header.next_at;
    let Some((mut ether_type, _)) = header.ether_type else { return Some(at) };
    // The link's reader follows two tags; more are rare.
    for _ in 0..MAX_TAGS {
        match ether_type {
            0x0800 | 0x86DD => return Some(at),
            0x8100 | 0x88A8 | 0x9100 => {
                let tag: [u8; 4] = *entry.bytes.get(at..)?.first_chunk()?;
                ether_type = u16::from_be_bytes([tag[2], tag[3]]);
                at += 4;
            }
            _ => return None,
        }
    }
    None
}

/// Whether an IPv4 header's own checksum is right; IPv6 has none.
fn header_verifies(ip: &LaxIpSlice<'_>) -> bool {
    match ip {
        LaxIpSlice::Ipv4(ip) => {
            let header = ip.header();
            header.header_checksum() == header_checksum(header.slice(), IPV4_CHECKSUM_AT)
        }
        LaxIpSlice::Ipv6(_) => true,
    }
}

/// Whether a header on the way names the destination that the checksum covers.
fn is_routed(ip: &LaxIpSlice<'_>) -> bool {
    match ip {
        LaxIpSlice::Ipv4(_) => false,
        LaxIpSlice::Ipv6(ip) => ip
            .extensions()
            .clone()
            .into_iter()
            .any(|extension| matches!(extension, Ipv6ExtensionSlice::Routing(_))),
    }
}

fn read_ip<'a>(entry: &Entry<'a>, at: usize) -> Option<Content<'a>> {
    let bytes = entry.bytes.get(at..)?;
    let (ip, stopped) = LaxIpSlice::from_slice(bytes).ok()?;
    let payload = ip.payload();
    if payload.fragmented {
        return Fragment::new(&ip, bytes, at).map(Content::Fragment);
    }
    if payload.ip_number != IpNumber::TCP || stopped.is_some() {
        return None;
    }
    // The IP header's own length counts, as far as it can: frames are padded, and cut.
    let said = match &ip {
        LaxIpSlice::Ipv4(ip) => usize::from(ip.header().total_len()),
        LaxIpSlice::Ipv6(ip) => match ip.header().payload_length() {
            0 => 0,
            len => usize::from(len) + 40,
        },
    };
    let (tcp_at, tcp) = (offset(bytes, payload.payload), payload.payload);
    let missing = match said {
        // Left to the network card: what is missing, only the capture tells.
        0 => entry.wire_len.saturating_sub(entry.bytes.len()),
        said => said.saturating_sub(tcp_at + tcp.len()),
    };
    let is_whole = entry.wire_len <= entry.bytes.len();
    let verdict = || Checked::new(tcp, 0, ip.source_addr(), ip.destination_addr()).verdict(tcp.len());
    // All of the record is there, and by its checksum all of the segment: then that length is damaged.
    let is_damaged =
        missing > 0 && is_whole && matches!(verdict(), ChecksumVerdict::Good | ChecksumVerdict::Offloaded);
    let missing = if is_damaged { 0 } else { missing };
    let tcp_at = at + tcp_at;
    let mut segment = read_tcp(ip.source_addr(), ip.destination_addr(), tcp, tcp_at, missing)?;
    if matches!(segment.checksum, ChecksumVerdict::Bad { .. }) {
        // Cards that cut large segments themselves are given the sum without the length, which is left out too.
        let without_length =
            said == 0 && Checked::new(tcp, 0, ip.source_addr(), ip.destination_addr()).offloaded(0);
        if without_length {
            segment.checksum = ChecksumVerdict::Offloaded;
        } else if is_routed(&ip) {
            segment.checksum = ChecksumVerdict::NotComputable("a routing header names another destination");
        }
    }
    let checksum_at = (header_verifies(&ip) && !is_damaged).then_some(tcp_at + TCP_CHECKSUM_AT);
    Some(Content::Segment(Segment { checksum_at, ..segment }))
}

/// Reads TCP, of which so many bytes are missing at the end, and which stands at `at`.
pub(super) fn read_tcp(
    source: IpAddr,
    destination: IpAddr,
    bytes: &[u8],
    at: usize,
    missing: usize,
) -> Option<Segment<'_>> {
    let tcp = TcpSlice::from_slice(bytes).ok()?;
    let data = tcp.payload();
    let checksum = if missing > 0 {
        ChecksumVerdict::NotComputable("the segment is cut")
    } else {
        Checked::new(bytes, 0, source, destination).verdict(bytes.len())
    };
    let [_, _, _, _, _, _, _, _, _, _, _, _, upper, lower, ..] = *bytes.first_chunk::<20>()?;
    Some(Segment {
        source: SocketAddr::new(source, tcp.source_port()),
        destination: SocketAddr::new(destination, tcp.destination_port()),
        seq: tcp.sequence_number(),
        ack: tcp.acknowledgment_number(),
        flags: TcpFlags(u16::from_be_bytes([upper & 0x0F, lower])),
        data,
        wire_len: u32::try_from(data.len().saturating_add(missing)).unwrap_or(u32::MAX),
        data_at: at + tcp.header_slice().len(),
        checksum,
        checksum_at: None,
    })
}

/// Where `part` begins in `whole`; it ends where `whole` does, or earlier.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Reader, Time};

    fn agrees(bytes: &[u8], link: Link, wire_len: usize) -> bool {
        let entry = Entry { number: 1, time: Time(0), link: Some(link), bytes, wire_len, comments: &[] };
        let Some(plain) = plain(&entry) else { return false };
        match read(&entry) {
            Content::Segment(any) => assert_eq!(plain, any, "{bytes:02x?}"),
            Content::Fragment(_) | Content::Other => panic!("only the short way reads {bytes:02x?}"),
        }
        true
    }

    #[test]
    fn the_short_way_reads_as_the_long_one_does() {
        let lab = std::fs::File::open("../testdata/lab/lab.pcap").unwrap();
        let (mut reader, mut plain) = (Reader::new(lab).unwrap(), 0);
        while let Some(entry) = reader.next_entry().unwrap() {
            plain += usize::from(agrees(entry.bytes, Link::Ethernet, entry.wire_len));
            // The same over IPv4, then each with every bit of its headers changed, and cut everywhere.
            let tcp = &entry.bytes[54..];
            let len = u16::try_from(20 + tcp.len()).unwrap().to_be_bytes();
            let ip = [&[0x45, 0][..], &len, &[0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2], tcp]
                .concat();
            assert!(agrees(&ip, Link::RawIp, ip.len()));
            for (bytes, link) in [(entry.bytes, Link::Ethernet), (&ip, Link::RawIp)] {
                for bit in 0..8 * bytes.len().min(80) {
                    let mut changed = bytes.to_vec();
                    changed[bit / 8] ^= 1 << (bit % 8);
                    agrees(&changed, link, changed.len());
                }
                for len in 0..bytes.len() {
                    agrees(&bytes[..len], link, bytes.len());
                }
            }
        }
        assert_eq!(plain, 64);
    }

    #[test]
    fn a_length_that_the_record_cannot_have_cuts_nothing_off_a_segment_that_verifies() {
        let lab = std::fs::File::open("../testdata/lab/lab.pcap").unwrap();
        let mut reader = Reader::new(lab).unwrap();
        while let Some(entry) = reader.next_entry().unwrap() {
            let Some(good) = plain(&entry) else { panic!("record {}", entry.number) };
            for added in [1, 2, 1000] {
                // The length of IPv6.
                let len = u16::from_be_bytes([entry.bytes[18], entry.bytes[19]]) + added;
                let mut bytes = entry.bytes.to_vec();
                bytes[18..20].copy_from_slice(&len.to_be_bytes());
                let damaged = Entry { bytes: &bytes, ..entry };
                let Content::Segment(read) = read(&damaged) else { panic!("record {}", entry.number) };
                assert_eq!(read, Segment { checksum_at: None, ..good }, "record {}", entry.number);
                assert_eq!(plain(&damaged), None);
                // What the capture cut off is missing.
                let cut = Entry { wire_len: bytes.len() + usize::from(added), ..damaged };
                let Content::Segment(read) = super::read(&cut) else { panic!("record {}", entry.number) };
                assert_eq!(read.wire_len, good.wire_len + u32::from(added));
            }
        }
    }
}
