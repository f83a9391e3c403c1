//! Lines among the rows of a dump that are not rows: the tree beside it is silent, damaged rows are not.

use crate::finding::Severity;
use crate::input::builder::Builder;
use crate::input::{prose, text};

use super::row::{Row, Word, Words, group_bytes};

/// A line that is not understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stray<'a> {
    pub(super) line: usize,
    content: &'a str,
    severity: Severity,
}

impl Stray<'_> {
    pub(super) fn tell(&self, builder: &mut Builder) {
        builder.find(self.severity, "not_understood", (builder.bytes.len(), 0), || {
            let column = prose::indent(self.content).saturating_add(1);
            let message = prose::message(self.line, column, self.content);
            match self.severity {
                Severity::Error => (format!("{message}: the bytes of this row are left out"), String::new()),
                _ => (message, String::new()),
            }
        });
    }
}

/// The lines of one dump's range, and damaged rows right before and after it:
/// behind the line `taken` by the dump before, and up to the line of the next.
pub(super) fn find<'a>(lines: &[&'a str], rows: &[Row<'_>], taken: usize, until: usize) -> Vec<Stray<'a>> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Vec::new() };
    let stray = |line: usize, inside: bool| {
        let content = *lines.get(line.checked_sub(1)?)?;
        let severity = severity(content, first, inside)?;
        Some(Stray { line, content, severity })
    };
    let before = first.line.checked_sub(1).filter(|line| *line > taken);
    let mut strays: Vec<_> = before.and_then(|line| stray(line, false)).into_iter().collect();
    for pair in rows.windows(2) {
        let [row, next] = pair else { continue };
        let from = row.star.unwrap_or(row.line).saturating_add(1);
        strays.extend((from..next.line).filter_map(|line| stray(line, true)));
    }
    let after = last.star.unwrap_or(last.line).saturating_add(1);
    strays.extend((after..until).map_while(|line| stray(line, false)));
    strays
}

fn severity(content: &str, like: &Row<'_>, inside: bool) -> Option<Severity> {
    if prose::is_expected(content) {
        return None;
    }
    if is_damaged_row(content, like) {
        return Some(Severity::Error);
    }
    inside.then_some(Severity::Note)
}

/// Bytes behind an offset that is none, or without one, or behind words that are no bytes.
fn is_damaged_row(content: &str, like: &Row<'_>) -> bool {
    let is_group = |word: &Word<'_>| word.text.len() >= 2 && group_bytes(word.text, like.width).is_some();
    let mut words = Words::new(content);
    let Some(offset) = words.next() else { return false };
    let bytes = words.clone().take_while(is_group).count();
    if bytes >= 2 {
        return !is_heading(content, like.width);
    }
    let digits = text::without_0x(offset.text).trim_end_matches(':');
    let mut column = words.enumerate().take_while(|(at, word)| *at == 0 || !word.wide).map(|(_, word)| word);
    digits.len() == like.digits.len()
        && text::is_hex(digits)
        && column.clone().any(|word| is_group(&word))
        && column.all(|word| word.text.len() <= like.width)
}

/// The numbers of the columns above them.
fn is_heading(content: &str, width: usize) -> bool {
    let mut bytes = Vec::new();
    for word in Words::new(content).filter(|word| group_bytes(word.text, width).is_some()) {
        text::push_pairs(text::without_0x(word.text), &mut bytes);
    }
    bytes.len() >= 4 && bytes.iter().zip(0u8..).all(|(byte, at)| *byte == at)
}
