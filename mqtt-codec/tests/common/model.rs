//! A packet as plain owned values, with an encoder of its own.

use mqtt_codec::{
    BinaryData, Connack, Connect, ConnectFields, ConnectReturnCode, Delivery, Login, Packet, PacketId,
    Publish, QoS, ReturnCodes, Suback, SubackReturnCode, Subscribe, Subscriptions, TopicFilter, TopicFilters,
    TopicName, Unsubscribe, Utf8Str, Will,
};

/// Any packet, in bytes and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Connect(ConnectModel),
    Connack {
        session_present: bool,
        code: u8,
    },
    Publish {
        dup: bool,
        qos: u8,
        retain: bool,
        topic: Vec<u8>,
        packet_id: Option<u16>,
        payload: Vec<u8>,
    },
    /// PUBACK, PUBREC, PUBREL, PUBCOMP or UNSUBACK.
    Ack {
        packet_type: u8,
        packet_id: u16,
    },
    Subscribe {
        packet_id: u16,
        subscriptions: Vec<(Vec<u8>, u8)>,
    },
    Suback {
        packet_id: u16,
        codes: Vec<u8>,
    },
    Unsubscribe {
        packet_id: u16,
        filters: Vec<Vec<u8>>,
    },
    /// PINGREQ, PINGRESP or DISCONNECT.
    Bare {
        packet_type: u8,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConnectModel {
    pub(crate) clean_session: bool,
    pub(crate) keep_alive: u16,
    pub(crate) client_id: Vec<u8>,
    pub(crate) will: Option<WillModel>,
    pub(crate) user_name: Option<Vec<u8>>,
    /// Only with a user name.
    pub(crate) password: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WillModel {
    pub(crate) topic: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

impl Model {
    /// What the accessors of a packet say.
    pub(crate) fn of(packet: &Packet<'_>) -> Self {
        match packet {
            Packet::Connect(connect) => Self::Connect(ConnectModel {
                clean_session: connect.clean_session(),
                keep_alive: connect.keep_alive(),
                client_id: connect.client_id().as_bytes().to_vec(),
                will: connect.will().map(|will| WillModel {
                    topic: will.topic.as_bytes().to_vec(),
                    message: will.message.as_bytes().to_vec(),
                    qos: will.qos.as_u8(),
                    retain: will.retain,
                }),
                user_name: connect.login().map(|login| login.user_name.as_bytes().to_vec()),
                password: connect.login().and_then(|login| Some(login.password?.as_bytes().to_vec())),
            }),
            Packet::Connack(Connack::Accepted { session_present }) => {
                Self::Connack { session_present: *session_present, code: 0 }
            }
            Packet::Connack(Connack::Refused(code)) => {
                Self::Connack { session_present: false, code: code.as_u8() }
            }
            Packet::Publish(publish) => Self::Publish {
                dup: publish.delivery.dup(),
                qos: publish.delivery.qos().as_u8(),
                retain: publish.retain,
                topic: publish.topic.as_bytes().to_vec(),
                packet_id: publish.delivery.packet_id().map(PacketId::get),
                payload: publish.payload.to_vec(),
            },
            Packet::Puback(id) => Self::Ack { packet_type: 4, packet_id: id.get() },
            Packet::Pubrec(id) => Self::Ack { packet_type: 5, packet_id: id.get() },
            Packet::Pubrel(id) => Self::Ack { packet_type: 6, packet_id: id.get() },
            Packet::Pubcomp(id) => Self::Ack { packet_type: 7, packet_id: id.get() },
            Packet::Unsuback(id) => Self::Ack { packet_type: 11, packet_id: id.get() },
            Packet::Subscribe(subscribe) => Self::Subscribe {
                packet_id: subscribe.packet_id.get(),
                subscriptions: subscribe
                    .subscriptions
                    .iter()
                    .map(|(filter, qos)| (filter.as_bytes().to_vec(), qos.as_u8()))
                    .collect(),
            },
            Packet::Suback(suback) => Self::Suback {
                packet_id: suback.packet_id.get(),
                codes: suback.return_codes.iter().map(SubackReturnCode::as_u8).collect(),
            },
            Packet::Unsubscribe(unsubscribe) => Self::Unsubscribe {
                packet_id: unsubscribe.packet_id.get(),
                filters: unsubscribe.filters.iter().map(|filter| filter.as_bytes().to_vec()).collect(),
            },
            Packet::Pingreq => Self::Bare { packet_type: 12 },
            Packet::Pingresp => Self::Bare { packet_type: 13 },
            Packet::Disconnect => Self::Bare { packet_type: 14 },
        }
    }

    /// Builds the packet afresh from these values and lends it to `f`. The lists are built, not views of bytes.
    pub(crate) fn build<R>(&self, f: impl FnOnce(Packet<'_>) -> R) -> R {
        match self {
            Self::Connect(connect) => connect.build(f),
            Self::Connack { session_present, code: 0 } => {
                f(Connack::Accepted { session_present: *session_present }.into())
            }
            Self::Connack { session_present, code } => {
                assert!(!session_present, "cannot be said");
                f(Connack::Refused(return_code(*code)).into())
            }
            Self::Publish { dup, qos, retain, topic, packet_id, payload } => f(Publish {
                delivery: match (qos, packet_id) {
                    (0, None) => Delivery::AtMostOnce,
                    (1, Some(packet_id)) => Delivery::AtLeastOnce { packet_id: id(*packet_id), dup: *dup },
                    (2, Some(packet_id)) => Delivery::ExactlyOnce { packet_id: id(*packet_id), dup: *dup },
                    other => panic!("cannot be said: {other:?}"),
                },
                retain: *retain,
                topic: TopicName::from_bytes(topic).unwrap(),
                payload,
            }
            .into()),
            Self::Ack { packet_type, packet_id } => {
                let packet_id = id(*packet_id);
                f(match packet_type {
                    4 => Packet::Puback(packet_id),
                    5 => Packet::Pubrec(packet_id),
                    6 => Packet::Pubrel(packet_id),
                    7 => Packet::Pubcomp(packet_id),
                    11 => Packet::Unsuback(packet_id),
                    other => panic!("no acknowledgement: {other}"),
                })
            }
            Self::Subscribe { packet_id, subscriptions } => {
                let list: Vec<_> = subscriptions
                    .iter()
                    .map(|(filter, qos)| (TopicFilter::from_bytes(filter).unwrap(), qos_of(*qos)))
                    .collect();
                let subscriptions = Subscriptions::new(&list).unwrap();
                f(Subscribe { packet_id: id(*packet_id), subscriptions }.into())
            }
            Self::Suback { packet_id, codes } => {
                let list: Vec<_> =
                    codes.iter().map(|&code| SubackReturnCode::from_u8(code).unwrap()).collect();
                let return_codes = ReturnCodes::new(&list).unwrap();
                f(Suback { packet_id: id(*packet_id), return_codes }.into())
            }
            Self::Unsubscribe { packet_id, filters } => {
                let list: Vec<_> =
                    filters.iter().map(|filter| TopicFilter::from_bytes(filter).unwrap()).collect();
                let filters = TopicFilters::new(&list).unwrap();
                f(Unsubscribe { packet_id: id(*packet_id), filters }.into())
            }
            Self::Bare { packet_type: 12 } => f(Packet::Pingreq),
            Self::Bare { packet_type: 13 } => f(Packet::Pingresp),
            Self::Bare { packet_type } => {
                assert_eq!(*packet_type, 14);
                f(Packet::Disconnect)
            }
        }
    }

    /// The packet's bytes, Remaining Length in its shortest form.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (first, body) = match self {
            Self::Connect(connect) => (0x10, connect.body()),
            Self::Connack { session_present, code } => (0x20, vec![u8::from(*session_present), *code]),
            Self::Publish { dup, qos, retain, topic, packet_id, payload } => {
                let flags = u8::from(*dup) * 8 + qos * 2 + u8::from(*retain);
                let packet_id = packet_id.map_or(vec![], |id| id.to_be_bytes().to_vec());
                (0x30 + flags, [string(topic), packet_id, payload.clone()].concat())
            }
            Self::Ack { packet_type, packet_id } => {
                let flags = if *packet_type == 6 { 2 } else { 0 };
                (packet_type * 16 + flags, packet_id.to_be_bytes().to_vec())
            }
            Self::Subscribe { packet_id, subscriptions } => {
                let mut body = packet_id.to_be_bytes().to_vec();
                for (filter, qos) in subscriptions {
                    body.extend(string(filter));
                    body.push(*qos);
                }
                (0x82, body)
            }
            Self::Suback { packet_id, codes } => (0x90, [&packet_id.to_be_bytes(), &codes[..]].concat()),
            Self::Unsubscribe { packet_id, filters } => {
                let mut body = packet_id.to_be_bytes().to_vec();
                filters.iter().for_each(|filter| body.extend(string(filter)));
                (0xA2, body)
            }
            Self::Bare { packet_type } => (packet_type * 16, vec![]),
        };
        [vec![first], remaining_length(body.len()), body].concat()
    }

    /// Whether the encoder has to refuse this: an empty client identifier with Clean Session 0.
    pub(crate) fn is_unsendable(&self) -> bool {
        matches!(self, Self::Connect(connect) if connect.client_id.is_empty() && !connect.clean_session)
    }
}

impl ConnectModel {
    fn build<R>(&self, f: impl FnOnce(Packet<'_>) -> R) -> R {
        let fields = ConnectFields {
            clean_session: self.clean_session,
            keep_alive: self.keep_alive,
            client_id: Utf8Str::from_bytes(&self.client_id).unwrap(),
            will: self.will.as_ref().map(|will| Will {
                topic: TopicName::from_bytes(&will.topic).unwrap(),
                message: BinaryData::new(&will.message).unwrap(),
                qos: qos_of(will.qos),
                retain: will.retain,
            }),
            login: self.user_name.as_ref().map(|user_name| Login {
                user_name: Utf8Str::from_bytes(user_name).unwrap(),
                password: self.password.as_ref().map(|password| BinaryData::new(password).unwrap()),
            }),
        };
        f(Connect::new(&fields).into())
    }

    fn body(&self) -> Vec<u8> {
        let mut flags = 0;
        if self.user_name.is_some() {
            flags += 128;
        }
        if self.password.is_some() {
            flags += 64;
        }
        if let Some(will) = &self.will {
            flags += u8::from(will.retain) * 32 + will.qos * 8 + 4;
        }
        if self.clean_session {
            flags += 2;
        }
        let mut body = [b"\0\x04MQTT\x04", &[flags][..], &self.keep_alive.to_be_bytes()].concat();
        body.extend(string(&self.client_id));
        if let Some(will) = &self.will {
            body.extend(string(&will.topic));
            body.extend(string(&will.message));
        }
        for field in [&self.user_name, &self.password].into_iter().flatten() {
            body.extend(string(field));
        }
        body
    }
}

/// A length of two bytes and the bytes.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// The shortest form of a Remaining Length, by division.
pub(crate) fn remaining_length(mut value: usize) -> Vec<u8> {
    let mut bytes = vec![];
    loop {
        bytes.push(u8::try_from(value % 128).unwrap());
        value /= 128;
        if value == 0 {
            break;
        }
    }
    let last = bytes.len() - 1;
    bytes[..last].iter_mut().for_each(|byte| *byte += 128);
    bytes
}

fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

fn qos_of(value: u8) -> QoS {
    QoS::from_u8(value).unwrap()
}

/// Any code that refuses. A reserved one comes only from decoding.
fn return_code(code: u8) -> ConnectReturnCode {
    match code {
        1 => ConnectReturnCode::UnacceptableProtocolVersion,
        2 => ConnectReturnCode::IdentifierRejected,
        3 => ConnectReturnCode::ServerUnavailable,
        4 => ConnectReturnCode::BadUserNameOrPassword,
        5 => ConnectReturnCode::NotAuthorized,
        _ => match super::whole(&[0x20, 2, 0, code]) {
            Packet::Connack(Connack::Refused(code)) => code,
            other => panic!("{other:?}"),
        },
    }
}
