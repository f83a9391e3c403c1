//! A store in a directory: a log of changes, in one file.
//!
//! Each commit appends one checked batch. When the log has become much longer than what it amounts to, it is begun anew: a
//! new file with just that takes its place.

mod change;
mod error;
mod files;
mod live;
mod log;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use self::change::Record;
pub use self::error::{Damage, DiskError};
use self::files::{Directory, Files};
use self::live::{Live, Misfit};
use self::log::{Header, Next};
use crate::store::{Change, Saved, Store, StoreError};

const LOCK: &str = "session.lock";
const LOG: &str = "session.log";
const NEW_LOG: &str = "session.new";
/// A log that is not longer than this stays as it is.
const SHORT_LOG: u64 = 8 << 20;
/// How many times as long as what it amounts to a longer log becomes, before it is begun anew.
const GROWTH: u64 = 3;
/// Snapshots are written in parts of about this length; a longer buffer is given back.
const BUFFER: usize = 1 << 20;

/// A [`Store`] in a directory.
///
/// See [the module](crate::store) for what it promises.
///
/// ```no_run
/// use mqtt_client::store::Disk;
/// use mqtt_client::{Options, SessionOptions};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let session = SessionOptions::new("PythonPub").clean_session(false);
/// let store = Disk::open("/var/lib/sensor/session")?;
/// let options = Options::new("mqtt://localhost".parse()?, session).store(store);
/// let (client, messages) = mqtt_client::start(options).await?;
/// # Ok(())
/// # }
/// ```
///
/// It uses three files: `session.log`, `session.lock`, and, while the log is begun anew, `session.new`. The log has at
/// most 8 MiB, or three times what is kept if that is more; beginning it anew needs room for what is kept beside it. In
/// memory it shares the messages with the session.
pub struct Disk {
    store: LogStore<Directory>,
    /// Held while this lives.
    _lock: Lock,
}

struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that is being started right now has the file, too, for a moment. In vain if the file system has no
        // locks, and then it was not locked.
        let _ = self.0.unlock();
    }
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Until the disk has it. What was promised outlives a power cut.
    #[default]
    Disk,
    /// Until the operating system has it, which is much faster. What was promised outlives the process, however it ends;
    /// but a power cut or a crash of the system may take the last seconds before it: then messages are lost, or sent again
    /// though they were complete, or the log is found damaged.
    System,
}

impl Disk {
    /// The store in this directory, which is made if there is none. It belongs to the Client Identifier that it is first
    /// used with. This blocks for a moment.
    ///
    /// # Errors
    /// It is in use, or the directory can't be made or written.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, DiskError> {
        let path = directory.as_ref();
        let io = |action, path: &Path| {
            let path = path.to_owned();
            move |source| DiskError::Io { action, path, source }
        };
        let directory = Directory::create(path).map_err(io("creating", path))?;
        let lock = directory.lock_file(LOCK).map_err(io("opening", &directory.path(LOCK)))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { store: LogStore::new(directory), _lock: Lock(lock) }),
            Err(TryLockError::WouldBlock) => Err(DiskError::Locked { directory: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(io("locking", &directory.path(LOCK))(source)),
        }
    }

    /// The same with this choice between speed and outliving a power cut. Default [`Durability::Disk`].
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.store.durability = durability;
        self
    }
}

impl Store for Disk {
    fn load(&mut self, client_id: &str) -> Result<Saved, StoreError> {
        Ok(self.store.load(client_id)?)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        Ok(self.store.commit(changes)?)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("directory", &self.store.files.directory())
            .field("durability", &self.store.durability)
            .finish_non_exhaustive()
    }
}

/// The log over files of any kind.
struct LogStore<F: Files> {
    files: F,
    durability: Durability,
    /// Of logs that are not longer than this nothing is made anew.
    short_log: u64,
    client_id: String,
    live: Live,
    state: State<F::File>,
    buffer: Vec<u8>,
}

enum State<F> {
    NotLoaded,
    Open(Log<F>),
    Failed,
}

/// The log that is appended to.
struct Log<F> {
    file: F,
    len: u64,
    /// So many bytes of it are on the disk for sure.
    synced: u64,
    /// The number of the next batch.
    number: u64,
}

impl<F: Files> LogStore<F> {
    fn new(files: F) -> Self {
        Self {
            files,
            durability: Durability::Disk,
            short_log: SHORT_LOG,
            client_id: String::new(),
            live: Live::default(),
            state: State::NotLoaded,
            buffer: Vec::new(),
        }
    }

    fn io(&self, action: &'static str, name: &'static str) -> impl FnOnce(io::Error) -> DiskError + use<F> {
        let path = self.files.directory().join(name);
        move |source| DiskError::Io { action, path, source }
    }

    fn load(&mut self, client_id: &str) -> Result<Saved, DiskError> {
        self.state = State::Failed;
        self.live = Live::default();
        client_id.clone_into(&mut self.client_id);
        self.state = match self.files.open(LOG).map_err(self.io("reading", LOG))? {
            None => State::Open(self.begin_anew()?),
            Some((file, bytes)) => State::Open(self.read(file, bytes)?),
        };
        Ok(self.live.saved())
    }

    /// Reads the log, and cuts off a batch that was not completely written. One of an earlier version is begun anew.
    fn read(&mut self, mut file: F::File, mut bytes: Vec<u8>) -> Result<Log<F::File>, DiskError> {
        let damaged = |damage| DiskError::Damaged { path: self.files.directory().join(LOG), damage };
        let Header { version, client_id, end: mut at } = log::read_header(&bytes).map_err(damaged)?;
        if version > log::VERSION {
            let path = self.files.directory().join(LOG);
            return Err(DiskError::Newer { path, version, known: log::VERSION });
        }
        if client_id != self.client_id {
            let (stored, asked) = (client_id.to_owned(), self.client_id.clone());
            let directory = self.files.directory().to_owned();
            return Err(DiskError::OtherClient { directory, stored, asked });
        }
        log::mask(bytes.get_mut(at..).unwrap_or_default());
        let (mut number, mut torn, mut complete) = (0, false, false);
        loop {
            let changes = match log::next(&bytes, at, number) {
                Next::End => break,
                Next::Batch(changes) => changes,
                Next::Torn if complete => {
                    torn = true;
                    break;
                }
                // The snapshot that a log begins with was synced before the log got its name.
                Next::Torn | Next::Damaged => return Err(damaged(Damage::Changed { at: at as u64 })),
            };
            let mut rest = bytes.get(changes.clone()).unwrap_or_default();
            while !rest.is_empty() {
                let record = change::decode(&mut rest).ok_or(Misfit);
                complete |= matches!(record, Ok(Record::Accepted(_)));
                let applied = record.and_then(|record| self.live.apply(record));
                applied.map_err(|Misfit| damaged(Damage::Changed { at: at as u64 }))?;
            }
            at = log::end_of_batch(&changes);
            number += 1;
        }
        if !complete {
            return Err(damaged(Damage::Changed { at: at as u64 }));
        }
        if version < log::VERSION {
            // What follows may be what that version does not know.
            drop(file);
            return self.begin_anew();
        }
        if torn {
            self.files.cut(&mut file, at as u64).map_err(self.io("cutting", LOG))?;
        }
        if self.durability == Durability::Disk {
            // What was read rests on it from now on, and may have been written without being synced.
            self.files.sync(&mut file).map_err(self.io("syncing", LOG))?;
            self.files.sync_names().map_err(self.io("syncing the directory of", LOG))?;
        }
        let len = at as u64;
        Ok(Log { file, len, synced: if self.durability == Durability::Disk { len } else { 0 }, number })
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), DiskError> {
        // Whatever goes wrong, it is not known then what the disk holds.
        match std::mem::replace(&mut self.state, State::Failed) {
            State::NotLoaded => Err(DiskError::NotLoaded),
            State::Failed => Err(DiskError::FailedBefore),
            State::Open(log) => {
                self.state = State::Open(self.store(changes, log)?);
                Ok(())
            }
        }
    }

    fn store(&mut self, changes: &[Change], mut log: Log<F::File>) -> Result<Log<F::File>, DiskError> {
        log::begin_batch(&mut self.buffer);
        for change in changes {
            self.live.change(change).map_err(|Misfit| DiskError::Misfit)?;
            change::encode(change, &mut self.buffer).map_err(|_| DiskError::Misfit)?;
        }
        log::end_batch(log.number, log.synced, &mut self.buffer);
        let len = log.len + self.buffer.len() as u64;
        if len > self.short_log.max(GROWTH * self.live.len()) {
            // The new log has these changes too.
            drop(log);
            return self.begin_anew();
        }
        if let Err(error) = self.files.append(&mut log.file, &self.buffer) {
            // In vain if the disk is broken: then the next load takes it for torn.
            let _ = self.files.cut(&mut log.file, log.len);
            return Err(self.io("writing", LOG)(error));
        }
        log.len = len;
        log.number += 1;
        // What is sent again though it was finished is answered again, so that alone is worth no waiting.
        let only_finished = changes.iter().all(|change| matches!(change, Change::Finished { .. }));
        if self.durability == Durability::Disk && !only_finished {
            self.files.sync(&mut log.file).map_err(self.io("syncing", LOG))?;
            log.synced = len;
        }
        if self.buffer.capacity() > 2 * BUFFER {
            self.buffer = Vec::new();
        }
        Ok(log)
    }

    /// A new log with all that is kept takes the place of the old.
    ///
    /// It is synced whatever was chosen: a name must not come to the disk before what it names.
    fn begin_anew(&mut self) -> Result<Log<F::File>, DiskError> {
        let mut file = self.files.create(NEW_LOG).map_err(self.io("creating", NEW_LOG))?;
        let writing = self.io("writing", NEW_LOG);
        let (len, number) = self.write_snapshot(&mut file).map_err(|error| {
            // Perhaps there was no room for it.
            let _ = self.files.cut(&mut file, 0);
            writing(error)
        })?;
        self.files.sync(&mut file).map_err(self.io("syncing", NEW_LOG))?;
        self.files.rename(NEW_LOG, LOG).map_err(self.io("renaming", NEW_LOG))?;
        if self.durability == Durability::Disk {
            self.files.sync_names().map_err(self.io("syncing the directory of", LOG))?;
        }
        Ok(Log { file, len, synced: len, number })
    }

    /// The length of what is written, and the number of the batch that follows.
    fn write_snapshot(&mut self, file: &mut F::File) -> io::Result<(u64, u64)> {
        let header = log::header(&self.client_id);
        self.files.append(file, &header)?;
        let (mut len, mut number) = (header.len() as u64, 0);
        let mut write = |batch: &mut Vec<u8>| {
            log::end_batch(number, 0, batch);
            self.files.append(file, batch)?;
            len += batch.len() as u64;
            number += 1;
            log::begin_batch(batch);
            io::Result::Ok(())
        };
        let mut batch = Vec::new();
        log::begin_batch(&mut batch);
        self.live.snapshot(&mut batch, |batch| if batch.len() < BUFFER { Ok(()) } else { write(batch) })?;
        write(&mut batch)?;
        Ok((len, number))
    }
}
