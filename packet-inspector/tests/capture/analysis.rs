//! What conversations show: each rule broken is found, with its clause and frames; good ones are left in peace.

use std::collections::BTreeSet;
use std::io::Cursor;

use packet_inspector::analysis::{Analysis, Finding, Listener, clause};
use packet_inspector::capture::Reader;
use packet_inspector::stream::{Limits, Streams};

use crate::conversations::{BAD, GOOD};
use crate::wire::{CLIENT, SERVER, Tcp, Wire};

#[derive(Default)]
struct Heard(Vec<Finding>);

impl Listener for Heard {
    fn finding(&mut self, finding: Finding) {
        self.0.push(finding);
    }
}

pub(crate) fn findings(wire: &Wire) -> Vec<Finding> {
    let mut reader = Reader::new(Cursor::new(wire.pcap(1))).unwrap();
    let mut streams = Streams::new(&[1883], Limits::default());
    let mut analysis = Analysis::new(Heard::default());
    while let Some(entry) = reader.next_entry().unwrap() {
        streams.take(&entry, &mut analysis);
    }
    streams.finish(&mut analysis);
    analysis.into_listener().0
}

/// Plays lines such as `c 30 03 00 01 61` and `s ...`, each a segment; `wait 5` lets seconds pass, `close` closes, `open`
/// opens another connection, `c*` and `s*` stand for what a greeting needs.
pub(crate) fn play(script: &str) -> Wire {
    let mut wire = Wire::default();
    let mut port = 40_000;
    let mut tcp = Tcp::new(port);
    tcp.open(&mut wire);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "wait" => wire.now += rest.parse::<u64>().unwrap() * 1_000_000,
            "close" => tcp.close(&mut wire),
            "open" => {
                port += 1;
                tcp = Tcp::new(port);
                tcp.open(&mut wire);
            }
            "hello" => {
                tcp.send(&mut wire, CLIENT, &hex::decode("100d00044d51545404020005000161").unwrap());
                tcp.send(&mut wire, SERVER, &[0x20, 2, 0, 0]);
            }
            "keep" => {
                tcp.send(&mut wire, CLIENT, &hex::decode("100d00044d51545404000005000161").unwrap());
                let present = u8::from(rest == "present");
                tcp.send(&mut wire, SERVER, &[0x20, 2, present, 0]);
            }
            "c" | "s" => {
                let bytes = hex::decode(rest.replace(' ', "")).unwrap();
                tcp.send(&mut wire, if word == "c" { CLIENT } else { SERVER }, &bytes);
            }
            other => panic!("{other}"),
        }
    }
    wire
}

#[test]
fn good_conversations_are_left_in_peace() {
    for script in GOOD {
        assert_eq!(findings(&play(script)), [], "{script}");
    }
}

#[test]
fn each_broken_rule_is_found_with_its_clauses() {
    for (kind, clauses, script) in BAD {
        let found = findings(&play(script));
        let it = found.iter().find(|finding| finding.kind == *kind && finding.clauses == *clauses);
        let it = it.unwrap_or_else(|| panic!("{kind} {clauses:?} in\n{script}\nfound {found:#?}"));
        assert!(!it.frames.is_empty() && it.frames.is_sorted(), "{it:?}");
        assert!(clauses.iter().all(|id| {
            clause(id).is_some_and(|clause| {
                clause.is_seen_on_the_wire() || matches!(clause.id, "MQTT-3.1.2-24" | "MQTT-3.8.4-6")
            })
        }));
    }
}

#[test]
fn one_broken_rule_is_one_finding() {
    let several = [
        "second_connect",
        "empty_client_id_accepted",
        "went_on",
        "not_sent_again",
        "wrong_acknowledgement",
        "packet_id_in_use",
        "unknown_packet_id",
        "connack_unasked",
    ];
    for (kind, _, script) in BAD.iter().filter(|(kind, ..)| !several.contains(kind)) {
        let found: Vec<_> = findings(&play(script)).iter().map(|finding| finding.kind).collect();
        assert_eq!(found, [*kind], "{script}");
    }
}

#[test]
fn what_was_not_captured_is_not_held_against_anyone() {
    // Every conversation, without any one of its records: what is lost can break no rule that it kept.
    for script in GOOD {
        let whole = play(script);
        for missing in 0..whole.records.len() {
            let mut wire = whole.clone();
            wire.records.remove(missing);
            let found = findings(&wire);
            let blamed: BTreeSet<_> = found
                .iter()
                .filter(|finding| !finding.clauses.is_empty())
                .map(|finding| finding.kind)
                .collect();
            assert!(blamed.is_empty(), "without record {}: {found:#?}\n{script}", missing + 1);
        }
    }
}
