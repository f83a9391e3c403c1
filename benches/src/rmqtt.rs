//! `rmqtt-codec`: takes packets off a `BytesMut`; strings and payload share its memory. Encoding uses up the packet.

use std::hint::black_box;
use std::num::NonZeroU16;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use rmqtt_codec::error::{DecodeError, EncodeError};
use rmqtt_codec::types::{Protocol, Publish};
use rmqtt_codec::v3::{
    Codec, Connect, ConnectAck, ConnectAckReason, LastWill, Packet, QoS, SubscribeReturnCode,
};
use tokio_util::codec::{Decoder, Encoder};

use crate::measure::{Prepared, consume, repeat_stream, repeat_with, with_room};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Sample, Verdict};

/// What this crate can do: no topic matching, no header alone.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "rmqtt-codec",
    package: "rmqtt-codec",
    decode: |bytes| Verdict::of(&Codec::default().decode(&mut BytesMut::from(bytes))),
    prepare,
};

fn prepare(operation: O, n: usize) -> Option<Prepared> {
    Some(match operation {
        O::DecodeMixed => {
            let make = || with_room(&w::MIXED.bytes);
            consume(n, make, Codec::default(), |mut stream, codec| {
                assert_eq!(decode_all(&mut stream, codec), w::MIXED.packets);
            })
        }
        O::DecodeMixedPieces => {
            let state = (BytesMut::with_capacity(1 << 16), Codec::default());
            repeat_stream(n, w::MIXED.bytes.as_slice(), state, decode_pieces)
        }
        O::Encode(sample) => encode_value(n, sample),
        _ => take(n, operation.packet_made_of_values()?.bytes()),
    })
}

fn take(times: usize, packet: &[u8]) -> Prepared {
    let state = (with_room(&packet.repeat(times + 1)), Codec::default());
    repeat_with(times, (), state, |(), (stream, codec)| decode(stream, codec))
}

#[inline(never)]
fn decode(stream: &mut BytesMut, codec: &mut Codec) -> Result<Option<(Packet, u32)>, DecodeError> {
    codec.decode(stream)
}

#[inline(never)]
fn decode_all(stream: &mut BytesMut, codec: &mut Codec) -> usize {
    let mut packets = 0;
    while let Ok(Some(packet)) = codec.decode(stream) {
        black_box(&packet);
        packets += 1;
    }
    packets
}

#[inline(never)]
fn decode_pieces(bytes: &[u8], (stream, codec): &mut (BytesMut, Codec)) -> usize {
    bytes
        .chunks(w::PIECE_LEN)
        .map(|piece| {
            stream.extend_from_slice(piece);
            decode_all(stream, codec)
        })
        .sum()
}

fn encode_value(times: usize, sample: Sample) -> Prepared {
    let packet = value(sample);
    let mut state = (Codec::default(), BytesMut::with_capacity(1 << 17));
    encode(packet.clone(), &mut state.0, &mut state.1).expect("a packet");
    sample.check_encoded(&state.1);
    consume(times, || packet.clone(), state, |packet, (codec, out)| encode(packet, codec, out))
}

#[inline(never)]
fn encode(packet: Packet, codec: &mut Codec, out: &mut BytesMut) -> Result<(), EncodeError> {
    out.clear();
    codec.encode(packet, out)
}

/// What is encoded.
fn value(sample: Sample) -> Packet {
    let packet_id = packet_id();
    match sample {
        Sample::Connect => connect(),
        Sample::Connack => Packet::ConnectAck(ConnectAck {
            return_code: ConnectAckReason::ConnectionAccepted,
            session_present: true,
        }),
        Sample::Publish64 => publish(None, w::TOPIC, &w::PAYLOAD_64),
        Sample::PublishUtf8 => publish(None, w::TOPIC_UTF8, &w::PAYLOAD_64),
        Sample::Publish1K => publish(Some(packet_id), w::TOPIC, &w::PAYLOAD_1K),
        Sample::Publish64K => publish(Some(packet_id), w::TOPIC, &w::PAYLOAD_64K),
        Sample::Puback => Packet::PublishAck { packet_id },
        Sample::Pubrec => Packet::PublishReceived { packet_id },
        Sample::Pubrel => Packet::PublishRelease { packet_id },
        Sample::Pubcomp => Packet::PublishComplete { packet_id },
        Sample::Subscribe => subscribe(),
        Sample::Suback => suback(),
        Sample::Unsubscribe => unsubscribe(),
        Sample::Unsuback => Packet::UnsubscribeAck { packet_id },
        Sample::Pingreq => Packet::PingRequest,
        Sample::Pingresp => Packet::PingResponse,
        Sample::Disconnect => Packet::Disconnect,
    }
}

fn packet_id() -> NonZeroU16 {
    NonZeroU16::new(w::PACKET_ID).expect("not zero")
}

fn qos(qos: u8) -> QoS {
    QoS::try_from(qos).expect("a QoS")
}

fn publish(packet_id: Option<NonZeroU16>, topic: &'static str, payload: &'static [u8]) -> Packet {
    Packet::from(Publish {
        dup: false,
        retain: false,
        qos: if packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce },
        topic: ByteString::from_static(topic),
        packet_id,
        payload: Bytes::from_static(payload),
        properties: None,
    })
}

fn connect() -> Packet {
    Packet::from(Connect {
        protocol: Protocol::default(),
        clean_session: true,
        keep_alive: w::KEEP_ALIVE,
        last_will: Some(LastWill {
            qos: QoS::AtLeastOnce,
            retain: true,
            topic: ByteString::from_static(w::WILL_TOPIC),
            message: Bytes::from_static(w::WILL_MESSAGE),
        }),
        client_id: ByteString::from_static(w::CLIENT_ID),
        username: Some(ByteString::from_static(w::USER_NAME)),
        password: Some(Bytes::from_static(w::PASSWORD)),
        cert: None,
    })
}

fn subscribe() -> Packet {
    let topic_filters =
        w::SUBSCRIPTIONS.iter().map(|&(filter, requested)| (ByteString::from_static(filter), qos(requested)));
    Packet::Subscribe { packet_id: packet_id(), topic_filters: topic_filters.collect() }
}

fn suback() -> Packet {
    let code = |&granted: &u8| SubscribeReturnCode::Success(qos(granted));
    Packet::SubscribeAck { packet_id: packet_id(), status: w::RETURN_CODES.iter().map(code).collect() }
}

fn unsubscribe() -> Packet {
    let topic_filters = w::SUBSCRIPTIONS.iter().map(|&(filter, _)| ByteString::from_static(filter));
    Packet::Unsubscribe { packet_id: packet_id(), topic_filters: topic_filters.collect() }
}
