//! Finds the row of a dump in a line: an offset, then hex bytes.

use crate::input::text;

/// A line that looks like a row of a dump.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    /// Line of the input.
    pub(super) line: usize,
    /// The whole line.
    pub(super) content: &'a str,
    /// The offset's digits as printed.
    pub(super) digits: &'a str,
    pub(super) offset: usize,
    /// The offset is read from letters that look like digits.
    pub(super) misread: bool,
    /// A colon follows the offset.
    pub(super) colon: bool,
    /// `0x` stands before the offset.
    pub(super) prefixed: bool,
    /// The rest of the line, from the first byte on; empty for the final offset of a dump.
    pub(super) hex: &'a str,
    /// Digits in the first group: 2 for bytes, 4 for xxd and tcpdump.
    pub(super) width: usize,
    /// Groups and bytes up to the first word that is not hex: may include text that looks like it.
    pub(super) groups: usize,
    pub(super) bytes: usize,
    /// Something follows that is not hex.
    pub(super) has_text: bool,
    /// A wide gap stands before what is not hex.
    pub(super) wide_text: bool,
    /// A wide gap stands after eight bytes, and more than eight follow.
    pub(super) middle_gap: bool,
    /// A blank line or a line of text stands between the last row and this.
    pub(super) separated: bool,
    /// The line of a `*` after this row: it stands for more rows like this.
    pub(super) star: Option<usize>,
}

impl<'a> Row<'a> {
    /// Looks at the start of the line, then behind wide gaps: the packet tree may stand beside the dump.
    pub(super) fn find(line: usize, content: &'a str) -> Option<Self> {
        let quoted = |c| text::is_blank(c) || c == '>' || c == '|';
        let start = content.trim_start_matches(quoted).trim_end_matches(text::is_blank);
        if let Some(row) = Self::at_start(line, content, start) {
            return Some(row);
        }
        Words::new(start)
            .filter(|word| word.wide && word.text.starts_with(|c: char| c.is_ascii_hexdigit()))
            .filter_map(|word| start.get(word.at..))
            .find_map(|rest| Self::at_start(line, content, rest).filter(|row| !row.hex.is_empty()))
    }

    /// A row whose offset holds letters that look like digits, below a row like it.
    pub(super) fn find_misread(line: usize, content: &'a str, last: &Self) -> Option<Self> {
        let start = content.trim_start_matches(text::is_blank);
        let mut words = Words::new(start);
        let first = words.next()?;
        let digits = first.text.trim_end_matches(':');
        let read = text::lookalike(digits).filter(|_| digits.len() == last.digits.len())?;
        let hex = start.get(first.text.len()..)?.trim_matches(text::is_blank);
        let offset = usize::from_str_radix(&read, 16).ok()?;
        let mut row = Self { line, content, digits, offset, misread: true, hex, star: None, ..*last };
        (row.groups, row.bytes) = (0, 0);
        (row.has_text, row.wide_text, row.middle_gap) = (false, false, false);
        // As many bytes as hardly stand in a line of text.
        let is_row = row.count() && row.width == last.width && row.bytes >= 4;
        is_row.then_some(row)
    }

    fn at_start(line: usize, content: &'a str, start: &'a str) -> Option<Self> {
        let end = start.find(text::is_blank).unwrap_or(start.len());
        let (word, rest) = start.split_at_checked(end)?;
        let unprefixed = text::without_0x(word);
        let digits = unprefixed.trim_end_matches(':');
        let colon = digits.len() + 1 == unprefixed.len();
        let least = if colon { 2 } else { 4 };
        if !(colon || digits.len() == unprefixed.len())
            || !(least..=16).contains(&digits.len())
            || !text::is_hex(digits)
        {
            return None;
        }
        let mut row = Self {
            line,
            content,
            digits,
            offset: usize::from_str_radix(digits, 16).ok()?,
            misread: false,
            colon,
            prefixed: unprefixed.len() < word.len(),
            hex: after_symbol(rest.trim_matches(text::is_blank)),
            width: 2,
            groups: 0,
            bytes: 0,
            has_text: false,
            wide_text: false,
            middle_gap: false,
            separated: false,
            star: None,
        };
        row.count().then_some(row)
    }

    /// Counts the groups; whether it is a row at all.
    fn count(&mut self) -> bool {
        let mut words = Words::new(self.hex).peekable();
        let Some(first) = words.peek() else {
            return !self.colon;
        };
        let digits = text::without_0x(first.text);
        let is_group = text::is_hex(digits) && digits.len() >= 2;
        if is_group {
            self.width = digits.len();
        } else {
            // A misread first byte, with a byte behind it.
            let second = Words::new(self.hex).nth(1);
            let is_byte = |w: &Word<'_>| w.text.len() == 2 && text::is_hex(w.text) && !w.wide;
            if first.text.len() > 2 || !second.as_ref().is_some_and(is_byte) {
                return false;
            }
        }
        let mut wide_at_eight = false;
        while let Some(word) = words.next() {
            let Some(count) = group_bytes(word.text, self.width) else {
                self.has_text = true;
                // Behind a byte that is damaged, the gap before the text may still come.
                self.wide_text = word.wide || (is_damaged(&word) && gap_follows(words));
                break;
            };
            wide_at_eight |= word.wide && self.bytes == 8;
            self.groups += 1;
            self.bytes += count;
        }
        self.middle_gap = wide_at_eight && self.bytes > 8;
        true
    }

    /// Words and octal numbers do not tell the bytes' order: `hexdump` and `od` without options.
    pub(super) fn shows_words(&self) -> bool {
        matches!(self.digits.len(), 6 | 7)
            && !self.colon
            && self.offset == 0
            && matches!(self.width, 3 | 4 | 6)
    }

    /// Column of a place in `hex`.
    pub(super) fn column(&self, at: usize) -> usize {
        self.column_of(self.hex.get(at..).unwrap_or(""))
    }

    /// Column of a part of the line.
    pub(super) fn column_of(&self, part: &str) -> usize {
        text::column(self.content, part.as_ptr().addr().saturating_sub(self.content.as_ptr().addr()))
    }
}

/// A byte that was misread, or bytes without the blanks between them.
fn is_damaged(word: &Word<'_>) -> bool {
    word.text.len().is_multiple_of(2) && text::lookalike(word.text).is_some()
}

/// Whether only bytes stand before the next wide gap, and there is one.
fn gap_follows<'a>(mut words: impl Iterator<Item = Word<'a>>) -> bool {
    words.find(|word| word.wide || !is_damaged(word)).is_some_and(|word| word.wide)
}

/// gdb prints `<symbol+8>:` between address and bytes.
fn after_symbol(rest: &str) -> &str {
    let end = rest.find(text::is_blank).unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((word, rest)) if word.starts_with('<') && word.ends_with(">:") => {
            rest.trim_start_matches(text::is_blank)
        }
        _ => rest,
    }
}

/// The bytes of a group of hex digits no wider than `width` digits.
pub(super) fn group_bytes(word: &str, width: usize) -> Option<usize> {
    let digits = text::without_0x(word);
    let is_group = digits.len() <= width && digits.len().is_multiple_of(2) && text::is_hex(digits);
    is_group.then_some(digits.len() / 2)
}

/// A word of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// Index of its first byte.
    pub(super) at: usize,
    /// Two blanks or more, or a tab, stand before it.
    pub(super) wide: bool,
    /// A tab stands before it.
    pub(super) tab: bool,
}

/// The words of a line.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self { line, at: 0 }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let rest = self.line.get(self.at..)?;
        let word = rest.trim_start_matches(text::is_blank);
        let gap = rest.get(..rest.len() - word.len())?;
        let end = word.find(text::is_blank).unwrap_or(word.len());
        let text = word.get(..end).filter(|text| !text.is_empty())?;
        let at = self.at + gap.len();
        self.at = at + end;
        let tab = gap.contains('\t');
        // gdb separates all bytes by tabs, but marks each with 0x.
        let wide = (tab || gap.chars().nth(1).is_some()) && !text.starts_with("0x");
        Some(Word { text, at, wide, tab: tab && wide })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(line: &str, offset: usize, bytes: usize, has_text: bool) {
        let row = Row::find(1, line).unwrap();
        assert_eq!((row.offset, row.bytes, row.has_text), (offset, bytes, has_text), "{line}");
    }

    #[test]
    fn rows_of_each_tool() {
        finds("0010  20 02 00 00   .. ..", 0x10, 4, true);
        finds("\t0x0010:  2002 0000  ....", 0x10, 4, true);
        finds("00000010: 2002 0000  ....", 0x10, 4, true);
        finds("00000010  20 02 00 00  |....|", 0x10, 4, true);
        finds("000010 20 02 00 00", 0x10, 4, false);
        finds("> 0010  20 02", 0x10, 2, false);
        finds("0x7fff10 <pkt+8>:\t0x20\t0x02", 0x7f_ff10, 2, false);
        finds("00000061", 0x61, 0, false);
        finds("Frame 1: 4 bytes, id 0\t0000\t20 02 00 00", 0, 4, false);
    }

    #[test]
    fn other_lines_are_not_rows() {
        for line in [
            "    0001 .... = Message Type: Connect Command (1)",
            "12:00:00.000000 IP 10.0.0.1.1883 > 10.0.0.2.50677: Flags [P.]",
            "Msg Len: 21",
            "2402:4000:2350::1",
            "",
            "*",
            "20 02 00 00",
        ] {
            assert!(Row::find(1, line).is_none(), "{line}");
        }
    }

    #[test]
    fn words_know_the_gap_before_them() {
        let words: Vec<_> = Words::new("a b  c\td").map(|w| (w.text, w.at, w.wide, w.tab)).collect();
        assert_eq!(
            words,
            [("a", 0, false, false), ("b", 2, false, false), ("c", 5, true, false), ("d", 7, true, true),]
        );
    }
}
