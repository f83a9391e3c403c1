//! The few things that the store asks of a file system. Tests have another, which fails, and loses what was not synced.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A directory with the store's files.
pub(super) trait Files: Send + 'static {
    /// A file that is written at its end.
    type File: Send;

    /// Opens a file, and reads all of it; `None` when there is none.
    fn open(&mut self, name: &'static str) -> io::Result<Option<(Self::File, Vec<u8>)>>;
    /// An empty file, instead of the one with this name if there is one.
    fn create(&mut self, name: &'static str) -> io::Result<Self::File>;
    /// Appends; after an error some of it may be there.
    fn append(&mut self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()>;
    /// Cuts it to a length.
    fn cut(&mut self, file: &mut Self::File, len: u64) -> io::Result<()>;
    /// Waits until the file's bytes are on the disk.
    fn sync(&mut self, file: &mut Self::File) -> io::Result<()>;
    /// Gives a file another name, whose own file is gone then.
    fn rename(&mut self, from: &'static str, to: &'static str) -> io::Result<()>;
    /// Waits until the names are on the disk.
    fn sync_names(&mut self) -> io::Result<()>;
    /// The directory, for errors.
    fn directory(&self) -> &Path;
}

/// A directory on disk.
#[derive(Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    /// Makes the directory if it is not there. Only its owner can see what is in it.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let missing: Vec<_> = path.ancestors().take_while(|part| !part.exists()).collect();
        builder.create(path)?;
        for parent in missing.into_iter().filter_map(Path::parent) {
            sync_directory(parent)?;
        }
        Ok(Self(path.to_owned()))
    }

    pub(super) fn path(&self, name: &'static str) -> PathBuf {
        self.0.join(name)
    }

    /// Opens or makes a file that other processes are kept out with.
    pub(super) fn lock_file(&self, name: &'static str) -> io::Result<File> {
        options().truncate(false).open(self.path(name))
    }
}

/// Only the owner can read messages.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

impl Files for Directory {
    type File = File;

    fn open(&mut self, name: &'static str) -> io::Result<Option<(File, Vec<u8>)>> {
        let mut file = match OpenOptions::new().read(true).append(true).open(self.path(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some((file, bytes)))
    }

    fn create(&mut self, name: &'static str) -> io::Result<File> {
        options().truncate(true).open(self.path(name))
    }

    fn append(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn cut(&mut self, file: &mut File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn sync(&mut self, file: &mut File) -> io::Result<()> {
        file.sync_data()
    }

    fn rename(&mut self, from: &'static str, to: &'static str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn sync_names(&mut self) -> io::Result<()> {
        sync_directory(&self.0)
    }

    fn directory(&self) -> &Path {
        &self.0
    }
}

/// Waits until the names in a directory are on the disk.
fn sync_directory(path: &Path) -> io::Result<()> {
    // Elsewhere a directory can't be opened, and names are on the disk sooner or later.
    #[cfg(unix)]
    File::open(if path.as_os_str().is_empty() { Path::new(".") } else { path })?.sync_all()?;
    Ok(())
}
