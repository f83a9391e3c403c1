//! What conversations show: each rule broken is found, with its clause and frames; good ones are left in peace.

use std::collections::BTreeSet;
use std::io::Cursor;

use packet_inspector::analysis::{Analysis, Finding, Listener, clause};
use packet_inspector::capture::Reader;
use packet_inspector::finding::Severity;
use packet_inspector::stream::{Limits, Streams};

use crate::conversations::{BAD, GOOD};
use crate::wire::{ACK, CLIENT, FIN, RST, SERVER, Tcp, Wire};

#[derive(Default)]
struct Heard(Vec<Finding>);

impl Listener for Heard {
    fn finding(&mut self, finding: Finding) {
        self.0.push(finding);
    }
}

pub(crate) fn findings(wire: &Wire) -> Vec<Finding> {
    findings_within(wire, Limits::default())
}

pub(crate) fn findings_within(wire: &Wire, limits: Limits) -> Vec<Finding> {
    let mut reader = Reader::new(Cursor::new(wire.pcap(1))).unwrap();
    let mut streams = Streams::new(&[1883], limits);
    let mut analysis = Analysis::new(Heard::default());
    while let Some(entry) = reader.next_entry().unwrap() {
        streams.take(&entry, &mut analysis);
    }
    streams.finish(&mut analysis);
    analysis.into_listener().0
}

/// Plays lines such as `c 30 03 00 01 61` and `s ...`, each a segment; `wait 5` lets seconds pass, `close` closes, `fin`,
/// `rst` and `ack` are such a segment of `c` or `s`, `open` opens another connection, `back` goes back to the one before,
/// `hello` and `keep` are greetings.
pub(crate) fn play(script: &str) -> Wire {
    let mut wire = Wire::default();
    let mut port = 40_000;
    let mut tcp = Tcp::new(port);
    let mut before = tcp;
    tcp.open(&mut wire);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "wait" => wire.now += rest.parse::<u64>().unwrap() * 1_000_000,
            "close" => tcp.close(&mut wire),
            "fin" | "rst" | "ack" => {
                let side = if rest == "c" { CLIENT } else { SERVER };
                let flag = match word {
                    "fin" => FIN,
                    "rst" => RST,
                    _ => 0,
                };
                wire.push(tcp.segment(side, flag | ACK, b""));
                tcp.next[side] += u32::from(word == "fin");
            }
            "open" => {
                port += 1;
                before = std::mem::replace(&mut tcp, Tcp::new(port));
                tcp.open(&mut wire);
            }
            "back" => std::mem::swap(&mut tcp, &mut before),
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

/// A capture without handshakes and closes, as filters leave it, proves nothing by their absence.
#[test]
fn the_end_of_a_connection_may_be_out_of_sight() {
    let other =
        "open\n c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 62\n s 20 02 00 00\n wait 40\n c c0 00\n s d0 00";
    for (script, kinds) in [
        ("hello", &["keep_alive_missed"][..]),
        ("hello\n c e0 00", &["not_closed"]),
        ("c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61\n s 20 02 00 05", &["not_closed"]),
        ("hello\n rst s", &[]),
    ] {
        let mut wire = play(&format!("{script}\n {other}"));
        let found: Vec<_> = findings(&wire).iter().map(|finding| finding.kind).collect();
        assert_eq!(found, kinds, "{script}");
        wire.records.drain(..3);
        assert_eq!(findings(&wire), [], "{script}");
    }
}

#[test]
fn each_broken_rule_is_found_with_its_clauses() {
    for (kind, clauses, script) in BAD {
        let found = findings(&play(script));
        let it = found.iter().find(|finding| finding.kind == *kind && finding.clauses == *clauses);
        let it = it.unwrap_or_else(|| panic!("{kind} {clauses:?} in\n{script}\nfound {found:#?}"));
        assert!(!it.frames.is_empty() && it.frames.is_sorted(), "{it:?}");
        assert!(clauses.iter().all(|id| clause(id).is_some_and(|clause| clause.is_seen_on_the_wire())));
    }
}

#[test]
fn one_broken_rule_is_one_finding() {
    let several = [
        "second_connect",
        "empty_client_id_accepted",
        "went_on",
        "not_sent_again",
        "unsupported_level_accepted",
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

/// Bridges of Mosquitto ask first for what only their like understands, then for MQTT 3.1.1.
#[test]
fn versions_that_exist_are_left_in_peace() {
    for script in [
        "c 10 0d 00 04 4d 51 54 54 84 02 00 05 00 01 61\n s 20 02 00 01\n close\n open\n hello\n close",
        "c 10 0f 00 06 4d 51 49 73 64 70 83 02 00 05 00 01 61\n s 20 02 00 00\n close",
        "c 10 0e 00 04 4d 51 54 54 05 02 00 05 00 00 01 61\n s 20 03 00 00 00\n close",
    ] {
        assert_eq!(findings(&play(script)), [], "{script}");
    }
}

/// That the right answer does not come is no second fault.
#[test]
fn a_wrong_answer_is_one_finding() {
    for answered in [
        "c a2 05 00 01 00 01 74\n s 90 03 00 01 00",
        "c 82 06 00 01 00 01 74 00\n s b0 02 00 01",
        "c 32 05 00 01 74 00 07\n s 50 02 00 07",
        "c 34 05 00 01 74 00 07\n s 40 02 00 07",
        // Of another kind of request altogether.
        "c 82 06 00 05 00 01 74 00\n s 40 02 00 05",
        "c 82 06 00 05 00 01 74 00\n s 50 02 00 05",
        "c a2 05 00 05 00 01 74\n s 40 02 00 05",
        "c 32 05 00 01 74 00 05\n s 90 03 00 05 00",
        "c 34 05 00 01 74 00 05\n s b0 02 00 05",
    ] {
        let found = findings(&play(&format!("hello\n {answered}\n wait 4\n c c0 00\n s d0 00\n close")));
        let kinds: Vec<_> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, ["wrong_acknowledgement"], "{answered}");
    }
    let early = "hello\n c 34 05 00 01 74 00 03\n s 70 02 00 03\n wait 4\n c c0 00\n s d0 00\n close";
    let kinds: Vec<_> = findings(&play(early)).iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, ["pubcomp_before_pubrel"]);
}

/// Nobody can tell whose the acknowledgements are that follow: none is unasked for, and none is missed.
#[test]
fn an_identifier_that_is_used_twice_is_one_finding() {
    for (used, clauses) in [
        // Both are answered; three times; once.
        ("c 32 06 00 01 74 00 03 21\n c 32 06 00 01 74 00 03 22\n s 40 02 00 03 40 02 00 03", 1),
        (
            "c 32 06 00 01 74 00 03 21 32 06 00 01 74 00 03 22 32 06 00 01 74 00 03 23\n s 40 02 00 03 40 02 00 03 40 02 00 03",
            1,
        ),
        ("c 32 06 00 01 74 00 03 21\n c 32 06 00 01 74 00 03 22\n s 40 02 00 03", 1),
        // At QoS 2, then 1; both at QoS 2, in turn.
        (
            "c 34 06 00 01 74 00 03 21\n s 50 02 00 03\n c 32 06 00 01 74 00 03 22\n s 40 02 00 03\n c 62 02 00 03\n s 70 02 00 03",
            2,
        ),
        (
            "c 34 06 00 01 74 00 03 21\n s 50 02 00 03\n c 32 06 00 01 74 00 03 22\n c 62 02 00 03\n s 40 02 00 03\n s 70 02 00 03",
            2,
        ),
        (
            "c 34 06 00 01 74 00 03 21\n c 34 06 00 01 74 00 03 22\n s 50 02 00 03 50 02 00 03\n c 62 02 00 03 62 02 00 03\n s 70 02 00 03 70 02 00 03",
            1,
        ),
        // Requests.
        ("c 82 06 00 03 00 01 78 00 82 06 00 03 00 01 79 01\n s 90 03 00 03 00 90 03 00 03 01", 1),
        ("c 82 06 00 03 00 01 78 00 82 06 00 03 00 01 79 01\n s 90 03 00 03 01", 1),
        ("c 82 06 00 03 00 01 78 00\n c a2 05 00 03 00 01 78\n s 90 03 00 03 00\n s b0 02 00 03", 1),
        ("c 82 06 00 03 00 01 78 00\n c 32 05 00 01 74 00 03\n s 90 03 00 03 00\n s 40 02 00 03", 1),
    ] {
        // When it is free again it is judged as ever.
        let again = "c 32 05 00 01 74 00 03\n s 40 02 00 03\n c 82 06 00 03 00 01 74 00\n s 90 03 00 03 00";
        let end = "wait 4\n c c0 00\n s d0 00\n close";
        for script in [format!("hello\n {used}\n {end}"), format!("hello\n {used}\n {again}\n {end}")] {
            let found = findings(&play(&script));
            let kinds: Vec<_> = found.iter().map(|finding| (finding.kind, finding.clauses.len())).collect();
            assert_eq!(kinds, [("packet_id_in_use", clauses)], "{script}\n{found:#?}");
        }
    }
    let twice = "hello\n c 32 06 00 01 74 00 03 21\n c 32 06 00 01 74 00 03 22\n s 40 02 00 03 40 02 00 03\n";
    let more = format!("{twice} s 40 02 00 03\n c 32 05 00 01 74 00 03\n wait 4\n c c0 00\n s d0 00\n close");
    let kinds: Vec<_> = findings(&play(&more)).iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, ["packet_id_in_use", "unknown_packet_id", "unacknowledged"]);
}

/// A message that is sent again when it was released is received anew.
#[test]
fn a_message_behind_its_pubrel_is_one_finding() {
    let begun = "hello\n c 34 05 00 01 74 00 03\n s 50 02 00 03\n";
    let anew = "s 50 02 00 03\n c 62 02 00 03\n s 70 02 00 03\n wait 4\n c c0 00\n s d0 00\n close";
    for (again, clauses) in [("3c", 1), ("34", 2)] {
        let script = format!("{begun} c 62 02 00 03 {again} 05 00 01 74 00 03\n s 70 02 00 03\n {anew}");
        let found = findings(&play(&script));
        let kinds: Vec<_> = found.iter().map(|finding| (finding.kind, finding.clauses.len())).collect();
        assert_eq!(kinds, [("publish_after_pubrel", clauses)], "{script}");
    }
    // Sent twice before its PUBREC: both are received.
    let twice = format!(
        "hello\n c 34 05 00 01 74 00 03 3c 05 00 01 74 00 03\n s 50 02 00 03\n c 62 02 00 03\n s 70 02 00 03\n {anew}"
    );
    assert_eq!(findings(&play(&twice)), []);
}

/// A side that does not close, and what it sends instead, are one fault of that side.
#[test]
fn a_handshake_that_is_broken_is_one_finding_of_each_side() {
    let connect = "10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61";
    for (script, expected) in [
        (
            format!("hello\n c {connect}\n s 20 02 00 00\n c 30 03 00 01 74\n close"),
            &["second_connect", "went_on"][..],
        ),
        (
            "c 82 06 00 01 00 01 74 00\n s 90 03 00 01 00\n c c0 00\n s d0 00\n close".to_owned(),
            &["first_not_connect", "went_on"],
        ),
        ("c 82 06 00 01 00 01 74 00\n s 20 02 00 00\n close".to_owned(), &["first_not_connect", "went_on"]),
        (format!("s 20 02 00 00\n c {connect}\n s 20 02 00 00\n c e0 00\n close"), &["connack_unasked"]),
        (
            format!("s 20 02 00 00\n c {connect}\n s 20 02 00 00\n s 20 02 00 00\n close"),
            &["connack_unasked", "second_connack"],
        ),
    ] {
        let kinds: Vec<_> = findings(&play(&script)).iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, expected, "{script}");
    }
}

/// A Server answers a version that does not exist with CONNACK 1, and closes.
#[test]
fn a_version_that_does_not_exist_has_to_be_refused() {
    for level in ["00", "03", "06", "09", "ff"] {
        let connect = format!("c 10 0d 00 04 4d 51 54 54 {level} 02 00 05 00 01 61");
        for (end, also) in [
            ("s 20 02 00 01\n close", None),
            ("s 20 02 00 01\n wait 6\n close", Some("not_closed")),
            ("s 20 02 00 00\n close", Some("unsupported_level_accepted")),
            ("s 20 02 00 05\n close", Some("unsupported_level_accepted")),
            ("close", None),
        ] {
            let found = findings(&play(&format!("{connect}\n {end}")));
            let kinds: Vec<_> = found.iter().map(|finding| finding.kind).collect();
            let expected: Vec<_> = ["unsupported_protocol_level"].into_iter().chain(also).collect();
            assert_eq!(kinds, expected, "level {level}, {end}");
            let level = u8::from_str_radix(level, 16).unwrap();
            assert!(found[0].message.contains(&format!("MQTT level {level}")), "{}", found[0].message);
        }
    }
}

const SUBSCRIBED: &str = "hello\n c 82 06 00 01 00 01 74 02\n s 90 03 00 01 02\n";
const PINGS: &str = "wait 5\n c c0 00\n s d0 00\n wait 6\n c c0 00\n s d0 00\n close";

/// A message that waits for the Server; for the Client, whose application may take its time; for its PUBCOMP.
const OVERDUE: &[([&str; 3], Severity)] = &[
    (["hello\n", "c 34 05 00 01 74 00 07\n s 50 02 00 07\n c 62 02 00 07\n", PINGS], Severity::Error),
    ([SUBSCRIBED, "s 34 05 00 01 74 00 07\n", PINGS], Severity::Warning),
    ([SUBSCRIBED, "s 34 05 00 01 74 00 07\n c 50 02 00 07\n s 62 02 00 07\n", PINGS], Severity::Error),
];

/// Requests without an answer on a connection of which nothing more is captured, while the capture goes on.
const UNHEARD: [&str; 4] = [
    "c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 61",
    "lasting\n c c0 00",
    "lasting\n c 82 06 00 01 00 01 74 01",
    "lasting\n c a2 05 00 01 00 01 74",
];

fn unheard(request: &str, seconds: u32) -> String {
    let request = request.replace("lasting", LASTING);
    format!("{request}\n open\n {LASTING}\n wait {seconds}\n c c0 00\n s d0 00\n close")
}

/// CONNECT without a Keep Alive, and CONNACK.
const LASTING: &str = "c 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 62\n s 20 02 00 00";

/// An error is what is sure, a warning rests on a clock or on what the capture cannot know.
#[test]
fn what_time_alone_shows_is_a_warning() {
    for (kind, _, script) in BAD {
        let warning = matches!(
            *kind,
            "keep_alive_missed"
                | "not_closed"
                | "not_sent_again"
                | "pingresp_unasked"
                | "session_not_present"
                | "unsupported_level_accepted"
                | "unsupported_protocol_level"
        );
        for finding in findings(&play(script)).iter().filter(|finding| finding.kind == *kind) {
            let of_message = finding.kind == "unknown_packet_id" && finding.clauses == ["MQTT-2.3.1-6"];
            let expected = if warning || of_message { Severity::Warning } else { Severity::Error };
            assert_eq!(finding.severity, expected, "{finding:?}");
        }
    }
    for request in UNHEARD {
        let found = findings(&play(&unheard(request, 40)));
        let found: Vec<_> = found.iter().map(|finding| (finding.kind, finding.severity)).collect();
        assert_eq!(found, [("unanswered", Severity::Warning)], "{request}");
        assert!(findings(&play(&unheard(request, 20))).is_empty(), "{request}");
        // Nor is it known of one that was closed, or told that nothing more comes.
        assert!(findings(&play(&unheard(&format!("{request}\n fin s\n fin c"), 40))).is_empty(), "{request}");
    }
    for (script, severity) in OVERDUE {
        let found = findings(&play(&script.concat()));
        let found: Vec<_> = found.iter().map(|finding| (finding.kind, finding.severity)).collect();
        assert_eq!(found, [("unacknowledged", *severity)], "{script:?}");
    }
}

/// The table in README.md gives for each kind the severities and the clauses with which it is found here, and no other.
#[test]
fn the_documented_kinds_are_those_of_the_findings() {
    let readme = include_str!("../../README.md");
    let table = readme.split_once("| kind | severity | clause | meaning |").unwrap().1;
    let table = table.split("Of the layers below").next().unwrap();
    let (mut documented, mut kinds) = (BTreeSet::new(), Vec::new());
    for row in table.lines().filter(|row| row.starts_with("| ") && !row.contains("| note |")) {
        let columns: Vec<_> = row.split('|').map(str::trim).collect();
        if !columns[1].is_empty() {
            kinds = columns[1].split(", ").map(|kind| kind.trim_matches('`').to_owned()).collect();
        }
        documented.extend(kinds.iter().map(|kind| (kind.clone(), columns[2].to_owned())));
    }
    let mut found = BTreeSet::new();
    let scripts = BAD.iter().map(|(.., script)| (*script).to_owned());
    for finding in scripts
        .chain(OVERDUE.iter().map(|(script, _)| script.concat()))
        .chain(UNHEARD.iter().map(|request| unheard(request, 40)))
        .flat_map(|script| findings(&play(&script)))
    {
        assert!(readme.contains(&format!("`{}`", finding.kind)), "{}", finding.kind);
        if documented.iter().any(|(kind, _)| kind == finding.kind) {
            assert!(finding.clauses.iter().all(|clause| table.contains(clause)), "{finding:?}");
            found.insert((finding.kind.to_owned(), finding.severity.as_str().to_owned()));
        }
    }
    assert_eq!(documented, found);
}

#[test]
fn a_damaged_record_proves_nothing() {
    // A PUBLISH with one bit changed: QoS 3, another identifier, a length that swallows the rest. What the server got is
    // acknowledged.
    let sent = [0x32, 6, 0, 1, b't', 0, 7, b'!'];
    for (place, bit) in (0..sent.len()).flat_map(|place| (0..8).map(move |bit| (place, 1 << bit))) {
        let (mut wire, mut tcp) = (Wire::default(), Tcp::new(40_000));
        tcp.open(&mut wire);
        tcp.send(&mut wire, CLIENT, &hex::decode("100d00044d51545404020005000161").unwrap());
        tcp.send(&mut wire, SERVER, &[0x20, 2, 0, 0]);
        let mut damaged = tcp.next_segment(CLIENT, &sent);
        let at = damaged.len() - sent.len() + place;
        damaged[at] ^= bit;
        wire.push(damaged);
        tcp.send(&mut wire, SERVER, &[0x40, 2, 0, 7]);
        for _ in 0..40 {
            tcp.send(&mut wire, CLIENT, &sent);
            tcp.send(&mut wire, SERVER, &[0x40, 2, 0, 7]);
        }
        tcp.close(&mut wire);
        let found = findings(&wire);
        assert!(found.iter().any(|finding| finding.kind == "tcp_checksum"), "{found:#?}");
        assert!(found.iter().all(|finding| finding.severity == Severity::Note), "{found:#?}");
    }
}

#[test]
fn a_wrong_answer_and_what_follows_from_it_is_one_finding() {
    let end = "wait 4\n c c0 00\n s d0 00\n close";
    for (script, expected) in [
        // Another identifier than the one that waits.
        ("c 82 06 00 01 00 01 78 00\n s 90 03 00 02 00", "unknown_packet_id"),
        ("c a2 05 00 01 00 01 78\n s b0 02 00 02", "unknown_packet_id"),
        ("c 32 05 00 01 74 00 01\n s 40 02 00 02", "wrong_acknowledgement"),
        ("c 34 05 00 01 74 00 01\n s 50 02 00 02", "wrong_acknowledgement"),
        // The whole handshake of QoS 2 for a message of QoS 1.
        ("c 32 05 00 01 74 00 01\n s 50 02 00 01\n c 62 02 00 01\n s 70 02 00 01", "wrong_acknowledgement"),
        // One SUBACK for each filter.
        ("c 82 0a 00 01 00 01 78 00 00 01 79 00\n s 90 03 00 01 00 90 03 00 01 00", "suback_count"),
        // A subscription that never was has no messages on their way.
        ("c 82 06 00 01 00 01 78 00\n s 90 03 00 01 80\n s 30 03 00 01 78", "no_subscription"),
    ] {
        let found = findings(&play(&format!("hello\n {script}\n {end}")));
        let kinds: Vec<_> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [expected], "{script}\n{found:#?}");
    }
    // Behind DISCONNECT nothing is answered.
    let late: Vec<_> =
        findings(&play("hello\n c e0 00 c0 00\n wait 4\n fin s\n fin c")).iter().map(|it| it.kind).collect();
    assert_eq!(late, ["packet_after_disconnect"]);
    // Where several wait, none of them is meant.
    let several = "hello\n c 32 05 00 01 74 00 01\n c 32 05 00 01 74 00 02\n s 40 02 00 03\n s 40 02 00 01 40 02 00 02\n close";
    let kinds: Vec<_> = findings(&play(several)).iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, ["unknown_packet_id"]);
}
