//! `mqttrs`: borrowed packets from a slice, written to a slice. Does not say how long a decoded packet was.

use std::hint::black_box;

use mqttrs::{
    Connack, Connect, ConnectReturnCode, Error, LastWill, Packet, Pid, Protocol, Publish, QoS, QosPid,
    Suback, Subscribe, SubscribeReturnCodes, SubscribeTopic, Unsubscribe, decode_slice, encode_slice,
};

use crate::measure::{Inbox, Prepared, cut, repeat, repeat_stream, repeat_with};
use crate::workloads as w;
use crate::{Implementation, Operation as O, Sample, Verdict};

/// What this crate can do: nothing owned, no topic matching, no header alone.
pub const IMPLEMENTATION: Implementation = Implementation {
    name: "mqttrs",
    package: "mqttrs",
    decode: |bytes| Verdict::of(&decode_slice(bytes)),
    prepare,
};

fn prepare(operation: O, n: usize) -> Option<Prepared> {
    Some(match operation {
        O::DecodePublishOwned | O::DecodePublishOwnedParts => return None,
        O::DecodeMixed => repeat_stream(n, w::MIXED.bytes.as_slice(), (), |bytes, ()| decode_stream(bytes)),
        O::DecodeMixedPieces => {
            repeat_stream(n, w::MIXED.bytes.as_slice(), Inbox::new(1 << 16), decode_pieces)
        }
        O::Encode(sample) => encode_value(n, sample),
        _ => repeat(n, operation.packet_made_of_values()?.bytes(), decode),
    })
}

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

fn encode_value(times: usize, sample: Sample) -> Prepared {
    let packet: &Packet<'_> = Box::leak(Box::new(value(sample)));
    let mut out = vec![0; 1 << 17];
    let len = encode(packet, &mut out).expect("there is room");
    sample.check_encoded(out.get(..len).unwrap_or_default());
    repeat_with(times, packet, out, |packet, out| encode(packet, out))
}

#[inline(never)]
fn encode(packet: &Packet<'_>, out: &mut [u8]) -> Result<usize, Error> {
    encode_slice(packet, out)
}

/// What is encoded.
fn value(sample: Sample) -> Packet<'static> {
    match sample {
        Sample::Connect => connect(),
        Sample::Connack => {
            Packet::Connack(Connack { session_present: true, code: ConnectReturnCode::Accepted })
        }
        Sample::Publish64 => publish(QosPid::AtMostOnce, w::TOPIC, &w::PAYLOAD_64),
        Sample::PublishUtf8 => publish(QosPid::AtMostOnce, w::TOPIC_UTF8, &w::PAYLOAD_64),
        Sample::Publish1K => publish(QosPid::AtLeastOnce(packet_id()), w::TOPIC, &w::PAYLOAD_1K),
        Sample::Publish64K => publish(QosPid::AtLeastOnce(packet_id()), w::TOPIC, &w::PAYLOAD_64K),
        Sample::Puback => Packet::Puback(packet_id()),
        Sample::Pubrec => Packet::Pubrec(packet_id()),
        Sample::Pubrel => Packet::Pubrel(packet_id()),
        Sample::Pubcomp => Packet::Pubcomp(packet_id()),
        Sample::Subscribe => subscribe(),
        Sample::Suback => suback(),
        Sample::Unsubscribe => Packet::Unsubscribe(Unsubscribe::new(
            packet_id(),
            w::SUBSCRIPTIONS.iter().map(|&(filter, _)| filter.to_owned()).collect(),
        )),
        Sample::Unsuback => Packet::Unsuback(packet_id()),
        Sample::Pingreq => Packet::Pingreq,
        Sample::Pingresp => Packet::Pingresp,
        Sample::Disconnect => Packet::Disconnect,
    }
}

fn packet_id() -> Pid {
    Pid::try_from(w::PACKET_ID).expect("not zero")
}

fn qos(qos: u8) -> QoS {
    match qos {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}

fn publish(qospid: QosPid, topic_name: &'static str, payload: &'static [u8]) -> Packet<'static> {
    Packet::Publish(Publish { dup: false, qospid, retain: false, topic_name, payload })
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
    let topic = |&(filter, requested): &(&str, u8)| SubscribeTopic {
        topic_path: filter.to_owned(),
        qos: qos(requested),
    };
    Packet::Subscribe(Subscribe::new(packet_id(), w::SUBSCRIPTIONS.iter().map(topic).collect()))
}

fn suback() -> Packet<'static> {
    let code = |&granted: &u8| SubscribeReturnCodes::Success(qos(granted));
    Packet::Suback(Suback::new(packet_id(), w::RETURN_CODES.iter().map(code).collect()))
}
