//! The table of the normative statements that a Client keeps, and the tests that hold them.
//!
//! `UPDATE_CLAUSES=1 cargo test -p mqtt-client --test session` writes `CLAUSES.md` anew.

use std::collections::BTreeMap;
use std::fmt::Write;

const STATEMENTS: &str = include_str!("../../../testdata/conformance.tsv");

const SOURCES: &[&str] =
    &[include_str!("connection.rs"), include_str!("receiving.rs"), include_str!("sending.rs")];

struct Clause {
    id: &'static str,
    party: &'static str,
    statement: &'static str,
    testable_as: &'static str,
}

impl Clause {
    /// A Client has to keep it, and what it sends shows whether it does.
    fn is_for_a_client(&self) -> bool {
        matches!(self.party, "client" | "both") && self.is_seen_by("client wire test")
    }

    fn is_seen_by(&self, means: &str) -> bool {
        self.testable_as.split(", ").any(|one| one == means)
    }
}

fn clauses() -> Vec<Clause> {
    let mut lines = STATEMENTS.lines();
    assert_eq!(lines.next(), Some("id\tsection\tparty\tstatement\ttestable_as"));
    lines
        .map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
            [id, section, party, statement, testable_as] => {
                assert!(id.starts_with(&format!("MQTT-{section}-")), "{line}");
                Clause { id, party, statement, testable_as }
            }
            _ => panic!("not five columns: {line}"),
        })
        .collect()
}

/// The tests of the modules beside this one, by the clause that they are named after.
fn tests() -> BTreeMap<String, Vec<&'static str>> {
    let mut tests = BTreeMap::<_, Vec<_>>::new();
    for source in SOURCES {
        let mut is_test = false;
        for line in source.lines() {
            if let Some(rest) = line.strip_prefix("fn mqtt_") {
                assert!(is_test, "not a #[test]: {line}");
                let name = rest.split('(').next().unwrap();
                let numbers: Vec<&str> = name.split('_').take(4).collect();
                assert!(numbers.iter().all(|number| number.parse::<u8>().is_ok()), "no clause: {line}");
                let [a, b, c, n] = numbers[..] else { panic!("no clause: {line}") };
                tests
                    .entry(format!("MQTT-{a}.{b}.{c}-{n}"))
                    .or_default()
                    .push(&line["fn ".len()..][..name.len() + 5]);
            } else {
                assert!(!is_test, "a test of no clause: {line}");
            }
            is_test = line == "#[test]";
        }
    }
    tests
}

#[test]
fn every_clause_that_a_client_keeps_has_a_test() {
    let (clauses, tests) = (clauses(), tests());
    assert_eq!(clauses.len(), 141);
    let mut of_clients = clauses.into_iter().filter(Clause::is_for_a_client).peekable();
    assert!(of_clients.peek().is_some());
    let missing: Vec<_> = of_clients
        .filter(|clause| !tests.contains_key(clause.id))
        .map(|clause| format!("{}: {}", clause.id, clause.statement))
        .collect();
    assert!(missing.is_empty(), "no test for\n{}", missing.join("\n"));
}

#[test]
fn every_test_names_a_clause_that_exists() {
    let clauses = clauses();
    for (id, names) in tests() {
        assert!(clauses.iter().any(|clause| clause.id == id), "{names:?} name {id}, which does not exist");
    }
}

#[test]
fn the_table_of_clauses_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CLAUSES.md");
    let table = table();
    if std::env::var_os("UPDATE_CLAUSES").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == table, "CLAUSES.md is out of date: run this test with UPDATE_CLAUSES=1");
}

fn table() -> String {
    let (clauses, tests) = (clauses(), tests());
    let count = clauses.iter().filter(|clause| clause.is_for_a_client()).count();
    let mut out = format!(
        "# What a Client keeps of the normative statements of MQTT 3.1.1\n\n\
         The {count} statements for a Client, or for both sides, that show in what it sends, and those for a Server whose\n\
         breach the session notices, each with the test that holds it (`tests/session`). What is wrong in the bytes of a\n\
         packet the codec sees: `mqtt-codec/CLAUSES.md` has all statements. Written by `UPDATE_CLAUSES=1 cargo test\n\
         -p mqtt-client --test session`.\n\n\
         | clause | statement | for | test |\n|---|---|---|---|\n",
    );
    for clause in &clauses {
        if let Some(names) = tests.get(clause.id) {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            let (id, statement, party) = (clause.id, clause.statement, clause.party);
            writeln!(out, "| {id} | {statement} | {party} | {} |", names.join("<br>")).unwrap();
        }
    }
    out
}
