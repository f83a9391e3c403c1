//! What a client is asked to do, and what it took; both as words of a command line or its output.

use std::fmt;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::{CLIENTS, Client, Work};

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// What to do.
    pub work: Work,
    /// The server's port on this machine.
    pub port: u16,
    /// Messages, round trips or connections.
    pub count: usize,
    /// Messages in flight at most.
    pub window: u16,
}

impl Job {
    /// As arguments of a program.
    pub fn to_arguments(&self) -> [String; 4] {
        let work = Work::ALL.iter().position(|work| *work == self.work).unwrap_or_default();
        [work.to_string(), self.port.to_string(), self.count.to_string(), self.window.to_string()]
    }

    /// From arguments.
    pub fn from_arguments(arguments: &[String]) -> Option<Self> {
        let [work, port, count, window] = arguments else { return None };
        Some(Self {
            work: *Work::ALL.get(work.parse::<usize>().ok()?)?,
            port: port.parse().ok()?,
            count: count.parse().ok()?,
            window: window.parse().ok()?,
        })
    }
}

/// The client with this name.
pub fn client(name: &str) -> Option<&'static Client> {
    CLIENTS.iter().find(|client| client.name == name)
}

/// What was measured: nanoseconds of CPU for a message, the median round trip in nanoseconds, or bytes for a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured(pub f64);

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Measures the CPU time of this process, user and system, all threads.
#[derive(Debug)]
pub struct Cpu(Duration);

impl Cpu {
    /// From now on.
    pub fn start() -> Self {
        Self(cpu_time())
    }

    /// Until now, for each of so many.
    pub fn per(&self, count: usize) -> Measured {
        Measured(nanoseconds(cpu_time().saturating_sub(self.0)) / as_f64(count))
    }
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

/// Round trips.
#[derive(Debug, Default)]
pub struct RoundTrips {
    all: Vec<Duration>,
    since: Option<Instant>,
}

impl RoundTrips {
    /// One begins.
    pub fn begin(&mut self) {
        self.since = Some(Instant::now());
    }

    /// It ends.
    pub fn end(&mut self) {
        self.all.extend(self.since.take().map(|since| since.elapsed()));
    }

    /// The median.
    pub fn median(mut self) -> Measured {
        self.all.sort();
        Measured(self.all.get(self.all.len() / 2).copied().map_or(f64::NAN, nanoseconds))
    }
}

/// Measures the memory of this process.
#[derive(Debug)]
pub struct Memory(f64);

impl Memory {
    /// From now on.
    pub fn start() -> Self {
        Self(resident())
    }

    /// Until now, for each of so many.
    pub fn per(&self, count: usize) -> Measured {
        Measured((resident() - self.0) / as_f64(count))
    }
}

/// Bytes of this process that are in memory.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes * 1_024.0)
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

/// Counts are far below 2^32.
pub(super) fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::NAN, f64::from)
}
