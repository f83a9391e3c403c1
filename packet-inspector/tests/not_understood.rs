//! Files that are missing, or hold nothing that a command can use: only the error is printed, and the exit status is 2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../mqtt-client/tests/common/broker.rs"]
mod broker;
#[path = "common/process.rs"]
mod process;

use broker::Folder;
use process::{run, text};
use serde_json::Value;

const LAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/lab.pcapng");

#[track_caller]
fn prints_only_an_error(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = text(&output.stderr).to_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert!(said.starts_with("packet-inspector: ") && said.lines().count() == 1, "{arguments:?}: {said}");
    said
}

#[test]
fn of_a_file_that_cannot_be_read_only_the_error_is_printed() {
    let folder = Folder::new();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let lab = std::fs::read(LAB).unwrap();
    let files = [
        folder.path().join("missing.pcapng").to_str().unwrap().to_owned(),
        folder.path().to_str().unwrap().to_owned(),
        file("empty", b""),
        file("text", b"no capture, nor any bytes\n"),
        file("cut.pcapng", &lab[..10]),
    ];
    let report = folder.path().join("report.html");
    let of_captures: [&[&str]; 15] = [
        &["read"],
        &["read", "--format", "tree"],
        &["read", "--format", "json"],
        &["read", "--csv", "--fields", "frame.number,mqtt.topic"],
        &["read", "--follow", "0"],
        &["check"],
        &["check", "--format", "json"],
        &["stats"],
        &["stats", "--format", "json"],
        &["stats", "--report", report.to_str().unwrap()],
        &["qos"],
        &["sessions"],
        &["topics"],
        &["flow"],
        &["flow", "--mermaid"],
    ];
    for name in &files {
        for command in of_captures {
            let said = prints_only_an_error(&[command, &[name]].concat());
            assert!(said.contains(name.as_str()), "{said}");
        }
        prints_only_an_error(&["diff", name, LAB]);
        prints_only_an_error(&["diff", LAB, name]);
        prints_only_an_error(&["diff", name, name]);
        prints_only_an_error(&["encode", "--json", name]);
    }
    assert!(!report.exists());
    // Bytes that are no text are decoded as far as they go.
    for name in files.iter().take(4) {
        prints_only_an_error(&["decode", "--file", name]);
        prints_only_an_error(&["decode", "--repair", "--file", name]);
        prints_only_an_error(&["repair", "--file", name]);
    }
}

#[test]
fn a_capture_that_ends_early_is_shown_as_far_as_it_goes() {
    let folder = Folder::new();
    let path = folder.path().join("cut.pcapng");
    let lab = std::fs::read(LAB).unwrap();
    std::fs::write(&path, &lab[..lab.len() / 2]).unwrap();
    for command in [&["stats"][..], &["check"], &["read", "--csv", "--fields", "frame.number"], &["qos"]] {
        let output = run(&[command, &[path.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(!output.stdout.is_empty() && !output.stderr.is_empty(), "{command:?}");
    }
}

#[test]
fn what_was_not_decoded_is_never_the_same() {
    for input in ["2002", "7f45 4c46 0201 0100 0000", "c0", "00"] {
        let said = prints_only_an_error(&["diff", input, input]);
        assert!(said.contains("nothing of it could be decoded: frame 1, byte "), "{said}");
        prints_only_an_error(&["diff", input, "20020000"]);
        prints_only_an_error(&["diff", "20020000", input]);
    }
    let said = prints_only_an_error(&["diff", "2002", "2002"]);
    assert!(said.contains("the packet is cut off"), "{said}");
    // As a program begins.
    let folder = Folder::new();
    let program = folder.path().join("program");
    let bytes: Vec<u8> =
        (0..100_000_u32).flat_map(|number| number.wrapping_mul(0x9E37_79B1).to_le_bytes()).collect();
    std::fs::write(&program, [b"\x7fELF\x02\x01\x01\0".as_slice(), &bytes].concat()).unwrap();
    let program = program.to_str().unwrap();
    prints_only_an_error(&["diff", program, program]);
    // Of what is hidden, nothing is told.
    let hidden = prints_only_an_error(&["diff", "--redact", "secret", "secret"]);
    assert!(!hidden.contains("\"secret\""), "{hidden}");
}

#[test]
fn what_was_not_decoded_whole_is_said_beside_the_result() {
    let cut = "20020000 30 10 0001 61 6869";
    let output = run(&["diff", cut, cut]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "2 of 2 packets the same\n\
         not all of A is understood: frame 1, byte 4: the packet is cut off: 7 of its 18 bytes are here\n\
         not all of B is understood: frame 1, byte 4: the packet is cut off: 7 of its 18 bytes are here\n"
    );
    let output = run(&["diff", "--format", "json", cut, "20020000"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["not_decoded"]["a"][0]["offset"], 4);
    assert_eq!(lines[1]["not_decoded"]["b"], serde_json::json!([]));
}

/// CONNECT of another version is named, and decoded no further.
#[test]
fn another_version_is_not_decoded_whole() {
    let connect = "10 10 0004 4d515454 05 02 003c 00 0003 616263";
    let output = run(&["diff", connect, connect]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    assert!(said.contains("not all of A is understood: frame 1, byte ") && said.contains("of B"), "{said}");
}

#[test]
fn captures_without_mqtt_are_not_the_same() {
    use packet_inspector::build;
    let folder = Folder::new();
    let path = folder.path().join("none.pcap");
    let mut bytes = Vec::new();
    build::pcap(std::iter::empty(), &mut bytes).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    let said = prints_only_an_error(&["diff", path, path]);
    assert!(said.contains("in neither is a packet of MQTT 3.1.1"), "{said}");
    prints_only_an_error(&["diff", path, "20020000"]);
    // That one has packets and the other none is a difference.
    assert_eq!(run(&["diff", path, LAB]).status.code(), Some(1));
}

/// Malformed packets of captures are compared as bytes, and counted.
#[test]
fn malformed_packets_of_captures_are_said() {
    use std::time::Duration;

    use packet_inspector::build::{self, Endpoints, Stream};
    let folder = Folder::new();
    let mut stream = Stream::open(Endpoints::default(), Duration::ZERO).unwrap();
    let connect = hex::decode("100d00044d5154540402003c000161").unwrap();
    stream.send(mqtt_codec::Side::Client, &connect);
    stream.send(mqtt_codec::Side::Server, &[0x20, 2, 0, 0]);
    stream.send(mqtt_codec::Side::Client, &[0x32, 5, 0, 1, b'a', 0, 0]);
    let frames = stream.close();
    let mut bytes = Vec::new();
    build::pcap(frames.iter().map(|(time, frame)| (*time, frame.as_slice())), &mut bytes).unwrap();
    let path = folder.path().join("malformed.pcap");
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    let output = run(&["diff", path, path]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    assert!(said.contains("1 packet of A could not be decoded whole: compared as bytes\n"), "{said}");
    assert!(said.contains("1 packet of B could not be decoded whole: compared as bytes\n"), "{said}");
    let output = run(&["diff", "--format", "json", path, path]);
    assert_eq!(text(&output.stdout), "{\"malformed\":{\"a\":1,\"b\":1}}\n");
}
