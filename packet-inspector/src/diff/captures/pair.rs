//! Which connection of one capture is which of the other.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::survey::Conversation;

/// A connection of each capture, or one that has no counterpart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paired<'a> {
    pub(super) a: Option<&'a Conversation>,
    pub(super) b: Option<&'a Conversation>,
}

impl Paired<'_> {
    /// Whether both say the same.
    pub(super) fn is_same(&self) -> bool {
        self.a.zip(self.b).is_some_and(|(a, b)| (a.sides, a.packets) == (b.sides, b.packets))
    }
}

/// Pairs connections: of each Client Identifier first those that say the same, then by their order; of the others, those
/// that say the same but for their CONNECT, then by their order those whose identifiers begin alike, as made-up ones do,
/// and those that have none.
pub(super) fn pair<'a>(a: &'a [Conversation], b: &'a [Conversation]) -> Vec<Paired<'a>> {
    let mut others: Vec<Option<&Conversation>> = b.iter().map(Some).collect();
    let mut partners: Vec<Option<&Conversation>> = vec![None; a.len()];
    by(a, &mut partners, &mut others, |one| Some((one.key, one.sides, one.packets)));
    by(a, &mut partners, &mut others, |one| one.key);
    by(a, &mut partners, &mut others, |one| Some((one.rest, one.packets)));
    by(a, &mut partners, &mut others, |one| Some(one.stem));
    let pairs = a.iter().zip(partners).map(|(a, b)| Paired { a: Some(a), b });
    let alone = others.into_iter().flatten().map(|b| Paired { a: None, b: Some(b) });
    pairs.chain(alone).collect()
}

/// Gives who has no partner the first that has the same key.
fn by<'a, K: Eq + Hash>(
    a: &'a [Conversation],
    partners: &mut [Option<&'a Conversation>],
    others: &mut [Option<&'a Conversation>],
    key: impl Fn(&Conversation) -> Option<K>,
) {
    let mut free: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (place, other) in others.iter().enumerate() {
        if let Some(key) = other.and_then(&key) {
            free.entry(key).or_default().push_back(place);
        }
    }
    for (one, partner) in a.iter().zip(partners).filter(|(_, partner)| partner.is_none()) {
        let place = key(one).and_then(|key| free.get_mut(&key)?.pop_front());
        *partner = place.and_then(|place| others.get_mut(place)?.take());
    }
}
