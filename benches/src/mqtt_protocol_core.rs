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
use mqtt_protocol_core::mqtt::result_code::{ConnectReturnCode, MqttError, SubackReturnCode};

use crate::measure::{Inbox, Prepared, cut, repeat, repeat_stream};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Sample, Verdict};

/// What this crate can do: no topic matching, nothing that shares the memory of the stream. Its caller looks at the
/// fixed header: the flags of all but PUBLISH are not looked at here, as they are not in its own `Connection`.
pub const IMPLEMENTATION: Implementation =
    Implementation { name: "mqtt-protocol-core", package: "mqtt-protocol-core", decode: verdict, prepare };

fn prepare(operation: O, n: usize) -> Option<Prepared> {
    Some(match operation {
        O::DecodeMixed => repeat_stream(n, w::MIXED.bytes.as_slice(), (), |bytes, ()| decode_stream(bytes)),
        O::DecodeMixedPieces => {
            repeat_stream(n, w::MIXED.bytes.as_slice(), Inbox::new(1 << 16), decode_pieces)
        }
        O::Encode(sample) => encode_sample(n, sample),
        O::EncodePublishHeader => {
            let publish: &Publish = Box::leak(Box::new(publish(Qos::AtMostOnce, w::TOPIC, &w::PAYLOAD_64)));
            // The last one is the payload.
            if let [header @ .., _] = encode_slices(publish).as_slice() {
                Sample::check_header(
                    &header.iter().flat_map(|slice| slice.iter().copied()).collect::<Vec<_>>(),
                );
            }
            repeat(n, publish, encode_slices)
        }
        _ => repeat(n, operation.packet_made_of_values()?.bytes(), decode),
    })
}

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

fn encode_sample(n: usize, sample: Sample) -> Prepared {
    let id = w::PACKET_ID;
    match sample {
        Sample::Connect => encode_value(n, sample, connect()),
        Sample::Connack => encode_value(n, sample, connack()),
        Sample::Publish64 => encode_value(n, sample, publish(Qos::AtMostOnce, w::TOPIC, &w::PAYLOAD_64)),
        Sample::PublishUtf8 => {
            encode_value(n, sample, publish(Qos::AtMostOnce, w::TOPIC_UTF8, &w::PAYLOAD_64))
        }
        Sample::Publish1K => encode_value(n, sample, publish(Qos::AtLeastOnce, w::TOPIC, &w::PAYLOAD_1K)),
        Sample::Publish64K => encode_value(n, sample, publish(Qos::AtLeastOnce, w::TOPIC, &w::PAYLOAD_64K)),
        Sample::Puback => encode_value(n, sample, built(Puback::builder().packet_id(id).build())),
        Sample::Pubrec => encode_value(n, sample, built(Pubrec::builder().packet_id(id).build())),
        Sample::Pubrel => encode_value(n, sample, built(Pubrel::builder().packet_id(id).build())),
        Sample::Pubcomp => encode_value(n, sample, built(Pubcomp::builder().packet_id(id).build())),
        Sample::Subscribe => encode_value(n, sample, subscribe()),
        Sample::Suback => encode_value(n, sample, suback()),
        Sample::Unsubscribe => encode_value(n, sample, unsubscribe()),
        Sample::Unsuback => encode_value(n, sample, built(Unsuback::builder().packet_id(id).build())),
        Sample::Pingreq => encode_value(n, sample, Pingreq::new()),
        Sample::Pingresp => encode_value(n, sample, Pingresp::new()),
        Sample::Disconnect => encode_value(n, sample, Disconnect::new()),
    }
}

fn encode_value<P: GenericPacketTrait + 'static>(times: usize, sample: Sample, packet: P) -> Prepared {
    let packet: &P = Box::leak(Box::new(packet));
    sample.check_encoded(&encode(packet));
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

fn built<P>(packet: Result<P, MqttError>) -> P {
    packet.expect("a packet")
}

fn publish(qos: Qos, topic: &str, payload: &'static [u8]) -> Publish {
    let builder = Publish::builder().topic_name(topic).expect("a topic name").qos(qos).payload(payload);
    built(match qos {
        Qos::AtMostOnce => builder.build(),
        _ => builder.packet_id(w::PACKET_ID).build(),
    })
}

fn connack() -> Connack {
    built(Connack::builder().session_present(true).return_code(ConnectReturnCode::Accepted).build())
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

fn suback() -> Suback {
    let code = |&code: &u8| SubackReturnCode::try_from(code).expect("a return code");
    let codes: Vec<SubackReturnCode> = w::RETURN_CODES.iter().map(code).collect();
    built(Suback::builder().packet_id(w::PACKET_ID).return_codes(codes).build())
}

fn unsubscribe() -> Unsubscribe {
    let builder = Unsubscribe::builder().packet_id(w::PACKET_ID);
    built(built(builder.entries(w::SUBSCRIPTIONS.map(|(filter, _)| filter))).build())
}
