//! What waits for bytes that are missing, when its connection falls quiet and others go on.

use std::io::Cursor;

use packet_inspector::capture::Reader;
use packet_inspector::stream::{Event, Limits, Streams};

use crate::tcp::connected;
use crate::wire::{ACK, CLIENT, CONNACK, SERVER, Seen, Tcp, Wire, connect};

/// A connection that lost a PUBLISH and then is quiet, while another one pings each second; how many, and what the first one
/// has shown before the end of the capture, as numbers of packets.
fn shown_after(seconds: u64, others: u16) -> (Seen, usize) {
    let (mut wire, mut tcp) = connected();
    tcp.next_segment(CLIENT, b"\x32\x18\x00\x0ahome/light\x00\x01brightness");
    tcp.send(&mut wire, SERVER, b"\x40\x02\x00\x01");
    tcp.send(&mut wire, CLIENT, b"\x32\x18\x00\x0ahome/light\x00\x02brightness");
    tcp.send(&mut wire, SERVER, b"\x40\x02\x00\x02");
    let mut other: Vec<_> = (0..others).map(|number| Tcp::new(50_000 + number)).collect();
    for tcp in &mut other {
        tcp.open(&mut wire);
        tcp.send(&mut wire, CLIENT, &connect("b"));
        tcp.send(&mut wire, SERVER, CONNACK);
    }
    for _ in 0..seconds {
        wire.now += 1_000_000;
        for tcp in &mut other {
            tcp.send(&mut wire, CLIENT, b"\xc0\x00");
            tcp.send(&mut wire, SERVER, b"\xd0\x00");
        }
    }
    let mut reader = Reader::new(Cursor::new(wire.pcap(1))).unwrap();
    let mut streams = Streams::new(&[1883], Limits::default());
    let mut seen = Seen::default();
    while let Some(entry) = reader.next_entry().unwrap() {
        streams.take(&entry, &mut seen);
    }
    let before = seen.streams.iter().filter(|stream| **stream == 0).count();
    streams.finish(&mut seen);
    assert_eq!(streams.held(), 0);
    (seen, before)
}

#[test]
fn the_time_of_other_connections_ends_the_waiting() {
    // CONNECT and CONNACK alone, as it is too early, or nobody else sends anything.
    assert_eq!(shown_after(1, 1).1, 2);
    assert_eq!(shown_after(9, 0).1, 2);
    // Each of the gaps has two seconds from where it was acknowledged.
    for seconds in [6, 9] {
        let (seen, before) = shown_after(seconds, 2);
        assert_eq!(before, 5);
        assert_eq!(seen.events, [(7, Event::Lost(26))]);
        let first = seen.streams.iter().zip(&seen.packets).filter(|(stream, _)| **stream == 0);
        let frames: Vec<_> = first.map(|(_, (frame, ..))| *frame).collect();
        assert_eq!(frames, [4, 5, 6, 7, 8]);
    }
}

#[test]
fn many_that_wait_for_ever_cost_no_more_than_one() {
    // Each has a gap that nobody acknowledges: time ends none of that.
    let (mut wire, many) = (Wire::default(), 2_000_u16);
    let mut tcp: Vec<_> = (0..many).map(|number| Tcp::new(10_000 + number)).collect();
    for tcp in &mut tcp {
        tcp.open(&mut wire);
        tcp.send(&mut wire, CLIENT, &connect("a"));
        tcp.send(&mut wire, SERVER, CONNACK);
        wire.push(tcp.segment(CLIENT, ACK, b""));
        tcp.next_segment(CLIENT, b"\xc0\x00");
        tcp.send(&mut wire, CLIENT, b"\xe0\x00");
    }
    let last = tcp.last_mut().unwrap();
    for _ in 0..20_000 {
        wire.now += 10_000_000;
        last.send(&mut wire, SERVER, b"\x30\x03\x00\x01a");
    }
    let seen = wire.read();
    assert_eq!(seen.packets.len(), 3 * usize::from(many) + 20_000);
}
