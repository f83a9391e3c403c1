//! More messages than there are Packet Identifiers, against a server that holds some of them for ever.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use mqtt_codec::{Connack, Decoded, Decoder, Packet, PacketId, QoS, Side};

use crate::command::{PATIENCE, Running, mqtt, text};

const LINES: usize = 70_000;

/// What the server saw.
#[derive(Default)]
struct Seen {
    payloads: Vec<Vec<u8>>,
    /// Identifiers that are not completely acknowledged, with the number of their message.
    open: BTreeMap<PacketId, usize>,
    most_open: usize,
    disconnected: bool,
}

/// Acknowledges everything but the messages `held`, which it does when all others have come.
fn serve(mut stream: TcpStream, held: &[usize]) -> Seen {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let decoder = Decoder::new().sent_by(Side::Client);
    let mut seen = Seen::default();
    let mut buffer = vec![];
    let mut block = vec![0; 1 << 16];
    while !seen.disconnected {
        let count = stream.read(&mut block).unwrap();
        assert!(count > 0, "closed without DISCONNECT");
        buffer.extend_from_slice(&block[..count]);
        let (mut at, mut answers) = (0, vec![]);
        while let Decoded::Packet(packet, len) = decoder.decode(&buffer[at..]).unwrap() {
            at += len;
            seen.handle(packet, held, &mut answers);
        }
        buffer.drain(..at);
        stream.write_all(&answers).unwrap();
    }
    seen
}

impl Seen {
    fn handle(&mut self, packet: Packet<'_>, held: &[usize], answers: &mut Vec<u8>) {
        let mut answer = |packet: Packet<'_>| {
            packet.encode_to(answers).unwrap();
        };
        match packet {
            Packet::Connect(_) => answer(Packet::Connack(Connack::Accepted { session_present: false })),
            Packet::Publish(publish) => {
                let number = self.payloads.len();
                self.payloads.push(publish.payload.to_vec());
                let Some(id) = publish.delivery.packet_id() else { return };
                assert!(!publish.delivery.dup());
                let before = self.open.insert(id, number);
                assert_eq!(before, None, "{id} is in use");
                self.most_open = self.most_open.max(self.open.len());
                let acknowledgement = |id| match publish.delivery.qos() {
                    QoS::AtLeastOnce => Packet::Puback(id),
                    _ => Packet::Pubrec(id),
                };
                if !held.contains(&number) {
                    answer(acknowledgement(id));
                    if publish.delivery.qos() == QoS::AtLeastOnce {
                        self.open.remove(&id);
                    }
                }
                if self.payloads.len() == LINES {
                    let late: Vec<_> = self
                        .open
                        .iter()
                        .filter(|(_, number)| held.contains(number))
                        .map(|(id, _)| *id)
                        .collect();
                    assert_eq!(late.len(), held.len());
                    late.into_iter().for_each(|id| answer(acknowledgement(id)));
                }
            }
            Packet::Pubrel(id) => {
                assert!(self.open.remove(&id).is_some(), "{id} is not in use");
                answer(Packet::Pubcomp(id));
            }
            Packet::Disconnect => self.disconnected = true,
            Packet::Pingreq => answer(Packet::Pingresp),
            other => panic!("{other}"),
        }
    }
}

#[track_caller]
fn seventy_thousand(qos: &str, held: &[usize]) -> Seen {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let arguments = ["pub", "-h", "127.0.0.1", "-p", &port, "-i", "a", "-t", "t", "-l", "-q", qos];
    let mut running = Running::start(&mut mqtt(&arguments));
    let input = (0..LINES).fold(String::new(), |mut input, n| {
        writeln!(input, "{n}").unwrap();
        input
    });
    let seen = std::thread::scope(|scope| {
        let server = scope.spawn(|| serve(listener.accept().unwrap().0, held));
        running.write(input.as_bytes());
        running.end_input();
        server.join().unwrap()
    });
    let output = running.wait();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let lines: Vec<_> = seen.payloads.iter().map(|payload| text(payload)).collect();
    assert!(lines.iter().eq(input.lines()), "each line once and in order");
    seen
}

#[test]
fn seventy_thousand_lines_at_qos_0() {
    seventy_thousand("0", &[]);
}

#[test]
fn seventy_thousand_lines_at_qos_1_with_identifiers_that_stay_in_use() {
    let seen = seventy_thousand("1", &[0, 1, 776, 65_534]);
    assert!(seen.open.len() == 4 && seen.most_open <= 20, "{} open", seen.most_open);
}

#[test]
fn seventy_thousand_lines_at_qos_2_with_identifiers_that_stay_in_use() {
    let seen = seventy_thousand("2", &[0, 999, 65_534]);
    assert!(seen.open.is_empty() && seen.most_open <= 20, "{} open", seen.most_open);
}
