//! What a side did against which the other has to close, and whether it does.

use mqtt_codec::{Packet, PacketId, PacketType, Side};

use super::connection::{Connection, index, other};
use super::say::error;
use super::{At, Context, Listener};
use crate::fixed_header;

/// What obliges the other side to close.
#[derive(Clone, Copy, Debug)]
pub(super) struct Violation {
    by: Side,
    at: At,
    clause: &'static str,
    /// What an answer to it would be, with the Packet Identifier.
    answer: Option<(PacketType, u16)>,
    /// That the other side went on has been said.
    said: bool,
}

impl Connection {
    /// A side did, by this packet, what obliges the other to close.
    pub(super) fn violate(&mut self, by: Side, at: At, clause: &'static str, packet: &[u8]) {
        self.violation.get_or_insert(Violation { by, at, clause, answer: answer_to(packet), said: false });
    }

    /// Answers to a violation, and to what came behind it, show that the other side did not close; `true` for the first.
    pub(super) fn went_on(
        &mut self,
        side: Side,
        packet: &Packet<'_>,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) -> bool {
        let Some(violation) = self.violation.filter(|violation| violation.by != side && !violation.said)
        else {
            return false;
        };
        let id = packet.packet_id().map_or(0, PacketId::get);
        let answers_it = violation.answer == Some((packet.packet_type(), id));
        let request = self.answered_by(side, packet).filter(|request| request.frame > violation.at.frame);
        let Some(request) = request.or(answers_it.then_some(violation.at)) else { return false };
        self.violation = Some(Violation { said: true, ..violation });
        let message =
            format!("the {side} goes on behind a violation by the {}, instead of closing", violation.by);
        let frames = [violation.at.frame, request.frame, at.frame];
        error("went_on", side, message).against(&[violation.clause]).tell(&frames, at, cx);
        request == violation.at
    }

    /// When the packet that this one answers was sent.
    fn answered_by(&self, side: Side, packet: &Packet<'_>) -> Option<At> {
        let theirs = self.deliveries.get(index(other(side)))?;
        match packet {
            Packet::Puback(id) | Packet::Pubrec(id) => theirs.began(*id),
            Packet::Suback(suback) => self.requests.began(suback.packet_id),
            Packet::Unsuback(id) => self.requests.began(*id),
            Packet::Pingresp => self.requests.pings.back().copied(),
            _ => None,
        }
    }
}

/// The statement by which a receiver of this malformed packet closes.
pub(super) fn clause_of_malformed(bytes: &[u8]) -> &'static str {
    match mqtt_codec::Packet::decode(bytes) {
        Err(error) if matches!(error.fault, mqtt_codec::Fault::WrongFlags(_)) => "MQTT-2.2.2-2",
        _ => "MQTT-4.8.0-1",
    }
}

/// The packet that answers a malformed request as if it was well-formed, and its Packet Identifier.
fn answer_to(packet: &[u8]) -> Option<(PacketType, u16)> {
    let (first, _, body_at) = fixed_header::read(packet)?;
    let body = packet.get(body_at..)?;
    let id = |at: usize| Some(u16::from_be_bytes(*body.get(at..)?.first_chunk()?));
    Some(match PacketType::of_first_byte(first)? {
        PacketType::Subscribe => (PacketType::Suback, id(0)?),
        PacketType::Unsubscribe => (PacketType::Unsuback, id(0)?),
        PacketType::Pingreq => (PacketType::Pingresp, 0),
        PacketType::Pubrel => (PacketType::Pubcomp, id(0)?),
        PacketType::Publish => {
            let id = id(2 + usize::from(id(0)?))?;
            if first & 0x06 == 0x02 { (PacketType::Puback, id) } else { (PacketType::Pubrec, id) }
        }
        _ => return None,
    })
}
