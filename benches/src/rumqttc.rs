//! `rumqttc`: the codec of the client, a later `mqttbytes`. Takes packets off a `BytesMut`, payloads shared with it,
//! strings copied.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4::{
    Connect, LastWill, Login, Packet, PingReq, PubAck, Publish, Subscribe, SubscribeFilter,
};
use rumqttc::mqttbytes::{Error, QoS, matches};

use crate::measure::{Prepared, consume, repeat, repeat_stream, repeat_with, take, with_room};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Row, Verdict};

/// What this crate can do: no header alone. Its passwords are strings.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "rumqttc",
    package: "rumqttc",
    decode: verdict,
    rows: &[
        Row::new(O::DecodePingreq, |n| take(n, w::PINGREQ, |stream| stream, decode)),
        Row::new(O::DecodePuback, |n| take(n, w::PUBACK, |stream| stream, decode)),
        Row::new(O::DecodeConnect, |n| take(n, &w::CONNECT, |stream| stream, decode)),
        Row::new(O::DecodeConnectFields, |n| take(n, &w::CONNECT, |stream| stream, decode)),
        Row::new(O::DecodeSubscribe, |n| take(n, &w::SUBSCRIBE, |stream| stream, decode)),
        Row::new(O::DecodeSubscribeFilters, |n| take(n, &w::SUBSCRIBE, |stream| stream, decode)),
        Row::new(O::DecodePublish64, |n| take(n, &w::PUBLISH_64, |stream| stream, decode)),
        Row::new(O::DecodePublishUtf8, |n| take(n, &w::PUBLISH_UTF8, |stream| stream, decode)),
        Row::new(O::DecodePublish1K, |n| take(n, &w::PUBLISH_1K, |stream| stream, decode)),
        Row::new(O::DecodePublish64K, |n| take(n, &w::PUBLISH_64K, |stream| stream, decode)),
        Row::new(O::DecodeMixed, |n| {
            consume(
                n,
                || with_room(&w::MIXED.bytes),
                (),
                |mut stream, ()| {
                    assert_eq!(decode_all(&mut stream), w::MIXED.packets);
                },
            )
        }),
        Row::new(O::DecodeMixedPieces, |n| {
            repeat_stream(n, w::MIXED.bytes.as_slice(), BytesMut::with_capacity(1 << 16), decode_pieces)
        }),
        Row::new(O::DecodePublishOwned, |n| take(n, &w::PUBLISH_64, |stream| stream, decode)),
        Row::new(O::DecodePublishOwnedParts, |n| take(n, &w::PUBLISH_64, |stream| stream, decode)),
        Row::new(O::EncodePingreq, |n| encode_value(n, PingReq, PingReq::write)),
        Row::new(O::EncodePuback, |n| encode_value(n, PubAck::new(w::PACKET_ID), PubAck::write)),
        Row::new(O::EncodeConnect, |n| encode_value(n, connect(), Connect::write)),
        Row::new(O::EncodeSubscribe, |n| encode_value(n, subscribe(), Subscribe::write)),
        Row::new(O::EncodePublish64, |n| {
            encode_value(n, publish(QoS::AtMostOnce, &w::PAYLOAD_64), Publish::write)
        }),
        Row::new(O::EncodePublish1K, |n| {
            encode_value(n, publish(QoS::AtLeastOnce, &w::PAYLOAD_1K), Publish::write)
        }),
        Row::new(O::EncodePublish64K, |n| {
            encode_value(n, publish(QoS::AtLeastOnce, &w::PAYLOAD_64K), Publish::write)
        }),
        Row::new(O::MatchTopic, |n| repeat(n, (w::FILTERS.as_slice(), w::TOPIC), count_matches)),
    ],
};

const MAX_SIZE: usize = 1 << 28;

fn verdict(bytes: &[u8]) -> Verdict {
    match Packet::read(&mut BytesMut::from(bytes), MAX_SIZE) {
        Ok(_) => Verdict::Accepted,
        Err(Error::InsufficientBytes(_)) => Verdict::Unfinished,
        Err(_) => Verdict::Refused,
    }
}

#[inline(never)]
fn decode(stream: &mut BytesMut) -> Result<Packet, Error> {
    Packet::read(stream, MAX_SIZE)
}

#[inline(never)]
fn decode_all(stream: &mut BytesMut) -> usize {
    let mut packets = 0;
    while let Ok(packet) = Packet::read(stream, MAX_SIZE) {
        black_box(&packet);
        packets += 1;
    }
    packets
}

#[inline(never)]
fn decode_pieces(bytes: &[u8], stream: &mut BytesMut) -> usize {
    bytes
        .chunks(w::PIECE_LEN)
        .map(|piece| {
            stream.extend_from_slice(piece);
            decode_all(stream)
        })
        .sum()
}

fn encode_value<P: 'static>(
    times: usize,
    packet: P,
    write: impl Fn(&P, &mut BytesMut) -> Result<usize, Error> + 'static,
) -> Prepared {
    let packet: &P = Box::leak(Box::new(packet));
    let mut out = BytesMut::with_capacity(1 << 17);
    encode(packet, &mut out, &write).expect("a packet");
    w::check_encoded(&out);
    repeat_with(times, packet, out, move |packet, out| encode(packet, out, &write))
}

#[inline(never)]
fn encode<P>(
    packet: &P,
    out: &mut BytesMut,
    write: impl Fn(&P, &mut BytesMut) -> Result<usize, Error>,
) -> Result<usize, Error> {
    out.clear();
    write(packet, out)
}

#[inline(never)]
fn count_matches((filters, topic): (&[String], &str)) -> usize {
    filters.iter().filter(|filter| matches(topic, filter)).count()
}

fn qos(qos: u8) -> QoS {
    rumqttc::mqttbytes::qos(qos).expect("a QoS")
}

fn publish(qos: QoS, payload: &'static [u8]) -> Publish {
    let mut publish = Publish::from_bytes(w::TOPIC, qos, Bytes::from_static(payload));
    publish.pkid = w::PACKET_ID;
    publish
}

fn connect() -> Connect {
    let mut connect = Connect::new(w::CLIENT_ID);
    connect.keep_alive = w::KEEP_ALIVE;
    connect.clean_session = true;
    connect.last_will = Some(LastWill::new(w::WILL_TOPIC, w::WILL_MESSAGE, QoS::AtLeastOnce, true));
    let password = str::from_utf8(w::PASSWORD).expect("text");
    connect.login = Some(Login::new(w::USER_NAME, password));
    connect
}

fn subscribe() -> Subscribe {
    let filter = |&(path, requested): &(&str, u8)| SubscribeFilter::new(path.to_owned(), qos(requested));
    let mut subscribe = Subscribe::new_many(w::SUBSCRIPTIONS.iter().map(filter).collect::<Vec<_>>());
    subscribe.pkid = w::PACKET_ID;
    subscribe
}
