//! What is switched.

mod hook;
mod led;

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;

pub use crate::lamp::hook::{Hook, NotACommand};
pub use crate::lamp::led::Led;

use crate::payload::Switch;

/// A lamp on its way.
pub type Switching<'a> = Pin<Box<dyn Future<Output = Result<(), LampError>> + Send + 'a>>;

/// Something that can be switched on and off.
///
/// ```
/// use light_apps::lamp::{Lamp, Switching};
/// use light_apps::payload::Switch;
///
/// struct Fan(bool);
///
/// impl Lamp for Fan {
///     fn switch(&mut self, switch: Switch) -> Switching<'_> {
///         Box::pin(async move {
///             self.0 = switch == Switch::On;
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait Lamp: Send + Sync {
    /// Switches it. It is so when the future is done without an error; with one, nobody knows.
    fn switch(&mut self, switch: Switch) -> Switching<'_>;
}

/// A lamp that is nowhere, and never fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated;

impl Lamp for Simulated {
    fn switch(&mut self, _: Switch) -> Switching<'_> {
        Box::pin(async { Ok(()) })
    }
}

/// A lamp may not be what it should be.
#[derive(Debug, thiserror::Error)]
pub enum LampError {
    /// A file of an LED can't be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// An LED has another brightness than it was given.
    #[error("{}: {written} was written, {read:?} is there", path.display())]
    NotTaken {
        /// Its file.
        path: PathBuf,
        /// What it was given.
        written: u32,
        /// What is there.
        read: String,
    },
    /// A command can't be run.
    #[error("{program}: {error}")]
    Run {
        /// Which.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// A command failed.
    #[error("{program}: {status}")]
    Failed {
        /// Which.
        program: String,
        /// How.
        status: ExitStatus,
    },
    /// A command did not end in time, and was killed.
    #[error("{program}: not done within {limit:?}, and killed")]
    TooSlow {
        /// Which.
        program: String,
        /// The time it had.
        limit: Duration,
    },
}
