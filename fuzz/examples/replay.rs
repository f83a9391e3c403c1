//! Runs inputs through their targets: the committed corpus, and a directory with one of each target's name, or a file of
//! JSON lines whose `hex` is tried on every target.
//!
//! On any toolchain, so that coverage can be measured, and what another machine's fuzzing found can be tried:
//! `cargo run --release --example replay -- EXTRA_CORPUS`.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use mqtt_fuzz::{TARGETS, seeds};

fn main() -> io::Result<()> {
    let extra = env::args_os().nth(1).map(PathBuf::from);
    for (target, run) in TARGETS {
        let mut inputs = files(&seeds::corpus().join(target))?;
        if let Some(extra) = &extra {
            inputs.extend(if extra.is_dir() { files(&extra.join(target))? } else { lines(extra)? });
        }
        for (name, bytes) in &inputs {
            if std::panic::catch_unwind(|| run(bytes)).is_err() {
                panic!("{target} fails on {name}");
            }
        }
        println!("{target}: {} inputs", inputs.len());
    }
    Ok(())
}

/// Each input with its name.
type Inputs = Vec<(String, Vec<u8>)>;

fn files(directory: &Path) -> io::Result<Inputs> {
    let input = |path: PathBuf| Ok((path.display().to_string(), fs::read(&path)?));
    fs::read_dir(directory)?.map(|entry| input(entry?.path())).collect()
}

/// Of `{"hex": "…"}`, one in a line.
fn lines(file: &Path) -> io::Result<Inputs> {
    let text = fs::read_to_string(file)?;
    let input = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line)?;
        let bytes = value.get("hex").and_then(|hex| hex::decode(hex.as_str()?).ok());
        let bytes = bytes.ok_or_else(|| io::Error::other(format!("no bytes in `hex`: {line}")))?;
        Ok((line.to_owned(), bytes))
    };
    text.lines().map(input).collect()
}
