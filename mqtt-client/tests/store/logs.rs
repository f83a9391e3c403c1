//! Any bytes as a log, by choices that proptest can shrink, in bounded memory; more of them: the fuzz target `log`.

use allocation_counter::measure;
use mqtt_client::store::{Disk, Durability, Store};
use proptest::prelude::*;

use crate::broker::Folder;
use crate::log::{any_log, in_batches};
use crate::store;

/// What a record becomes in memory has at most so many times its bytes: the smallest message has 16.
const TIMES: u64 = 64;

#[track_caller]
fn takes_bounded_memory(folder: &Folder, log: &[u8]) {
    std::fs::write(store(folder).join("session.log"), log).unwrap();
    let used = measure(|| {
        let mut disk = Disk::open(store(folder)).unwrap().durability(Durability::System);
        drop(disk.load("fuzz"));
    });
    let most = 16_384 + TIMES * u64::try_from(log.len()).unwrap();
    assert!(used.bytes_max <= most, "{} bytes for a log of {}", used.bytes_max, log.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_log_or_no_log(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let folder = Folder::new();
        std::fs::create_dir(store(&folder)).unwrap();
        any_log(&store(&folder), &bytes);
        takes_bounded_memory(&folder, &bytes);
        takes_bounded_memory(&folder, &in_batches(&bytes));
    }
}

#[test]
fn lengths_that_are_larger_than_the_log_take_no_memory() {
    let folder = Folder::new();
    std::fs::create_dir(store(&folder)).unwrap();
    // A PUBLISH of 256 MiB, that is not there.
    let declared = [&[21, 1, 0, 0, 0, 0, 0, 0, 0, 1][..], b"\x32\xFF\xFF\xFF\x7F\x00\x01a\x00\x01x"].concat();
    takes_bounded_memory(&folder, &in_batches(&declared));
    // Many of the smallest records there are.
    let mut many = Vec::new();
    for number in 0..500_u64 {
        many.push(17);
        many.push(1);
        many.extend(number.to_be_bytes());
        many.extend(b"\x32\x05\x00\x01a\x00\x01");
    }
    any_log(&store(&folder), &many);
    takes_bounded_memory(&folder, &in_batches(&many));
}

/// Nothing could come after them.
#[test]
fn the_last_numbers_there_are_are_damage() {
    let folder = Folder::new();
    std::fs::create_dir(store(&folder)).unwrap();
    let last = [0xFF; 8];
    let publish = b"\x32\x05\x00\x01a\x00\x01";
    for changes in [
        [&[1][..], &last, publish].concat(),
        [&[10][..], &last, &[1, 0, 0, 0, 0, 0, 0, 0, 9], publish].concat(),
        [&[9][..], &[0; 8], &[0, 1], &last].concat(),
        [&[9][..], &last, &[0, 1], &[0; 8]].concat(),
    ] {
        let bytes = [&[u8::try_from(changes.len()).unwrap()][..], &changes].concat();
        any_log(&store(&folder), &bytes);
    }
}
