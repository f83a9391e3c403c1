//! Dumps with offsets: rows of offset, hex bytes and text, as many tools print them.
//!
//! First all rows are collected and grouped into records by their offsets; only then are they read,
//! since the next row's offset tells how many bytes a row has.

mod offsets;
mod record;
mod row;
mod split;
mod stray;

use crate::record::Record;

use super::error::{InputError, InputErrorKind};
use super::text;
use record::Budget;
use row::Row;

/// Reads every row that is found.
pub(super) fn read(text: &str) -> Result<Vec<Record>, InputError> {
    let rows = collect(text);
    refuse_words(&rows)?;
    Ok(records(text, &consistent(rows)))
}

/// The records of a text that is surely a dump.
pub(super) fn detect(text: &str) -> Option<Result<Vec<Record>, InputError>> {
    let rows = collect(text);
    if let Err(error) = refuse_words(&rows) {
        return Some(Err(error));
    }
    let rows = consistent(rows);
    rows.iter().any(|row| !row.hex.is_empty()).then(|| Ok(records(text, &rows)))
}

fn collect(text: &str) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut separated = false;
    for (number, line) in text::lines(text) {
        let misread = || {
            let last = rows.last().filter(|last| !separated && !last.hex.is_empty())?;
            Row::find_misread(number, line, last)
        };
        if let Some(mut row) = Row::find(number, line).or_else(misread) {
            row.separated = separated;
            separated = false;
            rows.push(row);
            continue;
        }
        match rows.last_mut() {
            Some(row) if !separated && line.trim_matches(text::is_blank) == "*" => {
                row.star = Some(number);
            }
            _ => separated = true,
        }
    }
    set_radix(&mut rows);
    rows
}

/// `od` prints seven digits, octal by default, decimal when asked to: the distances tell.
fn set_radix(rows: &mut [Row<'_>]) {
    let is_od = |row: &Row<'_>| row.digits.len() == 7 && !row.colon && row.width == 2;
    let fits = |radix: u32| {
        let parse = |row: &Row<'_>| usize::from_str_radix(row.digits, radix).ok();
        rows.windows(2)
            .filter(|pair| {
                let [row, next] = pair else { return false };
                let distance = parse(next).zip(parse(row)).map(|(next, this)| next.wrapping_sub(this));
                is_od(row) && distance == Some(row.bytes)
            })
            .count()
    };
    let (hex, octal, decimal) = (fits(16), fits(8), fits(10));
    let radix = if octal > hex && octal >= decimal {
        8
    } else if decimal > hex {
        10
    } else {
        return;
    };
    for row in rows.iter_mut().filter(|row| row.digits.len() == 7) {
        if let Ok(offset) = usize::from_str_radix(row.digits, radix) {
            row.offset = offset;
        }
    }
}

fn refuse_words(rows: &[Row<'_>]) -> Result<(), InputError> {
    let error = |row: &Row<'_>, kind| Err(InputError::new(kind, row.line, row.column(0)));
    let first = rows.iter().find(|row| !row.hex.is_empty());
    match first {
        Some(row) if row.shows_words() => error(row, InputErrorKind::Words),
        Some(row) if record::shows_swapped_words(row, rows) => error(row, InputErrorKind::Words),
        Some(row) if shows_binary(row, rows) => error(row, InputErrorKind::BinaryDigits),
        _ => Ok(()),
    }
}

/// `xxd -b`: eight digits a byte, of 0 and 1.
fn shows_binary(row: &Row<'_>, rows: &[Row<'_>]) -> bool {
    let next = rows.iter().find(|next| next.line > row.line);
    let is_binary = |word: row::Word<'_>| word.text.bytes().all(|b| matches!(b, b'0' | b'1'));
    row.width == 8
        && row::Words::new(row.hex).take(row.groups).all(is_binary)
        && next.is_some_and(|next| next.offset.checked_sub(row.offset) == Some(row.groups))
}

/// A row is believed when a colon marks its offset, or when the offset fits its neighbours:
/// bare hex and text may begin with what looks like an offset.
fn consistent(rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    /// How far a row may be from the last one: rows may be missing.
    const MAX_ROWS_APART: usize = 16;
    let mut kept: Vec<Row<'_>> = Vec::with_capacity(rows.len());
    let mut dropped = false;
    let mut candidates = rows.into_iter().peekable();
    while let Some(mut row) = candidates.next() {
        let size = row.bytes.max(16);
        let marked = row.colon
            && row.digits.len() >= 4
            && (row.offset == 0 || row.digits.bytes().any(|b| b.is_ascii_digit()));
        let narrow = row.colon || row.width < row.digits.len();
        let near = kept.last().is_some_and(|last| row.offset.abs_diff(last.offset) <= size * MAX_ROWS_APART);
        let continues = candidates
            .peek()
            .map(|next| next.offset.wrapping_sub(row.offset))
            .is_some_and(|distance| distance == row.bytes || distance == 16)
            || candidates.peek().is_some_and(|next| next.offset == row.bytes && row.bytes >= 8);
        let believed = if row.hex.is_empty() {
            // The offset behind the last byte.
            kept.last().is_some_and(|last| {
                !row.separated
                    && row.digits.len() == last.digits.len()
                    && !last.hex.is_empty()
                    && (last.star.is_some() || (1..=size).contains(&row.offset.wrapping_sub(last.offset)))
            })
        } else {
            marked || (narrow && (row.offset == 0 || near || (continues && row.bytes > 0)))
        };
        if believed {
            row.separated |= std::mem::take(&mut dropped);
            kept.push(row);
        } else {
            dropped = true;
        }
    }
    kept
}

/// Groups rows into records, and reads them.
fn records(text: &str, rows: &[Row<'_>]) -> Vec<Record> {
    let lines: Vec<_> = text.lines().collect();
    let mut budget = Budget::default();
    let mut records = Vec::new();
    // The last line that belongs to the records so far.
    let mut taken = 0;
    let mut rest = rows;
    while !rest.is_empty() {
        let len = (1..rest.len()).find(|at| begins_record(rest, *at)).unwrap_or(rest.len());
        let Some((group, after)) = rest.split_at_checked(len) else { break };
        let until = after.first().map_or(usize::MAX, |row| row.line);
        let strays = stray::find(&lines, group, taken, until);
        let end = group.last().map_or(0, |row| row.star.unwrap_or(row.line));
        taken = strays.last().map_or(end, |stray| stray.line.max(end));
        records.push(record::read(group, &strays, &mut budget));
        rest = after;
    }
    records
}

/// Whether the row at index `at` belongs to another dump than the one before.
fn begins_record(rows: &[Row<'_>], at: usize) -> bool {
    let (Some(last), Some(row)) = (at.checked_sub(1).and_then(|at| rows.get(at)), rows.get(at)) else {
        return false;
    };
    if row.hex.is_empty() {
        return false;
    }
    if row.offset == 0 || last.hex.is_empty() {
        return true;
    }
    let size = last.bytes.max(16);
    if row.offset > last.offset {
        let distance = row.offset - last.offset;
        return row.separated && last.star.is_none() && distance > size && distance != last.bytes;
    }
    if row.offset == last.offset {
        return row.separated;
    }
    // Only the print of this offset is wrong when the next row stands where it belongs.
    let misprinted = rows
        .get(at + 1)
        .is_some_and(|next| next.offset > last.offset && next.offset - last.offset <= last.bytes + row.bytes);
    !misprinted
}

#[cfg(test)]
mod tests;
