//! Any value, made of the fuzzer's bytes.

use std::hash::{BuildHasher, RandomState};

use arbitrary::{Result, Unstructured};
use bytes::BytesMut;
use mqtt_codec::{EncodeError, Packet, PacketBuf};

use crate::common::model::{ConnectModel, Model, WillModel};
use crate::common::naive::{self, Rules, Verdict};
use crate::common::{encoded, whole};

/// What encodes decodes to the same value, and all ways to encode write the same bytes, as many as were counted.
pub fn round_trip(bytes: &[u8]) {
    // Too few bytes for a value is no value, and no fault.
    if let Ok(model) = packet(&mut Unstructured::new(bytes)) {
        comes_back(&model);
    }
}

fn comes_back(model: &Model) {
    let bytes = model.bytes();
    assert_eq!(naive::decode(&bytes, &Rules::ANY), Verdict::Packet(model.clone(), bytes.len()));
    let decoded = whole(&bytes);
    assert_eq!(Model::of(&decoded), *model, "the accessors of a decoded packet");
    model.build(|built| {
        assert_eq!(Model::of(&built), *model, "the accessors of a built packet");
        are_equal(decoded, built);
        for packet in [decoded, built] {
            if model.is_unsendable() {
                assert_eq!(encoded(&packet), Err(EncodeError::EmptyClientId));
                assert_eq!(packet.encode_to(&mut BytesMut::new()), Err(EncodeError::EmptyClientId));
            } else {
                encodes_to(&packet, &bytes);
            }
        }
    });
}

/// A view of bytes and one of a list are the same to whoever looks.
fn are_equal(wire: Packet<'_>, built: Packet<'_>) {
    assert_eq!(wire, built);
    assert_eq!(built, wire);
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(wire), hasher.hash_one(built));
    assert_eq!(format!("{wire:?}"), format!("{built:?}"));
    let line = wire.to_string();
    assert_eq!(line, built.to_string());
    assert!(!line.contains(char::is_control), "one line for a log: {line:?}");
    assert_eq!(wire.packet_id(), built.packet_id());
    assert_eq!(wire.packet_type(), built.packet_type());
}

fn encodes_to(packet: &Packet<'_>, bytes: &[u8]) {
    let needed = bytes.len();
    assert_eq!(packet.encoded_len(), Ok(needed));
    let mut roomy = vec![0xEE; needed + 3];
    assert_eq!(packet.encode(&mut roomy), Ok(needed));
    assert_eq!(roomy, [bytes, &[0xEE; 3]].concat());

    let too_small = Err(EncodeError::BufferTooSmall { needed });
    for room in [0, 1, needed / 2, needed - 1] {
        let mut tight = vec![0xEE; room];
        assert_eq!(packet.encode(&mut tight), too_small);
        assert_eq!(packet.encode_to(&mut &mut tight[..]), too_small);
        assert!(tight.iter().all(|&byte| byte == 0xEE), "nothing is written");
    }

    let mut growing = BytesMut::from(&b"before"[..]);
    assert_eq!(packet.encode_to(&mut growing), Ok(needed));
    assert_eq!(growing, [b"before", bytes].concat());
    assert_eq!(PacketBuf::encode(packet).as_ref().map(PacketBuf::packet), Ok(*packet));

    if let Packet::Publish(publish) = packet {
        let mut header = vec![0; publish.header_len().unwrap()];
        assert_eq!(publish.encode_header(&mut header), Ok(header.len()));
        assert_eq!([&header, publish.payload].concat(), bytes);
        let short = header.len() - 1;
        let refused = publish.encode_header(&mut header[..short]);
        assert_eq!(refused, Err(EncodeError::BufferTooSmall { needed: short + 1 }));
    }
}

fn packet(u: &mut Unstructured<'_>) -> Result<Model> {
    Ok(match u.int_in_range(1..=14)? {
        1 => Model::Connect(connect(u)?),
        2 => {
            let session_present = u.arbitrary()?;
            Model::Connack { session_present, code: if session_present { 0 } else { u.arbitrary()? } }
        }
        3 => publish(u)?,
        packet_type @ (4..=7 | 11) => Model::Ack { packet_type, packet_id: packet_id(u)? },
        8 => Model::Subscribe {
            packet_id: packet_id(u)?,
            subscriptions: list(u, |u| Ok((topic_filter(u)?, u.int_in_range(0..=2)?)))?,
        },
        9 => {
            Model::Suback { packet_id: packet_id(u)?, codes: list(u, |u| Ok(*u.choose(&[0, 1, 2, 0x80])?))? }
        }
        10 => Model::Unsubscribe { packet_id: packet_id(u)?, filters: list(u, topic_filter)? },
        packet_type => Model::Bare { packet_type },
    })
}

fn connect(u: &mut Unstructured<'_>) -> Result<ConnectModel> {
    let will = if u.arbitrary()? {
        Some(WillModel {
            topic: topic_name(u)?,
            message: u.arbitrary()?,
            qos: u.int_in_range(0..=2)?,
            retain: u.arbitrary()?,
        })
    } else {
        None
    };
    let user_name = if u.arbitrary()? { Some(text(u)?) } else { None };
    let password = if user_name.is_some() { u.arbitrary()? } else { None };
    Ok(ConnectModel {
        clean_session: u.arbitrary()?,
        keep_alive: u.arbitrary()?,
        client_id: text(u)?,
        will,
        user_name,
        password,
    })
}

fn publish(u: &mut Unstructured<'_>) -> Result<Model> {
    let qos = u.int_in_range(0..=2)?;
    let with_id = qos > 0;
    Ok(Model::Publish {
        dup: with_id && u.arbitrary()?,
        qos,
        retain: u.arbitrary()?,
        topic: topic_name(u)?,
        packet_id: if with_id { Some(packet_id(u)?) } else { None },
        payload: payload(u)?,
    })
}

/// Now and then long, so that the Remaining Length takes two and three bytes; the fuzzer's own bytes are few. Four bytes
/// are left to the codec's tests: two mebibytes a run are too slow here.
fn payload(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match u.int_in_range(0..=63_u8)? {
        0 => vec![0x5A; u.int_in_range(16_370..=16_390)?],
        1..=4 => vec![0x5A; u.int_in_range(100..=140)?],
        _ => u.arbitrary()?,
    })
}

fn packet_id(u: &mut Unstructured<'_>) -> Result<u16> {
    u.int_in_range(1..=u16::MAX)
}

/// One or more.
fn list<T>(
    u: &mut Unstructured<'_>,
    mut one: impl FnMut(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut list = vec![one(u)?];
    while u.arbitrary()? {
        list.push(one(u)?);
    }
    Ok(list)
}

fn text(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let text: String = u.arbitrary()?;
    Ok(text.replace('\0', "").into_bytes())
}

fn topic_name(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut name = text(u)?;
    name.retain(|byte| !matches!(byte, b'#' | b'+'));
    Ok(if name.is_empty() { b"a".to_vec() } else { name })
}

fn topic_filter(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let name = topic_name(u)?;
    let mut levels: Vec<&[u8]> = name.split(|&byte| byte == b'/').collect();
    let pluses: u8 = u.arbitrary()?;
    for (n, level) in levels.iter_mut().take(7).enumerate() {
        if pluses >> n & 1 == 1 {
            *level = b"+";
        }
    }
    if pluses >> 7 == 1 {
        levels.push(b"#");
    }
    Ok(levels.join(&b'/'))
}
