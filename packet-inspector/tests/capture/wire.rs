//! Captures made by hand: connections whose segments are sent, lost, repeated, damaged, in any order.

use std::io::Cursor;

use mqtt_codec::Side;
use packet_inspector::capture::Reader;
use packet_inspector::stream::{Captured, Event, Limits, Moment, Sink, Streams};

/// Records of a capture, each with its time in microseconds.
#[derive(Clone, Default)]
pub(crate) struct Wire {
    pub(crate) records: Vec<(u64, Vec<u8>, usize)>,
    pub(crate) now: u64,
}

/// One TCP connection between a client's port and a server's.
#[derive(Clone, Copy)]
pub(crate) struct Tcp {
    pub(crate) client: u16,
    pub(crate) server: u16,
    /// The next sequence number of each side.
    pub(crate) next: [u32; 2],
}

pub(crate) const CLIENT: usize = 0;
pub(crate) const SERVER: usize = 1;

pub(crate) const SYN: u8 = 0x02;
pub(crate) const FIN: u8 = 0x01;
pub(crate) const RST: u8 = 0x04;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

impl Tcp {
    pub(crate) fn new(client: u16) -> Self {
        Self { client, server: 1883, next: [1000, 9_000_000] }
    }

    /// SYN, SYN and ACK, ACK.
    pub(crate) fn open(&mut self, wire: &mut Wire) {
        wire.push(self.segment(CLIENT, SYN, b""));
        self.next[CLIENT] += 1;
        wire.push(self.segment(SERVER, SYN | ACK, b""));
        self.next[SERVER] += 1;
        wire.push(self.segment(CLIENT, ACK, b""));
    }

    /// Data of a side, as the next segment.
    pub(crate) fn send(&mut self, wire: &mut Wire, side: usize, data: &[u8]) {
        let record = self.next_segment(side, data);
        wire.push(record);
    }

    /// The same, without putting it into the capture.
    pub(crate) fn next_segment(&mut self, side: usize, data: &[u8]) -> Vec<u8> {
        let record = self.segment(side, PSH | ACK, data);
        self.next[side] = self.next[side].wrapping_add(u32::try_from(data.len()).unwrap());
        record
    }

    pub(crate) fn close(&mut self, wire: &mut Wire) {
        for side in [CLIENT, SERVER] {
            wire.push(self.segment(side, FIN | ACK, b""));
            self.next[side] += 1;
        }
        wire.push(self.segment(CLIENT, ACK, b""));
    }

    pub(crate) fn segment(&self, side: usize, flags: u8, data: &[u8]) -> Vec<u8> {
        ethernet(&ipv4(side, 0x4000, &self.tcp(side, flags, data)))
    }

    /// TCP header and data.
    pub(crate) fn tcp(&self, side: usize, flags: u8, data: &[u8]) -> Vec<u8> {
        let ports = [self.client, self.server];
        let (from, to) = (ports[side].to_be_bytes(), ports[1 - side].to_be_bytes());
        let ack = if flags & ACK != 0 { self.next[1 - side] } else { 0 };
        let (seq, ack) = (self.next[side].to_be_bytes(), ack.to_be_bytes());
        let mut tcp = [&from[..], &to, &seq, &ack, &[0x50, flags, 0x20, 0, 0, 0, 0, 0], data].concat();
        let len = u16::try_from(tcp.len()).unwrap().to_be_bytes();
        let sum = checksum(&[&ADDRESSES[side][..], &ADDRESSES[1 - side], &[0, 6], &len, &tcp].concat());
        tcp[16..18].copy_from_slice(&sum);
        tcp
    }
}

const ADDRESSES: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];

pub(crate) fn ethernet(ip: &[u8]) -> Vec<u8> {
    let ether_type = if ip[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] };
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &ether_type, ip].concat()
}

/// An IPv4 packet with these flags and fragment offset.
pub(crate) fn ipv4(side: usize, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let [f0, f1] = fragment.to_be_bytes();
    let addresses = [ADDRESSES[side], ADDRESSES[1 - side]].concat();
    let mut ip = [&[0x45, 0][..], &len, &[0x12, 0x34, f0, f1, 64, 6, 0, 0], &addresses].concat();
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum);
    ip.extend(payload);
    ip
}

pub(crate) fn checksum(bytes: &[u8]) -> [u8; 2] {
    let words = bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | w.get(1).map_or(0, |b| u32::from(*b)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!u16::try_from(sum).unwrap()).to_be_bytes()
}

impl Wire {
    pub(crate) fn push(&mut self, record: Vec<u8>) {
        self.now += 1_000;
        let len = record.len();
        self.records.push((self.now, record, len));
    }

    /// A record of which only the start was captured.
    pub(crate) fn push_cut(&mut self, mut record: Vec<u8>, keep: usize) {
        let len = record.len();
        record.truncate(keep);
        self.now += 1_000;
        self.records.push((self.now, record, len));
    }

    /// As classic pcap with this link.
    pub(crate) fn pcap(&self, link: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0x4_0000, link] {
            bytes.extend(word.to_le_bytes());
        }
        for (time, record, len) in &self.records {
            let words = [time / 1_000_000, time % 1_000_000, record.len() as u64, *len as u64];
            bytes.extend(words.iter().flat_map(|word| u32::try_from(*word).unwrap().to_le_bytes()));
            bytes.extend(record);
        }
        bytes
    }

    /// What the inspector finds in it.
    pub(crate) fn read(&self) -> Seen {
        read(self.pcap(1), Limits::default())
    }
}

/// Packets and events of a capture.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Frame, sender, bytes and length of each.
    pub(crate) packets: Vec<(u64, Option<Side>, Vec<u8>, usize)>,
    pub(crate) streams: Vec<u32>,
    /// All that happened but ends of connections.
    pub(crate) events: Vec<(u64, Event)>,
    /// The frames that each packet stands in.
    pub(crate) frames: Vec<Vec<u64>>,
    pub(crate) most_held: usize,
}

impl Sink for Seen {
    fn packet(&mut self, packet: &Captured<'_>) {
        let bytes = packet.bytes.to_vec();
        assert_eq!(packet.packet.is_some(), mqtt_codec::Packet::decode(&bytes).is_ok_and(is_whole));
        self.packets.push((packet.frame(), packet.from(), bytes, packet.wire_len));
        self.streams.push(packet.info.number);
        self.frames.push(packet.places.iter().map(|place| place.frame).collect());
        let placed: usize = packet.places.iter().map(|place| place.len).sum();
        assert!(packet.info.websocket || placed == packet.bytes.len(), "{placed} {packet:?}");
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        if !matches!(event, Event::Finished | Event::Reset | Event::Closed { .. }) {
            self.events.push((moment.frame, event));
        }
    }
}

fn is_whole(decoded: mqtt_codec::Decoded<'_>) -> bool {
    matches!(decoded, mqtt_codec::Decoded::Packet(..))
}

impl Seen {
    /// The packets' bytes.
    pub(crate) fn bytes(&self) -> Vec<&[u8]> {
        self.packets.iter().map(|(_, _, bytes, _)| bytes.as_slice()).collect()
    }

    pub(crate) fn places(&self) -> Vec<u64> {
        self.packets.iter().map(|packet| packet.0).collect()
    }
}

/// What the inspector finds in a file.
pub(crate) fn read(file: Vec<u8>, limits: Limits) -> Seen {
    let mut reader = Reader::new(Cursor::new(file)).unwrap();
    let mut streams = Streams::new(&[1883], limits);
    let mut seen = Seen::default();
    while let Ok(Some(entry)) = reader.next_entry() {
        streams.take(&entry, &mut seen);
        seen.most_held = seen.most_held.max(streams.held());
    }
    streams.finish(&mut seen);
    assert_eq!(streams.held(), 0, "nothing is held at the end");
    seen
}

pub(crate) fn connect(id: &str) -> Vec<u8> {
    let mut packet = vec![0x10, u8::try_from(12 + id.len()).unwrap()];
    packet.extend(b"\x00\x04MQTT\x04\x02\x00\x3c");
    packet.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
    packet.extend(id.as_bytes());
    packet
}

pub(crate) const CONNACK: &[u8] = b"\x20\x02\x00\x00";

/// PUBLISH at QoS 0.
pub(crate) fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x30];
    let mut len = 2 + topic.len() + payload.len();
    loop {
        let group = u8::try_from(len & 0x7F).unwrap();
        len >>= 7;
        packet.push(if len > 0 { group | 0x80 } else { group });
        if len == 0 {
            break;
        }
    }
    packet.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
    packet.extend(topic.as_bytes());
    packet.extend(payload);
    packet
}
