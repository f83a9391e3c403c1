//! Looks at every packet that leaves the client or comes to it, and knows the rules that such a conversation keeps.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mqtt_client::store::{Saved, SavedState};
use mqtt_codec::{Connack, Decoded, Decoder, Delivery, Packet, PacketType, Publish};

use super::server::number;

/// What an identifier of the client is in use for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Use {
    /// A message by its number, its QoS, and the place of its PUBREC.
    Message(usize, u8, Option<u64>),
    Request(PacketType),
}

#[derive(Debug, Default)]
pub struct Audit {
    window: usize,
    /// The Server may say anything, and the user acknowledges: a repeated PUBLISH has one answer.
    lenient: bool,
    in_use: BTreeMap<u16, Use>,
    next_pubrec: u64,
    /// The last message that was sent for the first time.
    last_new: Option<usize>,
    /// Packets were lost unseen: some of what is sent again was never seen.
    blind: bool,
    // The connection.
    connected: bool,
    pub online: bool,
    pub disconnected: bool,
    /// Nothing new was sent yet.
    resuming: bool,
    last_again: Option<usize>,
    last_pubrel_again: Option<u64>,
    /// Identifiers that were sent on this connection.
    again: BTreeSet<u16>,
    /// Acknowledgements of PUBLISHes, in the order that they have to leave in.
    due: VecDeque<Packet<'static>>,
    pubrels_due: VecDeque<u16>,
    pubcomps_due: VecDeque<u16>,
    received: Vec<u8>,
    pub pingresps: u64,
    pub resent: u64,
}

impl Audit {
    pub fn new(window: usize, lenient: bool) -> Self {
        Self { window, lenient, ..Self::default() }
    }

    pub fn connection_opened(&mut self) {
        let seen = std::mem::take(self);
        *self = Self {
            window: seen.window,
            lenient: seen.lenient,
            in_use: seen.in_use,
            next_pubrec: seen.next_pubrec,
            last_new: seen.last_new,
            blind: seen.blind,
            resent: seen.resent,
            resuming: true,
            ..Self::default()
        };
        // Those that were made again are not sent again as they were.
        self.in_use.retain(|_, used| matches!(used, Use::Message(..)));
    }

    /// The connection is gone; `unseen` packets were in the outbox.
    pub fn connection_lost(&mut self, clean: bool, unseen: bool) {
        self.blind |= unseen;
        self.online = false;
        if clean {
            let again =
                |used: &Use| if let Use::Message(message, 1, _) = used { Some(*message) } else { None };
            let first = self.in_use.values().filter_map(again).min();
            self.last_new = first.map_or(self.last_new, |first| first.checked_sub(1));
            self.in_use.clear();
        }
    }

    /// The process was killed: only what was stored is left.
    pub fn crashed(&mut self, saved: &Saved, numbers: &BTreeMap<u64, usize>) {
        self.in_use.clear();
        for publish in &saved.outgoing {
            let message = numbers[&publish.number];
            match &publish.state {
                SavedState::Waiting(_) => {}
                SavedState::Sent(id, sent) => {
                    self.in_use.insert(id.get(), Use::Message(message, sent.qos.as_u8(), None));
                }
                SavedState::Released { packet_id, order } => {
                    self.in_use.insert(packet_id.get(), Use::Message(message, 2, Some(*order)));
                    self.next_pubrec = self.next_pubrec.max(order + 1);
                }
            }
        }
    }

    /// Bytes that leave: whole packets.
    pub fn leaves(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Decoded::Packet(packet, len) = Decoder::new().decode(rest).unwrap() {
            self.sent(&packet);
            rest = &rest[len..];
        }
        assert!(rest.is_empty(), "whole packets leave");
    }

    /// Bytes that come; what is behind malformed ones is not looked at.
    pub fn comes(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        let received = std::mem::take(&mut self.received);
        let mut rest = &received[..];
        while let Ok(Decoded::Packet(packet, len)) = Decoder::new().decode(rest) {
            self.came(&packet);
            rest = &rest[len..];
        }
        self.received = rest.to_vec();
    }

    fn sent(&mut self, packet: &Packet<'_>) {
        assert!(!self.disconnected, "{packet:?} after DISCONNECT [MQTT-3.14.4-2]");
        if let Packet::Connect(_) = packet {
            assert!(!self.connected, "one CONNECT [MQTT-3.1.0-2]");
            self.connected = true;
            return;
        }
        assert!(self.connected && self.online, "{packet:?} before CONNACK");
        match *packet {
            Packet::Publish(publish) => self.published(&publish),
            Packet::Puback(_) | Packet::Pubrec(_) => {
                while self.lenient && self.due.front().is_some_and(|due| due != packet) {
                    self.due.pop_front();
                }
                assert_eq!(self.due.pop_front().as_ref(), Some(packet), "[MQTT-4.6.0-2] [MQTT-4.6.0-3]");
            }
            Packet::Pubcomp(id) => assert_eq!(self.pubcomps_due.pop_front(), Some(id.get())),
            Packet::Pubrel(id) => match self.in_use.get(&id.get()) {
                Some(Use::Message(_, 2, Some(place))) if self.again.insert(id.get()) => {
                    assert!(self.resuming, "{id} was not released at the start [MQTT-4.4.0-1]");
                    assert!(self.last_pubrel_again.is_none_or(|last| last < *place), "[MQTT-4.6.0-4]");
                    self.last_pubrel_again = Some(*place);
                    self.resent += 1;
                }
                _ => assert_eq!(self.pubrels_due.pop_front(), Some(id.get()), "[MQTT-4.6.0-4]"),
            },
            Packet::Subscribe(_) | Packet::Unsubscribe(_) => {
                let awaited = if matches!(packet, Packet::Subscribe(_)) {
                    PacketType::Suback
                } else {
                    PacketType::Unsuback
                };
                let old = self.in_use.insert(packet.packet_id().unwrap().get(), Use::Request(awaited));
                assert_eq!(old, None, "{packet:?} [MQTT-2.3.1-2]");
            }
            Packet::Pingreq => {}
            Packet::Disconnect => self.disconnected = true,
            _ => panic!("only Servers send {packet:?}"),
        }
    }

    fn published(&mut self, publish: &Publish<'_>) {
        let message = number(publish.payload).unwrap();
        let qos = publish.delivery.qos().as_u8();
        let Some(id) = publish.delivery.packet_id() else { return self.is_new(message) };
        let id = id.get();
        if !publish.delivery.dup() {
            assert_eq!(self.in_use.insert(id, Use::Message(message, qos, None)), None, "{id} [MQTT-2.3.1-2]");
            let in_flight = self.in_use.len();
            assert!(in_flight <= self.window, "{in_flight} in flight, {} at most", self.window);
            self.again.insert(id);
            return self.is_new(message);
        }
        assert!(self.resuming, "message {message} is sent again behind a new one [MQTT-4.6.0-1]");
        assert!(self.last_again.is_none_or(|last| last < message), "{message} behind another [MQTT-4.6.0-1]");
        assert!(self.again.insert(id), "{message} twice on one connection");
        self.last_again = Some(message);
        self.resent += 1;
        let same = Use::Message(message, qos, None);
        match self.in_use.get(&id) {
            None => {
                assert!(self.blind, "DUP 1 for message {message}, which was never sent [MQTT-3.3.1-1]");
                self.in_use.insert(id, same);
            }
            // A PUBREC that the Server repeats can overtake it, but its PUBREL does not.
            Some(Use::Message(old, 2, Some(_))) => {
                assert!((*old, 2) == (message, qos) && self.pubrels_due.contains(&id), "[MQTT-4.3.3-1]");
            }
            Some(old) => assert_eq!(*old, same, "[MQTT-4.4.0-1]"),
        }
        self.last_new = self.last_new.max(Some(message));
    }

    /// A message leaves for the first time, so all that is sent again was.
    fn is_new(&mut self, message: usize) {
        assert!(self.last_new.is_none_or(|last| last < message), "message {message} overtakes another");
        self.last_new = Some(message);
        if std::mem::take(&mut self.resuming) {
            self.check_resumed(message);
        }
    }

    fn check_resumed(&self, but: usize) {
        for (id, used) in &self.in_use {
            if let Use::Message(message, ..) = used {
                assert!(
                    *message == but || self.again.contains(id),
                    "{used:?} was not sent again [MQTT-4.4.0-1]"
                );
            }
        }
    }

    fn came(&mut self, packet: &Packet<'_>) {
        if self.disconnected || !(self.online || matches!(packet, Packet::Connack(_))) {
            return;
        }
        let used = packet.packet_id().and_then(|id| Some((id.get(), *self.in_use.get(&id.get())?)));
        match (*packet, used) {
            (Packet::Connack(Connack::Accepted { .. }), _) => self.online = true,
            (Packet::Publish(publish), _) => match publish.delivery {
                Delivery::AtMostOnce => {}
                Delivery::AtLeastOnce { packet_id, .. } => self.due.push_back(Packet::Puback(packet_id)),
                Delivery::ExactlyOnce { packet_id, .. } => self.due.push_back(Packet::Pubrec(packet_id)),
            },
            (Packet::Pubrel(id), _) => self.pubcomps_due.push_back(id.get()),
            (Packet::Pingresp, _) => self.pingresps += 1,
            (Packet::Pubrec(id), used) => {
                if let Some((id, Use::Message(message, 2, None))) = used {
                    self.in_use.insert(id, Use::Message(message, 2, Some(self.next_pubrec)));
                    self.next_pubrec += 1;
                }
                self.pubrels_due.push_back(id.get());
            }
            (Packet::Puback(_), Some((id, Use::Message(_, 1, _))))
            | (Packet::Pubcomp(_), Some((id, Use::Message(_, 2, Some(_))))) => {
                self.in_use.remove(&id);
            }
            (Packet::Suback(_) | Packet::Unsuback(_), Some((id, Use::Request(awaited))))
                if awaited == packet.packet_type() =>
            {
                self.in_use.remove(&id);
            }
            _ => {}
        }
    }

    /// Everything that was to be sent has left: nothing is owed but what waits for the user.
    pub fn owes_nothing(&self, but_the_user: bool) {
        assert!(self.pubrels_due.is_empty() && self.pubcomps_due.is_empty(), "{self:?}");
        assert!(but_the_user || self.due.is_empty(), "acknowledgements are owed: {:?}", self.due);
        if self.online && !self.disconnected {
            self.check_resumed(usize::MAX);
        }
    }
}
