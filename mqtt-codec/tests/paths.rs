//! There are quick ways through the codec and careful ones, slices and buffers, short lengths and long ones: all of them
//! answer alike.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that panics fails")]

mod common;

use std::ops::Range;

use common::samples::{long, short};
use common::{encoded, hex, whole};
use mqtt_codec::{
    Decoded, Decoder, EncodeError, Fault, Field, Observer, Packet, PacketId, Publish, Side, TopicName,
};

/// Each rule that a caller can add, and what no rule refuses.
fn decoders(len: usize) -> Vec<Decoder> {
    let new = Decoder::new;
    vec![
        new(),
        new().sent_by(Side::Client),
        new().sent_by(Side::Server),
        new().strict_text(true),
        new().max_packet_len(len),
        new().max_packet_len(len.saturating_sub(1)),
    ]
}

/// Packets of every kind, and each with a byte changed: among them are faults of all kinds.
fn good_and_bad() -> Vec<Vec<u8>> {
    let good = short();
    let mut all = good.clone();
    for packet in &good {
        for at in 0..packet.len() {
            for mask in [0x01, 0x80, 0xFF] {
                let mut changed = packet.clone();
                changed[at] ^= mask;
                all.push(changed);
            }
        }
    }
    all
}

#[test]
fn the_quick_way_answers_as_the_careful_one() {
    for bytes in good_and_bad() {
        for decoder in decoders(bytes.len()) {
            let careful = decoder.decode_observed(&bytes, &mut ());
            assert_eq!(decoder.decode(&bytes), careful, "{bytes:02x?} {decoder:?}");
        }
    }
}

#[test]
fn a_maximum_is_kept_to_the_byte() {
    for bytes in short() {
        let at_most = |len| Decoder::new().max_packet_len(len);
        let len = bytes.len();
        let whole = Ok(Decoded::Packet(whole(&bytes), len));
        assert_eq!(at_most(len).decode(&bytes), whole, "{bytes:02x?}");
        assert_eq!(at_most(len).decode_observed(&bytes, &mut ()), whole, "{bytes:02x?}");
        let error = at_most(len - 1).decode(&bytes).unwrap_err();
        assert_eq!((error.fault, error.field, error.offset), (Fault::OverMaximum, Field::RemainingLength, 1));
        assert_eq!(at_most(len - 1).decode_observed(&bytes, &mut ()), Err(error));
    }
}

#[test]
fn lengths_of_one_to_four_bytes_are_read_and_what_follows_stays() {
    let topic = TopicName::new("a/b").unwrap();
    for len in [0, 100, 122, 123, 200, 16_378, 16_379, 20_000, 2_097_146, 2_097_147, 2_500_000] {
        let payload: Vec<u8> = (0..len).map(|n: u32| n.to_le_bytes()[0]).collect();
        for publish in
            [Publish::at_most_once(topic, &payload), Publish::at_least_once(PacketId::MAX, topic, &payload)]
        {
            let packet = Packet::from(publish);
            let mut stream = encoded(&packet).unwrap();
            let end = stream.len();
            // So many that a length that is read wrong finds them.
            stream.extend([0x00; 40_000]);
            assert_eq!(Decoder::new().decode(&stream), Ok(Decoded::Packet(packet, end)), "{len}");

            let header_len = publish.header_len().unwrap();
            let mut header = vec![0; header_len];
            assert_eq!(publish.encode_header(&mut header), Ok(header_len));
            let needed = EncodeError::BufferTooSmall { needed: header_len };
            assert_eq!(publish.encode_header(&mut vec![0; header_len - 1]), Err(needed));
            assert_eq!(stream[..header_len], header, "{len}");
            assert_eq!(header_len + payload.len(), end, "{len}");
        }
    }
    for packet in long() {
        let stream = [&packet[..], &[0x00; 40_000]].concat();
        assert_eq!(Decoder::new().decode(&stream), Ok(Decoded::Packet(whole(&packet), packet.len())));
    }
}

#[test]
fn the_greatest_payload() {
    let topic = TopicName::new("t").unwrap();
    let payload = vec![0; 268_435_455 - 2];
    let publish = |len: usize| Packet::from(Publish::at_most_once(topic, &payload[..len]));
    assert_eq!(publish(268_435_455 - 3).encoded_len(), Ok(268_435_460));
    assert_eq!(publish(268_435_455 - 2).encoded_len(), Err(EncodeError::PacketTooLong));
}

#[derive(Default)]
struct Heard(Vec<(Field, Range<usize>)>);

impl Observer for Heard {
    fn length(&mut self, field: Field, bytes: Range<usize>) {
        self.0.push((field, bytes));
    }

    fn field(&mut self, field: Field, bytes: Range<usize>) {
        self.0.push((field, bytes));
    }
}

/// Of a prefix is heard what of the whole lies in it; of a payload, as much as there is.
#[test]
fn of_a_packet_that_is_not_whole_its_fields_are_heard() {
    for bytes in short() {
        let mut all = Heard::default();
        Decoder::new().decode_observed(&bytes, &mut all).unwrap();
        for len in 0..=bytes.len() {
            let mut heard = Heard::default();
            let result = Decoder::new().observe_prefix(&bytes[..len], &mut heard);
            let shows_end = |field| matches!(field, Field::Payload);
            let expected: Vec<_> =
                all.0.iter().filter(|(field, range)| range.end <= len && !shows_end(*field)).collect();
            let heard: Vec<_> = heard.0.iter().filter(|(field, _)| !shows_end(*field)).collect();
            // With no byte of the Remaining Length, or not all, it is not heard.
            assert_eq!(heard, expected, "{len} of {bytes:02x?}");
            assert!(len < bytes.len() || result.is_ok());
        }
    }
    assert!(Decoder::new().observe_prefix(b"\x36", &mut ()).is_err());
    assert!(Decoder::new().observe_prefix(b"\x32\x05\0\x01a\0\0", &mut ()).is_err());
}

#[test]
fn identifiers_are_found_in_every_packet_that_has_one() {
    for (packet, id) in [
        ("30 03 0001 61", None),
        ("32 05 0001 61 0002", Some(2)),
        ("40 02 0003", Some(3)),
        ("82 06 0004 0001 61 00", Some(4)),
        ("90 03 0005 00", Some(5)),
        ("C0 00", None),
    ] {
        assert_eq!(whole(&hex(packet)).packet_id().map(PacketId::get), id, "{packet}");
    }
}

#[cfg(feature = "bytes")]
mod owned {
    use bytes::{BufMut, Bytes, BytesMut};
    use mqtt_codec::PacketBuf;

    use super::*;

    #[test]
    fn buffers_are_read_as_slices_are() {
        for bytes in good_and_bad() {
            for decoder in decoders(bytes.len()) {
                let stream = [&bytes[..], b"\xC0\0"].concat();
                let decoded = decoder.decode(&stream);
                let (mut buffer, mut shared) = (BytesMut::from(&stream[..]), Bytes::from(stream.clone()));
                let taken =
                    [PacketBuf::take(&decoder, &mut buffer), PacketBuf::take_shared(&decoder, &mut shared)];
                let left = [&buffer[..], &shared[..]];
                for (taken, left) in taken.iter().zip(left) {
                    let what = format!("{bytes:02x?} {decoder:?}");
                    match (&decoded, taken) {
                        (Ok(Decoded::Packet(packet, len)), Ok(Some(taken))) => {
                            assert_eq!(taken.packet(), *packet, "{what}");
                            assert_eq!(taken.as_bytes(), &stream[..*len], "{what}");
                            assert_eq!(left, &stream[*len..], "{what}");
                        }
                        (Ok(Decoded::NeedMore { .. }), Ok(None)) => assert_eq!(left, stream, "{what}"),
                        (Err(error), Err(same)) => {
                            assert_eq!(error, same, "{what}");
                            assert_eq!(left, stream, "{what}");
                        }
                        (decoded, taken) => panic!("{decoded:?} but {taken:?}: {what}"),
                    }
                }
            }
        }
    }

    #[test]
    fn a_part_is_a_handle_on_the_same_memory() {
        let packet = PacketBuf::take(&Decoder::new(), &mut BytesMut::from(&b"\x30\x05\0\x01abc"[..]));
        let packet = packet.unwrap().unwrap();
        let Packet::Publish(publish) = packet.packet() else { panic!("it is one") };
        let part = packet.slice_ref(publish.payload);
        assert_eq!((&part[..], part.as_ptr()), (&b"bc"[..], publish.payload.as_ptr()));
        assert!(packet.slice_ref(b"elsewhere").is_empty());
    }

    #[test]
    fn buffers_are_written_as_slices_are_and_to_their_last_byte() {
        for bytes in short().into_iter().chain(long()) {
            let packet = whole(&bytes);
            let Ok(expected) = encoded(&packet) else { continue };
            let mut out = BytesMut::new();
            assert_eq!(packet.encode_to(&mut out), Ok(expected.len()));
            assert_eq!(out, expected[..]);

            let mut exact = vec![0; expected.len()];
            assert_eq!(packet.encode_to(&mut &mut exact[..]), Ok(expected.len()));
            assert_eq!(exact, expected);

            let mut small = vec![0; expected.len() - 1];
            let needed = expected.len();
            let result = packet.encode_to(&mut (&mut small[..]).limit(needed - 1));
            assert_eq!(result, Err(EncodeError::BufferTooSmall { needed }));
            assert!(small.iter().all(|byte| *byte == 0), "nothing is written");
        }
    }
}
