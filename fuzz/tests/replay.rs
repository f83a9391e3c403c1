//! The committed corpus through every target, on any toolchain.

use std::collections::BTreeSet;
use std::fs;

use mqtt_fuzz::seeds::{Seeds, corpus, seeds};
use mqtt_fuzz::{EXCUSES, NET_SELECTORS, TARGETS, disagreements, net};

/// What is committed for a target: names and bytes.
fn committed(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(corpus().join(target))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_target_takes_its_corpus() {
    for (target, run) in TARGETS {
        let files = committed(target);
        assert!(files.len() > 10, "{target}");
        for (name, bytes) in files {
            // Says which file it was when it fails.
            println!("{target}/{name}");
            run(&bytes);
        }
    }
}

/// A property holds for any bytes, so for those of the other targets too, and for their prefixes.
#[test]
fn every_target_takes_the_corpus_of_the_others() {
    for (from, _) in TARGETS {
        for (name, bytes) in committed(from) {
            for (target, run) in TARGETS {
                println!("{from}/{name} in {target}");
                run(&bytes);
                run(&bytes[..bytes.len() / 2]);
                run(bytes.get(1..).unwrap_or_default());
            }
        }
    }
}

#[test]
fn every_frame_as_one_of_every_link() {
    for (name, bytes) in committed("net") {
        for selector in 0..NET_SELECTORS {
            println!("{name} with {selector}");
            net(&[&[selector], &bytes[1..]].concat());
        }
    }
}

#[test]
fn the_corpus_is_what_the_seeds_are() {
    let committed: Seeds = TARGETS
        .iter()
        .flat_map(|&(target, _)| {
            committed(target).into_iter().map(move |(name, bytes)| ((target, name), bytes))
        })
        .collect();
    let seeds = seeds();
    let names = |seeds: &Seeds| seeds.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&committed), names(&seeds), "run `cargo run --example seeds` in fuzz/");
    assert!(committed == seeds, "run `cargo run --example seeds` in fuzz/");
    assert!(seeds.values().map(Vec::len).sum::<usize>() < 200_000);
}

/// An excuse that no seed needs hides what it was not meant for.
#[test]
fn every_excuse_is_needed() {
    let mut idle: BTreeSet<_> = EXCUSES().into_iter().collect();
    for (_, bytes) in committed("differential") {
        disagreements(&bytes).iter().for_each(|used| {
            idle.remove(used);
        });
    }
    assert!(idle.is_empty(), "{idle:#?}");
}
