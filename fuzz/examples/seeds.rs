//! Writes the seeds to `corpus/`, and removes what is none.

use std::{fs, io};

use mqtt_fuzz::seeds::{corpus, seeds};

fn main() -> io::Result<()> {
    let corpus = corpus();
    if corpus.exists() {
        fs::remove_dir_all(&corpus)?;
    }
    let seeds = seeds();
    for ((target, name), bytes) in &seeds {
        let dir = corpus.join(target);
        fs::create_dir_all(&dir)?;
        fs::write(dir.join(name), bytes)?;
    }
    println!("{} seeds, {} bytes", seeds.len(), seeds.values().map(Vec::len).sum::<usize>());
    Ok(())
}
