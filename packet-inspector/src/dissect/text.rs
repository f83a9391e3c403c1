//! Bytes and strings as people can read them, and as terminals can't be misled by them.

use std::fmt::Write as _;

pub use mqtt_codec::is_hostile;

/// The most characters of one value in a line; the rest is counted.
const MOST_SHOWN: usize = 220;

/// The most bytes of one value in a line, as in Wireshark.
const MOST_BYTES_SHOWN: usize = 36;

/// The text that a payload holds: well-formed UTF-8 without control characters but tab and line ends.
pub fn as_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')).then_some(text)
}

/// The string itself; bytes that are not well-formed UTF-8 as `\xNN`.
pub fn lossless(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The same for people: [hostile](is_hostile) characters as escapes.
pub fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for c in lossless(bytes).chars() {
        if is_hostile(c) {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}

/// At most a line of it, and how long it is.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((cut, _)) => format!("{}… ({} bytes)", text.get(..cut).unwrap_or(text), text.len()),
        None => text.to_owned(),
    }
}

/// Appends bytes as hex without spaces.
pub(crate) fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + 2 * bytes.len(), 0);
    if let Some(place) = out.get_mut(at..) {
        // The place is twice as long, which is all that can go wrong.
        let _ = hex::encode_to_slice(bytes, place);
    }
}

/// Bytes as hex without spaces, cut where Wireshark cuts a payload.
pub(crate) fn hex_shortened(bytes: &[u8]) -> String {
    match bytes.get(..MOST_BYTES_SHOWN) {
        Some(start) if bytes.len() > start.len() => format!("{}…", hex::encode(start)),
        _ => hex::encode(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_as_a_command() {
        assert_eq!(visible(b"a\x1b[31m\r\n\xff\xe2\x80\xae!"), "a\\u{1b}[31m\\r\\n\\xff\\u{202e}!");
        assert_eq!(visible("größe".as_bytes()), "größe");
    }

    #[test]
    fn text_is_what_people_wrote() {
        assert_eq!(as_text(b"IOT\n"), Some("IOT\n"));
        assert_eq!(as_text(b""), Some(""));
        assert_eq!(as_text(b"\x00a"), None);
        assert_eq!(as_text(b"\xff"), None);
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(hex_shortened(&[7; 37]), format!("{}…", "07".repeat(36)));
        assert_eq!(hex_shortened(&[7; 36]), "07".repeat(36));
        assert_eq!(shortened(&"ä".repeat(221)), format!("{}… (442 bytes)", "ä".repeat(220)));
    }
}
