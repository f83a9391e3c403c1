//! `packet-inspector client` against mosquitto: what it is told to do, and what it shows of it.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Output, Stdio};

#[path = "../../mqtt-client/tests/common/broker.rs"]
mod broker;
#[path = "common/process.rs"]
mod process;

use broker::{Broker, Folder, free_ports, signal};
use process::{command, fed, text};

fn client(port: u16, arguments: &[&str], commands: &str) -> Output {
    let broker = format!("mqtt://127.0.0.1:{port}");
    fed(&[&["client", "--broker", &broker], arguments].concat(), commands.as_bytes())
}

#[test]
fn packets_are_shown_both_ways() {
    let broker = Broker::mosquitto();
    let commands = "sub a/# 2\npub a/b 2 hello there\npub a/b 0 retain kept\nunsub a/#\nquit\n";
    let output = client(broker.port(), &["--id", "tester"], commands);
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}");
    for (packet, times) in [
        ("Connect Command", 1),
        ("Connect Ack", 1),
        ("Subscribe Request (id=1) [a/#]", 1),
        ("Subscribe Ack (id=1)", 1),
        ("[a/b]", 4),
        ("Publish Received", 2),
        ("Publish Release", 2),
        ("Publish Complete", 2),
        ("Unsubscribe Request", 1),
        ("Disconnect Req", 1),
    ] {
        assert_eq!(shown.lines().filter(|line| line.contains(packet)).count(), times, "{packet}: {shown}");
    }
    assert!(shown.contains("= a/b (QoS 2): hello there\n"), "{shown}");
    for line in ["a/#: granted QoS 2", "a/b: delivered", "a/b: sent", "a/#: unsubscribed"] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
}

#[test]
fn a_script_goes_on_behind_lines_that_are_not_understood_and_ends_with_2() {
    let broker = Broker::mosquitto();
    let url = format!("mqtt://127.0.0.1:{}", broker.port());
    for (script, messages, total) in [
        (&b"sub a/\xff 1\npub a/b 1 on\n"[..], &["line 1 is not UTF-8"][..], "1 line was not understood"),
        (
            b"nonsense\n\xff\npub a/b 1 on",
            &["nonsense: not known; try help", "line 2 is not UTF-8"],
            "2 lines were not understood",
        ),
    ] {
        let output = fed(&["client", "--broker", &url], script);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        for line in messages.iter().chain(&["connected", "a/b: delivered"]) {
            assert!(said.lines().any(|said| said == *line), "{line}: {said}");
        }
        assert!(said.ends_with(&format!("packet-inspector: {total}\n")), "{said}");
    }
}

#[test]
fn input_that_cannot_be_read_is_told() {
    let broker = Broker::mosquitto();
    let url = format!("mqtt://127.0.0.1:{}", broker.port());
    let folder = std::fs::File::open(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let output = command(&["client", "--broker", &url]).stdin(folder).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("line 1 cannot be read: Is a directory"), "{said}");
}

#[test]
fn an_empty_script_connects_or_ends_with_2() {
    let broker = Broker::mosquitto();
    let output = client(broker.port(), &[], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("Connect Ack"), "{}", text(&output.stdout));
    let [port] = free_ports(1)[..] else { panic!("one port") };
    for script in ["", "quit\n"] {
        let output = client(port, &[], script);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("packet-inspector: there was no connection: "), "{said}");
    }
}

#[test]
fn an_interrupted_client_that_never_connected_ends_with_2() {
    let [port] = free_ports(1)[..] else { panic!("one port") };
    let mut child = command(&["client", "--broker", &format!("mqtt://127.0.0.1:{port}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    // In a while or at once: the first pause is drawn at random, and may be none.
    assert!(line.contains("; next attempt "), "{line}");
    // With it standard input stays open.
    let input = child.stdin.take();
    signal("INT", child.id());
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{rest}");
    assert!(rest.contains("packet-inspector: there was no connection: "), "{rest}");
    drop(input);
}

#[test]
fn a_login_is_taken_from_a_file_and_hidden_when_it_is_asked_for() {
    let broker = Broker::mosquitto();
    let folder = Folder::new();
    let password = folder.file("password", "hunter2\n");
    let capture = folder.path().join("seen.pcapng");
    let arguments = [
        "--user",
        "marianne",
        "--password-file",
        password.to_str().unwrap(),
        "--redact",
        "--format",
        "tree",
        "--will-topic",
        "gone",
        "--will-message",
        "goodbye",
        "--write",
        capture.to_str().unwrap(),
    ];
    let output = client(broker.port(), &arguments, "sub # 1\npub a 1 classified\n");
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(shown.contains("Password: (7 bytes hidden)") && shown.contains("Will Topic: gone"), "{shown}");
    assert!(shown.contains("= a (QoS 1): (10 bytes hidden)"), "{shown}");
    let capture = std::fs::read(&capture).unwrap();
    for private in ["marianne", "hunter2", "goodbye", "classified"] {
        assert!(!shown.contains(private), "{shown}");
        assert!(!capture.windows(private.len()).any(|bytes| bytes == private.as_bytes()));
    }
}

#[test]
fn wrong_options_are_said() {
    let [port] = free_ports(1)[..] else { panic!("one port") };
    for (arguments, message) in [
        (&["--will-topic", "a/#"][..], "--will-topic: "),
        (&["--will-qos", "3", "--will-topic", "a"], "3 is not in 0..=2"),
        (&["--user", "me", "--password-file", "/nowhere/x"], "/nowhere/x: No such file"),
        (&["--keep-session"], "--id"),
    ] {
        let output = client(port, arguments, "");
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
    }
}
