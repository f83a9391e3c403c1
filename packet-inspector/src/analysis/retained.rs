//! Messages from the Server: do they match a subscription, and is RETAIN what it has to be?

use std::collections::HashMap;

use mqtt_codec::{Publish, Side};

use super::connection::Connection;
use super::say::error;
use super::sessions::Published;
use super::subscriptions::Subscription;
use super::{At, Context, Listener};

/// The most topics of a connection whose retained messages are counted.
const MAX_TOPICS: usize = 1024;

/// What of retained messages a Client has been sent.
#[derive(Debug, Default)]
pub(super) struct Retained {
    /// How often, with the last record, a retained message came on a topic since the last SUBSCRIBE.
    topics: HashMap<Vec<u8>, (usize, u64)>,
    /// Bytes of all of them.
    bytes: usize,
}

impl Retained {
    /// Each SUBSCRIBE may bring the retained messages again.
    pub(super) fn subscribed(&mut self) {
        *self = Self::default();
    }

    /// About the bytes of the topics.
    pub(super) fn weight(&self) -> usize {
        self.bytes + 64 * self.topics.len()
    }
}

impl Connection {
    /// What RETAIN and the topic of a message say.
    pub(super) fn retain(
        &mut self,
        side: Side,
        publish: &Publish<'_>,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        if side == Side::Client {
            cx.sessions.published(publish, self.server(), at);
            return;
        }
        // Before it is accepted, and behind a refusal, no message is in its place: that has been said.
        let is_accepted = self.handshake.connack.is_some_and(|answer| answer.code == 0);
        let knows_all =
            self.complete && is_accepted && self.handshake.is_fresh() && self.requests.are_all_known();
        let matching: Vec<_> = self.requests.matching(publish.topic, at).cloned().collect();
        if matching.is_empty() {
            if knows_all {
                let message = "a message on a topic that matches no subscription of the client".to_owned();
                error("no_subscription", Side::Server, message).against(&["MQTT-3.3.2-3"]).tell(
                    &[at.frame],
                    at,
                    cx,
                );
            }
            return;
        }
        self.above_granted(publish, &matching, at, cx);
        let source = cx.sessions.source(publish, self.server());
        if publish.retain {
            self.retained_again(publish, matching.len(), at, cx);
            let established =
                matching.iter().filter_map(|subscription| subscription.established).map(|at| at.time).min();
            let asked = matching.iter().map(|subscription| subscription.asked);
            let asked = asked.chain(self.missed).map(|at| at.time).max();
            if let (Some(Published { at: source, .. }), Some(established), Some(asked)) =
                (source, established, asked)
                && source.time > established
                && source.time > asked
            {
                let message =
                    "RETAIN is 1 in a message for a subscription that was there before it".to_owned();
                let frames = [source.frame, at.frame];
                error("retain_on_established", Side::Server, message)
                    .against(&["MQTT-3.3.1-9"])
                    .tell(&frames, at, cx);
            }
        } else if knows_all
            && let Some(Published { at: source, retain: true, once: true }) = source
            && matching.iter().all(|subscription| subscription.asked.time > source.time)
        {
            let asked = matching.first().map_or(at, |subscription| subscription.asked);
            let message = "RETAIN is 0 in a retained message that is sent for a new subscription".to_owned();
            let frames = [source.frame, asked.frame, at.frame];
            error("retain_missing", Side::Server, message).against(&["MQTT-3.3.1-8"]).tell(&frames, at, cx);
        }
    }

    /// A message comes with no higher QoS than was granted.
    fn above_granted(
        &self,
        publish: &Publish<'_>,
        matching: &[Subscription],
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let Some(granted) = matching.iter().max_by_key(|subscription| subscription.qos) else { return };
        let qos = publish.delivery.qos().as_u8();
        // What was sent for the subscription before it may still be on its way.
        let is_settled = matching.iter().all(|held| held.established.is_some() && !held.replaces);
        if qos <= granted.qos
            || publish.delivery.dup()
            || !is_settled
            || !self.complete
            || !self.handshake.is_fresh()
        {
            return;
        }
        let message =
            format!("a message at QoS {qos} for a subscription that was granted QoS {}", granted.qos);
        let frames = [granted.established.unwrap_or(granted.asked).frame, at.frame];
        error("above_granted", Side::Server, message).against(&["MQTT-3.8.4-6"]).tell(&frames, at, cx);
    }

    /// A subscription brings the retained message of a topic once.
    fn retained_again(
        &mut self,
        publish: &Publish<'_>,
        subscriptions: usize,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let topics = &mut self.retained.topics;
        if topics.len() >= MAX_TOPICS || publish.delivery.dup() {
            return;
        }
        if !topics.contains_key(publish.topic.as_bytes()) {
            self.retained.bytes += publish.topic.as_bytes().len();
        }
        let (count, before) = topics.entry(publish.topic.as_bytes().to_vec()).or_insert((0, at.frame));
        *count += 1;
        let (again, before) = (*count > subscriptions, std::mem::replace(before, at.frame));
        if again && self.complete {
            let message = "RETAIN is 1 in a message that no new subscription asked for".to_owned();
            let frames = [before, at.frame];
            error("retain_on_established", Side::Server, message)
                .against(&["MQTT-3.3.1-9"])
                .tell(&frames, at, cx);
        }
    }
}
