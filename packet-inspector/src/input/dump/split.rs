//! Tells a row's bytes from the text beside them.
//!
//! Text may look like hex (`be ad`), may stand one space from the bytes, or touch them.
//! What helps, from the most certain to the least: text that shows the very bytes before it,
//! the distance to the next row's offset, a wide gap, the usual length of a row.

use crate::input::column;
use crate::input::text;

use super::row::{Word, Words, group_bytes};

/// What the rows of a dump have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Bytes in a full row.
    pub(super) pitch: usize,
    /// Digits in a group.
    pub(super) width: usize,
    /// Most rows show text beside the bytes.
    pub(super) has_text: bool,
    /// A wide gap stands before the text.
    pub(super) wide_text: bool,
    /// A wide gap may stand after eight bytes.
    pub(super) middle_gap: bool,
}

/// The parts of a row.
#[derive(Debug, Default)]
pub(super) struct Split<'a> {
    pub(super) bytes: Vec<u8>,
    /// What stands beside the bytes.
    pub(super) text: Option<&'a str>,
    /// The text touches the last byte.
    pub(super) glued: bool,
    /// Words among the bytes that are not hex.
    pub(super) strangers: Vec<Stranger<'a>>,
}

/// A word that stands where a byte belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stranger<'a> {
    pub(super) word: &'a str,
    /// Its index in the row's text.
    pub(super) at: usize,
    /// How many bytes of the row stand before it.
    pub(super) bytes_before: usize,
}

/// A place where the bytes may end.
#[derive(Clone, Copy, Debug)]
struct Cut {
    bytes: usize,
    /// Index behind the last digit.
    end: usize,
    /// A wide gap, or a tab, follows.
    wide: bool,
    tab: bool,
}

/// Splits a row; `expected` is the distance to the next row's offset where that is plausible.
pub(super) fn split<'a>(hex: &'a str, expected: Option<usize>, shape: &Shape) -> Split<'a> {
    let mut run = Run::read(hex, expected, shape);
    let Some(cut) = run.choose(expected, shape) else {
        return Split { strangers: run.strangers, ..Split::default() };
    };
    let is_whole = run.cuts.last().is_some_and(|last| last.end == cut.end);
    let end = if is_whole { run.end } else { cut.end };
    let mut text = hex.get(end..).unwrap_or("").trim_matches(text::is_blank);
    let mut glued = false;
    run.bytes.truncate(cut.bytes);
    run.strangers.retain(|stranger| stranger.at < end);
    if let (true, Some(word)) = (is_whole, run.stop)
        && let Some(digits) = glued_digits(word, &run.bytes, text, expected, shape)
    {
        text::push_pairs(text.get(..digits).unwrap_or(""), &mut run.bytes);
        text = text.get(digits..).unwrap_or("");
        glued = true;
    }
    let text = (!text.is_empty()).then_some(text);
    Split { bytes: run.bytes, text, glued, strangers: run.strangers }
}

/// The words of a row up to the first that cannot be hex.
#[derive(Debug, Default)]
struct Run<'a> {
    hex: &'a str,
    bytes: Vec<u8>,
    cuts: Vec<Cut>,
    strangers: Vec<Stranger<'a>>,
    stop: Option<Word<'a>>,
    /// Index behind the last byte or stranger.
    end: usize,
}

impl<'a> Run<'a> {
    fn read(hex: &'a str, expected: Option<usize>, shape: &Shape) -> Self {
        let mut run = Self { hex, ..Self::default() };
        let mut words = Words::new(hex);
        while let Some(word) = words.next() {
            if let Some(last) = run.cuts.last_mut() {
                (last.wide, last.tab) = (word.wide, word.tab);
            }
            if group_bytes(word.text, shape.width).is_some() {
                text::push_pairs(text::without_0x(word.text), &mut run.bytes);
                let end = word.at + word.text.len();
                run.cuts.push(Cut { bytes: run.bytes.len(), end, wide: false, tab: false });
            } else if run.is_glued(word, &words, expected, shape) {
                text::push_pairs(word.text, &mut run.bytes);
                let end = word.at + word.text.len();
                run.cuts.push(Cut { bytes: run.bytes.len(), end, wide: false, tab: false });
            } else if run.is_stranger(word, &words, expected, shape) {
                let bytes_before = run.bytes.len();
                run.strangers.push(Stranger { word: word.text, at: word.at, bytes_before });
            } else {
                run.stop = Some(word);
                break;
            }
            run.end = word.at + word.text.len();
        }
        run
    }

    /// Whether a word holds several bytes that have lost the blanks between them.
    fn is_glued(&self, word: Word<'_>, after: &Words<'_>, expected: Option<usize>, shape: &Shape) -> bool {
        let Some(count) = group_bytes(word.text, word.text.len()) else { return false };
        let inner_gap = |bytes: usize| shape.middle_gap && bytes == 8;
        if word.text.starts_with("0x") || (word.wide && !inner_gap(self.bytes.len())) {
            return false;
        }
        let mut total = self.bytes.len() + self.strangers.len() + count;
        let mut ends_wide = false;
        let mut after = after.clone();
        let follows = after.next();
        for next in follows.into_iter().chain(after) {
            if next.wide && !inner_gap(total) {
                ends_wide = true;
                break;
            }
            let Some(more) = group_bytes(next.text, next.text.len()) else {
                // One that was misread counts as well, the text does not.
                total += usize::from(next.text.len() == shape.width && text::lookalike(next.text).is_some());
                if total > shape.pitch {
                    return false;
                }
                continue;
            };
            total += more;
        }
        match expected {
            Some(expected) => total == expected,
            // In the last row, only where no text can stand in the word's place.
            None => total <= shape.pitch && (!shape.has_text || (shape.wide_text && ends_wide)),
        }
    }

    /// Whether a word that is not hex stands where a byte belongs, rather than where the text begins.
    fn is_stranger(&self, word: Word<'_>, after: &Words<'_>, expected: Option<usize>, shape: &Shape) -> bool {
        let limit = expected.unwrap_or(shape.pitch);
        let place = self.bytes.len() + self.strangers.len() + 1;
        let inner_gap = shape.middle_gap && self.bytes.len() == 8;
        if place > limit || word.text.len() > shape.width.max(3) || (word.wide && !inner_gap) {
            return false;
        }
        let is_hex = |word: &Word<'_>| group_bytes(word.text, shape.width).is_some();
        let mut after = after.clone();
        match after.next() {
            None => {
                let fits = expected.is_none_or(|expected| expected == place);
                let may_be_text = shape.has_text && !shape.wide_text;
                let shows_bytes = column::is_same(&self.bytes, word.text);
                fits && word.text.len() == 2 && !may_be_text && !shows_bytes
            }
            // The gap ends the bytes: what stands before it is meant as one.
            Some(next) if next.wide && !is_hex(&next) => {
                let fits = expected.map_or(shape.wide_text, |expected| expected == place);
                fits && word.text.len() == 2
            }
            Some(next) if place < limit && is_hex(&next) => {
                let mut column = after.clone().take_while(|word| !word.wide);
                expected.is_some()
                    || !shape.has_text
                    || (shape.wide_text && column.all(|word| word.text.len() == 2))
                    || after.all(|word| is_hex(&word) || word.wide)
            }
            Some(_) => false,
        }
    }

    fn choose(&self, expected: Option<usize>, shape: &Shape) -> Option<Cut> {
        /// Rows of more bytes are not searched for text between any two of their words.
        const MAX_SEARCHED: usize = 1024;
        /// A row with more wide gaps has them between its groups.
        const MAX_WIDE: usize = 3;
        let (last, inner) = self.cuts.split_last()?;
        if self.stop.is_some() && self.shows_bytes(*last) {
            return Some(*last);
        }
        let wide: Vec<_> = inner.iter().filter(|cut| cut.wide).take(MAX_WIDE + 1).collect();
        let wide = if wide.len() > MAX_WIDE { Vec::new() } else { wide };
        if let Some(cut) = wide.iter().find(|cut| self.shows_bytes(***cut)) {
            return Some(**cut);
        }
        let fits = expected == Some(last.bytes);
        let may_hold_text = !fits && (shape.has_text || last.bytes > shape.pitch);
        if may_hold_text
            && last.bytes <= MAX_SEARCHED
            && let Some(cut) = inner.iter().find(|cut| self.shows_bytes(**cut))
        {
            return Some(*cut);
        }
        // The gap before the text is where the bytes end, even when they are too many.
        let surplus = last.bytes > shape.pitch && shape.wide_text && self.stop.is_some_and(|stop| stop.wide);
        let is_middle = |cut: &Cut| {
            let moved = cut.bytes.abs_diff(8);
            shape.middle_gap && shape.pitch > 8 && (moved == 0 || (surplus && moved == 1))
        };
        if let Some(cut) = wide.iter().find(|cut| cut.tab || !(fits || is_middle(cut))) {
            return Some(**cut);
        }
        if shape.has_text && last.bytes > shape.pitch && !surplus {
            return inner.iter().find(|cut| cut.bytes == shape.pitch).or(Some(last)).copied();
        }
        Some(*last)
    }

    /// Whether what follows the cut is text that shows exactly the bytes before it.
    fn shows_bytes(&self, cut: Cut) -> bool {
        let bytes = self.bytes.get(..cut.bytes).unwrap_or(&self.bytes);
        let column = self.hex.get(cut.end..).unwrap_or("").trim_matches(text::is_blank);
        !column.is_empty() && column::is_same(bytes, column)
    }
}

/// How many digits at the start of `text` are the row's last bytes, which the text touches.
fn glued_digits(
    word: Word<'_>,
    bytes: &[u8],
    text: &str,
    expected: Option<usize>,
    shape: &Shape,
) -> Option<usize> {
    if word.wide || column::is_same(bytes, text) {
        return None;
    }
    let prefixed = word.text.bytes().take_while(u8::is_ascii_hexdigit).count();
    let most = prefixed.min(shape.width) / 2;
    (1..=most).rev().map(|count| (bytes.len() + count, count * 2)).find_map(|(total, digits)| {
        let fits = match expected {
            Some(expected) => total == expected,
            // Without a next row: only where text never stands one space from the bytes.
            None => shape.wide_text && total <= shape.pitch,
        };
        fits.then_some(digits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { pitch: 16, width: 2, has_text: true, wide_text: true, middle_gap: false };

    #[track_caller]
    fn splits(row: &str, expected: Option<usize>, bytes: &str, text: Option<&str>) {
        let split = split(row, expected, &SHAPE);
        assert_eq!((hex::encode(&split.bytes).as_str(), split.text), (bytes, text), "{row}");
        assert!(split.strangers.is_empty(), "{row}");
    }

    #[test]
    fn text_that_looks_like_hex_stays_text() {
        splits("61 62 20 63 64  ab cd", None, "6162206364", Some("ab cd"));
        splits("61 62 20 63 64 ab cd", None, "6162206364", Some("ab cd"));
        splits("66 61 64 65 fade", None, "66616465", Some("fade"));
        splits("31 32\tbe", Some(2), "3132", Some("be"));
        splits("31 32\tbe", Some(3), "3132", Some("be"));
    }

    #[test]
    fn a_row_never_has_more_bytes_than_the_others() {
        let row = "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f be ad";
        splits(row, None, "000102030405060708090a0b0c0d0e0f", Some("be ad"));
    }

    #[test]
    fn a_gap_by_accident_does_not_end_a_row() {
        splits("00 01  02 03", Some(4), "00010203", None);
    }

    #[test]
    fn a_single_letter_is_not_a_byte() {
        splits(
            "74 65 72 6e 65 74 49 4f 54 t e r n e t I O T",
            None,
            "7465726e6574494f54",
            Some("t e r n e t I O T"),
        );
        splits("62 b", None, "62", Some("b"));
    }

    #[test]
    fn glued_text_is_taken_apart() {
        let split = split("4e b7 06 a7[.N", Some(4), &SHAPE);
        assert_eq!(split.bytes, [0x4e, 0xb7, 0x06, 0xa7]);
        assert_eq!((split.text, split.glued), (Some("[.N"), true));
    }

    #[test]
    fn a_misread_byte_is_a_stranger() {
        let split = split("4e g7 06 a7  N...", Some(4), &SHAPE);
        assert_eq!(split.bytes, [0x4e, 0x06, 0xa7]);
        assert_eq!(split.strangers[0].word, "g7");
        assert_eq!(split.strangers[0].bytes_before, 1);
        assert_eq!(split.text, Some("N..."));
    }

    #[test]
    fn a_short_row_before_spaced_text_has_no_stranger() {
        splits("42 1f 50 B. P. be ad", Some(4), "421f50", Some("B. P. be ad"));
    }
}
