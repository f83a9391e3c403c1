//! Maps by Packet Identifier, without the cost of a hash that strangers can't guess: identifiers are small numbers that
//! differ from each other, and one multiplication spreads them.

use std::hash::{BuildHasherDefault, Hasher};

/// For `HashMap<PacketId, _, IdHash>`.
pub(super) type IdHash = BuildHasherDefault<IdHasher>;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    #[inline]
    fn write_u16(&mut self, id: u16) {
        self.0 = u64::from(id).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0.rotate_left(8) ^ u64::from(byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
