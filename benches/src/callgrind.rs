//! Counts instructions: the program runs itself under `valgrind --tool=callgrind`.
//!
//! Callgrind counts only inside `counted`, and writes a dump each time that is entered. Each operation runs *n* and
//! then 2 *n* times: the difference divided by *n* is free of anything done once. What the empty loop costs is
//! subtracted.
//!
//! What is counted must not depend on who counts it: the program runs with nothing in its environment but what tells
//! [`Libc`], under a fixed name, in a folder of its own. Else the length of a variable would move the stack and the
//! heap, and with them how a long copy is aligned.

use std::any::Any;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io, process};

use crate::{IMPLEMENTATIONS, Implementation, Operation, Prepared, measure};

/// The argument that makes a program [`run`], followed by the filter.
pub const COUNTED: &str = "--counted";

/// Instructions of one operation of one implementation.
#[derive(Debug, Clone)]
pub struct Count {
    /// Name of the implementation.
    pub implementation: &'static str,
    /// What was done.
    pub operation: Operation,
    /// Instructions for each packet, or each match.
    pub instructions: f64,
}

/// What each implementation whose name begins so can do, in order.
fn rows(filter: &str) -> impl Iterator<Item = (&'static Implementation, Operation)> {
    IMPLEMENTATIONS.iter().filter(move |implementation| implementation.name.starts_with(filter)).flat_map(
        |implementation| implementation.operations().map(move |operation| (implementation, operation)),
    )
}

/// Repetitions of the empty loop.
const EMPTY: usize = 1000;

/// The program that is counted: runs everything, in the order that [`count`] expects.
pub fn run(filter: &str) {
    for times in [EMPTY, 2 * EMPTY] {
        drop(counted(measure::nothing(times)));
    }
    for (implementation, operation) in rows(filter) {
        let times = operation.repetitions();
        for times in [times, 2 * times] {
            drop((implementation.prepare)(operation, times).map(counted));
        }
    }
}

/// Everything inside is counted, nothing outside. Found by its name.
#[inline(never)]
fn counted(prepared: Prepared) -> Box<dyn Any> {
    // Not this function's last act, which would make it a jump.
    std::hint::black_box(prepared())
}

/// Which of its copies of `memcpy` and its like glibc takes; they differ in what a long copy costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// Those for this CPU, as a user's program does.
    OfThisCpu,
    /// Those that every x86-64 has, for counts to compare with another machine's.
    OfEveryCpu,
}

impl Libc {
    /// Never `rep movsb`, of which callgrind counts each byte as an instruction.
    const fn tunables(self) -> &'static str {
        match self {
            Self::OfThisCpu => "glibc.cpu.x86_rep_movsb_threshold=1073741824",
            // The first name is that of glibc before 2.33; names that it does not know are ignored.
            Self::OfEveryCpu => {
                "glibc.cpu.x86_rep_movsb_threshold=1073741824:\
                 glibc.cpu.hwcaps=-AVX2_Usable,-AVX2,-AVX_Fast_Unaligned_Load,-ERMS"
            }
        }
    }
}

/// Runs this program again under callgrind. Its `main` has to call [`run`] when its arguments are [`COUNTED`] and the
/// filter.
///
/// # Errors
/// Valgrind is not installed, or fails.
pub fn count(filter: &str, libc: Libc) -> io::Result<Vec<Count>> {
    let folder = Folder::new()?;
    symlink(env::current_exe()?, folder.0.join("counted"))?;
    let output = Command::new(valgrind()?)
        .current_dir(&folder.0)
        .env_clear()
        .env("GLIBC_TUNABLES", libc.tunables())
        // Two patterns for one function: callgrind heeds only one option for each pattern.
        .args(["--tool=callgrind", "--toggle-collect=*callgrind::counted"])
        .arg("--dump-before=mqtt_benches::callgrind::counted")
        .args(["--callgrind-out-file=out", "./counted", COUNTED, filter])
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    // The first dump is of what was before; the last one, at the end, has no number.
    let mut dumps = (2..).map(|n| folder.0.join(format!("out.{n}")));
    let mut next = || match dumps.next() {
        Some(dump) if dump.exists() => dump_total(&dump),
        _ => dump_total(&folder.0.join("out")),
    };
    let mut per_repetition = |times: usize| -> io::Result<f64> {
        let (once, twice) = (next()?, next()?);
        Ok((twice - once) / as_f64(times))
    };
    let empty = per_repetition(EMPTY)?;
    rows(filter)
        .map(|(implementation, operation)| {
            let total = per_repetition(operation.repetitions())? - empty;
            Ok(Count {
                implementation: implementation.name,
                operation,
                instructions: total / as_f64(operation.units()),
            })
        })
        .collect()
}

/// Looked up here, since the program that is counted gets no `PATH`.
fn valgrind() -> io::Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join("valgrind"))
        .find(|program| program.is_file())
        .ok_or_else(|| {
            let message = "valgrind is not installed, and nothing else counts instructions here: \
                apt-get install valgrind";
            io::Error::new(io::ErrorKind::NotFound, message)
        })
}

/// A new folder for temporary files, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let folder = env::temp_dir().join(format!("mqtt-benches-{}", process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The line `totals: 123` of a dump.
fn dump_total(path: &Path) -> io::Result<f64> {
    let text = fs::read_to_string(path)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.ok_or_else(|| io::Error::other(format!("no total in {}", path.display())))
}

/// Counts are far below 2^32.
fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}
