//! `mqtt-codec`, ours, with all its checks.

use bytes::{Bytes, BytesMut};
use mqtt_codec::{
    BinaryData, Connack, Connect, ConnectFields, DecodeError, Decoded, Decoder, EncodeError, Login, Packet,
    PacketBuf, PacketId, Publish, QoS, ReturnCodes, Suback, SubackReturnCode, Subscribe, Subscriptions,
    TopicFilter, TopicFilters, TopicName, Unsubscribe, Utf8Str, Will,
};

use crate::measure::{Inbox, Prepared, repeat, repeat_stream, repeat_with, shared, take};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Sample, Verdict};

/// All of it.
pub const IMPLEMENTATION: Implementation =
    Implementation { name: "mqtt-codec", package: "mqtt-codec", decode: verdict, prepare };

fn prepare(operation: O, n: usize) -> Option<Prepared> {
    Some(match operation {
        O::Decode(sample) => repeat(n, sample.bytes(), decode),
        O::DecodeConnectFields => repeat(n, w::CONNECT.as_slice(), decode_fields),
        O::DecodeSubscribeFilters => repeat(n, w::SUBSCRIBE.as_slice(), decode_filters),
        O::DecodeMixed => repeat_stream(n, w::MIXED.bytes.as_slice(), (), |bytes, ()| decode_stream(bytes)),
        O::DecodeMixedPieces => {
            repeat_stream(n, w::MIXED.bytes.as_slice(), Inbox::new(1 << 16), decode_pieces)
        }
        O::DecodePublishOwned => take(n, &w::PUBLISH_64, |stream| stream, take_owned),
        O::DecodePublishOwnedParts => take(n, &w::PUBLISH_64, |stream| stream, take_parts),
        O::DecodePublishOwnedShared => take(n, &w::PUBLISH_64, shared, take_shared),
        O::Encode(sample) => encode_value(n, sample),
        O::EncodePublishHeader => {
            let publish: &Publish<'_> = Box::leak(Box::new(Publish::at_most_once(topic(), &w::PAYLOAD_64)));
            let mut out = [0; 128];
            let len = encode_header(publish, &mut out).expect("there is room");
            Sample::check_header(out.get(..len).unwrap_or_default());
            repeat_with(n, publish, out, encode_header)
        }
        O::MatchTopic => repeat(n, filters(), count_matches),
    })
}

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

fn encode_value(times: usize, sample: Sample) -> Prepared {
    let packet: &Packet<'_> = Box::leak(Box::new(value(sample)));
    let mut out = vec![0; packet.encoded_len().expect("it can be sent") + 16];
    let len = encode(packet, &mut out).expect("there is room");
    sample.check_encoded(out.get(..len).unwrap_or_default());
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

/// What is encoded.
fn value(sample: Sample) -> Packet<'static> {
    match sample {
        Sample::Connect => connect(),
        Sample::Connack => Packet::Connack(Connack::Accepted { session_present: true }),
        Sample::Publish64 => Publish::at_most_once(topic(), &w::PAYLOAD_64).into(),
        Sample::PublishUtf8 => {
            Publish::at_most_once(TopicName::new(w::TOPIC_UTF8).expect("a topic name"), &w::PAYLOAD_64).into()
        }
        Sample::Publish1K => Publish::at_least_once(packet_id(), topic(), &w::PAYLOAD_1K).into(),
        Sample::Publish64K => Publish::at_least_once(packet_id(), topic(), &w::PAYLOAD_64K).into(),
        Sample::Puback => Packet::Puback(packet_id()),
        Sample::Pubrec => Packet::Pubrec(packet_id()),
        Sample::Pubrel => Packet::Pubrel(packet_id()),
        Sample::Pubcomp => Packet::Pubcomp(packet_id()),
        Sample::Subscribe => subscribe(),
        Sample::Suback => suback(),
        Sample::Unsubscribe => unsubscribe(),
        Sample::Unsuback => Packet::Unsuback(packet_id()),
        Sample::Pingreq => Packet::Pingreq,
        Sample::Pingresp => Packet::Pingresp,
        Sample::Disconnect => Packet::Disconnect,
    }
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

fn suback() -> Packet<'static> {
    let codes = w::RETURN_CODES.map(|code| SubackReturnCode::from_u8(code).expect("a return code"));
    let return_codes = ReturnCodes::new(Box::leak(Box::new(codes))).expect("not empty");
    Packet::Suback(Suback { packet_id: packet_id(), return_codes })
}

fn unsubscribe() -> Packet<'static> {
    let list = w::SUBSCRIPTIONS.map(|(filter, _)| TopicFilter::new(filter).expect("a topic filter"));
    let filters = TopicFilters::new(Box::leak(Box::new(list))).expect("not empty");
    Packet::Unsubscribe(Unsubscribe { packet_id: packet_id(), filters })
}

fn filters() -> (&'static [TopicFilter<'static>], TopicName<'static>) {
    let filters: Vec<_> =
        w::FILTERS.iter().map(|filter| TopicFilter::new(filter).expect("a topic filter")).collect();
    (filters.leak(), topic())
}
