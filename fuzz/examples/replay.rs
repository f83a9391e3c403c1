//! Runs inputs through their targets: the committed corpus, and a directory with one of each target's name.
//!
//! On any toolchain, so that coverage can be measured, and what another machine's fuzzing found can be tried:
//! `cargo run --release --example replay -- EXTRA_CORPUS`.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use mqtt_fuzz::{TARGETS, seeds};

fn main() -> std::io::Result<()> {
    let extra = env::args_os().nth(1).map(PathBuf::from);
    for (target, run) in TARGETS {
        let mut inputs = files(&seeds::corpus().join(target))?;
        if let Some(extra) = &extra {
            inputs.extend(files(&extra.join(target))?);
        }
        for input in &inputs {
            let bytes = fs::read(input)?;
            if std::panic::catch_unwind(|| run(&bytes)).is_err() {
                panic!("{target} fails on {}", input.display());
            }
        }
        println!("{target}: {} inputs", inputs.len());
    }
    Ok(())
}

fn files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect()
}
