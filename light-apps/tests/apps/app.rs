//! A program of ours, or any other, as its user sees it: what it says, what it is told, how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// So long may anything take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that runs. It is killed when this is dropped.
pub(crate) struct App {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    out: Stream,
    err: Stream,
    readers: Vec<JoinHandle<()>>,
}

/// What a program has said, line by line.
#[derive(Clone, Default)]
struct Stream(Arc<(Mutex<Said>, Condvar)>);

#[derive(Default)]
struct Said {
    text: String,
    /// What was waited for already ends here.
    heard: usize,
    over: bool,
}

/// How a program ended, and all that it said.
pub(crate) struct End {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

/// One of ours.
pub(crate) fn start(name: &str, arguments: &[&str]) -> App {
    start_in(&super::scratch(), name, arguments)
}

/// The same, with this directory for what it keeps.
pub(crate) fn start_in(home: &std::path::Path, name: &str, arguments: &[&str]) -> App {
    start_with(home, &[], name, arguments)
}

/// The same, with variables of the environment.
pub(crate) fn start_with(
    home: &std::path::Path,
    variables: &[(&str, &str)],
    name: &str,
    arguments: &[&str],
) -> App {
    let program = match name {
        "light" => env!("CARGO_BIN_EXE_light"),
        "light-controller" => env!("CARGO_BIN_EXE_light-controller"),
        "light-dashboard" => env!("CARGO_BIN_EXE_light-dashboard"),
        other => panic!("{other} is not ours"),
    };
    let mut command = Command::new(program);
    command.args(arguments).env("XDG_STATE_HOME", home).env_remove("RUST_LOG").env_remove("LIGHT_PASSWORD");
    command.envs(variables.iter().copied());
    App::run(name, command)
}

impl App {
    pub(crate) fn run(name: &str, mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let (out, err) = (Stream::default(), Stream::default());
        let readers = vec![out.read(child.stdout.take().unwrap()), err.read(child.stderr.take().unwrap())];
        let stdin = child.stdin.take();
        Self { name: name.to_owned(), child, stdin, out, err, readers }
    }

    /// Waits until it says this on standard output, behind what was waited for before.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        self.out.wait_for(&[text], &self.name, &self.err);
    }

    /// The same for one of these; tells which.
    #[track_caller]
    pub(crate) fn says_one_of(&self, texts: &[&str]) -> usize {
        self.out.wait_for(texts, &self.name, &self.err)
    }

    /// The same on standard error.
    #[track_caller]
    pub(crate) fn complains(&self, text: &str) {
        self.err.wait_for(&[text], &self.name, &self.out);
    }

    /// All that it has said on standard output until now.
    pub(crate) fn said(&self) -> String {
        self.out.0.0.lock().unwrap().text.clone()
    }

    /// Types a line.
    pub(crate) fn enter(&mut self, line: &str) {
        // It may have ended; then what it said tells more.
        let _ = writeln!(self.stdin.as_mut().unwrap(), "{line}");
    }

    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        crate::broker::signal(signal, self.child.id());
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> End {
        let patience = Instant::now() + PATIENCE;
        for stream in [&self.out, &self.err] {
            let (said, changed) = &*stream.0;
            let mut said = said.lock().unwrap();
            while !said.over {
                let left = patience.saturating_duration_since(Instant::now());
                assert!(!left.is_zero(), "{} does not end; it said:\n{}", self.name, said.text);
                said = changed.wait_timeout(said, left).unwrap().0;
            }
        }
        let status = self.child.wait().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let text = |stream: &Stream| stream.0.0.lock().unwrap().text.clone();
        End { status, out: text(&self.out), err: text(&self.err) }
    }

    /// Asks it to end, and waits.
    #[track_caller]
    pub(crate) fn stop(self) -> End {
        self.signal("TERM");
        self.end()
    }

    /// Kills it, as a loss of power does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // In vain when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stream {
    fn read(&self, from: impl Read + Send + 'static) -> JoinHandle<()> {
        let stream = self.clone();
        std::thread::spawn(move || {
            let mut from = BufReader::new(from);
            loop {
                // Not by lines: a question has no end of line.
                let bytes = from.fill_buf().unwrap_or_default();
                let (count, text) = (bytes.len(), String::from_utf8_lossy(bytes).into_owned());
                from.consume(count);
                let (said, changed) = &*stream.0;
                let mut said = said.lock().unwrap();
                said.text += &text;
                said.over = count == 0;
                changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        })
    }

    #[track_caller]
    fn wait_for(&self, texts: &[&str], name: &str, other: &Stream) -> usize {
        let patience = Instant::now() + PATIENCE;
        let (said, changed) = &*self.0;
        let mut said = said.lock().unwrap();
        loop {
            let heard = &said.text[said.heard..];
            let found = texts.iter().map(|text| heard.find(text).map(|place| place + text.len()));
            let found = found.enumerate().filter_map(|(which, end)| Some((end?, which))).min();
            if let Some((end, which)) = found {
                said.heard += end;
                return which;
            }
            let left = patience.saturating_duration_since(Instant::now());
            if left.is_zero() || said.over {
                let heard = heard.to_owned();
                // The reader goes on.
                drop(said);
                let other = other.0.0.lock().unwrap().text.clone();
                panic!("{name} does not say {texts:?} but\n{heard}\nand\n{other}");
            }
            said = changed.wait_timeout(said, left).unwrap().0;
        }
    }
}
