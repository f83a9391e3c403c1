//! `flowsdk`: owned packets from a slice, everything copied; written to a `Vec`.

use std::hint::black_box;

use flowsdk::mqtt_serde::control_packet::{MqttControlPacket, MqttPacket};
use flowsdk::mqtt_serde::mqttv3::connectv3::{MqttConnect, Will};
use flowsdk::mqtt_serde::mqttv3::pingreqv3::MqttPingReq;
use flowsdk::mqtt_serde::mqttv3::pubackv3::MqttPubAck;
use flowsdk::mqtt_serde::mqttv3::publishv3::MqttPublish;
use flowsdk::mqtt_serde::mqttv3::subscribev3::{MqttSubscribe, SubscriptionTopic};
use flowsdk::mqtt_serde::parser::{ParseError, ParseOk};

use crate::measure::{Inbox, Prepared, repeat, repeat_stream, repeat_with};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Row, Verdict};

/// What this crate can do: no topic matching, no header alone, nothing that shares the memory of the stream.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "flowsdk",
    package: "flowsdk",
    decode: verdict,
    rows: &[
        Row::new(O::DecodePingreq, |n| repeat(n, w::PINGREQ, decode)),
        Row::new(O::DecodePuback, |n| repeat(n, w::PUBACK, decode)),
        Row::new(O::DecodeConnect, |n| repeat(n, w::CONNECT.as_slice(), decode)),
        Row::new(O::DecodeConnectFields, |n| repeat(n, w::CONNECT.as_slice(), decode)),
        Row::new(O::DecodeSubscribe, |n| repeat(n, w::SUBSCRIBE.as_slice(), decode)),
        Row::new(O::DecodeSubscribeFilters, |n| repeat(n, w::SUBSCRIBE.as_slice(), decode)),
        Row::new(O::DecodePublish64, |n| repeat(n, w::PUBLISH_64.as_slice(), decode)),
        Row::new(O::DecodePublishUtf8, |n| repeat(n, w::PUBLISH_UTF8.as_slice(), decode)),
        Row::new(O::DecodePublish1K, |n| repeat(n, w::PUBLISH_1K.as_slice(), decode)),
        Row::new(O::DecodePublish64K, |n| repeat(n, w::PUBLISH_64K.as_slice(), decode)),
        Row::new(O::DecodeMixed, |n| {
            repeat_stream(n, w::MIXED.bytes.as_slice(), (), |bytes, ()| decode_stream(bytes))
        }),
        Row::new(O::DecodeMixedPieces, |n| {
            repeat_stream(n, w::MIXED.bytes.as_slice(), Inbox::new(1 << 16), decode_pieces)
        }),
        Row::new(O::DecodePublishOwned, |n| repeat(n, w::PUBLISH_64.as_slice(), decode)),
        Row::new(O::DecodePublishOwnedParts, |n| repeat(n, w::PUBLISH_64.as_slice(), decode)),
        Row::new(O::EncodePingreq, |n| encode_value(n, MqttPingReq::new())),
        Row::new(O::EncodePuback, |n| encode_value(n, MqttPubAck::new(w::PACKET_ID))),
        Row::new(O::EncodeConnect, |n| encode_value(n, connect())),
        Row::new(O::EncodeSubscribe, |n| encode_value(n, subscribe())),
        Row::new(O::EncodePublish64, |n| encode_value(n, publish(0, None, &w::PAYLOAD_64))),
        Row::new(O::EncodePublish1K, |n| encode_value(n, publish(1, Some(w::PACKET_ID), &w::PAYLOAD_1K))),
        Row::new(O::EncodePublish64K, |n| encode_value(n, publish(1, Some(w::PACKET_ID), &w::PAYLOAD_64K))),
    ],
};

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

fn encode_value<P: MqttControlPacket + 'static>(times: usize, packet: P) -> Prepared {
    let packet: &P = Box::leak(Box::new(packet));
    let mut out = Vec::with_capacity(1 << 17);
    encode(packet, &mut out).expect("a packet");
    w::check_encoded(&out);
    repeat_with(times, packet, out, encode)
}

#[inline(never)]
fn encode<P: MqttControlPacket>(packet: &P, out: &mut Vec<u8>) -> Result<(), ParseError> {
    out.clear();
    packet.encode_to_buffer(out)
}

fn publish(qos: u8, packet_id: Option<u16>, payload: &[u8]) -> MqttPublish {
    MqttPublish::new(w::TOPIC.to_owned(), qos, payload.to_vec(), packet_id, false, false)
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
