//! `completions`: scripts for shells.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::ended;

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script that completes the arguments of `command`.
    pub(crate) fn run(&self, mut command: Command) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "packet-inspector", &mut script);
        ended(io::stdout().write_all(&script), ExitCode::SUCCESS)
    }
}
