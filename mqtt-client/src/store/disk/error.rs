//! Why a store on disk can't be used.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::store::StoreError;

/// A store on disk can't be opened, read or written. Nothing that was stored is touched.
///
/// The client gives it inside [`Error::Store`](crate::Error::Store): see [`StoreError::get_ref`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// Another client, of this process or another, has it open.
    #[error("{} is in use by another client", directory.display())]
    Locked {
        /// The store's directory.
        directory: PathBuf,
    },
    /// It keeps the session of another Client Identifier [MQTT-3.1.3-2].
    #[error("{} keeps the session of client {stored:?}, not of {asked:?}", directory.display())]
    OtherClient {
        /// The store's directory.
        directory: PathBuf,
        /// Whose it is.
        stored: String,
        /// Who wanted it.
        asked: String,
    },
    /// A later version of this crate wrote it, and has to read it.
    #[error("{} has version {version} of the layout, and this program knows those up to {known}: a later one wrote it",
            path.display())]
    Newer {
        /// The log.
        path: PathBuf,
        /// The version that it has.
        version: u32,
        /// The last that is known.
        known: u32,
    },
    /// The log is not as this crate wrote it, and is left as it is: what was lost may have been accepted. All before
    /// [`Damage::Changed`] is good: who cuts the file there gives up what lies behind, and goes on with that, unless it is
    /// less than the log began with.
    #[error("{} is damaged: {damage}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        damage: Damage,
    },
    /// The operating system says no: no space left, a read-only directory, a broken disk.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
    /// A commit failed before, so it is not known what the disk holds. A new store on the same directory finds out.
    #[error("an earlier commit failed")]
    FailedBefore,
    /// Changes were to be committed before the store was loaded.
    #[error("the store was not loaded")]
    NotLoaded,
    /// A change does not fit to what is stored. A session makes no such changes.
    #[error("a change does not fit to what is stored")]
    Misfit,
}

/// What is wrong with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// It does not begin like one.
    NoLog,
    /// Its header is cut off or was changed.
    Header,
    /// What begins at this byte was changed after it was written.
    Changed {
        /// The place in the file.
        at: u64,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLog => f.write_str("it is no log of a store"),
            Self::Header => f.write_str("its header was changed"),
            Self::Changed { at } => write!(f, "it was changed at byte {at} or behind"),
        }
    }
}

impl From<DiskError> for StoreError {
    fn from(error: DiskError) -> Self {
        Self::new(error)
    }
}
