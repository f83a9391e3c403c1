//! Which single changes are tried.

use crate::net::Link;

use super::edit::{Edit, Version, layout_rest};
use super::weigh::Context;

/// Up to so many bytes each byte is tried with all values; in longer records with one digit changed.
pub(super) const MOST_WHOLE_BYTES: usize = 512;
/// Ethernet addresses are under no check.
const ETHERNET_ADDRESSES: usize = 12;

/// Whether the record seems to lack bytes, or to have too many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants {
    pub(super) more: bool,
    pub(super) fewer: bool,
    /// How many bytes are missing, as far as lengths tell.
    pub(super) lacking: usize,
    /// How many are too many.
    pub(super) surplus: usize,
}

impl Wants {
    pub(super) fn of(context: &Context<'_>, version: &Version) -> Self {
        let record = context.record;
        let mut wants = Self {
            more: !record.unread.is_empty() || context.layout.wrong(record, true).next().is_some(),
            fewer: context.layout.wrong(record, false).next().is_some(),
            lacking: context.layout.off(record, true),
            surplus: context.layout.off(record, false),
        };
        match context.survey(version) {
            Some(survey) => {
                let present = version.bytes.len();
                let length = survey.length.filter(|(_, agrees)| !agrees);
                wants.more |= length.is_some_and(|(end, _)| end > present);
                wants.fewer |= length.is_some_and(|(end, _)| end < present);
                let (lacking, surplus) = length
                    .map_or((0, 0), |(end, _)| (end.saturating_sub(present), present.saturating_sub(end)));
                // The rows are believed before a length that may be shifted itself.
                if (wants.lacking, wants.surplus) == (0, 0) {
                    (wants.lacking, wants.surplus) = (lacking, surplus);
                }
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
            None => (wants.more, wants.fewer) = (true, true),
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
