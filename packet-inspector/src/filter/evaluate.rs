//! Does an expression hold for a packet?

use std::cmp::Ordering;
use std::net::IpAddr;

use super::fields::{Value, Values};
use super::literal::Literal;
use super::parser::{Comparison, Expression, Operand};

pub(super) fn holds(expression: &Expression, values: Values<'_>) -> bool {
    match expression {
        Expression::Or(left, right) => holds(left, values) || holds(right, values),
        Expression::And(left, right) => holds(left, values) && holds(right, values),
        Expression::Not(inner) => !holds(inner, values),
        Expression::Exists(field) => values.any(*field, |_| true),
        Expression::Compare(field, comparison, operand) => {
            let (mut some, mut every) = (false, true);
            let fits = |holds: bool, some: &mut bool, every: &mut bool| {
                *some |= holds;
                *every &= holds;
                // All have to be looked at only where all count.
                holds && !matches!(comparison, Comparison::AllEqual | Comparison::NotEqual)
            };
            values.any(*field, |value| match operand {
                Operand::Literal(literal) => {
                    let holds = compare(value, literal).is_some_and(|order| fits_order(*comparison, order));
                    fits(holds, &mut some, &mut every)
                }
                Operand::Field(other) => values.any(*other, |other| {
                    let holds = order(value, other).is_some_and(|order| fits_order(*comparison, order));
                    fits(holds, &mut some, &mut every)
                }),
            });
            some && (every || !matches!(comparison, Comparison::AllEqual | Comparison::NotEqual))
        }
        Expression::Contains(field, Operand::Literal(Literal::Bytes(part))) => {
            values.any(*field, |value| contains(value, part))
        }
        Expression::Contains(field, Operand::Field(other)) => values.any(*field, |value| {
            values.any(*other, |part| bytes_of(part).is_some_and(|part| contains(value, part)))
        }),
        Expression::Contains(_, Operand::Literal(_)) => false,
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

fn fits_order(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Equal | Comparison::AllEqual => order.is_eq(),
        Comparison::NotEqual | Comparison::OneNotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

fn bytes_of<'a>(value: Value<'a>) -> Option<&'a [u8]> {
    match value {
        Value::Bytes(bytes) | Value::Protocol(bytes) => Some(bytes),
        _ => None,
    }
}

/// How the values of two fields stand to each other; `None` when they cannot be compared.
fn order(one: Value<'_>, other: Value<'_>) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => Some(one.cmp(&other)),
        (Value::Seconds(one), Value::Seconds(other)) => Some(one.cmp(&other)),
        (Value::Flag(one), Value::Flag(other)) => Some(one.cmp(&other)),
        (Value::Bytes(one), Value::Bytes(other)) => Some(one.cmp(other)),
        (Value::Address(one), Value::Address(other)) => Some(one.cmp(&other)),
        _ => None,
    }
}

/// How a value stands to a literal; `None` when they cannot be compared.
fn compare(value: Value<'_>, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::Number(number), Literal::Number(literal)) => Some(number.cmp(literal)),
        (Value::Seconds(nanos), Literal::Seconds(literal)) => Some(nanos.cmp(literal)),
        (Value::Flag(flag), Literal::Flag(literal)) => Some(flag.cmp(literal)),
        (Value::Address(address), Literal::Address(network, prefix)) => {
            compare_address(address, (*network, *prefix))
        }
        (Value::Bytes(bytes) | Value::Protocol(bytes), Literal::Bytes(literal)) => {
            Some(bytes.cmp(literal.as_slice()))
        }
        _ => None,
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

fn contains(value: Value<'_>, part: &[u8]) -> bool {
    let Some(bytes) = bytes_of(value) else { return false };
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}
