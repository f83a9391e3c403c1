//! `mqtt5`, whose codec is `mqtt5-protocol`, here for version 3.1.1: packets from any `Buf`; off a `Bytes` the payload is
//! shared, strings are copied.

use std::hint::black_box;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use mqtt5_protocol::packet::MqttPacket;
use mqtt5_protocol::packet::connack::ConnAckPacket;
use mqtt5_protocol::packet::connect::ConnectPacket;
use mqtt5_protocol::packet::disconnect::DisconnectPacket;
use mqtt5_protocol::packet::pingreq::PingReqPacket;
use mqtt5_protocol::packet::pingresp::PingRespPacket;
use mqtt5_protocol::packet::puback::PubAckPacket;
use mqtt5_protocol::packet::pubcomp::PubCompPacket;
use mqtt5_protocol::packet::publish::PublishPacket;
use mqtt5_protocol::packet::pubrec::PubRecPacket;
use mqtt5_protocol::packet::pubrel::PubRelPacket;
use mqtt5_protocol::packet::suback::SubAckPacket;
use mqtt5_protocol::packet::subscribe::SubscribePacket;
use mqtt5_protocol::packet::unsuback::UnsubAckPacket;
use mqtt5_protocol::packet::unsubscribe::UnsubscribePacket;
use mqtt5_protocol::topic_matching::matches;
use mqtt5_protocol::{ConnectOptions, FixedHeader, MqttError, Packet, QoS, ReasonCode, WillMessage};

use crate::measure::{Prepared, cut, repeat, repeat_stream, repeat_with, shared, take};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Sample, Verdict};

/// What this crate can do: no header alone. It leaves it to its caller to see whether a packet is whole.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "mqtt5",
    package: "mqtt5-protocol",
    decode: |bytes| match cut(bytes) {
        Some(_) => Verdict::of(&decode(&mut Bytes::copy_from_slice(bytes)).map(Some)),
        None if bytes.len() < 5 => Verdict::Unfinished,
        None => Verdict::of(&FixedHeader::decode(&mut &*bytes).map(|_| None::<()>)),
    },
    prepare,
};

fn prepare(operation: O, n: usize) -> Option<Prepared> {
    Some(match operation {
        O::DecodeMixed => {
            let stream: &Bytes = Box::leak(Box::new(Bytes::copy_from_slice(&w::MIXED.bytes)));
            repeat_stream(n, stream, (), |stream, ()| decode_stream(stream))
        }
        O::DecodeMixedPieces => {
            repeat_stream(n, w::MIXED.bytes.as_slice(), BytesMut::with_capacity(1 << 16), decode_pieces)
        }
        // Off a `BytesMut` it would have to be frozen first.
        O::DecodePublishOwned | O::DecodePublishOwnedParts => return None,
        O::DecodePublishOwnedShared => take(n, &w::PUBLISH_64, shared, decode),
        O::Encode(sample) => encode_sample(n, sample),
        O::MatchTopic => repeat(n, (w::FILTERS.as_slice(), w::TOPIC), count_matches),
        _ => take(n, operation.packet_made_of_values()?.bytes(), shared, decode),
    })
}

/// Protocol Level of 3.1.1.
const LEVEL: u8 = 4;

#[inline(never)]
fn decode(stream: &mut Bytes) -> Result<Packet, MqttError> {
    let header = FixedHeader::decode(stream)?;
    let len = usize::try_from(header.remaining_length).unwrap_or(usize::MAX);
    let mut body = stream.split_to(len);
    Packet::decode_from_body_with_version(header.packet_type, &header, &mut body, LEVEL)
}

#[inline(never)]
fn decode_stream(stream: &Bytes) -> usize {
    let mut stream = stream.clone();
    let mut packets = 0;
    while stream.has_remaining()
        && let Ok(packet) = decode(&mut stream)
    {
        black_box(&packet);
        packets += 1;
    }
    packets
}

#[inline(never)]
fn decode_pieces(bytes: &[u8], stream: &mut BytesMut) -> usize {
    let mut packets = 0;
    for piece in bytes.chunks(w::PIECE_LEN) {
        stream.extend_from_slice(piece);
        while let Some((_, _, rest)) = cut(stream) {
            let len = stream.len() - rest.len();
            let packet = decode(&mut stream.split_to(len).freeze());
            black_box(&packet);
            packets += 1;
        }
    }
    packets
}

fn encode_sample(n: usize, sample: Sample) -> Prepared {
    let id = w::PACKET_ID;
    match sample {
        Sample::Connect => encode_value(n, sample, connect()),
        Sample::Connack => encode_value(n, sample, ConnAckPacket::new_v311(true, ReasonCode::Success)),
        Sample::Publish64 => encode_message(n, sample, publish(QoS::AtMostOnce, w::TOPIC, &w::PAYLOAD_64)),
        Sample::PublishUtf8 => {
            encode_message(n, sample, publish(QoS::AtMostOnce, w::TOPIC_UTF8, &w::PAYLOAD_64))
        }
        Sample::Publish1K => encode_message(n, sample, publish(QoS::AtLeastOnce, w::TOPIC, &w::PAYLOAD_1K)),
        Sample::Publish64K => encode_message(n, sample, publish(QoS::AtLeastOnce, w::TOPIC, &w::PAYLOAD_64K)),
        Sample::Puback => encode_value(n, sample, PubAckPacket::new(id)),
        Sample::Pubrec => encode_value(n, sample, PubRecPacket::new(id)),
        Sample::Pubrel => encode_value(n, sample, PubRelPacket::new(id)),
        Sample::Pubcomp => encode_value(n, sample, PubCompPacket::new(id)),
        Sample::Subscribe => encode_value(n, sample, subscribe()),
        Sample::Suback => encode_value(n, sample, suback()),
        Sample::Unsubscribe => {
            let empty = UnsubscribePacket::new_v311(id);
            let packet =
                w::SUBSCRIPTIONS.iter().fold(empty, |packet, &(filter, _)| packet.add_filter(filter));
            encode_value(n, sample, packet)
        }
        Sample::Unsuback => encode_value(n, sample, UnsubAckPacket::new_v311(id)),
        Sample::Pingreq => encode_value(n, sample, PingReqPacket::default()),
        Sample::Pingresp => encode_value(n, sample, PingRespPacket::default()),
        Sample::Disconnect => encode_value(n, sample, DisconnectPacket::normal()),
    }
}

fn encode_value<P: MqttPacket + 'static>(times: usize, sample: Sample, packet: P) -> Prepared {
    let packet: &P = Box::leak(Box::new(packet));
    let mut out = BytesMut::with_capacity(1 << 17);
    encode(packet, &mut out).expect("a packet");
    sample.check_encoded(&out);
    repeat_with(times, packet, out, encode)
}

#[inline(never)]
fn encode<P: MqttPacket>(packet: &P, out: &mut BytesMut) -> Result<(), MqttError> {
    out.clear();
    packet.encode(out)
}

fn encode_message(times: usize, sample: Sample, publish: PublishPacket) -> Prepared {
    let publish: &PublishPacket = Box::leak(Box::new(publish));
    let mut out = BytesMut::with_capacity(1 << 17);
    encode_publish(publish, &mut out).expect("a packet");
    sample.check_encoded(&out);
    repeat_with(times, publish, out, encode_publish)
}

/// Its way without a buffer between.
#[inline(never)]
fn encode_publish(publish: &PublishPacket, out: &mut BytesMut) -> Result<(), MqttError> {
    out.clear();
    let len = u32::try_from(publish.body_encoded_size()).unwrap_or(u32::MAX);
    FixedHeader::new(publish.packet_type(), publish.flags(), len).encode(out)?;
    publish.encode_body_direct(out)
}

#[inline(never)]
fn count_matches((filters, topic): (&[String], &str)) -> usize {
    filters.iter().filter(|filter| matches(topic, filter)).count()
}

fn publish(qos: QoS, topic: &str, payload: &'static [u8]) -> PublishPacket {
    let publish = PublishPacket::new_v311(topic, Bytes::from_static(payload), qos);
    if qos == QoS::AtMostOnce { publish } else { publish.with_packet_id(w::PACKET_ID) }
}

fn connect() -> ConnectPacket {
    let mut options = ConnectOptions::new(w::CLIENT_ID);
    options.keep_alive = Duration::from_secs(w::KEEP_ALIVE.into());
    options.clean_start = true;
    options.username = Some(w::USER_NAME.to_owned());
    options.password = Some(w::PASSWORD.to_vec());
    let mut will = WillMessage::new(w::WILL_TOPIC, w::WILL_MESSAGE);
    will.qos = QoS::AtLeastOnce;
    will.retain = true;
    options.will = Some(will);
    ConnectPacket::new_v311(options)
}

fn subscribe() -> SubscribePacket {
    w::SUBSCRIPTIONS.iter().fold(SubscribePacket::new_v311(w::PACKET_ID), |subscribe, &(filter, qos)| {
        subscribe.add_filter(filter, QoS::from(qos))
    })
}

fn suback() -> SubAckPacket {
    let empty = SubAckPacket::new_v311(w::PACKET_ID);
    w::RETURN_CODES.iter().fold(empty, |suback, &granted| suback.add_granted_qos(QoS::from(granted)))
}
