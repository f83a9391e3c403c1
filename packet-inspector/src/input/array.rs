//! Lists of numbers in braces or brackets, as in C, Rust, Python, Go and JavaScript.

use crate::record::Record;

use super::builder::Builder;
use super::text::{self, Scanner};

/// Each list of numbers is a record; what stands outside of lists is ignored.
pub(super) fn read(text: &str) -> Vec<Record> {
    let mut records = Vec::new();
    let mut scanner = Scanner::new(text);
    while let Some(list) = next_list(&mut scanner, 1) {
        let mut builder = Builder::default();
        read_list(&mut scanner, list, &mut builder);
        builder.flush("byte array", &mut records);
    }
    records
}

/// Whether there is a list of two numbers or more.
pub(super) fn is_one(text: &str) -> bool {
    next_list(&mut Scanner::new(text), 2).is_some()
}

/// How the elements without a prefix are to be read.
#[derive(Clone, Copy, Debug)]
struct List {
    hex: bool,
}

/// Goes to the inside of the next list whose first elements, `at_least` of them, are numbers.
fn next_list(scanner: &mut Scanner<'_>, at_least: usize) -> Option<List> {
    let mut before = ' ';
    loop {
        if scanner.skip_comment() {
            continue;
        }
        let c = scanner.next()?;
        match c {
            '"' => skip_string(scanner),
            '\'' if before == 'b' => {
                if let Some(inside) = scanner.rest.split_once('\'').map(|(inside, _)| inside) {
                    for _ in 0..=inside.chars().count() {
                        scanner.next();
                    }
                }
            }
            // `pkt[97]` and `[97]byte` give sizes.
            '[' if before.is_alphanumeric() || before == '_' => {}
            '[' | '{' => {
                if let Some(list) = look_ahead(scanner, at_least) {
                    return Some(list);
                }
            }
            _ => {}
        }
        before = c;
    }
}

fn skip_string(scanner: &mut Scanner<'_>) {
    while let Some(c) = scanner.next() {
        match c {
            '"' => return,
            '\\' => {
                scanner.next();
            }
            _ => {}
        }
    }
}

/// Looks at the elements up to the end of the list without going there.
fn look_ahead(scanner: &Scanner<'_>, at_least: usize) -> Option<List> {
    let mut ahead = scanner.clone();
    let mut numbers = 0usize;
    let mut hex = false;
    loop {
        let before = numbers;
        let word = match next_element(&mut ahead) {
            Element::Word(word) => word,
            Element::Open | Element::End if before >= at_least => break,
            Element::Open | Element::End => return None,
        };
        match number(word, true) {
            // What follows is read in any case, and complained about when it must be.
            None if before >= at_least.max(2) => {}
            None => return None,
            Some(_) => numbers = numbers.saturating_add(1),
        }
        // Nobody writes decimal bytes with letters or as 00: these lists were hex dumps.
        hex = hex
            || (text::is_hex(word)
                && word.len() <= 2
                && (word.bytes().any(|b| b.is_ascii_alphabetic())
                    || (word.len() == 2 && word.starts_with('0'))));
    }
    // A size such as [97]byte: a single number that a name follows.
    let is_size = numbers == 1 && ahead.peek().is_some_and(char::is_alphanumeric);
    (!is_size).then_some(List { hex })
}

fn read_list(scanner: &mut Scanner<'_>, list: List, builder: &mut Builder) {
    let mut row = scanner.line;
    let mut start = 0;
    loop {
        skip_separators(scanner);
        let (line, column) = (scanner.line, scanner.column);
        let Element::Word(word) = next_element(scanner) else { break };
        if line != row {
            builder.end_row(row, start);
            (row, start) = (line, builder.bytes.len());
        }
        match number(word, list.hex) {
            Some(Number::Byte(byte)) => builder.bytes.push(byte),
            Some(Number::TooLarge) => builder.error_here("not_understood", || {
                let word = text::quote(word);
                format!("{}: {word} is larger than a byte", text::place(line, column))
            }),
            None => builder.error_here("not_understood", || {
                let word = text::quote(word);
                format!("{}: {word} is not a number", text::place(line, column))
            }),
        }
    }
    builder.end_row(row, start);
}

#[derive(Clone, Copy, Debug)]
enum Element<'a> {
    Word(&'a str),
    /// Another list begins; its bracket is not yet taken.
    Open,
    /// The list, or the input, has ended.
    End,
}

fn skip_separators(scanner: &mut Scanner<'_>) {
    loop {
        scanner.take_while(|c| text::is_blank(c) || c == ',' || c == '&');
        if !scanner.skip_comment() {
            return;
        }
    }
}

fn next_element<'a>(scanner: &mut Scanner<'a>) -> Element<'a> {
    skip_separators(scanner);
    match scanner.peek() {
        None => Element::End,
        Some(']' | '}') => {
            scanner.next();
            Element::End
        }
        Some('[' | '{') => Element::Open,
        Some(_) => Element::Word(take_word(scanner)),
    }
}

/// A number or a character in quotes, which may be a comma or a bracket.
fn take_word<'a>(scanner: &mut Scanner<'a>) -> &'a str {
    let before = scanner.rest;
    if scanner.peek() == Some('b') && scanner.rest.starts_with("b'") {
        scanner.next();
    }
    if scanner.peek() == Some('\'') {
        scanner.next();
        // At most `'\x10'`; a stray quote must not swallow the list.
        for _ in 0..5 {
            match scanner.next() {
                Some('\\') => {
                    scanner.next();
                }
                Some('\'') | None => break,
                Some(_) => {}
            }
        }
    } else {
        let ends = |c| text::is_blank(c) || matches!(c, ',' | ']' | '}' | '[' | '{');
        scanner.take_while(|c| !ends(c));
    }
    before.get(..before.len().saturating_sub(scanner.rest.len())).unwrap_or("")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Byte(u8),
    TooLarge,
}

/// An element's value: `0x10`, `0b101`, `0o17`, `'M'`, `b'M'`, `16`, `-48` (a signed byte), `16u8`.
fn number(word: &str, bare_is_hex: bool) -> Option<Number> {
    if let Some(quoted) = word.strip_prefix('b').unwrap_or(word).strip_prefix('\'') {
        return character(quoted.strip_suffix('\'')?).map(Number::Byte);
    }
    let plain = word.strip_suffix("u8").or(word.strip_suffix("_u8")).unwrap_or(word);
    let plain = plain.trim_end_matches('_');
    let lower = plain.to_ascii_lowercase();
    let (digits, radix) = if let Some(digits) = lower.strip_prefix("0x") {
        (digits, 16)
    } else if let Some(digits) = lower.strip_prefix("0o") {
        (digits, 8)
    } else if let (false, Some(digits)) = (bare_is_hex, lower.strip_prefix("0b")) {
        (digits, 2)
    } else if let Some(digits) = lower.strip_prefix('-') {
        let value: i8 = format!("-{digits}").parse().ok()?;
        return Some(Number::Byte(value.cast_unsigned()));
    } else {
        (lower.as_str(), if bare_is_hex { 16 } else { 10 })
    };
    if digits.is_empty() || digits.starts_with('+') {
        return None;
    }
    if !digits.chars().all(|c| c.is_digit(radix) || c == '_') {
        return None;
    }
    let value = u8::from_str_radix(&digits.replace('_', ""), radix);
    Some(value.map_or(Number::TooLarge, Number::Byte))
}

/// The byte of a character literal.
fn character(inside: &str) -> Option<u8> {
    let mut chars = inside.chars();
    let first = chars.next()?;
    let rest = chars.as_str();
    if first != '\\' {
        return if rest.is_empty() { u8::try_from(first).ok().filter(u8::is_ascii) } else { None };
    }
    match rest {
        "0" => Some(0),
        "n" => Some(b'\n'),
        "r" => Some(b'\r'),
        "t" => Some(b'\t'),
        "\\" => Some(b'\\'),
        "'" => Some(b'\''),
        "\"" => Some(b'"'),
        _ => rest.strip_prefix('x').and_then(|digits| u8::from_str_radix(digits, 16).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(input: &str, expected: &[&[u8]]) {
        assert!(is_one(input), "{input}");
        let records = read(input);
        let bytes: Vec<_> = records.iter().map(|record| record.bytes.as_slice()).collect();
        assert_eq!(bytes, expected, "{input}");
        for record in &records {
            assert_eq!(record.findings, [], "{input}");
        }
    }

    #[test]
    fn lists_of_many_languages() {
        let connack: &[&[u8]] = &[&[0x20, 2, 0, 0xd0]];
        reads("{ 0x20, 0x02, 0x00, 0xD0 }", connack);
        reads("unsigned char pkt[4] = {0x20, 2, 0, 0xd0,};\nunsigned int pkt_len = 4;", connack);
        reads("/* { 1 } */ char a[] = {\n 0x20, // space\n 0x2, '\\0', 0xd0 };", connack);
        reads("&[0x20, 2u8, 0b0, 0xd0_u8]", connack);
        reads("const P: [u8; 4] = [b' ', b'\\x02', b'\\0', 208];", connack);
        reads("vec![32, 2, 0, 208]", connack);
        reads("bytes([32, 2, 0, 208])", connack);
        reads("p := []byte{0x20, 0x2, 0x0, 0xd0}", connack);
        reads("p := [4]byte{0x20, 0x2, 0x0, 0xd0}", connack);
        reads("[32, 2, 0, -48]", connack);
        reads("[32 2 0 208]", connack);
        reads("[20 02 00 d0]", connack);
        reads("{\"data\": [32, 2, 0, 208]}", connack);
        reads("{ 0x20, 2, 0, 0xd0", connack);
        reads("[',', ']', 0x20]", &[b",] "]);
    }

    #[test]
    fn each_list_is_a_record() {
        reads("[[192, 0], [208, 0]]", &[&[0xc0, 0], &[0xd0, 0]]);
        reads("a = {0xc0, 0};\nb = {0xd0, 0};", &[&[0xc0, 0], &[0xd0, 0]]);
    }

    #[test]
    fn other_brackets_are_not_lists() {
        for text in ["[Stream index: 0]", "pkt[4]", "see [1]", "{}", "b\"[1, 2]\"", "b'[1, 2]'", "["] {
            assert!(!is_one(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_byte_has_a_place() {
        let records = read("{ 0x20, 0x02,\n  256, x, 0 }");
        let messages: Vec<_> = records[0].findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(
            messages,
            ["line 2, column 3: \"256\" is larger than a byte", "line 2, column 8: \"x\" is not a number",]
        );
        assert_eq!(records[0].bytes, [0x20, 2, 0]);
        assert_eq!(records[0].rows.len(), 2);
    }
}
