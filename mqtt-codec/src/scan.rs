//! One pass over a text finds everything that could be wrong with it.
//!
//! Nearly every text is ASCII without NUL, and nearly every topic has no wildcards. The fast pass asks just that, 16
//! or 8 bytes at a step with an overlapping last step; only when it says no does the slow pass look closely.

use crate::error::Fault;

/// Whether every byte is one of U+0001 to U+007F.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    every::<false>(bytes)
}

/// Whether every byte is one of U+0001 to U+007F, and none is a wildcard, `#` or `+`.
#[inline]
pub(crate) fn is_plain_topic(bytes: &[u8]) -> bool {
    every::<true>(bytes)
}

#[inline]
fn every<const TOPIC: bool>(bytes: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let mut plain = plain_8::<TOPIC>(*first) & plain_8::<TOPIC>(*last);
        if bytes.len() > 16 {
            let (chunks, _) = bytes.as_chunks::<8>();
            for chunk in chunks {
                plain &= plain_8::<TOPIC>(*chunk);
            }
        }
        plain & HIGH == HIGH
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let plain = plain_8::<TOPIC>(widen(*first, *last));
        plain & HIGH == HIGH
    } else {
        bytes.iter().all(|&byte| matches!(byte, 1..=0x7F) && !(TOPIC && matches!(byte, b'#' | b'+')))
    }
}

/// Two halves of eight bytes side by side.
#[inline]
fn widen([a, b, c, d]: [u8; 4], [e, f, g, h]: [u8; 4]) -> [u8; 8] {
    [a, b, c, d, e, f, g, h]
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = LOW << 7;

/// Bit 7 of each byte of the result is set where the byte is plain, as long as no byte below it (in memory before it)
/// has bit 7 set; one that has clears its own, so the eight bits are all set just when all eight bytes are plain.
#[inline]
fn plain_8<const TOPIC: bool>(bytes: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(bytes);
    let ascii = !word;
    let not_nul = word.wrapping_add(0x7F * LOW);
    let plain = ascii & not_nul;
    if TOPIC {
        // `#` (0x23) and `+` (0x2B) differ in bit 3 alone.
        let not_wildcard = ((word | (0x08 * LOW)) ^ (0x2B * LOW)).wrapping_add(0x7F * LOW);
        plain & not_wildcard
    } else {
        plain
    }
}

/// Why a text is not a string of MQTT (1.5.3), and at which of its bytes; `None` when it is one.
#[cold]
#[inline(never)]
pub(crate) fn find_fault(bytes: &[u8]) -> Option<(Fault, usize)> {
    let nul = bytes.iter().position(|&byte| byte == 0);
    let ill_formed = core::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
    match (nul, ill_formed) {
        (Some(nul), Some(ill)) if ill < nul => Some((Fault::IllFormedUtf8, ill)),
        (Some(nul), _) => Some((Fault::NulCharacter, nul)),
        (None, Some(ill)) => Some((Fault::IllFormedUtf8, ill)),
        (None, None) => None,
    }
}

/// The first control character or non-character of a well-formed text (1.5.3), which a receiver may refuse.
#[cold]
#[inline(never)]
pub(crate) fn find_discouraged(bytes: &[u8]) -> Option<usize> {
    let text = core::str::from_utf8(bytes).ok()?;
    text.char_indices().find(|&(_, c)| is_discouraged(c)).map(|(at, _)| at)
}

/// U+0001 to U+001F, U+007F to U+009F, and the 66 non-characters.
fn is_discouraged(c: char) -> bool {
    let code = u32::from(c);
    c.is_control() || matches!(code, 0xFDD0..=0xFDEF) || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(bytes: &[u8], topic: bool) -> bool {
        bytes.iter().all(|&b| b != 0 && b < 0x80 && !(topic && (b == b'#' || b == b'+')))
    }

    /// Each byte value at each place of texts of each length up to 40, alone and beside another odd byte.
    #[test]
    fn agrees_with_a_byte_by_byte_check() {
        for len in 0..=40 {
            let mut text = [b'a'; 40];
            let text = &mut text[..len];
            for at in 0..len {
                for byte in 0..=255 {
                    text[at] = byte;
                    for other in [b'a', 0, 0x80, 0xFF, b'+', b'#', 1, 0x7F] {
                        let place = (at * 7 + 3) % len;
                        let kept = text[place];
                        if place != at {
                            text[place] = other;
                        }
                        assert_eq!(is_plain(text), naive(text, false), "{text:?}");
                        assert_eq!(is_plain_topic(text), naive(text, true), "{text:?}");
                        text[place] = kept;
                    }
                }
                text[at] = b'a';
            }
        }
    }

    #[test]
    fn finds_the_first_fault() {
        assert_eq!(find_fault(b"a\xC3\xA4\xF0\x9F\x98\x80"), None);
        assert_eq!(find_fault(b"ab\0\xFF"), Some((Fault::NulCharacter, 2)));
        assert_eq!(find_fault(b"ab\xFF\0"), Some((Fault::IllFormedUtf8, 2)));
        assert_eq!(find_fault(b"\xED\xA0\x80"), Some((Fault::IllFormedUtf8, 0)));
        assert_eq!(find_fault(b"ab\xC3"), Some((Fault::IllFormedUtf8, 2)));
    }

    #[test]
    fn discouraged_characters_are_the_controls_and_non_characters() {
        let discouraged = (0..=0x10_FFFF).filter_map(char::from_u32).filter(|&c| is_discouraged(c));
        // 32 + 33 controls (U+0000 among them), 32 + 34 non-characters.
        assert_eq!(discouraged.count(), 65 + 66);
        assert_eq!(find_discouraged("aä\u{85}".as_bytes()), Some(3));
        assert_eq!(find_discouraged("a\u{FEFF}ä".as_bytes()), None);
    }
}
