//! `mqtt-proto` 0.4.0: reads field by field from a stream, so it knows no end of a packet but the end of the stream.

use mqtt_codec::{Decoded, Fault, Field, PacketType};
use mqtt_proto::v3::{Packet, SubscribeReturnCode};
use mqtt_proto::{QoS, QosPid};

use super::{Answer, Case, Excuse, Peer, quietly};
use crate::common::model::{ConnectModel, Model, WillModel};
use crate::decode::declared_end;

/// It reserves what a PUBLISH declares, up to 256 MiB for five bytes: those are not worth asking.
const MOST_DECLARED: usize = 1 << 16;

pub(super) const PEER: Peer = Peer {
    name: "mqtt-proto",
    decode: |bytes| {
        let missing = declared_end(bytes).map_or(0, |end| end.saturating_sub(bytes.len()));
        (missing <= MOST_DECLARED).then(|| quietly(|| decode(bytes)))
    },
    excuses: &[
        Excuse {
            what: "takes no notice of where CONNECT and packets of fixed length end",
            covers: |case| {
                use PacketType::{Publish, Suback, Subscribe, Unsubscribe};
                !matches!(case.packet_type(), Some(Publish | Subscribe | Suback | Unsubscribe))
                    && match case.ours {
                        Ok(Decoded::NeedMore { .. }) => matches!(case.theirs, Answer::Packet(_)),
                        Ok(Decoded::Packet(..)) => false,
                        Err(error) => {
                            case.theirs != Answer::Panicked
                                && matches!(
                                    error.fault,
                                    Fault::ImpossibleLength(_) | Fault::LeftOverBytes | Fault::FieldPastEnd
                                )
                        }
                    }
            },
        },
        Excuse {
            what: "says what is wrong with a field before the packet is whole",
            covers: |case| {
                case.theirs == Answer::Refused && matches!(case.ours, Ok(Decoded::NeedMore { .. }))
            },
        },
        Excuse {
            what: "waits for a field that its packet has no room for",
            covers: |case| {
                case.waits().is_some_and(|error| {
                    // The whole packet is there, so what it waits for lies behind it.
                    case.is_whole()
                        || matches!(error.fault, Fault::ImpossibleLength(_) | Fault::NoTopicFilter(_))
                })
            },
        },
        Excuse {
            what: "says what is wrong with a first byte only when the length is there",
            covers: |case| {
                case.waits().is_some_and(|error| error.offset == 0) && declared_end(case.bytes).is_none()
            },
        },
        Excuse {
            what: "accepts DUP at QoS 0",
            covers: |case| case.passes().is_some_and(|error| error.fault == Fault::DupAtQos0),
        },
        Excuse {
            what: "checks strings other than topics for UTF-8 alone: U+0000 passes",
            covers: |case| {
                case.passes().is_some_and(|error| {
                    error.fault == Fault::NulCharacter
                        && matches!(error.field, Field::ClientIdentifier | Field::UserName)
                })
            },
        },
        Excuse {
            what: "accepts an empty Topic Name, as MQTT 5.0 does",
            covers: |case| case.passes().is_some_and(|error| error.fault == Fault::EmptyTopic),
        },
        Excuse {
            what: "accepts Will Retain without Will, and a password without user name",
            covers: |case| {
                case.passes().is_some_and(|error| {
                    matches!(error.fault, Fault::WillRetainWithoutWill | Fault::PasswordWithoutUserName)
                })
            },
        },
        Excuse {
            what: "accepts text behind a `+` that begins the last level: looks only at the next separator",
            covers: |case| case.passes().is_some_and(|error| error.fault == Fault::MisplacedPlus),
        },
        Excuse {
            what: "decodes MQTT 3.1 too",
            covers: |case| case.passes().is_some_and(|error| error.unsupported_protocol().is_some()),
        },
        Excuse {
            what: "accepts Session Present in a refusal",
            covers: |case| case.passes().is_some_and(|error| error.fault == Fault::SessionPresentWithRefusal),
        },
        Excuse {
            what: "accepts SUBACK without codes",
            covers: |case| {
                case.passes().is_some_and(|error| error.fault == Fault::ImpossibleLength(PacketType::Suback))
            },
        },
        Excuse { what: "refuses reserved CONNACK codes, which the standard leaves open", covers: connack },
        Excuse { what: "refuses `$share/` filters that are not MQTT 5.0's", covers: share },
    ],
};

fn connack(case: &Case<'_>) -> bool {
    matches!(case.refuses(), Some(Model::Connack { code: 6.., .. }))
}

fn share(case: &Case<'_>) -> bool {
    let filters = match case.refuses() {
        Some(Model::Subscribe { subscriptions, .. }) => {
            subscriptions.into_iter().map(|(filter, _)| filter).collect()
        }
        Some(Model::Unsubscribe { filters, .. }) => filters,
        _ => vec![],
    };
    filters.iter().any(|filter| filter.starts_with(b"$share/"))
}

fn decode(bytes: &[u8]) -> Answer {
    match Packet::decode(bytes) {
        Ok(Some(packet)) => Answer::Packet(model(&packet)),
        Ok(None) => Answer::NeedMore,
        Err(_) => Answer::Refused,
    }
}

fn model(packet: &Packet) -> Model {
    let ack = |packet_type, pid: mqtt_proto::Pid| Model::Ack { packet_type, packet_id: pid.value() };
    let text = |text: &str| text.as_bytes().to_vec();
    match packet {
        Packet::Connect(connect) => Model::Connect(ConnectModel {
            clean_session: connect.clean_session,
            keep_alive: connect.keep_alive,
            client_id: text(&connect.client_id),
            will: connect.last_will.as_ref().map(|will| WillModel {
                topic: text(&will.topic_name),
                message: will.message.to_vec(),
                qos: will.qos as u8,
                retain: will.retain,
            }),
            user_name: connect.username.as_deref().map(text),
            password: connect.password.as_ref().map(|password| password.to_vec()),
        }),
        Packet::Connack(connack) => {
            Model::Connack { session_present: connack.session_present, code: connack.code as u8 }
        }
        Packet::Publish(publish) => {
            let (qos, packet_id) = match publish.qos_pid {
                QosPid::Level0 => (QoS::Level0, None),
                QosPid::Level1(pid) => (QoS::Level1, Some(pid.value())),
                QosPid::Level2(pid) => (QoS::Level2, Some(pid.value())),
            };
            Model::Publish {
                dup: publish.dup,
                qos: qos as u8,
                retain: publish.retain,
                topic: text(&publish.topic_name),
                packet_id,
                payload: publish.payload.to_vec(),
            }
        }
        Packet::Puback(pid) => ack(4, *pid),
        Packet::Pubrec(pid) => ack(5, *pid),
        Packet::Pubrel(pid) => ack(6, *pid),
        Packet::Pubcomp(pid) => ack(7, *pid),
        Packet::Unsuback(pid) => ack(11, *pid),
        Packet::Subscribe(subscribe) => Model::Subscribe {
            packet_id: subscribe.pid.value(),
            subscriptions: subscribe.topics.iter().map(|(filter, qos)| (text(filter), *qos as u8)).collect(),
        },
        Packet::Suback(suback) => Model::Suback {
            packet_id: suback.pid.value(),
            codes: suback
                .topics
                .iter()
                .map(|code| match code {
                    SubscribeReturnCode::MaxLevel0 => 0,
                    SubscribeReturnCode::MaxLevel1 => 1,
                    SubscribeReturnCode::MaxLevel2 => 2,
                    SubscribeReturnCode::Failure => 0x80,
                })
                .collect(),
        },
        Packet::Unsubscribe(unsubscribe) => Model::Unsubscribe {
            packet_id: unsubscribe.pid.value(),
            filters: unsubscribe.topics.iter().map(|filter| text(filter)).collect(),
        },
        Packet::Pingreq => Model::Bare { packet_type: 12 },
        Packet::Pingresp => Model::Bare { packet_type: 13 },
        Packet::Disconnect => Model::Bare { packet_type: 14 },
    }
}
