//! `ntex-mqtt`: its codec takes packets off a `BytesMut` of its own kind; topic and payload share its memory. Encoding
//! uses up the packet.

use std::hint::black_box;
use std::num::NonZeroU16;

use ntex_bytes::{BytePageSize, BytePages, ByteString, Bytes, BytesMut};
use ntex_codec::{Decoder, Encoder};
use ntex_mqtt::TopicFilter;
use ntex_mqtt::error::{DecodeError, EncodeError};
use ntex_mqtt::v3::codec::{
    Codec, Connect, ConnectAck, ConnectAckReason, Decoded, Encoded, LastWill, Packet, Publish, QoS,
    SubscribeReturnCode,
};

use crate::measure::{Prepared, consume, repeat, repeat_stream, repeat_with};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Sample, Verdict};

/// What this crate can do.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "ntex-mqtt",
    package: "ntex-mqtt",
    decode: |bytes| Verdict::of(&Codec::new().decode(&mut BytesMut::copy_from_slice(bytes))),
    prepare,
};

fn prepare(operation: O, n: usize) -> Option<Prepared> {
    Some(match operation {
        O::DecodeMixed => {
            let make = || with_room(&w::MIXED.bytes);
            consume(n, make, Codec::new(), |mut stream, codec| {
                assert_eq!(decode_all(&mut stream, codec), w::MIXED.packets);
            })
        }
        O::DecodeMixedPieces => {
            let state = (BytesMut::with_capacity(1 << 16), Codec::new());
            repeat_stream(n, w::MIXED.bytes.as_slice(), state, decode_pieces)
        }
        O::Encode(sample) => encode_value(n, &value(sample), |bytes| sample.check_encoded(bytes)),
        O::EncodePublishHeader => {
            encode_value(n, &publish(None, w::TOPIC, &w::PAYLOAD_64, false), Sample::check_header)
        }
        O::MatchTopic => repeat(n, filters(), count_matches),
        _ => take(n, operation.packet_made_of_values()?.bytes()),
    })
}

fn take(times: usize, packet: &[u8]) -> Prepared {
    let state = (with_room(&packet.repeat(times + 1)), Codec::new());
    repeat_with(times, (), state, |(), (stream, codec)| decode(stream, codec))
}

/// As [`crate::measure::with_room`].
fn with_room(bytes: &[u8]) -> BytesMut {
    let mut stream = BytesMut::with_capacity(bytes.len() + 1024);
    stream.extend_from_slice(bytes);
    stream
}

#[inline(never)]
fn decode(stream: &mut BytesMut, codec: &Codec) -> Result<Option<Decoded>, DecodeError> {
    codec.decode(stream)
}

#[inline(never)]
fn decode_all(stream: &mut BytesMut, codec: &Codec) -> usize {
    let mut packets = 0;
    while let Ok(Some(packet)) = codec.decode(stream) {
        black_box(&packet);
        // A payload that came in several pieces is given in several pieces.
        packets += usize::from(!matches!(packet, Decoded::PayloadChunk(..)));
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

fn encode_value(times: usize, packet: &Encoded, check: impl Fn(&[u8])) -> Prepared {
    let state = (Codec::new(), BytePages::new(BytePageSize::Size16));
    let mut out = BytePages::new(BytePageSize::Size16);
    Codec::new().encodev(packet.clone(), &mut out).expect("a packet");
    check(&out.freeze());
    consume(times, || packet.clone(), state, |packet, (codec, out)| encode(packet, codec, out))
}

#[inline(never)]
fn encode(packet: Encoded, codec: &Codec, out: &mut BytePages) -> Result<(), EncodeError> {
    let result = codec.encodev(packet, out);
    out.clear();
    result
}

#[inline(never)]
fn count_matches((filters, topic): (&[TopicFilter], &str)) -> usize {
    filters.iter().filter(|filter| filter.matches_topic(topic)).count()
}

/// What is encoded.
fn value(sample: Sample) -> Encoded {
    let packet_id = packet_id();
    Encoded::Packet(match sample {
        Sample::Publish64 => return publish(None, w::TOPIC, &w::PAYLOAD_64, true),
        Sample::PublishUtf8 => return publish(None, w::TOPIC_UTF8, &w::PAYLOAD_64, true),
        Sample::Publish1K => return publish(Some(packet_id), w::TOPIC, &w::PAYLOAD_1K, true),
        Sample::Publish64K => return publish(Some(packet_id), w::TOPIC, &w::PAYLOAD_64K, true),
        Sample::Connect => connect(),
        Sample::Connack => Packet::ConnectAck(ConnectAck {
            return_code: ConnectAckReason::ConnectionAccepted,
            session_present: true,
        }),
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
    })
}

fn packet_id() -> NonZeroU16 {
    NonZeroU16::new(w::PACKET_ID).expect("not zero")
}

fn qos(qos: u8) -> QoS {
    QoS::try_from(qos).expect("a QoS")
}

fn publish(
    packet_id: Option<NonZeroU16>,
    topic: &'static str,
    payload: &'static [u8],
    with_payload: bool,
) -> Encoded {
    let publish = Publish {
        dup: false,
        retain: false,
        qos: if packet_id.is_some() { QoS::AtLeastOnce } else { QoS::AtMostOnce },
        topic: ByteString::from_static(topic),
        packet_id,
        payload_size: u32::try_from(payload.len()).expect("short"),
    };
    Encoded::Publish(publish, with_payload.then(|| Bytes::from_static(payload)))
}

fn connect() -> Packet {
    let connect = Connect {
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
    };
    connect.into()
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

fn filters() -> (&'static [TopicFilter], &'static str) {
    let filters: Vec<TopicFilter> =
        w::FILTERS.iter().map(|filter| filter.parse().expect("a topic filter")).collect();
    (filters.leak(), w::TOPIC)
}
