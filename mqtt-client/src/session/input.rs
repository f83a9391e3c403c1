//! Bytes from the Server, to packets, to what they mean.

use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use mqtt_codec::{Connack, Decoded, Delivery, Packet, PacketId, PacketType, Publish, Suback, TopicNameBuf};

use crate::message::Message;
use crate::session::event::{Arrival, ConnectionError, Violation};
use crate::session::incoming::Verdict;
use crate::session::outgoing::Exchange;
use crate::session::requests::{Asked, Request, check_suback};
use crate::session::{Phase, Session};

impl Session {
    /// Takes all whole packets off the front of what was received. What is left is the beginning of one that is not
    /// whole; more bytes are to be appended to it. Messages share the memory of `received`.
    ///
    /// # Errors
    /// The connection has to end. What stood before the fault was done.
    pub fn handle_bytes(&mut self, now: Instant, received: &mut BytesMut) -> Result<(), ConnectionError> {
        self.keep_alive.received(now);
        // Nothing of an acknowledgement is kept: as long as nothing else comes, the buffer is not shared.
        let mut at = 0;
        let result = loop {
            match self.decoder.decode(received.get(at..).unwrap_or_default()) {
                Ok(Decoded::Packet(Packet::Publish(_), _)) => {
                    received.advance(at);
                    return self.handle_messages(received);
                }
                Ok(Decoded::Packet(packet, len)) => {
                    at += len;
                    if let Err(error) = self.handle_packet(packet) {
                        break Err(error);
                    }
                }
                Ok(Decoded::NeedMore { .. }) => break Ok(()),
                Err(error) => break Err(Violation::Malformed(error).into()),
            }
        };
        received.advance(at);
        result
    }

    /// The same, with messages among the packets.
    fn handle_messages(&mut self, received: &mut BytesMut) -> Result<(), ConnectionError> {
        let mut frame = received.split().freeze();
        let mut at = 0;
        let result = loop {
            let rest = frame.get(at..).unwrap_or_default();
            match self.decoder.decode(rest) {
                // Most are messages, so these go straight there.
                Ok(Decoded::Packet(Packet::Publish(publish), len)) if self.phase == Phase::Online => {
                    at += len;
                    if let Err(violation) = self.handle_publish(&publish, &frame) {
                        break Err(violation.into());
                    }
                }
                Ok(Decoded::Packet(packet, len)) => {
                    at += len;
                    if let Err(error) = self.handle_packet(packet) {
                        break Err(error);
                    }
                }
                Ok(Decoded::NeedMore { .. }) => break Ok(()),
                Err(error) => break Err(Violation::Malformed(error).into()),
            }
        };
        let rest = frame.split_off(at);
        if rest.is_empty() {
            // What is left of the buffer would keep all of it in memory.
            *received = BytesMut::new();
        } else {
            received.extend_from_slice(&rest);
        }
        result
    }

    /// One packet, and no message of an accepted connection.
    #[inline]
    fn handle_packet(&mut self, packet: Packet<'_>) -> Result<(), ConnectionError> {
        match self.phase {
            Phase::Online => {}
            Phase::Connecting(_) => return self.first_packet(&packet),
            // Nothing that comes now matters.
            Phase::Offline | Phase::Disconnected => return Ok(()),
        }
        match packet {
            Packet::Puback(id) => self.acknowledged(PacketType::Puback, id)?,
            Packet::Pubrec(id) => self.acknowledged(PacketType::Pubrec, id)?,
            Packet::Pubcomp(id) => self.acknowledged(PacketType::Pubcomp, id)?,
            Packet::Pubrel(id) => self.incoming.pubrel(id, &mut self.fx)?,
            Packet::Suback(suback) => self.handle_suback(&suback)?,
            Packet::Unsuback(id) => self.handle_unsuback(id)?,
            Packet::Pingresp => self.keep_alive.pingresp(),
            Packet::Connack(_) => return Err(Violation::SecondConnack.into()),
            // Messages do not come here, and the decoder refuses what only Clients send.
            Packet::Publish(_)
            | Packet::Connect(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::Pingreq
            | Packet::Disconnect => {}
        }
        Ok(())
    }

    /// The first packet has to be CONNACK [MQTT-3.2.0-1].
    fn first_packet(&mut self, packet: &Packet<'_>) -> Result<(), ConnectionError> {
        self.is_unanswered &= !matches!(packet, Packet::Connack(_));
        match packet {
            Packet::Connack(Connack::Accepted { session_present }) => Ok(self.connected(*session_present)?),
            Packet::Connack(Connack::Refused(code)) => Err(ConnectionError::Refused(*code)),
            other => Err(Violation::NotConnack(other.packet_type()).into()),
        }
    }

    #[inline]
    fn handle_publish(&mut self, publish: &Publish<'_>, frame: &Bytes) -> Result<(), Violation> {
        let acknowledgement = match publish.delivery {
            Delivery::AtMostOnce => None,
            delivery => match self.incoming.publish(delivery, &mut self.fx)? {
                Verdict::HandOver(acknowledgement) => acknowledgement,
                Verdict::Duplicate => return Ok(()),
            },
        };
        let message = Message {
            topic: TopicNameBuf::part_of(frame, publish.topic),
            payload: part_of(frame, publish.payload),
            qos: publish.delivery.qos(),
            retain: publish.retain,
        };
        // Retained ones come with each subscription that is made again.
        self.fx.has_served |= !publish.retain;
        let (dup, packet_id) = (publish.delivery.dup(), publish.delivery.packet_id());
        self.arrivals.push_back(Arrival { message, dup, packet_id, acknowledgement });
        Ok(())
    }

    #[inline]
    fn acknowledged(&mut self, received: PacketType, packet_id: PacketId) -> Result<(), Violation> {
        self.outgoing.acknowledge(received, packet_id, &mut self.fx)?;
        self.identifier_freed();
        Ok(())
    }

    /// What waited for room in flight can go on.
    #[inline]
    fn identifier_freed(&mut self) {
        self.make_subscriptions_again();
        self.outgoing.send_waiting(&mut self.fx);
    }

    fn handle_suback(&mut self, suback: &Suback<'_>) -> Result<(), Violation> {
        let packet_id = suback.packet_id;
        // Checked first: after a wrong answer the question stands, and goes out again on the next connection.
        if let Asked::Subscribe(_, filters) = &self.request(PacketType::Suback, packet_id)?.asked {
            check_suback(suback, filters)?;
        }
        if let Some(Asked::Subscribe(tag, filters)) = self.outgoing.take_request(packet_id) {
            self.granted.subscribed(suback, tag, filters, &mut self.fx);
        }
        self.identifier_freed();
        Ok(())
    }

    fn handle_unsuback(&mut self, packet_id: PacketId) -> Result<(), Violation> {
        self.request(PacketType::Unsuback, packet_id)?;
        if let Some(Asked::Unsubscribe(tag, filters)) = self.outgoing.take_request(packet_id) {
            self.granted.unsubscribed(tag, &filters, &mut self.fx);
        }
        self.identifier_freed();
        Ok(())
    }

    /// The request that this packet answers.
    fn request(&self, received: PacketType, packet_id: PacketId) -> Result<&Request, Violation> {
        match self.outgoing.exchanges.get(packet_id) {
            None => Err(Violation::NothingAsked { received, packet_id }),
            Some(Exchange::Request(request)) if request.awaited() == received => Ok(request),
            Some(other) => {
                Err(Violation::WrongAcknowledgement { received, packet_id, expected: other.awaited() })
            }
        }
    }
}

/// The payload, which lies in these bytes, with a share in their memory.
#[inline]
fn part_of(frame: &Bytes, payload: &[u8]) -> Bytes {
    let start = (payload.as_ptr() as usize).wrapping_sub(frame.as_ptr() as usize);
    match start.checked_add(payload.len()) {
        Some(end) if end <= frame.len() => frame.slice(start..end),
        _ => Bytes::copy_from_slice(payload),
    }
}
