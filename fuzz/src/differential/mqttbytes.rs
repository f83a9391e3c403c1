//! `mqttbytes` 0.6.0: cuts the packet out by its Remaining Length, then reads fields.

use bytes::BytesMut;
use mqtt_codec::{Fault, Field, MAX_PACKET_LEN, PacketType};
use mqttbytes::v4::{Packet, SubscribeReasonCode, read};
use mqttbytes::{Error, QoS};

use super::{Answer, Case, Excuse, Peer, quietly};
use crate::common::model::{ConnectModel, Model, WillModel};

pub(super) const PEER: Peer = Peer {
    name: "mqttbytes",
    decode: |bytes| Some(quietly(|| decode(bytes))),
    excuses: &[
        Excuse {
            what: "says what is wrong with a header, flags or length, only when the packet is whole",
            covers: |case| case.waits().is_some() && !case.is_whole(),
        },
        Excuse {
            what: "ignores flags where they are fixed, and DUP at QoS 0",
            covers: |case| {
                case.accepts()
                    .is_some_and(|error| matches!(error.fault, Fault::WrongFlags(_) | Fault::DupAtQos0))
            },
        },
        Excuse {
            what: "accepts Packet Identifier 0 but in PUBLISH",
            covers: |case| {
                case.accepts().is_some_and(|error| error.fault == Fault::ZeroPacketId)
                    && case.packet_type() != Some(PacketType::Publish)
            },
        },
        Excuse {
            what: "does not miss bytes that are left over",
            covers: |case| {
                case.accepts().is_some_and(|error| {
                    matches!(error.fault, Fault::LeftOverBytes | Fault::ImpossibleLength(_))
                })
            },
        },
        Excuse {
            what: "accepts SUBSCRIBE and UNSUBSCRIBE without filters",
            covers: |case| case.accepts().is_some_and(|error| matches!(error.fault, Fault::NoTopicFilter(_))),
        },
        Excuse {
            what: "checks strings for UTF-8 alone: U+0000, wildcards and empty topics pass",
            covers: |case| {
                case.accepts().is_some_and(|error| {
                    matches!(
                        error.fault,
                        Fault::NulCharacter
                            | Fault::EmptyTopic
                            | Fault::WildcardInTopicName
                            | Fault::MisplacedHash
                            | Fault::MisplacedPlus
                    )
                })
            },
        },
        Excuse {
            what: "ignores the reserved bits of Requested QoS",
            covers: |case| case.accepts().is_some_and(|error| error.fault == Fault::ReservedRequestedQoS),
        },
        Excuse {
            what: "accepts a password without user name, and the reserved Connect Flag",
            covers: |case| {
                case.accepts().is_some_and(|error| {
                    matches!(error.fault, Fault::PasswordWithoutUserName | Fault::ReservedConnectFlag)
                })
            },
        },
        Excuse {
            what: "reads CONNECT of MQTT 5.0 as if it were 3.1.1",
            covers: |case| case.accepts().is_some_and(|error| error.unsupported_protocol().is_some()),
        },
        Excuse {
            what: "ignores the reserved bits of CONNACK, and Session Present in a refusal",
            covers: |case| case.accepts().is_some_and(|error| error.field == Field::ConnackFlags),
        },
        Excuse { what: "refuses reserved CONNACK codes, which the standard leaves open", covers: connack },
        Excuse { what: "refuses passwords that are not UTF-8", covers: password },
        Excuse { what: "cannot tell an empty user name or password from none", covers: login },
    ],
};

fn connack(case: &Case<'_>) -> bool {
    matches!(case.refuses(), Some(Model::Connack { code: 6.., .. }))
}

fn password(case: &Case<'_>) -> bool {
    let Some(Model::Connect(connect)) = case.refuses() else { return false };
    connect.password.is_some_and(|password| str::from_utf8(&password).is_err())
}

/// The same but for what is empty.
fn login(case: &Case<'_>) -> bool {
    let Some((Model::Connect(mut ours), Model::Connect(theirs))) = case.differs() else { return false };
    ours.user_name = ours.user_name.filter(|name| !name.is_empty());
    ours.password = ours.password.filter(|password| !password.is_empty());
    ours == *theirs
}

fn decode(bytes: &[u8]) -> Answer {
    match read(&mut BytesMut::from(bytes), MAX_PACKET_LEN) {
        Ok(packet) => Answer::Packet(model(&packet)),
        Err(Error::InsufficientBytes(_)) => Answer::NeedMore,
        Err(_) => Answer::Refused,
    }
}

fn model(packet: &Packet) -> Model {
    let ack = |packet_type, packet_id| Model::Ack { packet_type, packet_id };
    let not_empty = |text: &String| Some(text.clone().into_bytes()).filter(|text| !text.is_empty());
    match packet {
        Packet::Connect(connect) => Model::Connect(ConnectModel {
            clean_session: connect.clean_session,
            keep_alive: connect.keep_alive,
            client_id: connect.client_id.clone().into(),
            will: connect.last_will.as_ref().map(|will| WillModel {
                topic: will.topic.clone().into(),
                message: will.message.to_vec(),
                qos: qos(will.qos),
                retain: will.retain,
            }),
            user_name: connect.login.as_ref().and_then(|login| not_empty(&login.username)),
            password: connect.login.as_ref().and_then(|login| not_empty(&login.password)),
        }),
        Packet::ConnAck(connack) => {
            Model::Connack { session_present: connack.session_present, code: connack.code as u8 }
        }
        Packet::Publish(publish) => Model::Publish {
            dup: publish.dup,
            qos: qos(publish.qos),
            retain: publish.retain,
            topic: publish.topic.clone().into(),
            packet_id: Some(publish.pkid).filter(|_| publish.qos != QoS::AtMostOnce),
            payload: publish.payload.to_vec(),
        },
        Packet::PubAck(puback) => ack(4, puback.pkid),
        Packet::PubRec(pubrec) => ack(5, pubrec.pkid),
        Packet::PubRel(pubrel) => ack(6, pubrel.pkid),
        Packet::PubComp(pubcomp) => ack(7, pubcomp.pkid),
        Packet::UnsubAck(unsuback) => ack(11, unsuback.pkid),
        Packet::Subscribe(subscribe) => Model::Subscribe {
            packet_id: subscribe.pkid,
            subscriptions: subscribe
                .filters
                .iter()
                .map(|filter| (filter.path.clone().into(), qos(filter.qos)))
                .collect(),
        },
        Packet::SubAck(suback) => Model::Suback {
            packet_id: suback.pkid,
            codes: suback
                .return_codes
                .iter()
                .map(|code| match code {
                    SubscribeReasonCode::Success(granted) => qos(*granted),
                    SubscribeReasonCode::Failure => 0x80,
                })
                .collect(),
        },
        Packet::Unsubscribe(unsubscribe) => Model::Unsubscribe {
            packet_id: unsubscribe.pkid,
            filters: unsubscribe.topics.iter().map(|topic| topic.clone().into()).collect(),
        },
        Packet::PingReq => Model::Bare { packet_type: 12 },
        Packet::PingResp => Model::Bare { packet_type: 13 },
        Packet::Disconnect => Model::Bare { packet_type: 14 },
    }
}

fn qos(qos: QoS) -> u8 {
    match qos {
        QoS::AtMostOnce => 0,
        QoS::AtLeastOnce => 1,
        QoS::ExactlyOnce => 2,
    }
}
