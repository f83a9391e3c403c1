//! `mqttrs` 0.4.1: frames by Remaining Length, then reads the fields from all bytes there are.

use mqtt_codec::{Fault, Field};
use mqttrs::{Packet, QoS, QosPid, SubscribeReturnCodes, decode_slice};

use super::{Answer, Case, Excuse, Peer, quietly};
use crate::common::model::{ConnectModel, Model, WillModel};

pub(super) const PEER: Peer = Peer {
    name: "mqttrs",
    decode: |bytes| Some(quietly(|| decode(bytes))),
    excuses: &[
        Excuse {
            what: "panics where a field is missing: indexes without a check",
            covers: |case| case.theirs == Answer::Panicked && case.ours.is_err(),
        },
        Excuse {
            what: "says what is wrong with a header, flags or length, only when the packet is whole",
            covers: |case| case.waits().is_some() && !case.is_whole(),
        },
        Excuse {
            what: "reads fields beyond the packet's end, from what follows",
            covers: |case| {
                case.accepts().is_some_and(|error| {
                    matches!(
                        error.fault,
                        Fault::FieldPastEnd | Fault::ImpossibleLength(_) | Fault::NoTopicFilter(_)
                    )
                })
            },
        },
        Excuse {
            what: "does not miss bytes that are left over",
            covers: |case| case.accepts().is_some_and(|error| error.fault == Fault::LeftOverBytes),
        },
        Excuse {
            what: "accepts DUP at QoS 0",
            covers: |case| case.accepts().is_some_and(|error| error.fault == Fault::DupAtQos0),
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
            what: "does not check that the Connect Flags agree with each other",
            covers: |case| case.accepts().is_some_and(|error| error.field == Field::ConnectFlags),
        },
        Excuse {
            what: "decodes MQTT 3.1 too",
            covers: |case| case.accepts().is_some_and(|error| error.unsupported_protocol().is_some()),
        },
        Excuse {
            what: "ignores the reserved bits of CONNACK, and Session Present in a refusal",
            covers: |case| case.accepts().is_some_and(|error| error.field == Field::ConnackFlags),
        },
        Excuse { what: "refuses reserved CONNACK codes, which the standard leaves open", covers: connack },
    ],
};

fn connack(case: &Case<'_>) -> bool {
    matches!(case.refuses(), Some(Model::Connack { code: 6.., .. }))
}

fn decode(bytes: &[u8]) -> Answer {
    match decode_slice(bytes) {
        Ok(Some(packet)) => Answer::Packet(model(&packet)),
        Ok(None) => Answer::NeedMore,
        Err(_) => Answer::Refused,
    }
}

fn model(packet: &Packet<'_>) -> Model {
    let ack = |packet_type, pid: mqttrs::Pid| Model::Ack { packet_type, packet_id: pid.get() };
    match packet {
        Packet::Connect(connect) => Model::Connect(ConnectModel {
            clean_session: connect.clean_session,
            keep_alive: connect.keep_alive,
            client_id: connect.client_id.into(),
            will: connect.last_will.as_ref().map(|will| WillModel {
                topic: will.topic.into(),
                message: will.message.into(),
                qos: qos(will.qos),
                retain: will.retain,
            }),
            user_name: connect.username.map(Into::into),
            password: connect.password.map(Into::into),
        }),
        Packet::Connack(connack) => {
            Model::Connack { session_present: connack.session_present, code: connack.code as u8 }
        }
        Packet::Publish(publish) => {
            let (qos, packet_id) = match publish.qospid {
                QosPid::AtMostOnce => (0, None),
                QosPid::AtLeastOnce(pid) => (1, Some(pid.get())),
                QosPid::ExactlyOnce(pid) => (2, Some(pid.get())),
            };
            Model::Publish {
                dup: publish.dup,
                qos,
                retain: publish.retain,
                topic: publish.topic_name.into(),
                packet_id,
                payload: publish.payload.into(),
            }
        }
        Packet::Puback(pid) => ack(4, *pid),
        Packet::Pubrec(pid) => ack(5, *pid),
        Packet::Pubrel(pid) => ack(6, *pid),
        Packet::Pubcomp(pid) => ack(7, *pid),
        Packet::Unsuback(pid) => ack(11, *pid),
        Packet::Subscribe(subscribe) => Model::Subscribe {
            packet_id: subscribe.pid.get(),
            subscriptions: subscribe
                .topics
                .iter()
                .map(|topic| (topic.topic_path.clone().into(), qos(topic.qos)))
                .collect(),
        },
        Packet::Suback(suback) => Model::Suback {
            packet_id: suback.pid.get(),
            codes: suback
                .return_codes
                .iter()
                .map(|code| match code {
                    SubscribeReturnCodes::Success(granted) => qos(*granted),
                    SubscribeReturnCodes::Failure => 0x80,
                })
                .collect(),
        },
        Packet::Unsubscribe(unsubscribe) => Model::Unsubscribe {
            packet_id: unsubscribe.pid.get(),
            filters: unsubscribe.topics.iter().map(|topic| topic.clone().into()).collect(),
        },
        Packet::Pingreq => Model::Bare { packet_type: 12 },
        Packet::Pingresp => Model::Bare { packet_type: 13 },
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
