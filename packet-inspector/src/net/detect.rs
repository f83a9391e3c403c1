//! Which link layer a record begins with: candidates are weighed in bits of evidence.
//!
//! A bit is what a fair coin gives: a field of 16 bits that has the one right value out of 65,536
//! is worth about that much, less where common bytes would fit as well.

use etherparse::IpNumber;

use super::bytes::{from, u8_at};
use super::checksum::{ChecksumVerdict, Segment};
use super::ip::{self, Ip, Version};
use super::link::{self, LinkHeader};
use super::mend::{self, Mend};
use super::tcp::{self, Tcp};
use super::{Link, likeness};

/// What a frame needs: the type of the link and the version nibble of IP are enough.
pub(super) const ENOUGH: i32 = 20;

/// What a frame needs when it fits only with a byte put in or taken out, which is tried at
/// hundreds of places.
const ENOUGH_MENDED: i32 = 40;

/// A cooked header with at most one of its three fixed fields damaged.
const COOKED_MOSTLY_FITS: i32 = 6;

/// What an IP length that agrees with the bytes is worth.
pub(super) const LENGTH_AGREES: i32 = 12;

/// The links that are tried, the likeliest first.
const CANDIDATES: [Link; 5] = [Link::Ethernet, Link::RawIp, Link::LinuxSll, Link::LinuxSll2, Link::Null];

/// What a record was recognised as.
#[derive(Clone, Debug)]
pub(super) struct Recognised {
    pub(super) link: Link,
    /// Set when the headers fit only with bytes put in or taken out.
    pub(super) mend: Option<Mend>,
}

/// A record read as one link, and how well it fits.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    pub(super) header: LinkHeader,
    pub(super) version: Version,
    pub(super) bits: i32,
    /// The IP length agrees with the bytes that are there.
    pub(super) length_agrees: bool,
    /// Ports of MQTT, and a TCP header with all as it must be.
    pub(super) sound: bool,
    /// Where the TCP header begins, if one follows.
    pub(super) tcp_at: Option<usize>,
    /// Where the IP packet ends by its length.
    pub(super) says_end: Option<usize>,
}

/// What the record is; a link that is asked for is believed.
pub(super) fn recognise(bytes: &[u8], link: Link, ports: &[u16]) -> Recognised {
    let plain = |link| Recognised { link, mend: None };
    let asked = match link {
        Link::Mqtt => return plain(Link::Mqtt),
        Link::Auto => None,
        link => Some(link),
    };
    let candidates: &[Link] = asked.as_ref().map_or(&CANDIDATES, std::slice::from_ref);
    let best = candidates
        .iter()
        .filter_map(|&link| Some((link, guess(bytes, link, ports)?)))
        .reduce(|best, next| if next.1.bits > best.1.bits { next } else { best });
    let mqtt_bits = likeness::mqtt_bits(bytes);
    if let Some((link, guess)) = &best
        && (asked.is_some() || guess.bits >= ENOUGH && guess.bits > mqtt_bits)
    {
        let mend = if guess.sound || guess.length_agrees {
            None
        } else {
            mend::find(bytes, *link, ports, Some(guess)).map(|(mend, _)| mend)
        };
        return Recognised { link: *link, mend };
    }
    if let Some(link) = asked {
        return plain(link);
    }
    if mqtt_bits >= ENOUGH {
        return plain(Link::Mqtt);
    }
    CANDIDATES
        .iter()
        .filter_map(|&link| Some((link, mend::find(bytes, link, ports, None)?)))
        .filter(|(_, (_, bits))| *bits >= ENOUGH_MENDED)
        .max_by_key(|(_, (_, bits))| *bits)
        .map_or(plain(Link::Mqtt), |(link, (mend, _))| Recognised { link, mend: Some(mend) })
}

/// How well `bytes` fit as a frame of this link; `None` when the link header is cut.
pub(super) fn guess(bytes: &[u8], link: Link, ports: &[u16]) -> Option<Guess> {
    let header = link::read(bytes, link)?;
    let v4 = weigh(bytes, link, header, Version::V4, ports);
    let v6 = weigh(bytes, link, header, Version::V6, ports);
    let mut best = if v6.bits > v4.bits { v6 } else { v4 };
    if header.is_arp() {
        // Hardware and protocol types and lengths: Ethernet, IPv4, 6, 4.
        let fits = from(bytes, header.next_at).starts_with(&[0, 1, 8, 0, 6, 4]);
        best.bits = header.bits + if fits { 40 } else { 0 };
    }
    Some(best)
}

fn weigh(bytes: &[u8], link: Link, header: LinkHeader, version: Version, ports: &[u16]) -> Guess {
    let mut guess = weigh_all(bytes, link, header, version, ports);
    let nibble = u8_at(bytes, header.next_at).map(|byte| byte >> 4);
    let likely = link == Link::Ethernet || header.bits >= COOKED_MOSTLY_FITS;
    if likely && header.announces() == Some(version) && nibble == Some(version.number()) {
        // Whatever else is damaged.
        guess.bits = guess.bits.max(ENOUGH);
    }
    guess
}

fn weigh_all(bytes: &[u8], link: Link, header: LinkHeader, version: Version, ports: &[u16]) -> Guess {
    let at = header.next_at;
    let mut guess = Guess {
        header,
        version,
        bits: header.bits,
        length_agrees: false,
        sound: false,
        tcp_at: None,
        says_end: None,
    };
    if header.announces() == Some(version) {
        guess.bits += 16;
    }
    let Some(first_byte) = u8_at(bytes, at) else {
        return guess;
    };
    let nibble_fits = first_byte >> 4 == version.number();
    guess.bits += if nibble_fits { 4 } else { -4 };
    if version == Version::V4 {
        guess.bits += if first_byte & 0x0f == 5 { 4 } else { -2 };
    }
    let Some(ip) = ip::read(bytes, at, version) else {
        return guess;
    };
    let ip = believed_protocol(bytes, ip, ports);
    guess.says_end = ip.says_end;
    guess.length_agrees = ip.says_end == Some(bytes.len());
    guess.bits += length_bits(&ip, bytes.len(), link);
    guess.bits += match ip.protocol {
        IpNumber::TCP => 8,
        IpNumber::UDP | IpNumber::ICMP | IpNumber::IPV6_ICMP => 4,
        _ => -4,
    };
    // A header of zeros verifies too.
    if let Some((stored, computed)) = ip.header_checksum
        && stored == computed
        && nibble_fits
    {
        guess.bits += 16;
    }
    if ip.protocol == IpNumber::TCP
        && let Some(tcp) = tcp::read(bytes, ip.transport_at)
    {
        guess.tcp_at = Some(tcp.start);
        guess.sound = tcp.has_port(ports) && tcp.is_sound();
        guess.bits += if tcp.has_port(ports) { 12 } else { 0 };
        guess.bits += if tcp.is_sound() { 6 } else { 0 };
        guess.bits += if tcp_checksum_agrees(bytes, &ip, &tcp) { 16 } else { 0 };
    }
    guess
}

fn length_bits(ip: &Ip, present: usize, link: Link) -> i32 {
    /// The least length of an Ethernet frame, its frame check sequence included.
    const PADDED: usize = 64;
    match ip.says_end {
        Some(end) if end == present => LENGTH_AGREES,
        Some(end) if link == Link::Ethernet && present <= PADDED && end < present => 6,
        Some(end) if end.abs_diff(present) <= 16 => 4,
        Some(_) => -4,
        None => 0,
    }
}

fn tcp_checksum_agrees(bytes: &[u8], ip: &Ip, tcp: &Tcp) -> bool {
    let segment = Segment::new(bytes, tcp.start, ip.source, ip.destination);
    let verdict = |end: usize| match end.checked_sub(tcp.start) {
        Some(len) => segment.verdict(len),
        None => ChecksumVerdict::NotComputable("the segment is cut"),
    };
    verdict(bytes.len()).agrees() || ip.says_end.is_some_and(|end| verdict(end).agrees())
}

/// The header as it stands, or followed by TCP against its own word when the bytes prove it:
/// a port of MQTT, a sound TCP header and its checksum.
pub(super) fn believed_protocol(bytes: &[u8], ip: Ip, ports: &[u16]) -> Ip {
    let plain = ip.first_protocol == IpNumber::TCP && !ip.fragment;
    let verifies = ip.header_checksum.is_some_and(|(stored, computed)| stored == computed);
    if plain || verifies {
        return ip;
    }
    match tcp::read(bytes, ip.header_end) {
        Some(tcp) if tcp.has_port(ports) && tcp.is_sound() && tcp_checksum_agrees(bytes, &ip, &tcp) => {
            ip.followed_by_tcp()
        }
        _ => ip,
    }
}
