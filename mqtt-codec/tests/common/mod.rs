//! What the tests share: an owned model of each packet, a decoder written for the tests alone, and sample packets.
#![allow(dead_code, reason = "each test crate uses its part")]

pub(crate) mod model;
pub(crate) mod naive;
pub(crate) mod samples;
pub(crate) mod tally;

use mqtt_codec::{DecodeError, Decoded, Decoder, EncodeError, Packet};

use model::Model;
use naive::Verdict;

/// The bytes of a hex string with spaces in it.
#[track_caller]
pub(crate) fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

/// The packet as new bytes.
pub(crate) fn encoded(packet: &Packet<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut out = vec![0; packet.encoded_len()?];
    let written = packet.encode(&mut out)?;
    assert_eq!(written, out.len(), "the counted length is the written length");
    Ok(out)
}

/// The codec's answer in the words of the naive decoder.
pub(crate) fn verdict(result: Result<Decoded<'_>, DecodeError>) -> Verdict {
    match result {
        Ok(Decoded::Packet(packet, len)) => Verdict::Packet(Model::of(&packet), len),
        Ok(Decoded::NeedMore { missing }) => Verdict::NeedMore(missing.map(usize::from)),
        Err(_) => Verdict::Error,
    }
}

/// A packet and nothing else.
#[track_caller]
pub(crate) fn whole(bytes: &[u8]) -> Packet<'_> {
    match Decoder::new().decode(bytes) {
        Ok(Decoded::Packet(packet, len)) if len == bytes.len() => packet,
        other => panic!("{} is not one whole packet: {other:?}", hex::encode(bytes)),
    }
}
