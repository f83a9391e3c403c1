//! Frames of every link and IP version, built byte by byte, and what is said of damaged ones.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of tests may panic as a test may"
)]

use packet_inspector::finding::Severity;
use packet_inspector::net::{ChecksumVerdict, Frame, LengthCause, Link, Side, dissect, dissect_with_ports};

const PUBACK: [u8; 4] = [0x40, 0x02, 0x00, 0x01];
const MACS: &str = "e884a53edd57 d8d8660f19c9";
const SLL: &str = "0000 0001 0006 112233445566 0000";
const SLL2: &str = "0000 00000002 0001 04 06 112233445566 0000";

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.split_whitespace().collect::<String>()).unwrap()
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | w.get(1).map_or(0, |b| u32::from(*b)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap()).to_be_bytes()
}

fn len16(len: usize) -> [u8; 2] {
    u16::try_from(len).unwrap().to_be_bytes()
}

/// A segment from a server to a client, with its checksum for these addresses.
fn tcp(addresses: &[u8], options: &[u8], data: &[u8]) -> Vec<u8> {
    let words = u8::try_from(5 + options.len() / 4).unwrap();
    let head = bytes("075b c5f5 06a7421f a20f4ece");
    let rest = [words << 4, 0x18, 0x01, 0xfb, 0, 0, 0, 0];
    let mut segment = join(&[&head, &rest, options, data]);
    let pseudo = join(&[addresses, &[0, 6], &len16(segment.len()), &segment]);
    segment[16..18].copy_from_slice(&checksum(&pseudo));
    segment
}

fn v4_with(protocol: u8, fragment: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let first = 0x45 + u8::try_from(options.len() / 4).unwrap();
    let total = len16(20 + options.len() + payload.len());
    let [f0, f1] = fragment.to_be_bytes();
    let mut header = vec![first, 0, total[0], total[1], 0, 1, f0, f1, 64, protocol, 0, 0];
    header.extend(V4_ADDRESSES);
    header.extend(options);
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum);
    join(&[&header, payload])
}

const V4_ADDRESSES: [u8; 8] = [10, 0, 0, 1, 10, 0, 0, 2];

fn v4(data: &[u8]) -> Vec<u8> {
    v4_with(6, 0x4000, &[], &tcp(&V4_ADDRESSES, &[], data))
}

fn v6_addresses() -> Vec<u8> {
    bytes("200141d00001925e0000000000000001 240240002350205d609612c25147a2ac")
}

fn v6_with(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let len = len16(payload.len());
    join(&[&[0x60, 3, 0xce, 0x7c], &len, &[next_header, 52], &v6_addresses(), payload])
}

fn v6(data: &[u8]) -> Vec<u8> {
    v6_with(6, &tcp(&v6_addresses(), &[], data))
}

fn ethernet(tags: &str, ether_type: &str, packet: &[u8]) -> Vec<u8> {
    join(&[&bytes(MACS), &bytes(tags), &bytes(ether_type), packet])
}

#[track_caller]
fn is_good(record: &[u8], link: Link) -> Frame {
    for asked in [Link::Auto, link] {
        let frame = dissect(record, asked);
        assert_eq!(frame.link, link);
        assert_eq!(frame.findings, [], "{asked:?}");
        assert_eq!(frame.checksum, Some(ChecksumVerdict::Good));
        assert_eq!(&record[frame.payload.clone()], PUBACK);
        assert_eq!(frame.sender(), Some(Side::Server));
    }
    dissect(record, link)
}

#[track_caller]
fn only(frame: &Frame, severity: Severity, kind: &str, message: &str) {
    let found: Vec<_> = frame.findings.iter().map(|f| (f.severity, f.kind, f.message.as_str())).collect();
    assert_eq!(found, [(severity, kind, message)]);
}

fn summary(frame: &Frame, layer: usize) -> &str {
    &frame.layers[layer].summary
}

#[test]
fn vlan_tags_are_layers() {
    let frame = is_good(&ethernet("8100 6005", "86dd", &v6(&PUBACK)), Link::Ethernet);
    assert_eq!(summary(&frame, 1), "802.1Q Virtual LAN, PRI: 3, DEI: 0, ID: 5");
    let frame = is_good(&ethernet("88a8 a064 8100 0005", "0800", &v4(&PUBACK)), Link::Ethernet);
    assert_eq!(summary(&frame, 1), "IEEE 802.1ad, ID: 100");
    assert_eq!(summary(&frame, 2), "802.1Q Virtual LAN, PRI: 0, DEI: 0, ID: 5");
    assert_eq!(summary(&frame, 3), "Internet Protocol Version 4, Src: 10.0.0.1, Dst: 10.0.0.2");
}

#[test]
fn cooked_loopback_and_raw_records_are_recognised() {
    let frame = is_good(&join(&[&bytes(SLL), &[8, 0], &v4(&PUBACK)]), Link::LinuxSll);
    assert_eq!(summary(&frame, 0), "Linux cooked capture v1");
    let frame = is_good(&join(&[&[0x86, 0xdd], &bytes(SLL2), &v6(&PUBACK)]), Link::LinuxSll2);
    assert_eq!(summary(&frame, 0), "Linux cooked capture v2");
    let frame = is_good(&join(&[&[2, 0, 0, 0], &v4(&PUBACK)]), Link::Null);
    assert_eq!(summary(&frame, 0), "Null/Loopback");
    is_good(&v4(&PUBACK), Link::RawIp);
    is_good(&v6(&PUBACK), Link::RawIp);
}

#[test]
fn options_of_ipv4_and_tcp_are_skipped() {
    let segment = tcp(&V4_ADDRESSES, &bytes("0101 080a 00000001 00000002"), &PUBACK);
    let frame = is_good(&v4_with(6, 0, &[1, 1, 1, 0], &segment), Link::RawIp);
    assert_eq!(frame.payload, 56..60);
    let options = frame.layers[1].fields.last().unwrap();
    let text = "(12 bytes), No-Operation (NOP), No-Operation (NOP), Timestamps";
    assert_eq!((options.name, options.value.as_str()), ("Options", text));
}

#[test]
fn extension_headers_of_ipv6_are_followed() {
    let extensions = bytes("3c00010400000000 2b00010400000000 2c00000000000000 0600000000000001");
    let segment = tcp(&v6_addresses(), &[], &PUBACK);
    let frame = is_good(&v6_with(0, &join(&[&extensions, &segment])), Link::RawIp);
    assert_eq!(frame.layers[0].range, 0..72);
    let names: Vec<_> = frame.layers[0].fields.iter().map(|f| f.wireshark).collect();
    assert!(names.ends_with(&["ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr"]));
}

#[test]
fn a_segment_without_data_is_fine() {
    let frame = dissect(&v4(&[]), Link::Auto);
    assert_eq!((frame.findings, frame.payload), (vec![], 40..40));
    assert!(frame.layers[1].summary.ends_with("Len: 0"));
}

#[test]
fn padding_to_60_bytes_is_cut_off() {
    let mut record = ethernet("", "0800", &v4(&[0xd0, 0]));
    record.resize(60, 0);
    let frame = dissect(&record, Link::Auto);
    assert_eq!((frame.findings, frame.payload), (vec![], 54..56));
}

#[test]
fn what_follows_a_longer_frame_is_named() {
    let data = [&[0x30, 20, 0, 1, b'a'], [0; 17].as_slice()].concat();
    let whole = ethernet("", "0800", &v4(&data));
    let mut record = whole.clone();
    record.extend([0; 6]);
    let frame = dissect(&record, Link::Auto);
    only(&frame, Severity::Note, "trailing_bytes", "6 bytes of zeros after the IP packet: padding");
    assert_eq!(frame.payload, 54..76);

    let mut record = whole;
    record.extend(*b"trailing");
    let frame = dissect(&record, Link::Auto);
    let message =
        "84 bytes where the IPv4 length says 76: 8 too many from 0x4c on; with 76 the TCP checksum verifies";
    only(&frame, Severity::Error, "ip_length", message);
    assert_eq!(frame.payload, 54..76);
    assert_eq!(frame.length.unwrap().cause, LengthCause::Extra);
}

#[test]
fn a_damaged_ipv4_length_is_told_from_missing_bytes() {
    let mut record = ethernet("", "0800", &v4(&PUBACK));
    record[17] += 8;
    let frame = dissect(&record, Link::Auto);
    let message = "the IPv4 total length at 0x10 says 52, but 44 bytes are there; with 44 the TCP checksum verifies, so the length is what is damaged";
    only(&frame, Severity::Error, "ip_length", message);
    assert_eq!(&record[frame.payload], PUBACK);

    let mut record = ethernet("", "0800", &v4(&PUBACK));
    record.pop();
    let frame = dissect(&record, Link::Auto);
    let message = "57 bytes where the IPv4 length says 58: one is missing from 0x36 on; the IPv4 header checksum verifies with that length";
    only(&frame, Severity::Error, "ip_length", message);
    assert_eq!(frame.checksum, Some(ChecksumVerdict::NotComputable("bytes are missing")));
}

#[test]
fn a_damaged_ipv4_header_is_found_by_its_checksum() {
    let mut record = v4(&PUBACK);
    let stored = u16::from_be_bytes([record[10], record[11]]);
    record[8] = 63;
    let frame = dissect(&record, Link::Auto);
    let message = format!(
        "the IPv4 header checksum does not verify: {stored:#06x} stored, {:#06x} computed: a byte of the IPv4 header is damaged",
        stored + 0x0100
    );
    only(&frame, Severity::Error, "ipv4_checksum", &message);
    assert_eq!(frame.checksum, Some(ChecksumVerdict::Good));
}

#[test]
fn one_damaged_field_does_not_hide_the_packet() {
    let whole = ethernet("", "86dd", &v6(&PUBACK));
    for (at, byte, kind) in [
        (13, 0xdc, "ether_type"),
        (14, 0x70, "ip_version"),
        (19, 0x03, "ip_length"),
        (20, 0x00, "ip_protocol"),
        (66, 0x40, "tcp_header_length"),
    ] {
        let mut record = whole.clone();
        record[at] = byte;
        let frame = dissect(&record, Link::Auto);
        assert_eq!(frame.link, Link::Ethernet, "{kind}");
        assert_eq!(&record[frame.payload.clone()], PUBACK, "{kind}");
        assert!(frame.findings.iter().any(|f| f.kind == kind), "{kind}: {:#?}", frame.findings);
    }
    let mut record = ethernet("", "0800", &v4(&PUBACK));
    record[14] = 0x47;
    let frame = dissect(&record, Link::Auto);
    assert_eq!(&record[frame.payload.clone()], PUBACK);
    assert!(frame.findings.iter().any(|f| f.kind == "ipv4_header_length"));
}

#[test]
fn fragments_and_other_protocols_are_named() {
    let segment = tcp(&V4_ADDRESSES, &[], &PUBACK);
    let frame = dissect(&v4_with(6, 0x2001, &[], &segment), Link::Auto);
    let message = "a fragment of a larger IPv4 packet: what it holds is not decoded";
    only(&frame, Severity::Warning, "ip_fragment", message);
    assert!(frame.payload.is_empty() && frame.transport.is_none());
    let fragment = join(&[&bytes("0600000900000001"), &segment]);
    let frame = dissect(&v6_with(44, &fragment), Link::RawIp);
    assert_eq!(frame.findings[0].kind, "ip_fragment");

    let frame = dissect(&v4_with(17, 0, &[], &bytes("075b c5f5 0008 0000")), Link::Auto);
    only(&frame, Severity::Note, "not_tcp", "UDP (17), not TCP: no MQTT in it");
    assert_eq!(summary(&frame, 1), "User Datagram Protocol, Src Port: 1883, Dst Port: 50677");
    let frame = dissect(&v4_with(1, 0, &[], &bytes("0800f7ff00000000")), Link::Auto);
    assert_eq!(summary(&frame, 1), "Internet Control Message Protocol");
    let arp = bytes("0001 0800 06 04 0001 112233445566 0a000001 000000000000 0a000002");
    let frame = dissect(&ethernet("", "0806", &arp), Link::Auto);
    only(&frame, Severity::Note, "not_tcp", "ARP, not TCP: no MQTT in it");
    assert_eq!(summary(&frame, 1), "Address Resolution Protocol (request)");
}

#[test]
fn a_record_that_ends_inside_a_header_is_cut() {
    let record = ethernet("", "86dd", &v6(&PUBACK));
    let frame = dissect(&record[..60], Link::Auto);
    let message = "the record ends inside the TCP header at 0x36: 6 of at least 20 bytes are there";
    only(&frame, Severity::Error, "frame_cut", message);
    let frame = dissect(&record[..30], Link::Auto);
    let message = "the record ends inside the IPv6 header at 0x0e: 16 of at least 40 bytes are there";
    only(&frame, Severity::Error, "frame_cut", message);
    let frame = dissect(&record[..9], Link::Ethernet);
    let message = "the record ends inside the Ethernet header at 0x00: 9 of at least 14 bytes are there";
    only(&frame, Severity::Error, "frame_cut", message);
}

#[test]
fn bytes_that_only_begin_like_ip_are_mqtt() {
    for hex in [
        "60 02 00 01",
        "45 02 00 01",
        "10 0c 00 04 4d515454 04 02 0005 0000",
        "6200",
        "4",
        "32 0e 0008 6162636465666768 0800 4500",
        "",
    ] {
        let record = bytes(if hex.len() == 1 { "45" } else { hex });
        let frame = dissect(&record, Link::Auto);
        assert_eq!((frame.link, frame.payload), (Link::Mqtt, 0..record.len()), "{hex}");
    }
    for first_byte in 0..=u8::MAX {
        let record = [first_byte, 2, 0, 1];
        assert_eq!(dissect(&record, Link::Auto).link, Link::Mqtt);
        let record = [&[first_byte, 40][..], &[b'x'; 40]].concat();
        assert_eq!(dissect(&record, Link::Auto).link, Link::Mqtt);
    }
}

#[test]
fn the_sender_is_known_by_the_ports_that_are_given() {
    let frame = dissect_with_ports(&v4(&PUBACK), Link::Auto, &[50677]);
    assert_eq!(frame.sender(), Some(Side::Client));
    let frame = dissect_with_ports(&v4(&PUBACK), Link::Auto, &[50677, 1883]);
    assert_eq!(frame.sender(), None);
}
