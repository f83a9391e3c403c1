//! Why nothing in the input could be read.

use std::error::Error;
use std::fmt;

use super::text;

/// Nothing in the input could be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// What is wrong.
    pub kind: InputErrorKind,
    /// Line of the input, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
}

/// What is wrong with an input of which nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputErrorKind {
    /// There is nothing, or nothing but blanks.
    Empty,
    /// Not a form that is known; holds the first word that is not hex.
    NotUnderstood {
        /// The first word that is not hex, or the first of all.
        word: String,
        /// It has only characters of base64, which is never guessed.
        like_base64: bool,
    },
    /// A dump of 16-bit words or octal numbers, which does not tell the order of its bytes.
    Words,
    /// A dump of binary digits.
    BinaryDigits,
    /// A capture file (pcap or pcapng), not text.
    CaptureFile,
}

impl InputError {
    pub(super) fn new(kind: InputErrorKind, line: usize, column: usize) -> Self {
        Self { kind, line, column }
    }

    pub(super) fn empty() -> Self {
        Self::new(InputErrorKind::Empty, 1, 1)
    }

    /// Points at the first word of `text` that is not hex: that is the one to blame, if there is one.
    pub(super) fn nothing(text: &str) -> Self {
        let words = || {
            text::lines(text).flat_map(|(line, content)| {
                let words = content.split(text::is_blank).filter(|word| !word.is_empty());
                words.map(move |word| (line, content, word))
            })
        };
        let Some((line, content, word)) =
            words().find(|(.., word)| !is_bytes(word)).or_else(|| words().next())
        else {
            return Self::empty();
        };
        let column = text::column(content, word.as_ptr().addr().saturating_sub(content.as_ptr().addr()));
        let kind = InputErrorKind::NotUnderstood { word: text::quote(word), like_base64: like_base64(word) };
        Self::new(kind, line, column)
    }
}

fn is_bytes(word: &str) -> bool {
    let digits = text::without_0x(word);
    digits.len().is_multiple_of(2) && text::is_hex(digits)
}

/// Short words are more likely words than base64, unless they are padded.
fn like_base64(word: &str) -> bool {
    let digits = word.trim_end_matches('=');
    (digits.len() >= 16 || (word.len() > digits.len() && digits.len() >= 2))
        && word.len() - digits.len() <= 2
        && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(&b))
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        match &self.kind {
            InputErrorKind::Empty => f.write_str("the input is empty"),
            InputErrorKind::NotUnderstood { word, like_base64 } => {
                write!(f, "{word} is neither hex nor another known form of bytes")?;
                if *like_base64 {
                    f.write_str(" (base64 is read only when asked for: --input base64)")?;
                }
                Ok(())
            }
            InputErrorKind::Words => f.write_str(
                "this dump shows words or octal numbers, whose bytes cannot be told apart: \
                 print it again with hexdump -C, xxd or od -t x1",
            ),
            InputErrorKind::BinaryDigits => {
                f.write_str("this dump shows binary digits: print it again with xxd or hexdump -C")
            }
            InputErrorKind::CaptureFile => {
                f.write_str("this is a capture file, not a dump: print it first, as with tshark -x -r FILE")
            }
        }
    }
}

impl Error for InputError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_named() {
        let error = InputError::nothing("\n  hello world");
        assert_eq!(
            error.to_string(),
            "line 2, column 3: \"hello\" is neither hex nor another known form of bytes"
        );
    }

    #[test]
    fn a_word_of_hex_is_not_blamed() {
        let error = InputError::nothing("be ad\n be careful");
        assert_eq!(
            error.to_string(),
            "line 2, column 5: \"careful\" is neither hex nor another known form of bytes"
        );
        assert_eq!((InputError::nothing("10 15").line, InputError::nothing("10 15").column), (1, 1));
    }

    #[test]
    fn base64_is_hinted_at() {
        assert!(like_base64("EBUABE1RVFQEAgAF"));
        assert!(like_base64("wAA="));
        assert!(!like_base64("hello"));
        assert!(!like_base64("hello===="));
        assert!(!like_base64(""));
    }
}
