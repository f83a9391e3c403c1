//! Writes `benches/RESULTS.md`, `benches/results.svg`, and the block of the root README.md between its marks:
//! instructions with and without LTO, times, sizes, and which codec refuses what.
//!
//! ```text
//! cargo run -p mqtt-benches --profile lto --bin table
//! ```
#![expect(clippy::print_stderr, reason = "a program that says what it does")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use mqtt_benches::numbers::Numbers;
use mqtt_benches::{IMPLEMENTATIONS, Operation, Prepared, Sample, machine, malformed, plot, readme, size};

fn main() -> ExitCode {
    match write_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn write_all() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    eprintln!("counting instructions, with LTO");
    let lto = instructions("lto")?;
    eprintln!("counting instructions, without");
    let plain = instructions("release")?;
    eprintln!("measuring times");
    let times = times();
    let verdicts = malformed::verdicts();
    let made_with =
        format!("Machine: {}. {}.\n\nVersions: {}.", machine::cpu(), machine::tools(), machine::versions()?);

    let mut results = format!(
        "# Results\n\nWritten by `cargo run -p mqtt-benches --profile lto --bin table`; \
         see [README.md](README.md) for what is measured and how.\n\n{made_with}\n"
    );
    let mut section = |title: &str, text: &str| {
        results.push_str(&format!("\n## {title}\n\n{text}"));
    };
    for (build, numbers) in [("fat LTO", &lto), ("without LTO", &plain)] {
        section(&format!("Instructions, {build}"), &numbers.table(Operation::MAIN, build == "fat LTO", 0));
        section(
            &format!("Instructions, {build}: every packet type"),
            &numbers.table(Operation::every_type(), false, 0),
        );
    }
    let guide = "The best of all batches in 60 ms: a guide, not a bound.\n\n";
    section("Nanoseconds, fat LTO", &format!("{guide}{}", times.table(Operation::MAIN, false, 1)));
    section("Nanoseconds, fat LTO: every packet type", &times.table(Operation::every_type(), false, 1));
    eprintln!("measuring sizes");
    match size::measure() {
        Ok(sizes) => section("Size", &format!("{SIZE}\n\n{}", size::table(&sizes))),
        Err(error) => eprintln!("no sizes: {error}"),
    }
    section("Malformed packets", &format!("{MALFORMED}\n\n{}", malformed::table(&verdicts)));
    fs::write(folder.join("RESULTS.md"), results)?;
    fs::write(folder.join("results.svg"), plot::svg(&lto))?;

    let file = folder.join("../README.md");
    let block = readme::block(&lto, &plain, &malformed::refused(&verdicts), &made_with);
    match readme::replace(&fs::read_to_string(&file)?, &block) {
        Some(text) => fs::write(file, text)?,
        None => eprintln!("README.md has no {} and {}: nothing written there", readme::BEGIN, readme::END),
    }
    Ok(())
}

const SIZE: &str = "Bytes of the codec alone, all packets both ways, `no_std`, `opt-level = \"z\"`, fat LTO, `panic = \
    \"abort\"`, for this machine; `memcpy` and its like are not among them.";

const MALFORMED: &str = "Each stands at the front of a stream that goes on. *waits*: taken for the front of a longer \
    packet.";

/// By the `instructions` program, built with that profile.
fn instructions(profile: &str) -> io::Result<Numbers> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--package", "mqtt-benches", "--bin", "instructions", "--profile", profile])
        .args(["--", "--tsv"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(Numbers::from_tsv(&String::from_utf8_lossy(&output.stdout)))
}

fn times() -> Numbers {
    let all = IMPLEMENTATIONS.iter().flat_map(|it| it.operations().map(move |operation| (it, operation)));
    all.filter_map(|(it, operation)| {
        Some((it, operation, nanoseconds(operation, |times| (it.prepare)(operation, times))?))
    })
    .collect()
}

/// Of one packet or match.
fn nanoseconds(operation: Operation, prepare: impl Fn(usize) -> Option<Prepared>) -> Option<f64> {
    let timed = |times| {
        let run = prepare(times)?;
        let start = Instant::now();
        let left = run();
        let elapsed = start.elapsed();
        drop(left);
        Some(elapsed)
    };
    // Few enough that a stream of so many packets stays in the cache, as a packet that is decoded again does.
    let times = match operation {
        Operation::Decode(Sample::Publish64K) | Operation::Encode(Sample::Publish64K) => 16,
        operation => operation.repetitions(),
    };
    let end = Instant::now() + Duration::from_millis(60);
    let mut best = timed(times)?;
    while Instant::now() < end {
        best = best.min(timed(times)?);
    }
    let units = u32::try_from(times * operation.units()).map_or(f64::NAN, f64::from);
    Some(best.as_secs_f64() * 1e9 / units)
}
