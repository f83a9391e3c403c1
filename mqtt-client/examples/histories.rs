//! Random histories of a client's session and a Server, by seeds, on all cores: `histories [COUNT [FIRST_SEED]]`.
//!
//! It stops at the first seed that breaks a promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "it is a test"
)]

#[path = "../tests/sim/mod.rs"]
mod sim;

use std::time::Instant;

use sim::Counts;
use sim::dice::Seed;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().expect("a number"));
    let count = arguments.next().unwrap_or(10_000);
    let first = arguments.next().unwrap_or(0);
    let start = Instant::now();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let counts = std::thread::scope(|scope| {
        let run = |core| {
            let mut counts = Counts::default();
            for seed in (first + core..first + count).step_by(cores) {
                let outcome = std::panic::catch_unwind(|| sim::history(&mut Seed::new(seed)));
                counts += outcome.unwrap_or_else(|_| {
                    eprintln!("seed {seed}");
                    std::process::exit(1)
                });
            }
            counts
        };
        let threads: Vec<_> = (0_u64..).take(cores).map(|core| scope.spawn(move || run(core))).collect();
        let mut sum = Counts::default();
        threads.into_iter().for_each(|thread| sum += thread.join().unwrap());
        sum
    });
    println!("{counts:#?}\nin {:.1?}", start.elapsed());
}
