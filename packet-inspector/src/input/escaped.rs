//! Strings with escapes, as in C, Rust and Python, and Wireshark's escaped string.

use crate::finding::Severity;
use crate::record::Record;

use super::bare;
use super::builder::Builder;
use super::text::{self, Scanner};

/// Strings that hold bytes: those with escapes or a `b` before them, and hex in `fromhex("...")`.
pub(super) fn read(text: &str) -> Vec<Record> {
    Strings::new(text, false).read()
}

/// All strings, plain ones too.
pub(super) fn read_all(text: &str) -> Vec<Record> {
    Strings::new(text, true).read()
}

/// Whether there is an escaped byte or a byte string.
pub(super) fn is_one(text: &str) -> bool {
    let has_escape = text.match_indices('\\').any(|(at, _)| match text.as_bytes().get(at + 1..at + 4) {
        Some([b'x', pair @ ..]) => pair.iter().all(u8::is_ascii_hexdigit),
        Some(octal) => octal.iter().all(|b| matches!(b, b'0'..=b'7')),
        None => false,
    });
    let has_byte_string = text.match_indices(['"', '\'']).any(|(at, _)| {
        let before = text.get(..at).unwrap_or("");
        before.strip_suffix(['b', 'B']).is_some_and(|rest| !rest.ends_with(is_name))
    });
    has_escape || has_byte_string || HEX_FUNCTIONS.iter().any(|name| text.contains(name))
}

/// What takes a string of hex digits.
const HEX_FUNCTIONS: [&str; 4] = ["fromhex(", "unhexlify(", "hex!(", "hex::decode("];

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The strings of a text and the records made of them.
#[derive(Debug)]
struct Strings<'a> {
    scanner: Scanner<'a>,
    all: bool,
    records: Vec<Record>,
    builder: Builder,
    format: &'static str,
    /// What stood since the last string.
    gap: Gap,
}

#[derive(Debug)]
struct Gap {
    /// Nothing but what may stand between the parts of one string.
    joins: bool,
    newlines: usize,
    backslash: bool,
}

impl Gap {
    const NONE: Self = Self { joins: true, newlines: 0, backslash: false };
}

/// What is known of a string before its content is read.
#[derive(Clone, Copy, Debug)]
struct Opening {
    quote: char,
    bytes: bool,
    hex: bool,
    first_in_line: bool,
}

impl<'a> Strings<'a> {
    fn new(text: &'a str, all: bool) -> Self {
        Self {
            scanner: Scanner::new(text),
            all,
            records: Vec::new(),
            builder: Builder::default(),
            format: "escaped string",
            gap: Gap::NONE,
        }
    }

    fn read(mut self) -> Vec<Record> {
        let text = self.scanner.rest;
        let first_escape = text.find('\\').unwrap_or(text.len());
        let is_quoted = text.find(['"', '\'']).is_some_and(|quote| quote < first_escape);
        if is_quoted {
            self.quoted();
        } else {
            self.unquoted();
        }
        self.builder.flush(self.format, &mut self.records);
        self.records
    }

    /// Escapes alone, as `\x10\x15`: lines continue, blank lines separate.
    fn unquoted(&mut self) {
        for (number, line) in text::lines(self.scanner.rest) {
            let content = line.trim_matches(text::is_blank);
            if content.is_empty() {
                self.builder.flush(self.format, &mut self.records);
                continue;
            }
            // Only in a text with other plain characters, a space is one of them.
            let only_escapes = content.split(text::is_blank).all(|word| {
                word.is_empty() || word == "\\" || (word.starts_with("\\x") && word.len() % 4 == 0)
            });
            let start = self.builder.bytes.len();
            let indent = line.len() - line.trim_start_matches(text::is_blank).len();
            let mut scanner = Scanner::new(content);
            (scanner.line, scanner.column) = (number, text::column(line, indent));
            while let Some(c) = scanner.peek() {
                if c == '\\' && scanner.rest.len() == 1 {
                    break;
                }
                if only_escapes && text::is_blank(c) {
                    scanner.next();
                } else {
                    character(&mut scanner, &mut self.builder, false);
                }
            }
            self.builder.end_row(number, start);
        }
    }

    fn quoted(&mut self) {
        let mut name_start = self.scanner.clone();
        while let Some(c) = self.scanner.peek() {
            if self.scanner.skip_comment() {
                name_start = self.scanner.clone();
                continue;
            }
            if c == '"' || c == '\'' {
                let length = name_start.rest.len() - self.scanner.rest.len();
                let before = name_start.rest.get(..length).unwrap_or("");
                if let Some(opening) = opening(c, before, name_start.column == 1) {
                    self.string(opening);
                    name_start = self.scanner.clone();
                    continue;
                }
            }
            self.scanner.next();
            match c {
                '\n' => self.gap.newlines += 1,
                '\\' => self.gap.backslash = true,
                '+' | '(' | ')' | 'b' | 'B' => {}
                _ if text::is_blank(c) => {}
                _ => self.gap.joins = false,
            }
            if !(is_name(c) || matches!(c, '!' | '(' | ':' | '.')) {
                name_start = self.scanner.clone();
            }
        }
    }

    /// Reads one string; the scanner stands at its opening quote.
    fn string(&mut self, opening: Opening) {
        let gap = std::mem::replace(&mut self.gap, Gap::NONE);
        let lines_apart = gap.newlines > 1
            || (gap.newlines == 1 && opening.bytes && opening.first_in_line && !gap.backslash);
        let joins = gap.joins && !lines_apart;
        let (place, line) = (self.scanner.place(), self.scanner.line);
        self.scanner.next();
        let (content, closed) = content(&self.scanner, opening.quote);
        let is_hex = opening.hex && !opening.bytes;
        let is_data = opening.bytes || content.contains('\\') || self.all;
        let continues = joins && !self.builder.is_empty();
        if is_hex {
            self.hex(content);
        } else if is_data || continues {
            if !continues {
                self.builder.flush(self.format, &mut self.records);
            }
            self.format = if opening.bytes { "byte string" } else { "escaped string" };
            let start = self.builder.bytes.len();
            let end = self.scanner.rest.len() - content.len();
            while self.scanner.rest.len() > end {
                let rust = opening.bytes && opening.quote == '"';
                character(&mut self.scanner, &mut self.builder, rust);
            }
            self.builder.end_row(line, start);
        }
        let end = self.scanner.rest.len().saturating_sub(content.len());
        if is_hex || !(is_data || continues) {
            while self.scanner.rest.len() > end && self.scanner.next().is_some() {}
        }
        if closed {
            self.scanner.next();
        } else if is_data || continues {
            self.builder
                .error_here("not_understood", || format!("{place}: this string has no closing quote"));
        }
    }

    /// A string of hex digits is a record of its own.
    fn hex(&mut self, content: &str) {
        self.builder.flush(self.format, &mut self.records);
        let mut reader = bare::Reader::default();
        let mut column = self.scanner.column;
        for (number, line) in (self.scanner.line..).zip(content.lines()) {
            reader.line(number, column, line);
            column = 1;
        }
        self.records.extend(reader.finish("hex string"));
    }
}

/// The opening of a string whose quote `before` stands, when it is one: not the `'` of `don't`.
fn opening(quote: char, before: &str, first_in_line: bool) -> Option<Opening> {
    let hex = HEX_FUNCTIONS.iter().any(|name| before.ends_with(name));
    let prefix = before.rsplit(['(', '!', ':', '.']).next().unwrap_or(before);
    let known = matches!(prefix, "" | "b" | "B" | "c" | "f" | "L" | "u" | "u8");
    let bytes = matches!(prefix, "b" | "B");
    known.then_some(Opening { quote, bytes, hex, first_in_line })
}

/// What stands before the closing quote, and whether there is one.
fn content<'a>(scanner: &Scanner<'a>, quote: char) -> (&'a str, bool) {
    let mut escaped = false;
    for (at, c) in scanner.rest.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return (scanner.rest.get(..at).unwrap_or(""), true);
        }
    }
    (scanner.rest, false)
}

/// Reads one character or escape into bytes.
fn character(scanner: &mut Scanner<'_>, builder: &mut Builder, rust: bool) {
    let place = scanner.clone();
    let Some(c) = scanner.next() else { return };
    if c != '\\' {
        builder.bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
        return;
    }
    let Some(escape) = scanner.next() else {
        builder.error_here("not_understood", || format!("{}: an escape is cut off", place.place()));
        return;
    };
    match escape {
        'a' => builder.bytes.push(0x07),
        'b' => builder.bytes.push(0x08),
        't' => builder.bytes.push(b'\t'),
        'n' => builder.bytes.push(b'\n'),
        'v' => builder.bytes.push(0x0b),
        'f' => builder.bytes.push(0x0c),
        'r' => builder.bytes.push(b'\r'),
        'e' => builder.bytes.push(0x1b),
        '\\' | '"' | '\'' | '?' | '/' => builder.bytes.extend(u8::try_from(escape)),
        // A line that continues; its indentation is not meant.
        '\r' | '\n' => {
            scanner.take_while(char::is_whitespace);
        }
        '0'..='7' => octal(scanner, builder, escape, &place, rust),
        'x' => hex_pair(scanner, builder, &place),
        'u' => unicode(scanner, builder, &place),
        _ => builder.error_here("not_understood", || {
            let escape = text::quote(&format!("\\{escape}"));
            format!("{}: {escape} is not a known escape", place.place())
        }),
    }
}

/// `\xNN`.
fn hex_pair(scanner: &mut Scanner<'_>, builder: &mut Builder, place: &Scanner<'_>) {
    let mut value = 0;
    let mut digits = String::new();
    while digits.len() < 2 {
        let Some(digit) = scanner.peek().and_then(text::digit) else { break };
        digits.extend(scanner.next());
        value = value << 4 | digit;
    }
    if digits.len() == 2 {
        builder.bytes.push(value);
        return;
    }
    let kind = if digits.is_empty() { "not_understood" } else { "odd_digits" };
    builder.error_here(kind, || {
        let escape = text::quote(&format!("\\x{digits}"));
        format!("{}: {escape} needs two hex digits", place.place())
    });
}

/// `\0` to `\377`; in Rust only `\0`.
fn octal(scanner: &mut Scanner<'_>, builder: &mut Builder, first: char, place: &Scanner<'_>, rust: bool) {
    let is_octal = |c: char| c.is_digit(8);
    if rust && first == '0' {
        if scanner.peek().is_some_and(is_octal) {
            let at = (builder.bytes.len(), 1);
            builder.find(Severity::Note, "ambiguous_escape", at, || {
                let message = format!(
                    "{}: \\0 before a digit is read as Rust does, as the byte 0x00; \
                     C and Python would read an octal number",
                    place.place()
                );
                (message, String::new())
            });
        }
        builder.bytes.push(0);
        return;
    }
    let mut value = first.to_digit(8).unwrap_or(0);
    for _ in 0..2 {
        let Some(digit) = scanner.peek().and_then(|c| c.to_digit(8)) else { break };
        scanner.next();
        value = value * 8 + digit;
    }
    match u8::try_from(value) {
        Ok(byte) => builder.bytes.push(byte),
        Err(_) => builder
            .error_here("not_understood", || format!("{}: \\{value:o} is larger than a byte", place.place())),
    }
}

/// `\u0010` and `\u{10}`: a character, so its bytes are those of UTF-8.
fn unicode(scanner: &mut Scanner<'_>, builder: &mut Builder, place: &Scanner<'_>) {
    const MAX_DIGITS: usize = 6;
    let braced = scanner.peek() == Some('{');
    if braced {
        scanner.next();
    }
    let most = if braced { MAX_DIGITS } else { 4 };
    let mut digits = String::new();
    while digits.len() < most && scanner.peek().is_some_and(|c| c.is_ascii_hexdigit()) {
        digits.extend(scanner.next());
    }
    let closed = !braced || scanner.peek() == Some('}');
    if braced && closed {
        scanner.next();
    }
    let c = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
    match c {
        Some(c) if closed => builder.bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        _ => builder.error_here("not_understood", || {
            format!("{}: this \\u escape is not a character", place.place())
        }),
    }
}

#[cfg(test)]
mod tests;
