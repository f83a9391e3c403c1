//! Which changes are tried.

use std::collections::HashMap;

use crate::net::{ChecksumVerdict, Link};

use super::edit::{Edit, Version, layout_rest};
use super::weigh::Context;

/// Up to so many bytes each byte is tried with all values; in longer records with one digit changed.
const MOST_WHOLE_BYTES: usize = 512;
/// Up to so many bytes pairs of digits are looked for that satisfy a checksum.
const MOST_PAIRED: usize = 512;
/// The most such pairs that are weighed.
const MOST_PAIRS: usize = 20_000;
/// Ethernet addresses are under no check.
const ETHERNET_ADDRESSES: usize = 12;

/// Whether the record seems to lack bytes, or to have too many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants {
    pub(super) more: bool,
    pub(super) fewer: bool,
}

impl Wants {
    pub(super) fn of(context: &Context<'_>, version: &Version) -> Self {
        let record = context.record;
        let mut wants = Self {
            more: !record.unread.is_empty() || context.layout.wrong(record, true).next().is_some(),
            fewer: context.layout.wrong(record, false).next().is_some(),
        };
        match context.survey(version) {
            Some(survey) => {
                let present = version.bytes.len();
                let length = survey.length.filter(|(_, agrees)| !agrees);
                wants.more |= length.is_some_and(|(end, _)| end > present);
                wants.fewer |= length.is_some_and(|(end, _)| end < present);
                // A shifted header says nothing of its own length.
                let shifted = !survey.announced || survey.segment.is_none_or(|segment| !segment.is_sound);
                wants.more |= shifted;
                wants.fewer |= shifted;
            }
            None if context.link == Link::Mqtt => {
                let sound = crate::net::first_of_whole_packets(&version.bytes).is_some();
                wants.more |= !sound;
                wants.fewer |= !sound;
            }
            None => wants = Self { more: true, fewer: true },
        }
        wants
    }
}

/// All single changes that are tried, one after the other.
pub(super) fn singles(context: &Context<'_>, wants: Wants, mut tried: impl FnMut(Edit)) {
    changes(context, &mut tried);
    if wants.fewer {
        removals(context, &mut tried);
    }
    if wants.more {
        insertions(context, &mut tried);
    }
    if layout_rest(context.record).is_some() {
        shifts(context, &mut tried);
    }
}

/// Each byte with another value.
pub(super) fn changes(context: &Context<'_>, tried: &mut impl FnMut(Edit)) {
    let bytes = &context.record.bytes;
    let whole = bytes.len() <= MOST_WHOLE_BYTES;
    for (at, &from) in bytes.iter().enumerate().skip(first_checked(context)) {
        let values = (0..=u8::MAX).filter(|to| *to != from);
        let is_digit = |to: &u8| (to ^ from) & 0xF0 == 0 || (to ^ from) & 0x0F == 0;
        values.filter(|to| whole || is_digit(to)).for_each(|to| tried(Edit::Change { at, from, to }));
    }
}

/// Each byte with one digit changed.
pub(super) fn digits(context: &Context<'_>, tried: &mut impl FnMut(Edit)) {
    for (at, &from) in context.record.bytes.iter().enumerate().skip(first_checked(context)) {
        for flip in (1..=0x0F).chain((0x10..=0xF0).step_by(0x10)) {
            tried(Edit::Change { at, from, to: from ^ flip });
        }
    }
}

/// The first byte that anything checks.
fn first_checked(context: &Context<'_>) -> usize {
    if context.link == Link::Ethernet { ETHERNET_ADDRESSES } else { 0 }
}

/// Bytes left out: in rows that are too long when there are such, else anywhere.
pub(super) fn removals(context: &Context<'_>, tried: &mut impl FnMut(Edit)) {
    let record = context.record;
    let rows: Vec<usize> = context.layout.wrong(record, false).collect();
    for (at, &byte) in record.bytes.iter().enumerate() {
        let in_row = |row: &usize| {
            record.rows.get(*row).is_some_and(|row| (row.start..row.start + row.len).contains(&at))
        };
        if rows.is_empty() || rows.iter().any(in_row) {
            tried(Edit::Remove { at, byte });
        }
    }
}

/// Bytes put in: for the words that could not be read, in rows that are too short, else anywhere.
pub(super) fn insertions(context: &Context<'_>, tried: &mut impl FnMut(Edit)) {
    let record = context.record;
    for (number, unread) in record.unread.iter().enumerate() {
        for byte in 0..=u8::MAX {
            tried(Edit::Insert { at: unread.at, byte, unread: Some(number) });
        }
    }
    let rows: Vec<usize> = context.layout.wrong(record, true).collect();
    if rows.is_empty() && (!record.unread.is_empty() || record.bytes.len() > MOST_WHOLE_BYTES) {
        return;
    }
    for at in 0..=record.bytes.len() {
        let row = context.layout.row_of(record, at);
        if rows.is_empty() || row.is_some_and(|row| rows.contains(&row)) {
            (0..=u8::MAX).for_each(|byte| tried(Edit::Insert { at, byte, unread: None }));
        }
    }
}

/// Hex without blanks that has a digit too few or too many.
fn shifts(context: &Context<'_>, tried: &mut impl FnMut(Edit)) {
    let bytes = &context.record.bytes;
    if bytes.len() > MOST_WHOLE_BYTES {
        return;
    }
    let digit_at = |at: usize| match (bytes.get(at / 2), at % 2) {
        (Some(byte), 0) => byte >> 4,
        (Some(byte), _) => byte & 0x0F,
        (None, _) => layout_rest(context.record).unwrap_or(0),
    };
    for at in 0..=2 * bytes.len() {
        tried(Edit::RemoveDigit { at, digit: digit_at(at) });
        (0..16).for_each(|digit| tried(Edit::InsertDigit { at, digit }));
    }
}

/// Pairs of changed digits that together satisfy a TCP checksum that fails.
pub(super) fn pairs(context: &Context<'_>, version: &Version) -> Vec<[Edit; 2]> {
    let Some(segment) = context.survey(version).and_then(|survey| survey.segment) else { return Vec::new() };
    let ChecksumVerdict::Bad { stored, computed } = segment.checksum else { return Vec::new() };
    if version.bytes.len() > MOST_PAIRED {
        return Vec::new();
    }
    let is_covered =
        |at: usize| segment.addresses.contains(&at) || (segment.tcp_at..segment.payload.end).contains(&at);
    // A digit of the segment, of the addresses or of the checksum itself adds to the sum by its place.
    let mut by_sum: HashMap<u16, Vec<Edit>> = HashMap::new();
    let mut all = Vec::new();
    digits(context, &mut |edit| {
        if let Edit::Change { at, from, to } = edit
            && is_covered(at)
        {
            let high = (at.abs_diff(segment.tcp_at)).is_multiple_of(2);
            let added = difference(from, to, high);
            by_sum.entry(added).or_default().push(edit);
            all.push((edit, added));
        }
    });
    // The sum without the stored checksum must become its complement.
    let wanted = sum_difference(!computed, !stored);
    let mut pairs = Vec::new();
    for (edit, added) in all {
        for other in by_sum.get(&sum_difference(added, wanted)).into_iter().flatten() {
            if other.at() > edit.at() && pairs.len() < MOST_PAIRS {
                pairs.push([edit, *other]);
            }
        }
    }
    pairs
}

/// `to - from` in one's complement.
fn sum_difference(from: u16, to: u16) -> u16 {
    let sum = u32::from(to) + u32::from(!from);
    let folded = (sum & 0xFFFF) + (sum >> 16);
    // Zero has two forms.
    u16::try_from(folded).ok().filter(|sum| *sum != u16::MAX).unwrap_or(0)
}

/// What a changed byte adds to the sum.
fn difference(from: u8, to: u8, high: bool) -> u16 {
    let word = |byte: u8| if high { u16::from(byte) << 8 } else { u16::from(byte) };
    sum_difference(word(from), word(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_those_of_ones_complement() {
        assert_eq!(sum_difference(1, 3), 2);
        assert_eq!(sum_difference(3, 1), 0xFFFD);
        assert_eq!(sum_difference(5, 5), 0);
        assert_eq!(difference(0x30, 0x90, true), 0x6000);
        assert_eq!(sum_difference(0x6000, 0x6000), 0);
    }
}
