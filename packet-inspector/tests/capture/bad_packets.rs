//! Every class of bad packet, from either side, in a capture: each is found in its frame, with the statement it breaks;
//! and no statement that a capture can show to be broken is without a scenario that shows it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use packet_inspector::analysis::{Finding, clauses};
use packet_inspector::finding::Severity;

use crate::analysis::{findings, play};
use crate::conversations::BAD;

/// First packets of a client, with a statement that each breaks.
const FIRST: &[(&str, &str)] = &[
    // First byte, length.
    ("MQTT-2.2.2-1", "11 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61"),
    ("MQTT-4.8.0-1", "10 00"),
    ("MQTT-4.8.0-1", "10 02 00 04"),
    ("MQTT-4.8.0-1", "10 04 00 04 4d 51"),
    ("MQTT-4.8.0-1", "10 ff ff ff ff 7f 00 04 4d 51 54 54 04 02 00 05 00 01 61"),
    ("MQTT-3.1.0-1", "c0 00"),
    ("MQTT-3.1.0-1", "30 03 00 01 74"),
    // Protocol Name.
    ("MQTT-3.1.2-1", "10 0d 00 04 4d 51 54 58 04 02 00 05 00 01 61"),
    ("MQTT-3.1.2-1", "10 0d 00 04 6d 71 74 74 04 02 00 05 00 01 61"),
    // Connect Flags.
    ("MQTT-3.1.2-3", "10 0d 00 04 4d 51 54 54 04 03 00 05 00 01 61"),
    ("MQTT-3.1.2-13", "10 0d 00 04 4d 51 54 54 04 0a 00 05 00 01 61"),
    ("MQTT-3.1.2-11", "10 0d 00 04 4d 51 54 54 04 12 00 05 00 01 61"),
    ("MQTT-3.1.2-14", "10 13 00 04 4d 51 54 54 04 1e 00 05 00 01 61 00 01 77 00 01 6d"),
    ("MQTT-3.1.2-15", "10 0d 00 04 4d 51 54 54 04 22 00 05 00 01 61"),
    ("MQTT-3.1.2-22", "10 10 00 04 4d 51 54 54 04 42 00 05 00 01 61 00 01 70"),
    // Fields that flags promise, or don't.
    ("MQTT-3.1.2-9", "10 0d 00 04 4d 51 54 54 04 06 00 05 00 01 61"),
    ("MQTT-3.1.2-9", "10 10 00 04 4d 51 54 54 04 06 00 05 00 01 61 00 01 77"),
    ("MQTT-3.1.2-11", "10 13 00 04 4d 51 54 54 04 02 00 05 00 01 61 00 01 77 00 01 6d"),
    ("MQTT-3.1.2-18", "10 10 00 04 4d 51 54 54 04 02 00 05 00 01 61 00 01 75"),
    ("MQTT-3.1.2-19", "10 0d 00 04 4d 51 54 54 04 82 00 05 00 01 61"),
    ("MQTT-3.1.2-20", "10 13 00 04 4d 51 54 54 04 82 00 05 00 01 61 00 01 75 00 01 70"),
    ("MQTT-3.1.2-21", "10 10 00 04 4d 51 54 54 04 c2 00 05 00 01 61 00 01 75"),
    ("MQTT-3.1.3-1", "10 0e 00 04 4d 51 54 54 04 02 00 05 00 01 61 62"),
    // Client Identifier.
    ("MQTT-3.1.3-3", "10 0a 00 04 4d 51 54 54 04 02 00 05"),
    ("MQTT-3.1.3-3", "10 0b 00 04 4d 51 54 54 04 02 00 05 00"),
    ("MQTT-3.1.3-3", "10 0d 00 04 4d 51 54 54 04 02 00 05 00 05 61"),
    ("MQTT-3.1.3-4", "10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 ff"),
    ("MQTT-3.1.3-4", "10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 00"),
    ("MQTT-1.5.3-2", "10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 00"),
    ("MQTT-1.5.3-1", "10 0f 00 04 4d 51 54 54 04 02 00 05 00 03 ed a0 80"),
    ("MQTT-1.5.3-1", "10 0e 00 04 4d 51 54 54 04 02 00 05 00 02 c0 80"),
    ("MQTT-3.1.3-7", "10 0c 00 04 4d 51 54 54 04 00 00 05 00 00"),
    // Will Topic, User Name.
    ("MQTT-3.1.3-10", "10 13 00 04 4d 51 54 54 04 06 00 05 00 01 61 00 01 ff 00 01 6d"),
    ("MQTT-4.7.1-1", "10 13 00 04 4d 51 54 54 04 06 00 05 00 01 61 00 01 23 00 01 6d"),
    ("MQTT-4.7.3-1", "10 12 00 04 4d 51 54 54 04 06 00 05 00 01 61 00 00 00 01 6d"),
    ("MQTT-3.1.3-11", "10 10 00 04 4d 51 54 54 04 82 00 05 00 01 61 00 01 ff"),
];

/// Packets of a client that is connected.
const OF_CLIENT: &[(&str, &str)] = &[
    ("MQTT-3.1.0-2", "10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61"),
    // PUBLISH.
    ("MQTT-3.3.1-4", "36 05 00 01 74 00 07"),
    ("MQTT-3.3.1-2", "38 03 00 01 74"),
    ("MQTT-4.3.1-1", "38 03 00 01 74"),
    ("MQTT-3.3.2-2", "30 03 00 01 23"),
    ("MQTT-3.3.2-2", "30 05 00 03 61 2f 2b"),
    ("MQTT-4.7.3-1", "30 02 00 00"),
    ("MQTT-4.7.3-2", "30 03 00 01 00"),
    ("MQTT-3.3.2-1", "30 03 00 01 ff"),
    ("MQTT-2.3.1-1", "32 05 00 01 74 00 00"),
    ("MQTT-2.3.1-1", "34 05 00 01 74 00 00"),
    ("MQTT-2.3.1-1", "32 03 00 01 74"),
    ("MQTT-2.3.1-1", "32 04 00 02 61 62"),
    ("MQTT-4.7.3-1", "32 04 00 00 00 07"),
    ("MQTT-3.3.2-1", "30 03 00 05 74"),
    ("MQTT-3.3.2-1", "30 00"),
    // Acknowledgements.
    ("MQTT-2.2.2-1", "41 02 00 07"),
    ("MQTT-2.3.1-1", "40 02 00 00"),
    ("MQTT-4.8.0-1", "40 03 00 07 00"),
    ("MQTT-4.8.0-1", "40 01 07"),
    ("MQTT-2.3.1-6", "40 02 00 07"),
    ("MQTT-2.2.2-1", "52 02 00 07"),
    ("MQTT-2.3.1-6", "50 02 00 07"),
    ("MQTT-3.6.1-1", "60 02 00 07"),
    ("MQTT-2.3.1-6", "62 02 00 07"),
    ("MQTT-2.2.2-1", "71 02 00 07"),
    // SUBSCRIBE.
    ("MQTT-3.8.1-1", "80 06 00 01 00 01 74 00"),
    ("MQTT-2.3.1-1", "82 06 00 00 00 01 74 00"),
    ("MQTT-3.8.3-3", "82 02 00 01"),
    ("MQTT-3.8.3-4", "82 06 00 01 00 01 74 03"),
    ("MQTT-3.8.3-4", "82 06 00 01 00 01 74 04"),
    ("MQTT-3.8.3-1", "82 06 00 01 00 01 ff 00"),
    ("MQTT-4.7.3-2", "82 06 00 01 00 01 00 00"),
    ("MQTT-4.7.3-1", "82 05 00 01 00 00 00"),
    ("MQTT-4.7.1-2", "82 0a 00 01 00 05 61 2f 23 2f 62 01"),
    ("MQTT-4.7.1-2", "82 07 00 01 00 02 61 23 01"),
    ("MQTT-4.7.1-3", "82 07 00 01 00 02 61 2b 01"),
    ("MQTT-4.8.0-1", "82 05 00 01 00 01 74"),
    ("MQTT-2.3.1-1", "82 01 01"),
    ("MQTT-4.8.0-1", "82 06 00 01 00 09 74 00"),
    // UNSUBSCRIBE.
    ("MQTT-3.10.1-1", "a0 05 00 01 00 01 74"),
    ("MQTT-2.3.1-1", "a2 05 00 00 00 01 74"),
    ("MQTT-3.10.3-2", "a2 02 00 01"),
    ("MQTT-4.7.3-1", "a2 04 00 01 00 00"),
    ("MQTT-3.10.3-1", "a2 05 00 01 00 01 ff"),
    ("MQTT-4.7.1-2", "a2 06 00 01 00 02 61 23"),
    // The rest.
    ("MQTT-2.2.2-1", "c1 00"),
    ("MQTT-4.8.0-1", "c0 01 00"),
    ("MQTT-3.14.1-1", "e1 00"),
    ("MQTT-4.8.0-1", "e0 01 00"),
    ("MQTT-3.14.4-2", "e0 00 c0 00"),
    ("MQTT-4.8.0-1", "00 00"),
    ("MQTT-4.8.0-1", "f0 00"),
    // What only a server sends.
    ("MQTT-4.8.0-1", "20 02 00 00"),
    ("MQTT-4.8.0-1", "90 03 00 01 00"),
    ("MQTT-4.8.0-1", "b0 02 00 01"),
    ("MQTT-4.8.0-1", "d0 00"),
];

/// Answers of a server to a CONNECT with Clean Session.
const FIRST_OF_SERVER: &[(&str, &str)] = &[
    ("MQTT-3.2.0-1", "d0 00"),
    ("MQTT-2.2.2-1", "21 02 00 00"),
    ("MQTT-4.8.0-1", "20 02 02 00"),
    ("MQTT-3.2.2-1", "20 02 01 00"),
    ("MQTT-3.2.2-4", "20 02 01 05"),
    ("MQTT-4.8.0-1", "20 02 00 06"),
    ("MQTT-4.8.0-1", "20 02 00 ff"),
    ("MQTT-4.8.0-1", "20 03 00 00 00"),
    ("MQTT-4.8.0-1", "20 01 00"),
];

/// Packets of a server to a client that subscribed to `t` at QoS 2, and waits for the answer to SUBSCRIBE 2.
const OF_SERVER: &[(&str, &str)] = &[
    ("MQTT-3.2.0-1", "20 02 00 00"),
    ("MQTT-3.3.1-4", "36 05 00 01 74 00 07"),
    ("MQTT-3.3.1-2", "38 03 00 01 74"),
    ("MQTT-3.3.2-2", "30 03 00 01 2b"),
    ("MQTT-3.3.2-1", "30 03 00 01 c3"),
    ("MQTT-2.3.1-1", "32 05 00 01 74 00 00"),
    ("MQTT-2.3.1-1", "50 02 00 00"),
    ("MQTT-3.6.1-1", "60 02 00 07"),
    ("MQTT-3.9.3-2", "90 03 00 02 03"),
    ("MQTT-3.9.3-2", "90 03 00 02 81"),
    ("MQTT-3.8.4-5", "90 04 00 02 00 00"),
    ("MQTT-4.8.0-1", "90 02 00 02"),
    ("MQTT-2.3.1-1", "90 03 00 00 00"),
    ("MQTT-2.2.2-1", "92 03 00 02 00"),
    ("MQTT-2.2.2-1", "b2 02 00 02"),
    ("MQTT-4.8.0-1", "b0 03 00 02 00"),
    ("MQTT-2.2.2-1", "d1 00"),
    ("MQTT-4.8.0-1", "d0 01 00"),
    // What only a client sends.
    ("MQTT-4.8.0-1", "10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61"),
    ("MQTT-4.8.0-1", "82 06 00 01 00 01 74 00"),
    ("MQTT-4.8.0-1", "a2 05 00 01 00 01 74"),
    ("MQTT-4.8.0-1", "c0 00"),
    ("MQTT-4.8.0-1", "e0 00"),
    ("MQTT-4.8.0-1", "f0 00"),
];

const CONNECT: &str = "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61";

/// Each class with the conversation before its packet.
pub(crate) fn classes() -> impl Iterator<Item = (&'static str, String, u64)> {
    // A connection is opened in three records.
    let first = FIRST.iter().map(|(clause, packet)| (*clause, format!("c {packet}"), 4));
    let client = OF_CLIENT.iter().map(|(clause, packet)| (*clause, format!("hello\n c {packet}"), 6));
    let answers =
        FIRST_OF_SERVER.iter().map(|(clause, packet)| (*clause, format!("{CONNECT}\n s {packet}"), 5));
    let before = "hello\n c 82 06 00 01 00 01 74 02\n s 90 03 00 01 02\n c 82 06 00 02 00 01 75 00";
    let server = OF_SERVER.iter().map(move |(clause, packet)| (*clause, format!("{before}\n s {packet}"), 9));
    first.chain(client).chain(answers).chain(server)
}

#[test]
fn each_is_found_in_its_frame_with_its_statement() {
    let mut missed = Vec::new();
    for (clause, script, frame) in classes() {
        for end in ["\n close", "\n", "\n c c0 00\n close"] {
            let script = format!("{script}{end}");
            let found = findings(&play(&script));
            let is_it = found.iter().any(|finding| {
                finding.severity >= Severity::Warning
                    && finding.clauses.contains(&clause)
                    && finding.frames.contains(&frame)
            });
            if !is_it {
                let found: Vec<_> = found
                    .iter()
                    .map(|finding| format!("{} {:?} {:?}", finding.kind, finding.clauses, finding.frames))
                    .collect();
                missed.push(format!("{clause} in {script:?}: {found:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

/// What a file says between quotes, before its own tests: the statements that its code can cite.
fn cited(path: &Path) -> BTreeSet<String> {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().flat_map(|entry| cited(&entry.unwrap().path())).collect();
    }
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    // Two lists of what `--explain` says are no findings.
    let code = code.split("const SEEN_TOO").next().unwrap().to_owned()
        + code.split("const TABLE").nth(1).unwrap_or("");
    let quoted = code.match_indices("\"MQTT-").filter_map(|(at, _)| code[at + 1..].split('"').next());
    // A server may refuse such an identifier: it breaks nothing, and `check` does not tell that note.
    let quoted = quoted.filter(|id| !["MQTT-", "MQTT-3.1.3-5"].contains(id));
    quoted.map(str::to_owned).collect()
}

#[test]
fn what_is_said_to_be_seen_is_what_findings_can_cite() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["src/analysis", "src/dissect", "../mqtt-codec/src/error.rs"];
    let cited: BTreeSet<_> = places.iter().flat_map(|place| cited(&root.join(place))).collect();
    let seen = clauses().filter(packet_inspector::analysis::Clause::is_seen_on_the_wire);
    assert_eq!(cited, seen.map(|clause| clause.id.to_owned()).collect());
}

#[test]
fn the_answer_to_what_comes_behind_one_is_not_unasked_for() {
    // A message behind the bad packet, its acknowledgement, then what shows where packets begin again.
    let of_client = OF_CLIENT.iter().chain(&[
        ("", "30 ff ff ff ff 01"),
        ("", "c0 ff ff ff ff 01"),
        ("", "68 65 6c 6c 6f 20 74 68 69 73 20 69 73 20 6e 6f 74 20 6d 71 74 74 0d 0a"),
    ]);
    let of_client = of_client.map(|(_, packet)| {
        format!(
            "hello\n c {packet}\n c 32 06 00 01 74 00 63 21\n s 40 02 00 63\n wait 4\n c c0 00\n s d0 00\n close"
        )
    });
    let of_server = OF_SERVER.iter().chain(&[("", "30 ff ff ff ff 01")]).map(|(_, packet)| {
        format!(
            "hello\n c 82 06 00 01 00 01 23 02\n s 90 03 00 01 02\n s {packet}\n s 32 06 00 01 62 00 63 21\n
             c 40 02 00 63\n s 32 06 00 01 62 00 64 21\n c 40 02 00 64\n wait 4\n c c0 00\n s d0 00\n close"
        )
    });
    for script in of_client.chain(of_server) {
        let found = findings(&play(&script));
        let is_wrong = |it: &&Finding| it.kind == "unknown_packet_id" && it.message.contains("99");
        let wrong: Vec<_> = found.iter().filter(is_wrong).collect();
        assert!(wrong.is_empty(), "{script}\n{wrong:#?}");
    }
}

#[test]
fn every_statement_that_a_capture_can_show_to_be_broken_is_shown() {
    let scripts = BAD.iter().map(|(.., script)| (*script).to_owned());
    let scripts = scripts.chain(classes().map(|(_, script, _)| format!("{script}\n close")));
    let shown: BTreeSet<_> = scripts
        .flat_map(|script| findings(&play(&script)))
        .filter(|finding| finding.severity >= Severity::Warning)
        .flat_map(|finding| finding.clauses)
        .collect();
    let wanted = clauses().filter(packet_inspector::analysis::Clause::is_seen_on_the_wire);
    let missing: Vec<_> = wanted.map(|clause| clause.id).filter(|id| !shown.contains(id)).collect();
    assert!(missing.is_empty(), "no scenario shows {missing:?}");
}
