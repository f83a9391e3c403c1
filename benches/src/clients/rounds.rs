//! Runs the clients in turn, each in a process of its own, and takes medians.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use super::meter::{Job, Measured, as_f64};
use super::{CLIENTS, Client, Work};

/// The argument that makes a program a server.
pub const SERVER: &str = "--server";
/// The argument that makes a program a client; its name and the job follow.
pub const CLIENT: &str = "--client";

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Rounds, of which the median is taken.
    pub rounds: usize,
    /// Messages in each.
    pub messages: usize,
    /// Round trips in each.
    pub round_trips: usize,
    /// Idle connections in one process.
    pub connections: usize,
}

impl Size {
    fn count(&self, work: Work) -> usize {
        match work {
            Work::Publish(_) | Work::Receive(_) => self.messages,
            Work::PingPong => self.round_trips,
            Work::Idle => self.connections,
        }
    }
}

/// What is measured: a work with a window.
pub type Row = (Work, u16);

/// The medians, and what failed.
#[derive(Debug, Default)]
pub struct Results {
    medians: HashMap<(Row, &'static str), f64>,
    /// In words.
    pub failures: Vec<String>,
}

impl Results {
    /// What this client took; `None` when it can't, or failed.
    pub fn get(&self, row: Row, client: &Client) -> Option<f64> {
        self.medians.get(&(row, client.name)).copied()
    }

    /// Notes what a client took.
    pub fn insert(&mut self, row: Row, client: &'static Client, value: f64) {
        self.medians.insert((row, client.name), value);
    }
}

/// The server's process, which ends with this.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts it.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start() -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?).arg(SERVER).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let port = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { child, port })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Each client does each row in each round, one after the other. A run that fails does not count, but is told of.
///
/// # Errors
/// The server can't be started.
pub fn run(rows: &[Row], filter: &str, size: Size) -> io::Result<Results> {
    let server = Server::start()?;
    let clients = || CLIENTS.iter().filter(|client| client.name.starts_with(filter));
    let mut results = Results::default();
    let mut all: HashMap<(Row, &'static str), Vec<f64>> = HashMap::new();
    for _ in 0..size.rounds {
        for &row in rows {
            for client in clients() {
                let (work, window) = row;
                let job = Job { work, port: server.port, count: size.count(work), window };
                match run_one(client, &job) {
                    Ok(Measured(value)) if value.is_nan() => {}
                    Ok(Measured(value)) => all.entry((row, client.name)).or_default().push(value),
                    Err(error) => {
                        results.failures.push(format!("{}, {}: {error}", client.name, work.label()));
                    }
                }
            }
        }
    }
    results.medians = all.into_iter().map(|(key, values)| (key, median(values))).collect();
    Ok(results)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn run_one(client: &Client, job: &Job) -> io::Result<Measured> {
    let mut command = Command::new(env::current_exe()?);
    output(command.args([CLIENT, client.name]).args(job.to_arguments()))
}

fn output(command: &mut Command) -> io::Result<Measured> {
    let output = command.env("RUST_BACKTRACE", "0").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map(Measured).map_err(|_| {
        let error = String::from_utf8_lossy(&output.stderr);
        // The second line of a panic says why.
        let why = error.lines().find(|line| !line.is_empty() && !line.starts_with("thread"));
        io::Error::other(why.unwrap_or("it ended without a result").to_owned())
    })
}

/// System calls that write, for each message of this row: counted by `strace`, which slows them down, so that more gathers
/// for each. `None` without it.
///
/// # Errors
/// A client failed.
pub fn writes(client: &Client, row: Row, messages: usize) -> io::Result<Option<f64>> {
    let server = Server::start()?;
    let (work, window) = row;
    let job = Job { work, port: server.port, count: messages, window };
    let file = env::temp_dir().join(format!("mqtt-benches-writes-{}", std::process::id()));
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "--seccomp-bpf", "-e", "trace=write,writev,sendto,sendmsg", "-o"]).arg(&file);
    command.arg(env::current_exe()?).args([CLIENT, client.name]).args(job.to_arguments());
    match output(&mut command) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let counts = fs::read_to_string(&file)?;
    fs::remove_file(&file)?;
    let total = counts.lines().find(|line| line.ends_with(" total"));
    let calls = total.and_then(|line| line.split_whitespace().nth(3)?.parse::<f64>().ok());
    Ok(calls.map(|calls| calls / as_f64(messages)))
}
