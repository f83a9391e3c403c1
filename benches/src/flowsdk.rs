//! `flowsdk`: owned packets from a slice, everything copied; written to a `Vec`.

use std::hint::black_box;

use flowsdk::mqtt_serde::control_packet::{MqttControlPacket, MqttPacket};
use flowsdk::mqtt_serde::mqttv3::connackv3::MqttConnAck;
use flowsdk::mqtt_serde::mqttv3::connectv3::{MqttConnect, Will};
use flowsdk::mqtt_serde::mqttv3::disconnectv3::MqttDisconnect;
use flowsdk::mqtt_serde::mqttv3::pingreqv3::MqttPingReq;
use flowsdk::mqtt_serde::mqttv3::pingrespv3::MqttPingResp;
use flowsdk::mqtt_serde::mqttv3::pubackv3::MqttPubAck;
use flowsdk::mqtt_serde::mqttv3::pubcompv3::MqttPubComp;
use flowsdk::mqtt_serde::mqttv3::publishv3::MqttPublish;
use flowsdk::mqtt_serde::mqttv3::pubrecv3::MqttPubRec;
use flowsdk::mqtt_serde::mqttv3::pubrelv3::MqttPubRel;
use flowsdk::mqtt_serde::mqttv3::subackv3::MqttSubAck;
use flowsdk::mqtt_serde::mqttv3::subscribev3::{MqttSubscribe, SubscriptionTopic};
use flowsdk::mqtt_serde::mqttv3::unsubackv3::MqttUnsubAck;
use flowsdk::mqtt_serde::mqttv3::unsubscribev3::MqttUnsubscribe;
use flowsdk::mqtt_serde::parser::{ParseError, ParseOk};

use crate::measure::{Inbox, Prepared, repeat, repeat_stream, repeat_with};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Sample, Verdict};

/// What this crate can do: no topic matching, no header alone, nothing that shares the memory of the stream.
pub const IMPLEMENTATION: Implementation =
    Implementation { name: "flowsdk", package: "flowsdk", decode: verdict, prepare };

fn prepare(operation: O, n: usize) -> Option<Prepared> {
    Some(match operation {
        O::DecodeMixed => repeat_stream(n, w::MIXED.bytes.as_slice(), (), |bytes, ()| decode_stream(bytes)),
        O::DecodeMixedPieces => {
            repeat_stream(n, w::MIXED.bytes.as_slice(), Inbox::new(1 << 16), decode_pieces)
        }
        O::Encode(sample) => encode_sample(n, sample),
        _ => repeat(n, operation.packet_made_of_values()?.bytes(), decode),
    })
}

fn verdict(bytes: &[u8]) -> Verdict {
    match MqttPacket::from_bytes_v3(bytes) {
        Ok(ParseOk::Packet(..)) => Verdict::Accepted,
        Ok(_) | Err(ParseError::More(..)) => Verdict::Unfinished,
        Err(_) => Verdict::Refused,
    }
}

#[inline(never)]
fn decode(bytes: &[u8]) -> Result<ParseOk, ParseError> {
    MqttPacket::from_bytes_v3(bytes)
}

#[inline(never)]
fn decode_stream(mut bytes: &[u8]) -> usize {
    let mut packets = 0;
    while let Ok(ParseOk::Packet(packet, len)) = MqttPacket::from_bytes_v3(bytes) {
        black_box(&packet);
        packets += 1;
        bytes = bytes.get(len..).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
    }
    packets
}

#[inline(never)]
fn decode_pieces(bytes: &[u8], inbox: &mut Inbox) -> usize {
    let mut packets = 0;
    for piece in bytes.chunks(w::PIECE_LEN) {
        inbox.feed(piece, |bytes| match MqttPacket::from_bytes_v3(bytes) {
            Ok(ParseOk::Packet(packet, len)) => {
                black_box(&packet);
                packets += 1;
                Some(len)
            }
            _ => None,
        });
    }
    packets
}

fn encode_sample(n: usize, sample: Sample) -> Prepared {
    let id = w::PACKET_ID;
    match sample {
        Sample::Connect => encode_value(n, sample, connect()),
        Sample::Connack => encode_value(n, sample, MqttConnAck::new(true, 0)),
        Sample::Publish64 => encode_value(n, sample, publish(0, None, w::TOPIC, &w::PAYLOAD_64)),
        Sample::PublishUtf8 => encode_value(n, sample, publish(0, None, w::TOPIC_UTF8, &w::PAYLOAD_64)),
        Sample::Publish1K => encode_value(n, sample, publish(1, Some(id), w::TOPIC, &w::PAYLOAD_1K)),
        Sample::Publish64K => encode_value(n, sample, publish(1, Some(id), w::TOPIC, &w::PAYLOAD_64K)),
        Sample::Puback => encode_value(n, sample, MqttPubAck::new(id)),
        Sample::Pubrec => encode_value(n, sample, MqttPubRec::new(id)),
        Sample::Pubrel => encode_value(n, sample, MqttPubRel::new(id)),
        Sample::Pubcomp => encode_value(n, sample, MqttPubComp::new(id)),
        Sample::Subscribe => encode_value(n, sample, subscribe()),
        Sample::Suback => encode_value(n, sample, MqttSubAck::new(id, w::RETURN_CODES.to_vec())),
        Sample::Unsubscribe => {
            let filters = w::SUBSCRIPTIONS.iter().map(|&(filter, _)| filter.to_owned());
            encode_value(n, sample, MqttUnsubscribe::new(id, filters.collect()))
        }
        Sample::Unsuback => encode_value(n, sample, MqttUnsubAck::new(id)),
        Sample::Pingreq => encode_value(n, sample, MqttPingReq::new()),
        Sample::Pingresp => encode_value(n, sample, MqttPingResp::new()),
        Sample::Disconnect => encode_value(n, sample, MqttDisconnect::new()),
    }
}

fn encode_value<P: MqttControlPacket + 'static>(times: usize, sample: Sample, packet: P) -> Prepared {
    let packet: &P = Box::leak(Box::new(packet));
    let mut out = Vec::with_capacity(1 << 17);
    encode(packet, &mut out).expect("a packet");
    sample.check_encoded(&out);
    repeat_with(times, packet, out, encode)
}

#[inline(never)]
fn encode<P: MqttControlPacket>(packet: &P, out: &mut Vec<u8>) -> Result<(), ParseError> {
    out.clear();
    packet.encode_to_buffer(out)
}

fn publish(qos: u8, packet_id: Option<u16>, topic: &str, payload: &[u8]) -> MqttPublish {
    MqttPublish::new(topic.to_owned(), qos, payload.to_vec(), packet_id, false, false)
}

fn connect() -> MqttConnect {
    let mut connect = MqttConnect::new(w::CLIENT_ID.to_owned(), w::KEEP_ALIVE, true);
    connect.will = Some(Will {
        retain: true,
        qos: 1,
        topic: w::WILL_TOPIC.to_owned(),
        message: w::WILL_MESSAGE.to_vec(),
    });
    connect.username = Some(w::USER_NAME.to_owned());
    connect.password = Some(w::PASSWORD.to_vec());
    connect
}

fn subscribe() -> MqttSubscribe {
    let topic = |&(filter, qos): &(&str, u8)| SubscriptionTopic { topic_filter: filter.to_owned(), qos };
    MqttSubscribe::new(w::PACKET_ID, w::SUBSCRIPTIONS.iter().map(topic).collect())
}
