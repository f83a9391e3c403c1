//! A server that acknowledges, and sends what it is asked for: no sessions, no subscriptions, no checks.
//!
//! A subscription to `send/QOS/COUNT/WINDOW` is answered with so many messages, at most so many of them unacknowledged;
//! when all are acknowledged, one more at QoS 0 ends them.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use mqtt_codec::{Connack, Decoded, Decoder, Delivery, Packet, PacketId, Publish, QoS, Side, TopicName};

use super::{PAYLOAD, TOPIC};

/// What is read at a time.
const READ_LEN: usize = 256 * 1_024;
/// What is written at a time, about.
const WRITE_LEN: usize = 64 * 1_024;

/// Serves any number of connections on any port, which `ready` is told.
///
/// # Errors
/// There is no port.
pub fn serve(ready: impl FnOnce(u16)) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    ready(listener.local_addr()?.port());
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        // A client that goes away ends its thread; what it should not have sent is worth knowing.
        let work = move || match converse(stream) {
            Err(error) if error.kind() == io::ErrorKind::Other => eprintln!("server: {error}"),
            _ => {}
        };
        thread::Builder::new().stack_size(64 * 1_024).spawn(work)?;
    }
    Ok(())
}

fn converse(mut stream: TcpStream) -> io::Result<()> {
    let decoder = Decoder::new().sent_by(Side::Client);
    let mut received = vec![0; READ_LEN];
    let mut filled = 0;
    let mut answers = Vec::with_capacity(READ_LEN);
    let mut sending = None;
    loop {
        let count = stream.read(received.get_mut(filled..).unwrap_or_default())?;
        if count == 0 {
            return Ok(());
        }
        filled += count;
        let mut rest = received.get(..filled).unwrap_or_default();
        while let Decoded::Packet(packet, len) = decoder.decode(rest).map_err(io::Error::other)? {
            answer(&packet, &mut answers, &mut sending);
            rest = rest.get(len..).unwrap_or_default();
        }
        let left = rest.len();
        received.copy_within(filled - left..filled, 0);
        filled = left;
        stream.write_all(&answers)?;
        answers.clear();
        while let Some(more) = sending.as_mut().filter(|sending: &&mut Sending| sending.may_send()) {
            more.send(&mut answers);
            stream.write_all(&answers)?;
            answers.clear();
        }
    }
}

fn answer(packet: &Packet<'_>, answers: &mut Vec<u8>, sending: &mut Option<Sending>) {
    let reply = match packet {
        Packet::Connect(_) => Packet::Connack(Connack::Accepted { session_present: false }),
        Packet::Publish(publish) => match publish.delivery {
            Delivery::AtMostOnce => return,
            Delivery::AtLeastOnce { packet_id, .. } => Packet::Puback(packet_id),
            Delivery::ExactlyOnce { packet_id, .. } => Packet::Pubrec(packet_id),
        },
        Packet::Pubrel(id) => Packet::Pubcomp(*id),
        Packet::Pubrec(id) => Packet::Pubrel(*id),
        // Also in answer to QoS 2, by a client that does not know better.
        Packet::Puback(_) | Packet::Pubcomp(_) => return acknowledged(sending),
        Packet::Subscribe(subscribe) => {
            let first = subscribe.subscriptions.iter().next();
            *sending = first.and_then(|(filter, _)| Sending::asked(filter.as_str()));
            let id = subscribe.packet_id.get().to_be_bytes();
            return answers.extend_from_slice(&[0x90, 3, id[0], id[1], 0]);
        }
        Packet::Pingreq => Packet::Pingresp,
        _ => return,
    };
    let _ = reply.encode_to(answers);
}

fn acknowledged(sending: &mut Option<Sending>) {
    if let Some(sending) = sending {
        sending.in_flight -= 1;
    }
}

/// What a subscription asked for.
struct Sending {
    qos: QoS,
    left: usize,
    in_flight: usize,
    window: usize,
    next_id: PacketId,
    ended: bool,
}

impl Sending {
    fn asked(filter: &str) -> Option<Self> {
        let mut words = filter.strip_prefix("send/")?.split('/').map(|word| word.parse::<usize>().ok());
        let mut next = || words.next().flatten();
        Some(Self {
            qos: QoS::try_from(u8::try_from(next()?).ok()?).ok()?,
            left: next()?,
            window: next()?,
            in_flight: 0,
            next_id: PacketId::MIN,
            ended: false,
        })
    }

    fn may_send(&self) -> bool {
        if self.left == 0 { !self.ended && self.in_flight == 0 } else { self.in_flight < self.window }
    }

    /// Some of what may be sent.
    fn send(&mut self, out: &mut Vec<u8>) {
        while self.may_send() && out.len() < WRITE_LEN {
            let packet_id = self.next_id;
            let delivery = match self.qos {
                _ if self.left == 0 => Delivery::AtMostOnce,
                QoS::AtMostOnce => Delivery::AtMostOnce,
                QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup: false },
                QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup: false },
            };
            if delivery != Delivery::AtMostOnce {
                self.next_id = packet_id.next();
                self.in_flight += 1;
            }
            self.ended = self.left == 0;
            self.left = self.left.saturating_sub(1);
            let topic = TopicName::new(TOPIC).expect("it is one");
            let publish = Publish { delivery, retain: false, topic, payload: PAYLOAD };
            Packet::from(publish).encode_to(out).expect("it can be encoded");
        }
    }
}
