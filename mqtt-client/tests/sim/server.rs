//! A Server as simple as can be: one session, lists that are searched from the front, and a log of what it took over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mqtt_codec::{
    Connack, ConnectReturnCode, Decoded, Decoder, Delivery, Packet, PacketId, Publish, QoS, ReturnCodes,
    Side, Suback, SubackReturnCode, TopicName,
};

/// A message on its way to the client.
#[derive(Debug)]
struct Out {
    message: usize,
    qos: u8,
    id: u16,
    sent: bool,
    released: bool,
}

#[derive(Debug, Default)]
pub struct Server {
    /// The session: there is one, and the client was told so.
    exists: bool,
    pub told: bool,
    pub subscriptions: BTreeMap<String, u8>,
    /// Identifiers of QoS 2 messages that PUBREL has not come for.
    held: BTreeSet<u16>,
    out: VecDeque<Out>,
    next_id: u16,
    // The connection.
    connected: bool,
    received: Vec<u8>,
    /// Packets to be sent, in order.
    replies: VecDeque<Vec<u8>>,
    // What comes next.
    pub refuse_next: bool,
    pub forget_next: bool,
    pub repeats_pubrec: bool,
    // What there was.
    /// Messages taken over: number, QoS, and how many sessions there had been.
    pub log: Vec<(usize, u8, usize)>,
    pub sessions: usize,
    /// Messages to the client whose last acknowledgement came.
    pub acknowledged: Vec<usize>,
    /// Messages to the client that went with a session.
    pub forgotten: BTreeSet<usize>,
}

impl Server {
    /// A message for the client, at this QoS.
    pub fn publish(&mut self, message: usize, qos: u8) {
        if !self.exists || (qos == 0 && !self.connected) {
            self.forgotten.insert(message);
            return;
        }
        if qos == 0 {
            let payload = payload(message);
            let topic = TopicName::new("d").unwrap();
            return self.reply(&Packet::Publish(Publish::at_most_once(topic, &payload)));
        }
        self.next_id = self.next_id % 65_535 + 1;
        self.out.push_back(Out { message, qos, id: self.next_id, sent: false, released: false });
        if self.connected {
            self.send_out(false);
        }
    }

    /// The connection is gone.
    pub fn cut(&mut self) {
        self.connected = false;
        self.received.clear();
        self.replies.clear();
    }

    /// All that the session holds is done.
    pub fn is_done(&self) -> bool {
        self.out.is_empty() && self.replies.is_empty()
    }

    /// The next packet to leave; `turn` swaps it with the one behind it if both are acknowledgements.
    pub fn next_reply(&mut self, turn: bool) -> Option<Vec<u8>> {
        let is_ack = |reply: Option<&Vec<u8>>| reply.is_some_and(|reply| matches!(reply[0] >> 4, 4 | 5 | 7));
        if turn && is_ack(self.replies.front()) && is_ack(self.replies.get(1)) {
            self.replies.swap(0, 1);
        }
        self.replies.pop_front()
    }

    pub fn receive(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        let received = std::mem::take(&mut self.received);
        let mut rest = &received[..];
        let decoder = Decoder::new().sent_by(Side::Client);
        while let Decoded::Packet(packet, len) =
            decoder.decode(rest).expect("a client's packet is well-formed")
        {
            self.take(&packet);
            rest = &rest[len..];
        }
        self.received = rest.to_vec();
    }

    fn take(&mut self, packet: &Packet<'_>) {
        if let Packet::Connect(connect) = packet {
            assert!(!self.connected, "a second CONNECT");
            return self.connect(connect.clean_session());
        }
        if !self.connected {
            return;
        }
        match packet {
            Packet::Publish(publish) => {
                let message = number(publish.payload).expect("a message of ours");
                match publish.delivery {
                    Delivery::AtMostOnce => self.log.push((message, 0, self.sessions)),
                    Delivery::AtLeastOnce { packet_id, .. } => {
                        self.log.push((message, 1, self.sessions));
                        self.reply(&Packet::Puback(packet_id));
                    }
                    Delivery::ExactlyOnce { packet_id, .. } => {
                        if self.held.insert(packet_id.get()) {
                            self.log.push((message, 2, self.sessions));
                        }
                        self.reply(&Packet::Pubrec(packet_id));
                    }
                }
            }
            Packet::Pubrel(id) => {
                self.held.remove(&id.get());
                self.reply(&Packet::Pubcomp(*id));
            }
            Packet::Puback(id) => self.acknowledge(*id, |out| out.qos == 1),
            Packet::Pubcomp(id) => self.acknowledge(*id, |out| out.qos == 2 && out.released),
            Packet::Pubrec(id) => {
                let out = self.out.iter_mut().find(|out| out.id == id.get() && out.qos == 2);
                out.into_iter().for_each(|out| out.released = true);
                self.reply(&Packet::Pubrel(*id));
            }
            Packet::Subscribe(subscribe) => {
                let mut codes = vec![];
                for (filter, qos) in subscribe.subscriptions.iter() {
                    self.subscriptions.insert(filter.as_str().to_owned(), qos.as_u8());
                    codes.push(SubackReturnCode::Granted(qos));
                }
                let return_codes = ReturnCodes::new(&codes).unwrap();
                self.reply(&Packet::Suback(Suback { packet_id: subscribe.packet_id, return_codes }));
            }
            Packet::Unsubscribe(unsubscribe) => {
                for filter in unsubscribe.filters.iter() {
                    self.subscriptions.remove(filter.as_str());
                }
                self.reply(&Packet::Unsuback(unsubscribe.packet_id));
            }
            Packet::Pingreq => self.reply(&Packet::Pingresp),
            Packet::Disconnect => self.cut(),
            other => panic!("a client sent {other:?}"),
        }
    }

    fn connect(&mut self, clean: bool) {
        self.connected = true;
        if std::mem::take(&mut self.refuse_next) {
            let refused = Connack::Refused(ConnectReturnCode::ServerUnavailable);
            return self.reply(&Packet::Connack(refused));
        }
        let forget = std::mem::take(&mut self.forget_next);
        if clean || forget || !self.exists || !self.told {
            self.forget();
        }
        let session_present = std::mem::replace(&mut self.exists, true);
        self.reply(&Packet::Connack(Connack::Accepted { session_present }));
        if self.repeats_pubrec {
            for id in self.held.clone() {
                self.reply(&Packet::Pubrec(PacketId::new(id).unwrap()));
            }
        }
        self.send_out(true);
    }

    /// The session is lost, with all that was in it.
    fn forget(&mut self) {
        self.forgotten.extend(self.out.drain(..).map(|out| out.message));
        self.subscriptions.clear();
        self.held.clear();
        self.exists = false;
        self.told = false;
        self.sessions += 1;
    }

    /// Sends what was never sent, and at a reconnect what is not acknowledged.
    fn send_out(&mut self, again: bool) {
        let mut packets = vec![];
        for out in &mut self.out {
            let packet_id = PacketId::new(out.id).unwrap();
            if (again || !out.sent) && out.released {
                packets.push(encoded(&Packet::Pubrel(packet_id)));
            } else if again || !out.sent {
                let dup = std::mem::replace(&mut out.sent, true);
                let delivery = match out.qos {
                    1 => Delivery::AtLeastOnce { packet_id, dup },
                    _ => Delivery::ExactlyOnce { packet_id, dup },
                };
                let (topic, payload) = (TopicName::new("d").unwrap(), payload(out.message));
                packets.push(encoded(&Packet::Publish(Publish {
                    delivery,
                    retain: false,
                    topic,
                    payload: &payload,
                })));
            }
        }
        self.replies.extend(packets);
    }

    fn acknowledge(&mut self, id: PacketId, is_it: impl Fn(&Out) -> bool) {
        if let Some(at) = self.out.iter().position(|out| out.id == id.get() && is_it(out)) {
            self.acknowledged.extend(self.out.remove(at).map(|out| out.message));
        }
    }

    fn reply(&mut self, packet: &Packet<'_>) {
        self.replies.push_back(encoded(packet));
    }
}

pub fn encoded(packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = vec![];
    packet.encode_to(&mut bytes).unwrap();
    bytes
}

/// A payload that says which message it is.
pub fn payload(message: usize) -> Vec<u8> {
    u32::try_from(message).unwrap().to_be_bytes().to_vec()
}

/// Which message it is.
pub fn number(payload: &[u8]) -> Option<usize> {
    let number = payload.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*number)).ok()
}

pub fn qos(value: u32) -> QoS {
    QoS::from_u8(u8::try_from(value).unwrap()).unwrap()
}
