//! Messages from the Server: the receiver's half of QoS 1 and 2 (4.3.2, 4.3.3), and the order of acknowledgements.
//!
//! PUBACKs and PUBRECs keep one common order, which is more than the standard asks for [MQTT-4.6.0-2] [MQTT-4.6.0-3]: a
//! message that the user has not acknowledged holds back the answers to all that came behind it.

use std::collections::{BTreeMap, VecDeque};

use mqtt_codec::{Delivery, Packet, PacketId};

use crate::session::by_id::IdSet;
use crate::session::effects::Effects;
use crate::session::event::{Acknowledgement, Violation};
use crate::store::Change;

/// Exchanges that the Server began.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The user acknowledges.
    manual: bool,
    /// Messages at QoS 2 from their PUBREC, sent or about to be, to their PUBREL: the same identifier is the same message.
    held: IdSet,
    /// Messages at QoS 2 that were handed over, and that the user has not acknowledged.
    unacknowledged: BTreeMap<PacketId, Unacknowledged>,
    /// Identifiers of both that may be those of a session that the Server has lost.
    doubtful: IdSet,
    /// Acknowledgements of this connection that wait for the user, or for one before them that does, in the order of
    /// their PUBLISHes [MQTT-4.6.0-2] [MQTT-4.6.0-3].
    due: VecDeque<Due>,
    /// The place of the next PUBLISH.
    next_place: u64,
}

/// A message at QoS 2 that the user has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unacknowledged {
    /// Where it was handed over.
    place: u64,
    /// Where its PUBLISH came on this connection, again perhaps.
    due: Option<u64>,
}

/// A PUBACK or PUBREC that has not left.
#[derive(Debug)]
struct Due {
    /// Consecutive in the queue.
    place: u64,
    packet_id: PacketId,
    exactly_once: bool,
    answer: Answer,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The user has not acknowledged.
    Waits,
    /// It leaves when its turn comes.
    Ready,
    /// It never leaves, and holds nothing back.
    Void,
}

/// What to do with a PUBLISH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    HandOver(Option<Acknowledgement>),
    /// It was handed over before.
    Duplicate,
}

impl Incoming {
    pub(super) fn new(manual: bool, held: impl IntoIterator<Item = PacketId>) -> Self {
        Self {
            manual,
            held: held.into_iter().collect(),
            unacknowledged: BTreeMap::new(),
            doubtful: IdSet::default(),
            due: VecDeque::new(),
            next_place: 0,
        }
    }

    /// Acknowledgements that wait for the user.
    pub(super) fn unacknowledged(&self) -> usize {
        self.due.len()
    }

    /// Messages at QoS 2 whose PUBREL has not come, though PUBREC was sent.
    pub(super) fn awaits_pubrel(&self) -> bool {
        !self.held.is_empty()
    }

    /// Answers a PUBLISH by its QoS [MQTT-3.3.4-1], or notes that an answer is due.
    ///
    /// # Errors
    /// More answers are due than there are identifiers.
    #[inline]
    pub(super) fn publish(&mut self, delivery: Delivery, fx: &mut Effects) -> Result<Verdict, Violation> {
        if self.due.len() >= usize::from(PacketId::MAX.get()) && delivery.packet_id().is_some() {
            return Err(Violation::TooManyUnacknowledged);
        }
        Ok(match delivery {
            Delivery::AtMostOnce => Verdict::HandOver(None),
            Delivery::AtLeastOnce { packet_id, .. } => Verdict::HandOver(self.answer(packet_id, false, fx)),
            Delivery::ExactlyOnce { packet_id, dup } => {
                // A Server that still had the session would set DUP [MQTT-3.3.1-1].
                if !dup && self.doubtful.contains(packet_id) {
                    self.forget_doubtful(fx);
                }
                self.publish_exactly_once(packet_id, fx)
            }
        })
    }

    #[inline]
    fn publish_exactly_once(&mut self, packet_id: PacketId, fx: &mut Effects) -> Verdict {
        let place = self.next_place;
        if self.held.contains(packet_id) {
            self.push(packet_id, true, true, fx);
            return Verdict::Duplicate;
        }
        if !self.manual {
            self.hold(packet_id, fx);
        } else if let Some(first) = self.unacknowledged.get_mut(&packet_id) {
            // Sent again on a new connection, while the user has the first: one acknowledgement answers both.
            if first.due.is_none() {
                first.due = Some(place);
                self.push(packet_id, true, false, fx);
            }
            return Verdict::Duplicate;
        } else {
            self.unacknowledged.insert(packet_id, Unacknowledged { place, due: Some(place) });
        }
        Verdict::HandOver(self.answer(packet_id, true, fx))
    }

    /// The answer to a message that is handed over now.
    #[inline]
    fn answer(
        &mut self,
        packet_id: PacketId,
        exactly_once: bool,
        fx: &mut Effects,
    ) -> Option<Acknowledgement> {
        let place = self.next_place;
        self.push(packet_id, exactly_once, !self.manual, fx);
        self.manual.then_some(Acknowledgement { place, packet_id, exactly_once })
    }

    /// An answer takes its place in the order.
    #[inline]
    fn push(&mut self, packet_id: PacketId, exactly_once: bool, ready: bool, fx: &mut Effects) {
        if ready && self.due.is_empty() {
            return send(packet_id, exactly_once, fx);
        }
        let answer = if ready { Answer::Ready } else { Answer::Waits };
        self.due.push_back(Due { place: self.next_place, packet_id, exactly_once, answer });
        self.next_place += 1;
    }

    fn hold(&mut self, packet_id: PacketId, fx: &mut Effects) {
        self.held.insert(packet_id);
        fx.record(|| Change::Held(packet_id));
    }

    /// The user acknowledges. Of QoS 1, what came on an earlier connection is not acknowledged: the Server sends it
    /// again.
    pub(super) fn acknowledge(&mut self, done: Acknowledgement, fx: &mut Effects) {
        let mut place = Some(done.place);
        if done.exactly_once {
            match self.unacknowledged.get(&done.packet_id) {
                Some(first) if first.place == done.place => place = first.due,
                _ => return,
            }
            self.unacknowledged.remove(&done.packet_id);
            self.hold(done.packet_id, fx);
        }
        if let Some(place) = place {
            self.decide(place, Answer::Ready);
        }
        self.send_due(fx);
    }

    /// The answer at this place, if it waits still.
    fn decide(&mut self, place: u64, answer: Answer) {
        // Places that wait are consecutive.
        let front = self.due.front().map_or(u64::MAX, |due| due.place);
        let index = place.checked_sub(front).and_then(|index| usize::try_from(index).ok());
        if let Some(due) = index.and_then(|index| self.due.get_mut(index)) {
            due.answer = answer;
        }
    }

    /// Sends what waits for nothing any more.
    fn send_due(&mut self, fx: &mut Effects) {
        while self.due.front().is_some_and(|due| due.answer != Answer::Waits)
            && let Some(due) = self.due.pop_front()
        {
            if due.answer == Answer::Ready {
                send(due.packet_id, due.exactly_once, fx);
            }
        }
    }

    /// Answers PUBREL, also of an unknown identifier [MQTT-4.3.3-2].
    pub(super) fn pubrel(&mut self, packet_id: PacketId, fx: &mut Effects) -> Result<(), Violation> {
        if self.unacknowledged.contains_key(&packet_id) {
            return Err(Violation::PubrelBeforePubrec(packet_id));
        }
        self.doubtful.remove(packet_id);
        if self.held.remove(packet_id) {
            fx.has_served = true;
            fx.record(|| Change::Unheld(packet_id));
        }
        fx.outbox.packet(&Packet::Pubcomp(packet_id));
        Ok(())
    }

    /// Answers that were due were due on that connection: the Server sends its PUBLISHes again.
    pub(super) fn connection_lost(&mut self) {
        self.due.clear();
        self.unacknowledged.values_mut().for_each(|first| first.due = None);
    }

    /// The Server has a session, and perhaps not the one that all that is open belongs to.
    pub(super) fn session_is_doubtful(&mut self) {
        for id in self.held.ids().chain(self.unacknowledged.keys().copied()) {
            self.doubtful.insert(id);
        }
    }

    /// It has another session. What came in it under such an identifier, and was taken for the message of before, is not
    /// answered: so it comes again on the next connection, and is handed over then.
    fn forget_doubtful(&mut self, fx: &mut Effects) {
        for id in std::mem::take(&mut self.doubtful).ids() {
            if let Some(place) = self.unacknowledged.remove(&id).and_then(|first| first.due) {
                self.decide(place, Answer::Void);
            }
            if self.held.remove(id) {
                fx.record(|| Change::Unheld(id));
            }
        }
        self.send_due(fx);
    }

    /// The Server has no session: its identifiers mean new messages.
    pub(super) fn session_lost(&mut self, fx: &mut Effects) {
        self.doubtful = IdSet::default();
        if !self.held.is_empty() || !self.unacknowledged.is_empty() {
            self.held = IdSet::default();
            self.unacknowledged.clear();
            fx.record(|| Change::AllUnheld);
        }
    }
}

#[inline]
fn send(packet_id: PacketId, exactly_once: bool, fx: &mut Effects) {
    fx.outbox.packet(&if exactly_once { Packet::Pubrec(packet_id) } else { Packet::Puback(packet_id) });
}
