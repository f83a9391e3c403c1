//! The table of the normative statements that a Client keeps, and the tests that hold them.
//!
//! `UPDATE_CLAUSES=1 cargo test -p mqtt-client --test session` writes `CLAUSES.md` anew.

use std::fmt::Write;

use crate::statements::{self, Clause, clauses};

const SOURCES: &[&str] = &[
    include_str!("connection.rs"),
    include_str!("receiving.rs"),
    include_str!("sending.rs"),
    include_str!("../transport/frames.rs"),
    include_str!("../transport/handshake.rs"),
];

impl Clause {
    /// A Client has to keep it, and what it sends shows whether it does.
    fn is_for_a_client(&self) -> bool {
        matches!(self.party, "client" | "both") && self.is_seen_by("client wire test")
    }

    fn is_seen_by(&self, means: &str) -> bool {
        self.testable_as.split(", ").any(|one| one == means)
    }
}

#[test]
fn every_clause_that_a_client_keeps_has_a_test() {
    let (clauses, tests) = (clauses(), statements::tests(SOURCES));
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
    statements::check_names(SOURCES);
}

#[test]
fn the_table_of_clauses_is_up_to_date() {
    statements::check_table(concat!(env!("CARGO_MANIFEST_DIR"), "/CLAUSES.md"), &table());
}

fn table() -> String {
    let (clauses, tests) = (clauses(), statements::tests(SOURCES));
    let count = clauses.iter().filter(|clause| clause.is_for_a_client()).count();
    let mut out = format!(
        "# What a Client keeps of the normative statements of MQTT 3.1.1\n\n\
         The {count} statements for a Client, or for both sides, that show in what it sends, and those for a Server whose\n\
         breach the session notices, each with the test that holds it (`tests/session`, `tests/transport`). What is wrong in the bytes of a\n\
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
