//! What people paste.

use packet_inspector::input::{InputFormat, read};
use packet_inspector::record::Record;

use crate::frame::{self, LINKS, SENDERS};

const FORMATS: [InputFormat; 7] = [
    InputFormat::Auto,
    InputFormat::Hex,
    InputFormat::Dump,
    InputFormat::Escaped,
    InputFormat::Array,
    InputFormat::Base64,
    InputFormat::Raw,
];

const MOST_TAKEN_APART: usize = 1 << 16;

/// Any text or bytes in any format become records or an error with a place; each record is taken apart and rendered.
///
/// The first byte selects format, link and sender, 0 being what the command does by itself; the input follows.
pub fn input(bytes: &[u8]) {
    let Some((&selector, input)) = bytes.split_first() else { return };
    let selector = usize::from(selector);
    let format = FORMATS[selector % 7];
    let link = LINKS[selector / 7 % 7];
    let from = SENDERS[selector / 49 % 3];
    match read(input, format) {
        Ok(records) => {
            assert!(!records.is_empty());
            for record in records {
                of_record(&record, input);
                // A `*` can stand for up to 1 MiB, whose tree takes more memory than there is.
                if record.bytes.len() <= MOST_TAKEN_APART {
                    frame::take_apart(record, link, from);
                }
            }
        }
        Err(error) => {
            assert!(error.line >= 1 && error.column >= 1, "{error:?}");
            let message = error.to_string();
            assert!(!message.chars().any(char::is_control), "{message:?}");
        }
    }
}

fn of_record(record: &Record, input: &[u8]) {
    let len = record.bytes.len();
    assert!(len > 0, "a record holds bytes");
    // No notation is shorter than its bytes, but for the `*` of hexdump; and for bytes in strings that are not UTF-8,
    // which become a replacement character of three.
    assert!(len <= 3 * input.len() || input.contains(&b'*'), "{len} bytes");
    record.findings.iter().for_each(|finding| frame::of_finding(finding, len));
    let mut end = 0;
    for row in &record.rows {
        assert!(row.line >= 1);
        assert!(row.start >= end && row.start + row.len <= len, "{row:?} of {len} bytes behind {end}");
        end = row.start + row.len;
    }
}
