//! The input as text: decoding, lines, columns and how a piece of it is quoted in a message.

use std::borrow::Cow;

use mqtt_codec::is_hostile;

/// Decodes UTF-8, or UTF-16 with a byte order mark; what is neither becomes U+FFFD.
pub(super) fn decode(input: &[u8]) -> Cow<'_, str> {
    match input {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(input),
    }
}

fn utf16(input: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = input.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Whether it separates words: blanks, no-break and zero-width spaces, and what was not UTF-8
/// (mostly a no-break space in Latin-1).
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fffd}' | '\u{ad}')
}

/// The lines with their numbers, from 1, without line ends.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().zip(1..).map(|(line, number)| (number, line))
}

/// The column, from 1, of the byte at index `at` of a line.
pub(super) fn column(line: &str, at: usize) -> usize {
    line.get(..at).unwrap_or(line).chars().count().saturating_add(1)
}

/// A piece of the input in quotes, cut to a length that a message can hold.
pub(super) fn quote(piece: &str) -> String {
    const MAX_CHARS: usize = 24;
    let mut quoted = String::from('"');
    for (i, c) in piece.chars().enumerate() {
        if i == MAX_CHARS {
            quoted.push_str("...");
            break;
        }
        if is_hostile(c) {
            quoted.extend(c.escape_default());
        } else {
            quoted.push(c);
        }
    }
    quoted.push('"');
    quoted
}

/// The value of a hex digit.
pub(super) fn digit(c: char) -> Option<u8> {
    c.to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Appends the bytes of pairs of hex digits; a last lone digit is left out.
pub(super) fn push_pairs(digits: &str, out: &mut Vec<u8>) {
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    out.extend(
        pairs
            .iter()
            .filter_map(|[high, low]| Some(digit(char::from(*high))? << 4 | digit(char::from(*low))?)),
    );
}

/// Whether it is one or more hex digits and nothing else.
pub(super) fn is_hex(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The word without a leading `0x`.
pub(super) fn without_0x(word: &str) -> &str {
    word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")).unwrap_or(word)
}

/// What a misread word of hex may have been, when letters that look like digits explain it.
pub(super) fn lookalike(word: &str) -> Option<String> {
    let read: String = word
        .chars()
        .map(|c| looks_like_digit(c).and_then(|digit| char::from_digit(digit, 16)).unwrap_or(c))
        .collect();
    is_hex(&read).then_some(read)
}

/// The digit that a letter looks like.
pub(crate) fn looks_like_digit(c: char) -> Option<u32> {
    Some(match c {
        'O' | 'o' | 'Q' => 0,
        'I' | 'l' | '|' | 'i' => 1,
        'Z' | 'z' => 2,
        'S' | 's' => 5,
        'G' => 6,
        'g' | 'q' => 9,
        _ => return None,
    })
}

/// A position in a text that is read character by character.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    pub(super) rest: &'a str,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1, column: 1 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        if c == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(c)
    }

    /// Takes characters as long as `wanted` holds.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let before = self.rest;
        while self.peek().is_some_and(&wanted) {
            self.next();
        }
        before.get(..before.len().saturating_sub(self.rest.len())).unwrap_or("")
    }

    /// Goes past a comment (`//`, `#`, `/* */`) when one begins here.
    pub(super) fn skip_comment(&mut self) -> bool {
        if self.rest.starts_with("//") || self.rest.starts_with('#') {
            self.take_while(|c| c != '\n');
            return true;
        }
        if !self.rest.starts_with("/*") {
            return false;
        }
        self.next();
        self.next();
        while !self.rest.starts_with("*/") && self.next().is_some() {}
        self.next();
        self.next();
        true
    }

    /// The place in words, for a message.
    pub(super) fn place(&self) -> String {
        place(self.line, self.column)
    }
}

/// A place in words, for a message.
pub(super) fn place(line: usize, column: usize) -> String {
    format!("line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_understood() {
        assert_eq!(decode(b"\xef\xbb\xbf10"), "10");
        assert_eq!(decode(b"\xff\xfe1\x000\x00"), "10");
        assert_eq!(decode(b"\xfe\xff\x001\x000"), "10");
        assert_eq!(decode(b"10\xa015"), "10\u{fffd}15");
    }

    #[test]
    fn a_scanner_knows_its_place() {
        let mut scanner = Scanner::new("a\n/* x\n */é1");
        scanner.next();
        scanner.next();
        assert!(scanner.skip_comment());
        scanner.next();
        assert_eq!((scanner.place().as_str(), scanner.peek()), ("line 3, column 5", Some('1')));
    }

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quote("a\u{7}b"), "\"a\\u{7}b\"");
        assert_eq!(quote("\u{202e}"), "\"\\u{202e}\"");
        assert_eq!(quote(&"x".repeat(30)).len(), 29);
    }

    #[test]
    fn lookalikes_are_digits() {
        assert_eq!(lookalike("O0").as_deref(), Some("00"));
        assert_eq!(lookalike("g0").as_deref(), Some("90"));
        assert_eq!(lookalike("x0"), None);
    }
}
