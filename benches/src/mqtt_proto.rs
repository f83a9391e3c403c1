//! `mqtt-proto`: owned packets from a slice or an `AsyncRead`, encoded to a new vector.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use futures_lite::future::block_on;
use mqtt_proto::v3::{Connect, LastWill, Packet, Publish, Subscribe};
use mqtt_proto::{Error, Pid, Protocol, QoS, QosPid, TopicFilter, TopicName, VarBytes};

use crate::measure::{Inbox, Prepared, repeat, repeat_stream};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Row, Verdict};

/// What this crate can do: no topic matching, no header alone, nothing that shares the memory of the stream.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "mqtt-proto",
    package: "mqtt-proto",
    decode: |bytes| Verdict::of(&Packet::decode(bytes)),
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
        Row::new(O::EncodePingreq, |n| encode_value(n, Packet::Pingreq)),
        Row::new(O::EncodePuback, |n| encode_value(n, Packet::Puback(packet_id()))),
        Row::new(O::EncodeConnect, |n| encode_value(n, connect())),
        Row::new(O::EncodeSubscribe, |n| encode_value(n, subscribe())),
        Row::new(O::EncodePublish64, |n| encode_value(n, publish(QosPid::Level0, &w::PAYLOAD_64))),
        Row::new(O::EncodePublish1K, |n| {
            encode_value(n, publish(QosPid::Level1(packet_id()), &w::PAYLOAD_1K))
        }),
        Row::new(O::EncodePublish64K, |n| {
            encode_value(n, publish(QosPid::Level1(packet_id()), &w::PAYLOAD_64K))
        }),
    ],
};

#[inline(never)]
fn decode(bytes: &[u8]) -> Result<Option<Packet>, Error> {
    Packet::decode(bytes)
}

#[inline(never)]
fn decode_stream(mut bytes: &[u8]) -> usize {
    block_on(async {
        let mut packets = 0;
        while let Ok(packet) = Packet::decode_async(&mut bytes).await {
            black_box(&packet);
            packets += 1;
        }
        packets
    })
}

#[inline(never)]
fn decode_pieces(bytes: &[u8], inbox: &mut Inbox) -> usize {
    let mut packets = 0;
    for piece in bytes.chunks(w::PIECE_LEN) {
        inbox.feed(piece, |bytes| {
            let mut rest = bytes;
            let packet = block_on(Packet::decode_async(&mut rest)).ok()?;
            black_box(&packet);
            packets += 1;
            Some(bytes.len() - rest.len())
        });
    }
    packets
}

fn encode_value(times: usize, packet: Packet) -> Prepared {
    let packet: &Packet = Box::leak(Box::new(packet));
    w::check_encoded(encode(packet).expect("a packet").as_ref());
    repeat(times, packet, encode)
}

#[inline(never)]
fn encode(packet: &Packet) -> Result<VarBytes, Error> {
    packet.encode()
}

fn packet_id() -> Pid {
    Pid::try_from(w::PACKET_ID).expect("not zero")
}

fn publish(qos_pid: QosPid, payload: &'static [u8]) -> Packet {
    let topic = TopicName::try_from(w::TOPIC).expect("a topic name");
    Packet::Publish(Publish::new(qos_pid, topic, Bytes::from_static(payload)))
}

fn connect() -> Packet {
    let topic = TopicName::try_from(w::WILL_TOPIC).expect("a topic name");
    let mut will = LastWill::new(QoS::Level1, topic, Bytes::from_static(w::WILL_MESSAGE));
    will.retain = true;
    Packet::Connect(Connect {
        protocol: Protocol::V311,
        clean_session: true,
        keep_alive: w::KEEP_ALIVE,
        client_id: Arc::from(w::CLIENT_ID),
        last_will: Some(will),
        username: Some(Arc::from(w::USER_NAME)),
        password: Some(Bytes::from_static(w::PASSWORD)),
    })
}

fn subscribe() -> Packet {
    let topic = |&(filter, qos): &(&str, u8)| {
        (TopicFilter::try_from(filter).expect("a topic filter"), QoS::from_u8(qos).expect("a QoS"))
    };
    Packet::Subscribe(Subscribe::new(packet_id(), w::SUBSCRIPTIONS.iter().map(topic).collect()))
}
