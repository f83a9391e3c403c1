//! JSON by appending to a buffer. The codec's bytes become strings that mislead neither terminals nor readers.

use crate::capture::Span;
use crate::dissect::text;

/// A number.
pub(super) fn number(number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Seconds with nine places, in quotes.
pub(super) fn seconds(span: Span, out: &mut Vec<u8>) {
    out.push(b'"');
    span.write(out);
    out.push(b'"');
}

pub(super) fn flag(flag: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if flag { b"true" } else { b"false" });
}

/// A string; bytes that are not well-formed UTF-8 stand in it as `\xNN`.
pub(super) fn string(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        // A string can always be written as JSON.
        let json = serde_json::to_string(&text::lossless(bytes)).unwrap_or_default();
        escaped(&json, out);
    }
}

/// A string or null.
pub(super) fn optional(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => string(text.as_bytes(), out),
        None => out.extend_from_slice(b"null"),
    }
}

/// Bytes in hex.
pub(super) fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    text::hex(bytes, out);
    out.push(b'"');
}

/// JSON that is written, with characters escaped that could mislead a terminal or a reader: JSON allows that for any
/// character in a string, and outside of strings there are none.
pub(super) fn escaped(json: &str, out: &mut Vec<u8>) {
    let mut rest = json;
    while let Some((at, c)) = rest.char_indices().find(|&(_, c)| text::is_hostile(c)) {
        let (plain, behind) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
        }
        rest = behind.get(c.len_utf8()..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
}
