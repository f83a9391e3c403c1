//! What the numbers were made with.

use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

use crate::IMPLEMENTATIONS;

/// Compiler, valgrind and libc: what moves instruction counts.
pub fn tools() -> String {
    let libc = first_line("ldd", &["--version"]);
    let libc = libc.rsplit(' ').next().unwrap_or_default();
    format!("{}; {}; glibc {libc}", compiler(), first_line("valgrind", &["--version"]))
}

/// The compiler.
pub fn compiler() -> String {
    first_line("rustc", &["--version"])
}

/// The CPU, how many of them, and the system: what moves times.
pub fn cpu() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cpus} cores, {} {}", cpu.unwrap_or("unknown CPU"), env::consts::OS, env::consts::ARCH)
}

/// Package and version of each codec.
///
/// # Errors
/// See [`versions_of`].
pub fn versions() -> io::Result<String> {
    versions_of(IMPLEMENTATIONS.iter().map(|it| it.package))
}

/// Package and version of each, from Cargo.lock: `name = "…"` and, on the next line, `version = "…"`.
///
/// # Errors
/// There is no such file.
pub fn versions_of(packages: impl Iterator<Item = &'static str>) -> io::Result<String> {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"))?;
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        rest.split('"').next()
    };
    let each: Vec<String> = packages
        .map(|package| format!("{package} {}", version(package).unwrap_or("of unknown version")))
        .collect();
    Ok(each.join(", "))
}

/// How busy the machine is: runnable tasks in the last minute, as the system counts them.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or_default().to_owned()
}
