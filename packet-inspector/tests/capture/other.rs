//! What is not MQTT 3.1.1 is named, and not decoded; MQTT on any port is found.

use mqtt_codec::Side;
use packet_inspector::stream::{Event, Other};

use crate::analysis::findings;
use crate::wire::{CLIENT, CONNACK, SERVER, Seen, Tcp, Wire, connect, publish};

/// What is seen when these are the first bytes of the client to this port.
fn first(bytes: &[u8], server: u16) -> Seen {
    let (mut wire, mut tcp) = (Wire::default(), Tcp { server, ..Tcp::new(40_000) });
    tcp.open(&mut wire);
    tcp.send(&mut wire, CLIENT, bytes);
    tcp.send(&mut wire, SERVER, b"answer that is no MQTT either");
    tcp.send(&mut wire, CLIENT, &publish("a", b"not looked at"));
    wire.read()
}

#[test]
fn other_protocols_on_the_port_are_named_once() {
    let hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00";
    for (bytes, other) in [
        (&hello[..], Other::Tls),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Other::Http),
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", Other::Unknown),
        (b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", Other::Unknown),
        (b"@RSYNCD: 31.0\n", Other::Unknown),
        // DNS and SOCKS begin as packets of the reserved type would, NATS and STOMP with a word of HTTP.
        (
            b"\x00\x1c\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x01a\x02de\x00\x00\x01\x00\x01",
            Other::Unknown,
        ),
        (b"\x05\x01\x00", Other::Unknown),
        (b"PATCH /a HTTP/1.1\r\n\r\n", Other::Http),
        (b"\x15\x03\x01\x00\x02\x02\x28", Other::Tls),
        (b"\x04\x01\x07\x5b\x7f\x00\x00\x01\x00", Other::Unknown),
    ] {
        let seen = first(bytes, 1883);
        assert_eq!(seen.events, [(4, Event::Other(other))], "{bytes:02x?}");
        assert_eq!(seen.packets, []);
        // Elsewhere it is nobody's business.
        let elsewhere = first(bytes, 8000);
        assert_eq!((elsewhere.packets, elsewhere.events), (vec![], vec![]));
    }
}

#[test]
fn other_versions_are_named_and_left_alone() {
    let v5 = b"\x10\x10\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x03abc";
    let v31 = b"\x10\x11\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x03abc";
    for connect in [&v5[..], v31] {
        let seen = first(connect, 1883);
        assert_eq!(seen.packets, []);
        assert!(matches!(seen.events[..], [(4, Event::OtherVersion(_))]), "{:?}", seen.events);
    }
}

#[test]
fn other_versions_are_told_by_what_is_left_of_a_connect() {
    let v5 = b"\x10\x11\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x04abcd";
    let v31 = b"\x10\x12\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x04abcd";
    let bridge = b"\x10\x10\x00\x04MQTT\x84\x02\x00\x3c\x00\x04abcd";
    // As version 5 answers, and sends: none of it is a packet of ours.
    let behind = [(SERVER, &b"\x20\x03\x00\x00\x00"[..]), (CLIENT, b"\x82\x07\x00\x02\x00\x00\x01t\x01")];
    for (connect, up_to_level) in [(&v5[..], 9), (v31, 11), (bridge, 9)] {
        for kept in up_to_level..connect.len() {
            for how in ["cut", "gap", "end"] {
                let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
                tcp.open(&mut wire);
                if how == "cut" {
                    let record = tcp.next_segment(CLIENT, connect);
                    let keep = record.len() - connect.len() + kept;
                    wire.push_cut(record, keep);
                } else {
                    tcp.send(&mut wire, CLIENT, &connect[..kept]);
                }
                if how == "gap" {
                    tcp.next_segment(CLIENT, &connect[kept..]);
                }
                if how != "end" {
                    behind.iter().for_each(|(side, bytes)| tcp.send(&mut wire, *side, bytes));
                    tcp.close(&mut wire);
                }
                let seen = wire.read();
                assert_eq!(seen.packets, [], "{how} behind {kept}");
                let versions =
                    seen.events.iter().filter(|(_, event)| matches!(event, Event::OtherVersion(_)));
                assert_eq!(versions.count(), 1, "{how} behind {kept}: {:?}", seen.events);
                assert!(findings(&wire).iter().all(|it| it.clauses.is_empty()), "{how} behind {kept}");
            }
        }
    }
}

#[test]
fn any_port_is_recognised_by_its_content() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp { server: 7777, ..Tcp::new(40_000) });
    tcp.open(&mut wire);
    let connect = connect("a");
    tcp.send(&mut wire, CLIENT, &connect[..1]);
    tcp.send(&mut wire, CLIENT, &connect[1..]);
    tcp.send(&mut wire, SERVER, CONNACK);
    let seen = wire.read();
    assert_eq!(seen.bytes(), [&connect[..], CONNACK]);
    assert_eq!(seen.packets[1].1, Some(Side::Server));
}

#[test]
fn a_connection_on_any_port_of_which_the_beginning_is_missing() {
    let (mut wire, mut tcp) = (Wire::default(), Tcp { server: 7777, ..Tcp::new(40_000) });
    let sent: Vec<_> = (0..4).map(|n| publish("home/light", &[b'0' + n])).collect();
    sent.iter().for_each(|packet| tcp.send(&mut wire, CLIENT, packet));
    let seen = wire.read();
    assert_eq!(seen.bytes(), sent.iter().map(Vec::as_slice).collect::<Vec<_>>());
    // Text alone is not enough.
    let (mut wire, mut tcp) = (Wire::default(), Tcp { server: 7777, ..Tcp::new(40_000) });
    (0..400)
        .for_each(|_| tcp.send(&mut wire, CLIENT, b"some text that is no packet of any kind, 0123456789\n"));
    let seen = wire.read();
    assert_eq!((seen.packets, seen.events), (vec![], vec![]));
}
