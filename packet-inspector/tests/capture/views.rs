//! `qos`, `sessions` and `stats`: each message and each connection counted as what it is, in little memory.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use packet_inspector::stream::Limits;

use crate::analysis::{findings_within, play};
use crate::wire::{CLIENT, Tcp, Wire};

/// What a view prints of these conversations.
fn view(command: &str, script: &str) -> String {
    of_capture(command, &play(script).pcap(1))
}

fn of_capture(command: &str, capture: &[u8]) -> String {
    let mut child = inspector(command);
    child.stdin.take().unwrap().write_all(capture).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn inspector(command: &str) -> std::process::Child {
    let mut inspector = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_packet-inspector")));
    inspector.args([command, "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// Lost with its connection; sent again and acknowledged on the next one.
const RESUMED: &str = "keep\n c 32 05 00 01 74 00 05\n rst s\n wait 1\n open\n keep present\n \
                       c 3a 05 00 01 74 00 05\n s 40 02 00 05\n c e0 00\n close";

#[test]
fn a_message_that_goes_on_in_its_session_is_one_message() {
    let qos = view("qos", RESUMED);
    assert!(qos.contains("QoS 1 from client: 1 message, 1 complete, 1 sent again;"), "{qos}");
    assert!(qos.contains("sent 2 times, begun on an earlier connection\n"), "{qos}");
    let stats = view("stats", RESUMED);
    assert!(!stats.contains("not acknowledged"), "{stats}");
    // Released on the last connection, where PUBLISH is not sent again; the PUBREC came on the one before.
    let released = "keep\n c 34 05 00 01 74 00 05\n rst s\n open\n keep present\n c 3c 05 00 01 74 00 05\n s 50 02 00 05\n \
                    rst s\n open\n keep present\n c 62 02 00 05\n s 70 02 00 05\n c e0 00\n close";
    let qos = view("qos", released);
    assert!(qos.contains("QoS 2 from client: 1 message, 1 complete, 1 sent again;"), "{qos}");
    assert_eq!(qos.matches("sent 2 times").count(), 2, "{qos}");
    // Never acknowledged, on two connections: one message.
    let lost = "keep\n c 32 05 00 01 74 00 05\n rst s\n open\n keep present\n c 3a 05 00 01 74 00 05\n rst s";
    assert!(view("qos", lost).contains("QoS 1 from client: 1 message, 0 complete, 1 sent again;"));
    assert!(view("stats", lost).contains("\n1 messages were not acknowledged to the end\n"));
}

#[test]
fn connections_are_what_they_are() {
    let refused =
        "c 10 0d 00 04 4d 51 54 54 04 02 00 05 00 01 61 82 06 00 01 00 01 74 00\n s 20 02 00 04\n fin s";
    let sessions = view("sessions", refused);
    assert!(sessions.contains("refused with code 4") && !sessions.contains("subscribed"), "{sessions}");
    assert!(sessions.ends_with("s, closed by the server\n"), "{sessions}");
    for (script, end) in [
        ("hello\n fin c", "closed by the client, without DISCONNECT"),
        ("hello\n rst s", "aborted"),
        ("hello\n c e0 00\n close", "ended by DISCONNECT"),
        ("hello", "open at the end, or its end is not in the capture"),
    ] {
        let sessions = view("sessions", script);
        assert!(sessions.ends_with(&format!("s, {end}\n")), "{sessions}");
    }
    let later =
        view("sessions", "c 10 0e 00 04 4d 51 54 54 05 02 00 05 00 00 01 61\n s 20 03 00 00 00\n close");
    assert!(later.starts_with("(not MQTT 3.1.1 but MQTT 5.0): 1 connection\n"), "{later}");
    let empty = "c 10 0c 00 04 4d 51 54 54 04 02 00 05 00 00\n s 20 02 00 00\n c e0 00\n close";
    assert!(view("sessions", empty).starts_with("(empty client identifier): 1 connection\n"));
    assert!(view("stats", empty).contains("(empty client identifier)"));
}

/// Streams of one packet each.
fn many(count: u32) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(|number| {
        let mut wire = Wire { now: u64::from(number) * 50, ..Wire::default() };
        let mut tcp = Tcp::new(1024 + u16::try_from(number % 60_000).unwrap());
        let id = format!("client{number:08}");
        let connect = [&b"\x10\x1a\0\x04MQTT\x04\0\0\x3c\0\x0e"[..], id.as_bytes()].concat();
        tcp.send(&mut wire, CLIENT, &connect);
        wire.pcap(1).split_off(24)
    })
}

#[test]
fn that_connections_are_forgotten_is_said_once() {
    let mut wire = Wire::default();
    for port in 0..40 {
        Tcp::new(50_000 + port).send(&mut wire, CLIENT, b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01a");
    }
    let found = findings_within(&wire, Limits { connections: 4, ..Limits::default() });
    assert_eq!(found.iter().map(|finding| finding.kind).collect::<Vec<_>>(), ["not_remembered"]);
    assert_eq!(findings_within(&wire, Limits::default()), []);
}

#[test]
#[cfg(target_os = "linux")]
fn many_connections_take_little_memory() {
    for command in ["check", "qos", "sessions", "topics"] {
        let mut child = inspector(command);
        let mut input = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        input.write_all(&Wire::default().pcap(1)).unwrap();
        many(22_000).for_each(|records| input.write_all(&records).unwrap());
        // All but what a pipe holds has been read.
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        drop(input);
        assert!(child.wait().unwrap().code().is_some());
        reader.join().unwrap().unwrap();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        let most: usize = most.unwrap().trim().parse().unwrap();
        assert!(most < 64 << 10, "{command}: {most} KiB");
    }
}
