//! Values in a filter, as the field that they are compared with has them.

use std::net::IpAddr;

use super::fields::Kind;
use super::lexer::Token;
use super::{Field, FilterError};

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Number(u64),
    /// As nanoseconds.
    Seconds(i64),
    Flag(bool),
    /// Text, or bytes.
    Bytes(Vec<u8>),
    /// An address, or a network with the length of its prefix.
    Address(IpAddr, u8),
}

impl Literal {
    /// The value that this piece of a filter, which stands at `at`, is for the field.
    pub(super) fn new(field: Field, token: &Token, at: usize) -> Result<Self, FilterError> {
        let (text, is_quoted) = match token {
            Token::Text(text) => (text.as_slice(), true),
            Token::Word(word) => (word.as_bytes(), false),
            Token::Sign(_) => return Err(FilterError::new(at, "a value is expected")),
        };
        let word = std::str::from_utf8(text).unwrap_or_default();
        let shown = crate::dissect::text::visible(text);
        let shown = if is_quoted { format!("\"{shown}\"") } else { shown };
        let wrong = |why: String| FilterError::new(at, why);
        let is_none = || wrong(format!("{} is {}, and {shown} is none,", field.name(), field.kind().words()));
        match field.kind() {
            Kind::Number { most } => {
                if let Some(value) = named(field, word, most) {
                    return Ok(Self::Number(value));
                }
                let number = number(word).filter(|_| !is_quoted).ok_or_else(|| match names(field, most) {
                    names if names.is_empty() => is_none(),
                    names => wrong(format!("{shown} is no value of {}, which has {names},", field.name())),
                })?;
                if number > most {
                    return Err(wrong(format!("{} is at most {most}, and {shown} is more,", field.name())));
                }
                Ok(Self::Number(number))
            }
            Kind::Seconds => seconds(word).filter(|_| !is_quoted).map(Self::Seconds).ok_or_else(is_none),
            Kind::Flag => flag(word, is_quoted).map(Self::Flag).ok_or_else(is_none),
            Kind::Text => Ok(Self::Bytes(text.to_vec())),
            Kind::Bytes | Kind::Protocol { .. } if is_quoted => Ok(Self::Bytes(text.to_vec())),
            Kind::Bytes | Kind::Protocol { .. } => bytes(word).map(Self::Bytes).ok_or_else(|| {
                let name = field.name();
                wrong(format!(
                    "{name} has bytes, as 68:65, or text in quotes, as \"he\", and {shown} is neither,"
                ))
            }),
            Kind::Address { v4 } => {
                let (address, prefix) = address(word)
                    .filter(|(address, _)| address.is_ipv4() == v4 && !is_quoted)
                    .ok_or_else(is_none)?;
                Ok(Self::Address(address, prefix))
            }
        }
    }
}

/// The value that Wireshark calls so, in capitals or not.
fn named(field: Field, name: &str, most: u64) -> Option<u64> {
    (0..=most.min(u8::MAX.into()))
        .find(|value| field.value_name(*value).is_some_and(|known| known.eq_ignore_ascii_case(name)))
}

/// All names of values, with commas between.
fn names(field: Field, most: u64) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in (0..=most.min(u8::MAX.into())).filter_map(|value| field.value_name(value)) {
        let name = format!("\"{name}\"");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// A number as Wireshark reads it: 0x is hexadecimal, 0b binary, and a 0 at the front octal.
pub(super) fn number(word: &str) -> Option<u64> {
    let lower = word.to_ascii_lowercase();
    let (digits, radix) = match (lower.strip_prefix("0x"), lower.strip_prefix("0b"), lower.strip_prefix('0'))
    {
        (Some(hex), ..) => (hex, 16),
        (_, Some(binary), _) => (binary, 2),
        (_, _, Some(octal)) if !octal.is_empty() => (octal, 8),
        _ => (lower.as_str(), 10),
    };
    u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))
}

/// 1 or 0, true or false, or what Wireshark calls them.
fn flag(word: &str, is_quoted: bool) -> Option<bool> {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    match number(word).filter(|_| !is_quoted) {
        Some(number) => [false, true].get(usize::try_from(number).ok()?).copied(),
        None if is("Set") || !is_quoted && is("true") => Some(true),
        None if is("Not set") || !is_quoted && is("false") => Some(false),
        None => None,
    }
}

/// Bytes as `48:65:6c`, or with dashes or dots, or as `48656c`.
fn bytes(word: &str) -> Option<Vec<u8>> {
    if let Ok(bytes) = hex::decode(word) {
        return Some(bytes);
    }
    word.split([':', '-', '.'])
        .map(|part| u8::from_str_radix(part, 16).ok().filter(|_| part.len() == 2))
        .collect()
}

/// An address, or a network with the length of its prefix.
fn address(word: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = word.split_once('/').map_or((word, None), |(a, b)| (a, Some(b)));
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(longest), |prefix| prefix.parse().ok())?;
    (prefix <= longest).then_some((address, prefix))
}

/// Seconds with up to nine places, in nanoseconds.
fn seconds(word: &str) -> Option<i64> {
    let (sign, digits) = word.strip_prefix('-').map_or((1, word), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    whole.checked_mul(1_000_000_000)?.checked_add(fraction)?.checked_mul(sign)
}
