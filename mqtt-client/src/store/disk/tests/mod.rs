//! The log through crashes, failures and damage, against a naive model.
#![allow(clippy::as_conversions, reason = "tests")]

mod model;
mod ram;

use mqtt_codec::PacketId;
use proptest::prelude::*;

use self::model::{Model, sorted};
use self::ram::Ram;
use super::*;

const SECTOR: usize = 512;

/// A store of these files, whose log is begun anew often.
fn store(files: &Ram, durability: Durability) -> LogStore<Ram> {
    let mut store = LogStore::new(files.clone());
    store.durability = durability;
    store.short_log = 2_000;
    store
}

fn load(files: &Ram) -> Result<Saved, DiskError> {
    store(files, Durability::Disk).load("client").map(sorted)
}

/// Choices from bytes that proptest can shrink; zeros when they are over.
fn dice(mut choices: &[u8]) -> impl FnMut(usize) -> usize {
    move |sides| {
        let (choice, rest) = choices.split_first_chunk().unwrap_or((&[0, 0], &[]));
        choices = rest;
        usize::from(u16::from_be_bytes(*choice)) % sides
    }
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..1_500)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn commits_and_loads_are_what_the_model_says(choices in choices()) {
        let mut roll = dice(&choices);
        let files = Ram::default();
        let mut model = Model::default();
        let mut disk = store(&files, Durability::System);
        prop_assert_eq!(disk.load("client").unwrap(), Saved::default());
        for _ in 0..60 {
            disk.commit(&model.changes(&mut roll)).unwrap();
            if roll(4) == 0 {
                disk = store(&files, Durability::System);
                prop_assert_eq!(sorted(disk.load("client").unwrap()), sorted(model.saved.clone()));
            }
            let kept = disk.live.len();
            let len = files.contents(LOG).unwrap().len() as u64;
            prop_assert!(len <= 2_000.max(GROWTH * kept) + 20_000, "{len} for {kept}");
        }
        prop_assert_eq!(load(&files).unwrap(), sorted(model.saved));
    }

    /// Killed in the middle of any call on the files, or the power fails there: what was committed is there, and what was
    /// about to be is there completely or not at all.
    #[test]
    fn a_crash_anywhere_keeps_what_was_committed(choices in choices(), power_cut: bool) {
        let mut roll = dice(&choices);
        let mut files = Ram::default();
        let mut model = Model::default();
        for _ in 0..8 {
            {
                let mut state = files.state();
                state.calls_left = Some(roll(40));
                state.partial = roll(200);
            }
            let durability = if power_cut || roll(2) == 0 { Durability::Disk } else { Durability::System };
            let mut disk = store(&files, durability);
            // What may be found: since the last commit that was waited for.
            let mut possible = vec![model.clone()];
            if disk.load("client").is_ok() {
                for _ in 0..100 {
                    let changes = model.changes(&mut roll);
                    let only_finished = changes.iter().all(|it| matches!(it, Change::Finished { .. }));
                    if disk.commit(&changes).is_err() {
                        possible.push(model.clone());
                        break;
                    }
                    if !(power_cut && only_finished) {
                        possible.clear();
                    }
                    possible.push(model.clone());
                }
            }
            files = if power_cut { files.power_cut(&mut roll) } else { files.killed() };
            let found = load(&files).unwrap();
            let it = possible.into_iter().find(|model| sorted(model.saved.clone()) == found);
            prop_assert!(it.is_some(), "{found:?}");
            model = it.unwrap();
        }
    }

    /// No space for a while: the commit fails, and nothing of what was committed before is lost.
    #[test]
    fn a_failure_anywhere_is_an_error_and_loses_nothing(choices in choices()) {
        let mut roll = dice(&choices);
        let files = Ram::default();
        let mut model = Model::default();
        for _ in 0..8 {
            {
                let mut state = files.state();
                (state.calls_left, state.partial, state.recovers) = (None, roll(200), true);
            }
            let mut disk = store(&files, Durability::Disk);
            prop_assert_eq!(sorted(disk.load("client").unwrap()), sorted(model.saved.clone()));
            files.state().calls_left = Some(roll(40));
            let (before, after) = loop {
                let before = model.clone();
                if let Err(error) = disk.commit(&model.changes(&mut roll)) {
                    let is_full = matches!(&error, DiskError::Io { source, .. }
                        if source.kind() == io::ErrorKind::StorageFull);
                    prop_assert!(is_full, "{error}");
                    break (before, model.clone());
                }
            };
            prop_assert!(matches!(disk.commit(&[]), Err(DiskError::FailedBefore)));
            *files.state() = std::mem::take(&mut *files.killed().state());
            let found = load(&files).unwrap();
            let mut both = [before, after].into_iter();
            let it = both.find(|model| sorted(model.saved.clone()) == found);
            prop_assert!(it.is_some(), "{found:?}");
            model = it.unwrap();
        }
    }
}

/// A log of several batches in one file, and what there is after each of them, with the place where it ends.
fn small_log() -> (Ram, Vec<(usize, Saved)>) {
    let files = Ram::default();
    let mut disk = LogStore::new(files.clone());
    let mut model = Model::default();
    disk.load("client").unwrap();
    let mut states = vec![(files.contents(LOG).unwrap().len(), sorted(model.saved.clone()))];
    let mut random = fastrand::Rng::with_seed(7);
    let mut roll = |sides| random.usize(..sides);
    for _ in 0..16 {
        disk.commit(&model.changes(&mut roll)).unwrap();
        states.push((files.contents(LOG).unwrap().len(), sorted(model.saved.clone())));
    }
    (files, states)
}

#[test]
fn a_log_cut_at_every_byte_has_every_whole_batch() {
    let (files, states) = small_log();
    let log = files.contents(LOG).unwrap();
    assert!(log.len() > 3_000 && states.last().unwrap().1.outgoing.len() > 3, "{states:?}");
    for len in 0..log.len() {
        let cut = files.with(LOG, log[..len].to_vec());
        let found = load(&cut);
        let Some((end, saved)) = states.iter().rfind(|(end, _)| *end <= len) else {
            // It had its header and its snapshot before it had its name.
            assert!(matches!(found, Err(DiskError::Damaged { .. })), "{len}: {found:?}");
            continue;
        };
        assert_eq!(&found.unwrap(), saved, "{len}");
        // The torn end is gone, and the log goes on.
        assert_eq!(cut.contents(LOG).unwrap().len(), *end);
        let mut disk = store(&cut, Durability::Disk);
        disk.load("client").unwrap();
        disk.commit(&[Change::Held(PacketId::MAX)]).unwrap();
        assert!(load(&cut).unwrap().held.contains(&PacketId::MAX), "{len}");
    }
}

#[test]
fn a_bit_that_flipped_anywhere_is_damage() {
    let (files, states) = small_log();
    let log = files.contents(LOG).unwrap();
    for at in 0..log.len() {
        let mut flipped = log.clone();
        flipped[at] ^= 1 << (at % 8);
        let left = files.with(LOG, flipped.clone());
        let found = load(&left);
        let Err(DiskError::Damaged { damage, .. }) = found else { panic!("byte {at}: {found:?}") };
        assert_eq!(left.contents(LOG).unwrap(), flipped, "it is left as it is");
        // What lies before the place that is named is good.
        if let Damage::Changed { at: named } = damage
            && named > states[0].0 as u64
        {
            assert!(named <= at as u64);
            let good = flipped[..usize::try_from(named).unwrap()].to_vec();
            load(&files.with(LOG, good)).unwrap();
        }
    }
}

#[test]
fn batches_that_are_missing_or_twice_are_damage() {
    let (files, states) = small_log();
    let log = files.contents(LOG).unwrap();
    for pair in states.windows(2) {
        let (start, end) = (pair[0].0, pair[1].0);
        let missing = [&log[..start], &log[end..]].concat();
        let found = load(&files.with(LOG, missing.clone()));
        assert_eq!(matches!(found, Err(DiskError::Damaged { .. })), end < log.len(), "{found:?}");
        let twice = [&log[..end], &log[start..]].concat();
        assert!(matches!(load(&files.with(LOG, twice)), Err(DiskError::Damaged { .. })));
    }
}

#[test]
fn sectors_that_were_synced_and_are_zero_are_damage() {
    let (files, states) = small_log();
    let log = files.contents(LOG).unwrap();
    let last = states[states.len() - 2].0;
    for start in (0..last).step_by(SECTOR) {
        let mut zeroed = log.clone();
        let end = (start + SECTOR).min(last);
        zeroed[start..end].fill(0);
        let found = load(&files.with(LOG, zeroed));
        assert!(matches!(found, Err(DiskError::Damaged { .. })), "{start}: {found:?}");
    }
}
