//! `PROMISES.md` names tests that exist.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

#[test]
fn every_promise_is_held_by_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = 0;
    for promise in include_str!("../PROMISES.md").split("\n**").skip(1) {
        let named: Vec<_> = promise.lines().filter_map(|line| line.strip_prefix("- `")).collect();
        assert!(!named.is_empty(), "no test holds: {promise}");
        for line in named {
            let (file, test) = line.strip_suffix('`').and_then(|line| line.split_once("` `")).expect(line);
            let folder = if file.starts_with("src/") { root.to_owned() } else { root.join("tests") };
            let code =
                std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let (before, _) =
                code.split_once(&format!("fn {test}(")).unwrap_or_else(|| panic!("{file} has no {test}"));
            let attribute = before.trim_end_matches("async ").trim_end().lines().next_back().unwrap();
            assert!(
                attribute.contains("test]") || attribute.contains("test("),
                "{test} is a test: {attribute}"
            );
            tests += 1;
        }
    }
    assert!(tests > 40, "{tests} tests");
}
