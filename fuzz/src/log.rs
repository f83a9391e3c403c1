//! The log of the client's store, on real files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::store_log::any_log;

/// No log makes the store panic, and all that stands before a fault is kept.
///
/// # Panics
/// When that does not hold.
pub fn log(bytes: &[u8]) {
    thread_local!(static FOLDER: Folder = Folder::new());
    FOLDER.with(|folder| any_log(&folder.0, bytes));
}

/// A folder for each thread, since one store has it at a time.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // In memory where that is possible: an input takes some dozen files.
        let memory = Some(Path::new("/dev/shm")).filter(|path| path.is_dir()).map(Path::to_owned);
        let parent = memory.unwrap_or_else(std::env::temp_dir);
        let path = parent.join(format!("mqtt-fuzz-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is no reason to fail.
        let _ = fs::remove_dir_all(&self.0);
    }
}
