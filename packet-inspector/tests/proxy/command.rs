//! `packet-inspector proxy` between mosquitto's own programs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::broker::{Broker, Folder, find, free_ports, signal};
use crate::process::{command, run, text};

/// The command at work; it is killed when this is dropped.
pub(crate) struct Proxy {
    child: Option<Child>,
    stderr: BufReader<std::process::ChildStderr>,
    pub(crate) port: u16,
}

impl Proxy {
    /// With these further arguments.
    pub(crate) fn start(upstream: &str, arguments: &[&str]) -> Self {
        let mut child = command(&["proxy", "--listen", "127.0.0.1:0", "--upstream", upstream])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("it does not listen: {line}"));
        Self { child: Some(child), stderr, port }
    }

    /// The next line that it says on standard error.
    fn said(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    /// Interrupts it and gives what it showed.
    pub(crate) fn stop(mut self) -> Output {
        let child = self.child.take().unwrap();
        signal("INT", child.id());
        let mut output = child.wait_with_output().unwrap();
        self.stderr.read_to_end(&mut output.stderr).unwrap();
        output
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Publishes a message for each line, through this port, and waits for all acknowledgements.
pub(crate) fn publish(port: u16, lines: &str, arguments: &[&str]) {
    let mut publisher = Command::new(find("mosquitto_pub", "mosquitto-clients"))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-t", "proxy/test", "-q", "2", "-l"])
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    publisher.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(publisher.wait().unwrap().success());
}

/// A subscriber whose SUBACK has come; it ends after so many messages.
fn subscribe(port: u16, count: usize) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new("stdbuf")
        .args(["-oL", find("mosquitto_sub", "mosquitto-clients").to_str().unwrap()])
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-t", "proxy/#", "-q", "2"])
        .args(["-d", "-C", &count.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("Subscribed") {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0, "the subscriber ended early");
    }
    (child, stdout)
}

pub(crate) fn tshark(path: &Path, port: u16, arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(path)
        .args(["-d", &format!("tcp.port=={port},mqtt")])
        .args(["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("tshark does not run ({error}): apt-get install tshark"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// How often each line occurs.
fn counts<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    lines.for_each(|line| *counts.entry(line).or_default() += 1);
    counts
}

#[test]
fn messages_come_through_and_the_capture_agrees_with_tshark() {
    const MESSAGES: usize = 10_000;
    let broker = Broker::mosquitto();
    let folder = Folder::new();
    let path = folder.path().join("seen.pcapng");
    let proxy = Proxy::start(&format!("127.0.0.1:{}", broker.port()), &["--write", path.to_str().unwrap()]);
    let (mut subscriber, stdout) = subscribe(proxy.port, MESSAGES);
    let lines: String = (0..MESSAGES).map(|number| format!("message {number}\n")).collect();
    publish(proxy.port, &lines, &["-i", "publisher"]);
    let received: Vec<String> = stdout.lines().map(Result::unwrap).collect();
    assert!(subscriber.wait().unwrap().success());
    let received: String =
        received.iter().filter(|line| line.starts_with("message ")).map(|line| format!("{line}\n")).collect();
    assert!(received == lines, "something was changed, lost or doubled");

    let output = proxy.stop();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let faults = "tcp.checksum.status == 0 || ip.checksum.status == 0 || tcp.analysis.flags || _ws.malformed";
    assert_eq!(tshark(&path, broker.port(), &["-Y", faults]), "", "Wireshark complains");
    let theirs = tshark(&path, broker.port(), &["-Y", "mqtt", "-T", "fields", "-e", "mqtt.msgtype"]);
    let theirs = counts(theirs.lines().flat_map(|line| line.split(',')));
    // PUBLISH, PUBREC, PUBREL, PUBCOMP: each message goes up and down.
    for handshake in ["3", "5", "6", "7"] {
        assert_eq!(theirs[handshake], 2 * MESSAGES, "type {handshake}: {theirs:?}");
    }
    let ours = run(&["read", path.to_str().unwrap(), "--fields", "mqtt.msgtype"]);
    assert_eq!(counts(text(&ours.stdout).lines()), theirs);
    let shown = text(&output.stdout).lines().filter(|line| !line.contains(" - ")).count();
    assert_eq!(shown, theirs.values().sum::<usize>(), "each packet is shown");
    let checked = run(&["check", path.to_str().unwrap()]);
    assert_eq!(text(&checked.stdout), "0 errors, 0 warnings, 0 notes\n");
}

#[test]
fn nothing_private_is_in_any_output_when_it_is_redacted() {
    let broker = Broker::mosquitto();
    let folder = Folder::new();
    let path = folder.path().join("seen.pcapng");
    for format in ["summary", "tree", "hex", "json"] {
        let arguments = ["--write", path.to_str().unwrap(), "--redact", "--format", format];
        let proxy = Proxy::start(&format!("mqtt://127.0.0.1:{}", broker.port()), &arguments);
        let will = ["--will-topic", "gone", "--will-payload", "goodbye"];
        publish(proxy.port, "classified\n", &[&["-u", "marianne", "-P", "hunter2"][..], &will].concat());
        let output = proxy.stop();
        let shown = text(&output.stdout);
        let capture = std::fs::read(&path).unwrap();
        for private in ["marianne", "hunter2", "classified", "goodbye"] {
            let hex: String = private.bytes().map(|byte| format!("{byte:02x}")).collect();
            let spaced: String = private.bytes().map(|byte| format!("{byte:02x} ")).collect();
            for written in [private, &hex, &spaced] {
                assert!(!shown.contains(written), "{format}: {shown}");
            }
            assert!(!capture.windows(private.len()).any(|bytes| bytes == private.as_bytes()));
        }
        assert!(format == "hex" || shown.contains("proxy/test"), "the topic stays: {shown}");
    }
    let fields =
        ["-Y", "mqtt", "-T", "fields", "-e", "mqtt.topic", "-e", "mqtt.passwd_len", "-e", "mqtt.passwd"];
    let fields = tshark(&path, broker.port(), &fields);
    assert!(fields.contains("\t7\t*******\n") && fields.contains("proxy/test"), "lengths stay: {fields}");
}

#[test]
fn a_terminal_that_takes_nothing_holds_nothing_up() {
    let broker = Broker::mosquitto();
    // More than a pipe holds: 1,000 messages as trees.
    let proxy = Proxy::start(&format!("127.0.0.1:{}", broker.port()), &["--format", "tree"]);
    let lines = "message\n".repeat(1_000);
    publish(proxy.port, &lines, &[]);
    let shown = proxy.stop().stdout;
    assert_eq!(text(&shown).matches("Message: 6d657373616765").count(), 1_000, "it was only late");
}

#[test]
fn a_broker_that_is_not_there_is_said() {
    let [port] = free_ports(1)[..] else { panic!("one port") };
    let mut proxy = Proxy::start(&format!("127.0.0.1:{port}"), &[]);
    let mut client = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
    assert_eq!(client.read(&mut [0; 10]).unwrap_or(0), 0, "the client is closed");
    let said = proxy.said();
    assert!(said.contains(&format!("is turned away: upstream 127.0.0.1:{port}: ")), "{said}");
    assert!(proxy.stop().status.success());
}

#[test]
fn wrong_usage_is_said() {
    let [port] = free_ports(1)[..] else { panic!("one port") };
    let own = format!("127.0.0.1:{port}");
    let (named, all) = (format!("localhost:{port}"), format!("0.0.0.0:{port}"));
    for (arguments, message) in [
        (&["--upstream", "localhost"][..], "a port is missing"),
        (&["--upstream", "localhost:0"], "no number from 1 to 65535"),
        (&["--upstream", "ws://localhost:80"], "ws:// is not forwarded"),
        (&["--upstream", ":1883"], "a host is missing"),
        (&["--upstream", "h:1", "--listen", "nonsense"], "nonsense: invalid socket address"),
        (
            &["--upstream", "h:1", "--listen", "127.0.0.1:0", "--write", "/nowhere/x"],
            "/nowhere/x: No such file",
        ),
        (&["--upstream", &own, "--listen", &own], "the proxy would lead to itself"),
        (&["--upstream", &named, "--listen", &all], "the proxy would lead to itself"),
        (&["--upstream", "mqtts://h", "--ca", "/nowhere/ca"], "TLS: /nowhere/ca: "),
    ] {
        let output = run(&[&["proxy"], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
    }
}
