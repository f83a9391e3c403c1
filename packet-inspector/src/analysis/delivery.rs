//! QoS 1 and 2: each message from PUBLISH to its last acknowledgement, as sender and receiver have to go on.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use mqtt_codec::{Delivery, PacketId, Publish, Side};

use super::connection::{Connection, index, other};
use super::{At, Context, Exchange, Listener, OVERTAKEN, PATIENCE, Step};
use crate::capture::Span;
use crate::finding::Severity;

/// How long a receiver of the application's own pace may take.
const SLOW: Span = Span::seconds(10);

/// The most acknowledgements that may still come for messages sent more than once.
const MAX_REPEATED: usize = 64;

/// The messages that one side sends.
#[derive(Debug)]
pub(super) struct Deliveries {
    from: Side,
    in_flight: BTreeMap<u16, Exchange>,
    /// Messages that are complete and were sent more than once: how many more acknowledgements may come.
    repeated: Vec<(u16, u32)>,
    /// Messages and PUBRECs so far.
    sent: u64,
    received: u64,
    hasher: RandomState,
}

impl Deliveries {
    pub(super) fn new(from: Side) -> Self {
        Self {
            from,
            in_flight: BTreeMap::new(),
            repeated: Vec::new(),
            sent: 0,
            received: 0,
            hasher: RandomState::new(),
        }
    }

    pub(super) fn forget(&mut self) {
        self.in_flight.clear();
        self.repeated.clear();
    }

    pub(super) fn began(&self, id: PacketId) -> Option<At> {
        self.in_flight.get(&id.get()).and_then(Exchange::began)
    }

    pub(super) fn in_flight(&self) -> impl Iterator<Item = &Exchange> {
        self.in_flight.values()
    }

    /// What tells a message from another; RETAIN, DUP and QoS aside.
    fn content(&self, publish: &Publish<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        publish.topic.as_bytes().hash(&mut hasher);
        publish.payload.hash(&mut hasher);
        hasher.finish()
    }

    fn may_repeat(&mut self, id: u16) -> bool {
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

    fn complete(&mut self, id: u16, at: At) -> Option<Exchange> {
        let mut exchange = self.in_flight.remove(&id)?;
        exchange.go(Step::Complete, at);
        if exchange.repeated > 0 && self.repeated.len() < MAX_REPEATED {
            self.repeated.push((id, exchange.repeated));
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
        let content = deliveries.content(publish);
        let qos = publish.delivery.qos().as_u8();
        if let Some(before) = deliveries.in_flight.get_mut(&packet_id) {
            if before.content == content && before.qos == qos {
                before.repeated += 1;
                let before = before.clone();
                self.sent_again(side, &before, dup, at, cx);
                return;
            }
            let before = before.clone();
            self.id_in_use(side, packet_id, &before, dup, at, cx);
        } else if side == Side::Client
            && let Some(request) = self.requests.began_with(packet_id)
        {
            let message =
                format!("packet identifier {packet_id} is in use by a request that is not answered");
            let frames = [request.frame, at.frame];
            self.say(
                Severity::Error,
                "packet_id_in_use",
                &["MQTT-2.3.1-2"],
                message,
                Some(side),
                &frames,
                at,
                cx,
            );
        } else {
            self.first_sending(side, packet_id, content, qos, dup, at, cx);
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
            content,
            order: deliveries.sent,
            received: 0,
        };
        deliveries.in_flight.insert(packet_id, exchange);
    }

    /// A PUBLISH with an identifier that was not in flight on this connection.
    #[expect(clippy::too_many_arguments, reason = "all that identifies a message")]
    fn first_sending(
        &mut self,
        side: Side,
        id: u16,
        content: u64,
        qos: u8,
        dup: bool,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let resumed = self.resumed.as_mut().and_then(|resumed| resumed.publish(side, id));
        if let Some(stored) = resumed {
            let _ = content;
            if !dup && stored.qos == qos && stored.awaits_publish {
                let message =
                    format!("message {id}, unacknowledged on the last connection, is sent again without DUP");
                let frames = [stored.frame, at.frame];
                self.say(
                    Severity::Error,
                    "sent_again_without_dup",
                    &["MQTT-3.3.1-1"],
                    message,
                    Some(side),
                    &frames,
                    at,
                    cx,
                );
            } else if side == Side::Client && stored.late {
                let message = format!("message {id} is sent again out of the original order");
                let frames = [stored.frame, at.frame];
                self.say(
                    Severity::Error,
                    "sent_again_out_of_order",
                    &["MQTT-4.6.0-1"],
                    message,
                    Some(side),
                    &frames,
                    at,
                    cx,
                );
            }
            return;
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
            self.say(Severity::Error, "dup_at_first", clauses, message, Some(side), &[at.frame], at, cx);
        }
    }

    fn sent_again(
        &mut self,
        side: Side,
        before: &Exchange,
        dup: bool,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let frames = [before.began().map_or(at.frame, |at| at.frame), at.frame];
        if !dup {
            let message = format!("message {} is sent again without DUP", before.id);
            self.say(
                Severity::Error,
                "sent_again_without_dup",
                &["MQTT-3.3.1-1"],
                message,
                Some(side),
                &frames,
                at,
                cx,
            );
        }
        if before.step == Step::Pubrel {
            let message = format!("PUBLISH {} is sent again behind its PUBREL", before.id);
            self.say(
                Severity::Error,
                "publish_after_pubrel",
                &["MQTT-4.3.3-1"],
                message,
                Some(side),
                &frames,
                at,
                cx,
            );
        }
    }

    fn id_in_use(
        &mut self,
        side: Side,
        id: u16,
        before: &Exchange,
        dup: bool,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let own = if side == Side::Client { "MQTT-2.3.1-2" } else { "MQTT-2.3.1-4" };
        let clauses = if before.step > Step::Publish || dup { [own, "MQTT-2.3.1-3"] } else { [own, own] };
        let clauses = if clauses[0] == clauses[1] { &clauses[..1] } else { &clauses[..] };
        let message = format!("packet identifier {id} is used for another message while one is in flight");
        let frames = [before.began().map_or(at.frame, |at| at.frame), at.frame];
        self.say(Severity::Error, "packet_id_in_use", clauses, message, Some(side), &frames, at, cx);
    }

    /// PUBACK, PUBREC or PUBCOMP from the receiver.
    pub(super) fn acknowledge(
        &mut self,
        side: Side,
        first: u8,
        id: PacketId,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let id = id.get();
        let (name, puback, pubrec) = match first {
            0x40 => ("PUBACK", true, false),
            0x50 => ("PUBREC", false, true),
            _ => ("PUBCOMP", false, false),
        };
        let Some(deliveries) = self.deliveries.get_mut(index(other(side))) else { return };
        let Some(exchange) = deliveries.in_flight.get_mut(&id) else {
            if deliveries.may_repeat(id) {
                return;
            }
            let inherited = self.resumed.as_mut().is_some_and(|resumed| resumed.knows(other(side), id));
            if !inherited && self.begins_with_nothing() {
                let message = format!("{name} for packet identifier {id}, which no message in flight has");
                let clause = if pubrec || puback { "MQTT-2.3.1-6" } else { "MQTT-4.3.3-2" };
                self.say(
                    Severity::Warning,
                    "unknown_packet_id",
                    &[clause],
                    message,
                    Some(side),
                    &[at.frame],
                    at,
                    cx,
                );
            }
            return;
        };
        let before = exchange.clone();
        let frames = [before.began().map_or(at.frame, |at| at.frame), at.frame];
        let right_kind = puback == (exchange.qos == 1);
        if !right_kind {
            let message = format!("{name} answers message {id} of QoS {}", before.qos);
            self.say(
                Severity::Error,
                "wrong_acknowledgement",
                &["MQTT-3.3.4-1"],
                message,
                Some(side),
                &frames,
                at,
                cx,
            );
            self.violate(side, at, "MQTT-4.8.0-1");
            return;
        }
        if pubrec {
            if exchange.step == Step::Publish {
                deliveries.received += 1;
                exchange.received = deliveries.received;
                exchange.go(Step::Pubrec, at);
                self.in_order(side, &before, "PUBREC", "MQTT-4.6.0-3", at, cx);
            }
            return;
        }
        if !puback && before.step < Step::Pubrel {
            let message = format!("PUBCOMP {id} comes before its PUBREL");
            self.say(
                Severity::Error,
                "pubcomp_before_pubrel",
                &["MQTT-4.3.3-2"],
                message,
                Some(side),
                &frames,
                at,
                cx,
            );
            return;
        }
        if puback {
            self.in_order(side, &before, name, "MQTT-4.6.0-2", at, cx);
        }
        let Some(deliveries) = self.deliveries.get_mut(index(other(side))) else { return };
        if let Some(exchange) = deliveries.complete(id, at) {
            cx.listener.exchange(&exchange);
        }
    }

    /// The Client acknowledges in the order in which messages came.
    fn in_order(
        &mut self,
        side: Side,
        exchange: &Exchange,
        name: &str,
        clause: &'static str,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        if side != Side::Client || exchange.repeated > 0 {
            return;
        }
        let theirs = self.deliveries.get(index(other(side)));
        let overtaken = theirs.into_iter().flat_map(Deliveries::in_flight).find(|waiting| {
            waiting.order < exchange.order
                && waiting.qos == exchange.qos
                && waiting.step == Step::Publish
                && waiting.repeated == 0
        });
        if let Some(overtaken) = overtaken {
            let message = format!(
                "{name} {} comes before that of message {}, which came first",
                exchange.id, overtaken.id
            );
            let frames = [overtaken.began(), exchange.began(), Some(at)];
            let frames: Vec<_> = frames.into_iter().flatten().map(|at| at.frame).collect();
            self.say(
                Severity::Error,
                "acknowledged_out_of_order",
                &[clause],
                message,
                Some(side),
                &frames,
                at,
                cx,
            );
        }
    }

    /// No message of an earlier session can be on its way, and none of this connection's was missed.
    fn begins_with_nothing(&self) -> bool {
        let is_clean = self.handshake.connect.as_ref().is_some_and(|connect| connect.clean_session);
        self.complete && is_clean
    }

    /// PUBREL from the sender.
    pub(super) fn release(&mut self, side: Side, id: PacketId, at: At, cx: &mut Context<'_, impl Listener>) {
        let id = id.get();
        let Some(deliveries) = self.deliveries.get_mut(index(side)) else { return };
        let Some(exchange) = deliveries.in_flight.get_mut(&id) else {
            if let Some(stored) = self.resumed.as_mut().and_then(|resumed| resumed.release(side, id)) {
                // Goes on from the last connection: PUBCOMP is awaited.
                self.adopt(side, id, stored, at, cx.stream);
            } else if self.begins_with_nothing() {
                let message = format!("PUBREL for packet identifier {id}, which no message in flight has");
                self.say(
                    Severity::Warning,
                    "unknown_packet_id",
                    &["MQTT-2.3.1-6"],
                    message,
                    Some(side),
                    &[at.frame],
                    at,
                    cx,
                );
            }
            return;
        };
        let before = exchange.clone();
        let frames = [before.began().map_or(at.frame, |at| at.frame), at.frame];
        match before.step {
            _ if before.qos != 2 => {
                let message = format!("PUBREL for message {id} of QoS 1");
                self.say(
                    Severity::Error,
                    "wrong_acknowledgement",
                    &["MQTT-4.3.2-1"],
                    message,
                    Some(side),
                    &frames,
                    at,
                    cx,
                );
                self.violate(side, at, "MQTT-4.8.0-1");
            }
            Step::Publish => {
                let message = format!("PUBREL {id} comes before its PUBREC");
                exchange.go(Step::Pubrel, at);
                self.say(
                    Severity::Error,
                    "pubrel_before_pubrec",
                    &["MQTT-4.3.3-1"],
                    message,
                    Some(side),
                    &frames,
                    at,
                    cx,
                );
            }
            Step::Pubrec => {
                exchange.go(Step::Pubrel, at);
                self.released_in_order(side, &before, at, cx);
            }
            Step::Pubrel | Step::Complete => {}
        }
    }

    /// A message of which PUBLISH went out on an earlier connection.
    fn adopt(&mut self, side: Side, id: u16, topic: String, at: At, stream: u32) {
        let Some(deliveries) = self.deliveries.get_mut(index(side)) else { return };
        deliveries.sent += 1;
        let order = deliveries.sent;
        let exchange = Exchange {
            stream,
            from: side,
            qos: 2,
            id,
            topic,
            step: Step::Pubrel,
            steps: vec![at],
            repeated: 1,
            content: 0,
            order,
            received: 0,
        };
        deliveries.in_flight.insert(id, exchange);
    }

    /// The Client releases in the order in which PUBRECs came.
    fn released_in_order(
        &mut self,
        side: Side,
        exchange: &Exchange,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        if side != Side::Client {
            return;
        }
        let ours = self.deliveries.get(index(side));
        let overtaken = ours.into_iter().flat_map(Deliveries::in_flight).find(|waiting| {
            waiting.step == Step::Pubrec && waiting.received < exchange.received && waiting.id != exchange.id
        });
        if let Some(overtaken) = overtaken {
            let message = format!(
                "PUBREL {} comes before that of message {}, whose PUBREC came first",
                exchange.id, overtaken.id
            );
            let frames = [overtaken.began(), exchange.began(), Some(at)];
            let frames: Vec<_> = frames.into_iter().flatten().map(|at| at.frame).collect();
            self.say(
                Severity::Error,
                "released_out_of_order",
                &["MQTT-4.6.0-4"],
                message,
                Some(side),
                &frames,
                at,
                cx,
            );
        }
    }

    /// At the end: messages of a side that the other did not answer though it had the time.
    pub(super) fn undelivered(&mut self, side: Side, end: At, cx: &mut Context<'_, impl Listener>) {
        let receiver = other(side);
        let Some(deliveries) = self.deliveries.get_mut(index(side)) else { return };
        let left = std::mem::take(&mut deliveries.in_flight);
        let last_of_receiver = self.last.get(index(receiver)).copied().flatten();
        for exchange in left.values() {
            cx.listener.exchange(exchange);
            let Some(since) = exchange.steps.last().copied().filter(|_| self.complete) else { continue };
            // Who waits for whom: behind PUBREC the sender has to go on.
            let late = if exchange.step == Step::Pubrec { side } else { receiver };
            let waited = end.time.since(since.time);
            let overtaken = last_of_receiver.is_some_and(|last| last.time.since(since.time) > OVERTAKEN);
            let patience = match (late, overtaken) {
                (Side::Client, _) => SLOW,
                (Side::Server, true) => OVERTAKEN,
                (Side::Server, false) => PATIENCE,
            };
            if waited <= patience {
                continue;
            }
            let (missing, clause) = match (exchange.qos, exchange.step) {
                (1, _) => ("PUBACK", "MQTT-4.3.2-2"),
                (_, Step::Publish) => ("PUBREC", "MQTT-4.3.3-2"),
                (_, Step::Pubrec) => ("PUBREL", "MQTT-4.3.3-1"),
                _ => ("PUBCOMP", "MQTT-4.3.3-2"),
            };
            let clauses =
                if exchange.step == Step::Publish { vec!["MQTT-3.3.4-1", clause] } else { vec![clause] };
            let message = format!(
                "message {} of QoS {} waits for its {missing} for {:.3} s, to the end of the connection",
                exchange.id,
                exchange.qos,
                waited.as_seconds()
            );
            let mut frames = exchange.frames();
            frames.push(end.frame);
            self.say(Severity::Warning, "unacknowledged", &clauses, message, Some(late), &frames, end, cx);
        }
        if let Some(deliveries) = self.deliveries.get_mut(index(side)) {
            deliveries.in_flight = left;
        }
    }
}
