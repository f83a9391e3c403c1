//! Which pairs of changes are tried at once, since neither alone is for the better: digits that together satisfy a
//! checksum, two lost bytes, two bytes too many.

use std::collections::HashMap;

use crate::net::ChecksumVerdict;

use super::edit::{Edit, Version};
use super::propose;
use super::weigh::Context;

/// Up to so many bytes pairs are looked for.
const MOST_PAIRED: usize = propose::MOST_WHOLE_BYTES;
/// The most pairs of one kind that are weighed.
const MOST_PAIRS: usize = 250_000;

/// Pairs that are to be weighed, and how many were too many.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) list: Vec<[Edit; 2]>,
    pub(super) left_out: usize,
}

impl Pairs {
    fn push(&mut self, pair: [Edit; 2]) {
        if self.list.len() < MOST_PAIRS {
            self.list.push(pair);
        } else {
            self.left_out += 1;
        }
    }
}

/// What a lost byte may have been, beside its neighbours and what the text shows: what headers and packets begin with.
const USUAL: [u8; 24] = [
    0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x07, 0x08, 0x10, 0x18, 0x20, 0x30, 0x32, 0x40, 0x45, 0x4D, 0x50,
    0x51, 0x54, 0x5B, 0x60, 0x82, 0x86, 0xDD,
];

/// Two lost bytes, when the record lacks two.
pub(super) fn lost(context: &Context<'_>, lacking: usize) -> Pairs {
    let record = context.record;
    if lacking != 2 || record.bytes.len() > MOST_PAIRED || !record.unread.is_empty() {
        return Pairs::default();
    }
    let rows: Vec<usize> = context.layout.wrong(record, true).collect();
    let mut singles = Vec::new();
    for at in 0..=record.bytes.len() {
        let row = context.layout.row_of(record, at);
        if !rows.is_empty() && row.is_none_or(|row| !rows.contains(&row)) {
            continue;
        }
        let beside = [at.checked_sub(1).and_then(|at| record.bytes.get(at)), record.bytes.get(at)];
        let text =
            row.and_then(|row| record.rows.get(row)).and_then(|row| row.ascii.as_deref()).unwrap_or_default();
        let shown = text.bytes().filter(|byte| byte.is_ascii_graphic() && *byte != b'.');
        // Frames of a connection have most bytes of their headers in common.
        let others = context.paste.others.iter().filter_map(|other| other.head.get(at));
        let values = USUAL
            .into_iter()
            .chain(beside.into_iter().flatten().copied())
            .chain(shown)
            .chain(others.copied());
        let mut values: Vec<u8> = values.collect();
        values.sort_unstable();
        values.dedup();
        singles.extend(values.into_iter().map(|byte| Edit::Insert { at, byte, unread: None }));
    }
    // Each row lacks its own; where no row tells the place, only neighbours are tried.
    let row = |edit: &Edit| context.layout.row_of(record, edit.at());
    let is_near = |one: &Edit, other: &Edit| match rows.len() {
        0 => one.at() == other.at(),
        1 => true,
        _ => row(one) != row(other),
    };
    let mut pairs = Pairs::default();
    for one in &singles {
        // Of two bytes at one place the order counts, else the first stands before the second.
        for other in singles.iter().filter(|other| other.at() >= one.at() && is_near(one, other)) {
            pairs.push([*one, *other]);
        }
    }
    pairs
}

/// Two bytes too many, when the record has two.
pub(super) fn doubled(context: &Context<'_>, surplus: usize) -> Pairs {
    if surplus != 2 || context.record.bytes.len() > MOST_PAIRED {
        return Pairs::default();
    }
    let mut singles = Vec::new();
    propose::removals(context, &mut |edit| singles.push(edit));
    let mut pairs = Pairs::default();
    for (number, one) in singles.iter().enumerate() {
        singles.iter().skip(number + 1).for_each(|other| pairs.push([*one, *other]));
    }
    pairs
}

/// Pairs of changed digits that together satisfy a TCP checksum that fails.
pub(super) fn of_checksum(context: &Context<'_>, version: &Version) -> Pairs {
    let Some(segment) = context.survey(version).and_then(|survey| survey.segment) else {
        return Pairs::default();
    };
    let ChecksumVerdict::Bad { stored, computed } = segment.checksum else { return Pairs::default() };
    if version.bytes.len() > MOST_PAIRED {
        return Pairs::default();
    }
    let is_covered =
        |at: usize| segment.addresses.contains(&at) || (segment.tcp_at..segment.payload.end).contains(&at);
    // A digit of the segment, of the addresses or of the checksum itself adds to the sum by its place.
    let mut by_sum: HashMap<u16, Vec<Edit>> = HashMap::new();
    let mut all = Vec::new();
    propose::digits(context, &mut |edit| {
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
    let mut pairs = Pairs::default();
    for (edit, added) in all {
        for other in by_sum.get(&sum_difference(added, wanted)).into_iter().flatten() {
            if other.at() > edit.at() {
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
