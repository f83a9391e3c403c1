//! Does an expression hold for a packet?

use std::cmp::Ordering;
use std::net::IpAddr;

use super::fields::{Value, Values};
use super::parser::{Comparison, Expression, Literal};

pub(super) fn holds(expression: &Expression, values: Values<'_>) -> bool {
    match expression {
        Expression::Or(left, right) => holds(left, values) || holds(right, values),
        Expression::And(left, right) => holds(left, values) && holds(right, values),
        Expression::Not(inner) => !holds(inner, values),
        Expression::Exists(field) => values.any(*field, |_| true),
        Expression::Compare(field, Comparison::NotEqual, literal) => {
            // All of them, and at least one.
            let mut there = false;
            let equal = values.any(*field, |value| {
                there = true;
                compare(value, literal) == Some(Ordering::Equal)
            });
            there && !equal
        }
        Expression::Compare(field, comparison, literal) => {
            values.any(*field, |value| compare(value, literal).is_some_and(|order| fits(*comparison, order)))
        }
        Expression::Contains(field, literal) => values.any(*field, |value| contains(value, literal)),
        Expression::Matches(field, regex) => {
            values.any(*field, |value| bytes_of(value).is_some_and(|bytes| regex.is_match(bytes)))
        }
        Expression::In(field, set) => values.any(*field, |value| {
            set.iter().any(|(first, last)| {
                let at_least = compare(value, first).is_some_and(Ordering::is_ge);
                at_least && compare(value, last).is_some_and(Ordering::is_le)
            })
        }),
    }
}

fn fits(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

fn bytes_of<'a>(value: Value<'a>) -> Option<&'a [u8]> {
    match value {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// How a value stands to a literal; `None` when they cannot be compared.
fn compare(value: Value<'_>, literal: &Literal) -> Option<Ordering> {
    match value {
        Value::Number(number) => Some(number.cmp(&literal.number?)),
        Value::Seconds(nanos) => Some(nanos.cmp(&literal.seconds?)),
        Value::Flag(flag) => Some(flag.cmp(&literal.flag?)),
        Value::Address(address) => compare_address(address, literal.address?),
        Value::Bytes(bytes) => {
            if bytes == literal.text.as_slice() {
                return Some(Ordering::Equal);
            }
            Some(bytes.cmp(literal.bytes.as_deref().unwrap_or(&literal.text)))
        }
        Value::Present => None,
    }
}

/// An address in a network is equal to it.
fn compare_address(address: IpAddr, (network, prefix): (IpAddr, u8)) -> Option<Ordering> {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let ((ours, len), (theirs, other_len)) = (bits(address), bits(network));
    if len != other_len {
        return None;
    }
    let shift = u32::from(len - prefix);
    let cut = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
    Some(cut(ours).cmp(&cut(theirs)))
}

fn contains(value: Value<'_>, literal: &Literal) -> bool {
    let Some(bytes) = bytes_of(value) else { return false };
    let within = |needle: &[u8]| needle.is_empty() || bytes.windows(needle.len()).any(|part| part == needle);
    within(&literal.text) || literal.bytes.as_deref().is_some_and(within)
}
