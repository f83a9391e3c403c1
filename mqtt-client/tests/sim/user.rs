//! What the user of the client did and saw, and what has to be true of it in the end.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_client::session::{Acknowledgement, Event, Outcome};

use super::plan::{Counts, Plan};
use super::server::Server;

/// A message of the user.
#[derive(Debug)]
pub struct Published {
    pub qos: u8,
    /// `publish` returned: what was to be stored is.
    pub promised: bool,
    /// The process was killed: its handle is gone.
    pub orphaned: bool,
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Default)]
pub struct User {
    pub published: Vec<Published>,
    /// How often each message of the Server came, by number.
    pub seen: BTreeMap<usize, u32>,
    /// In the order that they came in for the first time.
    first: Option<usize>,
    /// Messages at QoS 2 that the process was killed over before their acknowledgement was stored.
    pub excused: BTreeSet<usize>,
    /// Messages to be acknowledged, and those whose acknowledgement is not stored yet.
    pub to_acknowledge: Vec<(usize, Acknowledgement)>,
    pub acknowledged: Vec<usize>,
    /// Requests that are not answered: a tag, a filter, and the QoS, or none to unsubscribe.
    pub asked: BTreeMap<u32, (&'static str, Option<u8>)>,
    /// The last wish for each filter.
    pub wishes: BTreeMap<&'static str, Option<u8>>,
    pub next_tag: u32,
}

impl User {
    /// An event of the session.
    pub fn hears(&mut self, event: &Event, server: &Server, honest: bool) {
        match *event {
            Event::Published { tag, outcome } => {
                let message = tag.0 as usize;
                let published = &mut self.published[message];
                assert!(!published.orphaned && published.outcome.is_none(), "{message}: {outcome}");
                published.outcome = Some(outcome);
                if honest && outcome == Outcome::Delivered && published.qos > 0 {
                    assert!(
                        server.log.iter().any(|(logged, ..)| *logged == message),
                        "{message} was not delivered"
                    );
                }
            }
            Event::Subscribed { tag, .. } | Event::Unsubscribed { tag } => {
                assert!(self.asked.remove(&tag.0).is_some(), "{tag:?} is answered once");
            }
            Event::RequestAbandoned { .. } | Event::SubscriptionLost { .. } => {
                assert!(!honest, "{event:?}");
            }
            Event::Connected { .. } | Event::SessionLost => {}
        }
    }

    /// A message of the Server.
    pub fn sees(&mut self, message: usize, qos: u8, dup: bool) {
        let times = self.seen.entry(message).or_default();
        *times += 1;
        if *times == 1 {
            assert!(self.first.is_none_or(|last| last < message), "{message} came late [MQTT-4.6.0-6]");
            self.first = Some(message);
        } else {
            assert!(qos != 0 && dup, "{message} came again as if it were new");
            assert!(qos == 1 || self.excused.contains(&message), "{message} came twice at QoS 2");
        }
    }

    /// The process was killed.
    pub fn crashed(&mut self) {
        for published in &mut self.published {
            published.orphaned |= published.outcome.is_none();
        }
        self.excused.extend(self.to_acknowledge.drain(..).map(|(message, _)| message));
        self.excused.extend(self.acknowledged.drain(..));
        for (filter, _) in std::mem::take(&mut self.asked).into_values() {
            self.wishes.remove(filter);
        }
        // Nobody remembers which subscriptions there were: they are not made again when the session is lost.
        self.wishes.clear();
    }

    /// What an honest Server's log must say.
    pub fn checks(&self, plan: &Plan, server: &Server) {
        let mut times = BTreeMap::<(usize, usize), u32>::new();
        let mut sums = BTreeMap::<usize, u32>::new();
        let mut last = None;
        for &(message, qos, session) in &server.log {
            let published = &self.published[message];
            assert_eq!(qos, published.qos);
            assert!(published.promised, "{message} left before it was stored");
            *times.entry((message, session)).or_default() += 1;
            let sum = sums.entry(message).or_default();
            *sum += 1;
            if *sum == 1 {
                assert!(last < Some(message), "{message} came behind {last:?} [MQTT-4.6.0-6]");
                last = Some(message);
            }
            if qos == 2 {
                assert!(times[&(message, session)] == 1, "{message} came twice in a session at QoS 2");
                assert!(!plan.clean || *sum == 1, "{message} came twice at QoS 2");
            }
            assert!(qos != 0 || *sum == 1, "{message} came twice at QoS 0");
        }
        for (message, published) in self.published.iter().enumerate() {
            let lost_is_fine = matches!(published.outcome, Some(Outcome::Uncertain(_) | Outcome::Abandoned));
            if published.promised && published.qos > 0 && !lost_is_fine {
                assert!(sums.contains_key(&message), "{message} was lost: {published:?}");
            }
        }
        for message in &server.acknowledged {
            assert!(self.seen.contains_key(message), "{message} was acknowledged and never handed over");
        }
        for (filter, qos) in &self.wishes {
            assert_eq!(server.subscriptions.get(*filter), qos.as_ref(), "{filter}");
        }
    }

    /// Every publish ended, and every request was answered.
    pub fn is_content(&self) {
        for (message, published) in self.published.iter().enumerate() {
            assert!(
                published.orphaned || published.outcome.is_some(),
                "{message} has no outcome: {published:?}"
            );
        }
        assert!(self.asked.is_empty(), "{:?} were not answered", self.asked);
    }

    pub fn counts(&self, counts: &mut Counts) {
        counts.published += self.published.len() as u64;
        for published in &self.published {
            match published.outcome {
                Some(Outcome::Delivered) => counts.delivered += 1,
                Some(Outcome::Uncertain(_)) => counts.uncertain += 1,
                Some(Outcome::Abandoned) | None => {}
            }
        }
        counts.received += self.seen.len() as u64;
    }
}
