//! What is said about how to use it, and what is wrong before anything is sent.

use expect_test::{expect, expect_file};

use crate::command::{Running, mqtt, text};

#[track_caller]
fn fails(arguments: &[&str], status: i32, expected: &expect_test::Expect) {
    let output = Running::start(&mut mqtt(arguments)).wait();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    assert!(output.stdout.is_empty());
    expected.assert_eq(&text(&output.stderr));
}

#[test]
fn help_tells_every_option() {
    for (arguments, file) in [
        (&["--help"][..], "help.txt"),
        (&["pub", "--help"], "help-pub.txt"),
        (&["sub", "--help"], "help-sub.txt"),
    ] {
        let output = Running::start(&mut mqtt(arguments)).wait();
        assert_eq!(output.status.code(), Some(0));
        expect_file![format!("{}/tests/cli/{file}", env!("CARGO_MANIFEST_DIR"))]
            .assert_eq(&text(&output.stdout));
    }
}

/// `-x` and `--long` of each option in the help.
fn options(help: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    help.lines().filter_map(|line| {
        let (short, rest) = match line.trim_start().strip_prefix("--") {
            Some(_) => (None, line.trim_start()),
            None => line.trim_start().split_once(", --").map(|(short, _)| (Some(short), line))?,
        };
        let long = rest.split("--").nth(1)?.split([' ', '=', '[', ',']).next()?;
        // Not the end of a line before it.
        let is_option = short.is_none_or(|short| short.starts_with('-') && short.len() == 2);
        (is_option && !long.ends_with(']')).then_some((short, long))
    })
}

#[test]
fn the_readme_has_every_option() {
    const README: &str = include_str!("../../README.md");
    let mut count = 0;
    for (short, long) in options(include_str!("help-pub.txt")).chain(options(include_str!("help-sub.txt"))) {
        let named = README.contains(&format!("`--{long}")) || README.contains(&format!("--{long}`"));
        let abbreviated = short.is_some_and(|short| README.contains(&format!("`{short}")));
        assert!(named || abbreviated || long == "help", "--{long} is not in README.md");
        count += 1;
    }
    assert!(count > 50, "{count} options");
}

#[test]
fn what_is_wrong_with_arguments_is_told() {
    fails(
        &["pub", "-m", "x"],
        2,
        &expect![[r#"
        mqtt: no topic: give one with -t
    "#]],
    );
    fails(
        &["pub", "-t", "a/#", "-m", "x"],
        2,
        &expect![[r#"
        mqtt: topic "a/#": wildcard in a topic name at byte 2 of the text
    "#]],
    );
    fails(
        &["pub", "-t", "", "-m", "x"],
        2,
        &expect![[r#"
        mqtt: topic "": topic is empty at byte 0 of the text
    "#]],
    );
    fails(
        &["pub", "-t", "a", "-L", "mqtt://h/b", "-m", "x"],
        2,
        &expect![[r#"
        mqtt: two topics: the URL has one, too
    "#]],
    );
    fails(
        &["pub", "-L", "http://h/b", "-m", "x"],
        2,
        &expect![[r#"
            mqtt: --url: scheme "http" is not supported: one of mqtt, mqtts, ws, wss, unix
        "#]],
    );
    fails(
        &["sub"],
        2,
        &expect![[r#"
        mqtt: no topic filter: give one with -t, or with -U
    "#]],
    );
    fails(
        &["sub", "-t", "a#"],
        2,
        &expect![[r#"
        mqtt: topic filter "a#": # is not the whole last level at byte 1 of the text
    "#]],
    );
    fails(
        &["sub", "-t", "a", "-U", "a+"],
        2,
        &expect![[r#"
        mqtt: topic filter "a+": + is not a whole level at byte 1 of the text
    "#]],
    );
    fails(
        &["sub", "-t", "a", "--will-topic", "+"],
        2,
        &expect![[r#"
        mqtt: --will-topic "+": wildcard in a topic name at byte 0 of the text
    "#]],
    );
    fails(
        &["pub", "-t", "a", "-m", "x", "--repeat-delay=-1"],
        2,
        &expect![[r#"
        mqtt: --repeat-delay: cannot convert float seconds to Duration: value is negative
    "#]],
    );
}

#[test]
fn what_clap_refuses_ends_with_2() {
    for arguments in [
        &["pub", "-t", "a"][..],
        &["pub", "-t", "a", "-m", "x", "-n"],
        &["pub", "-t", "a", "-m", "x", "-q", "3"],
        &["pub", "-t", "a", "-m", "x", "-k", "65536"],
        &["pub", "-t", "a", "-m", "x", "-p", "0"],
        &["pub", "-t", "a", "-m", "x", "-P", "secret"],
        &["pub", "-t", "a", "-m", "x", "--will-payload", "x"],
        &["pub", "-t", "a", "-m", "x", "-V", "mqttv5"],
        &["pub", "-t", "a", "-l", "--repeat", "2"],
        &["sub", "-t", "a", "-C", "0"],
        &["sub", "-t", "a", "-F", "%z"],
        &["sub", "-t", "a", "-F", "100%"],
        &["sub", "-t", "a", "-F", "\\q"],
        &["subscribe"],
        &[],
    ] {
        let output = Running::start(&mut mqtt(arguments)).wait();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!text(&output.stderr).contains("secret"), "{arguments:?}");
    }
}

#[test]
fn what_is_not_there_is_told() {
    fails(
        &["pub", "-t", "a", "-f", "/no/such/file"],
        66,
        &expect![[r#"
        mqtt: /no/such/file: No such file or directory (os error 2)
    "#]],
    );
    fails(
        &["pub", "-t", "a", "-m", "x", "-u", "me", "--password-file", "/no/such/file"],
        66,
        &expect![[r#"
        mqtt: /no/such/file: No such file or directory (os error 2)
    "#]],
    );
    fails(
        &["pub", "--unix", "/no/such/socket", "-t", "a", "-m", "x"],
        69,
        &expect![[r#"
        mqtt: cannot connect to unix:/no/such/socket: No such file or directory (os error 2)
    "#]],
    );
    // Nobody listens on port 1.
    fails(
        &["pub", "-h", "127.0.0.1", "-p", "1", "-t", "a", "-m", "x"],
        69,
        &expect![[r#"
        mqtt: cannot connect to mqtt://127.0.0.1:1: Connection refused (os error 111)
    "#]],
    );
    fails(
        &["sub", "-h", "127.0.0.1", "-p", "1", "-t", "a"],
        69,
        &expect![[r#"
        mqtt: cannot connect to mqtt://127.0.0.1:1: Connection refused (os error 111)
    "#]],
    );
    fails(&["sub", "-h", "::1", "-p", "1", "-t", "a", "--quiet"], 69, &expect![[r#""#]]);
}
