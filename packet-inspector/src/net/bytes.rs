//! Reading at an offset without indexing, and words for counts and places.

use std::fmt::Write as _;

/// The `N` bytes at `at`, if they are all there.
pub(super) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The byte at `at`.
pub(super) fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// The big-endian number of two bytes at `at`.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_be_bytes)
}

/// What is left from `at` on; nothing when `at` is beyond the end.
pub(super) fn from(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

/// An offset as the rows of a dump print it.
pub(super) fn place(offset: usize) -> String {
    format!("{offset:#04x}")
}

/// `one is` or `3 are`.
pub(super) fn count_are(count: usize) -> String {
    if count == 1 { "one is".to_owned() } else { format!("{count} are") }
}

/// `1 byte` or `3 bytes`.
pub(super) fn count_bytes(count: usize) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

/// A link-layer address: `e8:84:a5:3e:dd:57`.
pub(super) fn mac(address: &[u8]) -> String {
    let mut text = String::new();
    for (i, byte) in address.iter().enumerate() {
        let colon = if i == 0 { "" } else { ":" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{colon}{byte:02x}");
    }
    text
}
