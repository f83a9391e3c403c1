//! Finds out how the input is written.

use crate::finding::Severity;
use crate::record::Record;

use super::error::{InputError, InputErrorKind};
use super::{array, bare, dump, encoded, escaped, text, understood};

pub(super) fn read(input: &[u8]) -> Result<Vec<Record>, InputError> {
    if is_capture_file(input) {
        return Err(InputError::new(InputErrorKind::CaptureFile, 1, 1));
    }
    let is_utf16 = matches!(input, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    if !is_utf16 && input.contains(&0) {
        return Ok(vec![encoded::guessed_raw(input)]);
    }
    let decoded = text::decode(input);
    let records = read_text(&decoded);
    if is_utf16 || is_text(input) {
        return records;
    }
    // A dump may hold a stray control character or a no-break space in Latin-1.
    match records {
        Ok(records) if records.iter().all(is_clean) => Ok(records),
        _ => Ok(vec![encoded::guessed_raw(input)]),
    }
}

/// From the most certain form to the least: a dump's rows check each other, bare hex is only digits.
fn read_text(text: &str) -> Result<Vec<Record>, InputError> {
    if let Some(records) = dump::detect(text) {
        return understood(records?, text);
    }
    // Escapes without quotes may hold brackets.
    let is_unquoted = text.trim_start().starts_with('\\');
    let records = if !is_unquoted && array::is_one(text) {
        array::read(text)
    } else if escaped::is_one(text) {
        escaped::read(text)
    } else {
        bare::read(text)
    };
    understood(records, text)
}

fn is_clean(record: &Record) -> bool {
    record.findings.iter().all(|finding| finding.severity < Severity::Error)
}

fn is_text(input: &[u8]) -> bool {
    std::str::from_utf8(input).is_ok_and(|text| {
        text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0b' | '\x0c'))
    })
}

/// pcap in both byte orders and both resolutions, and pcapng.
fn is_capture_file(input: &[u8]) -> bool {
    match input {
        [0xa1, 0xb2, 0xc3, 0xd4, ..]
        | [0xd4, 0xc3, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0x3c, 0x4d, ..]
        | [0x4d, 0x3c, 0xb2, 0xa1, ..] => true,
        [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, order @ ..] => {
            order.starts_with(&[0x1a, 0x2b, 0x3c, 0x4d]) || order.starts_with(&[0x4d, 0x3c, 0x2b, 0x1a])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(input: &[u8], format: &str, expected: &[u8]) {
        let records = read(input).unwrap();
        assert_eq!(records[0].format, format);
        assert_eq!(records[0].bytes, expected);
    }

    #[test]
    fn each_form_is_recognised() {
        reads(b"20 02 00 00", "hex", &[0x20, 2, 0, 0]);
        reads(b"0000 20 02 00 00", "Wireshark hex dump", &[0x20, 2, 0, 0]);
        reads(b"[32, 2, 0, 0]", "byte array", &[0x20, 2, 0, 0]);
        reads(b"\\x20\\x02\\0\\0", "escaped string", &[0x20, 2, 0, 0]);
        reads(b"b\" \\x02\\0\\0\"", "byte string", &[0x20, 2, 0, 0]);
        reads(b"\x20\x02\0\0", "raw bytes", &[0x20, 2, 0, 0]);
        reads(b"\x20\x02\x01\x01", "raw bytes", &[0x20, 2, 1, 1]);
        reads(b"20\xa002\xa000 00", "hex", &[0x20, 2, 0, 0]);
        reads(b"\xff\xfe2\x000\x00", "hex", &[0x20]);
    }

    #[test]
    fn raw_bytes_are_announced() {
        let records = read(b"\x20\x02\0\0").unwrap();
        assert_eq!(records[0].findings[0].kind, "raw_input");
        assert_eq!(records[0].findings[0].severity, Severity::Note);
    }

    #[test]
    fn a_capture_file_is_named() {
        let error = read(b"\xd4\xc3\xb2\xa1\x02\0\x04\0").unwrap_err();
        assert_eq!(error.kind, InputErrorKind::CaptureFile);
    }

    #[test]
    fn prose_is_an_error() {
        assert_eq!(
            read(b"hello world").unwrap_err().to_string(),
            "line 1, column 1: \"hello\" is neither hex nor another known form of bytes"
        );
    }
}
