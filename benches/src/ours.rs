//! `mqtt-codec`, ours, with all its checks.

use bytes::{Bytes, BytesMut};
use mqtt_codec::{
    BinaryData, Connect, ConnectFields, DecodeError, Decoded, Decoder, EncodeError, Login, Packet, PacketBuf,
    PacketId, Publish, QoS, Subscribe, Subscriptions, TopicFilter, TopicName, Utf8Str, Will,
};

use crate::measure::{Inbox, Prepared, repeat, repeat_stream, repeat_with, shared, take};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Row, Verdict};

/// What this crate can do.
pub const IMPLEMENTATION: Implementation =
    Implementation { name: "mqtt-codec", package: "mqtt-codec", decode: verdict, rows: ROWS };

const ROWS: &[Row] = &[
    Row::new(O::DecodePingreq, |n| repeat(n, w::PINGREQ, decode)),
    Row::new(O::DecodePuback, |n| repeat(n, w::PUBACK, decode)),
    Row::new(O::DecodeConnect, |n| repeat(n, w::CONNECT.as_slice(), decode)),
    Row::new(O::DecodeConnectFields, |n| repeat(n, w::CONNECT.as_slice(), decode_fields)),
    Row::new(O::DecodeSubscribe, |n| repeat(n, w::SUBSCRIBE.as_slice(), decode)),
    Row::new(O::DecodeSubscribeFilters, |n| repeat(n, w::SUBSCRIBE.as_slice(), decode_filters)),
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
    Row::new(O::DecodePublishOwned, |n| take(n, &w::PUBLISH_64, |stream| stream, take_owned)),
    Row::new(O::DecodePublishOwnedParts, |n| take(n, &w::PUBLISH_64, |stream| stream, take_parts)),
    Row::new(O::DecodePublishOwnedShared, |n| take(n, &w::PUBLISH_64, shared, take_shared)),
    Row::new(O::EncodePingreq, |n| encode_value(n, Packet::Pingreq)),
    Row::new(O::EncodePuback, |n| encode_value(n, Packet::Puback(packet_id()))),
    Row::new(O::EncodeConnect, |n| encode_value(n, connect())),
    Row::new(O::EncodeSubscribe, |n| encode_value(n, subscribe())),
    Row::new(O::EncodePublish64, |n| encode_value(n, Publish::at_most_once(topic(), &w::PAYLOAD_64).into())),
    Row::new(O::EncodePublish1K, |n| {
        encode_value(n, Publish::at_least_once(packet_id(), topic(), &w::PAYLOAD_1K).into())
    }),
    Row::new(O::EncodePublish64K, |n| {
        encode_value(n, Publish::at_least_once(packet_id(), topic(), &w::PAYLOAD_64K).into())
    }),
    Row::new(O::EncodePublishHeader, |n| {
        let publish: &Publish<'_> = Box::leak(Box::new(Publish::at_most_once(topic(), &w::PAYLOAD_64)));
        repeat_with(n, publish, [0; 128], encode_header)
    }),
    Row::new(O::MatchTopic, |n| repeat(n, filters(), count_matches)),
];

fn verdict(bytes: &[u8]) -> Verdict {
    match Packet::decode(bytes) {
        Ok(Decoded::Packet(..)) => Verdict::Accepted,
        Ok(Decoded::NeedMore { .. }) => Verdict::Unfinished,
        Err(_) => Verdict::Refused,
    }
}

#[inline(never)]
fn decode(bytes: &[u8]) -> Result<Decoded<'_>, DecodeError> {
    Packet::decode(bytes)
}

#[inline(never)]
fn decode_fields(bytes: &[u8]) -> Option<ConnectFields<'_>> {
    match Packet::decode(bytes) {
        Ok(Decoded::Packet(Packet::Connect(connect), _)) => Some(connect.fields()),
        _ => None,
    }
}

#[inline(never)]
fn decode_filters(bytes: &[u8]) -> usize {
    match Packet::decode(bytes) {
        Ok(Decoded::Packet(Packet::Subscribe(subscribe), _)) => {
            subscribe.subscriptions.iter().fold(0, |count, subscription| {
                std::hint::black_box(subscription);
                count + 1
            })
        }
        _ => 0,
    }
}

#[inline(never)]
fn decode_stream(mut bytes: &[u8]) -> usize {
    let decoder = Decoder::new();
    let mut packets = 0;
    while let Ok(Decoded::Packet(packet, len)) = decoder.decode(bytes) {
        std::hint::black_box(&packet);
        packets += 1;
        bytes = bytes.get(len..).unwrap_or_default();
    }
    packets
}

#[inline(never)]
fn decode_pieces(bytes: &[u8], inbox: &mut Inbox) -> usize {
    let decoder = Decoder::new();
    let mut packets = 0;
    for piece in bytes.chunks(w::PIECE_LEN) {
        inbox.feed(piece, |bytes| match decoder.decode(bytes) {
            Ok(Decoded::Packet(packet, len)) => {
                std::hint::black_box(&packet);
                packets += 1;
                Some(len)
            }
            _ => None,
        });
    }
    packets
}

#[inline(never)]
fn take_owned(stream: &mut BytesMut) -> Option<PacketBuf> {
    PacketBuf::take(&Decoder::new(), stream).ok()?
}

#[inline(never)]
fn take_shared(stream: &mut Bytes) -> Option<PacketBuf> {
    PacketBuf::take_shared(&Decoder::new(), stream).ok()?
}

#[inline(never)]
fn take_parts(stream: &mut BytesMut) -> Option<(Bytes, Bytes)> {
    let packet = PacketBuf::take(&Decoder::new(), stream).ok()??;
    match packet.packet() {
        Packet::Publish(publish) => {
            Some((packet.slice_ref(publish.topic.as_bytes()), packet.slice_ref(publish.payload)))
        }
        _ => None,
    }
}

fn encode_value(times: usize, packet: Packet<'static>) -> Prepared {
    let room = packet.encoded_len().expect("it can be sent") + 16;
    let packet: &Packet<'_> = Box::leak(Box::new(packet));
    let mut out = vec![0; room];
    let len = encode(packet, &mut out).expect("there is room");
    w::check_encoded(out.get(..len).unwrap_or_default());
    repeat_with(times, packet, out, |packet, out| encode(packet, out))
}

#[inline(never)]
fn encode(packet: &Packet<'_>, out: &mut [u8]) -> Result<usize, EncodeError> {
    packet.encode(out)
}

#[inline(never)]
fn encode_header(publish: &Publish<'_>, out: &mut [u8; 128]) -> Result<usize, EncodeError> {
    publish.encode_header(out)
}

#[inline(never)]
fn count_matches((filters, name): (&[TopicFilter<'_>], TopicName<'_>)) -> usize {
    filters.iter().filter(|filter| filter.matches(name)).count()
}

fn packet_id() -> PacketId {
    PacketId::new(w::PACKET_ID).expect("not zero")
}

fn topic() -> TopicName<'static> {
    TopicName::new(w::TOPIC).expect("a topic name")
}

fn connect() -> Packet<'static> {
    let mut fields = ConnectFields::new(Utf8Str::new(w::CLIENT_ID).expect("text"));
    fields.clean_session = true;
    fields.keep_alive = w::KEEP_ALIVE;
    fields.will = Some(Will {
        topic: TopicName::new(w::WILL_TOPIC).expect("a topic name"),
        message: BinaryData::new(w::WILL_MESSAGE).expect("short"),
        qos: QoS::AtLeastOnce,
        retain: true,
    });
    fields.login = Some(Login {
        user_name: Utf8Str::new(w::USER_NAME).expect("text"),
        password: Some(BinaryData::new(w::PASSWORD).expect("short")),
    });
    Packet::Connect(Connect::new(Box::leak(Box::new(fields))))
}

fn subscribe() -> Packet<'static> {
    let list: Vec<_> = w::SUBSCRIPTIONS
        .iter()
        .map(|(filter, qos)| {
            (TopicFilter::new(filter).expect("a topic filter"), QoS::from_u8(*qos).expect("a QoS"))
        })
        .collect();
    let subscriptions = Subscriptions::new(list.leak()).expect("not empty");
    Packet::Subscribe(Subscribe { packet_id: packet_id(), subscriptions })
}

fn filters() -> (&'static [TopicFilter<'static>], TopicName<'static>) {
    let filters: Vec<_> =
        w::FILTERS.iter().map(|filter| TopicFilter::new(filter).expect("a topic filter")).collect();
    (filters.leak(), topic())
}
