//! More messages than there are Packet Identifiers, against a server that holds some of them for ever.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use mqtt_codec::{Connack, Decoded, Decoder, Packet, PacketId, QoS, Side};

use crate::command::{PATIENCE, Running, mqtt, text};

const LINES: usize = 70_000;

/// What the server saw.
#[derive(Default)]
struct Seen {
    payloads: Vec<Vec<u8>>,
    /// Identifiers that are not completely acknowledged, with the number of their message.
    open: BTreeMap<PacketId, usize>,
    /// Those whose acknowledgement is on its way.
    answered: Vec<PacketId>,
    most_open: usize,
    connections: usize,
    /// Messages that have to be sent again before anything new, in their order.
    again: VecDeque<usize>,
    resent: usize,
    disconnected: bool,
}

/// Acknowledges everything but the messages `held`, which it does when all others have come. Connections are cut when these
/// many messages have come: what came last is not answered.
fn serve(listener: &TcpListener, held: &[usize], cuts: &[usize]) -> Seen {
    let mut seen = Seen::default();
    let mut cuts = cuts.iter().copied();
    while !seen.disconnected {
        let (stream, _) = listener.accept().unwrap();
        seen.connections += 1;
        seen.converse(stream, held, cuts.next());
    }
    seen
}

impl Seen {
    /// One connection.
    fn converse(&mut self, mut stream: TcpStream, held: &[usize], cut: Option<usize>) {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let decoder = Decoder::new().sent_by(Side::Client);
        let mut buffer = vec![];
        let mut block = vec![0; 1 << 16];
        let mut is_cut = false;
        while !self.disconnected {
            // Our end is closed first, so that the client has all answers; what it still sends is not answered.
            let count =
                if is_cut { stream.read(&mut block).unwrap_or(0) } else { stream.read(&mut block).unwrap() };
            if count == 0 && is_cut {
                return;
            }
            assert!(count > 0, "closed without DISCONNECT");
            buffer.extend_from_slice(&block[..count]);
            let (mut at, mut answers) = (0, vec![]);
            while let Decoded::Packet(packet, len) = decoder.decode(&buffer[at..]).unwrap() {
                at += len;
                self.handle(packet, held, &mut answers);
            }
            buffer.drain(..at);
            if !is_cut && cut.is_some_and(|cut| cut <= self.payloads.len()) {
                is_cut = true;
                stream.shutdown(Shutdown::Write).unwrap();
            }
            if is_cut {
                self.answered.clear();
                continue;
            }
            stream.write_all(&answers).unwrap();
            for id in self.answered.drain(..) {
                self.open.remove(&id);
            }
        }
    }

    fn handle(&mut self, packet: Packet<'_>, held: &[usize], answers: &mut Vec<u8>) {
        let mut answer = |packet: Packet<'_>| {
            packet.encode_to(answers).unwrap();
        };
        match packet {
            Packet::Connect(_) => {
                let session_present = self.connections > 1;
                answer(Packet::Connack(Connack::Accepted { session_present }));
                self.again = self.open.values().copied().collect();
                self.again.make_contiguous().sort_unstable();
            }
            Packet::Publish(publish) => {
                let Some(id) = publish.delivery.packet_id() else {
                    return self.payloads.push(publish.payload.to_vec());
                };
                let number = if publish.delivery.dup() {
                    let number = self.open[&id];
                    self.sent_again(number);
                    assert_eq!(publish.payload, self.payloads[number], "{id} is another message");
                    number
                } else {
                    assert!(self.again.is_empty(), "{:?} go out first", self.again);
                    let number = self.payloads.len();
                    self.payloads.push(publish.payload.to_vec());
                    let before = self.open.insert(id, number);
                    assert_eq!(before, None, "{id} is in use");
                    number
                };
                self.most_open = self.most_open.max(self.open.len());
                let is_qos_1 = publish.delivery.qos() == QoS::AtLeastOnce;
                let mut acknowledge = |id| {
                    answer(if is_qos_1 { Packet::Puback(id) } else { Packet::Pubrec(id) });
                    self.answered.extend(is_qos_1.then_some(id));
                };
                let is_late = self.payloads.len() == LINES;
                if !held.contains(&number) || (is_late && publish.delivery.dup()) {
                    acknowledge(id);
                }
                if is_late && !publish.delivery.dup() {
                    let is_held = |(id, number): (&PacketId, &usize)| held.contains(number).then_some(*id);
                    let late: Vec<_> = self.open.iter().filter_map(is_held).collect();
                    assert_eq!(late.len(), held.len());
                    late.into_iter().for_each(acknowledge);
                }
            }
            Packet::Pubrel(id) => {
                let number = self.open[&id];
                if !self.again.is_empty() {
                    self.sent_again(number);
                }
                self.answered.push(id);
                answer(Packet::Pubcomp(id));
            }
            Packet::Disconnect => self.disconnected = true,
            Packet::Pingreq => answer(Packet::Pingresp),
            other => panic!("{other}"),
        }
    }

    fn sent_again(&mut self, number: usize) {
        assert_eq!(self.again.pop_front(), Some(number), "what is sent again keeps its order");
        self.resent += 1;
    }
}

#[track_caller]
fn seventy_thousand(qos: &str, held: &[usize], cuts: &[usize]) -> Seen {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut arguments = vec!["pub", "-h", "127.0.0.1", "-p", &port, "-i", "a", "-t", "t", "-l", "-q", qos];
    if !cuts.is_empty() {
        arguments.extend(["-c", "--quiet"]);
    }
    let mut running = Running::start(&mut mqtt(&arguments));
    let input = (0..LINES).fold(String::new(), |mut input, n| {
        writeln!(input, "{n}").unwrap();
        input
    });
    let seen = std::thread::scope(|scope| {
        let server = scope.spawn(|| serve(&listener, held, cuts));
        running.write(input.as_bytes());
        running.end_input();
        server.join().unwrap()
    });
    let output = running.wait();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let lines: Vec<_> = seen.payloads.iter().map(|payload| text(payload)).collect();
    assert!(lines.iter().eq(input.lines()), "each line once and in order");
    assert!(seen.open.is_empty() && seen.most_open <= 20, "{} open", seen.most_open);
    assert_eq!(seen.connections, 1 + cuts.len());
    seen
}

#[test]
fn seventy_thousand_lines_at_qos_0() {
    seventy_thousand("0", &[], &[]);
}

#[test]
fn seventy_thousand_lines_at_qos_1_with_identifiers_that_stay_in_use() {
    seventy_thousand("1", &[0, 1, 776, 65_534], &[]);
}

#[test]
fn seventy_thousand_lines_at_qos_2_with_identifiers_that_stay_in_use() {
    seventy_thousand("2", &[0, 999, 65_534], &[]);
}

/// Just before the last identifier, among those around it, and behind it; the first message is in flight all the time.
const CUTS: [usize; 5] = [60_000, 65_530, 65_540, 65_541, 66_000];

#[test]
fn identifiers_at_qos_1_wrap_around_over_connections_that_are_cut() {
    let seen = seventy_thousand("1", &[0, 776, 65_534], &CUTS);
    assert!(seen.resent >= 2 * CUTS.len(), "{} sent again", seen.resent);
}

#[test]
fn identifiers_at_qos_2_wrap_around_over_connections_that_are_cut() {
    let seen = seventy_thousand("2", &[0, 776, 65_534], &CUTS);
    assert!(seen.resent >= 2 * CUTS.len(), "{} sent again", seen.resent);
}
