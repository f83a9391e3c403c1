//! `packet-inspector client` against mosquitto: what it is told to do, and what it shows of it.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Output;

#[path = "../../mqtt-client/tests/common/broker.rs"]
mod broker;
#[path = "common/process.rs"]
mod process;

use broker::{Broker, Folder, free_ports};
use process::{fed, text};

fn client(port: u16, arguments: &[&str], commands: &str) -> Output {
    let broker = format!("mqtt://127.0.0.1:{port}");
    fed(&[&["client", "--broker", &broker], arguments].concat(), commands.as_bytes())
}

#[test]
fn packets_are_shown_both_ways() {
    let broker = Broker::mosquitto();
    let commands = "sub a/# 2\npub a/b 2 hello there\npub a/b 0 retain kept\nunsub a/#\nnonsense\nquit\n";
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
    for line in [
        "a/#: granted QoS 2",
        "a/b: delivered",
        "a/b: sent",
        "a/#: unsubscribed",
        "nonsense: not known; try help",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
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
