//! Stored messages a second: the client's store on disk and redb, alone, and through a whole client.
//!
//! ```text
//! store [DIRECTORY]            all, and writes benches/STORE.md and its block in ARCHITECTURE.md
//! store --client [DIRECTORY]   a whole client alone, printed
//! ```
//!
//! The directory (the current one if none is named) decides which disk it is.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark: it prints, and ends when something fails"
)]

mod client;
mod redb;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mqtt_benches::{machine, readme};
use mqtt_client::store::{Change, Disk, Durability, Store};
use mqtt_client::{Message, QoS};
use mqtt_codec::PacketId;

use self::redb::Redb;

const TIME: Duration = Duration::from_secs(2);
/// How many messages may be unacknowledged: the client's default, and as many as there are tasks at most.
const WINDOWS: [u16; 2] = [20, 1_000];
/// Messages in flight of the store alone, and tasks that publish through a client.
const TASKS: [u16; 3] = [1, 100, 1_000];
const WAYS: [(Durability, QoS); 4] = [
    (Durability::Disk, QoS::AtLeastOnce),
    (Durability::Disk, QoS::ExactlyOnce),
    (Durability::System, QoS::AtLeastOnce),
    (Durability::System, QoS::ExactlyOnce),
];

/// What is between these in ARCHITECTURE.md is written by this program.
const BEGIN: &str = "<!-- store-benchmarks -->";
const END: &str = "<!-- /store-benchmarks -->";

const ALONE: &str = "Messages a second of 64 bytes, in their whole life: accepted, at QoS 2 released, finished. As many as are \
    in flight share a commit.";

const CLIENT: &str = "Messages a second that so many tasks publish, each of which waits until its message is stored before \
    it publishes the next, to a server in the same process that acknowledges all. The window is how many messages may be \
    unacknowledged: the client's default, and as many as there are tasks at most. The rows below each say how many messages \
    there were for a commit.";

fn main() {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    let all = arguments.first().is_none_or(|first| first != "--client");
    if !all {
        arguments.remove(0);
    }
    let directory = PathBuf::from(arguments.pop().unwrap_or_else(|| ".".to_owned())).join("store-benchmark");
    let before = machine::load();
    if all {
        let sync = sync_time(&directory).as_micros();
        let alone = alone_table(&directory);
        let client = client_table(&directory);
        let made_with = format!(
            "Machine: {}. {}. Load average before and after: {before}, {}. A sync of the disk after 4 KiB took {sync} µs, the median.",
            machine::cpu(),
            machine::compiler(),
            machine::load(),
        );
        let text = format!(
            "# Store\n\nWritten by `cargo run -p mqtt-benches --release --bin store [DIRECTORY]`; see [README.md](README.md).\n\n\
             {made_with}\n\n## Alone\n\n{ALONE}\n\n{alone}\n## Through a client\n\n{CLIENT}\n\n{client}"
        );
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::write(folder.join("STORE.md"), text).expect("it can be written");
        let file = folder.join("../ARCHITECTURE.md");
        let before = fs::read_to_string(&file).expect("it is there");
        let block = format!("{CLIENT}\n\n{client}\n{made_with}\n");
        let after = readme::replace_between(&before, BEGIN, END, &block).expect("it has the block");
        fs::write(file, after).expect("it can be written");
    } else {
        client_table(&directory);
    }
    fs::remove_dir_all(&directory).expect("it was made here");
}

/// Prints a line of a table, and appends it.
fn line(table: &mut String, line: &str) {
    println!("{line}");
    let _ = writeln!(table, "{line}");
}

fn alone_table(directory: &Path) -> String {
    let mut table = String::new();
    line(&mut table, "| store | synced | QoS | in flight: 1 | 100 | 1,000 |\n|---|---|--:|--:|--:|--:|");
    for (durability, qos) in WAYS {
        let ours = TASKS.map(|window| alone(fresh(directory, |path| ours(path, durability)), qos, window));
        line(&mut table, &format!("| ours | {} | {} |{}", synced(durability), qos.as_u8(), cells(ours, 0)));
        let redb =
            TASKS.map(|window| alone(fresh(directory, |path| Redb::create(path, durability)), qos, window));
        line(&mut table, &format!("| redb | {} | {} |{}", synced(durability), qos.as_u8(), cells(redb, 0)));
    }
    table
}

fn client_table(directory: &Path) -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut table = String::new();
    line(&mut table, "| synced | QoS | window | 1 task | 100 | 1,000 |\n|---|--:|--:|--:|--:|--:|");
    for (durability, qos) in WAYS {
        for window in WINDOWS {
            let measured = TASKS.map(|tasks| {
                let store = fresh(directory, |path| ours(path, durability));
                runtime.block_on(client::through_client(store, qos, window, tasks))
            });
            let rates = cells(measured.map(|(rate, _)| rate), 0);
            let per_commit = cells(measured.map(|(_, per_commit)| per_commit), 1);
            line(&mut table, &format!("| {} | {} | {window} |{rates}", synced(durability), qos.as_u8()));
            line(&mut table, &format!("| a commit | | |{per_commit}"));
        }
    }
    table
}

fn synced(durability: Durability) -> &'static str {
    if durability == Durability::Disk { "yes" } else { "no" }
}

fn cells(values: [f64; 3], digits: usize) -> String {
    values.map(|value| format!(" {value:.digits$} |")).concat()
}

/// How long the disk takes to keep a few bytes more of a file: the median.
fn sync_time(directory: &Path) -> Duration {
    const TIMES: usize = 200;
    empty(directory);
    let mut file = File::create(directory.join("sync")).expect("it can be made");
    let mut times: Vec<_> = (0..TIMES)
        .map(|_| {
            file.write_all(&[1; 4_096]).expect("room on the disk");
            let start = Instant::now();
            file.sync_data().expect("a disk");
            start.elapsed()
        })
        .collect();
    times.sort();
    times.get(TIMES / 2).copied().unwrap_or_default()
}

fn empty(directory: &Path) {
    // It need not be there.
    let _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory).expect("a directory that can be written");
}

/// A store in an empty directory.
fn fresh<S: Store>(directory: &Path, open: impl FnOnce(&Path) -> S) -> S {
    empty(directory);
    let mut store = open(directory);
    store.load("bench").expect("an empty store");
    store
}

fn ours(path: &Path, durability: Durability) -> Disk {
    Disk::open(path).expect("an empty directory").durability(durability)
}

fn message(qos: QoS) -> Message {
    Message::new("benchmark/topic", vec![b'x'; 64]).expect("a topic").qos(qos)
}

/// Messages a second, of the store alone.
fn alone(mut store: impl Store, qos: QoS, window: u16) -> f64 {
    let message = message(qos);
    let mut messages = 0;
    let mut before = 0..0;
    let start = Instant::now();
    while start.elapsed() < TIME {
        let now = messages..messages + u64::from(window);
        let mut changes: Vec<_> = before.map(|number| Change::Finished { number }).collect();
        changes.extend(now.clone().zip(1..).map(|(number, id)| {
            let message = message.clone();
            Change::Accepted { number, packet_id: PacketId::new(id), message }
        }));
        store.commit(&changes).expect("room on the disk");
        if qos == QoS::ExactlyOnce {
            let changes: Vec<_> =
                now.clone().map(|number| Change::Released { number, order: number }).collect();
            store.commit(&changes).expect("room on the disk");
        }
        (messages, before) = (now.end, now);
    }
    rate(messages, start)
}

#[allow(clippy::cast_precision_loss, reason = "far below 2⁵²")]
fn rate(messages: u64, start: Instant) -> f64 {
    messages as f64 / start.elapsed().as_secs_f64()
}
