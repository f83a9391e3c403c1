//! The text of a filter to words, numbers, texts and signs.

use super::FilterError;

/// A piece of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A field, an operator's word, a number, an address: whatever has no spaces.
    Word(String),
    /// Text in quotes.
    Text(Vec<u8>),
    /// `==`, `(`, `&&` and the like.
    Sign(&'static str),
}

const SIGNS: [&str; 20] = [
    "===", "!==", "~=", "==", "!=", ">=", "<=", "&&", "||", "..", "(", ")", "{", "}", ",", ">", "<", "!",
    "~", "=",
];

/// The tokens with where each begins.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, FilterError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(c) = rest.chars().next() else { break };
        if c.is_whitespace() {
            at += c.len_utf8();
        } else if c == '"' {
            let (string, len) = quoted(rest, at)?;
            tokens.push((at, Token::Text(string)));
            at += len;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push((at, Token::Sign(sign)));
            at += sign.len();
        } else {
            let len = word_len(rest);
            if len == 0 {
                return Err(FilterError::new(at, format!("{c:?} is not understood")));
            }
            tokens.push((at, Token::Word(rest.get(..len).unwrap_or_default().to_owned())));
            at += len;
        }
    }
    Ok(tokens)
}

/// Letters, digits, and what stands in names, addresses and bytes; two dots are a range.
fn word_len(rest: &str) -> usize {
    let mut len = 0;
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let dots = c == '.' && chars.peek().is_some_and(|(_, next)| *next == '.');
        if dots || !(c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '/' | '-')) {
            break;
        }
        len = at + c.len_utf8();
    }
    len
}

/// A text in quotes, and how long it is with them.
fn quoted(rest: &str, at: usize) -> Result<(Vec<u8>, usize), FilterError> {
    let mut bytes = Vec::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((place, c)) = chars.next() {
        match c {
            '"' => return Ok((bytes, place + 1)),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => bytes.push(b'\n'),
                Some('r') => bytes.push(b'\r'),
                Some('t') => bytes.push(b'\t'),
                Some('0') => bytes.push(0),
                Some('x') => {
                    let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                    let byte = u8::from_str_radix(&digits, 16)
                        .map_err(|_| FilterError::new(at + place, "two hex digits follow \\x"))?;
                    bytes.push(byte);
                }
                Some(c @ ('"' | '\\')) => bytes.extend(c.to_string().bytes()),
                // What a regular expression escapes stays as it is.
                Some(c) => bytes.extend(format!("\\{c}").bytes()),
                None => break,
            },
            c => bytes.extend(c.to_string().bytes()),
        }
    }
    Err(FilterError::new(at, "the text has no closing quote"))
}
