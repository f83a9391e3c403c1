//! Every command with `--redact` on traffic with known secrets: none is in any output, in no form.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::process::Output;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mqtt_codec::Side;
use packet_inspector::build::{self, Endpoints, Stream};
use serde_json::{Value, json};

#[path = "../../mqtt-client/tests/common/broker.rs"]
mod broker;
#[path = "common/process.rs"]
mod process;

use broker::Folder;
use process::{fed, run};

const USER: &str = "marianne";
const PASSWORD: &str = "hunter2x";
const WILL: &str = "goodbye-all";
const SECRETS: [&str; 5] = [USER, PASSWORD, WILL, "classified", "zq9-private"];

/// A conversation with all of them: well-formed, malformed and not MQTT at all.
fn packets() -> Vec<(Side, Vec<u8>)> {
    let build = |object: Value| build::packet(&object).unwrap();
    let connect = build(json!({
        "packet": "CONNECT", "client_id": "meter", "username": USER, "password_text": PASSWORD,
        "will_topic": "gone", "will_payload_text": WILL, "will_qos": 1,
    }));
    let mut malformed = build(json!({ "packet": "PUBLISH", "topic": "a/b", "qos": 1, "packet_id": 9,
        "payload_text": "classified" }));
    // Its Packet Identifier is zero.
    malformed[8] = 0;
    vec![
        (Side::Client, connect),
        (Side::Server, vec![0x20, 2, 0, 0]),
        (Side::Client, build(json!({ "packet": "PUBLISH", "topic": "a/b", "payload_text": "classified" }))),
        (
            Side::Client,
            build(json!({ "packet": "PUBLISH", "topic": "a/b", "qos": 2, "packet_id": 7,
            "payload_text": "zq9-private" })),
        ),
        (Side::Server, vec![0x50, 2, 0, 7]),
        (Side::Client, vec![0x62, 2, 0, 7]),
        (Side::Server, vec![0x70, 2, 0, 7]),
        (Side::Client, malformed),
    ]
}

fn frames(packets: &[(Side, Vec<u8>)]) -> Vec<(Duration, Vec<u8>)> {
    let mut stream = Stream::open(Endpoints::default(), Duration::from_secs(5)).unwrap();
    packets.iter().for_each(|(from, bytes)| stream.send(*from, bytes));
    stream.close()
}

/// Rows of 16 bytes with offset and text, as Wireshark prints them.
fn dump(bytes: &[u8]) -> String {
    let row = |(number, row): (usize, &[u8])| {
        let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' };
        format!("{:04x}  {:47}  {}\n", 16 * number, hex.join(" "), row.iter().map(shown).collect::<String>())
    };
    bytes.chunks(16).enumerate().map(row).collect()
}

/// A secret in the forms in which bytes are written.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let joined =
        |between: &str, digits: fn(&u8) -> String| bytes.iter().map(digits).collect::<Vec<_>>().join(between);
    let hex = |byte: &u8| format!("{byte:02x}");
    let mut forms = vec![secret.to_owned(), joined("", hex), joined(" ", hex), joined(":", hex)];
    forms.push(joined("\\x", hex));
    forms.push(joined(", ", |byte| format!("0x{byte:02x}")));
    forms.push(joined(",", u8::to_string));
    forms.push(joined(", ", u8::to_string));
    // In base64 wherever it begins: the characters that hold nothing but it.
    for before in 0..3 {
        let encoded = STANDARD.encode([&vec![0; before][..], bytes].concat());
        let whole = (before + bytes.len()) / 3 * 4;
        forms.push(encoded[[0, 2, 3][before]..whole].to_owned());
    }
    forms
}

#[track_caller]
fn hides(what: &str, shown: &[u8]) {
    let text = String::from_utf8_lossy(shown).to_lowercase();
    for secret in SECRETS {
        for form in forms(secret) {
            assert!(!text.contains(&form.to_lowercase()), "{what} shows {secret:?} as {form:?}:\n{text}");
        }
    }
}

#[track_caller]
fn all_hide(arguments: &[&str], output: &Output) {
    let status = output.status.code();
    assert!(matches!(status, Some(0 | 1)), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    hides(&format!("{arguments:?}"), &output.stdout);
    hides(&format!("{arguments:?} on standard error"), &output.stderr);
}

#[track_caller]
fn shows(arguments: &[&str]) -> Output {
    let output = run(&[arguments, &["--redact"]].concat());
    all_hide(arguments, &output);
    output
}

struct Files(Folder);

impl Files {
    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn capture(&self, name: &str, packets: &[(Side, Vec<u8>)]) -> String {
        let (frames, mut out) = (frames(packets), Vec::new());
        build::pcap(frames.iter().map(|(time, frame)| (*time, frame.as_slice())), &mut out).unwrap();
        self.write(name, &out)
    }
}

#[test]
fn the_secrets_are_there_when_nobody_hides_them() {
    let files = Files(Folder::new());
    let capture = files.capture("secrets.pcap", &packets());
    let shown = run(&["read", &capture, "--format", "json"]).stdout;
    let shown = String::from_utf8(shown).unwrap();
    for secret in SECRETS {
        assert!(forms(secret).iter().any(|form| shown.contains(form)), "{secret}: {shown}");
    }
}

#[test]
fn captures_show_none() {
    let files = Files(Folder::new());
    let capture = files.capture("secrets.pcap", &packets());
    for format in ["summary", "tree", "hex", "json"] {
        let shown = shows(&["read", &capture, "--format", format]);
        assert!(!shown.stdout.is_empty());
    }
    let fields = "frame.number,mqtt.topic,mqtt.msg,mqtt.username,mqtt.passwd,mqtt.willmsg,mqtt.passwd_len,mqtt.willtopic";
    let columns = shows(&["read", &capture, "--fields", fields]);
    let columns = String::from_utf8(columns.stdout).unwrap();
    assert!(columns.contains("\t8\tgone") && columns.contains("a/b"), "lengths and topics stay: {columns}");
    shows(&["read", &capture, "--fields", fields, "--csv"]);
    shows(&["read", &capture, "--follow", "0"]);
    for format in ["text", "json"] {
        shows(&["check", &capture, "--fail-on", "note", "--format", format]);
    }
    for view in ["qos", "sessions", "topics", "flow"] {
        shows(&[view, &capture]);
    }
    let sessions = String::from_utf8(shows(&["sessions", &capture]).stdout).unwrap();
    assert!(sessions.contains("user (8 bytes hidden)"), "{sessions}");
    shows(&["flow", &capture, "--mermaid"]);
    shows(&["stats", &capture, "--format", "json"]);
    let page = files.0.path().join("page.html");
    shows(&["stats", &capture, "--report", page.to_str().unwrap()]);
    hides("the report", &std::fs::read(&page).unwrap());
}

#[test]
fn comparisons_show_none_and_still_tell_that_they_differ() {
    let files = Files(Folder::new());
    let packets = packets();
    let mut changed = packets.clone();
    for (_, bytes) in &mut changed {
        if bytes[0] >> 4 == 3 || bytes[0] >> 4 == 1 {
            *bytes.last_mut().unwrap() ^= 1;
        }
    }
    let (a, b) = (files.capture("a.pcap", &packets), files.capture("b.pcap", &changed));
    let of = |packets: &[(Side, Vec<u8>)]| {
        frames(packets).iter().map(|(_, frame)| dump(frame)).collect::<Vec<_>>().join("\n")
    };
    let (dump_a, dump_b) =
        (files.write("a.txt", of(&packets).as_bytes()), files.write("b.txt", of(&changed).as_bytes()));
    for (one, other) in [(&a, &b), (&dump_a, &dump_b), (&a, &dump_b)] {
        for options in [&[][..], &["--all"], &["--format", "json"], &["--format", "json", "--all"]] {
            let shown = shows(&[&["diff", one, other], options].concat());
            assert_eq!(shown.status.code(), Some(1), "a hidden field differs");
        }
    }
    let text = String::from_utf8(shows(&["diff", &a, &b]).stdout).unwrap();
    assert!(text.contains("Password: (8 bytes hidden) | (8 bytes hidden)"), "{text}");
    assert!(text.contains("Message: (10 bytes hidden) | (10 bytes hidden)"), "{text}");
    assert_eq!(shows(&["diff", &a, &a]).status.code(), Some(0));
}

/// Bytes of a frame that holds more than headers and an acknowledgement.
const LONG: usize = 62;

#[test]
fn dumps_show_none_whole_and_damaged() {
    let files = Files(Folder::new());
    for (number, (_, frame)) in frames(&packets()).iter().filter(|(_, frame)| frame.len() > LONG).enumerate()
    {
        let printed = dump(frame);
        let whole = files.write(&format!("{number}.txt"), printed.as_bytes());
        // A digit that a scanner took for another: in the headers, and in what they carry.
        let damaged = [9, 300].map(|from| {
            let mut text = printed.clone().into_bytes();
            let digit = text.iter_mut().skip(from).find(|digit| matches!(digit, b'0' | b'6')).unwrap();
            *digit = if *digit == b'6' { b'8' } else { b'6' };
            files.write(&format!("{number}-{from}.txt"), &text)
        });
        for file in [&[whole], &damaged[..]].concat() {
            for format in ["tree", "hex", "json"] {
                shows(&["decode", "--file", &file, "--format", format]);
            }
            shows(&["decode", "--repair", "--file", &file]);
            for format in ["text", "json"] {
                shows(&["repair", "--file", &file, "--format", format]);
            }
        }
    }
}

/// Damaged packets of which several repairs pass the same checks: in most of them, a topic reaches into the payload.
#[test]
fn what_is_only_likely_is_hidden_behind_its_fixed_header() {
    let files = Files(Folder::new());
    let mut printed = Vec::new();
    for damage in [0, 3, 7, 15] {
        for secret in ["classified", "zq9-private"] {
            let publish = json!({ "packet": "PUBLISH", "topic": "a", "payload_text": secret });
            let mut publish = build::packet(&publish).unwrap();
            publish[3] = damage;
            printed.push(hex::encode(&publish));
            // The length of the packet is damaged: what follows would be packets.
            publish[3] = 1;
            publish[1] = damage;
            printed.push(hex::encode(&publish));
        }
    }
    printed.retain(|hex| !run(&["decode", hex]).status.success());
    assert!(printed.len() > 8, "{}", printed.len());
    // Of a topic, no part of a payload is left.
    let parts = |shown: &[u8]| {
        let text = String::from_utf8_lossy(shown).to_lowercase();
        let told = ["clas", "[ac", "zq9", "[az", "636c", "7a71"].into_iter().find(|part| text.contains(part));
        assert_eq!(told, None, "{text}");
    };
    for hex in &printed {
        for format in ["summary", "tree", "hex", "json"] {
            parts(&shows(&["decode", "--repair", hex, "--format", format]).stdout);
        }
        for format in ["text", "json"] {
            parts(&shows(&["repair", hex, "--format", format]).stdout);
        }
    }
    let file = files.write("likely.txt", b"300b0000617365637265743939");
    let line =
        String::from_utf8(shows(&["decode", "--repair", "--format", "summary", "--file", &file]).stdout)
            .unwrap();
    assert!(line.contains("Publish Message\n") && line.contains("not proved"), "{line}");
}

#[test]
fn what_is_not_understood_is_not_quoted() {
    for command in ["decode", "repair"] {
        let output = fed(&[command, "--redact"], b"user \"marianne\" has hunter2x");
        assert_eq!(output.status.code(), Some(2));
        hides(command, &[output.stdout, output.stderr].concat());
    }
    let output = run(&["diff", "--redact", "password hunter2x", "c000"]);
    assert_eq!(output.status.code(), Some(2));
    hides("diff", &[output.stdout, output.stderr].concat());
}

#[test]
fn what_is_built_has_asterisks() {
    let files = Files(Folder::new());
    let options = ["encode", "connect", "--client-id", "meter", "--username", USER, "--password", PASSWORD];
    let hex = shows(&options).stdout;
    let hex = String::from_utf8(hex).unwrap();
    assert!(hex.contains(&hex::encode("********")) && hex.contains(&hex::encode("meter")), "{hex}");
    let capture = files.capture("secrets.pcap", &packets()[..7]);
    let decoded = run(&["read", &capture, "--format", "json"]).stdout;
    for format in ["hex", "raw", "pcap"] {
        let arguments = ["encode", "--json", "-", "--format", format, "--redact"];
        all_hide(&arguments, &fed(&arguments, &decoded));
    }
    let built = fed(&["encode", "--json", "-", "--format", "pcap", "--redact"], &decoded).stdout;
    let built = files.write("built.pcap", &built);
    let same = run(&["read", &built, "--fields", "mqtt.msgtype,mqtt.topic,mqtt.len"]).stdout;
    assert_eq!(same, run(&["read", &capture, "--fields", "mqtt.msgtype,mqtt.topic,mqtt.len"]).stdout);
}
