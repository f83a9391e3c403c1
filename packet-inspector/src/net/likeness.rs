//! How much bytes look like MQTT, in bits of evidence: enough to tell a stream from a frame, no more.
//!
//! Packets that decode prove it. Of others it looks at fixed headers, at CONNECT's Protocol Name and at the first string.

use mqtt_codec::{Decoded, Packet};

use super::bytes::{from, u16_at};
use crate::fixed_header;

/// What a CONNECT's Protocol Name is worth.
const PROTOCOL_NAME: i32 = 40;

/// What packets are worth that decode without a byte left over.
const ALL_DECODE: i32 = 100;

/// Bits of evidence that `bytes` are MQTT packets, one after the other.
pub(super) fn mqtt_bits(bytes: &[u8]) -> i32 {
    if first_of_whole_packets(bytes).is_some() {
        return ALL_DECODE;
    }
    let Some((first_byte, remaining_length, body_at)) = fixed_header::read(bytes) else {
        return 0;
    };
    let mut bits = first_packet_bits(first_byte, remaining_length, from(bytes, body_at));
    if flags_are_legal(first_byte) {
        bits += 3;
    }
    if tiles(bytes) {
        bits += 10;
    }
    bits
}

/// The name of the first packet, if `bytes` are packets of MQTT 3.1.1 and nothing else.
pub(crate) fn first_of_whole_packets(mut bytes: &[u8]) -> Option<&'static str> {
    let mut first = None;
    while !bytes.is_empty() {
        let Ok(Decoded::Packet(packet, len)) = Packet::decode(bytes) else { return None };
        first = first.or(Some(packet.packet_type().name()));
        bytes = from(bytes, len);
    }
    first
}

/// Whether `bytes` are whole packets with legal first bytes and nothing left over.
pub(super) fn tiles(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        let Some((first_byte, remaining_length, body_at)) = fixed_header::read(rest) else {
            return false;
        };
        match rest.get(body_at + remaining_length..) {
            Some(next) if flags_are_legal(first_byte) => rest = next,
            _ => return false,
        }
    }
    !bytes.is_empty()
}

/// Table 2.2.
fn flags_are_legal(first_byte: u8) -> bool {
    let flags = first_byte & 0x0f;
    match first_byte >> 4 {
        3 => flags & 0b0110 != 0b0110,
        6 | 8 | 10 => flags == 0b0010,
        1..=14 => flags == 0,
        _ => false,
    }
}

fn first_packet_bits(first_byte: u8, remaining_length: usize, body: &[u8]) -> i32 {
    match first_byte >> 4 {
        1 if body.starts_with(b"\0\x04MQTT") || body.starts_with(b"\0\x06MQIsdp") => PROTOCOL_NAME,
        3 => text_bits(body),
        8 | 10 => text_bits(from(body, 2)),
        2 | 4..=7 | 11 if remaining_length == 2 => 7,
        12..=14 if remaining_length == 0 => 7,
        _ => 0,
    }
}

/// Two bits a character, as random bytes are printable with a chance of about 0.37.
fn text_bits(bytes: &[u8]) -> i32 {
    let text = u16_at(bytes, 0).and_then(|len| bytes.get(2..2 + usize::from(len)));
    match text.map(str::from_utf8) {
        Some(Ok(text)) if !text.is_empty() && !text.contains(char::is_control) => {
            i32::try_from(text.len()).map_or(16, |len| (2 * len).min(16))
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_packets_tile() {
        assert!(tiles(&[0xc0, 0, 0xc0, 0]));
        assert!(!tiles(&[0xc0, 0, 0xc0]));
        assert!(!tiles(&[0x60, 2, 0, 1]));
        assert!(!tiles(&[]));
    }

    #[test]
    fn a_payload_of_zeros_with_an_ether_type_in_it_is_mqtt() {
        let mut bytes = [0; 47];
        bytes[..7].copy_from_slice(b"\x30\x2d\0\x03a/b");
        bytes[12] = 8;
        assert_eq!(mqtt_bits(&bytes), ALL_DECODE);
        assert_eq!(super::super::dissect(&bytes, super::super::Link::Auto).link, super::super::Link::Mqtt);
    }

    #[test]
    fn a_connect_cut_short_is_still_like_mqtt() {
        assert!(mqtt_bits(b"\x10\x15\0\x04MQTT") >= PROTOCOL_NAME);
    }
}
