//! Messages to the Server: the sender's half of QoS 0, 1 and 2 (4.3), Packet Identifiers, and what waits.

use std::collections::{BTreeSet, VecDeque};

use mqtt_codec::{Delivery, Packet, PacketId, PacketType, QoS, TopicFilterBuf};

use crate::message::Message;
use crate::options::SessionOptions;
use crate::session::by_id::ById;
use crate::session::effects::Effects;
use crate::session::event::{Doubt, Outcome, Tag, Violation};
use crate::session::requests::{Asked, Request};
use crate::store::{Change, SavedPublish, SavedState};

/// The outbox is not filled beyond this with what can wait: enough for a write to cost little beside its bytes, and little
/// enough to stay in the cache.
const OUTBOX_LEN: usize = 64 * 1024;

/// Exchanges that we began, and messages whose exchange has not begun.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// By Packet Identifier, all that one is in use for [MQTT-2.3.1-2] [MQTT-2.3.1-3].
    pub(super) exchanges: ById<Exchange>,
    /// Where the search for a free identifier begins: as late as possible after its last use.
    next_id: PacketId,
    /// Accepted, in order, not sent.
    waiting: VecDeque<Accepted>,
    waiting_bytes: usize,
    /// Given to each accepted message and each request, so that they can be put in order again.
    next_number: u64,
    /// How many messages at QoS 1 and 2 were accepted, ever.
    accepted: u64,
    /// Given to each PUBREC.
    next_order: u64,
    in_flight: usize,
    max_waiting: usize,
    max_waiting_bytes: usize,
}

/// An accepted message.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) number: u64,
    tag: Option<Tag>,
    message: Message,
}

/// What a Packet Identifier is in use for.
#[derive(Debug)]
pub(super) enum Exchange {
    /// QoS 1: PUBLISH was sent.
    AwaitingPuback(Accepted),
    /// QoS 2: PUBLISH was sent.
    AwaitingPubrec(Accepted),
    /// QoS 2: PUBREL was sent; the message is the Server's, unless its session may have been lost since.
    AwaitingPubcomp { number: u64, tag: Option<Tag>, order: u64, doubt: Option<Doubt> },
    /// SUBSCRIBE or UNSUBSCRIBE was sent.
    Request(Request),
}

/// A message is not accepted; here it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// As many messages, or bytes, wait as may wait. It can be accepted later.
    Full(Message),
    /// No packet can hold it: topic and payload have more than 268,435,455 bytes together.
    TooLong(Message),
}

impl Outgoing {
    pub(super) fn new(options: &SessionOptions, mut saved: Vec<SavedPublish>, accepted: u64) -> Self {
        let mut outgoing = Self {
            exchanges: ById::default(),
            next_id: PacketId::MIN,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            next_number: 0,
            accepted,
            next_order: 0,
            in_flight: options.in_flight.into(),
            max_waiting: options.queued_messages,
            max_waiting_bytes: options.queued_bytes,
        };
        saved.sort_by_key(|publish| publish.number);
        for SavedPublish { number, state } in saved {
            outgoing.next_number = number.saturating_add(1);
            let accepted = |message| Accepted { number, tag: None, message };
            let (packet_id, exchange) = match state {
                SavedState::Waiting(message) => {
                    outgoing.waiting_bytes += message.weight();
                    outgoing.waiting.push_back(accepted(message));
                    continue;
                }
                SavedState::Sent(id, message) if message.qos == QoS::ExactlyOnce => {
                    (id, Exchange::AwaitingPubrec(accepted(message)))
                }
                SavedState::Sent(id, message) => (id, Exchange::AwaitingPuback(accepted(message))),
                SavedState::Released { packet_id, order } => {
                    outgoing.next_order = outgoing.next_order.max(order.saturating_add(1));
                    (packet_id, Exchange::AwaitingPubcomp { number, tag: None, order, doubt: None })
                }
            };
            outgoing.next_id = packet_id.next();
            outgoing.exchanges.insert(packet_id, exchange);
        }
        outgoing
    }

    /// Exchanges in flight, requests included.
    pub(super) fn in_flight(&self) -> usize {
        self.exchanges.len()
    }

    /// Messages that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many messages at QoS 1 and 2 were accepted, ever.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Accepted messages that have no outcome yet.
    pub(super) fn unfinished(&self) -> usize {
        let requests =
            self.exchanges.values().filter(|exchange| matches!(exchange, Exchange::Request(_))).count();
        self.waiting.len() + self.exchanges.len() - requests
    }

    /// Another message could be accepted.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < self.max_waiting
            && (self.waiting_bytes < self.max_waiting_bytes || self.waiting.is_empty())
    }

    /// About how many more could be, if they are as long as those that wait; not 0 when one could be.
    pub(super) fn room(&self) -> usize {
        if !self.has_room() {
            return 0;
        }
        let messages = self.max_waiting - self.waiting.len();
        let bytes = self.max_waiting_bytes.saturating_sub(self.waiting_bytes);
        match self.waiting_bytes.checked_div(self.waiting.len()) {
            None | Some(0) => messages,
            Some(each) => messages.min(bytes.div_ceil(each)),
        }
    }

    /// Takes responsibility for a message. While `online` it goes out at once if it can.
    #[inline]
    pub(super) fn publish(
        &mut self,
        message: Message,
        tag: Option<Tag>,
        online: bool,
        fx: &mut Effects,
    ) -> Result<(), Refused> {
        if message
            .publish(Delivery::AtLeastOnce { packet_id: PacketId::MIN, dup: false })
            .header_len()
            .is_err()
        {
            return Err(Refused::TooLong(message));
        }
        let direct = online && self.waiting.is_empty() && self.may_send(message.qos, fx);
        if !direct && !self.has_room() {
            return Err(Refused::Full(message));
        }
        let number = self.next_number;
        self.next_number += 1;
        self.accepted += u64::from(message.qos != QoS::AtMostOnce);
        let accepted = Accepted { number, tag, message };
        if direct {
            self.send(accepted, true, fx);
        } else {
            if accepted.message.qos != QoS::AtMostOnce {
                fx.record(|| Change::Accepted { number, packet_id: None, message: accepted.message.clone() });
            }
            self.waiting_bytes += accepted.message.weight();
            self.waiting.push_back(accepted);
        }
        Ok(())
    }

    /// What can wait is to wait.
    #[inline]
    pub(super) fn is_outbox_full(fx: &Effects) -> bool {
        fx.outbox.len() >= OUTBOX_LEN
    }

    /// Whether a message at this QoS may go out now.
    #[inline]
    fn may_send(&self, qos: QoS, fx: &Effects) -> bool {
        !Self::is_outbox_full(fx) && (qos == QoS::AtMostOnce || self.exchanges.len() < self.in_flight)
    }

    /// Sends a message for the first time. `new` says that it is accepted just now.
    #[inline]
    fn send(&mut self, accepted: Accepted, new: bool, fx: &mut Effects) {
        let Accepted { number, tag, message } = &accepted;
        if message.qos == QoS::AtMostOnce {
            fx.sent += 1;
            fx.outbox.publish(&message.publish(Delivery::AtMostOnce), &message.payload);
            return fx.sent_at_most_once(*tag);
        }
        // Never `None`: fewer are in flight than there are identifiers.
        let Some(packet_id) = self.free_id() else { return };
        fx.sent += 1;
        let number = *number;
        fx.record(|| match new {
            true => Change::Accepted { number, packet_id: Some(packet_id), message: message.clone() },
            false => Change::Sent { number, packet_id },
        });
        if message.qos == QoS::AtLeastOnce {
            let publish = message.publish(Delivery::AtLeastOnce { packet_id, dup: false });
            fx.outbox.publish(&publish, &message.payload);
            self.exchanges.insert(packet_id, Exchange::AwaitingPuback(accepted));
        } else {
            let publish = message.publish(Delivery::ExactlyOnce { packet_id, dup: false });
            fx.outbox.publish(&publish, &message.payload);
            self.exchanges.insert(packet_id, Exchange::AwaitingPubrec(accepted));
        }
    }

    /// How many identifiers are not in use.
    #[inline]
    pub(super) fn free_ids(&self) -> usize {
        usize::from(PacketId::MAX.get()) - self.exchanges.len()
    }

    /// An identifier that is not in use [MQTT-2.3.1-2].
    #[inline]
    fn free_id(&mut self) -> Option<PacketId> {
        if self.free_ids() == 0 {
            return None;
        }
        loop {
            let id = self.next_id;
            self.next_id = id.next();
            if !self.exchanges.contains(id) {
                return Some(id);
            }
        }
    }

    /// Sends what waits, as far as it may go out.
    #[inline]
    pub(super) fn send_waiting(&mut self, fx: &mut Effects) {
        while let Some(next) = self.waiting.front()
            && self.may_send(next.message.qos, fx)
            && let Some(accepted) = self.waiting.pop_front()
        {
            self.waiting_bytes -= accepted.message.weight();
            self.send(accepted, false, fx);
        }
    }

    /// Takes an identifier for a request and sends it; `None` when all are in use.
    pub(super) fn request(
        &mut self,
        make: impl FnOnce(u64) -> Request,
        online: bool,
        fx: &mut Effects,
    ) -> Option<()> {
        let packet_id = self.free_id()?;
        let request = make(self.next_number);
        self.next_number += 1;
        if online {
            request.send(packet_id, fx);
        }
        self.exchanges.insert(packet_id, Exchange::Request(request));
        Some(())
    }

    /// The request with this identifier was answered: the identifier is free [MQTT-2.3.1-3].
    pub(super) fn take_request(&mut self, packet_id: PacketId) -> Option<Asked> {
        match self.exchanges.remove(packet_id)? {
            Exchange::Request(request) => Some(request.asked),
            other => {
                self.exchanges.insert(packet_id, other);
                None
            }
        }
    }

    /// The filters of all requests that are not answered.
    pub(super) fn filters_asked_for(&self) -> BTreeSet<&TopicFilterBuf> {
        let requests = self.exchanges.iter().filter_map(Exchange::as_request);
        requests.flat_map(|(_, request)| request.filters()).collect()
    }

    /// Some subscriptions that are made again are not answered.
    pub(super) fn makes_again(&self) -> bool {
        self.exchanges
            .values()
            .any(|exchange| matches!(exchange, Exchange::Request(request) if request.is_again()))
    }

    /// PUBACK, PUBREC or PUBCOMP.
    #[inline]
    pub(super) fn acknowledge(
        &mut self,
        received: PacketType,
        packet_id: PacketId,
        fx: &mut Effects,
    ) -> Result<(), Violation> {
        let Some(exchange) = self.exchanges.get_mut(packet_id) else {
            // A leftover. Of PUBREC the Server waits for PUBREL; the others end what we know nothing of.
            if received == PacketType::Pubrec {
                fx.outbox.packet(&Packet::Pubrel(packet_id));
            }
            return Ok(());
        };
        match (&*exchange, received) {
            (Exchange::AwaitingPuback(_), PacketType::Puback)
            | (Exchange::AwaitingPubcomp { .. }, PacketType::Pubcomp) => {
                if let Some(exchange) = self.exchanges.remove(packet_id) {
                    exchange.finish(fx);
                }
            }
            (Exchange::AwaitingPubrec(accepted), PacketType::Pubrec) => {
                fx.has_served = true;
                let (number, tag, order) = (accepted.number, accepted.tag, self.next_order);
                self.next_order += 1;
                fx.record(|| Change::Released { number, order });
                *exchange = Exchange::AwaitingPubcomp { number, tag, order, doubt: None };
                fx.outbox.packet(&Packet::Pubrel(packet_id));
            }
            // A second PUBREC gets a second PUBREL (4.3.3).
            (Exchange::AwaitingPubcomp { .. }, PacketType::Pubrec) => {
                fx.outbox.packet(&Packet::Pubrel(packet_id));
            }
            (other, _) => {
                return Err(Violation::WrongAcknowledgement {
                    received,
                    packet_id,
                    expected: other.awaited(),
                });
            }
        }
        Ok(())
    }

    /// The connection is gone. With Clean Session 1 the session is, too: what may be sent twice goes back to wait, in its
    /// order; of the rest nobody can know.
    pub(super) fn connection_lost(&mut self, clean_session: bool, fx: &mut Effects) {
        // Whoever wants these made again asks anew.
        self.exchanges
            .retain(|exchange| !matches!(exchange, Exchange::Request(request) if request.is_again()));
        if !clean_session {
            return;
        }
        let mut again = Vec::new();
        self.exchanges.retain(|exchange| {
            match exchange {
                Exchange::Request(_) => return true,
                Exchange::AwaitingPuback(accepted) => again.push(accepted.take()),
                Exchange::AwaitingPubrec(Accepted { tag, .. }) | Exchange::AwaitingPubcomp { tag, .. } => {
                    fx.published(*tag, Outcome::Uncertain(Doubt::SessionLost));
                }
            }
            false
        });
        again.sort_by_key(|accepted| std::cmp::Reverse(accepted.number));
        for accepted in again {
            self.waiting_bytes += accepted.message.weight();
            self.waiting.push_front(accepted);
        }
    }

    /// Sends again, after a reconnect, all that is unacknowledged, in its original order [MQTT-4.4.0-1] [MQTT-4.6.0-1].
    /// The Server of a session that may be lost answers PUBREL, whether it passed the message on or not [MQTT-4.3.3-2].
    pub(super) fn resume(&mut self, doubt: Option<Doubt>, fx: &mut Effects) {
        let exchanges = || self.exchanges.iter();
        let mut all: Vec<_> = exchanges().map(|(id, exchange)| (exchange.number(), id)).collect();
        all.sort_unstable();
        // PUBRELs take the places of their messages, and among themselves the order of their PUBRECs [MQTT-4.6.0-4].
        let mut released: Vec<_> =
            exchanges().filter_map(|(id, exchange)| Some((exchange.order()?, id))).collect();
        released.sort_by_key(|(order, _)| *order);
        let mut released = released.into_iter();
        for (_, packet_id) in all {
            let Some(exchange) = self.exchanges.get_mut(packet_id) else { continue };
            match exchange {
                Exchange::AwaitingPuback(Accepted { message, .. }) => {
                    let publish = message.publish(Delivery::AtLeastOnce { packet_id, dup: true });
                    fx.outbox.publish(&publish, &message.payload);
                    fx.resent += 1;
                }
                Exchange::AwaitingPubrec(Accepted { message, .. }) => {
                    let publish = message.publish(Delivery::ExactlyOnce { packet_id, dup: true });
                    fx.outbox.publish(&publish, &message.payload);
                    fx.resent += 1;
                }
                Exchange::AwaitingPubcomp { doubt: before, .. } => {
                    // What is known outweighs what may be.
                    if *before != Some(Doubt::SessionLost) {
                        *before = doubt.or(*before);
                    }
                    if let Some((_, packet_id)) = released.next() {
                        fx.outbox.packet(&Packet::Pubrel(packet_id));
                        fx.resent += 1;
                    }
                }
                Exchange::Request(_) => {}
            }
        }
    }

    /// Sends again, after a reconnect, what was asked and not answered.
    pub(super) fn ask_again(&mut self, fx: &mut Effects) {
        let mut requests: Vec<_> = self.exchanges.iter().filter_map(Exchange::as_request).collect();
        requests.sort_by_key(|(_, request)| request.number);
        for (packet_id, request) in requests {
            request.send(packet_id, fx);
        }
    }

    /// The session is closed: says of everything that is left that it was abandoned.
    pub(super) fn abandon(&mut self, fx: &mut Effects) {
        for accepted in std::mem::take(&mut self.waiting) {
            fx.published(accepted.tag, Outcome::Abandoned);
        }
        self.waiting_bytes = 0;
        for exchange in self.exchanges.take_all() {
            match exchange {
                Exchange::AwaitingPuback(Accepted { tag, .. })
                | Exchange::AwaitingPubrec(Accepted { tag, .. })
                | Exchange::AwaitingPubcomp { tag, .. } => fx.published(tag, Outcome::Abandoned),
                Exchange::Request(request) => request.abandon(fx),
            }
        }
    }
}

impl Accepted {
    /// Out of an exchange that is dropped.
    fn take(&mut self) -> Self {
        Self { number: self.number, tag: self.tag.take(), message: self.message.clone() }
    }
}

impl Exchange {
    fn number(&self) -> u64 {
        match self {
            Self::AwaitingPuback(accepted) | Self::AwaitingPubrec(accepted) => accepted.number,
            Self::AwaitingPubcomp { number, .. } => *number,
            Self::Request(request) => request.number,
        }
    }

    /// The place among all PUBRECs.
    fn order(&self) -> Option<u64> {
        match self {
            Self::AwaitingPubcomp { order, .. } => Some(*order),
            _ => None,
        }
    }

    fn as_request((id, exchange): (PacketId, &Self)) -> Option<(PacketId, &Request)> {
        match exchange {
            Self::Request(request) => Some((id, request)),
            _ => None,
        }
    }

    /// The packet that may come for it.
    pub(super) fn awaited(&self) -> PacketType {
        match self {
            Self::AwaitingPuback(_) => PacketType::Puback,
            Self::AwaitingPubrec(_) => PacketType::Pubrec,
            Self::AwaitingPubcomp { .. } => PacketType::Pubcomp,
            Self::Request(request) => request.awaited(),
        }
    }

    /// Its last acknowledgement came.
    #[inline]
    fn finish(self, fx: &mut Effects) {
        let (number, tag, outcome) = match self {
            Self::AwaitingPubcomp { number, tag, doubt, .. } => {
                (number, tag, doubt.map_or(Outcome::Delivered, Outcome::Uncertain))
            }
            Self::AwaitingPuback(accepted) | Self::AwaitingPubrec(accepted) => {
                (accepted.number, accepted.tag, Outcome::Delivered)
            }
            Self::Request(_) => return,
        };
        fx.has_served = true;
        fx.record(|| Change::Finished { number });
        fx.published(tag, outcome);
    }
}
