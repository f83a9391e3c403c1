//! The client's session, ours alone: turns of many messages, as a driver has them, without I/O and without a store.

use std::any::Any;
use std::hint::black_box;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use mqtt_client::session::{Event, Outbox, Outcome, Session, Tag};
use mqtt_client::{Message, SessionOptions, TopicNameBuf};
use mqtt_codec::{Connack, Delivery, Packet, PacketId, Publish, QoS, TopicName};

use crate::measure::Prepared;
use crate::workloads as w;

/// Messages in a turn.
pub const TURN: u16 = 100;

/// So many turns of messages to the Server: published, written, acknowledged, and each outcome taken.
pub fn publish(turns: usize, qos: QoS) -> Prepared {
    let mut connection = Connection::new();
    let message = Message::to(topic(), w::PAYLOAD_64.as_slice()).qos(qos);
    // The session takes identifiers in their order.
    let mut ids = identifiers();
    let answers: Vec<[Vec<u8>; 2]> = (0..turns)
        .map(|_| {
            let ids: Vec<_> = ids.by_ref().take(TURN.into()).collect();
            match qos {
                QoS::AtMostOnce => [vec![], vec![]],
                QoS::AtLeastOnce => [packets(&ids, Packet::Puback), vec![]],
                QoS::ExactlyOnce => [packets(&ids, Packet::Pubrec), packets(&ids, Packet::Pubcomp)],
            }
        })
        .collect();
    Box::new(move || {
        for answers in &answers {
            for tag in 0..u32::from(TURN) {
                let message = black_box(&message).clone();
                connection.session.publish(message, Some(Tag(tag))).expect("there is room");
            }
            connection.write();
            for answer in answers {
                connection.read(answer);
                connection.write();
            }
            for _ in 0..TURN {
                let event = connection.session.poll_event();
                assert!(matches!(event, Some(Event::Published { outcome: Outcome::Delivered, .. })));
            }
        }
        Box::new(connection) as Box<dyn Any>
    })
}

/// So many turns of messages from the Server: read, taken and acknowledged.
pub fn receive(turns: usize, qos: QoS) -> Prepared {
    let mut connection = Connection::new();
    let ids: Vec<_> = identifiers().take(TURN.into()).collect();
    let topic = TopicName::new(w::TOPIC).expect("a topic name");
    let publish = |packet_id| {
        let delivery = match qos {
            QoS::AtMostOnce => Delivery::AtMostOnce,
            QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup: false },
            QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup: false },
        };
        Packet::Publish(Publish { delivery, ..Publish::at_most_once(topic, &w::PAYLOAD_64) })
    };
    let messages = packets(&ids, publish);
    let pubrels = if qos == QoS::ExactlyOnce { packets(&ids, Packet::Pubrel) } else { vec![] };
    Box::new(move || {
        for _ in 0..turns {
            connection.read(black_box(&messages));
            let arrivals = connection.session.take_arrivals();
            assert_eq!(arrivals.len(), usize::from(TURN), "each message is there");
            connection.write();
            connection.read(&pubrels);
            connection.write();
        }
        Box::new(connection) as Box<dyn Any>
    })
}

fn topic() -> TopicNameBuf {
    TopicNameBuf::from_static(w::TOPIC).expect("a topic name")
}

fn identifiers() -> impl Iterator<Item = PacketId> {
    (1..=u16::MAX).filter_map(PacketId::new)
}

/// One packet for each identifier.
fn packets<'a>(ids: &[PacketId], packet: impl Fn(PacketId) -> Packet<'a>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for id in ids {
        let packet = packet(*id);
        let start = bytes.len();
        bytes.resize(start + packet.encoded_len().expect("short enough"), 0);
        packet.encode(bytes.get_mut(start..).unwrap_or_default()).expect("there is room");
    }
    bytes
}

/// A session that is online, and its buffers.
struct Connection {
    session: Session,
    now: Instant,
    received: BytesMut,
    outbox: Outbox,
}

impl Connection {
    fn new() -> Self {
        let session = Session::new(SessionOptions::new("bench").in_flight(TURN)).expect("good options");
        let (received, outbox) = (BytesMut::with_capacity(64 << 10), Outbox::default());
        let mut connection = Self { session, now: Instant::now(), received, outbox };
        connection.session.connection_opened(connection.now);
        connection.write();
        let mut connack = [0; 4];
        let accepted = Packet::Connack(Connack::Accepted { session_present: false });
        accepted.encode(&mut connack).expect("there is room");
        connection.read(&connack);
        assert!(matches!(connection.session.poll_event(), Some(Event::Connected { .. })));
        connection
    }

    fn read(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        self.session.handle_bytes(self.now, &mut self.received).expect("a Server that keeps the rules");
        assert!(self.received.is_empty(), "all of it is taken");
    }

    fn write(&mut self) {
        while self.session.wants_to_send() {
            self.session.take_outbox(&mut self.outbox);
            let len = self.outbox.remaining();
            self.outbox.advance(len);
            self.session.written(self.now, len);
            self.session.send_waiting();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_turn_is_complete() {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            for prepared in [publish(3, qos), receive(3, qos)] {
                let connection = prepared().downcast::<Connection>().expect("what was left behind");
                assert!(connection.session.is_drained() && !connection.session.awaits_pubrel(), "{qos:?}");
            }
        }
    }
}
