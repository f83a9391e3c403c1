//! Measures clients beside each other, and writes `benches/CLIENTS.md`.
//!
//! ```text
//! clients                 all, and writes the file
//! clients --quick NAME    a short run of the clients whose names begin so, printed
//! ```
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use mqtt_benches::clients::rounds::{self, CLIENT, SERVER, Size};
use mqtt_benches::clients::{CLIENTS, Job, WIDE, Work, meter, server, table};
use mqtt_benches::{machine, readme};
use mqtt_codec::QoS;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> io::Result<()> {
    match arguments {
        [first] if first == SERVER => server::serve(|port| println!("{port}")),
        [first, name, job @ ..] if first == CLIENT => {
            let (Some(client), Some(job)) = (meter::client(name), Job::from_arguments(job)) else {
                return Err(io::Error::other("no such client or job"));
            };
            println!("{}", (client.run)(&job));
            Ok(())
        }
        [first, name] if first == "--quick" => quick(name),
        [] => write_all(),
        _ => Err(io::Error::other("usage: clients [--quick NAME]")),
    }
}

fn write_all() -> io::Result<()> {
    let size = SIZE;
    let before = machine::load();
    eprintln!("measuring, {} rounds", size.rounds);
    let results = rounds::run(&table::rows(), "", size)?;
    eprintln!("counting writes");
    let mut writes = Vec::new();
    for client in CLIENTS {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
            let row = (Work::Publish(qos), WIDE);
            match rounds::writes(client, row, 100_000) {
                Ok(count) => writes.extend(count.map(|count| (client, row, count))),
                Err(error) => eprintln!("{}: {error}", client.name),
            }
        }
    }
    let packages = CLIENTS.iter().filter_map(|client| client.package);
    let made_with = format!(
        "Machine: {}. {}. Load average before and after: {before}, {}.\n\nVersions: {}.",
        machine::cpu(),
        machine::compiler(),
        machine::load(),
        machine::versions_of(packages)?
    );
    let main = format!("{MAIN}\n\n{}", table::main(&results));
    let failures: String = results.failures.iter().map(|failure| format!("- {failure}\n")).collect();
    let text = format!(
        "# Clients\n\nWritten by `cargo run -p mqtt-benches --release --bin clients`; see [README.md](README.md) for what \
         is measured and how.\n\n{made_with}\n\n## CPU time and memory\n\n{main}\n## Windows\n\n{WINDOWS}\n\n{}\n\
         ## Writes\n\n{WRITES}\n\n{}\n## Runs that failed\n\n{}",
        table::windows(&results),
        table::writes(&writes),
        if failures.is_empty() { "None.\n" } else { &failures },
    );
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::write(folder.join("CLIENTS.md"), text)?;
    let file = folder.join("../README.md");
    let block = format!("{main}\n{made_with}\n");
    match readme::replace_between(&fs::read_to_string(&file)?, table::BEGIN, table::END, &block) {
        Some(text) => fs::write(file, text),
        None => {
            eprintln!("README.md has no {} and {}: nothing written there", table::BEGIN, table::END);
            Ok(())
        }
    }
}

/// Enough that what is done once does not count, and a busy machine moves no median.
const SIZE: Size = Size { rounds: 5, messages: 200_000, round_trips: 2_000, connections: 1_000 };

const MAIN: &str = "Microseconds of CPU time, user and system, of the client's own process for a message of 64 bytes, the \
    window 10,000 wide; the round trip is the median of PUBLISH to PUBACK at QoS 1, in microseconds; memory is that of \
    1,000 connections in one process. Medians of 5 rounds in which the clients take turns. Empty: it can't.";

const WINDOWS: &str = "Microseconds of CPU time for a message at QoS 1, by how many may be unacknowledged. A narrow window \
    leaves little to be done at a time.";

const WRITES: &str = "System calls that write, for each message, counted by `strace`, which slows them down; so more \
    gathers for each than without.";

fn quick(name: &str) -> io::Result<()> {
    let size = Size { rounds: 3, messages: 300_000, round_trips: 3_000, connections: 200 };
    let rows = Work::ALL.map(|work| (work, WIDE));
    let results = rounds::run(&rows, name, size)?;
    for client in CLIENTS.iter().filter(|client| client.name.starts_with(name)) {
        println!("{}", client.name);
        for row in rows {
            println!("    {:16}{:10.1}", row.0.label(), results.get(row, client).unwrap_or(f64::NAN));
        }
    }
    results.failures.iter().for_each(|failure| println!("{failure}"));
    Ok(())
}
