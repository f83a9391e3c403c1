//! A stream in chunks.

use bytes::BytesMut;
use mqtt_codec::{CodecError, DecodeError, Decoded, Decoder, MqttCodec, PacketBuf};
use tokio_util::codec::{Decoder as _, Encoder as _};

use crate::common::model::Model;
use crate::decoders;

/// What a reader of a stream gets: the packets and their lengths, how it ends, and what is left.
#[derive(Debug, Default, PartialEq)]
struct Read {
    packets: Vec<(Model, usize)>,
    error: Option<DecodeError>,
    left: Vec<u8>,
}

/// However a stream is split, it gives the same packets and the same end; so does the codec for tokio.
///
/// The first byte, modulo 8, is the number of chunk lengths that follow, used in turn; then comes the stream. Without
/// any it arrives byte by byte.
pub fn stream(bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let Some((lens, stream)) = rest.split_at_checked(usize::from(first % 8)) else { return };
    let chunks = split(stream, lens);
    for (decoder, rules) in decoders() {
        let whole = read(&decoder, &[stream]);
        assert_eq!(read(&decoder, &chunks), whole, "by {rules:?}");
        assert_eq!(read_with_tokio(&decoder, &chunks), whole, "by {rules:?}");
    }
}

/// In chunks of these lengths in turn, 0 standing for 1.
fn split<'a>(mut stream: &'a [u8], lens: &[u8]) -> Vec<&'a [u8]> {
    let lens = if lens.is_empty() { &[1] } else { lens };
    let mut chunks = Vec::new();
    for &len in lens.iter().cycle() {
        let (chunk, rest) = stream.split_at(usize::from(len.max(1)).min(stream.len()));
        chunks.push(chunk);
        stream = rest;
        if stream.is_empty() {
            break;
        }
    }
    chunks
}

fn read(decoder: &Decoder, chunks: &[&[u8]]) -> Read {
    let mut read = Read::default();
    let mut at = 0;
    for chunk in chunks {
        read.left.extend_from_slice(chunk);
        while read.error.is_none() {
            match decoder.decode(&read.left[at..]) {
                Ok(Decoded::Packet(packet, len)) => {
                    read.packets.push((Model::of(&packet), len));
                    at += len;
                }
                Ok(Decoded::NeedMore { .. }) => break,
                Err(error) => read.error = Some(error),
            }
        }
    }
    read.left.drain(..at);
    read
}

fn read_with_tokio(decoder: &Decoder, chunks: &[&[u8]]) -> Read {
    let mut codec = MqttCodec::new(decoder.clone());
    let mut read = Read::default();
    let mut buffer = BytesMut::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        while read.error.is_none() {
            match codec.decode(&mut buffer) {
                Ok(Some(packet)) => {
                    read.packets.push((Model::of(&packet.packet()), packet.as_bytes().len()));
                    sends_on(&mut codec, &packet);
                }
                Ok(None) => break,
                Err(CodecError::Decode(error)) => read.error = Some(error),
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    read.left = buffer.to_vec();
    read
}

/// An owned packet goes out as it came, a borrowed one as it encodes.
fn sends_on(codec: &mut MqttCodec, packet: &PacketBuf) {
    let mut out = BytesMut::new();
    codec.encode(packet, &mut out).unwrap();
    assert_eq!(out, packet.as_bytes());
    let model = Model::of(&packet.packet());
    let mut out = BytesMut::new();
    match codec.encode(packet.packet(), &mut out) {
        Ok(()) => assert_eq!(out, model.bytes()),
        Err(error) => assert!(model.is_unsendable() && out.is_empty(), "{error}"),
    }
}
