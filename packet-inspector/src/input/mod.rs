//! Reads what a person pastes (hex dumps, byte arrays, escaped strings, base64) into records of bytes.
//!
//! ```
//! use packet_inspector::input::{InputFormat, read};
//!
//! let records = read(b"20 02 00 00", InputFormat::Auto)?;
//! assert_eq!(records[0].bytes, [0x20, 0x02, 0x00, 0x00]);
//! # Ok::<(), packet_inspector::input::InputError>(())
//! ```

mod array;
mod bare;
mod builder;
mod column;
mod detect;
mod dump;
mod encoded;
mod error;
mod escaped;
mod prose;
mod text;

pub(crate) use column::{Agreement, compare as compare_text};
pub use error::{InputError, InputErrorKind};
pub(crate) use text::looks_like_digit;

use std::str::FromStr;

use clap::ValueEnum;

use crate::record::Record;

/// How the input is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum InputFormat {
    /// Find out from the input; base64 is never guessed.
    #[default]
    Auto,
    /// Hex digits, with or without spaces, colons, commas, dashes and `0x`.
    Hex,
    /// Rows of offset, hex bytes and text: Wireshark, tcpdump, xxd, hexdump -C, od -t x1.
    Dump,
    /// Strings with escapes: `"\x10\x15"`, `b"..."`, `bytes.fromhex("...")`.
    Escaped,
    /// Lists of numbers in braces or brackets: `{ 0x10, 0x15 }`, `[16, 21]`.
    Array,
    /// Base64, standard or URL-safe.
    Base64,
    /// The bytes themselves.
    Raw,
}

impl InputFormat {
    /// The name on the command line, which [`FromStr`] takes back.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Hex => "hex",
            Self::Dump => "dump",
            Self::Escaped => "escaped",
            Self::Array => "array",
            Self::Base64 => "base64",
            Self::Raw => "raw",
        }
    }
}

impl FromStr for InputFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        <Self as ValueEnum>::from_str(name, true)
    }
}

/// Reads `input` into records of bytes; what is damaged or not understood becomes findings.
///
/// # Errors
///
/// Fails only when not a single byte could be read.
pub fn read(input: &[u8], format: InputFormat) -> Result<Vec<Record>, InputError> {
    if input.is_empty() {
        return Err(InputError::empty());
    }
    match format {
        InputFormat::Auto => detect::read(input),
        InputFormat::Raw => Ok(vec![encoded::raw(input)]),
        InputFormat::Hex => with_text(input, |text| Ok(bare::read(text))),
        InputFormat::Dump => with_text(input, dump::read),
        InputFormat::Escaped => with_text(input, |text| Ok(escaped::read_all(text))),
        InputFormat::Array => with_text(input, |text| Ok(array::read(text))),
        InputFormat::Base64 => with_text(input, |text| Ok(encoded::base64(text))),
    }
}

fn with_text(
    input: &[u8],
    read: impl FnOnce(&str) -> Result<Vec<Record>, InputError>,
) -> Result<Vec<Record>, InputError> {
    let text = text::decode(input);
    understood(read(&text)?, &text)
}

/// The records that hold bytes; what was found in empty ones moves to a neighbour, so that it is not lost.
fn understood(records: Vec<Record>, text: &str) -> Result<Vec<Record>, InputError> {
    let mut kept: Vec<Record> = Vec::with_capacity(records.len());
    let mut homeless = Vec::new();
    for mut record in records {
        homeless.append(&mut record.findings);
        if !record.bytes.is_empty() {
            record.findings = std::mem::take(&mut homeless);
            kept.push(record);
        }
    }
    let Some(last) = kept.last_mut() else {
        return Err(InputError::nothing(text));
    };
    let end = last.bytes.len();
    last.findings.extend(homeless.into_iter().map(|mut finding| {
        finding.offset = end;
        finding
    }));
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_known_by_its_name() {
        for format in InputFormat::value_variants() {
            assert_eq!(format.name().parse(), Ok(*format));
            assert_eq!(
                format.to_possible_value().map(|value| value.get_name().to_owned()),
                Some(format.name().to_owned())
            );
        }
        assert!("words".parse::<InputFormat>().is_err());
    }

    #[test]
    fn an_empty_input_is_an_error_with_a_place() {
        let error = read(b"", InputFormat::Auto).unwrap_err();
        assert_eq!(error.to_string(), "line 1, column 1: the input is empty");
    }
}
