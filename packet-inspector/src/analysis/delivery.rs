//! QoS 1 and 2: each message from PUBLISH to its last acknowledgement, as sender and receiver have to go on.

use std::collections::BTreeMap;

use mqtt_codec::{Delivery, PacketId, PacketType, Publish, Side};

use super::connection::{Connection, index};
use super::say::error;
use super::weight::OF_A_PACKET;
use super::{At, Context, Exchange, Listener, Step};

/// The most acknowledgements that may still come for messages sent more than once.
const MAX_REPEATED: usize = 64;

/// The messages that one side sends.
#[derive(Debug)]
pub(super) struct Deliveries {
    pub(super) from: Side,
    pub(super) in_flight: BTreeMap<u16, Box<Exchange>>,
    /// Messages whose identifiers were used again while they were in flight.
    pub(super) displaced: Vec<Exchange>,
    /// Messages that are complete and were sent more than once: how many more acknowledgements may come.
    repeated: Vec<(u16, u32)>,
    /// Messages and PUBRECs so far.
    pub(super) sent: u64,
    pub(super) received: u64,
}

impl Deliveries {
    pub(super) fn new(from: Side) -> Self {
        Self {
            from,
            in_flight: BTreeMap::new(),
            displaced: Vec::new(),
            repeated: Vec::new(),
            sent: 0,
            received: 0,
        }
    }

    pub(super) fn forget(&mut self) {
        self.in_flight.clear();
        self.displaced.clear();
        self.repeated.clear();
    }

    /// About the bytes of what is in flight.
    pub(super) fn weight(&self) -> usize {
        let all = self.in_flight().chain(&self.displaced);
        all.map(|exchange| exchange.topic.len() + OF_A_PACKET).sum()
    }

    pub(super) fn began(&self, id: PacketId) -> Option<At> {
        self.in_flight.get(&id.get())?.began()
    }

    pub(super) fn in_flight(&self) -> impl Iterator<Item = &Exchange> {
        self.in_flight.values().map(Box::as_ref)
    }

    pub(super) fn may_repeat(&mut self, id: u16) -> bool {
        let Some(place) = self.repeated.iter().position(|(repeated, _)| *repeated == id) else {
            return false;
        };
        match self.repeated.get_mut(place) {
            Some((_, left @ 2..)) => *left -= 1,
            _ => {
                self.repeated.swap_remove(place);
            }
        }
        true
    }

    /// The message that waits for such an acknowledgement, if there is only one.
    pub(super) fn only_one_due(&mut self, packet: PacketType) -> Option<&mut Exchange> {
        let mut due = self.in_flight.values_mut().filter(|exchange| match packet {
            PacketType::Puback => exchange.qos == 1,
            PacketType::Pubrec => exchange.qos == 2 && exchange.step == Step::Publish,
            _ => exchange.qos == 2 && exchange.step == Step::Pubrel,
        });
        let only = due.next()?;
        (due.next().is_none() && !only.excused && !only.disputed).then_some(only)
    }

    /// One more acknowledgement is due, for one that is no step of a message in flight: PUBREL for PUBREC, PUBCOMP for
    /// PUBREL.
    pub(super) fn due_again(&mut self, id: u16) {
        if self.repeated.len() < MAX_REPEATED {
            self.repeated.push((id, 1));
        }
    }

    pub(super) fn complete(&mut self, id: u16, at: At) -> Option<Exchange> {
        let mut exchange = *self.in_flight.remove(&id)?;
        exchange.go(Step::Complete, at);
        // Of what goes on from an earlier connection an answer may come that was asked for there.
        let more = exchange.repeated.max(u32::from(!exchange.is_published));
        if more > 0 && self.repeated.len() < MAX_REPEATED {
            self.repeated.push((id, more));
        }
        Some(exchange)
    }
}

impl Connection {
    pub(super) fn publish(
        &mut self,
        side: Side,
        publish: &Publish<'_>,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        if let Some(count) = self.published.get_mut(index(side)) {
            *count += 1;
        }
        self.retain(side, publish, at, cx);
        let (packet_id, dup) = match publish.delivery {
            Delivery::AtMostOnce => return,
            Delivery::AtLeastOnce { packet_id, dup } | Delivery::ExactlyOnce { packet_id, dup } => {
                (packet_id.get(), dup)
            }
        };
        let Some(deliveries) = self.deliveries.get_mut(index(side)) else { return };
        let content = cx.sessions.content(publish);
        let qos = publish.delivery.qos().as_u8();
        let (mut disputed, mut earlier) = (false, 0);
        if let Some(before) = deliveries.in_flight.get_mut(&packet_id) {
            if before.content == content && before.qos == qos {
                before.repeated += 1;
                let before = before.clone();
                self.sent_again(side, &before, dup, at, cx);
                return;
            }
            let before = before.clone();
            self.message_id_in_use(side, &before, dup, at, cx);
            disputed = true;
        } else if side == Side::Client
            && let Some(request) = self.requests.waiting.get(&packet_id).filter(|request| !request.disputed)
        {
            let message =
                format!("packet identifier {packet_id} is in use by a request that is not answered");
            let frames = [request.at.frame, at.frame];
            error("packet_id_in_use", side, message).against(&["MQTT-2.3.1-2"]).tell(&frames, at, cx);
        } else {
            earlier = self.first_sending(side, packet_id, qos, dup, at, cx);
        }
        if !disputed {
            self.use_anew(side, packet_id, cx);
        }
        let Some(deliveries) = self.deliveries.get_mut(index(side)) else { return };
        deliveries.sent += 1;
        let exchange = Exchange {
            stream: cx.stream,
            from: deliveries.from,
            qos,
            id: packet_id,
            topic: String::from_utf8_lossy(publish.topic.as_bytes()).into_owned(),
            step: Step::Publish,
            steps: vec![at],
            repeated: 0,
            earlier,
            is_published: true,
            content,
            order: deliveries.sent,
            received: 0,
            disputed,
            excused: false,
        };
        deliveries.in_flight.insert(packet_id, Box::new(exchange));
    }

    /// A PUBLISH with an identifier that was not in flight on this connection. How often it was sent on earlier ones.
    fn first_sending(
        &mut self,
        side: Side,
        id: u16,
        qos: u8,
        dup: bool,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) -> u32 {
        let resumed = self.resumed.as_mut().and_then(|resumed| resumed.publish(side, id));
        if let Some(stored) = resumed {
            if !dup && stored.qos == qos && stored.awaits_publish {
                let message =
                    format!("message {id}, unacknowledged on the last connection, is sent again without DUP");
                let frames = [stored.frame, at.frame];
                error("sent_again_without_dup", side, message)
                    .against(&["MQTT-3.3.1-1"])
                    .tell(&frames, at, cx);
            } else if side == Side::Client && stored.late {
                let message = format!("message {id} is sent again out of the original order");
                let frames = [stored.frame, at.frame];
                error("sent_again_out_of_order", side, message)
                    .against(&["MQTT-4.6.0-1"])
                    .tell(&frames, at, cx);
            }
            // A message of another QoS is another message.
            return if stored.qos == qos { stored.sent } else { 0 };
        }
        let cannot_be_known = match side {
            Side::Client => !self.handshake.connect.as_ref().is_some_and(|connect| connect.clean_session),
            Side::Server => !self.handshake.is_fresh(),
        };
        if dup && self.complete && !cannot_be_known {
            let own = if qos == 1 { "MQTT-4.3.2-1" } else { "MQTT-4.3.3-1" };
            let clauses = [if side == Side::Server { "MQTT-3.3.1-3" } else { own }, own];
            let clauses = if side == Side::Server { &clauses[..] } else { &clauses[..1] };
            let message = format!("message {id} has DUP though it was not sent before");
            error("dup_at_first", side, message).against(clauses).tell(&[at.frame], at, cx);
        }
        0
    }

    fn sent_again(
        &mut self,
        side: Side,
        before: &Exchange,
        dup: bool,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let frames = before.frames_until(at);
        let id = before.id;
        if before.step == Step::Pubrel {
            let message = format!("PUBLISH {id} is sent again behind its PUBREL");
            let clauses = ["MQTT-4.3.3-1", "MQTT-3.3.1-1"];
            let clauses = if dup { &clauses[..1] } else { &clauses[..] };
            error("publish_after_pubrel", side, message).against(clauses).tell(&frames, at, cx);
        } else if !dup {
            let message = format!("message {id} is sent again without DUP");
            error("sent_again_without_dup", side, message).against(&["MQTT-3.3.1-1"]).tell(&frames, at, cx);
        }
    }
}
