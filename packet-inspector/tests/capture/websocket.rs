//! MQTT in WebSocket frames, on any port.

use mqtt_codec::Side;
use packet_inspector::stream::{Event, Other};

use crate::wire::{CLIENT, CONNACK, SERVER, Tcp, Wire, connect, publish};

const REQUEST: &[u8] = b"GET /mqtt HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
const ANSWER: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n";

/// A frame; the client's are masked.
fn frame(first: u8, side: usize, data: &[u8]) -> Vec<u8> {
    let masked = if side == CLIENT { 0x80 } else { 0 };
    let mut frame = vec![first];
    match u8::try_from(data.len()) {
        Ok(len @ 0..126) => frame.push(masked | len),
        _ => {
            frame.push(masked | 126);
            frame.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        }
    }
    let mask = if side == CLIENT { [0x11, 0x22, 0x33, 0x44] } else { [0; 4] };
    if side == CLIENT {
        frame.extend(mask);
    }
    frame.extend(data.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[test]
fn packets_in_frames_of_any_size() {
    for size in [1, 3, 20, 300] {
        let (mut wire, mut tcp) = (Wire::default(), Tcp { server: 9001, ..Tcp::new(40_000) });
        tcp.open(&mut wire);
        tcp.send(&mut wire, CLIENT, &REQUEST[..50]);
        tcp.send(&mut wire, CLIENT, &REQUEST[50..]);
        tcp.send(&mut wire, SERVER, ANSWER);
        let sent = [connect("ws"), publish("a/b", &[b'x'; 200]), publish("a/b", b"end")];
        for part in sent.concat().chunks(size) {
            tcp.send(&mut wire, CLIENT, &frame(0x82, CLIENT, part));
        }
        tcp.send(&mut wire, SERVER, &[frame(0x89, SERVER, b"ping"), frame(0x82, SERVER, CONNACK)].concat());
        let seen = wire.read();
        let expected: Vec<_> = sent.iter().map(Vec::as_slice).chain([CONNACK]).collect();
        assert_eq!(seen.bytes(), expected, "frames of {size} bytes");
        assert_eq!(seen.events, []);
        assert_eq!(seen.packets[3].1, Some(Side::Server));
    }
}

#[test]
fn a_capture_that_begins_behind_the_http() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp { server: 9001, ..Tcp::new(40_000) });
    let sent = [publish("home/light", b"1"), publish("home/light", b"2")];
    sent.iter().for_each(|packet| tcp.send(&mut wire, CLIENT, &frame(0x82, CLIENT, packet)));
    assert_eq!(wire.read().bytes(), [&sent[0][..], &sent[1]]);
}

#[test]
fn a_lost_frame_costs_its_packets_alone() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, REQUEST);
    tcp.send(&mut wire, SERVER, ANSWER);
    let sent: Vec<_> = (0..4).map(|n| publish("home/light", &[b'0' + n])).collect();
    for (number, packet) in sent.iter().enumerate() {
        let record = tcp.next_segment(CLIENT, &frame(0x82, CLIENT, packet));
        if number != 1 {
            wire.push(record);
        }
    }
    wire.push(tcp.segment(SERVER, crate::wire::ACK, b""));
    let seen = wire.read();
    assert_eq!(seen.bytes(), [&sent[0][..], &sent[2], &sent[3]]);
    assert!(matches!(seen.events[..], [(_, Event::Lost(_))]), "{:?}", seen.events);
}

#[test]
fn compressed_frames_are_named() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, REQUEST);
    tcp.send(&mut wire, SERVER, ANSWER);
    tcp.send(&mut wire, CLIENT, &frame(0xc2, CLIENT, b"deflated"));
    assert_eq!(wire.read().events, [(6, Event::Other(Other::CompressedWebSocket))]);
}
