//! A lamp that programs of the user switch.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::lamp::{Lamp, LampError, Switching};
use crate::payload::Switch;

/// Two commands: one switches on, one off. They are run without a shell, and nothing of a payload reaches them.
#[derive(Clone, Debug)]
pub struct Hook {
    on: Words,
    off: Words,
    limit: Duration,
}

/// A program and its arguments.
#[derive(Clone, Debug)]
struct Words {
    program: String,
    arguments: Vec<String>,
}

/// A text is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACommand {
    /// A quotation mark is not closed.
    #[error("{0:?}: a quotation mark is not closed")]
    Quotation(String),
    /// There is nothing.
    #[error("an empty command")]
    Empty,
}

impl Hook {
    /// Commands with their arguments, in words and quotation marks as a shell reads them. Each may run so long.
    ///
    /// # Errors
    /// See [`NotACommand`].
    pub fn new(on: &str, off: &str, limit: Duration) -> Result<Self, NotACommand> {
        Ok(Self { on: Words::split(on)?, off: Words::split(off)?, limit })
    }
}

impl Words {
    fn split(text: &str) -> Result<Self, NotACommand> {
        let words = shell_words::split(text).map_err(|_| NotACommand::Quotation(text.to_owned()))?;
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or(NotACommand::Empty)?;
        Ok(Self { program, arguments: words.collect() })
    }

    async fn run(&self, limit: Duration) -> Result<(), LampError> {
        let program = || self.program.clone();
        let failed = |error| LampError::Run { program: program(), error };
        let mut command = Command::new(&self.program);
        // What it says is for the log, not for the console.
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        // A Ctrl-C is for the controller, which lets a switch that has begun end.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(failed)?;
        let group = Group::of(&child);
        match tokio::time::timeout(limit, child.wait()).await {
            Ok(ended) => {
                // What it left running is meant to run.
                group.leave();
                match ended {
                    Ok(status) if status.success() => Ok(()),
                    Ok(status) => Err(LampError::Failed { program: program(), status }),
                    Err(error) => Err(failed(error)),
                }
            }
            Err(_) => {
                drop(group);
                child.kill().await.map_err(failed)?;
                Err(LampError::TooSlow { program: program(), limit })
            }
        }
    }
}

/// A program and all that it has started, which is killed when this is dropped. So the leader must not have been waited for:
/// until then nobody else can have its number.
#[cfg(unix)]
struct Group(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    fn of(leader: &Child) -> Self {
        let id = leader.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    fn leave(mut self) {
        self.0 = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended this very moment.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Elsewhere the program alone is killed.
#[cfg(not(unix))]
struct Group;

#[cfg(not(unix))]
impl Group {
    fn of(_: &Child) -> Self {
        Self
    }

    fn leave(self) {}
}

impl Lamp for Hook {
    fn switch(&mut self, switch: Switch) -> Switching<'_> {
        Box::pin(match switch {
            Switch::On => self.on.run(self.limit),
            Switch::Off => self.off.run(self.limit),
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn commands_are_words_and_no_shell() {
        let directory = tempfile::tempdir().unwrap();
        let (on, off) = (directory.path().join("o n; $HOME"), directory.path().join("off"));
        let command = |path: &std::path::Path| format!("touch '{}'", path.display());
        let mut lamp = Hook::new(&command(&on), &command(&off), LIMIT).unwrap();
        lamp.switch(Switch::On).await.unwrap();
        assert_eq!((on.exists(), off.exists()), (true, false));
        lamp.switch(Switch::Off).await.unwrap();
        assert!(off.exists());
    }

    #[tokio::test]
    async fn failures_are_told_apart() {
        let mut lamp = Hook::new("false", "/no/such/program", LIMIT).unwrap();
        assert!(matches!(lamp.switch(Switch::On).await, Err(LampError::Failed { .. })));
        assert!(matches!(lamp.switch(Switch::Off).await, Err(LampError::Run { .. })));
    }

    #[tokio::test]
    async fn one_that_hangs_is_killed() {
        let mut lamp = Hook::new("sleep 1000", "true", Duration::from_millis(50)).unwrap();
        assert!(matches!(lamp.switch(Switch::On).await, Err(LampError::TooSlow { .. })));
    }

    /// Who writes into a pipe and then hangs, so that the pipe's end tells its own.
    #[tokio::test]
    async fn what_one_that_hangs_has_started_is_killed_too() {
        use std::io::{ErrorKind, Read};
        use std::os::unix::fs::OpenOptionsExt;

        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let mut reader =
            std::fs::OpenOptions::new().read(true).custom_flags(nonblocking).open(&pipe).unwrap();
        let child = format!("sh -c '(echo begun; exec sleep 1000) >\"{}\" & wait'", pipe.display());
        // On a busy machine it may be killed before it has begun.
        let mut limit = Duration::from_millis(100);
        let mut said = Vec::new();
        while said.is_empty() {
            let mut lamp = Hook::new(&child, "true", limit).unwrap();
            assert!(matches!(lamp.switch(Switch::On).await, Err(LampError::TooSlow { .. })));
            limit *= 2;
            let patience = std::time::Instant::now() + LIMIT;
            // The end comes when all writers are gone.
            while let Err(error) = reader.read_to_end(&mut said) {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                assert!(std::time::Instant::now() < patience, "a child still runs");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        assert_eq!(said, b"begun\n");
    }

    #[tokio::test]
    async fn what_one_that_succeeds_has_started_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let (pipe, there) = (directory.path().join("pipe"), directory.path().join("there"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let child =
            format!("sh -c '(read line; echo $line >\"{}\") <\"{}\" &'", there.display(), pipe.display());
        let mut lamp = Hook::new(&child, "true", LIMIT).unwrap();
        lamp.switch(Switch::On).await.unwrap();
        // Opening it waits for who reads, and reading what he writes for its end.
        std::fs::write(&pipe, "still here\n").unwrap();
        let patience = std::time::Instant::now() + LIMIT;
        while std::fs::read(&there).unwrap_or_default() != b"still here\n" {
            assert!(std::time::Instant::now() < patience, "it does not go on");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn what_is_no_command_is_told() {
        let error = |text| Hook::new(text, "true", LIMIT).unwrap_err();
        assert_eq!(error(""), NotACommand::Empty);
        assert_eq!(error("''"), NotACommand::Empty);
        assert_eq!(error("echo 'x"), NotACommand::Quotation("echo 'x".into()));
    }
}
