//! Two captures beside each other: connections that differ, for people and as JSON.

use std::io::{self, Write};

use mqtt_codec::Side;
use serde_json::{Value as Json, json};

use super::diff::{Heading, object, packets, pair};
use super::json::value_line;
use super::style;
use crate::diff::captures::{Captures, Conversation, Talk};
use crate::diff::compare;
use crate::finding::Severity;

/// Writes each connection that differs with its packets, and each that only one capture has.
///
/// # Errors
/// Those of the writer.
pub fn diff_captures(captures: &Captures, out: &mut impl Write) -> io::Result<()> {
    let (mut same, mut differ) = (Sum::of(captures.same, captures.same_packets), Sum::default());
    for talk in &captures.talks {
        let (like, unlike) = written(talk, out)?;
        same.packets += like;
        differ.packets += unlike;
        let sum = if talk.is_same() { &mut same } else { &mut differ };
        sum.connections += 1;
    }
    for (name, left_out) in ["A", "B"].into_iter().zip(captures.left_out) {
        if left_out > 0 {
            writeln!(out, "{} of {name} are on more connections than are compared", packets(left_out))?;
        }
    }
    for (name, others) in ["A", "B"].into_iter().zip(captures.others) {
        if others > 0 {
            writeln!(out, "{} of {name} not MQTT 3.1.1, and not compared", are(others))?;
        }
    }
    for (name, count) in ["A", "B"].into_iter().zip(captures.malformed) {
        if count > 0 {
            writeln!(out, "{} of {name} could not be decoded whole: compared as bytes", packets(count))?;
        }
    }
    for (name, count) in ["A", "B"].into_iter().zip(captures.same_with_gaps) {
        if count > 0 {
            writeln!(out, "{} of those that are the same not wholly in {name}", are(count))?;
        }
    }
    writeln!(
        out,
        "{} of {} the same; {} of {} the same",
        same.connections,
        connections(same.connections + differ.connections),
        same.packets,
        packets(same.packets + differ.packets),
    )
}

/// What was counted.
#[derive(Default)]
struct Sum {
    connections: u64,
    packets: u64,
}

impl Sum {
    fn of(connections: u64, packets: u64) -> Self {
        Self { connections, packets }
    }
}

/// Writes a connection; gives how many packets are the same, and how many differ or stand alone.
fn written(talk: &Talk, out: &mut impl Write) -> io::Result<(u64, u64)> {
    let (bold, severe) = (style::HEADING, style::severity(Severity::Warning));
    let (which, only) = match (&talk.a, &talk.b) {
        (Some(a), Some(b)) => {
            if talk.is_same() {
                let of_parts: usize = talk.parts.iter().map(|part| part.a.as_slice().len()).sum();
                return Ok((talk.same_packets + of_parts as u64, 0));
            }
            let (id_a, id_b) = (name(a), name(b));
            let names = if id_a == id_b { id_a } else { format!("{id_a} | {id_b}") };
            let (a, b) = (place(a), place(b));
            writeln!(out, "{bold}{names}{bold:#} ({a} | {b})")?;
            return differences(talk, out);
        }
        (Some(only), None) => ("only in A", only),
        (None, Some(only)) => ("only in B", only),
        (None, None) => return Ok((0, 0)),
    };
    let count = packets(only.count());
    writeln!(out, "{severe}{which}:{severe:#} {bold}{}{bold:#} ({}): {count}", name(only), place(only))?;
    Ok((0, only.count()))
}

fn differences(talk: &Talk, out: &mut impl Write) -> io::Result<(u64, u64)> {
    let (mut same, mut differ) = (talk.same_packets, 0);
    for part in &talk.parts {
        for one in compare(&part.a, &part.b).pairs {
            if one.is_same() {
                same += 1;
                continue;
            }
            differ += 1;
            pair(&one, Heading { indent: "    ", from: Some(part.from) }, out)?;
        }
    }
    let [a, b] = talk.not_shown;
    if a + b > 0 {
        writeln!(out, "    more than can be shown: {} of A, {} of B", packets(a), packets(b))?;
    }
    for (name, one) in [("A", &talk.a), ("B", &talk.b)] {
        if one.as_ref().is_some_and(|one| one.has_gaps) {
            let note = style::severity(Severity::Note);
            writeln!(out, "    {note}note:{note:#} not all of the connection is in {name}")?;
        }
    }
    Ok((same, differ + a.max(b)))
}

fn name(conversation: &Conversation) -> String {
    match &conversation.client_id {
        Some(id) => format!("client \"{id}\""),
        None => "a client without identifier".to_owned(),
    }
}

fn place(conversation: &Conversation) -> String {
    format!("connection {} from frame {} on", conversation.number, conversation.frame)
}

fn connections(count: u64) -> String {
    super::counted(count, "connection")
}

fn are(count: u64) -> String {
    format!("{} {}", connections(count), if count == 1 { "is" } else { "are" })
}

/// Writes an object for each pair of packets that differs, for each packet that only one side of a connection has, and for
/// each connection that only one capture has, in a line each.
///
/// # Errors
/// Those of the writer.
pub fn diff_captures_json(captures: &Captures, out: &mut impl Write) -> io::Result<()> {
    for talk in captures.talks.iter().filter(|talk| !talk.is_same()) {
        let connection =
            json!({ "a": talk.a.as_ref().map(conversation), "b": talk.b.as_ref().map(conversation) });
        if talk.a.is_none() || talk.b.is_none() {
            value_line(&json!({ "connection": connection }), out)?;
            continue;
        }
        for part in &talk.parts {
            for one in compare(&part.a, &part.b).pairs.iter().filter(|one| !one.is_same()) {
                let mut line = json!({ "connection": connection, "from": from(part.from) });
                if let (Json::Object(line), Json::Object(pair)) = (&mut line, object(one)) {
                    line.extend(pair);
                }
                value_line(&line, out)?;
            }
        }
        let [a, b] = talk.not_shown;
        if a + b > 0 {
            value_line(&json!({ "connection": connection, "not_shown": { "a": a, "b": b } }), out)?;
        }
    }
    let [a, b] = captures.left_out;
    if a + b > 0 {
        value_line(&json!({ "not_compared": { "a": a, "b": b } }), out)?;
    }
    for (key, [a, b]) in [("malformed", captures.malformed), ("same_with_gaps", captures.same_with_gaps)] {
        if a + b > 0 {
            value_line(&json!({ key: { "a": a, "b": b } }), out)?;
        }
    }
    Ok(())
}

fn from(side: Side) -> String {
    side.to_string()
}

fn conversation(conversation: &Conversation) -> Json {
    json!({
        "stream": conversation.number,
        "client_id": conversation.client_id,
        "frame": conversation.frame,
        "packets": conversation.count(),
        "has_gaps": conversation.has_gaps,
    })
}
