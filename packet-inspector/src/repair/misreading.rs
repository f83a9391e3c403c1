//! How unlikely a change is, in bits: digits that scanners confuse are cheap, a habit is cheaper.

use crate::record::Record;

use super::edit::{Edit, Layout};

/// What one wrong digit costs before it is known which: damage is rare, and there are many digits.
const DIGIT: i32 = 10;
/// A digit for another that it is hardly taken for.
const ODD: i32 = 7;
/// Both digits of a byte.
const BYTE: i32 = 19;
/// A byte was lost: one of 256, at one of many places.
const LOST: i32 = 17;
/// It was like its neighbour.
const LOST_TWIN: i32 = 12;
/// A byte that is not there was printed.
const DOUBLED: i32 = 9;
const STRAY: i32 = 14;
/// The same digit was misread in the same way before.
const HABIT: i32 = 4;
/// Damage is seldom spread.
const SAME_ROW: i32 = 1;

/// Digits that are confused most: those of one group look alike.
const USUAL: [&str; 6] = ["068", "39", "8bd", "17", "56", "38"];
/// Digits that are confused sometimes; `o` and `a` look like `0`.
const SOMETIMES: [&str; 13] = ["0a", "0d", "3b", "6b", "ce", "0c", "ae", "27", "14", "35", "49", "ad", "9a"];

/// What it costs to take the digit `from` for a misread `to`.
fn digit_cost(from: u8, to: u8) -> i32 {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('?');
    let alike = |group: &str| group.contains(digit(from)) && group.contains(digit(to));
    if USUAL.iter().any(|group| alike(group)) {
        1
    } else if SOMETIMES.iter().any(|group| alike(group)) {
        3
    } else {
        ODD
    }
}

/// In words, when two bytes differ in one digit that is easily misread.
pub(super) fn words(from: u8, to: u8) -> Option<String> {
    let (printed, right) = wrong_digit(from, to)?;
    let how = match digit_cost(printed, right) {
        1 => "often",
        3 => "sometimes",
        _ => return None,
    };
    Some(format!("{printed:x} and {right:x} are {how} taken for each other"))
}

/// The digit printed and the one that is right, when only one differs.
pub(super) fn wrong_digit(from: u8, to: u8) -> Option<(u8, u8)> {
    match (from >> 4 == to >> 4, from & 0x0F == to & 0x0F) {
        (true, false) => Some((from & 0x0F, to & 0x0F)),
        (false, true) => Some((from >> 4, to >> 4)),
        _ => None,
    }
}

/// What all the changes cost together.
pub(super) fn cost(record: &Record, layout: &Layout, edits: &[Edit]) -> i32 {
    let mut cost = 0;
    for (number, edit) in edits.iter().enumerate() {
        cost += edit_cost(record, *edit);
        let before = edits.get(..number).unwrap_or_default();
        if before.iter().any(|other| is_habit(*other, *edit)) {
            cost -= HABIT;
        }
        let row = layout.row_of(record, edit.at());
        if before.iter().any(|other| layout.row_of(record, other.at()) == row) {
            cost -= SAME_ROW;
        }
    }
    cost
}

fn edit_cost(record: &Record, edit: Edit) -> i32 {
    let is_twin = |at: Option<usize>, byte: u8| at.and_then(|at| record.bytes.get(at)) == Some(&byte);
    match edit {
        Edit::Change { from, to, .. } => match wrong_digit(from, to) {
            Some((from, to)) => DIGIT + digit_cost(from, to),
            None => BYTE,
        },
        Edit::Insert { unread: Some(word), byte, .. } => {
            let word = record.unread.get(word).map_or("", |unread| unread.word.as_str());
            reading_cost(word, byte)
        }
        Edit::Insert { at, byte, unread: None } => {
            if is_twin(at.checked_sub(1), byte) || is_twin(Some(at), byte) { LOST_TWIN } else { LOST }
        }
        Edit::Remove { at, byte } => {
            if is_twin(at.checked_sub(1), byte) || is_twin(Some(at + 1), byte) {
                DOUBLED
            } else {
                STRAY
            }
        }
        Edit::InsertDigit { .. } => LOST,
        Edit::RemoveDigit { .. } => STRAY,
    }
}

/// What it costs to read a word as a byte: `O2` as 02 is cheap, `4` as 40 or 04 less so.
fn reading_cost(word: &str, byte: u8) -> i32 {
    let digits = format!("{byte:02x}");
    let chars: Vec<char> = word.chars().map(|c| c.to_ascii_lowercase()).collect();
    let looks = |printed: char, digit: char| {
        let read = crate::input::looks_like_digit(printed).or(printed.to_digit(16));
        match (read.and_then(|read| u8::try_from(read).ok()), digit.to_digit(16)) {
            (Some(read), Some(digit)) if u32::from(read) == digit => 0,
            (Some(read), Some(digit)) => u8::try_from(digit).map_or(ODD, |digit| digit_cost(read, digit) + 3),
            _ => ODD,
        }
    };
    let [high, low] = [0, 1].map(|at| digits.chars().nth(at).unwrap_or('0'));
    match chars.as_slice() {
        [a, b] => 2 + looks(*a, high) + looks(*b, low),
        // A digit is missing.
        [a] => 6 + looks(*a, high).min(looks(*a, low)),
        // One is too many.
        [a, b, c] => {
            let pairs = [(a, b), (a, c), (b, c)];
            6 + pairs.into_iter().map(|(a, b)| looks(*a, high) + looks(*b, low)).min().unwrap_or(ODD)
        }
        _ => LOST,
    }
}

/// Whether both changes are the same misreading.
fn is_habit(one: Edit, other: Edit) -> bool {
    match (one, other) {
        (Edit::Change { from: a, to: b, .. }, Edit::Change { from: c, to: d, .. }) => {
            wrong_digit(a, b).is_some() && wrong_digit(a, b) == wrong_digit(c, d)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scanners_confuse_is_cheap() {
        assert!(digit_cost(3, 9) < digit_cost(0, 10) && digit_cost(0, 10) < digit_cost(0, 15));
        assert_eq!(words(0x30, 0x90).as_deref(), Some("3 and 9 are often taken for each other"));
        assert_eq!(words(0x30, 0x9f), None);
        assert!(reading_cost("O2", 0x02) < reading_cost("2", 0x02));
        assert!(reading_cost("2", 0x02) < reading_cost("2", 0x31));
    }
}
