//! `mqtt`: publishes and subscribes from the command line, as `mosquitto_pub` and `mosquitto_sub` do.
//!
//! Arguments become a plan, in which everything is checked; then the plan runs. See `README.md` of the crate.
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

mod arguments;
mod format;
mod input;
mod interrupt;
mod link;
mod plan;
mod progress;
mod publish;
mod status;
mod subscribe;

use arguments::{Cli, Command};
use status::{Failure, IO};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let quiet = match &cli.command {
        Command::Pub(arguments) => arguments.connection.quiet,
        Command::Sub(arguments) => arguments.connection.quiet,
    };
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !quiet || failure.status == status::USAGE {
                // Nothing is left to do when standard error is closed too.
                let _ = writeln!(std::io::stderr(), "mqtt: {}", failure.message);
            }
            ExitCode::from(failure.status)
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    // The plan runs on this thread and may be slow; the client has one of its own, so that it keeps the connection alive.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(IO, format!("the runtime does not start: {error}")))?;
    let result = match command {
        Command::Pub(arguments) => {
            plan::publish(*arguments).and_then(|plan| runtime.block_on(publish::run(plan)))
        }
        Command::Sub(arguments) => {
            plan::subscribe(*arguments).and_then(|plan| runtime.block_on(subscribe::run(plan)))
        }
    };
    // A read of standard input may go on for ever.
    runtime.shutdown_background();
    result
}
