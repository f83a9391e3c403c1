//! Prints how many bytes each codec alone takes in a program for a small device.
//!
//! ```text
//! cargo run -p mqtt-benches --release --bin size
//! ```
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints")]

use std::process::ExitCode;

use mqtt_benches::size;

fn main() -> ExitCode {
    match size::measure() {
        Ok(sizes) => {
            print!("{}", size::table(&sizes));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
