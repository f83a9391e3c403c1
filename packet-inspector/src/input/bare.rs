//! Hex digits without offsets, however they are grouped.

mod line;

use crate::finding::Severity;
use crate::record::Record;

use super::builder::Builder;
use super::column;
use super::prose;
use super::text;
use line::{Line, after_label, begins_with_bytes, names_a_byte};

const FORMAT: &str = "hex";

/// Lines continue a record; blank lines, comments and labels separate records.
pub(super) fn read(text: &str) -> Vec<Record> {
    let mut reader = Reader::default();
    for (number, line) in text::lines(text) {
        reader.line(number, 1, line);
    }
    reader.finish(FORMAT)
}

/// Takes lines of hex one after the other.
#[derive(Debug, Default)]
pub(super) struct Reader {
    records: Vec<Record>,
    builder: Builder,
    /// The first half of a byte that a line end may have cut in two.
    half: Option<Half>,
}

#[derive(Clone, Copy, Debug)]
struct Half {
    digit: char,
    line: usize,
    column: usize,
}

impl Reader {
    /// Reads a line, or a part of one that begins at `column`.
    pub(super) fn line(&mut self, line: usize, column: usize, content: &str) {
        let (at, labelled) = match data(without_comment(content)) {
            Line::Data { at, labelled } => (at, labelled),
            Line::Expected => return self.separate(FORMAT),
            Line::Unknown(severity) => return self.not_understood(severity, line, column, content),
        };
        if labelled {
            self.separate(FORMAT);
        }
        let before = content.get(..at).unwrap_or("").chars().count();
        let data = without_comment(content).get(at..).unwrap_or("");
        let (data, ascii) = without_text_column(data);
        let start = self.builder.bytes.len();
        self.words(line, column.saturating_add(before), data);
        self.builder.end_row(line, start);
        if let (Some(row), Some(ascii)) = (self.builder.rows.last_mut(), ascii) {
            row.ascii = Some(ascii.to_owned());
        }
    }

    /// A line that holds no bytes, or some that cannot be told from words.
    /// What stands above the first bytes is their heading.
    fn not_understood(&mut self, severity: Severity, line: usize, column: usize, content: &str) {
        if let Some(half) = self.half.take() {
            self.lone_digit(half);
        }
        if !self.records.is_empty() || !self.builder.is_empty() {
            let place = (self.builder.bytes.len(), 0);
            self.builder.find(severity, "not_understood", place, || {
                let column = column.saturating_add(prose::indent(content));
                (prose::message(line, column, without_comment(content)), String::new())
            });
        }
        self.separate(FORMAT);
    }

    fn words(&mut self, line: usize, mut column: usize, data: &str) {
        let mut seen = 0;
        let alone = words(data).nth(1).is_none();
        for (at, word) in words(data) {
            column += data.get(seen..at).unwrap_or("").chars().count();
            seen = at;
            let kind = Kind::of(word);
            if let Some(half) = self.half.take() {
                match kind {
                    Kind::Odd(digits) if alone => {
                        let mut pair = String::from(half.digit);
                        pair.extend(digits.chars().take(1));
                        text::push_pairs(&pair, &mut self.builder.bytes);
                        text::push_pairs(digits.get(1..).unwrap_or(""), &mut self.builder.bytes);
                        continue;
                    }
                    Kind::Pairs(digits) if alone => {
                        let shifted = format!("{}{digits}", half.digit);
                        self.odd(line, column.saturating_sub(1), &shifted, true);
                        continue;
                    }
                    _ => self.lone_digit(half),
                }
            }
            match kind {
                Kind::Pairs(digits) => text::push_pairs(digits, &mut self.builder.bytes),
                Kind::One(value) => self.builder.bytes.push(value),
                Kind::Odd(digits) => self.odd(line, column, digits, alone),
                Kind::Bad => self.builder.not_a_byte(word, || text::place(line, column)),
            }
        }
    }

    /// An odd number of digits: of a long run only the last is in doubt, of a short one all are.
    fn odd(&mut self, line: usize, column: usize, digits: &str, alone: bool) {
        if digits.len() < 5 {
            self.builder.unread(digits);
            let place = (self.builder.bytes.len(), 0);
            self.builder.find(Severity::Error, "odd_digits", place, || {
                let hint = if digits.parse::<u8>().is_ok() {
                    "decimal numbers are read when they stand in brackets: [16, 21]"
                } else {
                    ""
                };
                let digits = text::quote(digits);
                let place = text::place(line, column);
                (format!("{place}: {digits} has an odd number of hex digits"), hint.to_owned())
            });
            return;
        }
        text::push_pairs(digits, &mut self.builder.bytes);
        let last = digits.chars().next_back().unwrap_or('0');
        let half = Half { digit: last, line, column: column + digits.len() - 1 };
        if alone {
            self.half = Some(half);
        } else {
            self.lone_digit(half);
        }
    }

    fn lone_digit(&mut self, half: Half) {
        self.builder.unread(half.digit.encode_utf8(&mut [0; 4]));
        self.builder.error_here("odd_digits", || {
            format!(
                "{}: an odd number of hex digits: the last, \"{}\", is half a byte",
                text::place(half.line, half.column),
                half.digit
            )
        });
    }

    /// Ends the record.
    pub(super) fn separate(&mut self, format: &'static str) {
        if let Some(half) = self.half.take() {
            self.lone_digit(half);
        }
        // Findings alone wait for the next bytes, so that their number stays limited.
        if !self.builder.bytes.is_empty() {
            self.builder.flush(format, &mut self.records);
        }
    }

    pub(super) fn finish(mut self, format: &'static str) -> Vec<Record> {
        self.separate(format);
        self.builder.flush(format, &mut self.records);
        self.records
    }
}

/// What a word of a hex line is.
#[derive(Clone, Copy, Debug)]
enum Kind<'a> {
    /// Whole bytes.
    Pairs(&'a str),
    /// A byte written with one digit, as in `0x5`.
    One(u8),
    /// An odd number of digits.
    Odd(&'a str),
    /// Not hex.
    Bad,
}

impl<'a> Kind<'a> {
    fn of(word: &'a str) -> Self {
        let digits = text::without_0x(word);
        let prefixed = digits.len() < word.len();
        let digits = if prefixed {
            digits
        } else {
            // `\x10` without its backslash, and the assembler's `10h`.
            digits.strip_prefix(['x', 'X']).or(digits.strip_suffix(['h', 'H'])).unwrap_or(digits)
        };
        match text::is_hex(digits) {
            false => Self::Bad,
            true if digits.len() % 2 == 0 => Self::Pairs(digits),
            true if prefixed && digits.len() == 1 => {
                digits.chars().next().and_then(text::digit).map_or(Self::Bad, Self::One)
            }
            true => Self::Odd(digits),
        }
    }
}

/// The words of a line with the index of their first byte.
fn words(data: &str) -> impl Iterator<Item = (usize, &str)> {
    data.split(is_separator).filter(|word| !word.is_empty()).map(move |word| {
        let at = word.as_ptr().addr().saturating_sub(data.as_ptr().addr());
        (at, word)
    })
}

fn is_separator(c: char) -> bool {
    text::is_blank(c)
        || matches!(c, ',' | ':' | ';' | '-' | '_' | '|' | '=' | '&' | '\\' | '"' | '\'' | '`')
        || matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2018}'..='\u{201f}')
}

/// The line up to `#` or `//` that begins it or follows a blank.
fn without_comment(line: &str) -> &str {
    let begins = |at: &usize| {
        line.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with(text::is_blank))
    };
    let hash = line.match_indices('#').map(|(at, _)| at).find(begins);
    let slashes = line.match_indices("//").map(|(at, _)| at).find(begins);
    let end = hash.into_iter().chain(slashes).min();
    end.and_then(|at| line.get(..at)).unwrap_or(line)
}

/// What a line holds.
fn data(line: &str) -> Line {
    let (hex, other) = weigh(line);
    let unlabelled = Line::Data { at: 0, labelled: false };
    if other == 0 {
        return if hex > 0 { unlabelled } else { Line::Expected };
    }
    let trimmed = line.trim_end_matches(text::is_blank);
    if trimmed.ends_with(':') {
        return Line::Expected;
    }
    match after_label(trimmed) {
        Some(Some(at)) => return Line::Data { at, labelled: true },
        Some(None) => return Line::Expected,
        None if other <= hex || begins_with_bytes(trimmed) => return unlabelled,
        None => {}
    }
    if prose::is_expected(trimmed) {
        Line::Expected
    } else if names_a_byte(trimmed) {
        Line::Unknown(Severity::Error)
    } else {
        Line::Unknown(Severity::Note)
    }
}

/// How many characters stand in words of whole hex bytes, and how many in other words.
fn weigh(data: &str) -> (usize, usize) {
    words(data).fold((0, 0), |(hex, other), (_, word)| match Kind::of(word) {
        Kind::Pairs(_) | Kind::One(_) => (hex + word.len(), other),
        Kind::Odd(_) if word.len() > 2 => (hex + word.len(), other),
        // One digit says nothing: `Len: 5`, or a byte whose other digit was lost.
        Kind::Odd(_) => (hex + 1, other),
        Kind::Bad => (hex, other + word.len()),
    })
}

/// Splits off a text column: what follows a wide gap and shows the bytes before it.
fn without_text_column(data: &str) -> (&str, Option<&str>) {
    const MAX_GAPS: usize = 3;
    let indent = data.len() - data.trim_start_matches(text::is_blank).len();
    let gaps = ["  ", "\t", "\u{a0}\u{a0}"];
    let found = gaps.iter().find_map(|gap| {
        let places = data.match_indices(gap).map(|(at, _)| at);
        places.filter(|at| *at > indent).take(MAX_GAPS).find_map(|at| {
            let (hex, rest) = data.split_at_checked(at)?;
            let column = rest.trim_matches(text::is_blank);
            let mut bytes = Vec::new();
            for (_, word) in words(hex) {
                let Kind::Pairs(digits) = Kind::of(word) else { return None };
                text::push_pairs(digits, &mut bytes);
            }
            let same = !column.is_empty() && column::is_same(&bytes, column);
            same.then_some((hex, Some(column)))
        })
    });
    found.unwrap_or((data, None))
}

#[cfg(test)]
mod tests;
