//! The Internet checksum (RFC 1071) over IPv4 headers and TCP segments.

use std::net::IpAddr;

use super::bytes::{from, u16_at};

/// What the checksum of a TCP segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChecksumVerdict {
    /// It verifies: addresses, TCP header and data are as they were sent.
    Good,
    /// It holds the sum of the pseudo-header only, for the network card to complete:
    /// it proves the addresses and the length, and nothing else.
    Offloaded,
    /// It does not verify.
    Bad {
        /// The checksum in the header.
        stored: u16,
        /// The checksum of what is there.
        computed: u16,
    },
    /// It cannot be computed, for this reason.
    NotComputable(&'static str),
}

impl ChecksumVerdict {
    /// Whether the checksum proves the addresses and the length.
    pub fn agrees(self) -> bool {
        matches!(self, Self::Good | Self::Offloaded)
    }
}

/// Offset of the checksum in a TCP header.
pub(crate) const TCP_CHECKSUM_AT: usize = 16;

/// Offset of the header checksum in an IPv4 header.
pub(crate) const IPV4_CHECKSUM_AT: usize = 10;

/// The 16-bit words of some bytes, summed for [`fold`]; an odd last byte is padded with zero.
///
/// Words of 64 bits sum up to the same when they are folded, and there are a quarter as many of them. Their bytes are taken
/// in the machine's order: turning the sum in the end turns them all (RFC 1071).
#[inline]
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let add = |sum: u64, word: [u8; 8]| {
        let (sum, carry) = sum.overflowing_add(u64::from_ne_bytes(word));
        sum + u64::from(carry)
    };
    let sum = words.iter().fold(0, |sum, word| add(sum, *word));
    let (pairs, last) = rest.as_chunks::<2>();
    let pairs: u64 = pairs.iter().map(|pair| u64::from(u16::from_ne_bytes(*pair))).sum();
    let last = last.first().map_or(0, |byte| u64::from(u16::from_ne_bytes([*byte, 0])));
    // So that sums of several parts do not overflow.
    (sum >> 32) + (sum & 0xffff_ffff) + pairs + last
}

/// A number, as [`sum`] has it of its bytes.
#[inline]
fn word(number: u32) -> u64 {
    u32::from_ne_bytes(number.to_be_bytes()).into()
}

/// The one's complement sum: the carries are added back in, the bytes turned.
#[inline]
fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::from_be(u16::try_from(sum).unwrap_or(u16::MAX))
}

/// The checksum of `bytes` with the two bytes at `hole` taken as zero.
#[inline]
pub(crate) fn header_checksum(bytes: &[u8], hole: usize) -> u16 {
    let stored = u16_at(bytes, hole).unwrap_or(0);
    // Taking a word out of a one's complement sum is adding its complement.
    !fold(sum(bytes) + word(u32::from(!stored)))
}

/// Addresses and protocol, summed: the pseudo-header without its length.
#[inline]
fn pseudo_header(source: IpAddr, destination: IpAddr) -> u64 {
    const TCP: u32 = 6;
    let address = |address: IpAddr| match address {
        IpAddr::V4(v4) => sum(&v4.octets()),
        IpAddr::V6(v6) => sum(&v6.octets()),
    };
    word(TCP) + address(source) + address(destination)
}

/// A TCP header, for its checksum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// The bytes from the first of the TCP header on.
    bytes: &'a [u8],
    pseudo_header: u64,
}

impl<'a> Segment<'a> {
    #[inline]
    pub(crate) fn new(record: &'a [u8], at: usize, source: IpAddr, destination: IpAddr) -> Self {
        Self { bytes: from(record, at), pseudo_header: pseudo_header(source, destination) }
    }

    pub(super) fn stored(&self) -> Option<u16> {
        u16_at(self.bytes, TCP_CHECKSUM_AT)
    }

    /// Whether the stored checksum is what a sender leaves for its network card, for this length.
    pub(crate) fn offloaded(&self, len: usize) -> bool {
        let len = u32::try_from(len).unwrap_or(0);
        self.stored() == Some(fold(self.pseudo_header + word(len)))
    }

    /// The verdict, if the segment is `len` bytes long.
    #[inline]
    pub(crate) fn verdict(&self, len: usize) -> ChecksumVerdict {
        let (Some(segment), Some(stored)) = (self.bytes.get(..len), self.stored()) else {
            return ChecksumVerdict::NotComputable("the segment is cut");
        };
        if len < TCP_CHECKSUM_AT + 2 {
            return ChecksumVerdict::NotComputable("the segment is cut");
        }
        let pseudo_header = self.pseudo_header + word(u32::try_from(len).unwrap_or(0));
        let computed = !fold(pseudo_header + sum(segment) + word(u32::from(!stored)));
        // Zero has two forms in one's complement.
        let same = |a: u16, b: u16| a == b || (a == 0 || a == 0xffff) && (b == 0 || b == 0xffff);
        if same(stored, computed) {
            ChecksumVerdict::Good
        } else if self.offloaded(len) {
            ChecksumVerdict::Offloaded
        } else if stored == 0 {
            ChecksumVerdict::NotComputable("it was left to the network card")
        } else {
            ChecksumVerdict::Bad { stored, computed }
        }
    }
}

/// Whether the last four of `frame` are its Ethernet frame check sequence (CRC-32).
pub(super) fn ends_in_frame_check(frame: &[u8]) -> bool {
    let Some((frame, sequence)) = frame.split_last_chunk::<4>() else {
        return false;
    };
    let mut crc = u32::MAX;
    for byte in frame {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc >>= 1;
            if carry == 1 {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc == u32::from_le_bytes(*sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071_sums_to_ddf2() {
        assert_eq!(fold(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), 0xddf2);
    }

    #[test]
    fn a_known_ipv4_header_has_its_known_checksum() {
        let header =
            [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];
        assert_eq!(header_checksum(&header, 10), 0xb861);
    }

    #[test]
    fn a_frame_check_sequence_is_recognised() {
        // The check value of CRC-32 for the digits 1 to 9 is 0xcbf43926.
        assert!(ends_in_frame_check(b"123456789\x26\x39\xf4\xcb"));
        assert!(!ends_in_frame_check(b"123456789\x26\x39\xf4\xcc"));
    }
}
