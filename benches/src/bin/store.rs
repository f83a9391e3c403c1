//! Stored messages a second: the client's store on disk and redb, alone, and through a whole client.
//!
//! `cargo run --release -p mqtt-benches --bin store [DIRECTORY]`; the directory (the current one if none is named) decides
//! which disk it is. A message has 64 bytes and lives its whole life: accepted, at QoS 2 released, finished. As many as
//! are in flight share a commit, as they do in the client.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark: it prints, and ends when something fails"
)]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mqtt_client::store::{Change, Disk, Durability, Saved, Store, StoreError};
use mqtt_client::{Message, Options, QoS, SessionOptions};
use mqtt_codec::{Connack, Decoded, Decoder, Delivery, Packet, PacketId};
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};

const TIME: Duration = Duration::from_secs(2);
const WINDOWS: [u16; 3] = [1, 100, 1_000];

fn main() {
    let directory = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let directory = Path::new(&directory).join("store-benchmark");
    println!("| store | synced | QoS | in flight: 1 | 100 | 1,000 |\n|---|---|---|--:|--:|--:|");
    for durability in [Durability::Disk, Durability::System] {
        for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
            row("ours", durability, qos, |window| {
                alone(fresh(&directory, |path| ours(path, durability)), qos, window)
            });
            row("redb", durability, qos, |window| {
                alone(fresh(&directory, |path| Redb::create(path, durability)), qos, window)
            });
        }
    }
    println!("\n| through a client | synced | QoS | 1 task | 100 | 1,000 |\n|---|---|---|--:|--:|--:|");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for durability in [Durability::Disk, Durability::System] {
        for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let mut per_commit = Vec::new();
            row("ours", durability, qos, |tasks| {
                let store = fresh(&directory, |path| ours(path, durability));
                let (rate, messages) = runtime.block_on(through_client(store, qos, tasks));
                per_commit.push(format!("{messages:.1}"));
                rate
            });
            println!("| messages a commit | | | {} |", per_commit.join(" | "));
        }
    }
    std::fs::remove_dir_all(&directory).expect("it was made here");
}

fn row(name: &str, durability: Durability, qos: QoS, mut measure: impl FnMut(u16) -> f64) {
    let rates: Vec<_> = WINDOWS.iter().map(|&window| format!("{:.0}", measure(window))).collect();
    let synced = if durability == Durability::Disk { "yes" } else { "no" };
    println!("| {name} | {synced} | {} | {} |", qos.as_u8(), rates.join(" | "));
}

/// A store in an empty directory.
fn fresh<S: Store>(directory: &Path, open: impl FnOnce(&Path) -> S) -> S {
    // It need not be there.
    let _ = std::fs::remove_dir_all(directory);
    std::fs::create_dir_all(directory).expect("a directory that can be written");
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

/// Messages a second that so many tasks publish and that are stored and acknowledged, and how many share a commit.
async fn through_client(store: impl Store, qos: QoS, tasks: u16) -> (f64, f64) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("mqtt://{}", listener.local_addr().expect("it is bound"));
    let server = std::thread::spawn(move || serve(&listener.accept().expect("the client").0));
    let session = SessionOptions::new("bench").clean_session(false);
    let commits = Arc::new(AtomicU64::new(0));
    let store = Counting { store, commits: Arc::clone(&commits) };
    let options = Options::new(url.parse().expect("a URL"), session).store(store);
    let (client, _) = mqtt_client::start(options).await.expect("an empty store");
    client.connected().await.expect("the server accepts");
    let start = Instant::now();
    let publishers: Vec<_> = (0..tasks)
        .map(|_| {
            let (client, message) = (client.clone(), message(qos));
            tokio::spawn(async move {
                while start.elapsed() < TIME {
                    drop(client.publish(message.clone()).await.expect("it is stored"));
                }
            })
        })
        .collect();
    for publisher in publishers {
        publisher.await.expect("it does not panic");
    }
    let left = client.disconnect(Duration::from_secs(60)).await.expect("the server answers");
    assert_eq!(left.messages, 0, "all are acknowledged");
    server.join().expect("it does not panic");
    let messages = client.accepted();
    let commits = commits.load(Ordering::Relaxed);
    #[allow(clippy::cast_precision_loss, reason = "far below 2⁵²")]
    (rate(messages, start), messages as f64 / commits as f64)
}

struct Counting<S> {
    store: S,
    commits: Arc<AtomicU64>,
}

impl<S: Store> Store for Counting<S> {
    fn load(&mut self, client_id: &str) -> Result<Saved, StoreError> {
        self.store.load(client_id)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.store.commit(changes)
    }
}

/// Acknowledges everything until DISCONNECT.
fn serve(mut stream: &TcpStream) {
    stream.set_nodelay(true).expect("a socket");
    let (mut received, mut out) = (VecDeque::new(), Vec::new());
    let mut buffer = vec![0; 128 * 1_024];
    let decoder = Decoder::new();
    loop {
        let count = stream.read(&mut buffer).expect("the client says DISCONNECT");
        received.extend(buffer.get(..count).unwrap_or_default());
        let bytes = received.make_contiguous();
        let mut done = 0;
        while let Ok(Decoded::Packet(packet, len)) = decoder.decode(bytes.get(done..).unwrap_or_default()) {
            done += len;
            let answer = match packet {
                Packet::Connect(_) => Connack::Accepted { session_present: false }.into(),
                Packet::Publish(publish) => match publish.delivery {
                    Delivery::AtMostOnce => continue,
                    Delivery::AtLeastOnce { packet_id, .. } => Packet::Puback(packet_id),
                    Delivery::ExactlyOnce { packet_id, .. } => Packet::Pubrec(packet_id),
                },
                Packet::Pubrel(packet_id) => Packet::Pubcomp(packet_id),
                Packet::Disconnect => return,
                _ => continue,
            };
            answer.encode_to(&mut out).expect("a small packet");
        }
        received.drain(..done);
        stream.write_all(&out).expect("the client reads");
        out.clear();
    }
}

/// The same state in redb: messages, and how far they are.
struct Redb {
    database: Database,
}

const MESSAGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("messages");
const STATES: TableDefinition<'_, u64, (u16, u64)> = TableDefinition::new("states");

impl Redb {
    fn create(path: &Path, durability: Durability) -> Self {
        let path = path.join("redb");
        let builder = Database::builder();
        let database = match durability {
            Durability::Disk => builder.create(path),
            Durability::System => {
                let mut options = std::fs::OpenOptions::new();
                let file = options.read(true).write(true).create_new(true).open(path).expect("a new file");
                let file = redb::backends::FileBackend::new(file).expect("nobody has it");
                builder.create_with_backend(Unsynced(file))
            }
        };
        Self { database: database.expect("an empty database") }
    }

    fn write(&self, changes: &[Change]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut messages = transaction.open_table(MESSAGES)?;
            let mut states = transaction.open_table(STATES)?;
            for change in changes {
                match change {
                    Change::Accepted { number, packet_id, message } => {
                        let topic = message.topic.as_bytes();
                        let bytes = [&[message.qos.as_u8()], &topic[..], &[0], &message.payload[..]].concat();
                        messages.insert(number, &bytes[..])?;
                        states.insert(number, (packet_id.map_or(0, PacketId::get), 0))?;
                    }
                    Change::Released { number, order } => {
                        messages.remove(number)?;
                        let packet_id = states.get(number)?.map_or(0, |state| state.value().0);
                        states.insert(number, (packet_id, order + 1))?;
                    }
                    Change::Finished { number } => {
                        messages.remove(number)?;
                        states.remove(number)?;
                    }
                    _ => {}
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

impl Store for Redb {
    fn load(&mut self, _: &str) -> Result<Saved, StoreError> {
        let _ = self.database.begin_read().map_err(StoreError::new)?;
        Ok(Saved::default())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.write(changes).map_err(StoreError::new)
    }
}

/// What redb would be if it waited for the operating system alone. Its own way to commit without a sync keeps nothing
/// when the process is killed.
#[derive(Debug)]
struct Unsynced(redb::backends::FileBackend);

impl StorageBackend for Unsynced {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }
}
