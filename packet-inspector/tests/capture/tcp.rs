//! TCP: what was sent is found, whatever became of its segments.

use mqtt_codec::Side;
use packet_inspector::stream::Event;

use crate::wire::{ACK, CLIENT, CONNACK, PSH, SERVER, Tcp, Wire, connect, ethernet, ipv4, publish};

/// A connection that is open, with CONNECT and CONNACK sent.
pub(crate) fn connected() -> (Wire, Tcp) {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, CONNACK);
    (wire, tcp)
}

/// Publishes with different texts.
pub(crate) fn publishes(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| publish("a/b", format!("message {n}").as_bytes())).collect()
}

/// CONNECT and CONNACK, then these from the client.
#[track_caller]
fn finds(wire: &Wire, expected: &[Vec<u8>]) -> Vec<(u64, Event)> {
    let seen = wire.read();
    let before = [connect("a"), CONNACK.to_vec()];
    let expected: Vec<_> = before.iter().chain(expected).map(Vec::as_slice).collect();
    assert_eq!(seen.bytes(), expected);
    seen.events
}

#[test]
fn many_packets_in_a_segment_and_a_packet_in_many_segments() {
    let (mut wire, mut tcp) = connected();
    let sent = publishes(5);
    tcp.send(&mut wire, CLIENT, &sent[..3].concat());
    for byte in sent[3..].concat() {
        tcp.send(&mut wire, CLIENT, &[byte]);
    }
    assert_eq!(finds(&wire, &sent), []);
    let seen = wire.read();
    assert_eq!(seen.places()[..5], [4, 5, 6, 6, 6]);
    assert_eq!(seen.frames[5].len(), sent[3].len());
    assert_eq!(seen.packets[2].1, Some(Side::Client));
}

#[test]
fn a_remaining_length_split_between_segments() {
    let sent = vec![publish("a", &[7; 300]), publish("a", &[8; 20_000])];
    for cut in 1..5 {
        let (mut wire, mut tcp) = connected();
        let bytes = sent.concat();
        tcp.send(&mut wire, CLIENT, &bytes[..cut]);
        let second = sent[0].len() + cut;
        tcp.send(&mut wire, CLIENT, &bytes[cut..second]);
        for piece in bytes[second..].chunks(1460) {
            tcp.send(&mut wire, CLIENT, piece);
        }
        assert_eq!(finds(&wire, &sent), [], "cut at {cut}");
    }
}

#[test]
fn segments_out_of_order_in_every_order() {
    let sent = publishes(3);
    let bytes = sent.concat();
    for order in [[0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0], [2, 3, 0, 1], [1, 2, 3, 0], [3, 0, 1, 2]] {
        let (mut wire, mut tcp) = connected();
        let pieces: Vec<_> = bytes.chunks(14).map(|data| tcp.next_segment(CLIENT, data)).collect();
        assert_eq!(pieces.len(), 4);
        for index in order {
            wire.push(pieces[index].clone());
        }
        assert_eq!(finds(&wire, &sent), [], "{order:?}");
    }
}

#[test]
fn repeated_and_overlapping_segments_count_once() {
    let (mut wire, mut tcp) = connected();
    let sent = publishes(2);
    let bytes = sent.concat();
    let start = tcp;
    tcp.send(&mut wire, CLIENT, &bytes[..10]);
    wire.push(start.segment(CLIENT, PSH | ACK, &bytes[..10]));
    wire.push(start.segment(CLIENT, PSH | ACK, &bytes[..20]));
    tcp.next[CLIENT] += 5;
    wire.push(tcp.segment(CLIENT, PSH | ACK, &bytes[15..]));
    wire.push(start.segment(CLIENT, PSH | ACK, &bytes));
    assert_eq!(finds(&wire, &sent), []);
}

#[test]
fn keep_alives_are_no_data() {
    let (mut wire, mut tcp) = connected();
    let sent = publishes(2);
    tcp.send(&mut wire, CLIENT, &sent[0]);
    tcp.next[CLIENT] -= 1;
    wire.push(tcp.segment(CLIENT, ACK, &[0]));
    wire.push(tcp.segment(CLIENT, ACK, &[]));
    tcp.next[CLIENT] += 1;
    wire.push(tcp.segment(SERVER, ACK, &[]));
    tcp.send(&mut wire, CLIENT, &sent[1]);
    assert_eq!(finds(&wire, &sent), []);

    // Where the capture begins with one.
    let mut tail = wire.clone();
    tail.records.drain(..6);
    assert_eq!(tail.read().bytes(), [sent[1].as_slice()]);
    assert_eq!(tail.read().events, []);
}

#[test]
fn a_lost_segment_is_said_and_only_its_packets_are_missing() {
    let (mut wire, mut tcp) = connected();
    let sent = publishes(6);
    tcp.send(&mut wire, CLIENT, &sent[0]);
    tcp.next_segment(CLIENT, &sent[1..3].concat());
    for packet in &sent[3..] {
        tcp.send(&mut wire, CLIENT, packet);
        wire.push(tcp.segment(SERVER, ACK, b""));
    }
    let expected: Vec<_> = [&sent[..1], &sent[3..]].concat();
    let lost = u64::try_from(sent[1].len() + sent[2].len()).unwrap();
    // In the first segment behind it.
    assert_eq!(finds(&wire, &expected), [(7, Event::Lost(lost))]);
}

#[test]
fn behind_a_loss_it_goes_on_where_packets_confirm_it() {
    let (mut wire, mut tcp) = connected();
    // The start of a large packet is lost, and its text could be taken for packets.
    let text = "0\u{3}ab=0\u{3}ab=".repeat(400);
    let large = publish("a/large", text.as_bytes());
    let sent = publishes(4);
    tcp.next_segment(CLIENT, &large[..1000]);
    for piece in large[1000..].chunks(1000) {
        tcp.send(&mut wire, CLIENT, piece);
    }
    for packet in &sent {
        tcp.send(&mut wire, CLIENT, packet);
    }
    wire.push(tcp.segment(SERVER, ACK, b""));
    let events = finds(&wire, &sent);
    let passed = (large.len() - 1000) as u64;
    let kinds: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
    assert_eq!(kinds, [Event::Lost(1000), Event::PassedOver { bytes: passed, from: 6 }]);
}

#[test]
fn a_hole_inside_a_payload_costs_that_packet_alone() {
    let (mut wire, mut tcp) = connected();
    let large = publish("a/large", &[b'x'; 4000]);
    let sent = publishes(2);
    for (number, piece) in large.chunks(1000).enumerate() {
        let record = tcp.next_segment(CLIENT, piece);
        if number != 2 {
            wire.push(record);
        }
    }
    tcp.send(&mut wire, CLIENT, &sent.concat());
    wire.push(tcp.segment(SERVER, ACK, b""));
    let seen = wire.read();
    assert_eq!(seen.events.len(), 1);
    assert_eq!(seen.bytes()[2..], [&large[..2000], &sent[0], &sent[1]]);
    assert_eq!(seen.packets[2].3, large.len());
}

#[test]
fn segments_cut_by_the_snap_length_leave_what_is_there() {
    let (mut wire, mut tcp) = connected();
    let sent = [publish("a/long/topic", &[b'x'; 500]), publish("a", b"short")];
    let record = tcp.next_segment(CLIENT, &sent[0]);
    wire.push_cut(record, 54 + 20);
    tcp.send(&mut wire, CLIENT, &sent[1]);
    let seen = wire.read();
    assert_eq!(seen.bytes()[2..], [&sent[0][..20], &sent[1]]);
    assert_eq!(seen.packets[2].3, sent[0].len());
    assert_eq!(seen.events, [(6, Event::Cut(sent[0].len() as u64 - 20))]);
}

#[test]
fn a_corrupt_copy_does_not_win() {
    let sent = publishes(3);
    for corrupt_first in [true, false] {
        let (mut wire, mut tcp) = connected();
        tcp.send(&mut wire, CLIENT, &sent[0]);
        let good = tcp.next_segment(CLIENT, &sent[1]);
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 0x55;
        let copies = if corrupt_first { [bad, good] } else { [good, bad] };
        copies.into_iter().for_each(|copy| wire.push(copy));
        wire.push(tcp.segment(SERVER, ACK, b""));
        tcp.send(&mut wire, CLIENT, &sent[2]);
        let events = finds(&wire, &sent);
        assert_eq!(events, [(if corrupt_first { 7 } else { 8 }, Event::BadChecksum)]);
    }
}

#[test]
fn a_corrupt_copy_is_used_when_there_is_no_other() {
    let (mut wire, mut tcp) = connected();
    let sent = publishes(3);
    let mut bad = tcp.next_segment(CLIENT, &sent[0]);
    let len = bad.len();
    bad[len - 1] ^= 1;
    wire.push(bad);
    tcp.send(&mut wire, CLIENT, &sent[1]);
    wire.push(tcp.segment(SERVER, ACK, b""));
    let mut changed = sent[..2].to_vec();
    *changed[0].last_mut().unwrap() ^= 1;
    assert_eq!(finds(&wire, &changed), [(6, Event::BadChecksum)]);
}

#[test]
fn a_side_whose_checksums_all_fail_is_read_all_the_same() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    let sent = [connect("a"), publish("a", b"1"), publish("a", b"2")];
    tcp.open(&mut wire);
    for packet in &sent {
        tcp.send(&mut wire, CLIENT, packet);
    }
    for (_, record, _) in &mut wire.records {
        record[50] ^= 0x77;
    }
    let seen = wire.read();
    assert_eq!(seen.bytes(), sent.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

#[test]
fn sequence_numbers_wrap() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.next[CLIENT] = u32::MAX - 20;
    tcp.open(&mut wire);
    let sent = [vec![connect("a")], publishes(4)].concat();
    let records: Vec<_> = sent.iter().map(|packet| tcp.next_segment(CLIENT, packet)).collect();
    for index in [0, 2, 1, 4, 3] {
        wire.push(records[index].clone());
    }
    let seen = wire.read();
    assert_eq!(seen.bytes(), sent.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

#[test]
fn a_segment_from_far_away_does_not_derail_a_connection() {
    let (mut wire, mut tcp) = connected();
    let sent = publishes(2);
    tcp.send(&mut wire, CLIENT, &sent[0]);
    let mut stray = tcp;
    stray.next[CLIENT] = stray.next[CLIENT].wrapping_add(1 << 30);
    stray.send(&mut wire, CLIENT, b"stray");
    tcp.send(&mut wire, CLIENT, &sent[1]);
    assert_eq!(finds(&wire, &sent), []);
}

#[test]
fn ip_fragments_make_one_segment() {
    let (mut wire, tcp) = connected();
    let sent = vec![publish("a", &[b'x'; 100])];
    let segment = tcp.tcp(CLIENT, PSH | ACK, &sent[0]);
    for order in [[0, 1, 2], [2, 0, 1]] {
        let mut wire = wire.clone();
        let parts: Vec<_> = segment
            .chunks(48)
            .enumerate()
            .map(|(n, part)| {
                let more = if n < 2 { 0x2000 } else { 0 };
                ethernet(&ipv4(CLIENT, more | u16::try_from(n * 6).unwrap(), part))
            })
            .collect();
        order.into_iter().for_each(|index: usize| wire.push(parts[index].clone()));
        assert_eq!(finds(&wire, &sent), []);
        assert_eq!(wire.read().frames[2].len(), 3);
    }
    // One that is missing leaves nothing but a hole.
    wire.push(ethernet(&ipv4(CLIENT, 0x2000, &segment[..48])));
    assert_eq!(finds(&wire, &[]), []);
}

#[test]
fn vlans_and_ipv6_extension_headers() {
    let (wire, _) = connected();
    let mut tagged = wire.clone();
    for (_, record, len) in &mut tagged.records {
        record.splice(12..12, [0x88, 0xa8, 0, 5, 0x81, 0, 0, 7]);
        *len += 8;
    }
    assert_eq!(tagged.read().bytes(), wire.read().bytes());

    let mut v6 = Wire::default();
    for (_, record, _) in &wire.records {
        let tcp = &record[34..];
        // Hop-by-hop with padding, then destination options, then TCP.
        let extensions = [60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0];
        let len = u16::try_from(extensions.len() + tcp.len()).unwrap().to_be_bytes();
        let (from, to) = if tcp[0..2] == 40_000_u16.to_be_bytes() { (1, 2) } else { (2, 1) };
        let address = |last| [&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &[last]].concat();
        let ip = [&[0x60, 0, 0, 0][..], &len, &[0, 64], &address(from), &address(to), &extensions, tcp];
        v6.push(ethernet(&ip.concat()));
    }
    assert_eq!(v6.read().bytes(), wire.read().bytes());
}

#[test]
fn checksums_of_large_segments_are_left_to_the_card_without_the_length() {
    let (mut wire, mut tcp) = connected();
    let packet = publish("a", &[b'x'; 3000]);
    let mut record = tcp.next_segment(CLIENT, &packet);
    // IPv4's length is zero, and so is the length in the sum.
    record[16..18].fill(0);
    let pseudo_header = [&record[26..34], &[0, 6, 0, 0]].concat();
    let sum = u16::from_be_bytes(crate::wire::checksum(&pseudo_header));
    record[50..52].copy_from_slice(&(!sum).to_be_bytes());
    wire.push(record);
    let seen = wire.read();
    assert_eq!(seen.packets.last().unwrap().2, packet);
    assert_eq!(seen.events, []);
}

#[test]
fn padding_of_short_frames_is_no_data() {
    let (mut wire, mut tcp) = connected();
    let mut record = tcp.next_segment(CLIENT, b"\xc0\x00");
    record.resize(60, 0);
    wire.push(record);
    assert_eq!(finds(&wire, &[b"\xc0\x00".to_vec()]), []);
}

#[test]
fn a_malformed_packet_does_not_hide_what_follows() {
    for (bad, kept) in [
        // Packet Identifier 0, then the reserved type, then QoS 3, then a length that cannot be.
        (&b"\x40\x02\x00\x00"[..], 4),
        (b"\x00\x02\x01\x02", 4),
        (b"\x36\x05\x00\x01a\x00\x01", 7),
        (b"\xc0\x02\x01\x02", 4),
        (b"\x32\xff\xff\xff\xff\x7f", 5),
    ] {
        let (mut wire, mut tcp) = connected();
        let sent = publishes(4);
        tcp.send(&mut wire, CLIENT, bad);
        for packet in &sent {
            tcp.send(&mut wire, CLIENT, packet);
        }
        let seen = wire.read();
        assert_eq!(seen.bytes()[2], &bad[..kept], "{bad:02x?}");
        assert_eq!(seen.bytes()[3..], sent.iter().map(Vec::as_slice).collect::<Vec<_>>(), "{bad:02x?}");
    }
}
