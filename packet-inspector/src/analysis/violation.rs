//! What a side did against which the other has to close, and whether it does.

use mqtt_codec::{Packet, PacketId, PacketType, Side};

use super::connection::{Connection, index, other};
use super::delivery::Deliveries;
use super::say::error;
use super::{At, Context, Listener, PATIENCE};
use crate::fixed_header;

/// What obliges the other side to close.
#[derive(Clone, Debug)]
pub(super) struct Violation {
    by: Side,
    at: At,
    clause: &'static str,
    /// What an answer to it would be, with the Packet Identifier.
    answer: Option<(PacketType, u16)>,
    /// Answers that are due to what came before it in the same record.
    due: Vec<(PacketType, u16)>,
    /// That the other side went on has been said.
    said: bool,
}

impl Violation {
    /// Says that the other side did not close: it sent something that answers what began there.
    fn tell(&mut self, began: At, at: At, cx: &mut Context<'_, impl Listener>) {
        self.said = true;
        let side = other(self.by);
        let message = format!("the {side} goes on behind a violation by the {}, instead of closing", self.by);
        let frames = [self.at.frame, began.frame, at.frame];
        error("went_on", side, message).against(&[self.clause]).tell(&frames, at, cx);
    }
}

impl Connection {
    /// A side did, by this packet, what obliges the other to close.
    pub(super) fn violate(&mut self, by: Side, at: At, clause: &'static str, packet: &[u8]) {
        if self.violation.is_none() {
            let (answer, due) = (answer_to(packet), self.due(by, at.frame));
            self.violation = Some(Box::new(Violation { by, at, clause, answer, due, said: false }));
        }
    }

    /// The answers to what a side sent in this record.
    fn due(&self, by: Side, frame: u64) -> Vec<(PacketType, u16)> {
        let sent = self.deliveries.get(index(by)).into_iter().flat_map(Deliveries::in_flight);
        let sent = sent.filter(|exchange| exchange.began().is_some_and(|at| at.frame == frame));
        let answer = |qos| if qos == 1 { PacketType::Puback } else { PacketType::Pubrec };
        let mut due: Vec<_> = sent.map(|exchange| (answer(exchange.qos), exchange.id)).collect();
        if by == Side::Client {
            due.extend(self.requests.due(frame));
        }
        due
    }

    /// Answers to a violation, and to what came behind it, show that the other side did not close; `true` for the first.
    pub(super) fn went_on(
        &mut self,
        side: Side,
        packet: &Packet<'_>,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) -> bool {
        if self.violation.as_ref().is_none_or(|violation| violation.said || violation.by == side) {
            return false;
        }
        let request = self.answered_by(side, packet);
        let Some(violation) = self.violation.as_mut() else { return false };
        let answer = (packet.packet_type(), packet.packet_id().map_or(0, PacketId::get));
        let (began, answers_it) = match request {
            Some(request) if request.frame < violation.at.frame => return false,
            Some(request) if request.frame == violation.at.frame => {
                if let Some(place) = violation.due.iter().position(|due| *due == answer) {
                    violation.due.swap_remove(place);
                    return false;
                }
                (request, false)
            }
            Some(request) => (request, false),
            None if violation.answer == Some(answer) => (violation.at, true),
            None => return false,
        };
        violation.tell(began, at, cx);
        answers_it
    }

    /// What a side sends, whatever it is, shows that it did not close. `false` when there is no reason to, or that has
    /// been said.
    pub(super) fn goes_on(&mut self, side: Side, at: At, cx: &mut Context<'_, impl Listener>) -> bool {
        let violation = self.violation.as_mut().filter(|violation| !violation.said && violation.by != side);
        violation.map(|violation| violation.tell(violation.at, at, cx)).is_some()
    }

    /// That the other side did not close has been said.
    pub(super) fn violation_is_said(&mut self) {
        if let Some(violation) = &mut self.violation {
            violation.said = true;
        }
    }

    /// What a side sent then needs no answer, or has none for a reason that was said: it had done what obliges the other to
    /// close; or the other did, when it should have answered.
    pub(super) fn is_void(&self, by: Side, since: At) -> bool {
        self.violation.as_ref().is_some_and(|violation| match violation.by == by {
            true => violation.at.frame <= since.frame,
            false => violation.at.time.since(since.time) <= PATIENCE,
        })
    }

    /// When the packet that this one answers was sent.
    fn answered_by(&self, side: Side, packet: &Packet<'_>) -> Option<At> {
        let theirs = self.deliveries.get(index(other(side)))?;
        match packet {
            Packet::Puback(id) | Packet::Pubrec(id) => theirs.began(*id),
            Packet::Suback(suback) => self.requests.began(suback.packet_id),
            Packet::Unsuback(id) => self.requests.began(*id),
            Packet::Pingresp => self.requests.pings.front().copied(),
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
