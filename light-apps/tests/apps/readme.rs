//! What the READMEs tell users to type is taken from them, and tried.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::app::{App, End, start};
use crate::scratch;
use crate::server::Embedded;

const FRONT: &str = include_str!("../../../README.md");
const OURS: &str = include_str!("../../README.md");

/// A block of a console: what is typed, and all that stands below it.
struct Typed {
    command: String,
    shown: String,
}

/// All commands of a text, each with what it prints.
fn typed(text: &str) -> Vec<Typed> {
    let mut all: Vec<Typed> = Vec::new();
    for block in text.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            match line.strip_prefix("$ ") {
                Some(command) => all.push(Typed { command: command.to_owned(), shown: String::new() }),
                None => all.last_mut().unwrap().shown += &format!("{line}\n"),
            }
        }
    }
    all
}

/// The program of ours that a command runs, and its arguments.
fn ours(command: &str) -> Option<(String, Vec<String>)> {
    let command = command.rsplit('|').next().unwrap().trim().trim_end_matches('&');
    let mut words = shell_words::split(command).unwrap();
    if words.starts_with(&["cargo", "run", "-q", "-p", "light-apps", "--bin"].map(str::to_owned)) {
        words.drain(..6);
        assert!(words.len() == 1 || words.remove(1) == "--", "{command}");
    }
    let program = words.remove(0);
    ["light", "light-controller", "light-dashboard"].contains(&&*program).then_some((program, words))
}

/// The only command of the text that has this in it, and what it prints.
fn the_one(text: &str, with: &str) -> (Typed, String, Vec<String>) {
    let mut found: Vec<_> = typed(text).into_iter().filter(|typed| typed.command.contains(with)).collect();
    assert_eq!(found.len(), 1, "{with}");
    let typed = found.remove(0);
    let (program, arguments) = ours(&typed.command).unwrap();
    (typed, program, arguments)
}

fn run(program: &str, arguments: &[String], more: &[&str]) -> App {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    start(program, &arguments)
}

/// Without what differs each time: numbers, but for those in words.
fn shape(text: &str) -> String {
    let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit() || c == '(');
    let word = |word: &str| {
        if let Some((before, _)) = word.split_once("127.0.0.1:") {
            return format!("{before}127.0.0.1:#");
        }
        if number(word) {
            word.replace(|c: char| c.is_ascii_digit() || c == '.', "") + "#"
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_command_is_one() {
    let mut tried = 0;
    for (program, arguments) in
        [FRONT, OURS].into_iter().flat_map(typed).filter_map(|typed| ours(&typed.command))
    {
        // Help is shown when all that stands before it is understood.
        let end = run(&program, &arguments, &["--help"]).end();
        assert!(end.status.success(), "{program} {arguments:?}: {}", end.err);
        tried += 1;
    }
    assert!(tried >= 12, "{tried}");
    assert!(!start("light-dashboard", &["--hose", "--help"]).end().status.success());
    for script in
        [FRONT, OURS].into_iter().flat_map(typed).filter(|typed| typed.command.starts_with("light-apps/"))
    {
        use std::os::unix::fs::PermissionsExt;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&script.command);
        assert!(path.metadata().unwrap().permissions().mode() & 0o111 != 0, "{}", script.command);
    }
}

/// What follows `--` in a text's words.
fn options(text: &str) -> BTreeSet<String> {
    let name =
        |part: &str| -> String { part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect() };
    text.split("--")
        .skip(1)
        .map(name)
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

#[test]
fn the_options_of_the_table_are_those_of_the_programs() {
    let table = OURS.split("## Options").nth(1).unwrap().split("\n\n").nth(1).unwrap();
    let listed = |whose: &[&str]| -> BTreeSet<String> {
        let rows = table.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
        let of_it = rows.filter(|row| row[2].split(", ").any(|of| whose.contains(&of)));
        of_it.flat_map(|row| options(row[1])).collect()
    };
    let known = |program: &str, arguments: &[&str]| -> BTreeSet<String> {
        let help = start(program, &[arguments, &["--help"]].concat()).end().out;
        let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with("--"));
        lines.filter_map(|line| options(line).pop_first()).collect()
    };
    assert_eq!(known("light-controller", &[]), listed(&["both", "controller"]));
    assert_eq!(known("light-dashboard", &[]), listed(&["both", "dashboard"]));
    let named = options(OURS);
    for program in ["demo", "crowd"] {
        let known = known("light", &[program]);
        assert!(known.is_subset(&named), "{program}: {known:?}");
    }
    assert!(listed(&["demo"]).is_subset(&known("light", &["demo"])));
}

#[test]
fn the_homework_prints_what_it_says() {
    let (typed, program, arguments) = the_one(OURS, "demo --log warn");
    let fed =
        typed.command.strip_prefix("printf '").unwrap().split('\'').next().unwrap().replace("\\n", "\n");
    let mut demo = run(&program, &arguments, &["--port", "0"]);
    fed.lines().for_each(|line| demo.enter(line));
    demo.close_input();
    let End { status, out, err } = demo.end();
    assert!(status.success() && err.is_empty(), "{err}");
    assert_eq!(shape(&out), shape(&typed.shown));
    // The front page has the same, for somebody who types.
    let (_, program, arguments) = the_one(FRONT, "-- demo");
    let mut demo = run(&program, &arguments, &["--port", "0"]);
    demo.says("Enter command (ON/OFF): ");
    demo.close_input();
    assert!(demo.end().status.success());
}

#[test]
fn the_house_prints_what_it_says() {
    let broker = Embedded::start();
    let at = broker.address();
    let led = scratch();
    std::fs::create_dir_all(led.join("input3::capslock")).unwrap();
    for (file, text) in [("brightness", "0"), ("max_brightness", "1")] {
        std::fs::write(led.join("input3::capslock").join(file), text).unwrap();
    }
    let (_, program, arguments) = the_one(OURS, "light-controller --id kitchen");
    let kitchen = run(&program, &arguments, &["--broker", &at]);
    kitchen.complains("kitchen obeys");
    let (_, program, arguments) = the_one(OURS, "light-controller --id hall");
    let hall = run(&program, &arguments, &["--broker", &at, "--led-dir", led.to_str().unwrap()]);
    hall.complains("hall obeys");
    let (typed, program, arguments) = the_one(OURS, "light-dashboard --house");
    let (entered, shown) = typed.shown.split_once('\n').unwrap();
    let (prompt, entered) = entered.split_once(": ").unwrap();
    let mut dashboard = run(&program, &arguments, &["--broker", &at]);
    dashboard.says(&format!("{prompt}: "));
    dashboard.enter(entered);
    dashboard.says(" ms)\n");
    let said = dashboard.said();
    let end = said.split_once(&format!("{prompt}: {entered}\n")).unwrap().1;
    assert_eq!(shape(end.split(prompt).next().unwrap()), shape(shown));
    drop((kitchen, hall));
}

#[test]
fn the_page_is_where_it_says() {
    for text in [FRONT, OURS] {
        let (typed, program, mut arguments) = the_one(text, "--web 127.0.0.1:8080");
        // Any free port, for the test.
        *arguments.last_mut().unwrap() = "127.0.0.1:0".to_owned();
        let page = run(&program, &arguments, &["--port", "0"]);
        page.says("Page: http://127.0.0.1:");
        page.says("/\n");
        let End { status, out, .. } = page.stop();
        assert!(status.success());
        assert!(typed.shown.is_empty() || shape(&out) == shape(&typed.shown), "{out}");
    }
}

/// Each line that the front page shows of the cluster's run is one of this run.
#[track_caller]
pub(crate) fn is_as_the_front_page_says(run: &str) {
    let commands = typed(FRONT);
    let shown = &commands.iter().find(|typed| typed.command == "light-apps/cluster/run").unwrap().shown;
    let said: BTreeSet<_> = run.lines().map(shape).collect();
    for line in shown.lines().filter(|line| *line != "...") {
        assert!(said.contains(&shape(line)), "{line}: {said:?}");
    }
}

#[test]
fn the_cluster_s_script_says_what_it_needs() {
    let programs = scratch();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster/run");
    let nats = programs.join("nats-server");
    std::fs::write(&nats, "").unwrap();
    std::fs::set_permissions(&nats, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new("/bin/bash");
    command.arg(script).env("PATH", &programs).env("LIGHT", "/bin/false");
    let End { status, err, .. } = App::run("cluster/run", command).end();
    assert_eq!(status.code(), Some(1));
    assert_eq!(err, "python3 is not installed: apt-get install python3\n");
}
