//! The process that is killed. It does what the store's documentation asks of an application, and says what it does on
//! standard error, a line a step.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_client::store::{Disk, Durability};
use mqtt_client::{Backoff, Client, Message, Messages, Options, QoS, SessionOptions};

/// Its arguments.
pub(crate) const JOB: &str = "MQTT_CRASH_JOB";
pub(crate) const TOPIC: &str = "crash";
const PATIENCE: Duration = Duration::from_secs(120);

/// What it has to do.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub publishes: bool,
    /// Syncs the disk, and publishes so many at a time.
    pub batch: usize,
    pub qos: QoS,
    pub count: usize,
    /// Where the Server is.
    pub port: u16,
    pub folder: PathBuf,
}

impl Job {
    pub(crate) fn to_text(&self) -> String {
        let Self { publishes, batch, qos, count, port, folder } = self;
        format!("{publishes} {batch} {} {count} {port} {}", qos.as_u8(), folder.display())
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ' ');
        Some(Self {
            publishes: parts.next()?.parse().ok()?,
            batch: parts.next()?.parse().ok()?,
            qos: QoS::from_u8(parts.next()?.parse().ok()?)?,
            count: parts.next()?.parse().ok()?,
            port: parts.next()?.parse().ok()?,
            folder: parts.next()?.into(),
        })
    }
}

/// How many lines it is ahead of who reads them.
pub(crate) const AHEAD: usize = 50;

/// Says it with one write, so that a line is there or not. It does not get far ahead of who decides when it is killed:
/// for each line that was read comes a byte.
fn say(line: &str) {
    static SAID: AtomicUsize = AtomicUsize::new(0);
    if SAID.fetch_add(1, Ordering::Relaxed) >= AHEAD {
        std::io::stdin().read_exact(&mut [0]).unwrap();
    }
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

pub(crate) fn main() {
    let job = Job::from_text(&std::env::var(JOB).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    runtime.block_on(run(&job));
}

async fn run(job: &Job) {
    let session = SessionOptions::new("killed")
        .clean_session(false)
        .manual_acknowledgement(true)
        // Little waits, so that it is killed in the middle of exchanges.
        .in_flight(20)
        .queue(10, 1 << 20);
    let durability = if job.batch > 1 { Durability::Disk } else { Durability::System };
    let store = Disk::open(job.folder.join("store")).unwrap().durability(durability);
    let options = Options::new(format!("mqtt://127.0.0.1:{}", job.port).parse().unwrap(), session)
        .reconnect(Backoff::new(Duration::from_millis(2), Duration::from_millis(2)))
        // Mosquitto sends again all that is unacknowledged, before it answers SUBSCRIBE.
        .unread(10 * job.count, 64 << 20)
        .store(store);
    let (client, messages) = mqtt_client::start(options).await.unwrap();
    if job.publishes {
        drop(messages);
        publish(job, &client).await;
    } else {
        receive(job, &client, messages).await;
    }
    let left = client.disconnect(PATIENCE).await.unwrap();
    assert_eq!(left.messages, 0);
    say("done");
}

/// Sends the numbers below the count, each once.
async fn publish(job: &Job, client: &Client) {
    let mut next = usize::try_from(client.accepted()).unwrap();
    say(&format!("start {next}"));
    let message = |number: usize| Message::new(TOPIC, number.to_string()).unwrap().qos(job.qos);
    while next < job.count {
        if job.batch > 1 {
            let end = (next + job.batch).min(job.count);
            // As many as there is room for; at least one, so that it goes on.
            let mut accepted = next;
            while accepted < end && client.try_publish(message(accepted)).is_ok() {
                accepted += 1;
            }
            client.stored().await.unwrap();
            next = accepted;
        }
        if next < job.count {
            drop(client.publish(message(next)).await.unwrap());
            next += 1;
        }
        say(&format!("accepted {next}"));
    }
}

/// Takes numbers until it has each, and keeps a record of what it did.
async fn receive(job: &Job, client: &Client, mut messages: Messages) {
    let path = job.folder.join("record");
    let mut done = record(&path);
    say(&format!("start {}", done.len()));
    client.ask_subscribe(vec![(TOPIC.try_into().unwrap(), job.qos)]).await.unwrap();
    say("subscribed");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
    while done.len() < job.count {
        let message = messages.next().await.unwrap();
        let number: usize = std::str::from_utf8(&message.payload).unwrap().parse().unwrap();
        say(&format!("got {number}"));
        if done.insert(number) {
            // The work, and the note that it is done.
            file.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        message.acknowledge_stored().await.unwrap();
        say(&format!("acknowledged {number}"));
    }
}

/// What a receiver has done.
pub(crate) fn record(path: &Path) -> HashSet<usize> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}
