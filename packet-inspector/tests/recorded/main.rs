//! Conversations of Mosquitto's clients and of paho-mqtt with a real broker, recorded as they happen: no rule is found
//! broken in them, and field by field they are what tshark shows.
//!
//! Needs Debian's packages `mosquitto`, `mosquitto-clients`, `tshark` and `wireshark-common`, paho-mqtt from `.ci/paho`,
//! and the right to capture on the loopback interface: without them these tests fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics fails"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

#[path = "../../../mqtt-client/tests/common/broker.rs"]
mod broker;
#[path = "../common/process.rs"]
mod process;
mod recording;

use broker::{Broker, Folder, find};
use recording::Recording;

/// Anybody on the first port, users with passwords on the second, WebSocket on the third.
const CONFIG: &str = "per_listener_settings true
listener {port} 127.0.0.1
allow_anonymous true
listener {port2} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
listener {port3} 127.0.0.1
protocol websockets
allow_anonymous true
";

/// A broker whose packets are recorded.
struct Scene {
    broker: Broker,
    recording: Recording,
}

impl Scene {
    fn new() -> Self {
        let folder = Folder::new();
        let passwords = folder.path().join("passwords");
        let made = Command::new(find("mosquitto_passwd", "mosquitto"))
            .args(["-b", "-c", passwords.to_str().unwrap(), "user", "right"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let broker = Broker::mosquitto_with(folder, CONFIG);
        let recording = Recording::start(&ports(&broker));
        Self { broker, recording }
    }

    fn client(&self, program: &str, port: usize, arguments: &[&str]) -> Command {
        let mut command = Command::new("stdbuf");
        let port = self.broker.nth_port(port).to_string();
        command.arg("-oL").arg(find(program, "mosquitto-clients"));
        command.args(["-h", "127.0.0.1", "-V", "mqttv311", "-p", &port]).args(arguments);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Publishes and ends.
    fn publish(&self, port: usize, arguments: &[&str]) -> Output {
        self.client("mosquitto_pub", port, arguments).output().unwrap()
    }

    /// Subscribes, and returns when the broker has answered.
    fn subscribe(&self, arguments: &[&str]) -> recording::Running {
        let mut command = self.client("mosquitto_sub", 1, &[arguments, &["-d", "-W", "60"]].concat());
        recording::Running::start(&mut command).says("Subscribed")
    }

    fn paho(&self, generation: &str, scene: &str, port: usize) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("paho").join(generation);
        assert!(folder.join("paho").is_dir(), "paho-mqtt is missing: bash .ci/paho TARGET_FOLDER");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/client.py");
        let port = self.broker.nth_port(port).to_string();
        let ran = Command::new("python3")
            .arg("-B")
            .arg(script)
            .args([scene, &port])
            .env("PYTHONPATH", folder)
            .output()
            .unwrap();
        assert!(ran.status.success(), "{generation} {scene}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// The capture, when a last message is in it.
    fn end(self) -> (PathBuf, Vec<u16>, Folder) {
        let Self { broker, recording } = self;
        let ports = ports(&broker);
        let bytes = recording.end(|mark| {
            let port = broker.port().to_string();
            let mut last = Command::new(find("mosquitto_pub", "mosquitto-clients"));
            last.args(["-h", "127.0.0.1", "-V", "mqttv311", "-p", &port, "-t", "end", "-m", mark]);
            assert!(last.status().unwrap().success());
        });
        let folder = Folder::new();
        (folder.file("recorded.pcapng", bytes), ports, folder)
    }
}

fn ports(broker: &Broker) -> Vec<u16> {
    (1..=3).map(|n| broker.nth_port(n)).collect()
}

fn inspector(arguments: &[&str], ports: &[u16]) -> Output {
    let mut command = process::command(arguments);
    ports.iter().for_each(|port| {
        command.args(["--port", &port.to_string()]);
    });
    command.output().unwrap()
}

/// No finding of any weight: nothing is broken, and nothing of it lost.
fn is_good_traffic(capture: &Path, ports: &[u16]) {
    let file = capture.to_str().unwrap();
    for ports in [ports, &[]] {
        // Without the ports too: MQTT is recognised by its content.
        let checked = inspector(&["check", file, "--fail-on", "note", "--format", "json"], ports);
        let found = String::from_utf8(checked.stdout).unwrap();
        assert!(checked.status.success() && found.is_empty(), "{found}");
    }
}

const FIELDS: [&str; 41] = [
    "frame.number",
    "frame.time_relative",
    "tcp.stream",
    "tcp.srcport",
    "tcp.dstport",
    "mqtt.msgtype",
    "mqtt.hdrflags",
    "mqtt.qos",
    "mqtt.dupflag",
    "mqtt.retain",
    "mqtt.len",
    "mqtt.topic",
    "mqtt.topic_len",
    "mqtt.msg",
    "mqtt.msgid",
    "mqtt.proto_len",
    "mqtt.protoname",
    "mqtt.ver",
    "mqtt.clientid",
    "mqtt.clientid_len",
    "mqtt.kalive",
    "mqtt.conflags",
    "mqtt.conflag.uname",
    "mqtt.conflag.passwd",
    "mqtt.conflag.retain",
    "mqtt.conflag.qos",
    "mqtt.conflag.willflag",
    "mqtt.conflag.cleansess",
    "mqtt.willtopic",
    "mqtt.willtopic_len",
    "mqtt.willmsg",
    "mqtt.willmsg_len",
    "mqtt.username",
    "mqtt.username_len",
    "mqtt.passwd",
    "mqtt.passwd_len",
    "mqtt.conack.flags",
    "mqtt.conack.flags.sp",
    "mqtt.conack.val",
    "mqtt.sub.qos",
    "mqtt.suback.qos",
];

/// The fields below MQTT, of which a frame has one.
const BELOW: usize = 5;

/// Where we write something else than tshark 4.0, and why.
const DISAGREEMENTS: [(&str, &str, &str, &str); 1] = [
    // (field, tshark, ours, reason)
    ("mqtt.msg", "<MISSING>", "", "a message of no bytes is there; its bytes are none"),
];

/// The columns of a frame: tshark has a line for a frame, we one for a packet.
type Frames = BTreeMap<u64, Vec<Vec<String>>>;

fn frames(lines: &str, is_ours: bool) -> Frames {
    let mut frames = Frames::new();
    for line in lines.lines() {
        let cells = line.split('\t').map(str::to_owned);
        let cells: Vec<Vec<String>> = cells
            .enumerate()
            .map(|(column, cell)| match cell.as_str() {
                // Between the values of a field is a comma; an empty message has a value of its own.
                "" => vec![],
                _ if column < BELOW => vec![cell],
                _ => cell.split(',').map(str::to_owned).collect(),
            })
            .collect();
        assert_eq!(cells.len(), FIELDS.len(), "{line}");
        let number = cells[0][0].parse().unwrap();
        match frames.get_mut(&number) {
            None => {
                frames.insert(number, cells);
            }
            Some(before) => {
                assert!(is_ours, "tshark has one line for a frame");
                for (column, cell) in cells.into_iter().enumerate().skip(BELOW) {
                    before[column].extend(cell);
                }
            }
        }
    }
    frames
}

/// Every field of every packet is tshark's, but for the disagreements. Conversations over WebSocket are left out:
/// tshark 4.0 does not open their frames.
fn agrees_with_tshark(capture: &Path, ports: &[u16]) {
    let file = capture.to_str().unwrap();
    let [plain, users, websocket] = ports else { panic!("three ports") };
    let theirs = {
        let mut command = Command::new(find("tshark", "tshark"));
        command.args(["-r", file, "-T", "fields", "-Y", "mqtt"]);
        for port in [plain, users] {
            command.args(["-d", &format!("tcp.port=={port},mqtt")]);
        }
        FIELDS.iter().for_each(|field| {
            command.args(["-e", field]);
        });
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        frames(&String::from_utf8(output.stdout).unwrap(), false)
    };
    let filter = format!("tcp.port != {websocket}");
    let ours = inspector(&["read", file, "--filter", &filter, "--fields", &FIELDS.join(",")], ports);
    let ours = frames(&String::from_utf8(ours.stdout).unwrap(), true);
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "frames with packets");
    for (number, theirs) in &theirs {
        for ((field, theirs), ours) in FIELDS.iter().zip(theirs).zip(&ours[number]) {
            let explained: Vec<_> = theirs
                .iter()
                .map(|value| {
                    let disagreement =
                        DISAGREEMENTS.iter().find(|(of, tshark, ..)| of == field && tshark == value);
                    disagreement.map_or(value.as_str(), |(_, _, ours, _)| ours)
                })
                .filter(|value| !value.is_empty())
                .collect();
            assert_eq!(ours, &explained, "{field} in frame {number}");
        }
    }
}

#[test]
fn mosquittos_clients() {
    let scene = Scene::new();
    for qos in ["0", "1", "2"] {
        let topic = format!("t/{qos}");
        let subscriber = scene.subscribe(&["-q", qos, "-t", &topic, "-i", &format!("sub{qos}"), "-C", "2"]);
        for message in ["hello", "hello again"] {
            assert!(scene.publish(1, &["-q", qos, "-t", &topic, "-m", message]).status.success());
        }
        assert!(subscriber.end().success());
    }
    // Retained, sent to a new subscriber, and cleared.
    scene.publish(1, &["-r", "-t", "r", "-m", "kept", "-q", "1"]);
    assert!(scene.subscribe(&["-t", "r", "-C", "1"]).end().success());
    scene.publish(1, &["-r", "-n", "-t", "r"]);
    // A Will.
    let mourner = scene.subscribe(&["-t", "will/#", "-q", "2", "-C", "1"]);
    let will = ["--will-topic", "will/x", "--will-payload", "gone", "--will-qos", "2"];
    drop(scene.subscribe(&[&["-t", "x", "-i", "dying"][..], &will].concat()));
    assert!(mourner.end().success());
    // A session that is kept, with messages at QoS 1 and 2 meanwhile.
    let keeper = ["-c", "-i", "keeper", "-q", "2", "-t", "p/#"];
    scene.subscribe(&keeper).terminate();
    for qos in ["1", "2"] {
        scene.publish(1, &["-q", qos, "-t", "p/a", "-m", qos]);
    }
    assert!(scene.subscribe(&[&keeper[..], &["-C", "2"]].concat()).end().success());
    // A wrong password, and the right one.
    let of_user = |password| scene.publish(2, &["-u", "user", "-P", password, "-t", "a", "-m", "b"]).status;
    assert!(!of_user("wrong").success() && of_user("right").success());
    // A message over many segments.
    let folder = Folder::new();
    let large: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
    let large = folder.file("large", large);
    let subscriber = scene.subscribe(&["-q", "2", "-t", "large", "-C", "1"]);
    scene.publish(1, &["-q", "2", "-t", "large", "-f", large.to_str().unwrap()]);
    assert!(subscriber.end().success());
    // UNSUBSCRIBE too.
    let subscriber = scene.subscribe(&["-U", "never", "-t", "t/1", "-C", "1"]);
    scene.publish(1, &["-q", "1", "-t", "t/1", "-m", "end"]);
    assert!(subscriber.end().success());

    let (capture, ports, _folder) = scene.end();
    is_good_traffic(&capture, &ports);
    agrees_with_tshark(&capture, &ports);
}

#[test]
fn paho() {
    let scene = Scene::new();
    for generation in ["1.6.1", "2.1.0"] {
        for (played, port) in [("tcp", 1), ("websockets", 3), ("session", 1), ("takeover", 1)] {
            scene.paho(generation, played, port);
        }
    }
    let (capture, ports, _folder) = scene.end();
    is_good_traffic(&capture, &ports);
    agrees_with_tshark(&capture, &ports);
    // What tshark does not see: the same conversation over WebSocket, packet by packet.
    let packets = |id: &str| {
        let (file, columns) = (capture.to_str().unwrap(), "mqtt.msgtype,mqtt.qos,mqtt.topic,mqtt.msg");
        let read = inspector(&["read", file, "--client-id", id, "--fields", columns], &ports);
        let mut lines: Vec<_> = String::from_utf8(read.stdout).unwrap().lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    // A keep alive of 60 s instead of 0 has no pings in so short a time.
    assert_eq!(packets("pahowebsockets"), packets("pahotcp"));
    assert!(packets("pahotcp").len() > 1000);
}
