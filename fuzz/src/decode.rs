//! Any bytes, against the naive decoder.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use mqtt_codec::{DecodeError, Decoded, Decoder, EncodeError, Field, Observer, Packet, PacketBuf};

use crate::common::model::Model;
use crate::common::naive::{self, Rules};
use crate::common::{encoded, verdict};
use crate::decoders;

/// The codec answers any bytes as the naive decoder does, by all its rules; what it accepts encodes back to the same
/// bytes; an observer's ranges tile the packet; an owned packet says the same.
pub fn decode(bytes: &[u8]) {
    for (decoder, rules) in decoders() {
        agrees(&decoder, &rules, bytes);
        observed(&decoder, bytes);
        owned(&decoder, bytes);
    }
}

fn agrees(decoder: &Decoder, rules: &Rules, bytes: &[u8]) {
    let decoded = decoder.decode(bytes);
    assert_eq!(verdict(decoded), naive::decode(bytes, rules), "by {rules:?}");
    match decoded {
        Ok(Decoded::Packet(packet, len)) => {
            encodes_back(&packet, &bytes[..len]);
            for short in (0..len.min(8)).chain([len - 1]) {
                let prefix = decoder.decode(&bytes[..short]);
                assert!(matches!(prefix, Ok(Decoded::NeedMore { .. })), "{short} of {len} bytes: {prefix:?}");
            }
        }
        Ok(Decoded::NeedMore { .. }) => {}
        Err(error) => {
            let end = declared_end(bytes).unwrap_or(bytes.len());
            assert!(offset(&error) <= end, "{error}: beyond the packet's end, {end}");
            // What is worded has to be printable whatever the bytes.
            assert!(!error.to_string().is_empty());
        }
    }
}

/// To the same bytes, a padded Remaining Length aside; an empty Client Identifier with Clean Session 0 is decoded and
/// not sent.
fn encodes_back(packet: &Packet<'_>, bytes: &[u8]) {
    let model = Model::of(packet);
    let again = encoded(packet);
    if model.is_unsendable() {
        assert_eq!(again, Err(EncodeError::EmptyClientId));
        return;
    }
    let again = again.unwrap();
    assert_eq!(again, model.bytes());
    let (short, long) = (header_len(&again).unwrap(), header_len(bytes).unwrap());
    assert_eq!(again[0], bytes[0]);
    assert_eq!(again[short..], bytes[long..]);
    assert!(short <= long);
}

/// Where the ranges end, each of which begins where the last one ended.
#[derive(Default)]
struct Tiles(usize);

impl Tiles {
    fn add(&mut self, field: Field, bytes: &Range<usize>) {
        assert_eq!(bytes.start, self.0, "{field}");
        assert!(bytes.end >= bytes.start, "{field}");
        self.0 = bytes.end;
    }
}

impl Observer for Tiles {
    fn length(&mut self, field: Field, bytes: Range<usize>) {
        assert_eq!(bytes.len(), 2, "{field}");
        self.add(field, &bytes);
    }

    fn field(&mut self, field: Field, bytes: Range<usize>) {
        self.add(field, &bytes);
    }
}

fn observed(decoder: &Decoder, bytes: &[u8]) {
    let mut heard = Tiles::default();
    let decoded = decoder.decode_observed(bytes, &mut heard);
    assert_eq!(decoded, decoder.decode(bytes), "an observer changes nothing");
    match decoded {
        Ok(Decoded::Packet(_, len)) => assert_eq!(heard.0, len),
        Ok(Decoded::NeedMore { .. }) => assert_eq!(heard.0, 0),
        Err(error) => assert!(heard.0 <= bytes.len(), "{error}"),
    }
    let mut of_prefix = Tiles::default();
    let prefix = decoder.observe_prefix(bytes, &mut of_prefix);
    assert!(of_prefix.0 <= bytes.len());
    match decoded {
        Ok(Decoded::Packet(_, len)) => assert_eq!((prefix, of_prefix.0), (Ok(()), len)),
        Ok(Decoded::NeedMore { .. }) => {}
        Err(error) => assert_eq!(prefix, Err(error)),
    }
}

fn owned(decoder: &Decoder, bytes: &[u8]) {
    let mut growing = BytesMut::from(bytes);
    let mut shared = Bytes::copy_from_slice(bytes);
    let taken = PacketBuf::take(decoder, &mut growing);
    assert_eq!(taken, PacketBuf::take_shared(decoder, &mut shared));
    assert_eq!(growing, shared);
    match decoder.decode(bytes) {
        Ok(Decoded::Packet(packet, len)) => {
            let taken = taken.unwrap().unwrap();
            assert_eq!(taken.packet(), packet);
            assert_eq!(Model::of(&taken.packet()), Model::of(&packet));
            assert_eq!(taken.packet_type(), packet.packet_type());
            assert_eq!(taken.as_bytes(), &bytes[..len]);
            assert_eq!(growing, bytes[len..]);
            let owned = taken.packet();
            if let Packet::Publish(publish) = owned {
                assert_eq!(taken.slice_ref(publish.payload), publish.payload);
            }
        }
        Ok(Decoded::NeedMore { .. }) => {
            assert_eq!(taken, Ok(None));
            assert_eq!(growing, bytes);
        }
        Err(error) => {
            assert_eq!(taken, Err(error));
            assert_eq!(growing, bytes);
        }
    }
}

fn offset(error: &DecodeError) -> usize {
    usize::try_from(error.offset).unwrap()
}

/// Length of the fixed header, if it is whole.
pub(crate) fn header_len(bytes: &[u8]) -> Option<usize> {
    let last = bytes.iter().skip(1).take(4).position(|&byte| byte < 0x80)?;
    Some(last + 2)
}

/// Where the packet ends by its own Remaining Length, if that is there.
pub(crate) fn declared_end(bytes: &[u8]) -> Option<usize> {
    let header_len = header_len(bytes)?;
    let groups = bytes[1..header_len].iter().rev();
    Some(header_len + groups.fold(0, |value, byte| value * 128 + usize::from(byte & 0x7F)))
}
