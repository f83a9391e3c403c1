//! Prints the instructions that each operation of each implementation takes.
//!
//! ```text
//! instructions [--tsv] [name]       all implementations, or those whose name begins so
//! instructions --check              ours only, built with `--profile lto`: is any row over its limit?
//! instructions --gate               ours only, built with `--release`: is any row over its baseline?
//! instructions --update-baseline    ours only, built with `--release`: writes the baseline
//! ```
//!
//! The exit status is 1 when the answer is yes, 2 when nothing could be counted.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use mqtt_benches::baseline::{self, Change, Judgement};
use mqtt_benches::callgrind::{self, Libc};
use mqtt_benches::machine;

/// Our own name in the tables.
const OURS: &str = "mqtt-codec";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let passed = match *arguments {
        [callgrind::COUNTED, filter] => {
            callgrind::run(filter);
            Ok(true)
        }
        [] => print("", false),
        ["--tsv"] => tsv(""),
        ["--tsv", filter] => tsv(filter),
        ["--check"] => built_with("lto").and_then(|()| print(OURS, true)),
        ["--gate"] => built_with("release").and_then(|()| gate()),
        ["--update-baseline"] => built_with("release").and_then(|()| update_baseline()),
        [filter] if !filter.starts_with('-') => print(filter, false),
        _ => {
            Err(io::Error::other("usage: instructions [--tsv] [name] | --check | --gate | --update-baseline"))
        }
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Cargo puts what it builds into a folder of the profile's name. A count of another build means nothing here.
fn built_with(profile: &str) -> io::Result<()> {
    let program = env::current_exe()?;
    if program.parent().and_then(Path::file_name).is_some_and(|folder| folder == profile) {
        return Ok(());
    }
    Err(io::Error::other(format!("this takes a program that was built with: cargo run --profile {profile}")))
}

/// As a table in Markdown; whether ours is nowhere over its limit, if that is to be checked.
fn print(filter: &str, check: bool) -> io::Result<bool> {
    let mut over_limit = 0;
    println!("| operation | implementation | instructions | limit (with LTO) | |\n|---|---|---:|---:|---|");
    for count in callgrind::count(filter, Libc::OfThisCpu)? {
        let limit = count.operation.limit().filter(|_| count.implementation == OURS);
        let over = limit.is_some_and(|limit| count.instructions > f64::from(limit));
        over_limit += usize::from(over);
        println!(
            "| {} | {} | {:.1} | {} | {} |",
            count.operation.label(),
            count.implementation,
            count.instructions,
            limit.map(|limit| limit.to_string()).unwrap_or_default(),
            if over { "over" } else { "" },
        );
    }
    if check {
        println!("\n{over_limit} rows over their limits.");
    }
    Ok(!check || over_limit == 0)
}

/// For the `table` program: implementation, operation, instructions.
fn tsv(filter: &str) -> io::Result<bool> {
    for count in callgrind::count(filter, Libc::OfThisCpu)? {
        println!("{}\t{}\t{:.2}", count.implementation, count.operation.label(), count.instructions);
    }
    Ok(true)
}

fn baseline_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(baseline::FILE)
}

fn update_baseline() -> io::Result<bool> {
    let counts = callgrind::count(OURS, Libc::OfEveryCpu)?;
    fs::write(baseline_file(), baseline::write(&counts, &machine::tools()))?;
    println!("{} rows written to {}", counts.len(), baseline::FILE);
    Ok(true)
}

fn gate() -> io::Result<bool> {
    let text = fs::read_to_string(baseline_file()).map_err(|error| {
        io::Error::new(error.kind(), format!("{}: {error}; write it by --update-baseline", baseline::FILE))
    })?;
    let changes = baseline::compare(&text, &callgrind::count(OURS, Libc::OfEveryCpu)?)
        .ok_or_else(|| io::Error::other(format!("{} has a line that is not a row", baseline::FILE)))?;
    let (then, now) = (baseline::counted_with(&text), machine::tools());
    if then != now {
        println!(
            "The baseline was counted with other tools, which moves counts:\n  then {then}\n  now  {now}"
        );
    }
    let of = |judgement| changes.iter().filter(move |change| change.judgement() == judgement);
    for (judgement, word) in
        [(Judgement::Better, "better"), (Judgement::Worse, "WORSE"), (Judgement::Unpaired, "NOT IN BOTH")]
    {
        for change in of(judgement) {
            println!("{word}: {}", describe(change));
        }
    }
    let [same, better, worse, unpaired] =
        [Judgement::Same, Judgement::Better, Judgement::Worse, Judgement::Unpaired]
            .map(|judgement| of(judgement).count());
    println!("{same} rows as in the baseline, {better} better, {worse} worse, {unpaired} not in both.");
    if better + unpaired > 0 {
        println!("To make these counts the baseline: --update-baseline.");
    }
    Ok(worse + unpaired == 0)
}

fn describe(change: &Change) -> String {
    let number = |number: Option<f64>| number.map_or("none".to_owned(), |number| format!("{number:.2}"));
    let ratio = change.then.zip(change.now).map(|(then, now)| format!(", {:.3} times", now / then));
    format!(
        "{}: {} in the baseline, {} now{}",
        change.row,
        number(change.then),
        number(change.now),
        ratio.unwrap_or_default()
    )
}
