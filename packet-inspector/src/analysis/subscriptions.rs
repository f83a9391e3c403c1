//! What a Client has subscribed to.

use mqtt_codec::{QoS, SubackReturnCode, TopicFilter, TopicName};

use super::At;
use super::requests::Requests;
use crate::capture::Span;

/// How long messages of a subscription that was removed may still come.
const FADING: Span = Span::seconds(2);

/// The most subscriptions of a connection that are remembered.
const MAX_SUBSCRIPTIONS: usize = 1024;

/// A Topic Filter that the Client subscribed to.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) filter: Vec<u8>,
    pub(super) qos: u8,
    /// When it was asked for.
    pub(super) asked: At,
    /// When the Server agreed.
    pub(super) established: Option<At>,
    /// There was one with the same filter before.
    pub(super) replaces: bool,
    pub(super) removed: Option<At>,
}

impl Subscription {
    /// About its bytes.
    pub(super) fn weight(&self) -> usize {
        self.filter.len() + size_of::<Self>()
    }
}

impl Requests {
    /// The subscriptions that a session brings with it.
    pub(super) fn resume(&mut self, subscriptions: &[Subscription]) {
        self.subscriptions.extend_from_slice(subscriptions);
    }

    /// The filters and the QoS of each.
    pub(super) fn filters(&self) -> Vec<(String, u8)> {
        let held = self.subscriptions.iter().filter(|subscription| subscription.removed.is_none());
        held.map(|held| (String::from_utf8_lossy(&held.filter).into_owned(), held.qos)).collect()
    }

    /// The subscriptions that a message with this topic can be sent for.
    pub(super) fn matching<'a>(
        &'a self,
        topic: TopicName<'a>,
        now: At,
    ) -> impl Iterator<Item = &'a Subscription> {
        self.subscriptions.iter().filter(move |subscription| {
            let faded = subscription.removed.is_some_and(|removed| now.time.since(removed.time) > FADING);
            let filter = TopicFilter::from_bytes(unshared(&subscription.filter));
            !faded && filter.is_ok_and(|filter| filter.matches(topic))
        })
    }

    /// Whether all subscriptions are known.
    pub(super) fn are_all_known(&self) -> bool {
        !self.overflown
    }

    pub(super) fn add(&mut self, filter: &[u8], qos: QoS, asked: At) {
        // The same filter again replaces the subscription.
        let before = self.subscriptions.len();
        self.subscriptions.retain(|subscription| subscription.filter != filter);
        let replaces = self.subscriptions.len() < before;
        if self.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            self.overflown = true;
            return;
        }
        let (filter, qos) = (filter.to_vec(), qos.as_u8());
        self.subscriptions.push(Subscription {
            filter,
            qos,
            asked,
            established: None,
            replaces,
            removed: None,
        });
    }

    pub(super) fn granted(&mut self, filter: &[u8], code: SubackReturnCode, at: At) {
        self.subscriptions.retain_mut(|subscription| {
            if subscription.filter != filter {
                return true;
            }
            match code {
                SubackReturnCode::Granted(qos) => {
                    subscription.qos = qos.as_u8();
                    subscription.established = Some(at);
                }
                // Messages of the one before it may be on their way.
                SubackReturnCode::Failure if subscription.replaces => {
                    subscription.removed.get_or_insert(at);
                }
                SubackReturnCode::Failure => return false,
            }
            true
        });
    }
}

/// The filter of a subscription that a Server's extension shares among Clients: `$share/group/filter`, `$queue/filter`.
fn unshared(filter: &[u8]) -> &[u8] {
    if let Some(rest) = filter.strip_prefix(b"$queue/") {
        return rest;
    }
    let group_and_filter = filter.strip_prefix(b"$share/");
    let level = |rest: &[u8]| rest.iter().position(|byte| *byte == b'/').map(|at| at + 1);
    group_and_filter.and_then(|rest| rest.get(level(rest)?..)).unwrap_or(filter)
}
