//! Captures that begin inside a payload, whatever it is made of: nothing is invented, and what follows is found.

use packet_inspector::stream::Event;

use crate::wire::{CLIENT, CONNACK, SERVER, Tcp, Wire, connect, publish};

/// A large message in segments of this size, then four small ones, captured from the message's third segment on.
fn from_the_middle(payload: &[u8], size: usize, together: bool) -> (Wire, Vec<Vec<u8>>) {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, CONNACK);
    let before = wire.records.len();
    publish("a/large", payload).chunks(size).for_each(|part| tcp.send(&mut wire, CLIENT, part));
    let small: Vec<_> = (0..4).map(|n| publish("a/small", format!("message {n}").as_bytes())).collect();
    if together {
        tcp.send(&mut wire, CLIENT, &small.concat());
    } else {
        small.iter().for_each(|packet| tcp.send(&mut wire, CLIENT, packet));
    }
    tcp.close(&mut wire);
    wire.records.drain(..before + 2);
    (wire, small)
}

fn repeated(unit: &[u8]) -> Vec<u8> {
    unit.iter().copied().cycle().take(20_000).collect()
}

#[test]
fn a_payload_made_of_packets_is_not_taken_for_them() {
    let different: Vec<u8> =
        (0..2000).flat_map(|n| publish(&format!("a/b{n}"), &vec![b'x'; n % 50])).take(20_000).collect();
    let payloads = [
        repeated(&[0]),
        repeated(b"\xc0\0"),
        repeated(b"\xe0\0"),
        repeated(&publish("a/b", b"hello 123")),
        repeated(b"0"),
        different,
    ];
    for (number, payload) in payloads.iter().enumerate() {
        for size in [700, 1448] {
            for together in [false, true] {
                let (wire, small) = from_the_middle(payload, size, together);
                let seen = wire.read();
                assert_eq!(seen.bytes(), small, "payload {number} in segments of {size}");
                assert!(seen.events.iter().any(|(_, event)| matches!(event, Event::PassedOver { .. })));
            }
        }
    }
}

#[test]
fn messages_that_are_written_together_are_found_from_the_first_whole_one_on() {
    let messages: Vec<_> = (0..300).map(|n| publish(&format!("a/b{n}"), format!("{n}").as_bytes())).collect();
    let stream = messages.concat();
    for (size, skipped) in [(700, 1), (1448, 2)] {
        let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
        stream.chunks(size).for_each(|part| tcp.send(&mut wire, CLIENT, part));
        tcp.send(&mut wire, CLIENT, &messages[0]);
        wire.records.drain(..skipped);
        let mut at = 0;
        let whole = messages.iter().filter(|message| {
            at += message.len();
            at - message.len() >= size * skipped
        });
        let expected: Vec<_> = whole.chain([&messages[0]]).map(Vec::as_slice).collect();
        assert_eq!(wire.read().bytes(), expected, "segments of {size}");
    }
}

#[test]
fn a_payload_that_goes_on_with_the_first_byte_of_a_connect_is_none() {
    for start in [
        &b"\x10\x00"[..],
        b"\x10\x00\x00\x00rest",
        b"\x10\x7f\x01\x02\x03\x04\x05\x06\x07\x08",
        b"\x10\x04\x00\x04MQ",
    ] {
        let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
        let message = publish("a/b", &[b"the start", start, &[b'x'; 600]].concat());
        let at = message.windows(start.len()).position(|part| part == start).unwrap();
        tcp.send(&mut wire, CLIENT, &message[at..]);
        let small: Vec<_> = (0..4).map(|n| publish("a/small", format!("message {n}").as_bytes())).collect();
        small.iter().for_each(|packet| tcp.send(&mut wire, CLIENT, packet));
        assert_eq!(wire.read().bytes(), small, "{start:02x?}");
    }
}

#[test]
fn a_connect_or_connack_inside_a_payload_is_none() {
    let filler = vec![b'x'; 3000];
    let packets: [&[u8]; 4] = [
        CONNACK,
        b"\x90\x03\x00\x01\x00\x20\x02\x00\x00",
        &connect("a"),
        b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x3c\x00\x00",
    ];
    for (number, packet) in packets.into_iter().enumerate() {
        let side = if number < 2 { SERVER } else { CLIENT };
        let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
        tcp.send(&mut wire, side, &filler[..1400]);
        tcp.send(&mut wire, side, &[packet, &filler[..600]].concat());
        // At the payload's end too, and as a segment of its own.
        tcp.send(&mut wire, side, packet);
        let small: Vec<_> = (0..4).map(|n| publish("a/small", format!("message {n}").as_bytes())).collect();
        small.iter().for_each(|packet| tcp.send(&mut wire, side, packet));
        tcp.close(&mut wire);
        assert_eq!(wire.read().bytes(), small, "{packet:02x?}");
    }
}
