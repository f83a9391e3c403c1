//! Where a light is kept while its controller is away.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::light::Light;

/// A file, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Memory(Option<PathBuf>);

impl Memory {
    /// Nothing is kept.
    pub fn none() -> Self {
        Self(None)
    }

    /// This file is written after each change. Its directory is made if need be.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Some(path.into()))
    }

    /// A file in the user's directory of states (XDG), named after the light and its broker; nothing where there is no
    /// such directory.
    pub fn of(light: &str, broker: &str) -> Self {
        let clean: String =
            broker.chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '_' }).collect();
        Self(directory().map(|directory| directory.join(format!("{light}@{clean}.json"))))
    }

    /// The light as it was; a new one if there is nothing that can be read, which is logged.
    pub fn load(&self) -> Light {
        let Some(path) = &self.0 else { return Light::default() };
        let read = fs::read(path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
        read.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                warn!("{}: {error}; beginning anew", path.display());
            }
            Light::default()
        })
    }

    /// Keeps the light. A failure is logged: a light that can't be kept is still to be switched.
    pub fn save(&self, light: &Light) {
        if let Some(path) = &self.0
            && let Err(error) = write(path, light)
        {
            warn!("{}: {error}; after a restart the light will not be as it is now", path.display());
        }
    }
}

/// The old file or the new one is there, whatever happens.
fn write(path: &Path, light: &Light) -> io::Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::create_dir_all(directory)?;
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut file = File::create(&new)?;
    file.write_all(&serde_json::to_vec(light)?)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// `$XDG_STATE_HOME/light-controller`, or below `~/.local/state`.
pub(crate) fn directory() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let states = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(states.join("light-controller"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::{State, Switch};

    #[test]
    fn a_light_is_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::file(directory.path().join("deep/er/kitchen.json"));
        let mut light = memory.load();
        assert_eq!(light, Light::default());
        light.set(Switch::On, true);
        memory.save(&light);
        memory.save(&light);
        assert_eq!(memory.load().state(), State::On);
    }

    #[test]
    fn what_can_t_be_read_or_written_stops_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.json");
        for text in ["", "{", "{\"state\": \"BRIGHT\"}", "\u{0}"] {
            fs::write(&path, text).unwrap();
            assert_eq!(Memory::file(&path).load(), Light::default(), "{text:?}");
        }
        Memory::file(directory.path()).save(&Light::default());
        assert_eq!(Memory::none().load(), Light::default());
    }
}
