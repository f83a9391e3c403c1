//! A light-emitting diode of Linux: `/sys/class/leds/NAME/brightness`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::lamp::{Lamp, LampError, Switching};
use crate::payload::Switch;

/// A light-emitting diode that the kernel knows.
#[derive(Clone, Debug)]
pub struct Led {
    brightness: PathBuf,
    max_brightness: PathBuf,
}

impl Led {
    /// Where the kernel has them.
    pub const DIRECTORY: &str = "/sys/class/leds";

    /// The one with this name, in this directory.
    pub fn new(directory: &Path, name: &str) -> Self {
        let led = directory.join(name);
        Self { brightness: led.join("brightness"), max_brightness: led.join("max_brightness") }
    }

    /// Writes the brightness, and looks whether it was taken.
    fn set(&self, brightness: u32) -> Result<(), LampError> {
        let path = &self.brightness;
        let failed = |error| LampError::File { path: path.clone(), error };
        // Never made by us: a name that is wrong is an error.
        let mut file = OpenOptions::new().write(true).truncate(true).open(path).map_err(failed)?;
        file.write_all(format!("{brightness}\n").as_bytes()).map_err(failed)?;
        drop(file);
        let read = std::fs::read_to_string(path).map_err(failed)?;
        if read.trim().parse() != Ok(brightness) {
            return Err(LampError::NotTaken {
                path: path.clone(),
                written: brightness,
                read: read.trim().to_owned(),
            });
        }
        Ok(())
    }

    /// As bright as it can be. Directories without that file take 1.
    fn brightest(&self) -> u32 {
        let max = std::fs::read_to_string(&self.max_brightness).ok();
        max.and_then(|max| max.trim().parse().ok()).filter(|max| *max > 0).unwrap_or(1)
    }
}

impl Lamp for Led {
    fn switch(&mut self, switch: Switch) -> Switching<'_> {
        // The kernel answers at once: no need to leave the task.
        let result = self.set(match switch {
            Switch::On => self.brightest(),
            Switch::Off => 0,
        });
        Box::pin(async { result })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_led(files: &[(&str, &str)]) -> (tempfile::TempDir, Led) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("lamp")).unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join("lamp").join(name), text).unwrap();
        }
        let led = Led::new(directory.path(), "lamp");
        (directory, led)
    }

    #[tokio::test]
    async fn it_is_as_bright_as_it_can_be() {
        let (_directory, mut led) = with_led(&[("brightness", "0\n"), ("max_brightness", "255\n")]);
        led.switch(Switch::On).await.unwrap();
        assert_eq!(std::fs::read_to_string(&led.brightness).unwrap(), "255\n");
        led.switch(Switch::Off).await.unwrap();
        assert_eq!(std::fs::read_to_string(&led.brightness).unwrap(), "0\n");
    }

    #[tokio::test]
    async fn without_a_maximum_it_is_1() {
        let (_directory, mut led) = with_led(&[("brightness", "0\n")]);
        led.switch(Switch::On).await.unwrap();
        assert_eq!(std::fs::read_to_string(&led.brightness).unwrap(), "1\n");
    }

    #[tokio::test]
    async fn one_that_is_not_there_is_an_error_and_is_not_made() {
        let (_directory, mut led) = with_led(&[]);
        let error = led.switch(Switch::On).await.unwrap_err();
        assert!(matches!(error, LampError::File { .. }), "{error}");
        assert!(!led.brightness.exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn one_that_takes_nothing_is_an_error() {
        let (_directory, mut led) = with_led(&[]);
        std::os::unix::fs::symlink("/dev/null", &led.brightness).unwrap();
        let error = led.switch(Switch::On).await.unwrap_err();
        assert!(matches!(error, LampError::NotTaken { written: 1, .. }), "{error}");
    }
}
