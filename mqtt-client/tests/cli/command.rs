//! The command, run.

use std::io::Write;
use std::process::{ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Longer than anything takes on a busy machine. It only bounds what went wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// The command, not started.
pub(crate) fn mqtt(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt"));
    command.args(arguments).env_remove("MQTT_PASSWORD").env("COLUMNS", "100");
    command
}

/// The command at work. It is killed when this is dropped.
pub(crate) struct Running {
    id: u32,
    stdin: Option<ChildStdin>,
    output: Receiver<Output>,
    ended: bool,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (id, stdin) = (child.id(), child.stdin.take());
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let _ = sender.send(child.wait_with_output().unwrap());
        });
        Self { id, stdin, output, ended: false }
    }

    /// Writes to its standard input.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        // It may have ended.
        let _ = self.stdin.as_mut().expect("standard input is open").write_all(bytes);
    }

    /// Ends its standard input.
    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn signal(&self, signal: &str) {
        crate::broker::signal(signal, self.id);
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Output {
        self.end_input();
        match self.output.recv_timeout(PATIENCE) {
            Ok(output) => {
                self.ended = true;
                output
            }
            Err(RecvTimeoutError::Timeout) => panic!("it does not end"),
            Err(RecvTimeoutError::Disconnected) => panic!("it could not be waited for"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended && self.output.try_recv().is_err() {
            self.signal("KILL");
        }
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
