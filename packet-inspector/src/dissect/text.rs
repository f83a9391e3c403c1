//! Bytes and strings as people can read them, and as terminals can't be misled by them.

use std::fmt::Write as _;

/// The most characters of one value in a line; the rest is counted.
const MOST_SHOWN: usize = 160;

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

/// The same for people: control characters, and those that change the direction of writing, as escapes.
pub fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for c in lossless(bytes).chars() {
        let turns_direction =
            matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns_direction || c == '\u{FEFF}' {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}

/// At most a line of it, and how long it is.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((cut, _)) => format!("{}… ({} bytes)", text.get(..cut).unwrap_or(text), text.len()),
        None => text.to_owned(),
    }
}

/// Bytes as hex without spaces, as Wireshark shows a payload.
pub(super) fn hex_shortened(bytes: &[u8]) -> String {
    match bytes.get(..MOST_SHOWN / 2) {
        Some(start) if bytes.len() > start.len() => {
            format!("{}… ({} bytes)", hex::encode(start), bytes.len())
        }
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
    fn long_values_are_cut_and_counted() {
        assert_eq!(hex_shortened(&[7; 81]), format!("{}… (81 bytes)", "07".repeat(80)));
        assert_eq!(hex_shortened(&[7; 80]), "07".repeat(80));
        assert_eq!(shortened(&"ä".repeat(161)), format!("{}… (322 bytes)", "ä".repeat(160)));
    }
}
