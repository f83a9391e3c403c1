//! The text column beside hex bytes: does it say the same as the bytes?

use super::text;

/// How a text column agrees with the bytes beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// Each character is what a dump prints for its byte.
    Same,
    /// The right number of characters; these differ from the bytes at these indices.
    Differs(Vec<(usize, char)>),
    /// Too few or too many characters, or so many wrong ones that nothing can be said.
    Damaged,
}

/// Up to so many differences are believed in a short column.
const FEW: usize = 4;

/// Compares a text column, without blanks around it, to its bytes.
pub(crate) fn compare(bytes: &[u8], text: &str) -> Agreement {
    let readings = readings(bytes, text);
    if readings.iter().any(Reading::is_same) {
        return Agreement::Same;
    }
    let differing = readings.iter().find_map(Reading::differences).unwrap_or_default();
    // A space beside another byte: the column has lost characters and was filled up.
    let collapsed = differing.iter().any(|(_, c)| *c == ' ');
    if differing.is_empty() || collapsed || differing.len() > FEW.max(bytes.len() / 2) {
        Agreement::Damaged
    } else {
        Agreement::Differs(differing)
    }
}

/// Whether the column shows exactly the bytes; stops at the first character that does not.
pub(super) fn is_same(bytes: &[u8], text: &str) -> bool {
    readings(bytes, text).iter().any(Reading::is_same)
}

/// A way to lay a text column beside bytes.
#[derive(Clone, Copy, Debug)]
struct Reading<'a> {
    bytes: &'a [u8],
    /// Index of the first of the bytes in the row.
    from: usize,
    text: &'a str,
    /// The column has a space in its middle, as the hex has.
    gap: bool,
}

fn readings<'a>(bytes: &'a [u8], text: &'a str) -> [Reading<'a>; 6] {
    let whole = Reading { bytes, from: 0, text, gap: false };
    // An editor may have trimmed spaces at the end, and at the start they are lost among the separators.
    let from = bytes.iter().take_while(|byte| **byte == b' ').count();
    let rest = bytes.get(from..).unwrap_or(&[]);
    let trailing = rest.iter().rev().take_while(|byte| **byte == b' ').count();
    let rest = rest.get(..rest.len() - trailing).unwrap_or(rest);
    let trimmed = Reading { bytes: rest, from, ..whole };
    let text = undelimited(text);
    [
        whole,
        Reading { gap: true, ..whole },
        Reading { text, ..whole },
        trimmed,
        Reading { gap: true, ..trimmed },
        Reading { text, ..trimmed },
    ]
}

impl Reading<'_> {
    /// Where the spaces of a gap would be.
    fn skipped(&self) -> usize {
        if self.gap { 8usize.saturating_sub(self.from) } else { usize::MAX }
    }

    fn chars(&self) -> impl Iterator<Item = char> {
        let skipped = self.skipped();
        self.text.chars().enumerate().filter(move |(i, _)| *i != skipped).map(|(_, c)| c)
    }

    /// Whether the number of characters may be right; without counting those of a whole line.
    fn is_possible(&self) -> bool {
        self.text.len() >= self.bytes.len()
            && self.text.len() / 4 <= self.bytes.len()
            && (!self.gap || self.text.chars().nth(self.skipped()) == Some(' '))
    }

    fn is_same(&self) -> bool {
        let mut chars = self.chars();
        self.is_possible()
            && self.bytes.iter().all(|byte| chars.next().is_some_and(|c| shows(c, *byte)))
            && chars.next().is_none()
    }

    /// The characters that differ from the bytes; nothing when their numbers differ.
    fn differences(&self) -> Option<Vec<(usize, char)>> {
        let mut chars = self.chars();
        let mut differing = Vec::new();
        if !self.is_possible() {
            return None;
        }
        for (byte, at) in self.bytes.iter().zip(self.from..) {
            let c = chars.next()?;
            if !shows(c, *byte) {
                differing.push((at, c));
            }
        }
        chars.next().is_none().then_some(differing)
    }
}

/// Whether a dump prints `byte` as `c`.
fn shows(c: char, byte: u8) -> bool {
    match byte {
        b' ' => c == '.' || text::is_blank(c),
        0x21..=0x7e => c == char::from(byte),
        // Latin-1 and code page columns, and Wireshark's middle dot.
        _ => c == '.' || !c.is_ascii(),
    }
}

/// The column without the `|` or `>` and `<` that hexdump and od print around it.
fn undelimited(text: &str) -> &str {
    for (open, close) in [('|', '|'), ('>', '<')] {
        let inner =
            text.strip_prefix(open).and_then(|rest| rest.rfind(close).and_then(|end| rest.get(..end)));
        if let Some(inner) = inner {
            return inner;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn agrees(bytes: &[u8], text: &str) {
        assert_eq!(compare(bytes, text), Agreement::Same, "{text:?}");
    }

    #[test]
    fn what_the_tools_print_agrees() {
        agrees(b"\x10\x15\0\x04MQTT", "....MQTT");
        agrees(b"\x10\x15\0\x04MQTT", "|....MQTT|");
        agrees(b"\x10\x15\0\x04MQTT", ">....MQTT<");
        agrees(b"\x10\x15\0\x04MQTT", "····MQTT");
        agrees(b"\x10\x15\0\x04MQTT\0\x01", "....MQTT ..");
        agrees(b"a b", "a b");
        agrees(b"a b", "a.b");
    }

    #[test]
    fn trimmed_spaces_agree() {
        agrees(b"ab  ", "ab");
        agrees(b"  ab ", "ab");
        agrees(b"  ab ", "|  ab |");
    }

    #[test]
    fn a_column_may_begin_with_a_delimiter_of_another_tool() {
        agrees(b">W<", ">W<");
        agrees(b"|", "|");
    }

    #[test]
    fn wrong_characters_are_named() {
        assert_eq!(compare(b"MQTT", "MOTT"), Agreement::Differs(vec![(1, 'O')]));
        assert_eq!(compare(b"  MQTT", "MOTT"), Agreement::Differs(vec![(3, 'O')]));
    }

    #[test]
    fn a_collapsed_column_is_damaged() {
        assert_eq!(compare(b"\0\0\0MQTT", ".MQTT"), Agreement::Damaged);
        assert_eq!(compare(b"\0MQTT", " MQTT"), Agreement::Damaged);
        assert_eq!(compare(b"MQTT internet", "abcdefghijklm"), Agreement::Damaged);
    }
}
