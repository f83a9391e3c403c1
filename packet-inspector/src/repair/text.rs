//! The text beside the bytes as evidence, whole or damaged.

use crate::input::{Agreement, compare_text};
use crate::record::Record;

use super::edit::Version;
use super::evidence::{Check, Scale};

/// A character that stands beside its byte, in a column with one for each byte.
const SHOWN: i32 = 1;
/// One that stands beside another byte: more than the unlikeliest wrong digit costs, as one character of a sound column is
/// misread no more often, and then seldom as what another digit would show.
const WRONG: i32 = -15;
/// In a damaged column: a character that some byte shows, in its order.
const FOUND: i32 = 2;
/// One that no byte shows, or a byte that it should show.
const LOST: i32 = -1;
/// The most bytes and characters of a row that are laid beside each other.
const LONGEST: usize = 96;

/// How the column of one row agrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Fit {
    bits: i32,
    /// A character differs, though the column has one for each byte.
    differs: bool,
    /// The column is damaged itself.
    damaged: bool,
}

/// What the columns of the printed rows weigh, so that only changed rows are laid beside their text again.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    printed: Vec<Fit>,
}

impl Columns {
    pub(super) fn of(record: &Record) -> Self {
        let fit = |row: &crate::record::Row| {
            let bytes = record.bytes.get(row.start..row.start + row.len).unwrap_or_default();
            row.ascii.as_deref().map_or(Fit::default(), |text| fit(bytes, text))
        };
        Self { printed: record.rows.iter().map(fit).collect() }
    }

    /// Weighs the columns beside the rows of a version.
    pub(super) fn weigh(&self, record: &Record, version: &Version, scale: &mut impl Scale) {
        let mut all = Fit::default();
        let mut worst = None;
        for ((row, printed), &(start, len)) in record.rows.iter().zip(&self.printed).zip(&version.rows) {
            let Some(text) = row.ascii.as_deref() else { continue };
            let bytes = version.bytes.get(start..start + len).unwrap_or_default();
            let same = record.bytes.get(row.start..row.start + row.len) == Some(bytes);
            let fit = if same { *printed } else { fit(bytes, text) };
            all.bits += fit.bits;
            all.differs |= fit.differs;
            all.damaged |= fit.damaged;
            if fit.differs && worst.is_none_or(|(bits, _)| fit.bits < bits) {
                worst = Some((fit.bits, row));
            }
        }
        if all == Fit::default() {
            return;
        }
        scale.put(Check::Text, !all.differs, all.bits, || match worst {
            Some((_, row)) => format!("the text beside the bytes shows others in line {}", row.line),
            None if all.damaged => {
                "what can be read of the text beside the bytes, which is damaged".to_owned()
            }
            None => "the text beside the bytes shows them".to_owned(),
        });
    }
}

fn fit(bytes: &[u8], text: &str) -> Fit {
    let shown = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.';
    let visible = i32::try_from(bytes.iter().filter(|byte| shown(byte)).count()).unwrap_or(0);
    match compare_text(bytes, text) {
        Agreement::Same => Fit { bits: 2 + visible * SHOWN, ..Fit::default() },
        Agreement::Differs(places) => {
            let wrong = i32::try_from(places.len()).unwrap_or(0);
            Fit { bits: (visible - wrong).max(0) * SHOWN + wrong * WRONG, differs: true, damaged: false }
        }
        Agreement::Damaged => {
            let bytes: Vec<char> =
                bytes.iter().take(LONGEST).filter(|byte| shown(byte)).map(|byte| char::from(*byte)).collect();
            let text: Vec<char> =
                text.chars().take(LONGEST).filter(|c| c.is_ascii_graphic() && *c != '.').collect();
            let found = longest_common(&bytes, &text);
            let lost = bytes.len() + text.len() - 2 * found;
            let count = |number: usize| i32::try_from(number).unwrap_or(0);
            Fit { bits: FOUND * count(found) + LOST * count(lost), differs: false, damaged: true }
        }
    }
}

/// How many characters both have in the same order.
fn longest_common(one: &[char], other: &[char]) -> usize {
    let mut best = vec![0; other.len() + 1];
    for c in one {
        let mut diagonal = 0;
        let mut left = 0;
        for (place, d) in best.iter_mut().skip(1).zip(other) {
            let above = *place;
            *place = if c == d { diagonal + 1 } else { above.max(left) };
            diagonal = above;
            left = *place;
        }
    }
    best.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_column_still_tells_letters_apart() {
        let column = "T.....Pytho";
        let right = fit(b"TT\x04\x02\0\x05\0\x09Python.Su", column);
        let wrong = fit(b"TT\x04\x02\0\x05\0\x09Pyth\x0fn.Su", column);
        assert!(right.bits > wrong.bits, "{right:?} {wrong:?}");
        assert_eq!(longest_common(&['a', 'b', 'c'], &['a', 'x', 'c']), 2);
    }

    #[test]
    fn a_whole_column_finds_the_wrong_byte() {
        assert!(fit(b"MQTT", "MQTT").bits > fit(b"MOTT", "MQTT").bits + 5);
    }
}
