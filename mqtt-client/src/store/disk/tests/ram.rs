//! Files in memory that fail, are killed in the middle of a call, and lose what was not synced when the power fails.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::store::disk::files::Files;

/// Shared, so that the test sees what a killed store left.
#[derive(Clone, Default)]
pub(super) struct Ram(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    files: Vec<Contents>,
    names: BTreeMap<&'static str, usize>,
    names_on_disk: BTreeMap<&'static str, usize>,
    /// So many more calls go well; then all fail.
    pub calls_left: Option<usize>,
    /// The first call that fails appends so much.
    pub partial: usize,
    /// After the first failure calls go well again: no space was left for a moment.
    pub recovers: bool,
    failed: bool,
    pub calls: usize,
}

#[derive(Clone, Default)]
struct Contents {
    bytes: Vec<u8>,
    on_disk: Vec<u8>,
}

impl Ram {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A call; an error if it is one that fails.
    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.calls += 1;
        match state.calls_left {
            Some(0) if !(state.failed && state.recovers) => {
                state.failed = true;
                Err(io::ErrorKind::StorageFull.into())
            }
            Some(0) | None => Ok(state),
            Some(left) => {
                state.calls_left = Some(left - 1);
                Ok(state)
            }
        }
    }

    pub(super) fn contents(&self, name: &'static str) -> Option<Vec<u8>> {
        let state = self.state();
        Some(state.files[*state.names.get(name)?].bytes.clone())
    }

    /// A copy with other bytes in this file.
    pub(super) fn with(&self, name: &'static str, bytes: Vec<u8>) -> Self {
        let copy = self.killed();
        let index = *copy.state().names.get(name).unwrap();
        copy.state().files[index] = Contents { on_disk: bytes.clone(), bytes };
        copy
    }

    /// What is left when the process is killed.
    pub(super) fn killed(&self) -> Self {
        let state = self.state();
        let (files, names) = (state.files.clone(), state.names.clone());
        let names_on_disk = state.names_on_disk.clone();
        Self(Arc::new(Mutex::new(State { files, names, names_on_disk, ..State::default() })))
    }

    /// What is left when the power fails: of what was not synced, any part, by sectors.
    pub(super) fn power_cut(&self, roll: &mut dyn FnMut(usize) -> usize) -> Self {
        let left = self.killed();
        let mut state = left.state();
        for file in &mut state.files {
            let synced = file.on_disk.len().min(file.bytes.len());
            let mut bytes = file.bytes.clone();
            // Fewer bytes than before: as if nothing had happened, or all of it.
            if file.bytes.len() < file.on_disk.len() && roll(2) == 0 {
                bytes.clone_from(&file.on_disk);
            }
            if file.bytes.len() > synced {
                bytes.truncate(synced + roll(file.bytes.len() - synced + 1));
            }
            for at in synced..bytes.len() {
                let begins = at == synced || at % 512 == 0;
                if begins && roll(4) == 0 {
                    let end = (at - at % 512 + 512).min(bytes.len());
                    bytes[at..end].fill(0);
                }
            }
            *file = Contents { on_disk: bytes.clone(), bytes };
        }
        if roll(2) == 0 {
            state.names = state.names_on_disk.clone();
        }
        state.names_on_disk = state.names.clone();
        drop(state);
        left
    }
}

impl Files for Ram {
    type File = usize;

    fn open(&mut self, name: &'static str) -> io::Result<Option<(usize, Vec<u8>)>> {
        let state = self.call()?;
        Ok(state.names.get(name).map(|&index| (index, state.files[index].bytes.clone())))
    }

    fn create(&mut self, name: &'static str) -> io::Result<usize> {
        let mut state = self.call()?;
        state.files.push(Contents::default());
        let index = state.files.len() - 1;
        state.names.insert(name, index);
        Ok(index)
    }

    fn append(&mut self, file: &mut usize, bytes: &[u8]) -> io::Result<()> {
        let first = !self.state().failed;
        match self.call() {
            Ok(mut state) => state.files[*file].bytes.extend_from_slice(bytes),
            Err(error) => {
                let mut state = self.state();
                let partial = if first { state.partial.min(bytes.len()) } else { 0 };
                state.files[*file].bytes.extend_from_slice(&bytes[..partial]);
                return Err(error);
            }
        }
        Ok(())
    }

    fn cut(&mut self, file: &mut usize, len: u64) -> io::Result<()> {
        let mut state = self.call()?;
        state.files[*file].bytes.truncate(usize::try_from(len).unwrap());
        Ok(())
    }

    fn sync(&mut self, file: &mut usize) -> io::Result<()> {
        let mut state = self.call()?;
        let contents = &mut state.files[*file];
        contents.on_disk.clone_from(&contents.bytes);
        Ok(())
    }

    fn rename(&mut self, from: &'static str, to: &'static str) -> io::Result<()> {
        let mut state = self.call()?;
        let index = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to, index);
        Ok(())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        let mut state = self.call()?;
        state.names_on_disk = state.names.clone();
        Ok(())
    }

    fn directory(&self) -> &Path {
        Path::new("ram")
    }
}
