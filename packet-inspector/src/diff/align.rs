//! Lays two lists of packets beside each other so that as little as possible differs.

use super::item::Item;

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A packet of each list.
    Both(usize, usize),
    /// One that only the first list has.
    First(usize),
    /// One that only the second list has.
    Second(usize),
}

/// A packet without a counterpart.
const ALONE: u32 = 4;
/// A pair costs one for each field that differs, and at most this: less than two packets alone.
const MOST: u32 = 7;
/// The most packets that are compared each with each; longer lists are taken in pieces of this length.
const PIECE: usize = 1000;

pub(super) fn align(a: &[Item], b: &[Item]) -> Vec<Step> {
    let mut steps = Vec::with_capacity(a.len().max(b.len()));
    let (mut i, mut j) = (0, 0);
    // What is alike needs no search.
    while let (Some(one), Some(other)) = (a.get(i), b.get(j)) {
        if is_same(one, other) {
            steps.push(Step::Both(i, j));
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let piece_a = a.get(i..a.len().min(i + PIECE)).unwrap_or_default();
        let piece_b = b.get(j..b.len().min(j + PIECE)).unwrap_or_default();
        let piece = align_piece(piece_a, piece_b);
        // The end of a piece may belong to what follows, so only its first half is kept, unless it is all there is.
        let is_all = i + PIECE >= a.len() && j + PIECE >= b.len();
        let kept = if is_all { piece.len() } else { (piece.len() / 2).max(1) };
        let (from_a, from_b) = (i, j);
        for step in piece.into_iter().take(kept) {
            steps.push(match step {
                Step::Both(one, other) => Step::Both(from_a + one, from_b + other),
                Step::First(one) => Step::First(from_a + one),
                Step::Second(other) => Step::Second(from_b + other),
            });
            i += usize::from(!matches!(step, Step::Second(_)));
            j += usize::from(!matches!(step, Step::First(_)));
        }
    }
    steps.extend((i..a.len()).map(Step::First));
    steps.extend((j..b.len()).map(Step::Second));
    steps
}

fn is_same(a: &Item, b: &Item) -> bool {
    a.packet == b.packet && a.fields == b.fields
}

/// What a pair costs; packets of different types are none.
fn cost(a: &Item, b: &Item) -> Option<u32> {
    if a.packet != b.packet {
        return None;
    }
    if a.fields == b.fields {
        return Some(0);
    }
    // By their places alone: this is asked of all pairs.
    let beside = a.fields.iter().zip(&b.fields).filter(|(one, other)| one != other).count();
    let differences = beside + a.fields.len().abs_diff(b.fields.len());
    Some(u32::try_from(differences).map_or(MOST, |count| count.clamp(1, MOST)))
}

/// The cheapest way through both lists, by what is left behind each place.
fn align_piece(a: &[Item], b: &[Item]) -> Vec<Step> {
    let width = b.len() + 1;
    let mut left: Vec<u32> = vec![0; (a.len() + 1) * width];
    let mut pairs: Vec<Option<u32>> = vec![None; (a.len() + 1) * width];
    let at = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(u32::MAX / 2);
    for i in (0..=a.len()).rev() {
        for j in (0..=b.len()).rev() {
            let pair = a.get(i).zip(b.get(j)).and_then(|(one, other)| cost(one, other));
            let best = [
                (i < a.len()).then(|| at(&left, i + 1, j) + ALONE),
                (j < b.len()).then(|| at(&left, i, j + 1) + ALONE),
                pair.map(|cost| at(&left, i + 1, j + 1) + cost),
            ];
            let best = best.into_iter().flatten().min().unwrap_or(0);
            if let (Some(place), Some(cost)) = (left.get_mut(i * width + j), pairs.get_mut(i * width + j)) {
                (*place, *cost) = (best, pair);
            }
        }
    }
    let mut steps = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let here = at(&left, i, j);
        let pair = pairs.get(i * width + j).copied().flatten();
        if pair.is_some_and(|cost| at(&left, i + 1, j + 1) + cost == here) {
            steps.push(Step::Both(i, j));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && at(&left, i + 1, j) + ALONE == here {
            steps.push(Step::First(i));
            i += 1;
        } else {
            steps.push(Step::Second(j));
            j += 1;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Field;
    use crate::dissect::Value;

    fn items(packets: &[(&'static str, &str)]) -> Vec<Item> {
        let item = |(packet, topic): &(&'static str, &str)| {
            let value = Value::Text((*topic).to_owned());
            let (name, text) = ("Topic".to_owned(), String::new());
            let field = Field { name, wireshark: None, value, is_hidden: false, text };
            Item { frame: 1, offset: 0, packet, info: String::new(), fields: vec![field] }
        };
        packets.iter().map(item).collect()
    }

    #[test]
    fn what_is_missing_does_not_shift_the_rest() {
        let a = items(&[("PUBLISH", "a"), ("PINGREQ", ""), ("PUBLISH", "b")]);
        let b = items(&[("PUBLISH", "a"), ("PUBLISH", "c"), ("PUBACK", "")]);
        assert_eq!(align(&a, &b), [Step::Both(0, 0), Step::First(1), Step::Both(2, 1), Step::Second(2)]);
    }

    #[test]
    fn long_lists_are_aligned_in_pieces() {
        let topics: Vec<String> = (0..5000).map(|number| number.to_string()).collect();
        let all: Vec<_> = topics.iter().map(|topic| ("PUBLISH", topic.as_str())).collect();
        let mut fewer = all.clone();
        fewer.remove(2500);
        fewer[0].1 = "other";
        let steps = align(&items(&all), &items(&fewer));
        assert_eq!(steps.len(), 5000);
        assert_eq!(steps[2500], Step::First(2500));
        assert_eq!(steps[4999], Step::Both(4999, 4998));
    }
}
