//! What passed, as records of a capture: TCP around it with handshakes, growing numbers, checksums.

use std::collections::HashMap;

use mqtt_codec::Side;

use super::{Happening, What};
use crate::build::tcp::{Flags, HANDSHAKE, Tcp, other};
use crate::capture::{Entry, Time};
use crate::net::Link;

/// The most bytes in one segment: as on the loopback, or with a network card that splits them.
const SEGMENT: usize = 32 << 10;

/// So many bytes that the other side did not answer are acknowledged by a segment without data.
const UNACKNOWLEDGED: usize = 16 << 10;

/// Makes records of what happened to connections.
#[derive(Debug, Default)]
pub struct Recorder {
    connections: HashMap<u32, Connection>,
    /// Records so far.
    number: u64,
    /// Of the last record: times don't go back.
    time: Time,
}

#[derive(Debug)]
struct Connection {
    tcp: Tcp,
    /// Bytes of the client and of the server that were not acknowledged.
    unacknowledged: [usize; 2],
    finished: [bool; 2],
    aborted: bool,
}

impl Recorder {
    /// Gives the records that show this, each numbered and timed.
    pub fn take(&mut self, happening: &Happening, each: impl FnMut(&Entry<'_>)) {
        self.time = self.time.max(happening.time);
        let number = happening.connection;
        if let What::Opened(endpoints) = happening.what {
            // Numbers that begin elsewhere tell connections between the same ports apart.
            let seq = number.wrapping_mul(0x9E37_79B9) | 1;
            let tcp = Tcp::new(endpoints, seq, seq.rotate_left(16));
            let connection = Connection { tcp, unacknowledged: [0; 2], finished: [false; 2], aborted: false };
            self.connections.insert(number, connection);
        }
        let Self { connections, number: records, time } = self;
        let Some(connection) = connections.get_mut(&number) else { return };
        let mut out = Out { records, time: *time, each };
        match &happening.what {
            What::Opened(_) => {
                for (from, flags) in HANDSHAKE {
                    out.record(&connection.tcp.segment(from, flags, &[]));
                }
            }
            What::Passed { from, left_out, bytes } => {
                connection.tcp.skip(*from, *left_out);
                bytes.chunks(SEGMENT).for_each(|data| connection.data(*from, data, &mut out));
            }
            What::Finished(from) => connection.finish(*from, &mut out),
            What::Aborted(from) => {
                if !std::mem::replace(&mut connection.aborted, true) {
                    out.record(&connection.tcp.segment(*from, Flags::RST, &[]));
                }
            }
            What::Closed => {
                connections.remove(&number);
            }
        }
    }
}

impl Connection {
    fn data(&mut self, from: Side, data: &[u8], out: &mut Out<'_, impl FnMut(&Entry<'_>)>) {
        out.record(&self.tcp.segment(from, Flags::DATA, data));
        let [client, server] = &mut self.unacknowledged;
        let (own, others) = match from {
            Side::Client => (client, server),
            Side::Server => (server, client),
        };
        *others = 0;
        *own += data.len();
        if *own >= UNACKNOWLEDGED {
            *own = 0;
            out.record(&self.tcp.segment(other(from), Flags::ACK, &[]));
        }
    }

    fn finish(&mut self, from: Side, out: &mut Out<'_, impl FnMut(&Entry<'_>)>) {
        let [client, server] = &mut self.finished;
        let own = match from {
            Side::Client => client,
            Side::Server => server,
        };
        if self.aborted || std::mem::replace(own, true) {
            return;
        }
        out.record(&self.tcp.segment(from, Flags::FIN, &[]));
        out.record(&self.tcp.segment(other(from), Flags::ACK, &[]));
    }
}

/// Where records go.
struct Out<'a, F> {
    records: &'a mut u64,
    time: Time,
    each: F,
}

impl<F: FnMut(&Entry<'_>)> Out<'_, F> {
    fn record(&mut self, bytes: &[u8]) {
        *self.records += 1;
        (self.each)(&Entry {
            number: *self.records,
            time: self.time,
            link: Some(Link::Ethernet),
            bytes,
            wire_len: bytes.len(),
            comments: &[],
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::build::Endpoints;
    use crate::live::Handshakes;
    use crate::stream::{Captured, Event, Limits, Moment, Sink, Streams};

    /// Types and connections of packets, with the message they are part of, and events.
    #[derive(Default)]
    struct Heard {
        packets: Vec<(u8, SocketAddr, Option<u64>)>,
        events: Vec<Event>,
        handshakes: Handshakes,
    }

    impl Sink for Heard {
        fn packet(&mut self, packet: &Captured<'_>) {
            let number = self.packets.len() as u64;
            let message = self.handshakes.message_of(packet, number);
            self.packets.push((packet.bytes[0] >> 4, packet.info.sender(packet.direction), message));
        }

        fn event(&mut self, _: &Moment<'_>, event: Event) {
            self.events.push(event);
        }
    }

    /// What the streams make of what happened to one connection.
    fn heard(endpoints: Endpoints, whats: Vec<What>) -> Heard {
        let (mut recorder, mut streams) = (Recorder::default(), Streams::new(&[1883], Limits::default()));
        let mut heard = Heard::default();
        for (second, what) in (0..).zip([vec![What::Opened(endpoints)], whats].concat()) {
            let happening = Happening { connection: 7, time: Time::new(second, 0), what };
            recorder.take(&happening, |entry| streams.take(entry, &mut heard));
        }
        streams.finish(&mut heard);
        heard
    }

    fn passed(from: Side, hex: &str) -> What {
        What::Passed { from, left_out: 0, bytes: hex::decode(hex.replace(' ', "")).unwrap() }
    }

    #[test]
    fn what_passed_is_understood_and_messages_have_their_packets() {
        use Side::{Client, Server};
        let heard = heard(
            Endpoints::default(),
            vec![
                passed(Client, "10 0c 00044d515454 04 02 003c 0000"),
                passed(Server, "20 02 00 00"),
                // Its first half, and the rest with another packet.
                passed(Client, "34 06 0001"),
                passed(Client, "61 0005 78  c0 00"),
                passed(Server, "50 02 0005"),
                passed(Client, "62 02 0005"),
                // The same identifier the other way is another message.
                passed(Server, "32 05 0001 61 0005"),
                passed(Client, "40 02 0005"),
                passed(Server, "70 02 0005"),
                What::Finished(Client),
                What::Finished(Client),
                What::Aborted(Server),
                What::Closed,
            ],
        );
        let packets: Vec<_> = heard.packets.iter().map(|(kind, _, message)| (*kind, *message)).collect();
        let none = |kind| (kind, None);
        let of = |kind, message| (kind, Some(message));
        let expected =
            [none(1), none(2), of(3, 2), none(12), of(5, 2), of(6, 2), of(3, 6), of(4, 6), of(7, 2)];
        assert_eq!(packets, expected);
        let events = heard.events.as_slice();
        assert!(
            matches!(events, [Event::Finished, Event::Reset, Event::Closed { forgotten: false, .. }]),
            "{events:?}"
        );
    }

    #[test]
    fn what_was_left_out_is_a_gap_that_is_said() {
        let mut pings = vec![passed(Side::Client, "10 0c 00044d515454 04 02 003c 0000")];
        pings.push(passed(Side::Client, "c0 00"));
        pings.push(What::Passed { from: Side::Client, left_out: 500, bytes: vec![0xC0, 0, 0xE0, 0] });
        let heard = heard(Endpoints::default(), pings);
        assert!(heard.events.contains(&Event::Lost(500)), "{:?}", heard.events);
        assert_eq!(heard.packets.first().unwrap().0, 1);
    }

    #[test]
    fn ends_of_different_families_are_both_written_as_ipv6() {
        let endpoints = Endpoints {
            client: "192.0.2.1:50000".parse().unwrap(),
            server: "[2001:db8::1]:1883".parse().unwrap(),
        };
        let heard = heard(endpoints, vec![passed(Side::Client, "c0 00")]);
        assert_eq!(heard.packets[0].1, "[::ffff:192.0.2.1]:50000".parse().unwrap());
    }

    #[test]
    fn long_data_are_split_and_acknowledged() {
        let (mut recorder, mut lens) = (Recorder::default(), Vec::new());
        let whats = [
            What::Opened(Endpoints::default()),
            What::Passed { from: Side::Server, left_out: 0, bytes: vec![0; SEGMENT + 1] },
        ];
        for what in whats {
            let happening = Happening { connection: 0, time: Time::default(), what };
            recorder.take(&happening, |entry| lens.push(entry.bytes.len()));
        }
        let headers = 14 + 20 + 20;
        assert_eq!(lens, [headers, headers, headers, headers + SEGMENT, headers, headers + 1]);
    }
}
