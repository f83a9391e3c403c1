//! Writes `benches/RESULTS.md`: instructions without and with LTO, times, and which codec refuses what.
//!
//! ```text
//! cargo run -p mqtt-benches --profile lto --bin table
//! ```
#![expect(clippy::print_stderr, reason = "a program that says what it does")]

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use mqtt_benches::{IMPLEMENTATIONS, Implementation, Operation, Row, malformed};

/// Numbers by the label of the operation and the name of the implementation.
type Numbers = HashMap<(String, String), f64>;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let lock = fs::read_to_string(folder.join("../Cargo.lock"))?;

    let mut out = "# Results\n\nWritten by `cargo run -p mqtt-benches --profile lto --bin table`; \
        see [README.md](README.md) for what is measured and how.\n\n"
        .to_owned();
    machine(&mut out);
    versions(&mut out, &lock);

    for (profile, title) in [("lto", "Instructions, fat LTO"), ("release", "Instructions, without LTO")] {
        eprintln!("counting instructions, profile {profile}");
        let limits = profile == "lto";
        push(&mut out, &format!("\n## {title}\n\n{}", table(&instructions(profile)?, limits, 0)));
    }
    eprintln!("measuring times");
    push(
        &mut out,
        "\n## Nanoseconds, fat LTO\n\nThe best of all batches in 60 ms: a guide, not a bound.\n\n",
    );
    push(&mut out, &table(&times(), false, 1));
    push(&mut out, "\n## Malformed packets\n\n");
    push(
        &mut out,
        "Each stands at the front of a stream that goes on. *waits*: taken for the front of a longer packet.\n\n",
    );
    push(&mut out, &malformed::table());
    fs::write(folder.join("RESULTS.md"), out)
}

fn push(out: &mut String, text: &str) {
    out.push_str(text);
}

fn machine(out: &mut String) {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu =
        cpu.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1)).unwrap_or("unknown");
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let rustc = first_line("rustc", &["--version"]);
    let valgrind = first_line("valgrind", &["--version"]);
    // Writing to a `String` does not fail.
    let _ = writeln!(
        out,
        "Machine: {cpu}, {cpus} cores, {} {}. {rustc}. {valgrind}.",
        env::consts::OS,
        env::consts::ARCH
    );
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or_default().to_owned()
}

/// From Cargo.lock: `name = "…"` and, on the next line, `version = "…"`.
fn versions(out: &mut String, lock: &str) {
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        rest.split('"').next()
    };
    let each: Vec<String> = IMPLEMENTATIONS
        .iter()
        .map(|it| format!("{} {}", it.package, version(it.package).unwrap_or("of unknown version")))
        .collect();
    let _ = writeln!(out, "\nVersions: {}.", each.join(", "));
}

/// By the `instructions` program, built with that profile.
fn instructions(profile: &str) -> io::Result<Numbers> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--package", "mqtt-benches", "--bin", "instructions", "--profile", profile])
        .args(["--", "--tsv"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .lines()
        .filter_map(|line| {
            let mut parts = line.split('\t');
            let implementation = parts.next()?.to_owned();
            let operation = parts.next()?.to_owned();
            Some(((operation, implementation), parts.next()?.parse().ok()?))
        })
        .collect())
}

fn times() -> Numbers {
    let rows = IMPLEMENTATIONS.iter().flat_map(|it| it.rows.iter().map(move |row| (it, row)));
    rows.map(|(it, row)| ((row.operation.label().to_owned(), it.name.to_owned()), nanoseconds(row))).collect()
}

/// Of one packet or match.
fn nanoseconds(row: &Row) -> f64 {
    let timed = |times| {
        let run = (row.prepare)(times);
        let start = Instant::now();
        let left = run();
        let elapsed = start.elapsed();
        drop(left);
        elapsed
    };
    // Few enough that a stream of so many packets stays in the cache, as a packet that is decoded again does.
    let times = match row.operation {
        Operation::DecodePublish64K | Operation::EncodePublish64K => 16,
        operation => operation.repetitions(),
    };
    let end = Instant::now() + Duration::from_millis(60);
    let mut best = timed(times);
    while Instant::now() < end {
        best = best.min(timed(times));
    }
    let units = u32::try_from(times * row.operation.units()).map_or(f64::NAN, f64::from);
    best.as_secs_f64() * 1e9 / units
}

/// A row for each operation, a column for each implementation; the lowest number of a row is bold.
fn table(numbers: &Numbers, limits: bool, digits: usize) -> String {
    let mut table = "| |".to_owned();
    for implementation in IMPLEMENTATIONS {
        let _ = write!(table, " {} |", implementation.name);
    }
    push(&mut table, if limits { " ours at most |\n|---|" } else { "\n|---|" });
    push(&mut table, &"--:|".repeat(IMPLEMENTATIONS.len() + usize::from(limits)));
    table.push('\n');
    for operation in Operation::ALL {
        let number =
            |it: &Implementation| numbers.get(&(operation.label().to_owned(), it.name.to_owned())).copied();
        let lowest = IMPLEMENTATIONS.iter().filter_map(number).fold(f64::INFINITY, f64::min);
        let _ = write!(table, "| {} |", operation.label());
        for implementation in IMPLEMENTATIONS {
            let _ = match number(implementation) {
                Some(number) if number <= lowest => write!(table, " **{number:.digits$}** |"),
                Some(number) => write!(table, " {number:.digits$} |"),
                None => write!(table, " |"),
            };
        }
        if limits {
            let _ =
                write!(table, " {} |", operation.limit().map(|limit| limit.to_string()).unwrap_or_default());
        }
        table.push('\n');
    }
    table
}
