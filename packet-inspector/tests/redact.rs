//! Nothing of a password, a user name or a payload is left in any output, and everything else is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/process.rs"]
mod process;

use common::{frames, plain, read};
use expect_test::expect_file;
use packet_inspector::build;
use packet_inspector::render;
use proptest::prelude::*;
use serde_json::json;

const SECRET: &str = "s3cr3tQ";

fn outputs(text: &str) -> String {
    let mut all = String::new();
    for frame in frames(text, None) {
        let frame = frame.redacted();
        for render in [render::tree, render::summary, render::hex, render::json] {
            all += &plain(render, &frame);
            all += "\n";
        }
    }
    all
}

/// No four bytes of it, as text or as hex, with blanks or without.
#[track_caller]
fn hides(output: &str, secret: &[u8]) {
    let squeezed: String = output.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    for part in secret.windows(4) {
        assert!(!squeezed.contains(&hex::encode(part)), "{part:02x?} in {output}");
        if let Ok(text) = str::from_utf8(part) {
            assert!(!output.contains(text), "{text:?} in {output}");
        }
    }
}

fn connect() -> Vec<u8> {
    build::packet(
        &json!({"packet": "CONNECT", "client_id": "sub", "clean_session": true, "will_topic": "gone",
        "will_payload_text": SECRET, "username": SECRET, "password_text": SECRET}),
    )
    .unwrap()
}

#[test]
fn a_connect_shows_lengths_alone() {
    let output = outputs(&hex::encode(connect()));
    hides(&output, SECRET.as_bytes());
    expect_file!["data/decode/redacted.txt"].assert_eq(&output);
}

#[test]
fn a_payload_is_hidden_and_its_topic_is_not() {
    let publish =
        build::packet(&json!({"packet": "PUBLISH", "topic": "a/b", "payload_text": SECRET})).unwrap();
    let output = outputs(&hex::encode(publish));
    hides(&output, SECRET.as_bytes());
    assert!(
        output.contains("[a/b]") && output.contains("\"payload_hex\":null,\"payload_text\":null"),
        "{output}"
    );
}

#[test]
fn a_frame_with_text_beside_it_is_hidden_too() {
    let output = outputs(&read("frames/publisher-264-publish.as-printed.txt"));
    // The payload is IOT.
    assert!(!output.contains("49 4f") && !output.contains("494f") && !output.contains("IOT"), "{output}");
    assert!(output.contains("internet"), "{output}");
}

#[test]
fn damaged_dumps_hide_what_they_quote() {
    // A misread byte, a text that differs, a text that touches the bytes: each is quoted otherwise.
    let dump = "0000  30 0c 00 01 61 73 33 63 72 3S 74 51 21 21   0..as3cr3tQ!!\n";
    for text in
        [dump, "30 0c 00 01 61 s3cr 33 74 51", "30 0c 00 01 61 \"s3cr3tQ\" 51", "300c000161733363723374512"]
    {
        for frame in frames(text, None) {
            let frame = frame.redacted();
            for render in [render::tree, render::summary, render::hex, render::json] {
                hides(&plain(render, &frame), SECRET.as_bytes());
            }
        }
    }
}

#[test]
fn an_input_that_is_not_understood_is_not_quoted() {
    let output = process::fed(&["decode", "--redact"], b"user \"s3cr3tQ");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("is neither hex nor another known form of bytes") && !said.contains("user"),
        "{said}"
    );
}

#[test]
fn what_is_not_mqtt_is_hidden() {
    for (at, port) in [(56, 9999_u16), (56, 1883)] {
        let mut frame = hex::decode(read("frames/publisher-264-publish.hex").trim()).unwrap();
        frame[74..].copy_from_slice(b"GET /s3cr3tQ HT");
        frame[at..at + 2].copy_from_slice(&port.to_be_bytes());
        hides(&outputs(&hex::encode(frame)), SECRET.as_bytes());
    }
}

#[test]
fn another_version_is_hidden() {
    let mut bytes = connect();
    bytes[8] = 5;
    hides(&outputs(&hex::encode(bytes)), SECRET.as_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is damaged or cut off, and however the lengths lie then.
    #[test]
    fn damage_shows_nothing(at in 0..60_usize, byte: u8, cut in 1..80_usize) {
        let publish = build::packet(&json!({"packet": "PUBLISH", "topic": "a/b", "payload_text": SECRET})).unwrap();
        let mut bytes = [connect(), publish].concat();
        let count = bytes.len();
        // The client's name and the topics are no secrets, but a packet's own length and type are what all rests on.
        bytes[at % count] = byte;
        bytes.truncate(cut);
        let text = hex::encode(&bytes);
        let is_error = frames(&text, None)[0].has_errors();
        if is_error {
            hides(&outputs(&text), SECRET.as_bytes());
        }
    }
}
