//! `packet-inspector`: the command line. Each subcommand stands in a file of its own under `commands`.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

mod commands;

use commands::{completions, decode, diff, encode, repair};

/// See MQTT 3.1.1 packets: every field, every bit, and what is wrong with them.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Decode packets from hex dumps, byte strings and the like
    #[command(after_help = decode::EXAMPLES)]
    Decode(decode::Decode),
    /// Compare two packets or dumps by what they mean
    #[command(after_help = diff::EXAMPLES)]
    Diff(diff::Diff),
    /// Build packets from options, or from the JSON that decode prints
    #[command(after_help = encode::EXAMPLES)]
    Encode(Box<encode::Encode>),
    /// Rank what damaged dumps may have been, by all the evidence there is
    #[command(after_help = repair::EXAMPLES)]
    Repair(repair::Repair),
    /// Print a script that completes this command's arguments in a shell
    Completions(completions::Completions),
}

const EXIT_STATUS: &str = "Exit status: 0 nothing is wrong; 1 something is wrong with the packets; \
2 the input could not be understood, or wrong usage.";

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Decode(arguments) => arguments.run(),
        Command::Diff(arguments) => arguments.run(),
        Command::Encode(arguments) => arguments.run(),
        Command::Repair(arguments) => arguments.run(),
        Command::Completions(arguments) => arguments.run(Cli::command()),
    }
}
