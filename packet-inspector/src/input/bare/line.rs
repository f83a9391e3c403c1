//! Tells lines of bytes from labels and from prose.

use crate::finding::Severity;
use crate::input::text;

use super::{Kind, weigh, words};

/// What a line of bare hex is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line {
    /// Hex from the index `at` on, and whether a label stands before it.
    Data { at: usize, labelled: bool },
    /// Blank, a comment or a label.
    Expected,
    /// None of these.
    Unknown(Severity),
}

fn is_byte(word: &str) -> bool {
    word.len() == 2 && text::is_hex(word)
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
}

/// Whether the bytes come first, and words after them; `be careful` does not begin with a byte.
pub(super) fn begins_with_bytes(line: &str) -> bool {
    let mut all = words(line).map(|(_, word)| word);
    let (Some(first), second) = (all.next(), all.next()) else { return false };
    let pairs = matches!(Kind::of(first), Kind::Pairs(_));
    (pairs && (has_digit(first) || (is_byte(first) && second.is_some_and(is_byte))))
        // As long as bytes, all of them: most were misread.
        || (names_a_byte(line) && words(line).all(|(_, word)| word.chars().count() == 2))
}

/// Whether a word among others is a byte; letters alone may be a word (`be`, `ad`).
pub(super) fn names_a_byte(line: &str) -> bool {
    words(line).any(|(_, word)| is_byte(word) && has_digit(word))
}

/// Behind a label such as `CONNACK` or `TCP payload (4 bytes):`, the index of the hex if there is any.
pub(super) fn after_label(line: &str) -> Option<Option<usize>> {
    let is_label = |label: &str| {
        let (hex, other) = weigh(label);
        other > hex && words(label).any(|(_, word)| word.len() > 2 && matches!(Kind::of(word), Kind::Bad))
    };
    let marked = line
        .rmatch_indices([':', '='])
        .map(|(at, _)| at + 1)
        .find(|at| line.get(*at..).is_some_and(|rest| rest.starts_with(|c| text::is_blank(c) || c == '"')));
    if let Some((label, rest)) = marked.and_then(|at| line.split_at_checked(at))
        && is_label(label)
    {
        return Some(is_likely_data(rest).then_some(label.len()));
    }
    // Without a mark, the label is a word and all that follows are bytes.
    let is_word = |word: &str| word.len() > 2 && word.chars().all(char::is_alphabetic);
    let mut words = words(line).skip_while(|(_, word)| is_word(word) && matches!(Kind::of(word), Kind::Bad));
    let (at, first) = words.next()?;
    let (_, second) = words.next()?;
    let all_bytes = is_byte(first) && is_byte(second) && words.all(|(_, word)| is_byte(word));
    (at > 0 && all_bytes).then_some(Some(at))
}

/// Whether it looks like bytes rather than a number, a time or an address behind a label.
fn is_likely_data(rest: &str) -> bool {
    let (hex, other) = weigh(rest);
    let count = words(rest).count();
    if other > 0 || hex == 0 {
        return false;
    }
    if rest.contains(':') {
        return count > 6 && words(rest).all(|(_, word)| word.len() == 2);
    }
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let letters = hex.saturating_sub(digits);
    count >= 2 || hex >= 8 || (hex >= 4 && letters > 0 && digits > 0)
}
