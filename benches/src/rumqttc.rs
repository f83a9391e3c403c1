//! `rumqttc`: the codec of the client, a later `mqttbytes`. Takes packets off a `BytesMut`, payloads shared with it,
//! strings copied.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4::{
    ConnAck, Connect, ConnectReturnCode, Disconnect, LastWill, Login, Packet, PingReq, PingResp, PubAck,
    PubComp, PubRec, PubRel, Publish, SubAck, Subscribe, SubscribeFilter, SubscribeReasonCode, UnsubAck,
    Unsubscribe,
};
use rumqttc::mqttbytes::{Error, QoS, matches};

use crate::measure::{Prepared, consume, repeat, repeat_stream, repeat_with, take, with_room};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Sample, Verdict};

/// What this crate can do: no header alone. Its passwords are strings.
pub const IMPLEMENTATION: Implementation =
    Implementation { name: "rumqttc", package: "rumqttc", decode: verdict, prepare };

fn prepare(operation: O, n: usize) -> Option<Prepared> {
    Some(match operation {
        O::DecodeMixed => consume(
            n,
            || with_room(&w::MIXED.bytes),
            (),
            |mut stream, ()| {
                assert_eq!(decode_all(&mut stream), w::MIXED.packets);
            },
        ),
        O::DecodeMixedPieces => {
            repeat_stream(n, w::MIXED.bytes.as_slice(), BytesMut::with_capacity(1 << 16), decode_pieces)
        }
        O::Encode(sample) => encode_sample(n, sample),
        O::MatchTopic => repeat(n, (w::FILTERS.as_slice(), w::TOPIC), count_matches),
        _ => take(n, operation.packet_made_of_values()?.bytes(), |stream| stream, decode),
    })
}

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

fn encode_sample(n: usize, sample: Sample) -> Prepared {
    let id = w::PACKET_ID;
    match sample {
        Sample::Connect => encode_value(n, sample, connect(), Connect::write),
        Sample::Connack => {
            encode_value(n, sample, ConnAck::new(ConnectReturnCode::Success, true), ConnAck::write)
        }
        Sample::Publish64 => {
            encode_value(n, sample, publish(QoS::AtMostOnce, w::TOPIC, &w::PAYLOAD_64), Publish::write)
        }
        Sample::PublishUtf8 => {
            encode_value(n, sample, publish(QoS::AtMostOnce, w::TOPIC_UTF8, &w::PAYLOAD_64), Publish::write)
        }
        Sample::Publish1K => {
            encode_value(n, sample, publish(QoS::AtLeastOnce, w::TOPIC, &w::PAYLOAD_1K), Publish::write)
        }
        Sample::Publish64K => {
            encode_value(n, sample, publish(QoS::AtLeastOnce, w::TOPIC, &w::PAYLOAD_64K), Publish::write)
        }
        Sample::Puback => encode_value(n, sample, PubAck::new(id), PubAck::write),
        Sample::Pubrec => encode_value(n, sample, PubRec::new(id), PubRec::write),
        Sample::Pubrel => encode_value(n, sample, PubRel::new(id), PubRel::write),
        Sample::Pubcomp => encode_value(n, sample, PubComp::new(id), PubComp::write),
        Sample::Subscribe => encode_value(n, sample, subscribe(), Subscribe::write),
        Sample::Suback => encode_value(n, sample, suback(), SubAck::write),
        Sample::Unsubscribe => encode_value(n, sample, unsubscribe(), Unsubscribe::write),
        Sample::Unsuback => encode_value(n, sample, UnsubAck::new(id), UnsubAck::write),
        Sample::Pingreq => encode_value(n, sample, PingReq, PingReq::write),
        Sample::Pingresp => encode_value(n, sample, PingResp, PingResp::write),
        Sample::Disconnect => encode_value(n, sample, Disconnect, Disconnect::write),
    }
}

fn encode_value<P: 'static>(
    times: usize,
    sample: Sample,
    packet: P,
    write: impl Fn(&P, &mut BytesMut) -> Result<usize, Error> + 'static,
) -> Prepared {
    let packet: &P = Box::leak(Box::new(packet));
    let mut out = BytesMut::with_capacity(1 << 17);
    encode(packet, &mut out, &write).expect("a packet");
    sample.check_encoded(&out);
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

fn publish(qos: QoS, topic: &str, payload: &'static [u8]) -> Publish {
    let mut publish = Publish::from_bytes(topic, qos, Bytes::from_static(payload));
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

fn suback() -> SubAck {
    let code = |&granted: &u8| SubscribeReasonCode::Success(qos(granted));
    SubAck::new(w::PACKET_ID, w::RETURN_CODES.iter().map(code).collect())
}

fn unsubscribe() -> Unsubscribe {
    let topics = w::SUBSCRIPTIONS.iter().map(|&(filter, _)| filter.to_owned()).collect();
    Unsubscribe { pkid: w::PACKET_ID, topics }
}
