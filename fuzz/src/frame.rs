//! What holds for a record that was taken apart, whatever its bytes.

use std::io;
use std::ops::Range;

use mqtt_codec::Side;
use packet_inspector::dissect::{Node, PacketTree};
use packet_inspector::finding::Finding;
use packet_inspector::frame::{Frame, Options};
use packet_inspector::net::{self, Link};
use packet_inspector::record::Record;
use packet_inspector::render;

pub(crate) const LINKS: [Link; 7] =
    [Link::Auto, Link::Mqtt, Link::Ethernet, Link::LinuxSll, Link::LinuxSll2, Link::RawIp, Link::Null];

pub(crate) const SENDERS: [Option<Side>; 3] = [None, Some(Side::Client), Some(Side::Server)];

/// Takes a record apart, and checks all that can be said of the outcome.
pub(crate) fn take_apart(record: Record, link: Link, from: Option<Side>) {
    let frame = Frame::new(1, record, Options { link, from });
    let len = frame.record.bytes.len();
    of_net(&frame.net, len);
    let packets: Vec<_> = frame.packets().collect();
    packets_tile(&packets, &frame.mqtt);
    packets.iter().for_each(|packet| of_packet(packet, &frame.mqtt));
    frame.all_findings().for_each(|finding| of_finding(&finding, len));
    rendered(&frame);
}

/// All places are in the record.
pub(crate) fn of_net(net: &net::Frame, len: usize) {
    assert_ne!(net.link, Link::Auto);
    lies_in(&net.payload, &(0..len), "payload");
    for layer in &net.layers {
        lies_in(&layer.range, &(0..len), layer.protocol);
        is_clean(&layer.summary);
        for field in &layer.fields {
            lies_in(&(field.offset..field.offset + field.length), &layer.range, field.name);
            is_clean(&field.value);
        }
    }
    net.findings.iter().for_each(|finding| of_finding(finding, len));
}

/// Each begins where the last one ended, and the last ends with the payload.
fn packets_tile(packets: &[PacketTree], payload: &Range<usize>) {
    let end = packets.iter().fold(payload.start, |end, packet| {
        assert_eq!(packet.offset, end);
        packet.offset + packet.length
    });
    assert_eq!(end, payload.end);
}

fn of_packet(packet: &PacketTree, payload: &Range<usize>) {
    // Of a packet that was refused by its header, fields may be shown beyond what was passed over.
    packet.nodes.iter().for_each(|node| of_node(node, &(packet.offset..payload.end)));
    let mut end = packet.offset;
    for node in &packet.nodes {
        assert_eq!(node.bytes.start, end, "{}", node.name);
        end = node.bytes.end;
    }
}

fn of_node(node: &Node, within: &Range<usize>) {
    lies_in(&node.bytes, within, node.name);
    is_clean(&node.text);
    node.children.iter().for_each(|child| of_node(child, &node.bytes));
}

pub(crate) fn of_finding(finding: &Finding, len: usize) {
    lies_in(&(finding.offset..finding.offset + finding.length), &(0..len), finding.kind);
    is_clean(&finding.message);
    is_clean(&finding.hint);
    finding.field.iter().for_each(|field| is_clean(field));
    assert!(!finding.message.is_empty(), "{}", finding.kind);
}

#[track_caller]
fn lies_in(range: &Range<usize>, within: &Range<usize>, what: &str) {
    let is_in = within.start <= range.start && range.start <= range.end && range.end <= within.end;
    assert!(is_in, "{what} at {range:?}, not in {within:?}");
}

/// Nothing that a terminal takes for a command or a line end.
#[track_caller]
fn is_clean(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

fn rendered(frame: &Frame) {
    let findings = |findings: &[Finding]| -> usize {
        findings.iter().map(|finding| if finding.hint.is_empty() { 1 } else { 2 }).sum()
    };
    let of_tree = frame
        .packets()
        .map(|packet| 1 + packet.nodes.iter().map(count).sum::<usize>() + findings(&packet.findings));
    let lines = 1 + frame.net.layers.len() + findings(&frame.findings) + of_tree.sum::<usize>();
    assert_eq!(text_of(|out| render::tree(frame, out)).lines().count(), lines, "lines of the tree");

    let lines = 1 + frame.record.bytes.len().div_ceil(16) + frame.all_findings().count();
    assert_eq!(text_of(|out| render::hex(frame, out)).lines().count(), lines, "lines of the dump");

    let summary = text_of(|out| render::summary(frame, out));
    assert!(summary.lines().count() >= frame.packets().count().max(1));

    let json = written(|out| render::json(frame, out));
    let objects: Vec<serde_json::Value> = str::from_utf8(&json)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(objects.len(), frame.packets().count().max(1));
    for (object, packet) in objects.iter().zip(frame.packets()) {
        assert_eq!(object["packet"], packet.name());
        assert_eq!(object["offset"], packet.offset);
        assert_eq!(object["length"], packet.length);
    }
}

/// The node and all below it.
fn count(node: &Node) -> usize {
    1 + node.children.iter().map(count).sum::<usize>()
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    out
}

/// What is written without its colours. Nothing else in it may be a control character but the ends of lines.
fn text_of(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let out = String::from_utf8(written(write)).expect("output is UTF-8");
    let mut pieces = out.split("\x1b[");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        text.push_str(digits.strip_prefix('m').expect("colours alone"));
    }
    assert!(text.lines().all(|line| !line.chars().any(char::is_control)), "{text:?}");
    assert!(text.ends_with('\n'));
    text
}
