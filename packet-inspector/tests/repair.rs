//! Damaged dumps: the right repair is ranked first when the dumps of a connection are pasted together, and within the
//! first three alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::Instant;

use common::{lab, read};
use packet_inspector::frame::Options;
use packet_inspector::input::{self, InputFormat};
use packet_inspector::record::Record;
use packet_inspector::repair::{Repair, repair};
use serde_json::Value;

/// Ethernet addresses are under no check, so their errors cannot be seen.
const ETHERNET_ADDRESSES: usize = 12;

fn names() -> Vec<String> {
    let dumps: Value = serde_json::from_str(&read("dumps.json")).unwrap();
    dumps.as_object().unwrap().keys().cloned().collect()
}

fn printed(name: &str, kind: &str) -> Option<String> {
    std::fs::read_to_string(lab("frames").join(format!("{name}.as-printed.{kind}"))).ok()
}

fn right(name: &str) -> Vec<u8> {
    hex::decode(read(&format!("frames/{name}.hex")).trim()).unwrap()
}

fn records(text: &str) -> Vec<Record> {
    input::read(text.as_bytes(), InputFormat::Auto).unwrap()
}

/// The rank of the right bytes, from 1.
fn rank(repair: &Repair, right: &[u8]) -> Option<usize> {
    let checked = |bytes: &[u8]| bytes.get(ETHERNET_ADDRESSES..).map(<[u8]>::to_vec);
    let is_right = |bytes: &[u8]| checked(bytes) == checked(right);
    repair.candidates.iter().position(|candidate| is_right(&candidate.bytes)).map(|at| at + 1)
}

#[track_caller]
fn show(name: &str, repair: &Repair) {
    for candidate in &repair.candidates {
        println!("  {name}: {} bits", candidate.bits);
        for change in &candidate.changes {
            println!(
                "    {:02x} {} {:?} {} {}",
                change.offset,
                change.words(&repair.printed),
                change.field,
                change.certainty.as_str(),
                change.because
            );
        }
        if std::env::var("EVIDENCE").is_ok() {
            for evidence in &candidate.evidence {
                println!(
                    "      {:+} {:?} {} {}",
                    evidence.bits, evidence.check, evidence.holds, evidence.says
                );
            }
        }
    }
}

#[test]
fn each_dump_alone_has_the_right_repair_within_the_first_three() {
    for name in names() {
        for kind in ["txt", "table.txt"] {
            let Some(text) = printed(&name, kind) else { continue };
            let started = Instant::now();
            let repairs = repair(&records(&text), Options::default());
            println!("{name} {kind} {:?}", started.elapsed());
            show(&name, &repairs[0]);
            let rank = rank(&repairs[0], &right(&name));
            assert!(rank.is_some_and(|rank| rank <= 3), "{name}: {rank:?}");
        }
    }
}

#[test]
fn pasted_together_the_right_repair_is_first() {
    let names = names();
    let paste: Vec<String> = names.iter().map(|name| printed(name, "txt").unwrap()).collect();
    let started = Instant::now();
    let repairs = repair(&records(&paste.join("\n")), Options::default());
    println!("{:?}", started.elapsed());
    for (name, repair) in names.iter().zip(&repairs) {
        show(name, repair);
    }
    for (name, repair) in names.iter().zip(&repairs) {
        assert_eq!(rank(repair, &right(name)), Some(1), "{name}");
    }
}
