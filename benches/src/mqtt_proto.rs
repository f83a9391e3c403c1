//! `mqtt-proto`: owned packets from a slice or an `AsyncRead`, encoded to a new vector.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use futures_lite::future::block_on;
use mqtt_proto::v3::{
    Connack, Connect, ConnectReturnCode, LastWill, Packet, Publish, Suback, Subscribe, SubscribeReturnCode,
    Unsubscribe,
};
use mqtt_proto::{Error, Pid, Protocol, QoS, QosPid, TopicFilter, TopicName, VarBytes};

use crate::measure::{Inbox, Prepared, repeat, repeat_stream};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Sample, Verdict};

/// What this crate can do: no topic matching, no header alone, nothing that shares the memory of the stream.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "mqtt-proto",
    package: "mqtt-proto",
    decode: |bytes| Verdict::of(&Packet::decode(bytes)),
    prepare,
};

fn prepare(operation: O, n: usize) -> Option<Prepared> {
    Some(match operation {
        O::DecodeMixed => repeat_stream(n, w::MIXED.bytes.as_slice(), (), |bytes, ()| decode_stream(bytes)),
        O::DecodeMixedPieces => {
            repeat_stream(n, w::MIXED.bytes.as_slice(), Inbox::new(1 << 16), decode_pieces)
        }
        O::Encode(sample) => encode_value(n, sample),
        _ => repeat(n, operation.packet_made_of_values()?.bytes(), decode),
    })
}

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

fn encode_value(times: usize, sample: Sample) -> Prepared {
    let packet: &Packet = Box::leak(Box::new(value(sample)));
    sample.check_encoded(encode(packet).expect("a packet").as_ref());
    repeat(times, packet, encode)
}

#[inline(never)]
fn encode(packet: &Packet) -> Result<VarBytes, Error> {
    packet.encode()
}

/// What is encoded.
fn value(sample: Sample) -> Packet {
    match sample {
        Sample::Connect => connect(),
        Sample::Connack => Packet::Connack(Connack::new(true, ConnectReturnCode::Accepted)),
        Sample::Publish64 => publish(QosPid::Level0, w::TOPIC, &w::PAYLOAD_64),
        Sample::PublishUtf8 => publish(QosPid::Level0, w::TOPIC_UTF8, &w::PAYLOAD_64),
        Sample::Publish1K => publish(QosPid::Level1(packet_id()), w::TOPIC, &w::PAYLOAD_1K),
        Sample::Publish64K => publish(QosPid::Level1(packet_id()), w::TOPIC, &w::PAYLOAD_64K),
        Sample::Puback => Packet::Puback(packet_id()),
        Sample::Pubrec => Packet::Pubrec(packet_id()),
        Sample::Pubrel => Packet::Pubrel(packet_id()),
        Sample::Pubcomp => Packet::Pubcomp(packet_id()),
        Sample::Subscribe => subscribe(),
        Sample::Suback => {
            let code = |&code: &u8| SubscribeReturnCode::from_u8(code).expect("a return code");
            Packet::Suback(Suback::new(packet_id(), w::RETURN_CODES.iter().map(code).collect()))
        }
        Sample::Unsubscribe => {
            let filters = w::SUBSCRIPTIONS.iter().map(|&(filter, _)| topic_filter(filter));
            Packet::Unsubscribe(Unsubscribe::new(packet_id(), filters.collect()))
        }
        Sample::Unsuback => Packet::Unsuback(packet_id()),
        Sample::Pingreq => Packet::Pingreq,
        Sample::Pingresp => Packet::Pingresp,
        Sample::Disconnect => Packet::Disconnect,
    }
}

fn packet_id() -> Pid {
    Pid::try_from(w::PACKET_ID).expect("not zero")
}

fn topic_filter(filter: &str) -> TopicFilter {
    TopicFilter::try_from(filter).expect("a topic filter")
}

fn publish(qos_pid: QosPid, topic: &str, payload: &'static [u8]) -> Packet {
    let topic = TopicName::try_from(topic).expect("a topic name");
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
    let topic = |&(filter, qos): &(&str, u8)| (topic_filter(filter), QoS::from_u8(qos).expect("a QoS"));
    Packet::Subscribe(Subscribe::new(packet_id(), w::SUBSCRIPTIONS.iter().map(topic).collect()))
}
