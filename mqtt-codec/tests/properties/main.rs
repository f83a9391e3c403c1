//! What holds for all packets: tried on samples and all their small changes, and on values that proptest makes up.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

#[path = "../common/mod.rs"]
mod common;

mod arbitrary;
mod changes;
mod encoding;
mod observer;
#[cfg(feature = "bytes")]
mod packet_buf;
mod streams;
mod text;
mod topics;
mod values;

use mqtt_codec::{Decoder, EncodeError, Side};

use common::model::{Model, remaining_length};
use common::naive::{self, Rules, Verdict};
use common::{encoded, verdict};

/// A decoder and the same rules for the naive one.
struct Pair {
    decoder: Decoder,
    rules: Rules,
}

/// By default, from each side, and with strict text and a maximum.
fn pairs() -> [Pair; 4] {
    let any = Rules::ANY;
    [
        Pair { decoder: Decoder::new(), rules: any },
        Pair {
            decoder: Decoder::new().sent_by(Side::Client),
            rules: Rules { sender: Some(Side::Client), ..any },
        },
        Pair {
            decoder: Decoder::new().sent_by(Side::Server),
            rules: Rules { sender: Some(Side::Server), ..any },
        },
        Pair {
            decoder: Decoder::new().strict_text(true).max_packet_len(24),
            rules: Rules { strict_text: true, max_packet_len: 24, ..any },
        },
    ]
}

/// The codec agrees with the naive decoder about any bytes; its errors lie within the packet; what it accepts encodes
/// back to the same bytes. Says whether that was a packet.
#[track_caller]
fn agrees(pair: &Pair, bytes: &[u8]) -> bool {
    let decoded = pair.decoder.decode(bytes);
    let naive = naive::decode(bytes, &pair.rules);
    assert_eq!(verdict(decoded), naive, "{bytes:02x?} by {:?}", pair.rules);
    match (decoded, naive) {
        (Ok(mqtt_codec::Decoded::Packet(packet, len)), Verdict::Packet(model, _)) => {
            let again = encoded(&packet);
            if model.is_unsendable() {
                assert_eq!(again, Err(EncodeError::EmptyClientId));
            } else {
                assert_eq!(again.as_ref(), Ok(&in_shortest_form(&bytes[..len])), "{bytes:02x?}");
                assert_eq!(again, Ok(model.bytes()), "{bytes:02x?}");
            }
            true
        }
        (Err(error), _) => {
            let offset = usize::try_from(error.offset).unwrap();
            let end = header(bytes).map_or(bytes.len(), |(header_len, remaining)| header_len + remaining);
            assert!(offset <= end, "{bytes:02x?}: {error} is beyond its end, {end}");
            false
        }
        _ => false,
    }
}

/// Length of the fixed header, and the Remaining Length that it says, if it is whole.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let last = bytes.iter().skip(1).take(4).position(|&byte| byte < 0x80)?;
    let groups = bytes[1..=last + 1].iter().rev();
    Some((last + 2, groups.fold(0, |value, byte| value * 128 + usize::from(byte & 0x7F))))
}

/// The packet with its Remaining Length in the shortest form.
fn in_shortest_form(packet: &[u8]) -> Vec<u8> {
    let (header_len, remaining) = header(packet).unwrap();
    [&packet[..1], &remaining_length(remaining), &packet[header_len..]].concat()
}

/// The packet with another body, and a Remaining Length to match.
fn with_body(packet: &[u8], body: &[u8]) -> Vec<u8> {
    [&packet[..1], &remaining_length(body.len()), body].concat()
}

fn body(packet: &[u8]) -> &[u8] {
    &packet[header(packet).unwrap().0..]
}

#[test]
fn all_samples_are_packets_of_all_types() {
    let mut types = std::collections::BTreeMap::new();
    for sample in common::samples::short().iter().chain(&common::samples::long()) {
        let packet = common::whole(sample);
        assert!(agrees(&pairs()[0], sample), "{sample:02x?}");
        *types.entry(packet.packet_type()).or_insert(0) += 1;
        assert_eq!(packet.packet_id().map(mqtt_codec::PacketId::get), packet_id(&Model::of(&packet)));
    }
    assert_eq!(types.keys().copied().collect::<Vec<_>>(), mqtt_codec::PacketType::ALL);
}

fn packet_id(model: &Model) -> Option<u16> {
    match model {
        Model::Publish { packet_id, .. } => *packet_id,
        Model::Ack { packet_id, .. }
        | Model::Subscribe { packet_id, .. }
        | Model::Suback { packet_id, .. }
        | Model::Unsubscribe { packet_id, .. } => Some(*packet_id),
        Model::Connect(_) | Model::Connack { .. } | Model::Bare { .. } => None,
    }
}
