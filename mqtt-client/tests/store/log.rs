//! Any bytes as the log of a store: no panic, bounded memory, and all that stands before a fault is kept. The log is written
//! here by its layout alone (`src/store/disk/log.rs`), with a CRC-32 bit by bit.
#![allow(unreachable_pub, reason = "shared by a test and a fuzz target")]

use std::fs;
use std::path::Path;

use mqtt_client::session::Session;
use mqtt_client::store::{
    Change, Damage, Disk, DiskError, Durability, Saved, SavedPublish, SavedState, Store,
};
use mqtt_client::{Message, QoS, SessionOptions};
use mqtt_codec::PacketId;

const CLIENT_ID: &str = "fuzz";
const LOG: &str = "session.log";

/// The bytes as a log; as what stands in batches whose checksums are right; and as what happens to a good log.
///
/// # Panics
/// When a property does not hold.
pub fn any_log(directory: &Path, bytes: &[u8]) {
    loads_or_says_why(directory, bytes);
    loads_or_says_why(directory, &in_batches(bytes));
    is_the_same_in_the_version_before(directory, &in_batches(bytes));
    keeps_what_stands_before_a_fault(directory, bytes);
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
        }
    }
    (!crc).to_be_bytes()
}

fn header(version: u8) -> Vec<u8> {
    let mut out = [&b"MQTT log\0\0\0"[..], &[version], b"\0\x04fuzz"].concat();
    out.extend(crc(&out));
    out
}

fn is_old(log: &[u8]) -> bool {
    log.starts_with(&header(1))
}

fn batch(number: u64, synced: u64, changes: &[u8]) -> Vec<u8> {
    let mut out = [changes.len() as u64, number, synced].map(u64::to_be_bytes).concat();
    out.extend(crc(&out));
    out.extend(changes);
    out.extend(crc(&out));
    out.iter_mut().for_each(|byte| *byte ^= 0xC1);
    out
}

/// A log whose batches have these bytes in them. The first of each says how many, whether the batch says that the log was
/// synced, and whether there is a batch around them at all.
pub fn in_batches(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = header(2);
    out.extend(batch(0, 0, &[10, 0, 0, 0, 0, 0, 0, 0, 0]));
    let mut number = 1;
    while let Some((first, rest)) = bytes.split_first() {
        let (changes, behind) = rest.split_at(rest.len().min(usize::from(first % 64)));
        bytes = behind;
        let synced = if first & 64 == 0 { 0 } else { out.len() as u64 };
        if first & 128 == 0 {
            out.extend(batch(number, synced, changes));
        } else {
            out.extend(changes);
        }
        number += 1;
    }
    out
}

/// What a store makes of this log, and what is left of it then.
fn load(directory: &Path, log: &[u8]) -> (Result<Saved, Damage>, Vec<u8>) {
    let path = directory.join(LOG);
    fs::write(&path, log).unwrap();
    let mut disk = Disk::open(directory).unwrap().durability(Durability::System);
    let found = disk.load(CLIENT_ID).map_err(|error| match error.get_ref().downcast_ref() {
        Some(DiskError::Damaged { damage, .. }) => *damage,
        // Its checksum is right.
        Some(DiskError::OtherClient { .. } | DiskError::Newer { .. }) => Damage::Header,
        other => panic!("{other:?}"),
    });
    drop(disk);
    (found, fs::read(&path).unwrap())
}

fn loads_or_says_why(directory: &Path, log: &[u8]) {
    let (found, left) = load(directory, log);
    match found {
        Ok(saved) => {
            assert!(is_old(log) || log.starts_with(&left), "but for a torn end it is as it was");
            assert!(left.starts_with(&header(2)));
            assert_eq!(load(directory, &left), (Ok(saved.clone()), left));
            goes_on(directory, &saved);
        }
        Err(damage) => {
            assert_eq!(left, log, "it is left as it is");
            let Damage::Changed { at } = damage else { return };
            let good = &log[..usize::try_from(at).unwrap()];
            // Unless the log did not get as far as what it began with.
            let (found, left) = load(directory, good);
            let is_kept = is_old(good) || left == good;
            assert!(found == Err(damage) || (found.is_ok() && is_kept), "{found:?} before {damage}");
        }
    }
}

/// This log, as version 1 of the layout has it.
pub fn of_the_version_before(log: &[u8]) -> Vec<u8> {
    [&header(1), &log[header(2).len()..]].concat()
}

/// A log of version 1, which had all records but one, amounts to the same.
fn is_the_same_in_the_version_before(directory: &Path, log: &[u8]) {
    let old = of_the_version_before(log);
    let (found, left) = load(directory, &old);
    assert_eq!(found, load(directory, log).0);
    if let Ok(saved) = found {
        assert!(left.starts_with(&header(2)), "it is begun anew");
        assert_eq!(load(directory, &left), (Ok(saved), left));
    } else {
        assert_eq!(left, old, "it is left as it is");
    }
}

/// The session and the store can work with it.
fn goes_on(directory: &Path, saved: &Saved) {
    let mut disk = Disk::open(directory).unwrap().durability(Durability::System);
    disk.load(CLIENT_ID).unwrap();
    let options = SessionOptions::new(CLIENT_ID).clean_session(false).queue(usize::MAX, usize::MAX);
    let mut session = Session::restore(options, saved.clone()).unwrap();
    let message = Message::new("a", "x").unwrap().qos(QoS::AtLeastOnce);
    session.publish(message, None).unwrap();
    disk.commit(&session.take_changes()).unwrap();
    drop(disk);
    let (found, _) = load(directory, &fs::read(directory.join(LOG)).unwrap());
    assert_eq!(found.unwrap().outgoing.len(), saved.outgoing.len() + 1);
}

/// Commits by these choices, and what there was after each: the length of the log, and what it amounts to.
fn good_log(directory: &Path, choices: &[u8]) -> (Vec<u8>, Vec<(usize, Saved)>) {
    let path = directory.join(LOG);
    // In vain if there is none.
    let _ = fs::remove_file(&path);
    let mut disk = Disk::open(directory).unwrap().durability(Durability::System);
    let mut saved = disk.load(CLIENT_ID).unwrap();
    let len = || usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    let mut states = vec![(len(), saved.clone())];
    for (number, &choice) in (0..).zip(choices.iter().take(12)) {
        let packet_id = PacketId::new(1 + u16::from(choice)).unwrap();
        let mut changes = Vec::new();
        if choice % 3 == 0 && !saved.outgoing.is_empty() {
            let SavedPublish { number, .. } =
                saved.outgoing.remove(usize::from(choice) % saved.outgoing.len());
            changes.push(Change::Finished { number });
        }
        if choice % 5 == 0 && !saved.held.contains(&packet_id) {
            saved.held.push(packet_id);
            saved.held.sort();
            changes.push(Change::Held(packet_id));
        }
        let message =
            Message::new("a/b", vec![choice; usize::from(choice) * 3]).unwrap().qos(QoS::ExactlyOnce);
        saved.outgoing.push(SavedPublish { number, state: SavedState::Sent(packet_id, message.clone()) });
        saved.accepted += 1;
        changes.push(Change::Accepted { number, packet_id: Some(packet_id), message });
        disk.commit(&changes).unwrap();
        states.push((len(), saved.clone()));
    }
    drop(disk);
    (fs::read(&path).unwrap(), states)
}

/// A good log is cut, changed, or has bytes too many or too few. All that was committed before that place is there, or can be
/// had by cutting the log where it says.
fn keeps_what_stands_before_a_fault(directory: &Path, bytes: &[u8]) {
    let Some(([place, high, kind, len], choices)) = bytes.split_first_chunk() else { return };
    let (mut log, states) = good_log(directory, choices);
    let at = usize::from(u16::from_be_bytes([*high, *place])) % log.len();
    let end = log.len().min(at + 1 + usize::from(*len));
    match kind % 5 {
        0 => log.truncate(at),
        1 => log[at..end].fill(0),
        2 => log[at] ^= len | 1,
        3 => drop(log.drain(at..end)),
        _ => drop(log.splice(at..at, choices.iter().copied())),
    }
    let whole = states.iter().rposition(|(end, _)| *end <= at);
    let (found, left) = load(directory, &log);
    match found {
        Ok(saved) => {
            let which = states.iter().rposition(|(_, state)| *state == saved).expect("what there was once");
            assert!(whole <= Some(which), "{which} of {states:?}, damaged at {at}");
        }
        Err(Damage::Changed { at: named }) => {
            assert_eq!(left, log);
            let named = usize::try_from(named).unwrap();
            let Some(whole) = whole else { return };
            assert!(states[whole].0 <= named, "all before {at} is good, not only before {named}");
            let saved = load(directory, &log[..named]).0.expect("it is good before that");
            assert!(states[whole..].iter().any(|(_, state)| *state == saved));
        }
        Err(_) => assert!(at < states[0].0, "its header is good"),
    }
}
