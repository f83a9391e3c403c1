//! Acknowledgements of QoS 1 and 2: of the right kind, for messages in flight, in their order, in time.

use mqtt_codec::{PacketId, PacketType, Side};

use super::connection::{Connection, index, other};
use super::delivery::Deliveries;
use super::say::{error, warning};
use super::{At, Context, Exchange, Listener, OVERTAKEN, PATIENCE, Step};
use crate::capture::Span;

/// How long a receiver of the application's own pace may take.
const SLOW: Span = Span::seconds(10);

impl Connection {
    /// PUBACK, PUBREC or PUBCOMP from the receiver.
    pub(super) fn acknowledge(
        &mut self,
        side: Side,
        packet: PacketType,
        id: PacketId,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let id = id.get();
        let (name, puback, pubrec) = match packet {
            PacketType::Puback => ("PUBACK", true, false),
            PacketType::Pubrec => ("PUBREC", false, true),
            _ => ("PUBCOMP", false, false),
        };
        if self.settle(other(side), id, packet, at, cx) {
            return;
        }
        let Some(deliveries) = self.deliveries.get_mut(index(other(side))) else { return };
        let Some(exchange) = deliveries.in_flight.get_mut(&id) else {
            if deliveries.may_repeat(id) {
                if pubrec {
                    deliveries.due_again(id);
                }
                return;
            }
            let inherited = self.resumed.as_mut().is_some_and(|resumed| resumed.knows(other(side), id));
            if inherited || !self.begins_with_nothing() {
                return;
            }
            let clause = if pubrec || puback { "MQTT-2.3.1-6" } else { "MQTT-4.3.3-2" };
            if side == Side::Server
                && let Some(request) = self.requests.waiting.get_mut(&id)
            {
                request.wrongly_answered = true;
                let message = format!("{name} {id} answers {}", request.name());
                let (clauses, frames) = ([request.clause(), clause], [request.at.frame, at.frame]);
                error("wrong_acknowledgement", side, message).against(&clauses).tell(&frames, at, cx);
                return;
            }
            let deliveries = self.deliveries.get_mut(index(other(side)));
            if let Some(waiting) = deliveries.and_then(|deliveries| deliveries.only_one_due(packet)) {
                waiting.excused = true;
                let message = format!("{name} {id} comes where message {} waits for its own", waiting.id);
                let frames = waiting.frames_until(at);
                error("wrong_acknowledgement", side, message).against(&[clause]).tell(&frames, at, cx);
                return;
            }
            let message = format!("{name} for packet identifier {id}, which no message in flight has");
            warning("unknown_packet_id", side, message).against(&[clause]).tell(&[at.frame], at, cx);
            return;
        };
        let before = exchange.clone();
        let frames = before.frames_until(at);
        let right_kind = puback == (exchange.qos == 1);
        if !right_kind {
            if std::mem::replace(&mut exchange.excused, true) {
                return;
            }
            let message = format!("{name} answers message {id} of QoS {}", before.qos);
            error("wrong_acknowledgement", side, message).against(&["MQTT-3.3.4-1"]).tell(&frames, at, cx);
            self.violate(side, at, "MQTT-4.8.0-1", &[]);
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
            exchange.excused = true;
            let message = format!("PUBCOMP {id} comes before its PUBREL");
            error("pubcomp_before_pubrel", side, message).against(&["MQTT-4.3.3-2"]).tell(&frames, at, cx);
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
            let frames = overtaking(overtaken, exchange, at);
            error("acknowledged_out_of_order", side, message).against(&[clause]).tell(&frames, at, cx);
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
        if self.settle(side, id, PacketType::Pubrel, at, cx) {
            return;
        }
        let Some(deliveries) = self.deliveries.get_mut(index(side)) else { return };
        let Some(exchange) = deliveries.in_flight.get_mut(&id) else {
            if deliveries.may_repeat(id) {
                deliveries.due_again(id);
            } else if let Some(stored) = self.resumed.as_mut().and_then(|resumed| resumed.release(side, id)) {
                // Goes on from the last connection: PUBCOMP is awaited.
                self.adopt(side, id, stored, at, cx.stream);
            } else if self.begins_with_nothing() {
                // It is answered all the same.
                if let Some(deliveries) = self.deliveries.get_mut(index(side)) {
                    deliveries.due_again(id);
                }
                let message = format!("PUBREL for packet identifier {id}, which no message in flight has");
                warning("unknown_packet_id", side, message).against(&["MQTT-2.3.1-6"]).tell(
                    &[at.frame],
                    at,
                    cx,
                );
            }
            return;
        };
        let before = exchange.clone();
        let frames = before.frames_until(at);
        match before.step {
            // The other side's PUBREC, which was none of its own, has been said.
            _ if before.qos != 2 && before.excused => {}
            _ if before.qos != 2 => {
                let message = format!("PUBREL for message {id} of QoS 1");
                error("wrong_acknowledgement", side, message)
                    .against(&["MQTT-4.3.2-1"])
                    .tell(&frames, at, cx);
                self.violate(side, at, "MQTT-4.8.0-1", &[]);
            }
            Step::Publish => {
                let message = format!("PUBREL {id} comes before its PUBREC");
                exchange.go(Step::Pubrel, at);
                error("pubrel_before_pubrec", side, message).against(&["MQTT-4.3.3-1"]).tell(&frames, at, cx);
            }
            Step::Pubrec => {
                exchange.go(Step::Pubrel, at);
                self.released_in_order(side, &before, at, cx);
            }
            Step::Pubrel | Step::Complete => deliveries.due_again(id),
        }
    }

    /// A message of which PUBLISH went out on an earlier connection.
    fn adopt(&mut self, side: Side, id: u16, (topic, earlier): (String, u32), at: At, stream: u32) {
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
            repeated: 0,
            earlier,
            is_published: false,
            content: 0,
            order,
            received: 0,
            disputed: false,
            excused: false,
        };
        deliveries.in_flight.insert(id, Box::new(exchange));
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
            let frames = overtaking(overtaken, exchange, at);
            error("released_out_of_order", side, message).against(&["MQTT-4.6.0-4"]).tell(&frames, at, cx);
        }
    }

    /// At the end: messages of a side that the other did not answer though it had the time.
    pub(super) fn undelivered(&mut self, side: Side, end: At, cx: &mut Context<'_, impl Listener>) {
        let receiver = other(side);
        let Some(deliveries) = self.deliveries.get_mut(index(side)) else { return };
        deliveries.displaced.drain(..).for_each(|exchange| cx.listener.exchange(&exchange));
        let left = std::mem::take(&mut deliveries.in_flight);
        let last_of_receiver = self.last.get(index(receiver)).copied().flatten();
        for exchange in left.values() {
            cx.listener.exchange(exchange);
            let Some(since) = exchange.steps.last().copied().filter(|_| self.complete) else { continue };
            if exchange.disputed || exchange.excused || self.is_void(side, since) {
                continue;
            }
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
            // Only an application may take its time: that of a Client, before it acknowledges what it was sent.
            let is_application = late == Side::Client && exchange.step == Step::Publish;
            let finding = if is_application { warning } else { error };
            finding("unacknowledged", late, message).against(&clauses).tell(&frames, end, cx);
        }
        if let Some(deliveries) = self.deliveries.get_mut(index(side)) {
            deliveries.in_flight = left;
        }
    }
}

/// The records that show how `overtaken` was: its own, that of the exchange that came after it, and the last.
fn overtaking(overtaken: &Exchange, exchange: &Exchange, at: At) -> Vec<u64> {
    [overtaken.began(), exchange.began(), Some(at)].into_iter().flatten().map(|at| at.frame).collect()
}
