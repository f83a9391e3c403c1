//! What the tests of decoding share: hex in, frames and printed output out.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of tests may panic as a test may"
)]

use std::io;
use std::path::PathBuf;

use packet_inspector::finding::{Finding, Severity};
use packet_inspector::frame::{Frame, Options};
use packet_inspector::input::{self, InputFormat};
use packet_inspector::net::Link;
use packet_inspector::render;
use serde_json::Value;

pub(crate) use mqtt_codec::Side;

/// The lab's packets.
pub(crate) fn lab(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/lab")).join(file)
}

pub(crate) fn read(file: &str) -> String {
    let path = lab(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An array in a JSON file of the lab.
pub(crate) fn objects(file: &str) -> Vec<Value> {
    serde_json::from_str(&read(file)).unwrap()
}

/// The frames of a text, read as the command reads it.
pub(crate) fn frames(text: &str, from: Option<Side>) -> Vec<Frame> {
    let records = input::read(text.as_bytes(), InputFormat::Auto).unwrap();
    let options = Options { link: Link::Auto, from };
    (1..).zip(records).map(|(number, record)| Frame::new(number, record, options)).collect()
}

/// The one frame of a text.
#[track_caller]
pub(crate) fn frame(text: &str, from: Option<Side>) -> Frame {
    let mut frames = frames(text, from);
    assert_eq!(frames.len(), 1, "{text} is one frame");
    frames.remove(0)
}

/// What a renderer writes, without colours.
pub(crate) fn plain(render: fn(&Frame, &mut Vec<u8>) -> io::Result<()>, frame: &Frame) -> String {
    anstream::adapter::strip_str(&rendered(render, frame)).to_string()
}

/// What a renderer writes, colours included.
pub(crate) fn rendered(render: fn(&Frame, &mut Vec<u8>) -> io::Result<()>, frame: &Frame) -> String {
    let mut out = Vec::new();
    render(frame, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The tree's lines, without colours and without our own `[Text: ...]`, which Wireshark shows only when told to.
pub(crate) fn tree_lines(frame: &Frame) -> Vec<String> {
    let tree = plain(render::tree, frame);
    tree.lines().filter(|line| !line.trim_start().starts_with("[Text: ")).map(str::to_owned).collect()
}

/// The object of each packet.
pub(crate) fn json(frame: &Frame) -> Vec<Value> {
    rendered(render::json, frame).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn errors(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.severity == Severity::Error).collect()
}

/// One of our values as Wireshark writes it for this field.
pub(crate) fn as_wireshark_shows(wireshark: &str, value: &Value) -> String {
    match (wireshark, value) {
        ("mqtt.hdrflags" | "mqtt.conflags" | "mqtt.conack.flags", Value::Number(number)) => {
            format!("0x{:02x}", number.as_u64().unwrap())
        }
        ("mqtt.msg" | "mqtt.willmsg", Value::String(hex)) => {
            let pairs: Vec<_> = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap()).collect();
            pairs.join(":")
        }
        // Wireshark takes it for text.
        ("mqtt.passwd", Value::String(hex)) => {
            String::from_utf8_lossy(&hex::decode(hex).unwrap()).into_owned()
        }
        (_, Value::Bool(flag)) => u8::from(*flag).to_string(),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}
