//! SUBSCRIBE, UNSUBSCRIBE and PINGREQ, and their answers.

use std::collections::{BTreeMap, VecDeque};

use mqtt_codec::{PacketId, PacketType, Side, Suback, SubackReturnCode, Subscribe, Unsubscribe};

use super::connection::Connection;
use super::say::{error, warning};
use super::subscriptions::Subscription;
use super::weight::OF_A_PACKET;
use super::{Asked, At, Context, Listener};
use crate::words::counted;

/// The most pings that wait for their answers.
const MAX_PINGS: usize = 64;

/// The most answered requests that are remembered.
const MAX_ANSWERED: usize = 16;

/// What the Client asked for.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) waiting: BTreeMap<u16, Box<Request>>,
    /// Requests whose identifiers were used again while they waited.
    pub(super) displaced: Vec<(u16, Request)>,
    /// Identifiers of the last requests that were answered, with where.
    answered: VecDeque<Past>,
    pub(super) subscriptions: Vec<Subscription>,
    /// There are more than can be remembered.
    pub(super) overflown: bool,
    pub(super) pings: VecDeque<At>,
    /// The first ping since no other waited for its answer.
    pub(super) first_ping: Option<At>,
    /// The last request that was answered.
    pub(super) last_answered: Option<At>,
}

/// A request that was answered.
#[derive(Clone, Copy, Debug)]
struct Past {
    id: u16,
    is_subscribe: bool,
    answer: At,
    /// What was wrong with its answer has been said; the answers behind it are of the same cause.
    is_said: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) at: At,
    /// The QoS asked for, for each filter of a SUBSCRIBE; `None` for UNSUBSCRIBE.
    qos: Option<Vec<u8>>,
    filters: Vec<Vec<u8>>,
    /// An answer of another kind came, which has been said.
    pub(super) wrongly_answered: bool,
    /// Another one with the same identifier waited before it: answers may be that one's.
    pub(super) disputed: bool,
}

impl Request {
    fn new(at: At, qos: Option<Vec<u8>>, filters: Vec<Vec<u8>>) -> Self {
        Self { at, qos, filters, wrongly_answered: false, disputed: false }
    }

    pub(super) fn is_subscribe(&self) -> bool {
        self.qos.is_some()
    }

    pub(super) fn name(&self) -> &'static str {
        if self.is_subscribe() { "SUBSCRIBE" } else { "UNSUBSCRIBE" }
    }

    /// The statement by which it is answered.
    pub(super) fn clause(&self) -> &'static str {
        if self.is_subscribe() { "MQTT-3.8.4-1" } else { "MQTT-3.10.4-4" }
    }
}

impl Requests {
    /// Forgets what waits; subscriptions stay.
    pub(super) fn forget(&mut self) {
        let (subscriptions, overflown) = (std::mem::take(&mut self.subscriptions), self.overflown);
        *self = Self { subscriptions, overflown, ..Self::default() };
    }

    /// Forgets subscriptions, too.
    pub(super) fn forget_all(&mut self) {
        *self = Self { overflown: true, ..Self::default() };
    }

    /// About the bytes of what waits, and of the subscriptions.
    pub(super) fn weight(&self) -> usize {
        let displaced = self.displaced.iter().map(|(_, request)| request);
        let waiting =
            self.waiting.values().map(Box::as_ref).chain(displaced).flat_map(|request| &request.filters);
        let waiting: usize = waiting.map(|filter| filter.len() + size_of::<Vec<u8>>()).sum();
        let filters: usize = self.subscriptions.iter().map(Subscription::weight).sum();
        waiting + (self.waiting.len() + self.displaced.len()) * OF_A_PACKET + filters
    }

    pub(super) fn began(&self, id: PacketId) -> Option<At> {
        self.waiting.get(&id.get()).map(|request| request.at)
    }

    /// The answers to what was asked for in this record.
    pub(super) fn due(&self, frame: u64) -> impl Iterator<Item = (PacketType, u16)> {
        let waiting = self.waiting.iter().filter(move |(_, request)| request.at.frame == frame);
        let answers = waiting.map(|(id, request)| match request.qos {
            Some(_) => (PacketType::Suback, *id),
            None => (PacketType::Unsuback, *id),
        });
        let pings = self.pings.iter().filter(move |ping| ping.frame == frame);
        answers.chain(pings.map(|_| (PacketType::Pingresp, 0)))
    }

    fn answer(&mut self, id: u16, is_subscribe: bool, at: At) -> Option<Request> {
        let request = *self.waiting.remove(&id)?;
        if self.answered.len() >= MAX_ANSWERED {
            self.answered.pop_front();
        }
        self.answered.push_back(Past { id, is_subscribe, answer: at, is_said: false });
        self.last_answered = self.last_answered.max_by_time(Some(request.at));
        Some(request)
    }

    fn past(&mut self, id: u16, is_subscribe: bool) -> Option<&mut Past> {
        let mut answered = self.answered.iter_mut().rev();
        answered.find(|past| (past.id, past.is_subscribe) == (id, is_subscribe))
    }

    /// The request of this kind that waits for its answer, if there is only one.
    fn only_one_due(&mut self, is_subscribe: bool) -> Option<(u16, &mut Request)> {
        let mut due = self.waiting.iter_mut().filter(|(_, request)| request.is_subscribe() == is_subscribe);
        let (id, only) = due.next()?;
        (due.next().is_none() && !only.wrongly_answered && !only.disputed).then_some((*id, &mut **only))
    }
}

/// The later of two places.
trait Later {
    fn max_by_time(self, other: Self) -> Self;
}

impl Later for Option<At> {
    fn max_by_time(self, other: Self) -> Self {
        match (self, other) {
            (Some(a), Some(b)) => Some(if b.time > a.time { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}

impl Connection {
    pub(super) fn subscribe(
        &mut self,
        subscribe: &Subscribe<'_>,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let list: Vec<_> = subscribe.subscriptions.iter().collect();
        let filters: Vec<Vec<u8>> = list.iter().map(|(filter, _)| filter.as_bytes().to_vec()).collect();
        for (filter, qos) in &list {
            self.requests.add(filter.as_bytes(), *qos, at);
        }
        let qos = list.iter().map(|(_, qos)| qos.as_u8()).collect();
        self.retained.subscribed();
        self.request(subscribe.packet_id.get(), Request::new(at, Some(qos), filters), cx);
    }

    pub(super) fn unsubscribe(
        &mut self,
        unsubscribe: &Unsubscribe<'_>,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let filters = unsubscribe.filters.iter().map(|filter| filter.as_bytes().to_vec()).collect();
        self.request(unsubscribe.packet_id.get(), Request::new(at, None, filters), cx);
    }

    pub(super) fn suback(&mut self, suback: &Suback<'_>, at: At, cx: &mut Context<'_, impl Listener>) {
        let id = suback.packet_id.get();
        let Some(request) = self.answered(id, true, at, cx) else { return };
        cx.answered(Asked::Subscribe, request.at, at);
        let asked = request.qos.unwrap_or_default();
        let codes: Vec<_> = suback.return_codes.iter().collect();
        let frames = [request.at.frame, at.frame];
        if request.disputed {
            // It may be the answer to another one.
        } else if codes.len() != asked.len() {
            let message = format!(
                "SUBACK {id} has {} for {}",
                counted(codes.len() as u64, "return code"),
                counted(asked.len() as u64, "topic filter")
            );
            error("suback_count", Side::Server, message).against(&["MQTT-3.8.4-5"]).tell(&frames, at, cx);
            if let Some(past) = self.requests.past(id, true) {
                past.is_said = true;
            }
        } else if let Some((place, granted)) = above(&codes, &asked) {
            let mut sorted = asked.clone();
            sorted.sort_unstable();
            let mut by_value = codes.clone();
            by_value.sort_unstable_by_key(|code| code.as_u8());
            let in_another_order = above(&by_value, &sorted).is_none();
            let clauses: &[_] =
                if in_another_order { &["MQTT-3.8.4-5", "MQTT-3.9.3-1"] } else { &["MQTT-3.8.4-5"] };
            let message = format!(
                "SUBACK {id} grants QoS {granted} to topic filter {}, which asked for less",
                place + 1
            );
            error("granted_too_much", Side::Server, message).against(clauses).tell(&frames, at, cx);
        }
        for (filter, code) in request.filters.iter().zip(&codes) {
            self.requests.granted(filter, *code, at);
        }
    }

    pub(super) fn unsuback(&mut self, id: PacketId, at: At, cx: &mut Context<'_, impl Listener>) {
        let Some(request) = self.answered(id.get(), false, at, cx) else { return };
        cx.answered(Asked::Unsubscribe, request.at, at);
        for subscription in &mut self.requests.subscriptions {
            if request.filters.contains(&subscription.filter) {
                subscription.removed.get_or_insert(at);
            }
        }
    }

    /// The request with this identifier, of this kind, that waits for its answer.
    fn answered(
        &mut self,
        id: u16,
        is_subscribe: bool,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) -> Option<Request> {
        if let Some(mut request) = self.requests.take_displaced(id, is_subscribe) {
            request.disputed = true;
            return Some(request);
        }
        let name = if is_subscribe { "SUBACK" } else { "UNSUBACK" };
        match self.requests.waiting.get_mut(&id) {
            Some(request) if request.is_subscribe() == is_subscribe => {
                return self.requests.answer(id, is_subscribe, at);
            }
            Some(request) if !request.wrongly_answered && !request.disputed => {
                request.wrongly_answered = true;
                let frames = [request.at.frame, at.frame];
                let message = format!("{name} {id} answers {}", request.name());
                error("wrong_acknowledgement", Side::Server, message)
                    .against(&[request.clause()])
                    .tell(&frames, at, cx);
            }
            None if self.complete => self.unasked(id, is_subscribe, at, cx),
            _ => {}
        }
        None
    }

    /// SUBACK or UNSUBACK for which no request waits.
    fn unasked(&mut self, id: u16, is_subscribe: bool, at: At, cx: &mut Context<'_, impl Listener>) {
        let (name, asked, clauses) = match is_subscribe {
            true => ("SUBACK", "SUBSCRIBE", ["MQTT-3.3.4-1", "MQTT-3.8.4-2", "MQTT-2.3.1-7"]),
            false => ("UNSUBACK", "UNSUBSCRIBE", ["MQTT-3.3.4-1", "MQTT-3.10.4-4", "MQTT-2.3.1-7"]),
        };
        if let Some(Past { answer: before, is_said, .. }) = self.requests.past(id, is_subscribe).copied() {
            if is_said {
                return;
            }
            let clause = if is_subscribe { "MQTT-3.8.4-4" } else { "MQTT-3.10.4-6" };
            let message = format!("a second {name} for {asked} {id}");
            let frames = [before.frame, at.frame];
            error("answered_twice", Side::Server, message).against(&[clause]).tell(&frames, at, cx);
            return;
        }
        let message = self.deliveries.first_mut().and_then(|messages| messages.in_flight.get_mut(&id));
        if let Some(exchange) = message {
            exchange.excused = true;
            let frames = exchange.frames_until(at);
            let message = format!("{name} answers message {id} of QoS {}", exchange.qos);
            error("wrong_acknowledgement", Side::Server, message).against(&clauses).tell(&frames, at, cx);
            return;
        }
        let (mut message, mut frames) =
            (format!("{name} for packet identifier {id}, which no {asked} has"), vec![at.frame]);
        if let Some((waiting, request)) = self.requests.only_one_due(is_subscribe) {
            request.wrongly_answered = true;
            message.push_str(&format!("; {asked} {waiting} waits for its own"));
            frames.insert(0, request.at.frame);
        }
        let clauses = clauses.get(1..).unwrap_or_default();
        error("unknown_packet_id", Side::Server, message).against(clauses).tell(&frames, at, cx);
    }

    pub(super) fn pingreq(&mut self, at: At) {
        if self.requests.pings.len() < MAX_PINGS {
            self.requests.pings.push_back(at);
        }
        self.requests.first_ping.get_or_insert(at);
    }

    pub(super) fn pingresp(&mut self, at: At, cx: &mut Context<'_, impl Listener>) {
        match self.requests.pings.pop_front() {
            Some(ping) => {
                if self.requests.pings.is_empty() {
                    self.requests.first_ping = None;
                }
                cx.answered(Asked::Ping, ping, at);
                self.requests.last_answered = self.requests.last_answered.max_by_time(Some(ping));
            }
            None if self.complete && self.handshake.connack.is_some_and(|answer| answer.code == 0) => {
                let message = "PINGRESP without a PINGREQ".to_owned();
                warning("pingresp_unasked", Side::Server, message).tell(&[at.frame], at, cx);
            }
            None => {}
        }
    }
}

/// The first filter that is granted more than it asked for.
fn above(codes: &[SubackReturnCode], asked: &[u8]) -> Option<(usize, u8)> {
    codes.iter().zip(asked).enumerate().find_map(|(place, (code, asked))| match code {
        SubackReturnCode::Granted(qos) if qos.as_u8() > *asked => Some((place, qos.as_u8())),
        _ => None,
    })
}
