//! The command as people and scripts use it: arguments, files, standard input, exit statuses, colours, closed pipes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

#[path = "common/process.rs"]
mod process;

use process::{command, fed, run};

const GOOD: &str = "20020000";
const WRONG: &str = "40020000";

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn ends(output: &Output, status: i32) {
    assert_eq!(output.status.code(), Some(status), "{}{}", out(output), err(output));
    assert_eq!(
        status == 2,
        !output.stderr.is_empty(),
        "only what is not understood is said there: {}",
        err(output)
    );
}

/// A file that is gone when the test ends.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("packet-inspector-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_exit_status_says_whether_anything_is_wrong() {
    for format in ["tree", "summary", "hex", "json"] {
        ends(&run(&["decode", "--format", format, GOOD]), 0);
        ends(&run(&["decode", "--format", format, WRONG]), 1);
        ends(&run(&["decode", "--format", format, "hello"]), 2);
        // The last of several decides nothing.
        ends(&run(&["decode", "--format", format, WRONG, GOOD]), 1);
    }
    // Cut off; a note alone is nothing wrong.
    ends(&run(&["decode", "2002"]), 1);
    ends(&run(&["decode", "c08000"]), 0);
    // From the wrong side.
    ends(&run(&["decode", "--from", "server", GOOD]), 0);
    ends(&run(&["decode", "--from", "client", GOOD]), 1);
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [
        &["decode", "--format", "xml", GOOD][..],
        &["decode", "--from", "broker", GOOD],
        &["decode", "--link", "token-ring", GOOD],
        &["decode", "--color", "sometimes", GOOD],
        &["decode", "--no-such-option"],
        &["decode", "--file", "some", GOOD],
        &["encode"],
        &["completions", "no-shell"],
        &[],
    ] {
        ends(&run(arguments), 2);
    }
}

#[test]
fn all_ways_in_give_the_same() {
    let file = Temporary::new("ways", GOOD.as_bytes());
    let expected = out(&run(&["decode", GOOD]));
    assert!(expected.contains("Connect Ack"), "{expected}");
    for output in [
        run(&["decode", "20 02 00 00"]),
        run(&["decode", "20", "02", "00", "00"]),
        run(&["decode", "0x20,0x02,", "0x00,0x00"]).clone(),
        run(&["decode", "--file", file.path()]),
        run(&["decode", "-f", file.path()]),
        fed(&["decode"], GOOD.as_bytes()),
        fed(&["decode", "-"], GOOD.as_bytes()),
        fed(&["decode", "--file", "-"], GOOD.as_bytes()),
        fed(&["decode", "--input", "raw"], &[0x20, 2, 0, 0]),
        run(&["decode", "--input", "base64", "IAIAAA=="]),
    ] {
        ends(&output, 0);
        // How the bytes were written stands in the first line.
        let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(&out(&output)), lines(&expected));
    }
}

#[test]
fn nothing_at_all_is_not_understood() {
    for output in [fed(&["decode"], b""), fed(&["decode", "-"], b" \n"), run(&["decode", ""])] {
        ends(&output, 2);
        assert!(err(&output).contains("empty"), "{}", err(&output));
    }
}

#[test]
fn several_files_are_read_in_order_and_numbered() {
    let (first, second) = (Temporary::new("first", b"c000"), Temporary::new("second", b"d000"));
    let output = run(&["decode", "--format", "json", "--file", first.path(), "--file", second.path()]);
    ends(&output, 0);
    let shown: Vec<_> = out(&output)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|object| (object["frame"].clone(), object["packet"].clone()))
        .collect();
    assert_eq!(shown, [(1.into(), "PINGREQ".into()), (2.into(), "PINGRESP".into())]);
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_reason_and_the_others_are_shown() {
    let good = Temporary::new("good", GOOD.as_bytes());
    let words = Temporary::new("words", b"hello world");
    let missing = format!("{}-missing", good.path());
    let folder = std::env::temp_dir();
    for (wrong, reason) in [
        (missing.as_str(), "No such file"),
        (folder.to_str().unwrap(), "directory"),
        (words.path(), "line 1, column 1: \"hello\" is neither hex nor another known form of bytes"),
    ] {
        let output = run(&["decode", "--format", "summary", "-f", wrong, "-f", good.path()]);
        ends(&output, 2);
        assert_eq!(out(&output), "Connect Ack\n");
        let said = err(&output);
        assert!(said.starts_with(&format!("packet-inspector: {wrong}: ")), "{said}");
        assert!(said.contains(reason), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn colours_follow_the_terminal_and_the_caller() {
    let colours = |command: &mut Command| out(&command.output().unwrap()).contains('\u{1b}');
    for format in ["tree", "hex"] {
        let arguments = |when| ["decode", "--format", format, "--color", when, WRONG];
        // Standard output is a pipe here, no terminal.
        assert!(!colours(&mut command(&["decode", "--format", format, WRONG])));
        assert!(!colours(&mut command(&arguments("auto"))));
        assert!(colours(&mut command(&arguments("always"))));
        assert!(!colours(&mut command(&arguments("never"))));
        assert!(!colours(command(&arguments("auto")).env("NO_COLOR", "1")));
        assert!(colours(command(&arguments("auto")).env("CLICOLOR_FORCE", "1")));
        assert!(!colours(command(&arguments("auto")).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
        assert!(!colours(command(&arguments("never")).env("CLICOLOR_FORCE", "1")));
        // Who asks for them gets them.
        assert!(colours(command(&arguments("always")).env("NO_COLOR", "1")));
    }
    assert!(!colours(&mut command(&["decode", "--format", "json", "--color", "always", WRONG])));
}

/// The colours are all that they add.
#[test]
fn colours_change_no_text() {
    for format in ["tree", "summary", "hex", "json"] {
        let with = run(&["decode", "--format", format, "--color", "always", WRONG]);
        let without = run(&["decode", "--format", format, "--color", "never", WRONG]);
        assert_eq!(anstream::adapter::strip_str(&out(&with)).to_string(), out(&without));
    }
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    // Far more than a pipe holds.
    let input = "c000".repeat(200_000);
    for format in ["tree", "summary", "hex", "json"] {
        let mut command = command(&["decode", "--format", format]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(err(&output), "", "{format}");
        assert_eq!(output.status.code(), Some(0), "{format}");
    }
}

#[test]
fn help_has_examples_that_run_and_names_the_exit_statuses() {
    let short = out(&run(&["decode", "-h"]));
    let long = out(&run(&["decode", "--help"]));
    for help in [&short, &long, &out(&run(&["help", "decode"]))] {
        assert!(help.contains("Examples:"), "{help}");
        assert!(help.contains("Exit status: 0 nothing is wrong"), "{help}");
        for option in ["--file", "--input", "--link", "--from", "--format", "--color"] {
            assert!(help.contains(option), "{option}: {help}");
        }
    }
    let all = out(&run(&["--help"]));
    assert!(all.contains("decode") && all.contains("completions"), "{all}");
    // Those that need neither a file nor a clipboard do what they say.
    let examples = long.lines().filter_map(|line| line.trim().strip_prefix("packet-inspector "));
    let mut ran = 0;
    for example in examples.filter(|example| !example.contains("--file")) {
        let arguments: Vec<&str> = example.split_whitespace().collect();
        let output = run(&arguments);
        assert_ne!(output.status.code(), Some(2), "{example}: {}", err(&output));
        assert!(out(&output).contains("MQ Telemetry") || out(&output).starts_with('{'), "{example}");
        ran += 1;
    }
    assert!(ran >= 3, "{long}");
}

#[test]
fn every_shell_gets_its_completions() {
    for (shell, sign) in [
        ("bash", "-o bashdefault -o default packet-inspector"),
        ("elvish", "edit:completion:arg-completer[packet-inspector]"),
        ("fish", "complete -c packet-inspector"),
        ("powershell", "Register-ArgumentCompleter"),
        ("zsh", "#compdef packet-inspector"),
    ] {
        let output = run(&["completions", shell]);
        ends(&output, 0);
        let script = out(&output);
        assert!(script.contains(sign), "{shell}: {script}");
        for word in ["decode", "completions", "format", "link", "color"] {
            assert!(script.contains(word), "{shell} completes {word}");
        }
    }
}

#[test]
fn a_frame_is_recognised_and_can_be_forced() {
    let frame = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../testdata/lab/frames/subscriber-181-connack.hex"
    ));
    let frame = frame.unwrap();
    let shown = out(&fed(&["decode"], frame.as_bytes()));
    assert!(shown.contains("\nEthernet II, Src: ") && shown.contains("Connect Ack"), "{shown}");
    assert_eq!(out(&fed(&["decode", "--link", "ethernet"], frame.as_bytes())), shown);
    // Without its first fourteen bytes it begins with IP.
    let ip = out(&fed(&["decode"], &frame.as_bytes()[28..]));
    assert!(!ip.contains("Ethernet") && ip.contains("\nInternet Protocol Version 6"), "{ip}");
    assert_eq!(out(&fed(&["decode", "--link", "raw-ip"], &frame.as_bytes()[28..])), ip);
    // Taken for MQTT, it is none.
    ends(&fed(&["decode", "--link", "mqtt"], frame.as_bytes()), 1);
    // The direction comes from the ports, unless it is said.
    let from = |arguments: &[&str]| -> serde_json::Value {
        let output = fed(&[&["decode", "--format", "json"], arguments].concat(), frame.as_bytes());
        serde_json::from_str::<serde_json::Value>(&out(&output)).unwrap()["from"].clone()
    };
    assert_eq!(from(&[]), "server");
    assert_eq!(from(&["--from", "client"]), "client");
}

#[test]
fn progress_is_told_when_that_is_asked_for() {
    let lab = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/lab.pcap");
    for (when, told) in [("always", true), ("auto", false), ("never", false)] {
        let output = run(&["read", lab, "--progress", when, "--fields", "frame.number"]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(out(&output).lines().count(), 64);
        let last = err(&output).lines().last().map(|line| line.starts_with("100 % of "));
        assert_eq!(last, told.then_some(true), "{}", err(&output));
    }
}

/// A folder with a capture of two packets and their JSON; gone when the test ends.
struct Written(PathBuf);

impl Written {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("packet-inspector-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        let written = Self(path);
        let json = run(&["decode", "--format", "json", "c000d000"]).stdout;
        std::fs::write(written.at("packets.json"), &json).unwrap();
        let capture = written.at("capture.pcap");
        ends(&fed(&["encode", "--format", "pcap", "--output", &capture], &json), 0);
        written
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn no_command_writes_over_its_input() {
    let files = Written::new("over");
    let (json, capture) = (files.at("packets.json"), files.at("capture.pcap"));
    let before = [&json, &capture].map(|path| std::fs::read(path).unwrap());
    // Under its name, by way of another folder, and by another name of the same file.
    let around =
        |name: &str| files.at(&format!("../{}/{name}", files.0.file_name().unwrap().to_str().unwrap()));
    let mut same = vec![(json.clone(), capture.clone()), (around("packets.json"), around("capture.pcap"))];
    std::fs::hard_link(&json, files.at("hard.json")).unwrap();
    std::fs::hard_link(&capture, files.at("hard.pcap")).unwrap();
    same.push((files.at("hard.json"), files.at("hard.pcap")));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&json, files.at("soft.json")).unwrap();
        std::os::unix::fs::symlink(&capture, files.at("soft.pcap")).unwrap();
        same.push((files.at("soft.json"), files.at("soft.pcap")));
    }
    let names = files.names();
    for (to_json, to_capture) in &same {
        let encoded = run(&["encode", "--json", &json, "--output", to_json]);
        ends(&encoded, 2);
        assert!(err(&encoded).contains("this is the input"), "{}", err(&encoded));
        let counted = run(&["stats", &capture, "--report", to_capture]);
        ends(&counted, 2);
        assert!(err(&counted).contains("this is the input"), "{}", err(&counted));
    }
    assert_eq!([&json, &capture].map(|path| std::fs::read(path).unwrap()), before);
    assert_eq!(files.names(), names);
}

#[test]
fn a_file_is_replaced_by_a_whole_one_or_stays() {
    let files = Written::new("whole");
    let (capture, page) = (files.at("capture.pcap"), files.at("page.html"));
    std::fs::write(&page, "the page before").unwrap();
    let names = files.names();
    let nowhere = files.at("nowhere.pcap");
    let not_a_capture = files.at("packets.json");
    for input in [&nowhere, &not_a_capture] {
        ends(&run(&["stats", input, "--report", &page]), 2);
        assert_eq!(std::fs::read_to_string(&page).unwrap(), "the page before");
    }
    ends(&run(&["stats", &capture, "--report", &page]), 0);
    assert!(std::fs::read_to_string(&page).unwrap().ends_with("</html>\n"));
    // What a link leads to is written.
    #[cfg(unix)]
    {
        std::fs::write(files.at("target.hex"), "").unwrap();
        std::os::unix::fs::symlink("target.hex", files.at("link.hex")).unwrap();
        ends(&run(&["encode", "pingreq", "--output", &files.at("link.hex")]), 0);
        assert_eq!(std::fs::read_to_string(files.at("target.hex")).unwrap(), "c000\n");
        assert!(std::fs::symlink_metadata(files.at("link.hex")).unwrap().is_symlink());
        ends(&run(&["encode", "pingreq", "--output", "/dev/null"]), 0);
        std::fs::remove_file(files.at("target.hex")).unwrap();
        std::fs::remove_file(files.at("link.hex")).unwrap();
    }
    assert_eq!(files.names(), names, "nothing is left beside it");
}
