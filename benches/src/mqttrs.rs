//! `mqttrs`: borrowed packets from a slice, written to a slice. Does not say how long a decoded packet was.

use std::hint::black_box;

use mqttrs::{
    Connect, Error, LastWill, Packet, Pid, Protocol, Publish, QoS, QosPid, Subscribe, SubscribeTopic,
    decode_slice, encode_slice,
};

use crate::measure::{Inbox, Prepared, cut, repeat, repeat_stream, repeat_with};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Row, Verdict};

/// What this crate can do: nothing owned, no topic matching, no header alone.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "mqttrs",
    package: "mqttrs",
    decode: |bytes| Verdict::of(&decode_slice(bytes)),
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
        Row::new(O::EncodePingreq, |n| encode_value(n, Packet::Pingreq)),
        Row::new(O::EncodePuback, |n| encode_value(n, Packet::Puback(packet_id()))),
        Row::new(O::EncodeConnect, |n| encode_value(n, connect())),
        Row::new(O::EncodeSubscribe, |n| encode_value(n, subscribe())),
        Row::new(O::EncodePublish64, |n| encode_value(n, publish(QosPid::AtMostOnce, &w::PAYLOAD_64))),
        Row::new(O::EncodePublish1K, |n| {
            encode_value(n, publish(QosPid::AtLeastOnce(packet_id()), &w::PAYLOAD_1K))
        }),
        Row::new(O::EncodePublish64K, |n| {
            encode_value(n, publish(QosPid::AtLeastOnce(packet_id()), &w::PAYLOAD_64K))
        }),
    ],
};

#[inline(never)]
fn decode(bytes: &[u8]) -> Result<Option<Packet<'_>>, Error> {
    decode_slice(bytes)
}

#[inline(never)]
fn decode_stream(mut bytes: &[u8]) -> usize {
    let mut packets = 0;
    while let Ok(Some(packet)) = decode_slice(bytes) {
        black_box(&packet);
        packets += 1;
        bytes = cut(bytes).map(|(_, _, rest)| rest).unwrap_or_default();
    }
    packets
}

#[inline(never)]
fn decode_pieces(bytes: &[u8], inbox: &mut Inbox) -> usize {
    let mut packets = 0;
    for piece in bytes.chunks(w::PIECE_LEN) {
        inbox.feed(piece, |bytes| match decode_slice(bytes) {
            Ok(Some(packet)) => {
                black_box(&packet);
                packets += 1;
                cut(bytes).map(|(_, _, rest)| bytes.len() - rest.len())
            }
            _ => None,
        });
    }
    packets
}

fn encode_value(times: usize, packet: Packet<'static>) -> Prepared {
    let packet: &Packet<'_> = Box::leak(Box::new(packet));
    let mut out = vec![0; 1 << 17];
    let len = encode(packet, &mut out).expect("there is room");
    w::check_encoded(out.get(..len).unwrap_or_default());
    repeat_with(times, packet, out, |packet, out| encode(packet, out))
}

#[inline(never)]
fn encode(packet: &Packet<'_>, out: &mut [u8]) -> Result<usize, Error> {
    encode_slice(packet, out)
}

fn packet_id() -> Pid {
    Pid::try_from(w::PACKET_ID).expect("not zero")
}

fn publish(qospid: QosPid, payload: &'static [u8]) -> Packet<'static> {
    Packet::Publish(Publish { dup: false, qospid, retain: false, topic_name: w::TOPIC, payload })
}

fn connect() -> Packet<'static> {
    Packet::Connect(Connect {
        protocol: Protocol::MQTT311,
        keep_alive: w::KEEP_ALIVE,
        client_id: w::CLIENT_ID,
        clean_session: true,
        last_will: Some(LastWill {
            topic: w::WILL_TOPIC,
            message: w::WILL_MESSAGE,
            qos: QoS::AtLeastOnce,
            retain: true,
        }),
        username: Some(w::USER_NAME),
        password: Some(w::PASSWORD),
    })
}

fn subscribe() -> Packet<'static> {
    let topic = |&(filter, qos): &(&str, u8)| SubscribeTopic {
        topic_path: filter.to_owned(),
        qos: match qos {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        },
    };
    Packet::Subscribe(Subscribe::new(packet_id(), w::SUBSCRIPTIONS.iter().map(topic).collect()))
}
