//! The fixed header (2.2): type and flags, then the Remaining Length.
//!
//! ```text
//! type (4 bits) flags (4 bits) | Remaining Length, 1 to 4 bytes
//! ```
//!
//! The only place where bytes can be missing: below it a packet is whole.

use core::num::NonZeroUsize;

use crate::decoder::Decoder;
use crate::error::{DecodeError, Fault};
use crate::field::Field;
use crate::packet_type::PacketType;
use crate::qos::QoS;
use crate::writer::Sink;

/// A packet cut out of the bytes it came in: its first byte, the length of its fixed header, and its body.
pub(crate) struct Cut<'a> {
    pub(crate) first: u8,
    pub(crate) header_len: usize,
    pub(crate) body: &'a [u8],
}

impl<'a> Cut<'a> {
    /// The packet at the front of `bytes`; `None` when it is not whole or its length is malformed.
    #[inline]
    pub(crate) fn from_front(bytes: &'a [u8]) -> Option<Self> {
        // As nearly all are.
        if let [first, len @ ..0x80, rest @ ..] = bytes {
            let body = rest.get(..usize::from(*len))?;
            return Some(Self { first: *first, header_len: 2, body });
        }
        let Header::Whole(first, remaining_length, header_len) = Header::read(bytes) else { return None };
        let body = bytes.get(header_len..)?.get(..usize::try_from(remaining_length).ok()?)?;
        Some(Self { first, header_len, body })
    }
}

/// The seven bits of one byte of length, at their place.
#[inline]
fn group(byte: u8, shift: u32) -> u32 {
    u32::from(byte & 0x7F) << shift
}

/// What the bytes of a fixed header say.
pub(crate) enum Header {
    /// First byte, Remaining Length, length of the fixed header.
    Whole(u8, u32, usize),
    /// More bytes are needed to know the Remaining Length.
    Unfinished,
    /// The fourth byte of length says that a fifth follows.
    TooLong,
}

impl Header {
    #[inline]
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let Some((&first, rest)) = bytes.split_first() else { return Self::Unfinished };
        let mut value = 0;
        let mut len = 1;
        for (&byte, shift) in rest.iter().zip([0, 7, 14, 21]) {
            value |= group(byte, shift);
            len += 1;
            if byte < 0x80 {
                return Self::Whole(first, value, len);
            }
        }
        if len == 5 { Self::TooLong } else { Self::Unfinished }
    }
}

impl Decoder {
    /// What the fixed header says: how many bytes are missing, or why no further bytes can make a packet of them.
    #[cold]
    #[inline(never)]
    pub(crate) fn missing(&self, bytes: &[u8]) -> Result<Option<NonZeroUsize>, DecodeError> {
        if let Some(&first) = bytes.first() {
            self.check_first_byte(first)?;
        }
        match Header::read(bytes) {
            Header::Unfinished => Ok(None),
            Header::TooLong => {
                Err(DecodeError::new(Fault::RemainingLengthTooLong, Field::RemainingLength, 4))
            }
            Header::Whole(first, remaining_length, header_len) => {
                self.check_length(first, remaining_length, header_len)?;
                let have = bytes.len().saturating_sub(header_len);
                let want = usize::try_from(remaining_length).unwrap_or(usize::MAX);
                Ok(NonZeroUsize::new(want.saturating_sub(have)))
            }
        }
    }

    fn check_first_byte(&self, first: u8) -> Result<(), DecodeError> {
        let error = |fault| Err(DecodeError::new(fault, Field::FixedHeader, 0));
        let Some(packet_type) = PacketType::of_first_byte(first) else {
            return error(Fault::ReservedType);
        };
        match (packet_type.fixed_flags(), first & 0x0F) {
            (Some(fixed), flags) if fixed != flags => return error(Fault::WrongFlags(packet_type)),
            (Some(_), _) => {}
            (None, flags) if flags & 0b0110 == 0b0110 => return error(Fault::Qos3),
            (None, 0b1000 | 0b1001) => return error(Fault::DupAtQos0),
            (None, _) => {}
        }
        match (self.sender(), packet_type.sender()) {
            (Some(side), Some(only)) if side != only => error(Fault::WrongSender(packet_type, side)),
            _ => Ok(()),
        }
    }

    fn check_length(&self, first: u8, remaining_length: u32, header_len: usize) -> Result<(), DecodeError> {
        let error = |fault, field, offset| Err(DecodeError::new(fault, field, offset));
        let Some(packet_type) = PacketType::of_first_byte(first) else {
            return error(Fault::ReservedType, Field::FixedHeader, 0);
        };
        let (least, greatest) = packet_type.remaining_length_range();
        match (packet_type, remaining_length) {
            // Just a Packet Identifier.
            (PacketType::Subscribe | PacketType::Unsubscribe, 2) => {
                return error(Fault::NoTopicFilter(packet_type), Field::TopicFilter, header_len + 2);
            }
            // Which field is missing in one that is too short, or is a topic of no bytes, only the body tells.
            (PacketType::Publish | PacketType::Subscribe | PacketType::Unsubscribe, _) => {}
            (_, len) if len < least || len > greatest => {
                return error(Fault::ImpossibleLength(packet_type), Field::RemainingLength, 1);
            }
            _ => {}
        }
        let len = usize::try_from(remaining_length).unwrap_or(usize::MAX);
        if len.saturating_add(header_len) > self.max_len() {
            return error(Fault::OverMaximum, Field::RemainingLength, 1);
        }
        Ok(())
    }
}

/// Writes byte 1 and the Remaining Length in its shortest form (2.2.3).
#[inline]
pub(crate) fn encode(first: u8, remaining_length: u32, out: &mut impl Sink) {
    let [low, b, c, d] = groups(remaining_length);
    match remaining_length {
        0..=127 => out.array([first, low]),
        128..=16_383 => out.array([first, low | 0x80, b]),
        16_384..=2_097_151 => out.array([first, low | 0x80, b | 0x80, c]),
        _ => out.array([first, low | 0x80, b | 0x80, c | 0x80, d]),
    }
}

/// The four groups of seven bits, the lowest first.
#[inline]
fn groups(value: u32) -> [u8; 4] {
    [value, value >> 7, value >> 14, value >> 21].map(|group| group.to_le_bytes()[0] & 0x7F)
}

/// Length of the fixed header in front of so many bytes.
#[inline]
pub(crate) const fn len(remaining_length: u32) -> usize {
    match remaining_length {
        0..=127 => 2,
        128..=16_383 => 3,
        16_384..=2_097_151 => 4,
        _ => 5,
    }
}

/// Byte 1 of PUBLISH (3.3.1).
#[inline]
pub(crate) const fn publish_first_byte(dup: bool, qos: QoS, retain: bool) -> u8 {
    0x30 | (dup as u8) << 3 | qos.as_u8() << 1 | retain as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::SliceSink;

    #[test]
    fn the_shortest_form_of_each_length_reads_back() {
        for (value, form) in [
            (0, "00"),
            (127, "7f"),
            (128, "8001"),
            (16_383, "ff7f"),
            (16_384, "808001"),
            (2_097_151, "ffff7f"),
            (2_097_152, "80808001"),
            (268_435_455, "ffffff7f"),
        ] {
            let mut buffer = [0; 5];
            encode(0x30, value, &mut SliceSink(&mut buffer));
            assert_eq!(hex::encode(&buffer[1..len(value)]), form);
            let Header::Whole(0x30, read, header_len) = Header::read(&buffer[..len(value)]) else {
                panic!("{form} is whole")
            };
            assert_eq!((read, header_len), (value, len(value)));
        }
    }
}
