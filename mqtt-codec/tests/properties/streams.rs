//! Packets that arrive in parts, and the limits that a caller sets.

use std::num::NonZeroUsize;

use proptest::collection::vec;
use proptest::prelude::*;

use mqtt_codec::{DecodeError, Decoded, Decoder, Fault, Field, MAX_PACKET_LEN, PacketType};

use crate::arbitrary::{cases, nearly_a_packet, packet};
use crate::common::model::Model;
use crate::common::samples::{long, short};
use crate::{header, pairs};

fn need_more(missing: Option<usize>) -> Result<Decoded<'static>, DecodeError> {
    Ok(Decoded::NeedMore { missing: missing.and_then(NonZeroUsize::new) })
}

/// Any strict prefix of a packet needs more, and says how much once the fixed header is there.
#[track_caller]
fn needs_the_rest(packet: &[u8], len: usize) {
    let (header_len, remaining) = header(packet).unwrap();
    let missing = Some(header_len + remaining - len).filter(|_| len >= header_len);
    assert_eq!(Decoder::new().decode(&packet[..len]), need_more(missing), "{len} bytes of {}", packet.len());
}

#[test]
fn every_strict_prefix_of_a_packet_needs_more() {
    for sample in short() {
        (0..sample.len()).for_each(|len| needs_the_rest(&sample, len));
    }
    for sample in long() {
        let len = sample.len();
        (0..20).chain([len / 2, len - 2, len - 1]).for_each(|len| needs_the_rest(&sample, len));
    }
}

/// Whether an error shows early or late, it is the same one; it never goes away with more bytes.
fn errors_are_the_same_early_and_late(bytes: &[u8]) {
    for pair in pairs() {
        let whole = pair.decoder.decode(bytes);
        let mut seen = None;
        for len in 0..bytes.len() {
            match pair.decoder.decode(&bytes[..len]) {
                Err(error) => {
                    assert_eq!(whole, Err(error), "{len} bytes of {bytes:02x?}");
                    seen = Some(error);
                }
                Ok(_) => assert_eq!(seen, None, "{len} bytes of {bytes:02x?}"),
            }
        }
    }
}

#[test]
fn errors_of_changed_samples_are_the_same_early_and_late() {
    for sample in short().iter().filter(|sample| sample.len() < 40) {
        let mut changed = sample.clone();
        for at in 0..sample.len() {
            for byte in [0, 1, 3, 0x16, 0x38, 0x7F, 0x80, 0xFF] {
                changed[at] = byte;
                errors_are_the_same_early_and_late(&changed);
            }
            changed[at] = sample[at];
        }
    }
}

/// What a reader of a stream gets: the packets, and how it ends.
#[derive(Debug, Default, PartialEq)]
struct Read {
    packets: Vec<(Model, usize)>,
    error: Option<DecodeError>,
    left: Vec<u8>,
}

/// Reads a stream that arrives in these chunks.
fn read<'a>(decoder: &Decoder, chunks: impl Iterator<Item = &'a [u8]>) -> Read {
    let mut read = Read::default();
    for chunk in chunks {
        read.left.extend_from_slice(chunk);
        while read.error.is_none() {
            match decoder.decode(&read.left) {
                Ok(Decoded::Packet(packet, len)) => {
                    read.packets.push((Model::of(&packet), len));
                    read.left.drain(..len);
                }
                Ok(Decoded::NeedMore { .. }) => break,
                Err(error) => read.error = Some(error),
            }
        }
    }
    read
}

/// Cuts at these places, taken modulo the length.
fn cut<'a>(stream: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = places.iter().map(|place| place % (stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places.windows(2).map(|ends| &stream[ends[0]..ends[1]]).collect()
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn any_split_gives_the_same_packets_and_the_same_error(
        models in vec(packet(), 0..6),
        end in nearly_a_packet(),
        places in vec(any::<usize>(), 0..12),
    ) {
        let packets: Vec<_> = models.iter().map(Model::bytes).collect();
        let stream = [packets.concat(), end].concat();
        for pair in pairs() {
            let whole = read(&pair.decoder, [&stream[..]].into_iter());
            let split = read(&pair.decoder, cut(&stream, &places).into_iter());
            prop_assert_eq!(&whole, &split);
        }
        let whole = read(&Decoder::new(), [&stream[..]].into_iter());
        let found: Vec<_> = whole.packets.iter().take(models.len()).cloned().collect();
        let sent: Vec<_> = models.into_iter().zip(packets.iter().map(Vec::len)).collect();
        prop_assert_eq!(found, sent);
    }

    #[test]
    fn errors_of_any_bytes_are_the_same_early_and_late(bytes in nearly_a_packet()) {
        errors_are_the_same_early_and_late(&bytes);
    }
}

#[test]
fn all_samples_in_one_stream_byte_by_byte() {
    let samples = short();
    let stream = samples.concat();
    let read = read(&Decoder::new(), stream.chunks(1));
    assert_eq!((read.error, read.left), (None, vec![]));
    let lens: Vec<_> = read.packets.iter().map(|(_, len)| *len).collect();
    assert_eq!(lens, samples.iter().map(Vec::len).collect::<Vec<_>>());
}

#[test]
fn a_packet_of_the_maximum_is_accepted_and_one_byte_more_is_not() {
    let over = DecodeError { fault: Fault::OverMaximum, field: Field::RemainingLength, offset: 1 };
    for sample in short().iter().chain(&long()) {
        let decode = |max, bytes| Decoder::new().max_packet_len(max).decode(bytes);
        let len = sample.len();
        assert_eq!(decode(len, sample), Decoder::new().decode(sample));
        assert_eq!(decode(len - 1, sample), Err(over));
        assert_eq!(decode(0, sample), Err(over));
        // As soon as the length is there.
        let (header_len, _) = header(sample).unwrap();
        assert_eq!(decode(len - 1, &sample[..header_len]), Err(over));
        assert_eq!(decode(len - 1, &sample[..header_len - 1]), need_more(None));
    }
}

#[test]
fn what_is_wrong_anyway_comes_before_the_maximum() {
    let decode = |bytes| Decoder::new().max_packet_len(1).decode(bytes).unwrap_err().fault;
    assert_eq!(decode(b"\xF0\x7F"), Fault::ReservedType);
    assert_eq!(decode(b"\x10\x0B"), Fault::ImpossibleLength(PacketType::Connect));
    assert_eq!(decode(b"\x80\x80"), Fault::WrongFlags(PacketType::Subscribe));
    assert_eq!(decode(b"\x40\x02\0\0"), Fault::OverMaximum);
}

/// 256 MiB declared in five bytes: what is missing is known, and nothing is reserved for it.
#[test]
fn a_declared_length_costs_nothing() {
    for (first, body) in
        [(0x30, &b"\0\x01a"[..]), (0x82, b"\0\x01\0\x01a\0"), (0x90, b"\0\x01\0"), (0xA2, b"")]
    {
        let bytes = [&[first, 0xFF, 0xFF, 0xFF, 0x7F], body].concat();
        let missing = 268_435_455 - body.len();
        assert_eq!(Decoder::new().decode(&bytes), need_more(Some(missing)));
        assert_eq!(MAX_PACKET_LEN, bytes.len() + missing);
        let error = Decoder::new().max_packet_len(MAX_PACKET_LEN - 1).decode(&bytes).unwrap_err();
        assert_eq!(error.fault, Fault::OverMaximum);
    }
    let error = Decoder::new().decode(b"\x10\xFF\xFF\xFF\x7F").unwrap_err();
    assert_eq!(error.fault, Fault::ImpossibleLength(PacketType::Connect));
}
