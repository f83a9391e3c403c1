//! Where connections begin and end: captures that begin late or have one side, ports that are used again, segments cut
//! by the snap length.

use packet_inspector::stream::Event;

use crate::analysis::findings;
use crate::tcp::{connected, publishes};
use crate::wire::{ACK, CLIENT, CONNACK, FIN, RST, SERVER, SYN, Tcp, Wire, connect, publish};

#[test]
fn a_capture_that_begins_inside_a_payload_shows_only_what_was_sent() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    let large = publish("a/large", "some text that goes on and on @ 0P".repeat(200).as_bytes());
    let sent = publishes(4);
    for piece in large[500..].chunks(1200) {
        tcp.send(&mut wire, CLIENT, piece);
    }
    for packet in &sent {
        tcp.send(&mut wire, CLIENT, packet);
    }
    let seen = wire.read();
    assert_eq!(seen.bytes(), sent.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let passed = (large.len() - 500) as u64;
    assert_eq!(seen.events.len(), 1);
    assert!(matches!(seen.events[0].1, Event::PassedOver { bytes, from: 1 } if bytes == passed));
}

#[test]
fn a_capture_that_begins_between_packets_shows_all_at_once() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.send(&mut wire, CLIENT, b"\xc0\x00");
    tcp.send(&mut wire, SERVER, b"\xd0\x00");
    tcp.send(&mut wire, CLIENT, b"\x32\x07\x00\x01a\x00\x07hi");
    tcp.send(&mut wire, SERVER, b"\x40\x02\x00\x07");
    let seen = wire.read();
    assert_eq!(seen.places(), [1, 2, 3, 4]);
    assert_eq!(seen.events, []);
}

#[test]
fn half_a_connection_is_read() {
    for side in [CLIENT, SERVER] {
        let (mut wire, mut tcp) = connected();
        let sent = publishes(3);
        for packet in &sent {
            tcp.send(&mut wire, side, packet);
        }
        let port = if side == CLIENT { 40_000_u16 } else { 1883 };
        wire.records.retain(|(_, record, _)| record[34..36] == port.to_be_bytes());
        let seen = wire.read();
        assert_eq!(seen.packets.len(), 4, "{seen:?}");
        assert_eq!(seen.events, []);
    }
}

#[test]
fn a_port_that_is_used_again_is_another_connection() {
    let (mut wire, mut tcp) = connected();
    tcp.send(&mut wire, CLIENT, b"\xe0\x00");
    tcp.close(&mut wire);
    let mut again = Tcp { next: [5_000_000, 77], ..tcp };
    again.open(&mut wire);
    again.send(&mut wire, CLIENT, &connect("b"));
    again.send(&mut wire, SERVER, CONNACK);
    let seen = wire.read();
    assert_eq!(seen.streams, [0, 0, 0, 1, 1]);
    assert_eq!(seen.bytes()[3], connect("b"));
    assert_eq!(seen.events, []);
}

#[test]
fn a_port_that_is_used_again_behind_a_syn_that_was_not_captured_is_another_connection() {
    // Numbers near those before, far away, and where one side's are the same by chance.
    for next in [[1_200, 9_000_300], [2_900_001_000, 1_700_005_000]] {
        for closes in [false, true] {
            let (mut wire, mut tcp) = connected();
            if closes {
                tcp.close(&mut wire);
            }
            let mut again = Tcp { next, ..tcp };
            again.open(&mut wire);
            wire.records.remove(wire.records.len() - 3);
            again.send(&mut wire, CLIENT, &connect("b"));
            again.send(&mut wire, SERVER, CONNACK);
            let seen = wire.read();
            assert_eq!(seen.streams, [0, 0, 1, 1], "{next:?}");
            assert_eq!(seen.packets[2].1, Some(mqtt_codec::Side::Client));
            assert_eq!(seen.events, []);
            assert_eq!(findings(&wire), []);
        }
    }
    // Nor does the one of this connection begin another when it comes again, or late.
    let (mut wire, _) = connected();
    wire.records.push(wire.records[1].clone());
    wire.records.remove(0);
    assert_eq!(wire.read().streams, [0, 0]);
    wire.records.remove(0);
    assert_eq!(wire.read().streams, [0, 0]);
}

#[test]
fn a_server_of_which_only_the_middle_was_captured_begins_where_it_was_acknowledged() {
    let payload: Vec<u8> = b"xpz".iter().copied().cycle().take(9_000).collect();
    for lost in 1..6 {
        let (mut wire, mut tcp) = connected();
        tcp.send(&mut wire, CLIENT, b"\x82\x06\x00\x01\x00\x01a\x00");
        let answers = [&b"\x90\x03\x00\x01\x00"[..], &publish("a", &payload)].concat();
        answers.chunks(1460).for_each(|part| tcp.send(&mut wire, SERVER, part));
        tcp.send(&mut wire, CLIENT, b"\xc0\x00");
        tcp.send(&mut wire, SERVER, b"\xd0\x00");
        tcp.close(&mut wire);
        // SYN and ACK, CONNACK, and so many segments.
        wire.records.drain(6..6 + lost);
        wire.records.remove(4);
        wire.records.remove(1);
        let seen = wire.read();
        let types: Vec<_> = seen.bytes().iter().map(|bytes| bytes[0] >> 4).collect();
        assert_eq!(types, [1, 8, 12, 13], "{lost} segments");
        assert!(seen.events.iter().any(|(_, event)| matches!(event, Event::Lost(_))), "{:?}", seen.events);
        let blamed: Vec<_> = findings(&wire).into_iter().filter(|it| !it.clauses.is_empty()).collect();
        assert_eq!(blamed, []);
    }
}

#[test]
fn a_reset_and_a_reused_port_without_fin() {
    let (mut wire, mut tcp) = connected();
    tcp.send(&mut wire, CLIENT, &[0x30, 0x7f, 0]);
    wire.push(tcp.segment(SERVER, RST | ACK, b""));
    let mut again = Tcp { next: [1, 1], ..tcp };
    again.open(&mut wire);
    again.send(&mut wire, CLIENT, &connect("c"));
    let seen = wire.read();
    assert_eq!(seen.streams, [0, 0, 0, 1]);
    assert_eq!(seen.packets[2].2, [0x30, 0x7f, 0]);
    assert_eq!(seen.packets[2].3, 129);
}

#[test]
fn a_syn_alone_is_no_packet() {
    let mut wire = Wire::default();
    let tcp = Tcp::new(1);
    wire.push(tcp.segment(CLIENT, SYN, b""));
    wire.push(tcp.segment(SERVER, RST | ACK, b""));
    assert_eq!(wire.read().packets, []);
}

#[test]
fn a_port_used_again_with_the_same_first_numbers_or_without_its_syn() {
    for reset in [true, false] {
        for (next, captured) in [([1000, 9_000_000], true), ([2_000_000_000, 3_000_000_000], false)] {
            let (mut wire, mut tcp) = connected();
            if reset {
                wire.push(tcp.segment(CLIENT, RST | ACK, b""));
            } else {
                tcp.close(&mut wire);
            }
            let mut again = Tcp { next, ..tcp };
            if captured {
                again.open(&mut wire);
            }
            again.send(&mut wire, CLIENT, &connect("b"));
            again.send(&mut wire, SERVER, CONNACK);
            let seen = wire.read();
            assert_eq!(seen.streams, [0, 0, 1, 1], "{reset} {captured}");
            assert_eq!(seen.bytes()[2..], [&connect("b")[..], CONNACK]);
            assert_eq!(findings(&wire), []);
        }
    }
}

#[test]
fn what_comes_late_behind_a_fin_or_a_reset_belongs_to_the_same_connection() {
    let (mut wire, mut tcp) = connected();
    let sent = publishes(2);
    let late = tcp.next_segment(CLIENT, &sent[0]);
    wire.push(tcp.segment(CLIENT, FIN | ACK, b""));
    wire.push(tcp.segment(SERVER, FIN | ACK, b""));
    wire.push(late);
    let seen = wire.read();
    assert_eq!((seen.bytes()[2], &seen.streams[..]), (&sent[0][..], &[0, 0, 0][..]));
}

#[test]
fn a_damaged_syn_begins_nothing() {
    let (mut wire, mut tcp) = connected();
    let mut syn = Tcp { next: [77, 88], ..tcp }.segment(CLIENT, SYN, b"");
    syn[50] ^= 0x55;
    wire.push(syn);
    let sent = publishes(1);
    tcp.send(&mut wire, CLIENT, &sent[0]);
    assert_eq!(wire.read().streams, [0, 0, 0]);
}

#[test]
fn a_syn_that_was_captured_late_begins_nothing_anew() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    let syn = tcp.segment(CLIENT, SYN, b"");
    tcp.next[CLIENT] += 1;
    let answer = tcp.segment(SERVER, SYN | ACK, b"");
    tcp.next[SERVER] += 1;
    tcp.send(&mut wire, CLIENT, &connect("a"));
    wire.push(syn);
    wire.push(answer);
    tcp.send(&mut wire, SERVER, CONNACK);
    let seen = wire.read();
    assert_eq!((seen.bytes(), &seen.streams[..]), (vec![&connect("a")[..], CONNACK], &[0, 0][..]));
    assert_eq!(seen.events, []);
}

#[test]
fn of_half_a_conversation_nothing_is_held_against_anyone() {
    let (mut wire, mut tcp) = connected();
    for (side, packet) in [
        (CLIENT, &b"\x82\x06\x00\x02\x00\x01t\x01"[..]),
        (SERVER, b"\x90\x03\x00\x02\x01"),
        (SERVER, b"\x32\x05\x00\x01t\x00\x01"),
        (CLIENT, b"\x40\x02\x00\x01"),
        (CLIENT, b"\xc0\x00"),
        (SERVER, b"\xd0\x00"),
    ] {
        tcp.send(&mut wire, side, packet);
    }
    wire.now += 20_000_000;
    tcp.close(&mut wire);
    for (port, from) in [(40_000_u16, 0), (1883, 0), (40_000, 3), (1883, 3)] {
        let mut half = wire.clone();
        half.records.drain(..from);
        half.records.retain(|(_, record, _)| record[34..36] == port.to_be_bytes());
        let blamed: Vec<_> = findings(&half).into_iter().filter(|it| !it.clauses.is_empty()).collect();
        assert_eq!(blamed, [], "port {port}, from record {from}");
    }
}

#[test]
fn who_closes_in_the_middle_of_a_packet_is_named() {
    let (mut wire, mut tcp) = connected();
    tcp.send(&mut wire, CLIENT, &publish("a", &[7; 60])[..30]);
    tcp.close(&mut wire);
    let found = findings(&wire);
    assert_eq!(
        found.iter().map(|it| (it.kind, &it.frames[..])).collect::<Vec<_>>(),
        [("unfinished", &[6][..])]
    );
}

#[test]
fn segments_cut_to_a_few_bytes_are_known_by_their_length() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    let sent = [connect("a"), publish("a/b", &[b'x'; 100]), publish("a/b", &[b'y'; 300])];
    for packet in &sent {
        let record = tcp.next_segment(CLIENT, packet);
        wire.push_cut(record, 60);
    }
    let seen = wire.read();
    assert_eq!(seen.bytes(), [&sent[0][..6], &sent[1][..6], &sent[2][..6]]);
    assert!(seen.events.iter().all(|(_, event)| matches!(event, Event::Cut(_))), "{:?}", seen.events);

    // Where it is not known what the first one was, too.
    wire.records.drain(..4);
    assert_eq!(wire.read().bytes(), [&sent[1][..6], &sent[2][..6]]);
}

#[test]
fn a_beginning_or_a_single_byte_that_is_missing_is_known_from_the_other_side() {
    // The SYN and the CONNECT; the last byte of a PUBLISH.
    for missing in [&[0, 2, 3][..], &[6]] {
        let (mut wire, mut tcp) = connected();
        let publish = b"\x32\x05\x00\x01t\x00\x01";
        tcp.send(&mut wire, CLIENT, &publish[..6]);
        tcp.send(&mut wire, CLIENT, &publish[6..]);
        tcp.send(&mut wire, SERVER, b"\x40\x02\x00\x01");
        for index in missing.iter().rev() {
            wire.records.remove(*index);
        }
        let blamed: Vec<_> = findings(&wire).into_iter().filter(|it| !it.clauses.is_empty()).collect();
        assert_eq!(blamed, [], "without {missing:?}");
    }
}

#[test]
fn the_text_of_a_reset_is_no_data() {
    for side in [CLIENT, SERVER] {
        let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
        let connect = connect("a");
        tcp.open(&mut wire);
        tcp.send(&mut wire, CLIENT, &connect);
        tcp.send(&mut wire, SERVER, CONNACK);
        wire.push(tcp.segment(side, RST | ACK, b"connection refused by policy"));
        let seen = wire.read();
        assert_eq!(seen.bytes(), [&connect[..], CONNACK]);
        assert!(seen.events.is_empty(), "{:?}", seen.events);
    }
}
