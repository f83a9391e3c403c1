//! Packet Identifiers that are used again before they are free: that is said once, and then nobody can tell which
//! acknowledgement is whose.

use mqtt_codec::{PacketType, Side};

use super::connection::{Connection, index};
use super::delivery::Deliveries;
use super::requests::{Request, Requests};
use super::say::error;
use super::{At, Context, Exchange, Listener, Step};

/// The most messages, and the most requests, that may wait beside others with the same identifier.
const MAX_DISPLACED: usize = 64;

impl Deliveries {
    /// Whether an acknowledgement with this identifier can be that of several messages.
    pub(super) fn is_disputed(&self, id: u16) -> bool {
        self.in_flight.get(&id).is_some_and(|exchange| exchange.disputed)
            || self.displaced.iter().any(|exchange| exchange.id == id)
    }

    /// The message in flight waits beside another one from now on. Returns one that there is no room for.
    fn displace(&mut self, id: u16) -> Option<Exchange> {
        let mut exchange = *self.in_flight.remove(&id)?;
        exchange.disputed = true;
        if self.displaced.len() >= MAX_DISPLACED {
            return Some(exchange);
        }
        self.displaced.push(exchange);
        None
    }

    /// The acknowledgement goes to the first message that it can be for. Returns that, if it is complete.
    fn settle(&mut self, id: u16, packet: PacketType, at: At) -> Option<Exchange> {
        let fits = |exchange: &Exchange| (exchange.id == id).then(|| next(exchange, packet)).flatten();
        if let Some(place) = self.displaced.iter().position(|exchange| fits(exchange).is_some()) {
            let exchange = self.displaced.get_mut(place)?;
            exchange.go(fits(exchange)?, at);
            return (exchange.step == Step::Complete).then(|| self.displaced.remove(place));
        }
        let exchange = self.in_flight.get_mut(&id)?;
        match fits(exchange)? {
            Step::Complete => self.complete(id, at),
            step => {
                exchange.go(step, at);
                None
            }
        }
    }

    /// The identifier is free, and used anew: who still waits with it was passed over.
    fn give_up(&mut self, id: u16) -> impl Iterator<Item = Exchange> {
        self.displaced.extract_if(.., move |exchange| exchange.id == id)
    }
}

/// How far this acknowledgement brings the message.
fn next(exchange: &Exchange, packet: PacketType) -> Option<Step> {
    match (packet, exchange.qos, exchange.step) {
        (PacketType::Pubrec, 2, Step::Publish) => Some(Step::Pubrec),
        (PacketType::Pubrel, 2, Step::Publish | Step::Pubrec) => Some(Step::Pubrel),
        (PacketType::Puback, 1, Step::Publish) | (PacketType::Pubcomp, 2, Step::Pubrel) => {
            Some(Step::Complete)
        }
        _ => None,
    }
}

impl Connection {
    /// Another message with the identifier of one that is in flight; whether that was said before.
    pub(super) fn message_id_in_use(
        &mut self,
        side: Side,
        before: &Exchange,
        dup: bool,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        if let Some(left) = self.deliveries.get_mut(index(side)).and_then(|all| all.displace(before.id)) {
            cx.listener.exchange(&left);
        }
        if before.disputed {
            return;
        }
        let id = before.id;
        let own = if side == Side::Client { "MQTT-2.3.1-2" } else { "MQTT-2.3.1-4" };
        let both = [own, "MQTT-2.3.1-3"];
        let clauses = if before.step > Step::Publish || dup { &both[..] } else { &both[..1] };
        let message = format!("packet identifier {id} is used for another message while one is in flight");
        let frames = before.frames_until(at);
        error("packet_id_in_use", side, message).against(clauses).tell(&frames, at, cx);
    }

    /// An acknowledgement of one of several messages with its identifier. `false` when there is one at most.
    pub(super) fn settle(
        &mut self,
        from: Side,
        id: u16,
        packet: PacketType,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) -> bool {
        let Some(deliveries) = self.deliveries.get_mut(index(from)) else { return false };
        if !deliveries.is_disputed(id) {
            return false;
        }
        if let Some(exchange) = deliveries.settle(id, packet, at) {
            cx.listener.exchange(&exchange);
        }
        true
    }

    /// A message takes an identifier that is free.
    pub(super) fn use_anew(&mut self, side: Side, id: u16, cx: &mut Context<'_, impl Listener>) {
        let deliveries = self.deliveries.get_mut(index(side));
        deliveries.into_iter().flat_map(|deliveries| deliveries.give_up(id)).for_each(|exchange| {
            cx.listener.exchange(&exchange);
        });
    }

    /// A request waits from now on.
    pub(super) fn request(&mut self, id: u16, mut request: Request, cx: &mut Context<'_, impl Listener>) {
        let at = request.at;
        let before = self.requests.waiting.remove(&id);
        let message = self.deliveries.first().and_then(|all| all.in_flight.get(&id));
        if before.is_none() {
            self.requests.displaced.retain(|(displaced, _)| *displaced != id);
        }
        let is_said =
            before.as_ref().map(|before| before.disputed).or(message.map(|message| message.disputed));
        let used = before.as_ref().map(|before| before.at).or(message.and_then(|message| message.began()));
        if let Some(before) = used.filter(|_| is_said == Some(false)) {
            let message = format!("packet identifier {id} is in use by a packet that is not acknowledged");
            let frames = [before.frame, at.frame];
            error("packet_id_in_use", Side::Client, message).against(&["MQTT-2.3.1-2"]).tell(&frames, at, cx);
        }
        if let Some(before) = before {
            request.disputed = true;
            if self.requests.displaced.len() < MAX_DISPLACED {
                self.requests.displaced.push((id, *before));
            }
        }
        self.requests.waiting.insert(id, Box::new(request));
    }
}

impl Requests {
    /// The first request with this identifier, of this kind, that waits beside another one.
    pub(super) fn take_displaced(&mut self, id: u16, is_subscribe: bool) -> Option<Request> {
        let mut displaced = self.displaced.iter();
        let place =
            displaced.position(|(other, request)| *other == id && request.is_subscribe() == is_subscribe)?;
        Some(self.displaced.remove(place).1)
    }
}
