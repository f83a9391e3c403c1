//! What belongs to Packet Identifiers, in constant time and without an allocation for each.

use std::collections::VecDeque;

use mqtt_codec::PacketId;

/// A map by identifiers that are handed out one after the other. What lies side by side in time lies so in memory, which a
/// hash would scatter; a place that is free is used again at once, while it is in the cache.
///
/// It holds as many values as there ever were at a time, and two bytes for each identifier between the oldest and the
/// newest in use: 128 KiB when one is never answered while all others go round.
#[derive(Debug)]
pub(super) struct ById<T> {
    /// The identifier of the first place.
    first: PacketId,
    /// For each identifier from `first` on: one more than its slot, or 0 when it is not in use. The first is in use.
    places: VecDeque<u16>,
    slots: Vec<Option<T>>,
    free: Vec<u16>,
}

impl<T> Default for ById<T> {
    fn default() -> Self {
        Self { first: PacketId::MIN, places: VecDeque::new(), slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> ById<T> {
    /// Identifiers in use.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How far this identifier is behind the first, as they are handed out: 1 comes after 65,535.
    #[inline]
    fn offset(&self, id: PacketId) -> usize {
        let (id, first) = (usize::from(id.get()), usize::from(self.first.get()));
        if id >= first { id - first } else { id + usize::from(PacketId::MAX.get()) - first }
    }

    #[inline]
    fn slot(&self, id: PacketId) -> Option<usize> {
        usize::from(*self.places.get(self.offset(id))?).checked_sub(1)
    }

    #[inline]
    pub(super) fn contains(&self, id: PacketId) -> bool {
        self.slot(id).is_some()
    }

    #[inline]
    pub(super) fn get(&self, id: PacketId) -> Option<&T> {
        self.slots.get(self.slot(id)?)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: PacketId) -> Option<&mut T> {
        let slot = self.slot(id)?;
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Puts a value there, in place of the one that was.
    #[inline]
    pub(super) fn insert(&mut self, id: PacketId, value: T) {
        if let Some(old) = self.get_mut(id) {
            *old = value;
            return;
        }
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                // There are no more slots than identifiers.
                u16::try_from(self.slots.len() - 1).unwrap_or(u16::MAX)
            }
        };
        if let Some(free) = self.slots.get_mut(usize::from(slot)) {
            *free = Some(value);
        }
        if self.places.is_empty() {
            self.first = id;
        }
        let offset = self.offset(id);
        if offset >= self.places.len() {
            self.places.resize(offset, 0);
            self.places.push_back(slot + 1);
        } else if let Some(place) = self.places.get_mut(offset) {
            *place = slot + 1;
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, id: PacketId) -> Option<T> {
        let offset = self.offset(id);
        let place = std::mem::take(self.places.get_mut(offset)?);
        if offset == 0 {
            self.trim();
        }
        self.release(place)
    }

    #[inline]
    fn release(&mut self, place: u16) -> Option<T> {
        let slot = place.checked_sub(1)?;
        self.free.push(slot);
        self.slots.get_mut(usize::from(slot))?.take()
    }

    /// The first place is to be in use again.
    #[inline]
    fn trim(&mut self) {
        while self.places.front() == Some(&0) {
            self.places.pop_front();
            self.first = self.first.next();
        }
    }

    /// All identifiers in use, in the order in which they are handed out.
    pub(super) fn ids(&self) -> impl Iterator<Item = PacketId> {
        let all = std::iter::successors(Some(self.first), |id| Some(id.next()));
        all.zip(&self.places).filter(|(_, place)| **place != 0).map(|(id, _)| id)
    }

    /// All, in the same order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PacketId, &T)> {
        self.ids().filter_map(|id| Some((id, self.get(id)?)))
    }

    /// All values, in any order.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten()
    }

    /// Only these stay.
    pub(super) fn retain(&mut self, mut stays: impl FnMut(&mut T) -> bool) {
        let ids: Vec<_> = self.ids().collect();
        for id in ids {
            if self.get_mut(id).is_some_and(|value| !stays(value)) {
                self.remove(id);
            }
        }
    }

    /// All values, in the order of their identifiers; nothing is left.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = T> {
        let mut all = std::mem::take(self);
        let ids: Vec<_> = all.ids().collect();
        ids.into_iter().filter_map(move |id| all.remove(id))
    }
}

/// A set of identifiers that somebody else chooses: a bit for each, up to the highest there ever was, 8 KiB at most.
#[derive(Debug, Default)]
pub(super) struct IdSet {
    words: Vec<u64>,
    len: usize,
}

impl IdSet {
    const BITS: usize = 64;

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    fn bit(id: PacketId) -> (usize, u64) {
        let id = usize::from(id.get());
        (id / Self::BITS, 1 << (id % Self::BITS))
    }

    #[inline]
    pub(super) fn contains(&self, id: PacketId) -> bool {
        let (word, bit) = Self::bit(id);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    #[inline]
    pub(super) fn insert(&mut self, id: PacketId) {
        let (index, bit) = Self::bit(id);
        if index >= self.words.len() {
            self.words.resize(index + 1, 0);
        }
        if let Some(word) = self.words.get_mut(index)
            && *word & bit == 0
        {
            *word |= bit;
            self.len += 1;
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = PacketId> {
        let words = self.words.iter().enumerate();
        let bits = words.flat_map(|(index, word)| {
            (0..Self::BITS).filter(move |bit| word & (1 << bit) != 0).map(move |bit| index * Self::BITS + bit)
        });
        bits.filter_map(|id| PacketId::new(u16::try_from(id).ok()?))
    }

    /// `true` when it was there.
    #[inline]
    pub(super) fn remove(&mut self, id: PacketId) -> bool {
        let (word, bit) = Self::bit(id);
        match self.words.get_mut(word) {
            Some(word) if *word & bit != 0 => {
                *word &= !bit;
                self.len -= 1;
                true
            }
            _ => false,
        }
    }
}

impl FromIterator<PacketId> for IdSet {
    fn from_iter<I: IntoIterator<Item = PacketId>>(ids: I) -> Self {
        let mut set = Self::default();
        ids.into_iter().for_each(|id| set.insert(id));
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn id(id: u16) -> PacketId {
        PacketId::new(id).unwrap()
    }

    /// Identifiers near each other, also across the end, and any.
    fn ids() -> impl Strategy<Value = PacketId> {
        prop_oneof![4 => 1..20_u16, 4 => 65_520..=65_535_u16, 1 => 1..=65_535_u16].prop_map(id)
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((ids(), 0..3_u8), 1..200)) {
            let (mut map, mut model) = (ById::default(), BTreeMap::new());
            for (number, (id, what)) in steps.into_iter().enumerate() {
                match what {
                    0 => assert_eq!(map.remove(id), model.remove(&id)),
                    1 if number % 16 == 0 => {
                        map.retain(|value| *value % 2 == 0);
                        model.retain(|_, value| *value % 2 == 0);
                    }
                    _ => {
                        map.insert(id, number);
                        model.insert(id, number);
                    }
                }
                assert_eq!((map.len(), map.get(id), map.contains(id)), (model.len(), model.get(&id), model.contains_key(&id)));
                assert!(map.places.front() != Some(&0));
            }
            let all: BTreeMap<_, _> = map.iter().map(|(id, value)| (id, *value)).collect();
            assert_eq!(all, model);
            assert_eq!(map.values().count(), model.len());
            assert_eq!(map.take_all().count(), model.len());
            assert_eq!((map.len(), map.iter().count()), (0, 0));
        }

        #[test]
        fn it_is_a_set(steps in prop::collection::vec((ids(), any::<bool>()), 1..200)) {
            let (mut set, mut model) = (IdSet::default(), std::collections::BTreeSet::new());
            for (id, insert) in steps {
                match insert {
                    true => { set.insert(id); model.insert(id); }
                    false => assert_eq!(set.remove(id), model.remove(&id)),
                }
                assert_eq!((set.contains(id), set.is_empty()), (model.contains(&id), model.is_empty()));
            }
        }
    }

    #[test]
    fn a_window_that_goes_round_needs_no_more_than_its_width() {
        let mut map = ById::default();
        let (mut oldest, mut newest) = (id(65_000), id(65_000));
        for step in 0..70_000 {
            map.insert(newest, step);
            newest = newest.next();
            if map.len() > 10 {
                assert_eq!(map.remove(oldest), Some(step - 10));
                oldest = oldest.next();
            }
            assert!(map.slots.len() <= 11 && map.places.len() <= 11 && map.places.capacity() <= 32);
        }
        assert_eq!(map.ids().next(), Some(oldest));
    }
}
