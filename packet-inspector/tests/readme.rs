//! README.md says what the code does: its examples print what they say, and it lists every kind and key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../README.md");

#[test]
fn the_examples_print_what_they_say() {
    assert!(run_examples(README, "packet-inspector ") >= 4);
}

#[test]
fn the_examples_of_the_front_page_print_what_they_say() {
    let front = include_str!("../../README.md");
    assert!(run_examples(front, "packet-inspector ") >= 2);
    assert_eq!(run_examples(front, "cargo run -q -p packet-inspector -- "), 1);
}

/// Runs each `$ command` of the text's blocks in the workspace's folder and compares what it prints.
fn run_examples(text: &str, command: &str) -> usize {
    let mut ran = 0;
    for block in text.split(&format!("```console\n$ {command}")).skip(1) {
        let block = block.split("```").next().unwrap();
        let (line, expected) = block.split_once('\n').unwrap();
        // Words, or several in double quotes.
        let quoted = line.split('"').enumerate();
        let arguments: Vec<String> = quoted
            .flat_map(|(n, part)| match n % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect();
        let output = Command::new(env!("CARGO_BIN_EXE_packet-inspector"))
            .args(arguments)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "$ {command}{line}");
        ran += 1;
    }
    ran
}

/// `snake_case` names in quotes: the kinds and the keys.
fn names(code: &str, quote: char) -> BTreeSet<String> {
    let is_name = |text: &&str| {
        text.contains('_')
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('_')
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    code.split(quote).filter(is_name).map(str::to_owned).collect()
}

/// All code of a folder but tests.
fn code(folder: &Path) -> String {
    let mut code = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code += &self::code(&path);
        } else if path.extension().is_some_and(|end| end == "rs") && path.file_name().unwrap() != "tests.rs" {
            let file = std::fs::read_to_string(&path).unwrap();
            code += file.split("#[cfg(test)]\nmod tests {").next().unwrap();
        }
    }
    code
}

#[test]
fn every_kind_and_key_is_listed_and_every_listed_one_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let inspector = code(&root.join("src"));
    let codec = std::fs::read_to_string(root.join("../mqtt-codec/src/error.rs")).unwrap();
    let (_, faults) = codec.split_once("pub const fn name(self)").unwrap();
    let faults = names(faults.split("impl fmt::Display").next().unwrap(), '"');
    assert!(faults.len() > 25, "{faults:?}");
    let listed = names(README, '`');
    // The inspector sets no limit, so this one does not occur.
    let never = "over_maximum";
    let mut named = names(&inspector, '"');
    named.extend(faults.into_iter().filter(|name| name != never));
    let missing: Vec<_> = named.difference(&listed).collect();
    assert!(missing.is_empty(), "not in README.md: {missing:?}");
    let stale: Vec<_> = listed.difference(&named).collect();
    assert!(stale.is_empty(), "only in README.md: {stale:?}");
    for kind in ["incomplete", "resynchronised"] {
        assert!(
            README.contains(&format!("| `{kind}` |")) && inspector.contains(&format!("\"{kind}\"")),
            "{kind}"
        );
    }
}
