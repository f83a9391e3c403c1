//! Beside `mosquitto_pub` and `mosquitto_sub`, with a real broker.

use std::fmt::Write as _;
use std::process::Command;

use crate::broker::{Broker, Folder, find};
use crate::command::{Running, mqtt, text};

/// A program of mosquitto's.
fn theirs(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(find(program, "mosquitto-clients"));
    command.args(arguments);
    command
}

fn ours_or_theirs(ours: bool, command: &str, port: &str, arguments: &[&str]) -> Command {
    let mut all = vec!["-h", "127.0.0.1", "-p", port];
    all.extend(arguments);
    if ours {
        all.insert(0, command);
        mqtt(&all)
    } else {
        theirs(&format!("mosquitto_{command}"), &all)
    }
}

/// What a subscriber prints of retained messages and of those that a session held for it.
#[track_caller]
fn prints(broker: &Broker, ours: bool, arguments: &[&str]) -> String {
    let command = &mut ours_or_theirs(ours, "sub", &broker.port().to_string(), arguments);
    let output = Running::start(command).wait();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn publishes(broker: &Broker, ours: bool, arguments: &[&str], input: &[u8]) {
    let mut running = Running::start(&mut ours_or_theirs(ours, "pub", &broker.port().to_string(), arguments));
    running.write(input);
    let output = running.wait();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn ours_stands_in_for_theirs() {
    let broker = Broker::mosquitto();
    for (sub_ours, pub_ours) in [(true, true), (true, false), (false, true)] {
        for qos in ["0", "1", "2"] {
            // The session holds what comes while nobody is there; at QoS 0 a retained message does.
            let id = &format!("kept-{sub_ours}-{pub_ours}-{qos}");
            let subscribe = ["-i", id, "-c", "-q", qos, "-t", "a/#"];
            prints(&broker, sub_ours, &[&subscribe[..], &["-E"]].concat());
            let retain: &[&str] = if qos == "0" { &["-r", "-t", "a/0"] } else { &["-t", "a/b"] };
            publishes(&broker, pub_ours, &[&["-q", qos, "-m", "größe"], retain].concat(), b"");
            if qos != "0" {
                publishes(&broker, pub_ours, &["-q", qos, "-t", "a/c", "-l"], b"one\ntwo\n");
                publishes(&broker, pub_ours, &["-q", qos, "-t", "a/d", "-s"], b"all\nof it");
            }
            let (count, expected) = match qos {
                "0" => ("1", "a/0 größe\n"),
                _ => ("4", "a/b größe\na/c one\na/c two\na/d all\nof it\n"),
            };
            let printed = prints(&broker, sub_ours, &[&subscribe[..], &["-v", "-C", count]].concat());
            assert_eq!(printed, expected, "{id}");
            publishes(&broker, pub_ours, &["-r", "-n", "-t", "a/0"], b"");
        }
    }
}

#[test]
fn formats_print_the_same() {
    let broker = Broker::mosquitto();
    publishes(&broker, true, &["-r", "-q", "1", "-t", "a/b", "-m", "{\"x\": [1, \"ü\"]}"], b"");
    for format in [
        "%t|%p|%q|%r|%l|%m|%%|@@",
        // Theirs shows but half of the payload where there is room for more.
        "%x|%X|%6x|%-6X|",
        "%10t|%-10t|%.2t|%5.1t|",
        "%5l|%-5l|%05l|%-05l|%5m|%05m|",
        "%4p|%-30p|%30p|",
        "\\\\ \\a \\e \\n \\r \\t \\v \\0",
        "%A%C%D%E%F%P%R%S|",
    ] {
        let arguments = ["-q", "1", "-C", "1", "-t", "a/#", "-F", format];
        assert_eq!(prints(&broker, true, &arguments), prints(&broker, false, &arguments), "{format}");
    }
}

#[test]
fn json_has_the_same_keys_and_values() {
    let broker = Broker::mosquitto();
    publishes(&broker, true, &["-r", "-q", "1", "-t", "a/b", "-m", "{\"x\":[1,\"ü\"]}"], b"");
    for format in ["%j", "%J"] {
        let arguments = ["-q", "1", "-C", "1", "-t", "a/#", "-F", format];
        let [ours, theirs] = [true, false].map(|ours| {
            let printed = prints(&broker, ours, &arguments);
            let mut json: serde_json::Value = serde_json::from_str(&printed).unwrap();
            let time = json.as_object_mut().unwrap().insert("tst".into(), "then".into()).unwrap();
            assert!(time.as_str().unwrap().contains('T'), "{printed}");
            json.to_string()
        });
        assert_eq!(ours, theirs);
    }
}

#[test]
fn a_broker_that_is_started_again_loses_no_line() {
    const LINES: usize = 6_000;
    for qos in ["1", "2"] {
        let mut broker = Broker::mosquitto();
        let port = broker.port().to_string();
        let count = LINES.to_string();
        let subscribe = ["-i", "subscriber", "-c", "-q", qos, "-t", "t"];
        prints(&broker, true, &[&subscribe[..], &["-E"]].concat());
        // Its subscription is made before the publisher begins; its end shows that the publisher is connected.
        let watch = ["-i", "watch", "-c", "-q", "1", "-t", "t"];
        prints(&broker, true, &[&watch[..], &["-E"]].concat());
        let arguments = ["-i", "publisher", "-c", "-q", qos, "-t", "t", "-l"];
        let mut publisher = Running::start(&mut ours_or_theirs(true, "pub", &port, &arguments));
        let lines = |numbers: std::ops::Range<usize>| {
            numbers.fold(String::new(), |mut lines, number| {
                writeln!(lines, "{number}").unwrap();
                lines
            })
        };
        publisher.write(lines(0..LINES / 3).as_bytes());
        assert_eq!(prints(&broker, true, &[&watch[..], &["-C", "1"]].concat()), "0\n");
        broker.stop();
        broker.start();
        publisher.write(lines(LINES / 3..LINES * 2 / 3).as_bytes());
        // Some come between the two.
        prints(&broker, true, &[&watch[..], &["-C", "1"]].concat());
        broker.stop();
        broker.start();
        publisher.write(lines(LINES * 2 / 3..LINES).as_bytes());
        let published = publisher.wait();
        assert_eq!(published.status.code(), Some(0), "{}", text(&published.stderr));
        // It was away: Mosquitto sends messages again to who was connected, though their PUBREL was sent.
        let printed = prints(&broker, true, &[&subscribe[..], &["-C", &count]].concat());
        let mut times = vec![0; LINES];
        for line in printed.lines() {
            times[line.parse::<usize>().unwrap()] += 1;
        }
        // Since the subscriber ends after so many lines, each twice at QoS 1 is one of the last not seen; their order over
        // a restart is the broker's.
        let lost: Vec<_> = (0..LINES).filter(|line| times[*line] == 0).collect();
        let twice: Vec<_> = (0..LINES).filter(|line| times[*line] > 1).collect();
        if qos == "2" {
            assert!(lost.is_empty() && twice.is_empty(), "lost {lost:?}, twice {twice:?}");
        } else {
            let more: usize = times.iter().map(|times: &usize| times.saturating_sub(1)).sum();
            assert_eq!(lost.len(), more, "lost {lost:?}, twice {twice:?}");
        }
    }
}

#[test]
fn refusals_are_statuses() {
    let folder = Folder::new();
    let passwords = folder.file("passwords", "");
    let made = theirs("mosquitto_passwd", &["-b", passwords.to_str().unwrap(), "me", "secret"]).output();
    assert!(made.unwrap().status.success());
    let file = passwords.to_str().unwrap().to_owned();
    let password = folder.file("password", "secret\n");
    let config = format!("listener {{port}} 127.0.0.1\nallow_anonymous false\npassword_file {file}\n");
    let broker = Broker::mosquitto_with(folder, &config);
    let port = broker.port().to_string();
    for (arguments, status) in [
        (&[][..], 5),
        (&["-u", "me", "-P", "wrong"], 5),
        (&["-u", "me", "-P", "secret"], 0),
        (&["-u", "me", "--password-file", password.to_str().unwrap()], 0),
    ] {
        for command in ["pub", "sub"] {
            let what: &[&str] = if command == "pub" { &["-t", "t", "-m", "x"] } else { &["-t", "t", "-E"] };
            let [ours, theirs] = [true, false].map(|ours| {
                let mut command = ours_or_theirs(ours, command, &port, &[what, arguments].concat());
                Running::start(&mut command).wait()
            });
            assert_eq!(ours.status.code(), Some(status), "{arguments:?} {}", text(&ours.stderr));
            if !arguments.contains(&"--password-file") {
                assert_eq!(theirs.status.code(), Some(status), "theirs, {arguments:?}");
            }
        }
    }
    // Where an attempt is not accepted, nobody tries again; the password is said nowhere.
    let wrong = ["-u", "me", "-P", "wrong-secret", "-t", "t", "-m", "x", "--verbose"];
    let output = Running::start(&mut ours_or_theirs(true, "pub", &port, &wrong)).wait();
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("not authorized (return code 5)") && !stderr.contains("wrong-secret"),
        "{stderr}"
    );
}

#[test]
fn a_unix_socket_is_a_way_to_the_broker() {
    let folder = Folder::new();
    let socket = folder.path().join("socket");
    let config = "listener 0 {folder}/socket\nallow_anonymous true\n";
    let _broker = Broker::mosquitto_with(folder, config);
    let path = socket.to_str().unwrap();
    let published = Running::start(&mut mqtt(&["pub", "--unix", path, "-r", "-t", "t", "-m", "x"])).wait();
    assert_eq!(published.status.code(), Some(0), "{}", text(&published.stderr));
    let url = format!("unix:{path}");
    let printed = Running::start(&mut mqtt(&["sub", "-L", &url, "-t", "t", "-C", "1"])).wait();
    assert_eq!(text(&printed.stdout), "x\n", "{}", text(&printed.stderr));
}
