//! The lab, run again: its publisher and its subscriber are this command now, its server is a mosquitto of ours. What is
//! exchanged equals the lab's packets but for the times. Takes as long as the lab's pings did.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};

use packet_inspector::frame::{Frame, Options};
use packet_inspector::input::{self, InputFormat};
use packet_inspector::render;
use serde_json::Value;

use crate::broker::{Broker, Folder};
use crate::command::{PATIENCE, mqtt};

/// A client of the lab.
struct Computer {
    child: Child,
    stdin: ChildStdin,
    /// What `--verbose` says.
    said: Receiver<String>,
    tap: PathBuf,
}

impl Computer {
    fn start(broker: &Broker, folder: &Folder, arguments: &[&str]) -> Self {
        let port = broker.port().to_string();
        let tap = folder.path().join(arguments.concat());
        let mut all = vec![arguments[0], "-h", "127.0.0.1", "-p", &port, "-k", "5", "--verbose", "--tap"];
        all.push(tap.to_str().unwrap());
        all.extend(&arguments[1..]);
        let mut command = mqtt(&all);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stderr) = (child.stdin.take().unwrap(), child.stderr.take().unwrap());
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        Self { child, stdin, said, tap }
    }

    /// Waits until it has said this so many times more.
    fn until(&self, line: &str, mut times: usize) {
        while times > 0 {
            let said = self.said.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{line} does not come"));
            times -= usize::from(said == line);
        }
    }

    fn enter(&mut self, message: &str) {
        writeln!(self.stdin, "{message}").unwrap();
    }

    /// Ends as the lab did, without a goodbye. Gives its packets.
    fn end(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        decoded(&std::fs::read_to_string(&self.tap).unwrap())
    }
}

impl Drop for Computer {
    fn drop(&mut self) {
        // In vain if it ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Each packet with all fields, as the inspector reads it.
fn decoded(hex: &str) -> Vec<String> {
    let lines = hex.lines().flat_map(|line| {
        let records = input::read(line.as_bytes(), InputFormat::Auto).unwrap();
        records.into_iter().map(|record| {
            let frame = Frame::new(1, record, Options::default());
            let (mut fields, mut summary) = (vec![], vec![]);
            render::json(&frame, &mut fields).unwrap();
            render::summary(&frame, &mut summary).unwrap();
            String::from_utf8([summary, fields].concat()).unwrap()
        })
    });
    lines.collect()
}

/// The lab's packets of one recording.
fn lab(capture: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab/packets.json");
    let all: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let of_capture = all.iter().filter(|packet| packet["capture"] == capture);
    let hex: Vec<_> = of_capture.map(|packet| packet["mqtt_hex"].as_str().unwrap()).collect();
    decoded(&hex.join("\n"))
}

#[track_caller]
fn equal(capture: &str, packets: &[String]) {
    let lab = lab(capture);
    assert!(lab.len() >= 5, "{capture} has {} packets", lab.len());
    let packets = &packets[..lab.len().min(packets.len())];
    assert_eq!(packets, lab, "{capture}");
}

#[test]
fn step_2_at_qos_0() {
    let (broker, folder) = (Broker::mosquitto(), Folder::new());
    let b = Computer::start(&broker, &folder, &["sub", "-i", "PythonSub", "-t", "internet"]);
    b.until("Subscribe Ack (id=1)", 1);
    let publisher = ["pub", "-i", "PythonPub", "-t", "internet", "--prompt"];
    // The lab's publisher was started twice.
    let a = Computer::start(&broker, &folder, &publisher);
    a.until("Connect Ack", 1);
    let mut packets = a.end();
    let mut a = Computer::start(&broker, &folder, &publisher);
    a.enter("IOT");
    a.until("Publish Message [internet]", 1);
    b.until("Publish Message [internet]", 1);
    b.until("Ping Response", 1);
    packets.extend(a.end());
    equal("A-step2", &packets);
    equal("B-step2", &b.end());
}

#[test]
fn step_3_at_qos_1() {
    let (broker, folder) = (Broker::mosquitto(), Folder::new());
    let mut a = Computer::start(
        &broker,
        &folder,
        &["pub", "-i", "PythonPub", "-t", "network", "-q", "1", "--prompt"],
    );
    // The lab's message was the seventh; the recording of A begins with the ping before it.
    for message in 1..=6 {
        a.enter("before");
        a.until(&format!("Publish Ack (id={message})"), 1);
    }
    let b = Computer::start(&broker, &folder, &["sub", "-i", "PythonSub", "-t", "network", "-q", "1"]);
    b.until("Ping Response", 2);
    a.enter("hello");
    b.until("Publish Ack (id=1)", 1);
    a.until("Publish Ack (id=7)", 1);
    a.until("Ping Response", 1);
    let packets = a.end();
    let seventh = packets.iter().position(|packet| packet.starts_with("Publish Message (id=7)")).unwrap();
    equal("A-qos1", &packets[seventh - 2..]);
    equal("B-qos1", &b.end());
}

#[test]
fn step_3_at_qos_2() {
    let (broker, folder) = (Broker::mosquitto(), Folder::new());
    let b = Computer::start(&broker, &folder, &["sub", "-i", "PythonSub", "-t", "network", "-q", "2"]);
    b.until("Ping Response", 2);
    let mut a = Computer::start(
        &broker,
        &folder,
        &["pub", "-i", "PythonPub", "-t", "network", "-q", "2", "--prompt"],
    );
    b.until("Ping Response", 2);
    a.until("Ping Response", 2);
    a.enter("Good");
    a.until("Publish Complete (id=1)", 1);
    a.until("Ping Response", 2);
    b.until("Publish Complete (id=1)", 1);
    b.until("Ping Response", 1);
    equal("A-qos2", &a.end());
    equal("B-qos2", &b.end());
}
