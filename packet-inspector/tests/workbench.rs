//! `repair`, `diff` and `decode --repair` as a user calls them: exit status, several files, output that programs read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/process.rs"]
mod process;

use common::lab;
use packet_inspector::frame::{Frame, Options};
use packet_inspector::input::{self, InputFormat};
use packet_inspector::render;
use packet_inspector::repair::repair;
use process::run;
use proptest::prelude::*;
use serde_json::Value;

#[track_caller]
fn ends(arguments: &[&str], status: i32) -> String {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert_eq!(output.stderr.is_empty(), status < 2, "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn dump(name: &str) -> String {
    lab(&format!("frames/{name}.as-printed.txt")).to_str().unwrap().to_owned()
}

#[test]
fn the_exit_status_of_repair_tells_whether_there_is_damage() {
    let whole = dump("publisher-264-publish");
    let damaged = dump("subscriber-183-suback");
    assert!(ends(&["repair", "--file", &whole], 0).ends_with("nothing speaks against the bytes\n"));
    assert!(ends(&["repair", "--file", &damaged], 1).contains("30 is read as 90"));
    ends(&["repair", "no", "bytes"], 2);
    ends(&["repair", "--file", "no such file"], 2);
}

#[test]
fn files_tell_of_each_other() {
    let names = [
        "subscriber-179-connect",
        "subscriber-181-connack",
        "subscriber-182-subscribe",
        "subscriber-183-suback",
    ];
    let files: Vec<String> = names.iter().map(|name| dump(name)).collect();
    let alone = dump("subscriber-228-publish");
    let mut arguments = vec!["repair", "--format", "json", "--file", &alone];
    for file in &files {
        arguments.extend(["--file", file]);
    }
    let printed = ends(&arguments, 1);
    let objects: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 5);
    let best = &objects[0]["candidates"][0];
    assert_eq!(best["changes"][0]["right"], "a2");
    assert_eq!(best["changes"][0]["certainty"], "proved");
    let remark = objects[0]["remarks"][0].as_str().unwrap();
    assert!(remark.contains("d8:d8:66:0f:19:c9 here and d8:db:66:0f:19:c9 in 4 other frames"), "{remark}");
    // Decoding takes them together too.
    arguments[0] = "decode";
    arguments.push("--repair");
    let decoded = ends(&arguments, 1);
    let first: Value = serde_json::from_str(decoded.lines().next().unwrap()).unwrap();
    let repaired: Vec<&Value> = first["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["kind"] == "repaired")
        .collect();
    assert_eq!(repaired.len(), 2);
    assert_eq!(repaired[1]["message"], "07 is read as a7 (proved)");
}

#[test]
fn decode_repair_leaves_good_bytes_alone() {
    let hex = "200200003003000161";
    for format in ["tree", "summary", "hex", "json"] {
        let plain = ends(&["decode", "--format", format, hex], 0);
        assert_eq!(ends(&["decode", "--repair", "--format", format, hex], 0), plain);
    }
    // An input that is not understood is said, and the others are shown.
    let whole = dump("publisher-264-publish");
    let output = run(&["decode", "--repair", "--format", "summary", "--file", "none", "--file", &whole]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stdout).unwrap().ends_with("Publish Message [internet]\n"));
}

#[test]
fn the_exit_status_of_diff_tells_whether_something_differs() {
    assert_eq!(ends(&["diff", "c000", "c0 00"], 0), "1 of 1 packet the same\n");
    ends(&["diff", "c000", "d000"], 1);
    assert_eq!(ends(&["diff", "--format", "json", "c000", "c000"], 0), "");
    let (a, b) = (dump("subscriber-228-publish"), dump("publisher-264-publish"));
    ends(&["diff", &a, &b], 0);
    ends(&["diff", "--all", &a, &b], 1);
    ends(&["diff", &a, "no bytes"], 2);
    ends(&["diff", &a], 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is pasted: a candidate for each record, and nothing of a terminal's commands in what is printed.
    #[test]
    fn any_input_is_repaired_or_left_alone(text in "([0-9a-fO]{1,2}[ :\n]|0010  |\u{1b}|[ -~]){0,60}") {
        let Ok(records) = input::read(text.as_bytes(), InputFormat::Auto) else { return Ok(()) };
        let repairs = repair(&records, Options::default());
        prop_assert_eq!(repairs.len(), records.len());
        for (record, repair) in records.iter().zip(&repairs) {
            prop_assert_eq!(&repair.printed, record);
            let has_print = repair.candidates.iter().any(|candidate| candidate.changes.is_empty());
            prop_assert!(has_print);
            prop_assert!(repair.candidates.windows(2).all(|pair| pair[0].bits >= pair[1].bits));
            let mut out = Vec::new();
            let shown = render::Repaired { number: 1, repair, options: Options::default(), is_redacted: false };
            render::repair(&shown, &mut out).unwrap();
            render::repair_json(&shown, &mut out).unwrap();
            let frame = Frame::new(1, repair.repaired(), Options::default());
            render::tree(&frame, &mut out).unwrap();
            render::hex(&frame.redacted(), &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            let plain = anstream::adapter::strip_str(&out).to_string();
            let commands = plain.contains('\u{1b}');
            prop_assert!(!commands);
        }
    }
}
