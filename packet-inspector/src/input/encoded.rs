//! Input that is bytes, or base64 of bytes. Both are read only when asked for, or when nothing else fits.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::finding::{Finding, Severity};
use crate::record::Record;

use super::builder::Builder;
use super::text;

/// Tolerant on purpose: what can be decoded is shown.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The input as it is.
pub(super) fn raw(input: &[u8]) -> Record {
    Record { bytes: input.to_vec(), format: "raw bytes", ..Record::default() }
}

/// The input as it is, with a note that this was concluded from the input.
pub(super) fn guessed_raw(input: &[u8]) -> Record {
    let mut record = raw(input);
    let message = "the input is not text, so its bytes are taken as they are";
    record.findings.push(Finding::new(Severity::Note, "raw_input", 0, input.len(), message));
    record
}

/// Base64, standard or URL-safe; lines continue, blank lines separate records.
pub(super) fn base64(text: &str) -> Vec<Record> {
    let mut records = Vec::new();
    let mut block = Block::default();
    for (number, line) in text::lines(text) {
        if line.chars().all(text::is_blank) {
            std::mem::take(&mut block).finish(&mut records);
            continue;
        }
        block.line(number, line);
    }
    block.finish(&mut records);
    records
}

/// The lines of one record.
#[derive(Debug, Default)]
struct Block {
    digits: Vec<u8>,
    padded: bool,
    /// Where reading stopped, and at which character.
    stop: Option<(usize, usize, char)>,
    line: usize,
}

impl Block {
    fn line(&mut self, number: usize, line: &str) {
        self.line = number;
        for (c, column) in line.chars().zip(1..) {
            if self.stop.is_some() {
                return;
            }
            match c {
                '=' => self.padded = true,
                _ if text::is_blank(c) => {}
                _ if self.padded => self.stop = Some((number, column, c)),
                '-' => self.digits.push(b'+'),
                '_' => self.digits.push(b'/'),
                'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => {
                    self.digits.extend(u8::try_from(c));
                }
                _ => self.stop = Some((number, column, c)),
            }
        }
    }

    fn finish(mut self, records: &mut Vec<Record>) {
        let mut builder = Builder::default();
        // One digit over whole groups of four holds six bits: not a byte.
        let lone = self.digits.len() % 4 == 1;
        if lone {
            self.digits.pop();
        }
        // What remains is only digits in a number that can be decoded.
        builder.bytes = ENGINE.decode(&self.digits).unwrap_or_default();
        if let Some((line, column, c)) = self.stop {
            builder.error_here("not_understood", || {
                let what = if self.padded { "stands after the padding" } else { "is not base64" };
                let c = text::quote(c.encode_utf8(&mut [0; 4]));
                format!("{}: {c} {what}, so reading ends here", text::place(line, column))
            });
        } else if lone {
            let line = self.line;
            builder
                .error_here("odd_digits", || format!("line {line}: the base64 ends in the middle of a byte"));
        }
        builder.flush("base64", records);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn decodes(input: &str, expected: &[u8], messages: &[&str]) {
        let records = base64(input);
        let found: Vec<_> = records.iter().flat_map(|r| &r.findings).map(|f| &f.message).collect();
        assert_eq!(records[0].bytes, expected);
        assert_eq!(found, messages);
    }

    #[test]
    fn both_alphabets_with_and_without_padding() {
        decodes("wAA=", &[0xc0, 0x00], &[]);
        decodes("wAA", &[0xc0, 0x00], &[]);
        decodes("+/+/", &[0xfb, 0xff, 0xbf], &[]);
        decodes("-_-_", &[0xfb, 0xff, 0xbf], &[]);
        decodes("IA\r\n IA AA", &[0x20, 0x02, 0x00, 0x00], &[]);
    }

    #[test]
    fn what_is_not_base64_has_a_place() {
        decodes(
            "IAI\nA*A",
            &[0x20, 0x02, 0x00],
            &["line 2, column 2: \"*\" is not base64, so reading ends here"],
        );
        decodes(
            "wAA=wAA=",
            &[0xc0, 0x00],
            &["line 1, column 5: \"w\" stands after the padding, so reading ends here"],
        );
        decodes("wAAAA", &[0xc0, 0x00, 0x00], &["line 1: the base64 ends in the middle of a byte"]);
    }

    #[test]
    fn blank_lines_separate() {
        assert_eq!(base64("wAA=\n\n0AA=\n").len(), 2);
    }
}
