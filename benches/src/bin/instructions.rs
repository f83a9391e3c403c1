//! Prints the instructions that each operation of each implementation takes.
//!
//! ```text
//! instructions [--tsv] [name]    all implementations, or those whose name contains `name`
//! instructions --check           ours only; fails when an operation is over its limit
//! ```
#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::process::ExitCode;
use std::{env, io};

use mqtt_benches::callgrind;

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let check = match *arguments {
        ["--counted", filter] => {
            callgrind::run(filter);
            return Ok(ExitCode::SUCCESS);
        }
        ["--tsv"] => return tsv(""),
        ["--tsv", filter] => return tsv(filter),
        ["--check"] => true,
        _ => false,
    };
    let filter = if check { "mqtt-codec" } else { arguments.first().copied().unwrap_or_default() };
    let mut over = 0;
    println!("| operation | implementation | instructions | limit (with LTO) | |\n|---|---|---:|---:|---|");
    for count in callgrind::count(filter, &["--counted", filter])? {
        let ours = count.implementation == "mqtt-codec";
        let limit = count.operation.limit().filter(|_| ours);
        let is_over = limit.is_some_and(|limit| count.instructions > f64::from(limit));
        over += usize::from(is_over);
        println!(
            "| {} | {} | {:.0} | {} | {} |",
            count.operation.label(),
            count.implementation,
            count.instructions,
            limit.map(|limit| limit.to_string()).unwrap_or_default(),
            if is_over { "over" } else { "" },
        );
    }
    Ok(if check && over > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// For the `table` program: implementation, operation, instructions.
fn tsv(filter: &str) -> io::Result<ExitCode> {
    for count in callgrind::count(filter, &["--counted", filter])? {
        println!("{}\t{}\t{:.1}", count.implementation, count.operation.label(), count.instructions);
    }
    Ok(ExitCode::SUCCESS)
}
