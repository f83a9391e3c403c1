//! Counts instructions: the program runs itself under `valgrind --tool=callgrind`.
//!
//! Callgrind counts only inside [`counted`], and writes a dump each time that is entered. Each operation runs *n* and
//! then 2 *n* times: the difference divided by *n* is free of anything done once. What the empty loop costs is
//! subtracted.

use std::any::Any;
use std::process::Command;
use std::{env, fs, io, process};

use crate::{IMPLEMENTATIONS, Implementation, Prepared, Row, measure};

/// Instructions of one operation of one implementation.
#[derive(Debug, Clone)]
pub struct Count {
    /// Name of the implementation.
    pub implementation: &'static str,
    /// What was done.
    pub operation: crate::Operation,
    /// Instructions for each packet, or each match.
    pub instructions: f64,
}

/// The rows whose implementation's name contains `filter`, in order.
fn rows(filter: &str) -> impl Iterator<Item = (&'static Implementation, &'static Row)> {
    IMPLEMENTATIONS
        .iter()
        .filter(move |implementation| implementation.name.contains(filter))
        .flat_map(|implementation| implementation.rows.iter().map(move |row| (implementation, row)))
}

/// Repetitions of the empty loop.
const EMPTY: usize = 1000;

/// The program that is counted: runs everything, in the order that [`count`] expects.
pub fn run(filter: &str) {
    for times in [EMPTY, 2 * EMPTY] {
        drop(counted(measure::nothing(times)));
    }
    for (_, row) in rows(filter) {
        let times = row.operation.repetitions();
        for times in [times, 2 * times] {
            drop(counted((row.prepare)(times)));
        }
    }
}

/// Everything inside is counted, nothing outside. Found by its name.
#[inline(never)]
fn counted(prepared: Prepared) -> Box<dyn Any> {
    // Not this function's last act, which would make it a jump.
    std::hint::black_box(prepared())
}

/// Runs this program again under callgrind, with `arguments`, which have to lead to [`run`] with the same filter.
///
/// # Errors
/// Valgrind is not installed, or fails.
pub fn count(filter: &str, arguments: &[&str]) -> io::Result<Vec<Count>> {
    let folder = env::temp_dir().join(format!("mqtt-benches-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let output = Command::new("valgrind")
        // Else glibc copies long payloads by `rep movsb`, which callgrind counts as an instruction for each byte.
        .env("GLIBC_TUNABLES", "glibc.cpu.x86_rep_movsb_threshold=1073741824")
        // Two patterns for one function: callgrind heeds only one option for each pattern.
        .args(["--tool=callgrind", "--toggle-collect=*callgrind::counted"])
        .arg("--dump-before=mqtt_benches::callgrind::counted")
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(env::current_exe()?)
        .args(arguments)
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    // The first dump is of what was before; the last one, at the end, has no number.
    let mut dumps = (2..).map(|n| folder.join(format!("out.{n}")));
    let mut next = || match dumps.next() {
        Some(dump) if dump.exists() => dump_total(&dump),
        _ => dump_total(&folder.join("out")),
    };
    let mut per_repetition = |times: usize| -> io::Result<f64> {
        let (once, twice) = (next()?, next()?);
        Ok((twice - once) / as_f64(times))
    };
    let empty = per_repetition(EMPTY)?;
    let counts = rows(filter)
        .map(|(implementation, row)| {
            let total = per_repetition(row.operation.repetitions())? - empty;
            Ok(Count {
                implementation: implementation.name,
                operation: row.operation,
                instructions: total / as_f64(row.operation.units()),
            })
        })
        .collect();
    fs::remove_dir_all(&folder)?;
    counts
}

/// The line `totals: 123` of a dump.
fn dump_total(path: &std::path::Path) -> io::Result<f64> {
    let text = fs::read_to_string(path)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.ok_or_else(|| io::Error::other(format!("no total in {}", path.display())))
}

/// Counts are far below 2^32.
fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}
