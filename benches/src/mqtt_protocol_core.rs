//! `mqtt-protocol-core`: parses one body at a time; a PUBLISH keeps its body in an `Arc`, which it has to be copied to.
//! Encoded to a new vector, or to a list of slices.

use std::hint::black_box;
use std::sync::Arc;

use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{PacketBuildResult, PacketBuilder};
use mqtt_protocol_core::mqtt::packet::v3_1_1::{
    Connack, Connect, Disconnect, Pingreq, Pingresp, Puback, Pubcomp, Publish, Pubrec, Pubrel, Suback,
    Subscribe, Unsuback, Unsubscribe,
};
use mqtt_protocol_core::mqtt::packet::{GenericPacketTrait, Packet, Qos, SubEntry, SubOpts};
use mqtt_protocol_core::mqtt::result_code::MqttError;

use crate::measure::{Inbox, Prepared, cut, repeat, repeat_stream};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Row, Verdict};

/// What this crate can do: no topic matching, nothing that shares the memory of the stream. Its caller looks at the
/// fixed header: the flags of all but PUBLISH are not looked at here, as they are not in its own `Connection`.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "mqtt-protocol-core",
    package: "mqtt-protocol-core",
    decode: verdict,
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
        Row::new(O::EncodePingreq, |n| encode_value(n, Pingreq::new())),
        Row::new(O::EncodePuback, |n| {
            encode_value(n, Puback::builder().packet_id(w::PACKET_ID).build().expect("a packet"))
        }),
        Row::new(O::EncodeConnect, |n| encode_value(n, connect())),
        Row::new(O::EncodeSubscribe, |n| encode_value(n, subscribe())),
        Row::new(O::EncodePublish64, |n| encode_value(n, publish(Qos::AtMostOnce, &w::PAYLOAD_64))),
        Row::new(O::EncodePublish1K, |n| encode_value(n, publish(Qos::AtLeastOnce, &w::PAYLOAD_1K))),
        Row::new(O::EncodePublish64K, |n| encode_value(n, publish(Qos::AtLeastOnce, &w::PAYLOAD_64K))),
        Row::new(O::EncodePublishHeader, |n| {
            let publish: &Publish = Box::leak(Box::new(publish(Qos::AtMostOnce, &w::PAYLOAD_64)));
            repeat(n, publish, encode_slices)
        }),
    ],
};

/// By its own framing, which copies each body once more.
fn verdict(bytes: &[u8]) -> Verdict {
    match PacketBuilder::new().feed(&mut Cursor::new(bytes)) {
        PacketBuildResult::Complete(packet) => {
            let first = packet.packet_type() << 4 | packet.flags();
            Verdict::of(&parse(first, packet.data_as_slice()).map(Some))
        }
        PacketBuildResult::Incomplete => Verdict::Unfinished,
        PacketBuildResult::Error(_) => Verdict::Refused,
    }
}

/// Refuses what a parser leaves over, as its own `RawPacket::parse_exact` does.
fn exact<T: Into<Packet>>(
    body: &[u8],
    parse: impl FnOnce(&[u8]) -> Result<(T, usize), MqttError>,
) -> Result<Packet, MqttError> {
    match parse(body)? {
        (packet, consumed) if consumed == body.len() => Ok(packet.into()),
        _ => Err(MqttError::MalformedPacket),
    }
}

fn parse(first: u8, body: &[u8]) -> Result<Packet, MqttError> {
    match first >> 4 {
        1 => exact(body, Connect::parse),
        2 => exact(body, Connack::parse),
        3 => Publish::parse(first & 0x0F, Arc::from(body)).map(|(publish, _)| publish.into()),
        4 => exact(body, Puback::parse),
        5 => exact(body, Pubrec::parse),
        6 => exact(body, Pubrel::parse),
        7 => exact(body, Pubcomp::parse),
        8 => exact(body, Subscribe::parse),
        9 => exact(body, Suback::parse),
        10 => exact(body, Unsubscribe::parse),
        11 => exact(body, Unsuback::parse),
        12 => exact(body, Pingreq::parse),
        13 => exact(body, Pingresp::parse),
        14 => exact(body, Disconnect::parse),
        _ => Err(MqttError::MalformedPacket),
    }
}

#[inline(never)]
fn decode(bytes: &[u8]) -> Option<Result<Packet, MqttError>> {
    let (first, body, _) = cut(bytes)?;
    Some(parse(first, body))
}

#[inline(never)]
fn decode_stream(mut bytes: &[u8]) -> usize {
    let mut packets = 0;
    while let Some((first, body, rest)) = cut(bytes) {
        black_box(&parse(first, body));
        packets += 1;
        bytes = rest;
    }
    packets
}

#[inline(never)]
fn decode_pieces(bytes: &[u8], inbox: &mut Inbox) -> usize {
    let mut packets = 0;
    for piece in bytes.chunks(w::PIECE_LEN) {
        inbox.feed(piece, |bytes| {
            let (first, body, rest) = cut(bytes)?;
            black_box(&parse(first, body));
            packets += 1;
            Some(bytes.len() - rest.len())
        });
    }
    packets
}

fn encode_value<P: GenericPacketTrait + 'static>(times: usize, packet: P) -> Prepared {
    let packet: &P = Box::leak(Box::new(packet));
    w::check_encoded(&encode(packet));
    repeat(times, packet, encode)
}

#[inline(never)]
fn encode<P: GenericPacketTrait>(packet: &P) -> Vec<u8> {
    packet.to_continuous_buffer()
}

#[inline(never)]
fn encode_slices(publish: &Publish) -> Vec<std::io::IoSlice<'_>> {
    publish.to_buffers()
}

fn qos(qos: u8) -> Qos {
    Qos::try_from(qos).expect("a QoS")
}

fn publish(qos: Qos, payload: &'static [u8]) -> Publish {
    let builder = Publish::builder().topic_name(w::TOPIC).expect("a topic name").qos(qos).payload(payload);
    match qos {
        Qos::AtMostOnce => builder.build(),
        _ => builder.packet_id(w::PACKET_ID).build(),
    }
    .expect("a packet")
}

fn connect() -> Connect {
    Connect::builder()
        .client_id(w::CLIENT_ID)
        .and_then(|it| it.will_message(w::WILL_TOPIC, w::WILL_MESSAGE.to_vec(), Qos::AtLeastOnce, true))
        .and_then(|it| it.user_name(w::USER_NAME))
        .and_then(|it| it.password(w::PASSWORD.to_vec()))
        .and_then(|it| it.clean_session(true).keep_alive(w::KEEP_ALIVE).build())
        .expect("a packet")
}

fn subscribe() -> Subscribe {
    let entry = |&(filter, requested): &(&str, u8)| {
        SubEntry::new(filter, SubOpts::new().set_qos(qos(requested))).expect("a topic filter")
    };
    Subscribe::builder()
        .packet_id(w::PACKET_ID)
        .entries(w::SUBSCRIPTIONS.iter().map(entry).collect::<Vec<_>>())
        .build()
        .expect("a packet")
}
