//! Times: a group for each operation, a row for each implementation.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use mqtt_benches::{IMPLEMENTATIONS, Operation, workloads};

fn main() {
    // Long enough to be no guest of the caches. It is set first, so setting it does not fail.
    let _ = workloads::MIXED_LEN.set(16 << 20);
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for operation in Operation::all() {
        measure(&mut criterion, operation);
    }
    criterion.final_summary();
}

fn measure(criterion: &mut Criterion, operation: Operation) {
    let mut group = criterion.benchmark_group(operation.label());
    group.sample_size(20);
    match operation.stream_bytes() {
        Some(bytes) => {
            group.throughput(Throughput::Bytes(bytes.try_into().unwrap_or(u64::MAX)));
        }
        None => {
            group.throughput(Throughput::Elements(operation.units().try_into().unwrap_or(u64::MAX)));
        }
    }
    for implementation in IMPLEMENTATIONS {
        let prepare = |times| (implementation.prepare)(operation, times);
        if prepare(1).is_none() {
            continue;
        }
        group.bench_function(implementation.name, |bencher| {
            bencher.iter_custom(|times| {
                let mut left = usize::try_from(times).unwrap_or(usize::MAX);
                let mut spent = Duration::ZERO;
                // In batches, since what an operation uses up is made before.
                while left > 0 {
                    let batch = left.min(operation.repetitions());
                    let Some(run) = prepare(batch) else { break };
                    let start = Instant::now();
                    let behind = run();
                    spent += start.elapsed();
                    drop(behind);
                    left -= batch;
                }
                spent
            });
        });
    }
    group.finish();
}
