//! The normative statements, and the tests that are named after them: for the tables of the codec and of the client.

use std::collections::BTreeMap;

const STATEMENTS: &str = include_str!("../../../testdata/conformance.tsv");

pub(crate) struct Clause {
    pub(crate) id: &'static str,
    pub(crate) party: &'static str,
    pub(crate) statement: &'static str,
    pub(crate) testable_as: &'static str,
}

pub(crate) fn clauses() -> Vec<Clause> {
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

/// The tests in these sources, by the clause that they are named after.
pub(crate) fn tests(sources: &[&'static str]) -> BTreeMap<String, Vec<&'static str>> {
    let mut tests = BTreeMap::<_, Vec<_>>::new();
    for source in sources {
        let mut is_test = false;
        let mut is_async_test = false;
        for line in source.lines() {
            let line = if is_async_test { line.strip_prefix("async ").unwrap_or(line) } else { line };
            if let Some(rest) = line.strip_prefix("fn mqtt_") {
                assert!(is_test || is_async_test, "not a #[test]: {line}");
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
            // Those stand among tests of other things.
            is_async_test = line == "#[tokio::test]";
        }
    }
    tests
}

/// Every test is named after a clause that exists.
pub(crate) fn check_names(sources: &[&'static str]) {
    let clauses = clauses();
    for (id, names) in tests(sources) {
        assert!(clauses.iter().any(|clause| clause.id == id), "{names:?} name {id}, which does not exist");
    }
}

/// The committed table is this one; with `UPDATE_CLAUSES` it is written first.
pub(crate) fn check_table(path: &str, table: &str) {
    if std::env::var_os("UPDATE_CLAUSES").is_some() {
        std::fs::write(path, table).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == table, "CLAUSES.md is out of date: run this test with UPDATE_CLAUSES=1");
}
