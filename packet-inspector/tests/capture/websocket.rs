//! MQTT in WebSocket frames, on any port.

use flate2::{Compress, Compression, FlushCompress};
use mqtt_codec::Side;
use packet_inspector::stream::{Event, Limits, Other};

use crate::wire::{CLIENT, CONNACK, SERVER, Tcp, Wire, connect, publish, read};

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
    assert_eq!(wire.read().packets[0].1, Some(Side::Client), "only clients mask");

    // On MQTT's port, where the first byte of a frame could be that of a SUBSCRIBE.
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    let sent = [connect("a"), publish("home/light", b"2")];
    sent.iter().for_each(|packet| tcp.send(&mut wire, CLIENT, &frame(0x82, CLIENT, packet)));
    assert_eq!(wire.read().bytes(), [&sent[0][..], &sent[1]]);
}

#[test]
fn the_http_in_any_pieces() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp { server: 9001, ..Tcp::new(40_000) });
    tcp.open(&mut wire);
    REQUEST.iter().for_each(|byte| tcp.send(&mut wire, CLIENT, &[*byte]));
    ANSWER.iter().for_each(|byte| tcp.send(&mut wire, SERVER, &[*byte]));
    tcp.send(&mut wire, CLIENT, &frame(0x82, CLIENT, &connect("a")));
    tcp.send(&mut wire, SERVER, &frame(0x82, SERVER, CONNACK));
    assert_eq!(wire.read().bytes(), [&connect("a")[..], CONNACK]);
}

#[test]
fn the_http_is_never_taken_for_packets_whatever_is_missing_of_it() {
    let sent = [connect("a"), CONNACK.to_vec(), publish("home/light", b"1"), publish("home/light", b"2")];
    let sides = [CLIENT, SERVER, CLIENT, SERVER];
    for http in [CLIENT, SERVER] {
        let text = if http == CLIENT { REQUEST } else { ANSWER };
        for (kept, how) in (1..text.len()).flat_map(|kept| ["gap", "cut", "end"].map(|how| (kept, how))) {
            let (mut wire, mut tcp) = (Wire::default(), Tcp { server: 9001, ..Tcp::new(40_000) });
            tcp.open(&mut wire);
            if http == SERVER {
                tcp.send(&mut wire, CLIENT, REQUEST);
            }
            if how == "cut" {
                let record = tcp.next_segment(http, text);
                let keep = record.len() - text.len() + kept;
                wire.push_cut(record, keep);
            } else {
                tcp.send(&mut wire, http, &text[..kept]);
                tcp.next_segment(http, &text[kept..]);
            }
            if http == CLIENT {
                tcp.send(&mut wire, SERVER, ANSWER);
            }
            if how != "end" {
                for (side, packet) in sides.into_iter().zip(&sent) {
                    tcp.send(&mut wire, side, &frame(0x82, side, packet));
                }
                tcp.close(&mut wire);
            }
            let seen = wire.read();
            let expected: &[_] = if how == "end" { &[] } else { &sent };
            assert_eq!(seen.bytes(), expected, "{how} behind {kept} of side {http}");
        }
    }
}

#[test]
fn messages_of_something_else_are_named() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
    tcp.send(&mut wire, SERVER, ANSWER);
    tcp.send(&mut wire, CLIENT, &frame(0x81, CLIENT, b"{\"op\":1}"));
    tcp.send(&mut wire, SERVER, &frame(0x81, SERVER, b"{\"ok\":1}"));
    let seen = wire.read();
    assert_eq!((seen.packets, seen.events), (vec![], vec![(6, Event::Other(Other::WebSocket))]));
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
    assert_eq!(seen.events, [(7, Event::Lost(frame(0x82, CLIENT, &sent[1]).len() as u64))]);
}

#[test]
fn behind_a_lost_frame_no_answer_overtakes_its_question() {
    let (mut wire, mut tcp) = opened();
    let ping = |tcp: &mut Tcp| tcp.next_segment(CLIENT, &frame(0x82, CLIENT, &publish("home/light", b"1")));
    let first = wire.records.len() as u64 + 1;
    for number in 0..12 {
        let question = ping(&mut tcp);
        if number != 3 {
            wire.push(question);
        }
        tcp.send(&mut wire, SERVER, &frame(0x82, SERVER, &publish("home/lamp", b"1")));
    }
    let seen = wire.read();
    assert!(matches!(seen.events[..], [(at, Event::Lost(_))] if at == first + 7), "{:?}", seen.events);
    assert!(seen.places().is_sorted(), "{:?}", seen.places());
    assert_eq!(seen.packets.iter().filter(|(frame, ..)| *frame >= first).count(), 23);
}

/// Messages compressed one after the other, as a sender does that keeps its window.
fn compressed(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut deflate = Compress::new(Compression::default(), false);
    let message = |message: &Vec<u8>| {
        let mut out = Vec::with_capacity(message.len() + 100);
        deflate.compress_vec(message, &mut out, FlushCompress::Sync).unwrap();
        assert_eq!(out.split_off(out.len() - 4), [0, 0, 0xff, 0xff]);
        out
    };
    messages.iter().map(message).collect()
}

fn opened() -> (Wire, Tcp) {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, REQUEST);
    tcp.send(&mut wire, SERVER, ANSWER);
    (wire, tcp)
}

#[test]
fn compressed_messages_are_opened() {
    let sent = [connect("ws"), publish("home/light", b"on"), publish("home/light", &[b'x'; 100_000])];
    let (mut wire, mut tcp) = opened();
    for (number, message) in compressed(&sent).iter().enumerate() {
        // In one frame, or in several with a ping between them; the first says that all are compressed.
        let (start, end) = message.split_at(if number == 1 { message.len() / 2 } else { 0 });
        if start.is_empty() {
            tcp.send(&mut wire, CLIENT, &frame(0xc2, CLIENT, end));
        } else {
            tcp.send(&mut wire, CLIENT, &frame(0x42, CLIENT, start));
            tcp.send(&mut wire, CLIENT, &frame(0x89, CLIENT, b"ping"));
            tcp.send(&mut wire, CLIENT, &frame(0x80, CLIENT, end));
        }
    }
    let answer = compressed(&[CONNACK.to_vec()]).concat();
    tcp.send(&mut wire, SERVER, &[frame(0xc2, SERVER, &answer), frame(0x82, SERVER, b"\xd0\x00")].concat());
    let seen = wire.read();
    let expected: Vec<_> = sent.iter().map(Vec::as_slice).chain([CONNACK, b"\xd0\x00"]).collect();
    assert_eq!(seen.bytes(), expected);
    assert_eq!(seen.events, []);
}

#[test]
fn compression_that_cannot_be_taken_off_is_named() {
    let sent = [connect("ws"), publish("home/light", b"on"), publish("home/light", b"off")];
    let messages = compressed(&sent);
    // Lost: what follows rests on it.
    let (mut wire, mut tcp) = opened();
    for (number, message) in messages.iter().enumerate() {
        let record = tcp.next_segment(CLIENT, &frame(0xc2, CLIENT, message));
        if number != 1 {
            wire.push(record);
        }
    }
    wire.push(tcp.segment(SERVER, crate::wire::ACK, b""));
    let seen = wire.read();
    assert_eq!(seen.bytes(), [&sent[0][..]]);
    assert!(seen.events.iter().any(|(_, event)| *event == Event::Other(Other::CompressedWebSocket)));
    // Not compressed at all.
    let (mut wire, mut tcp) = opened();
    tcp.send(&mut wire, CLIENT, &frame(0xc2, CLIENT, b"\xff\xff deflated"));
    assert_eq!(wire.read().events, [(6, Event::Other(Other::CompressedWebSocket))]);
}

#[test]
fn compressed_connections_are_bounded_too() {
    // Each holds a window; when memory is short, the rest are named.
    let mut wire = Wire::default();
    for port in 0..60 {
        let mut tcp = Tcp::new(30_000 + port);
        tcp.open(&mut wire);
        tcp.send(&mut wire, CLIENT, REQUEST);
        tcp.send(&mut wire, SERVER, ANSWER);
        let message = compressed(&[connect("ws")]).concat();
        tcp.send(&mut wire, CLIENT, &frame(0xc2, CLIENT, &message));
    }
    let limits = Limits { held: 1 << 20, ..Limits::default() };
    let seen = read(wire.pcap(1), limits);
    assert!(seen.most_held < (1 << 20) + (64 << 10), "{}", seen.most_held);
    let named = seen.events.iter().filter(|(_, event)| *event == Event::Other(Other::CompressedWebSocket));
    assert_eq!(seen.packets.len() + named.count(), 60);
    assert!((15..30).contains(&seen.packets.len()), "{}", seen.packets.len());
}
