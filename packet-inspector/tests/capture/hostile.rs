//! Captures made to hurt: memory stays within the limits, and what was left out is said.

use std::io::Write;
use std::process::{Command, Stdio};

use packet_inspector::stream::{Event, Limits};

use crate::analysis::findings;
use crate::wire::{ACK, CLIENT, CONNACK, PSH, SERVER, SYN, Tcp, Wire, connect, publish, read};

const LIMITS: Limits = Limits { connections: 100, held: 1 << 20, packet: 64 << 10 };

/// The limits bound what is held but for one record and what each connection may always hold.
const SLACK: usize = 256 << 10;

#[test]
fn a_packet_of_256_mib_is_not_held() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    let large = publish("a/large", &vec![b'x'; 3 << 20]);
    large.chunks(60_000).for_each(|part| tcp.send(&mut wire, CLIENT, part));
    let small = publish("a", b"behind it");
    tcp.send(&mut wire, CLIENT, &small);
    // And one that never ends.
    tcp.send(&mut wire, CLIENT, b"\x30\xff\xff\xff\x7f\x00\x01a");
    (0..50).for_each(|_| tcp.send(&mut wire, CLIENT, &[b'y'; 60_000]));
    let seen = read(wire.pcap(1), LIMITS);
    assert_eq!(seen.packets.len(), 4);
    assert_eq!((seen.packets[1].3, &seen.bytes()[1][..9]), (large.len(), &large[..9]));
    assert!(seen.bytes()[1].len() < 128 << 10, "only its start is kept");
    assert_eq!(seen.bytes()[2], small);
    assert_eq!(seen.packets[3].3, 268_435_460);
    assert!(seen.most_held <= LIMITS.packet + SLACK, "{} bytes held", seen.most_held);
}

#[test]
fn holes_on_many_connections_do_not_fill_the_memory() {
    let mut wire = Wire::default();
    for port in 1..=200 {
        let mut tcp = Tcp::new(port);
        tcp.open(&mut wire);
        tcp.send(&mut wire, CLIENT, &connect("a"));
        tcp.next[CLIENT] += 10;
        (0..4).for_each(|_| tcp.send(&mut wire, CLIENT, &[b'z'; 30_000]));
    }
    let seen = read(wire.pcap(1), LIMITS);
    assert!(seen.most_held <= LIMITS.held + SLACK, "{} bytes held", seen.most_held);
    assert_eq!(seen.packets.len(), 200);
    assert!(seen.events.iter().any(|(_, event)| matches!(event, Event::Lost(10))));
}

#[test]
fn many_connections_are_forgotten_in_turn() {
    let mut wire = Wire::default();
    for number in 0..3000_u16 {
        wire.push(Tcp::new(number).segment(CLIENT, SYN, b""));
    }
    let mut last = Tcp::new(5000);
    last.open(&mut wire);
    last.send(&mut wire, CLIENT, &connect("last"));
    last.send(&mut wire, SERVER, CONNACK);
    let seen = read(wire.pcap(1), LIMITS);
    assert_eq!(seen.streams, [3000, 3000]);
}

#[test]
fn bytes_that_could_always_be_a_packet_take_no_more_than_linear_time() {
    // No clock is looked at: the square of this size would not come to an end.
    for byte in [0x30, 0xc0, 0x00, 0x40, 0x32] {
        let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
        (0..10_000).for_each(|_| tcp.send(&mut wire, CLIENT, &[byte; 100]));
        let seen = read(wire.pcap(1), LIMITS);
        assert!(seen.most_held <= LIMITS.held + SLACK, "{} bytes held", seen.most_held);
    }
}

#[test]
fn any_byte_changed_or_cut_harms_nothing_else() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, CONNACK);
    tcp.send(&mut wire, CLIENT, &publish("a/b", b"hello"));
    wire.push(tcp.segment(CLIENT, PSH | ACK, b"\xe0\x00"));
    let file = wire.pcap(1);
    for at in 24..file.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut file = file.clone();
            file[at] ^= change;
            read(file, LIMITS);
        }
    }
}

#[test]
fn what_is_in_flight_is_forgotten_when_it_is_too_much() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, &connect("a"));
    tcp.send(&mut wire, SERVER, CONNACK);
    let topic = "t".repeat(400);
    let publish =
        |id: u16| [&[0x32, 0x94, 0x03, 0x01, 0x90][..], topic.as_bytes(), &id.to_be_bytes()].concat();
    for ids in (1..=u16::MAX).collect::<Vec<_>>().chunks(140) {
        tcp.send(&mut wire, CLIENT, &ids.iter().flat_map(|id| publish(*id)).collect::<Vec<_>>());
    }
    for id in [1_u16, 2, u16::MAX] {
        tcp.send(&mut wire, SERVER, &[&[0x40, 2][..], &id.to_be_bytes()].concat());
    }
    wire.now += 60_000_000;
    tcp.close(&mut wire);
    let found = findings(&wire);
    assert_eq!(found.iter().map(|finding| finding.kind).collect::<Vec<_>>(), ["not_remembered"]);
}

/// A CONNECT with a Client Identifier, a Will Topic and a User Name of 65,535 bytes, which end in this number.
fn long_connect(number: u16) -> Vec<u8> {
    let text = [&[0xff, 0xff][..], &[b'x'; 65_530], format!("{number:05}").as_bytes()].concat();
    let body = [b"\x00\x04MQTT\x04\x86\x00\x3c", &text[..], &text, b"\x00\x01m", &text].concat();
    let len = body.len();
    let digit = |at: usize| u8::try_from(len >> (7 * at) & 0x7f).unwrap();
    [&[0x10, digit(0) | 0x80, digit(1) | 0x80, digit(2)][..], &body].concat()
}

#[test]
#[cfg(target_os = "linux")]
fn long_names_are_not_held_for_each_connection() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packet-inspector"));
    let command = command.args(["sessions", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&Wire::default().pcap(1)).unwrap();
    for number in 0..400 {
        let (mut wire, mut tcp) = (Wire::default(), Tcp::new(20_000 + number));
        tcp.open(&mut wire);
        long_connect(number).chunks(60_000).for_each(|part| tcp.send(&mut wire, CLIENT, part));
        tcp.send(&mut wire, SERVER, CONNACK);
        input.write_all(&wire.pcap(1)[24..]).unwrap();
    }
    // All but what a pipe holds has been read.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let most: usize = most.unwrap().trim().parse().unwrap();
    assert!(most < 64 << 10, "{most} KiB");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("… (65535 bytes): 1 connection\n").count(), 400);
}
