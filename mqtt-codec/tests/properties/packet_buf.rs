//! Owned packets: what decoding gives, in the memory of the stream, with nothing copied.

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;

use mqtt_codec::{Decoded, Decoder, Packet, PacketBuf, Side};

use crate::arbitrary::{cases, nearly_a_packet, packet};
use crate::common::model::Model;
use crate::common::samples::{long, short};
use crate::common::whole;

/// Takes what stands at the front of these bytes, both ways, and compares with decoding them.
fn takes(decoder: &Decoder, bytes: &[u8]) {
    let mut stream = BytesMut::from(bytes);
    let start = stream.as_ptr();
    let taken = PacketBuf::take(decoder, &mut stream);
    check(decoder, bytes, start, taken, &stream);

    let mut stream = Bytes::copy_from_slice(bytes);
    let start = stream.as_ptr();
    let taken = PacketBuf::take_shared(decoder, &mut stream);
    check(decoder, bytes, start, taken, &stream);
}

fn check(
    decoder: &Decoder,
    bytes: &[u8],
    start: *const u8,
    taken: Result<Option<PacketBuf>, mqtt_codec::DecodeError>,
    left: &[u8],
) {
    match decoder.decode(bytes) {
        Ok(Decoded::Packet(packet, len)) => {
            let taken = taken.unwrap().unwrap();
            assert_eq!(taken.packet(), packet);
            assert_eq!(Model::of(&taken.packet()), Model::of(&packet));
            assert_eq!(taken.packet_type(), packet.packet_type());
            assert_eq!(taken.as_bytes(), &bytes[..len]);
            assert_eq!(left, &bytes[len..]);
            // Not copied: it begins where the stream began, and so do its parts.
            assert_eq!(taken.as_bytes().as_ptr(), start);
            shares_its_parts(&taken);
            assert_eq!(taken.clone(), taken);
            assert_eq!(format!("{taken:?}"), format!("PacketBuf({packet:?})"));
            assert_eq!(taken.into_bytes(), bytes[..len]);
        }
        Ok(Decoded::NeedMore { .. }) => {
            assert_eq!(taken, Ok(None));
            assert_eq!((left, left.as_ptr()), (bytes, start));
        }
        Err(error) => {
            assert_eq!(taken, Err(error));
            assert_eq!((left, left.as_ptr()), (bytes, start));
        }
    }
}

/// Each part lies in the packet's memory, and so does a handle on it.
fn shares_its_parts(packet: &PacketBuf) {
    let parts: Vec<&[u8]> = match packet.packet() {
        Packet::Publish(publish) => vec![publish.payload, publish.topic.as_bytes()],
        Packet::Connect(connect) => {
            let mut parts = vec![connect.client_id().as_bytes()];
            if let Some(will) = connect.will() {
                parts.extend([will.topic.as_bytes(), will.message.as_bytes()]);
            }
            if let Some(login) = connect.login() {
                parts.push(login.user_name.as_bytes());
                parts.extend(login.password.map(mqtt_codec::BinaryData::as_bytes));
            }
            parts
        }
        Packet::Subscribe(subscribe) => {
            subscribe.subscriptions.iter().map(|(filter, _)| filter.as_bytes()).collect()
        }
        Packet::Unsubscribe(unsubscribe) => {
            unsubscribe.filters.iter().map(mqtt_codec::TopicFilter::as_bytes).collect()
        }
        _ => vec![],
    };
    let whole = packet.as_bytes().as_ptr_range();
    for part in parts {
        let range = part.as_ptr_range();
        assert!(part.is_empty() || (whole.start <= range.start && range.end <= whole.end));
        let shared = packet.slice_ref(part);
        assert_eq!(shared, part);
        assert!(part.is_empty() || shared.as_ptr() == part.as_ptr());
    }
}

#[test]
fn samples_are_taken_as_they_are_decoded() {
    for sample in short().iter().chain(&long()) {
        for behind in [&b""[..], b"\xC0", b"\xC0\0\xD0\0"] {
            takes(&Decoder::new(), &[sample, behind].concat());
        }
        takes(&Decoder::new(), &sample[..sample.len() - 1]);
        takes(&Decoder::new(), &sample[..1]);
        takes(&Decoder::new().max_packet_len(sample.len() - 1), sample);
        for side in [Side::Client, Side::Server] {
            takes(&Decoder::new().sent_by(side), sample);
        }
    }
    takes(&Decoder::new().strict_text(true), b"\x30\x04\0\x01\x01x");
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn any_packet_is_taken_as_it_is_decoded(model in packet(), behind in vec(any::<u8>(), 0..8)) {
        takes(&Decoder::new(), &[model.bytes(), behind].concat());
    }

    #[test]
    fn any_bytes_are_taken_as_they_are_decoded(bytes in nearly_a_packet()) {
        takes(&Decoder::new(), &bytes);
    }
}

#[test]
fn bytes_of_another_packet_are_no_part_of_this_one() {
    let [mut one, mut other] = [&b"\x30\x04\0\x01ab"[..]; 2].map(BytesMut::from);
    let decoder = Decoder::new();
    let one = PacketBuf::take(&decoder, &mut one).unwrap().unwrap();
    let other = PacketBuf::take(&decoder, &mut other).unwrap().unwrap();
    assert_eq!(one, other);
    assert!(one.slice_ref(other.as_bytes()).is_empty());
    assert!(other.slice_ref(one.as_bytes()).is_empty());
    assert_eq!(one.slice_ref(one.as_bytes()), one.as_bytes());
    // Part of the same memory, but not of this packet: the next packet in the stream.
    let mut stream = BytesMut::from(&b"\x30\x04\0\x01ab\x30\x04\0\x01cd"[..]);
    let first = PacketBuf::take(&decoder, &mut stream).unwrap().unwrap();
    assert!(first.slice_ref(&stream).is_empty());
}

#[test]
fn owned_packets_are_equal_by_meaning() {
    let take = |bytes: &[u8]| {
        PacketBuf::take_shared(&Decoder::new(), &mut Bytes::copy_from_slice(bytes)).unwrap().unwrap()
    };
    assert_eq!(take(b"\x40\x02\0\x01"), take(b"\x40\x82\x80\0\0\x01"));
    assert_ne!(take(b"\x40\x02\0\x01"), take(b"\x50\x02\0\x01"));
    assert_ne!(take(b"\x40\x02\0\x01"), take(b"\x40\x02\0\x02"));
}

/// Both kinds of handle outlive the stream, and one another.
#[test]
fn a_packet_outlives_its_stream() {
    for sample in short() {
        let mut stream = BytesMut::from(&sample[..]);
        let packet = PacketBuf::take(&Decoder::new(), &mut stream).unwrap().unwrap();
        drop(stream);
        let clone = packet.clone();
        drop(packet);
        assert_eq!(clone.packet(), whole(&sample));
    }
}
