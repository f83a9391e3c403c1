//! One pass over a text finds everything that could be wrong with it.
//!
//! Nearly every text is ASCII without NUL, and nearly every topic has no wildcards. The fast pass asks just that, 16
//! or 8 bytes at a step with an overlapping last step; only when it says no does the slow pass look closely.

use crate::error::Fault;

/// Whether every byte is one of U+0001 to U+007F.
#[inline(always)]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    none::<true>(bytes, is_odd)
}

/// Whether there is a byte, every one is of U+0001 to U+007F, and none is a wildcard, `#` or `+`.
#[inline(always)]
pub(crate) fn is_plain_topic(bytes: &[u8]) -> bool {
    none::<false>(bytes, |byte| is_odd(byte) | is_wildcard(byte))
}

/// Whether there is a byte, and none is NUL or a wildcard: of well-formed UTF-8, a Topic Name.
#[inline]
pub(crate) fn is_name(bytes: &[u8]) -> bool {
    none::<false>(bytes, |byte| (byte == 0) | is_wildcard(byte))
}

/// Whether a text of well-formed UTF-8 has no U+0000.
#[inline]
pub(crate) fn has_no_nul(bytes: &[u8]) -> bool {
    none::<true>(bytes, |byte| byte == 0)
}

/// NUL and all that is not ASCII, which as signed numbers are at most 0.
#[inline(always)]
fn is_odd(byte: u8) -> bool {
    byte.cast_signed() <= 0
}

/// Whether no byte has the property; `EMPTY` when there are no bytes. In steps of 16 or 8 bytes, the last of which may
/// overlap the one before.
#[inline(always)]
fn none<const EMPTY: bool>(bytes: &[u8], has: impl Fn(u8) -> bool) -> bool {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        if any(first, &has) || any(last, &has) {
            return false;
        }
        // Up to 32 bytes, the two ends are all.
        if bytes.len() > 32 {
            for chunk in bytes.as_chunks::<16>().0 {
                if any(chunk, &has) {
                    return false;
                }
            }
        }
        true
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        !(any(first, &has) | any(last, &has))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        !(any(first, &has) | any(last, &has))
    } else {
        (EMPTY || !bytes.is_empty()) && !bytes.iter().any(|&byte| has(byte))
    }
}

/// Without branches over an array of fixed length, which the compiler makes a handful of vector instructions of.
#[inline(always)]
fn any<const N: usize>(bytes: &[u8; N], has: &impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |any, &byte| any | has(byte))
}

/// Whether the byte is `#` or `+`, which differ in bit 3 alone.
#[inline(always)]
pub(crate) const fn is_wildcard(byte: u8) -> bool {
    byte | 0x08 == b'+'
}

/// Whether the bytes are a Topic Filter, with plain characters alone: `#` the whole last level, `+` whole levels. When
/// it says no, they may still be one.
#[inline(always)]
pub(crate) fn is_plain_filter(bytes: &[u8]) -> bool {
    let levels = match bytes {
        [levels @ .., b'/', b'#'] => levels,
        _ => bytes,
    };
    // Levels without wildcards obey the rules of a Topic Name.
    is_plain_topic(levels) || are_plain_levels(levels) || matches!(bytes, b"#" | b"/#")
}

/// Whether there is a byte, every one is of U+0001 to U+007F, each `+` fills its level, and there is no `#`. Not inlined,
/// so that what has no `+` needs none of its registers.
#[inline(never)]
fn are_plain_levels(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else {
        let fits = |(at, &byte)| !is_wildcard(byte) || fills_level(bytes, at);
        return !bytes.is_empty() && is_plain(bytes) && (0..).zip(bytes).all(fits);
    };
    let mut odd = 0;
    let mut start = 0;
    for word in bytes.as_chunks::<8>().0 {
        let word = u64::from_le_bytes(*word);
        odd |= odd_bytes(word);
        if !wildcards_fill_levels(bytes, start, word) {
            return false;
        }
        start += 8;
    }
    // It overlaps the word before; looking twice does no harm.
    let last = u64::from_le_bytes(*last);
    odd |= odd_bytes(last);
    odd & (0x80 * LOW) == 0 && wildcards_fill_levels(bytes, bytes.len() - 8, last)
}

/// The same byte in each place.
const LOW: u64 = 0x0101_0101_0101_0101;

/// Bit 7 of some byte is set when one is NUL or not ASCII.
#[inline(always)]
fn odd_bytes(word: u64) -> u64 {
    word | word.wrapping_sub(LOW)
}

/// Whether each wildcard of a word of ASCII, which starts here, is a `+` that fills its level.
#[inline(always)]
fn wildcards_fill_levels(bytes: &[u8], start: usize, word: u64) -> bool {
    // Bit 7 of each byte that is a wildcard: they differ in bit 3 alone.
    let mut wildcards = !(((word | (0x08 * LOW)) ^ (0x2B * LOW)).wrapping_add(0x7F * LOW)) & (0x80 * LOW);
    while wildcards != 0 {
        let in_word = usize::from(wildcards.trailing_zeros().to_le_bytes()[0] / 8);
        if !fills_level(bytes, start + in_word) {
            return false;
        }
        wildcards &= wildcards - 1;
    }
    true
}

/// Whether the byte at this place is `+`, with nothing but separators beside it.
#[inline]
fn fills_level(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    let after = bytes.get(at + 1);
    bytes.get(at) == Some(&b'+') && matches!(before, None | Some(b'/')) && matches!(after, None | Some(b'/'))
}

/// Why a text is not a string of MQTT (1.5.3), and at which of its bytes; `None` when it is one.
#[cold]
#[inline(never)]
pub(crate) fn find_fault(bytes: &[u8]) -> Option<(Fault, usize)> {
    if has_no_nul(bytes) && core::str::from_utf8(bytes).is_ok() {
        return None;
    }
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

/// Whether a sender should avoid this character and a receiver may refuse it (1.5.3): a control character, U+0000 to
/// U+001F and U+007F to U+009F, or one of the 66 non-characters of Unicode.
///
/// U+0000 is more than discouraged: no string holds it [MQTT-1.5.3-2].
pub fn is_discouraged(c: char) -> bool {
    let code = u32::from(c);
    c.is_control() || matches!(code, 0xFDD0..=0xFDEF) || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn a_topic_is_not_empty() {
        assert!(is_plain(b"") && !is_plain_topic(b"") && !is_plain_filter(b""));
    }

    #[test]
    fn a_plain_filter_is_what_the_careful_check_accepts() {
        // Every text of up to 6 of the characters that matter, alone and inside longer ones.
        let alphabet = [b'a', b'/', b'+', b'#'];
        for len in 0..=6u32 {
            for number in 0..4usize.pow(len) {
                let text: std::vec::Vec<u8> = (0..len).map(|i| alphabet[number >> (2 * i) & 3]).collect();
                for (front, back) in
                    [("", ""), ("sport/", ""), ("", "/player"), ("sport/x/", "/tennis/player")]
                {
                    let text = [front.as_bytes(), &text, back.as_bytes()].concat();
                    let careful = crate::topic::find_filter_fault(&text).is_ok();
                    assert_eq!(is_plain_filter(&text), careful, "{:?}", core::str::from_utf8(&text));
                }
            }
        }
    }

    #[test]
    fn a_filter_with_wildcards_is_plain_only_without_odd_bytes() {
        for len in 2..=40 {
            let text = &mut [b'a'; 40][..len];
            text[..2].copy_from_slice(b"+/");
            assert!(is_plain_filter(text));
            for at in 2..len {
                for byte in 0..=255 {
                    text[at] = byte;
                    let careful = crate::topic::find_filter_fault(text).is_ok();
                    assert_eq!(is_plain_filter(text), careful, "{text:?}");
                }
                text[at] = b'a';
            }
        }
    }

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
