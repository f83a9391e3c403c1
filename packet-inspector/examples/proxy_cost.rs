//! What `packet-inspector proxy` costs, with 10,000 messages at QoS 2 between mosquitto's programs and an echo of ours.
//!
//! ```console
//! $ cargo build --release -p packet-inspector
//! $ cargo run --release -p packet-inspector --example proxy_cost
//! ```
//!
//! Needs Linux (`/proc`), `mosquitto`, `mosquitto-clients` and `tshark`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[path = "../../mqtt-client/tests/common/broker.rs"]
mod broker;

use broker::{Broker, Folder, find};

const MESSAGES: u32 = 10_000;
const ROUNDS: usize = 20_000;
/// A PUBLISH of 64 bytes at QoS 0.
const PACKET: &[u8; 66] = b"\x30\x40\x00\x04cost0123456789012345678901234567890123456789012345678901234567";

fn main() {
    let program = std::env::current_exe().unwrap();
    let program = program.parent().unwrap().parent().unwrap().join("packet-inspector");
    assert!(program.is_file(), "{}: build it first, with --release", program.display());

    // Echo: the way there and back is twice what the proxy adds to a packet.
    let echo = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = echo.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in echo.incoming() {
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut packet = [0; PACKET.len()];
                while stream.read_exact(&mut packet).is_ok() && stream.write_all(&packet).is_ok() {}
            });
        }
    });
    let folder = Folder::new();
    let path = folder.path().join("echo.pcapng");
    let proxy = Proxy::start(&program, &upstream.to_string(), &path);
    let mut direct = TcpStream::connect(upstream).unwrap();
    let mut proxied = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(round_trip(&mut direct));
        with.push(round_trip(&mut proxied));
    }
    let cpu = proxy.cpu();
    let (without, with) = (median(&mut without), median(&mut with));
    println!("round trip of 66 bytes, median of {ROUNDS}: {without:?} direct, {with:?} through the proxy");
    println!("added to each packet: {:?}", with.saturating_sub(without) / 2);
    let packets = u32::try_from(2 * ROUNDS).unwrap();
    println!("CPU of the proxy for each packet, shown and written: {:?}", cpu / packets);
    proxy.stop();

    let broker = Broker::mosquitto();
    let path = folder.path().join("qos2.pcapng");
    let proxy = Proxy::start(&program, &format!("127.0.0.1:{}", broker.port()), &path);
    let port = proxy.port.to_string();
    let mut subscriber = Command::new("stdbuf")
        .args(["-oL", find("mosquitto_sub", "mosquitto-clients").to_str().unwrap()])
        .args(["-h", "127.0.0.1", "-p", &port, "-t", "cost", "-q", "2", "-d", "-C", &MESSAGES.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(subscriber.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("Subscribed")));
    let sent: Vec<String> = (0..MESSAGES).map(|number| format!("message {number}")).collect();
    let began = Instant::now();
    let mut publisher = Command::new(find("mosquitto_pub", "mosquitto-clients"))
        .args(["-h", "127.0.0.1", "-p", &port, "-t", "cost", "-q", "2", "-l"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = publisher.stdin.take().unwrap();
    let text = sent.join("\n");
    let feeding = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let received: Vec<String> = lines.filter(|line| line.starts_with("message ")).collect();
    feeding.join().unwrap();
    assert!(publisher.wait().unwrap().success() && subscriber.wait().unwrap().success());
    let took = began.elapsed();
    let cpu = proxy.cpu();
    assert!(received == sent, "something was changed, lost or doubled");
    println!(
        "{MESSAGES} messages at QoS 2, each published and delivered through the proxy: all in order, {took:?}"
    );
    println!("CPU of the proxy for each message (8 packets), shown and written: {:?}", cpu / MESSAGES);
    proxy.stop();
    let output = Command::new("tshark")
        .arg("-r")
        .arg(&path)
        .args(["-d", &format!("tcp.port=={},mqtt", broker.port()), "-Y", "mqtt"])
        .args(["-T", "fields", "-e", "mqtt.msgtype"])
        .output()
        .expect("tshark is not installed: apt-get install tshark");
    let mut types = BTreeMap::<_, u32>::new();
    for packet in
        String::from_utf8(output.stdout).unwrap().split_whitespace().flat_map(|line| line.split(','))
    {
        *types.entry(packet.to_owned()).or_default() += 1;
    }
    println!("tshark's packets of each type in the written capture: {types:?}");
    assert!(["3", "5", "6", "7"].iter().all(|handshake| types[*handshake] == 2 * MESSAGES));
}

fn round_trip(stream: &mut TcpStream) -> Duration {
    stream.set_nodelay(true).unwrap();
    let began = Instant::now();
    stream.write_all(PACKET).unwrap();
    stream.read_exact(&mut [0; PACKET.len()]).unwrap();
    began.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

struct Proxy {
    child: Child,
    port: u16,
}

impl Proxy {
    fn start(program: &PathBuf, upstream: &str, path: &std::path::Path) -> Self {
        let mut child = Command::new(program)
            .args(["proxy", "--listen", "127.0.0.1:0", "--upstream", upstream, "--write"])
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().rsplit(':').next().unwrap().parse().unwrap() }
    }

    /// User and system time so far; the kernel counts in hundredths of a second.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    fn stop(mut self) {
        let asked = Command::new("sh").args(["-c", &format!("kill -INT {}", self.child.id())]).status();
        assert!(asked.unwrap().success() && self.child.wait().unwrap().success());
    }
}
