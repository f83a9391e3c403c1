//! Ladders of chosen packets, and of connections that are not there; topics that are asked for.

use crate::files::conversation;
use crate::process::{run, text};

const LAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/lab.pcapng");

#[track_caller]
fn shown(arguments: &[&str]) -> String {
    let output = run(&[&["read", LAB], arguments].concat());
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    text(&output.stdout).to_owned()
}

#[test]
fn a_ladder_has_the_packets_that_are_chosen() {
    let all = shown(&["--follow", "6"]);
    let publishes = shown(&["--follow", "6", "--filter", "mqtt.msgtype == 3"]);
    assert!(all.lines().count() == 16 && publishes.lines().count() == 3, "{publishes}");
    assert!(publishes.lines().all(|line| !line.contains("PING")), "{publishes}");
    assert_eq!(shown(&["--follow", "6", "--topic", "network"]).lines().count(), 3);
    assert_eq!(shown(&["--follow", "6", "--client-id", "PythonPub"]), all);
    assert_eq!(shown(&["--follow", "6", "--client-id", "somebody"]), "");
}

#[test]
fn a_connection_that_is_not_there_is_said() {
    let said = format!("packet-inspector: {LAB}: there is no connection 99: they are numbered from 0 to 6\n");
    for arguments in [["read", LAB, "--follow", "99"], ["flow", LAB, "--stream", "99"]] {
        let output = run(&arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
        assert_eq!(text(&output.stderr), said);
    }
    let empty = crate::process::fed(&["read", "-", "--follow", "0"], &conversation().pcap(1)[..24]);
    assert_eq!(text(&empty.stderr), "packet-inspector: -: there is no connection 0: the capture has none\n");
}

#[test]
fn requests_are_chosen_by_what_their_filters_match() {
    let types = |topic| shown(&["--topic", topic, "--fields", "mqtt.msgtype,mqtt.topic"]);
    let all = shown(&["--filter", "mqtt.topic", "--fields", "mqtt.msgtype,mqtt.topic"]);
    assert_eq!(types("#"), all);
    assert!(types("internet").contains("8\tinternet") && !types("internet").contains("network"));
    assert_eq!(types("+"), all);
    assert_eq!(types("+/internet"), "");
}
