//! Kills the child, starts it again, and looks at what came of its messages.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use mqtt_client::{Client, Message, Messages, Options, Outcome, QoS, SessionOptions};
use tokio::runtime::Runtime;

use crate::broker::{Broker, Folder};
use crate::child::{AHEAD, JOB, Job, TOPIC, record};
use crate::proxy::Proxy;
use crate::server::{Cut, Server};

const COUNT: usize = 2_000;
const KILLS: usize = 20;
const CUTS: u32 = 50;
/// Longer than anything may take here: then it is stuck.
const PATIENCE: Duration = Duration::from_secs(300);

/// What happened.
#[allow(dead_code, reason = "tests do not look at all of it")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub kills: usize,
    pub cuts: u32,
    /// Messages that came to the subscriber, or to the receiver, more than once.
    pub again: usize,
}

/// The child, and what it says.
struct Run {
    child: Child,
    lines: BufReader<ChildStderr>,
}

impl Run {
    fn start(job: &Job) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(JOB, job.to_text())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        Self { child, lines }
    }

    /// The next step: a word and a number; `None` when it ended.
    fn step(&mut self) -> Option<(String, usize)> {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        let line = line.strip_suffix('\n')?;
        // In vain when it was killed.
        let _ = self.child.stdin.as_mut().unwrap().write_all(&[0]);
        let (word, number) = line.split_once(' ').unwrap_or((line, "0"));
        let Ok(number) = number.parse() else {
            // It panicked.
            let mut rest = String::new();
            while self.lines.read_line(&mut rest).unwrap_or(0) > 0 {}
            panic!("{line}\n{rest}");
        };
        Some((word.to_owned(), number))
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // In vain when it ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the job to its end, killing it again and again; `step` sees all that it says, also what it said when it was
/// killed. The number that it gives is how far the job is.
fn run(
    job: &Job,
    random: &mut fastrand::Rng,
    seed: u64,
    mut step: impl FnMut(&str, usize) -> Option<usize>,
) -> usize {
    // When it is so far, and some moments later; it can't have ended before that is seen.
    let mut moments: Vec<_> = (0..KILLS).map(|_| random.usize(..COUNT - 2 * 8 * AHEAD)).collect();
    moments.sort_unstable();
    moments.push(usize::MAX);
    let mut kills = 0;
    for moment in moments {
        let mut run = Run::start(&Job { batch: if random.bool() { 1 } else { 8 }, ..job.clone() });
        let (mut done, mut killed) = (false, false);
        while let Some((word, number)) = run.step() {
            done |= word == "done";
            let far = step(&word, number);
            if !killed && far.is_some_and(|far| far >= moment) {
                std::thread::sleep(Duration::from_micros(random.u64(..3_000)));
                run.kill();
                killed = true;
                kills += 1;
            }
        }
        assert!(killed || done, "it ended without a word, seed {seed}");
    }
    assert_eq!(kills, KILLS, "seed {seed}");
    kills
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap()
}

fn job(proxy: &Proxy, folder: &Folder, publishes: bool, qos: QoS) -> Job {
    let folder = folder.path().to_owned();
    Job { publishes, batch: 1, qos, count: COUNT, port: proxy.port, folder }
}

/// A broker, and a client at the end of it that does not break.
struct Field {
    runtime: Runtime,
    broker: Broker,
}

impl Field {
    fn new() -> Self {
        Self { runtime: runtime(), broker: Broker::mosquitto() }
    }

    /// Without the breaking network.
    fn client(&self) -> (Client, Messages) {
        let url = format!("mqtt://127.0.0.1:{}", self.broker.port());
        // Mosquitto closes the connection of who has more in flight at QoS 2.
        let session = SessionOptions::new("other").in_flight(20);
        let options = Options::new(url.parse().unwrap(), session).unread(COUNT * 10, 1 << 30);
        self.runtime.block_on(mqtt_client::start(options)).unwrap()
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.unwrap() })
    }
}

/// A publisher is killed; a subscriber of the same QoS counts.
pub(crate) fn publisher(qos: QoS, seed: u64) -> Counts {
    let field = Field::new();
    let proxy = field.runtime.block_on(Proxy::start(field.broker.port(), seed, CUTS));
    let folder = Folder::new();
    let mut random = fastrand::Rng::with_seed(seed);
    let (client, mut messages) = field.client();
    field.wait(client.ask_subscribe(vec![(TOPIC.try_into().unwrap(), qos)])).unwrap();

    let mut promised = 0;
    let kills = run(&job(&proxy, &folder, true, qos), &mut random, seed, |word, number| match word {
        "start" => {
            // What was promised is kept: it knows it.
            assert!(number >= promised, "{number} of {promised}, seed {seed}");
            promised = number;
            Some(number)
        }
        "accepted" => {
            promised = number;
            Some(number)
        }
        _ => None,
    });
    assert_eq!(promised, COUNT);

    // All that it sent is before this one.
    let end = Message::new(TOPIC, "end").unwrap().qos(qos);
    drop(field.wait(client.publish(end)).unwrap());
    let mut seen = vec![0; COUNT];
    loop {
        let message = field.wait(messages.next()).unwrap();
        match std::str::from_utf8(&message.payload).unwrap() {
            "end" => break,
            number => seen[number.parse::<usize>().unwrap()] += 1,
        }
    }
    let lost: Vec<_> = (0..COUNT).filter(|&number| seen[number] == 0).collect();
    assert_eq!(lost, [0; 0], "lost, seed {seed}");
    let again = seen.iter().filter(|&&times| times > 1).count();
    assert!(qos == QoS::AtLeastOnce || again == 0, "{again} came twice, seed {seed}");
    Counts { kills, cuts: proxy.cuts.load(Ordering::Relaxed), again }
}

/// A receiver is killed.
///
/// At QoS 2 the Server is a model: Mosquitto 2.0.11 sends a PUBLISH again after its PUBREL when two connections end
/// quickly one after the other, against [MQTT-4.3.3-1], and no client can know it for the same message then.
pub(crate) fn receiver(qos: QoS, seed: u64) -> Counts {
    match qos {
        QoS::ExactlyOnce => {
            let runtime = runtime();
            let server = Server::default();
            server.send(qos, (0..COUNT).map(|number| number.to_string().into_bytes()));
            let port = runtime.block_on(listen(&server));
            let counts = receive(&runtime, port, qos, seed, &mut || {});
            assert_eq!(server.state().faults, [""; 0], "seed {seed}");
            counts
        }
        _ => {
            let field = Field::new();
            let (client, messages) = field.client();
            drop(messages);
            receive(&field.runtime, field.broker.port(), qos, seed, &mut || {
                let mut deliveries = Vec::new();
                for number in 0..COUNT {
                    let message = Message::new(TOPIC, number.to_string()).unwrap().qos(qos);
                    deliveries.push(field.wait(client.publish(message)).unwrap());
                }
                for delivery in deliveries {
                    assert_eq!(field.wait(delivery), Outcome::Delivered);
                }
            })
        }
    }
}

/// The model of a Server on a socket.
async fn listen(server: &Server) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = server.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(server.clone().serve(stream, Cut::Never));
        }
    });
    port
}

/// Kills the receiver of a Server on this port; `send` is called when it has subscribed.
fn receive(runtime: &Runtime, port: u16, qos: QoS, seed: u64, send: &mut dyn FnMut()) -> Counts {
    let mut random = fastrand::Rng::with_seed(seed);
    let proxy = runtime.block_on(Proxy::start(port, seed, CUTS));
    let folder = Folder::new();
    let mut sent = false;
    let (mut got, mut acknowledged) = (HashSet::new(), HashSet::new());
    let mut again = 0;
    let kills = run(&job(&proxy, &folder, false, qos), &mut random, seed, |word, number| {
        match word {
            "subscribed" if !sent => {
                sent = true;
                send();
            }
            "got" => {
                assert!(number < COUNT);
                again += usize::from(!got.insert(number));
                let is_new = !acknowledged.contains(&number);
                assert!(is_new || qos == QoS::AtLeastOnce, "{number} came again, seed {seed}");
            }
            "acknowledged" => {
                acknowledged.insert(number);
            }
            _ => {}
        }
        sent.then_some(got.len())
    });
    let done = record(&folder.path().join("record"));
    assert_eq!(done, (0..COUNT).collect(), "seed {seed}");
    Counts { kills, cuts: proxy.cuts.load(Ordering::Relaxed), again }
}
