//! The table of all normative statements: who keeps each, and the test that holds it.
//!
//! `UPDATE_CLAUSES=1 cargo test -p mqtt-codec --test conformance` writes `CLAUSES.md` anew.

use std::fmt::Write;

use crate::statements::{self, Clause, clauses};

const SOURCES: &[&str] = &[
    include_str!("acknowledgements.rs"),
    include_str!("connack.rs"),
    include_str!("connect.rs"),
    include_str!("fixed_header.rs"),
    include_str!("publish.rs"),
    include_str!("strings.rs"),
    include_str!("subscribe.rs"),
    include_str!("topics.rs"),
    include_str!("unsubscribe.rs"),
];

impl Clause {
    /// Whether bytes alone can break it, so that a test of this crate has to hold it.
    fn is_visible_to_a_codec(&self) -> bool {
        matches!(self.party, "codec" | "topic") || self.testable_as.contains("codec unit")
    }

    fn who_keeps_it(&self) -> &'static str {
        match (self.party, self.is_visible_to_a_codec()) {
            ("codec" | "topic", _) => "codec",
            ("client", true) => "codec, client",
            ("client", false) => "client",
            ("server", true) => "codec, server",
            ("server", false) => "server",
            ("both", true) => "codec, client, server",
            ("both", false) => "client, server",
            (other, _) => panic!("{} is for {other}?", self.id),
        }
    }

    /// What can hold it outside of this crate.
    fn elsewhere(&self) -> Vec<&'static str> {
        self.testable_as
            .split(", ")
            .filter_map(|means| match means {
                "codec unit" => None,
                "client wire test" => Some("(a client, on the wire)"),
                "inspector check" => Some("(an inspector, in a capture)"),
                "broker only" => Some("(a Server)"),
                "not testable" => Some("no test can"),
                other => panic!("{}: {other}?", self.id),
            })
            .collect()
    }
}

#[test]
fn there_are_141_clauses_and_none_twice() {
    let clauses = clauses();
    assert_eq!(clauses.len(), 141);
    let ids: std::collections::BTreeSet<_> = clauses.iter().map(|clause| clause.id).collect();
    assert_eq!(ids.len(), 141);
    assert_eq!(clauses.iter().filter(|clause| clause.is_visible_to_a_codec()).count(), 52);
}

#[test]
fn every_clause_that_a_codec_can_see_has_a_test() {
    let tests = statements::tests(SOURCES);
    let missing: Vec<_> = clauses()
        .into_iter()
        .filter(|clause| clause.is_visible_to_a_codec() && !tests.contains_key(clause.id))
        .map(|clause| format!("{}: {}", clause.id, clause.statement))
        .collect();
    assert!(missing.is_empty(), "no test for\n{}", missing.join("\n"));
}

#[test]
fn every_test_names_a_clause_that_exists() {
    statements::check_names(SOURCES);
}

#[test]
fn the_table_of_clauses_is_up_to_date() {
    statements::check_table(concat!(env!("CARGO_MANIFEST_DIR"), "/CLAUSES.md"), &table());
}

fn table() -> String {
    let (clauses, tests) = (clauses(), statements::tests(SOURCES));
    let visible = clauses.iter().filter(|clause| clause.is_visible_to_a_codec()).count();
    let mut out = format!(
        "# The normative statements of MQTT 3.1.1\n\n\
         All {} of them, in our own words. Of these, {visible} show in the bytes of packets: a test of this crate holds\n\
         each (`tests/conformance`). The others are about behaviour; in brackets stands\n\
         who can see whether they are kept. Written by that test: `UPDATE_CLAUSES=1 cargo test\n\
         -p mqtt-codec --test conformance`.\n\n\
         | clause | statement | kept by | test (seen by) |\n|---|---|---|---|\n",
        clauses.len(),
    );
    for clause in &clauses {
        let tests = tests.get(clause.id).into_iter().flatten().map(|name| format!("`{name}`"));
        let held: Vec<_> = tests.chain(clause.elsewhere().into_iter().map(String::from)).collect();
        let who = clause.who_keeps_it();
        writeln!(out, "| {} | {} | {who} | {} |", clause.id, clause.statement, held.join("<br>")).unwrap();
    }
    out
}
