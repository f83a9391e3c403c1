//! Every small change of every sample: the codec never panics, agrees with the naive decoder, and encodes what it
//! accepts back to the same bytes.

use crate::common::samples::{long, short};
use crate::{agrees, body, pairs, with_body};

/// Calls `check` with each change of each sample, and says how many were packets, and how many were not.
#[track_caller]
fn changes(each: impl Fn(&[u8], &mut dyn FnMut(&[u8]))) -> (u32, u32) {
    let pairs = pairs();
    let (mut accepted, mut refused) = (0, 0);
    for sample in short() {
        each(&sample, &mut |changed| {
            for pair in &pairs {
                match agrees(pair, changed) {
                    true => accepted += 1,
                    false => refused += 1,
                }
            }
        });
    }
    // Both kinds come up, or the changes prove little.
    assert!(accepted > 100 && refused > 100, "{accepted} accepted, {refused} refused");
    (accepted, refused)
}

#[test]
fn every_change_of_one_byte() {
    let (accepted, refused) = changes(|sample, check| {
        let mut changed = sample.to_vec();
        for at in 0..sample.len() {
            for byte in (0..=255).filter(|&byte| byte != sample[at]) {
                changed[at] = byte;
                check(&changed);
            }
            changed[at] = sample[at];
        }
    });
    println!("one byte changed: {accepted} accepted, {refused} refused");
}

#[test]
fn every_change_of_one_bit_of_two_bytes_side_by_side() {
    changes(|sample, check| {
        let mut changed = sample.to_vec();
        for at in 1..sample.len() {
            for bits in 0..64 {
                changed[at - 1] ^= 1 << (bits / 8);
                changed[at] ^= 1 << (bits % 8);
                check(&changed);
                changed[at - 1] = sample[at - 1];
                changed[at] = sample[at];
            }
        }
    });
}

#[test]
fn every_byte_deleted() {
    changes(|sample, check| {
        for at in 0..sample.len() {
            let changed = [&sample[..at], &sample[at + 1..]].concat();
            check(&changed);
        }
        // With a length to match, so that the fields have to give it away.
        let body = body(sample);
        for at in 0..body.len() {
            check(&with_body(sample, &[&body[..at], &body[at + 1..]].concat()));
        }
    });
}

#[test]
fn every_byte_inserted() {
    changes(|sample, check| {
        let body = body(sample);
        for byte in 0..=255 {
            for at in 0..=sample.len() {
                check(&[&sample[..at], &[byte], &sample[at..]].concat());
            }
            for at in 0..=body.len() {
                check(&with_body(sample, &[&body[..at], &[byte], &body[at..]].concat()));
            }
        }
    });
}

#[test]
fn every_run_of_bytes_duplicated() {
    changes(|sample, check| {
        let body = body(sample);
        for len in [1, 2, 3, 4, 8, body.len()] {
            for run in body.windows(len.max(1)).enumerate().map(|(at, run)| (at + run.len(), run)) {
                let (end, run) = run;
                check(&with_body(sample, &[&body[..end], run, &body[end..]].concat()));
            }
        }
        for at in 0..sample.len() {
            check(&[&sample[..=at], &sample[at..]].concat());
        }
    });
}

#[test]
fn every_end_cut_off() {
    changes(|sample, check| {
        let body = body(sample);
        for len in 0..=body.len() {
            check(&sample[..sample.len() - body.len() + len]);
            check(&with_body(sample, &body[..len]));
            check(&with_body(sample, &body[body.len() - len..]));
        }
    });
}

#[test]
fn every_first_byte_before_every_body() {
    changes(|sample, check| {
        let mut changed = sample.to_vec();
        for first in 0..=255 {
            changed[0] = first;
            check(&changed);
        }
    });
}

/// Too long to try all of them: changes at the ends of fields, and at odd places in between.
#[test]
fn some_changes_of_long_packets() {
    let pairs = pairs();
    for sample in long().iter().filter(|sample| sample.len() < 500_000) {
        let len = sample.len();
        let places = [0, 1, 2, 3, 4, 5, 6, 10, 12, 15, 16, 17, len / 3, len / 2, len - 9, len - 2, len - 1];
        let mut changed = sample.clone();
        for at in places {
            for byte in [0, 1, b'#', b'+', b'/', 0x7F, 0x80, 0xC3, 0xFF] {
                changed[at] = byte;
                agrees(&pairs[0], &changed);
            }
            changed[at] = sample[at];
        }
    }
}
