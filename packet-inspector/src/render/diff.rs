//! Two lists of packets beside each other: what differs, for people and as JSON.

use std::io::{self, Write};

use mqtt_codec::Side;
use serde_json::{Value as Json, json};

use super::json::{value, value_line};
use super::style;
use crate::diff::{Comparison, Difference, Field, Item, Pair};
use crate::dissect::{Value, text};
use crate::finding::Severity;

/// Writes each pair that differs with its fields, and each packet that only one list has.
///
/// # Errors
/// Those of the writer.
pub fn diff(comparison: &Comparison<'_>, out: &mut impl Write) -> io::Result<()> {
    let same = comparison.pairs.iter().filter(|pair| pair.is_same()).count();
    for pair in comparison.pairs.iter().filter(|pair| !pair.is_same()) {
        self::pair(pair, Heading { indent: "", from: None }, out)?;
    }
    writeln!(out, "{same} of {} the same", packets(comparison.pairs.len() as u64))
}

/// What stands around each pair.
#[derive(Clone, Copy)]
pub(super) struct Heading {
    pub(super) indent: &'static str,
    /// Who sent the packets.
    pub(super) from: Option<Side>,
}

/// Writes a pair that differs.
pub(super) fn pair(pair: &Pair<'_>, heading: Heading, out: &mut impl Write) -> io::Result<()> {
    let Heading { indent, from } = heading;
    let bold = style::HEADING;
    let from = from.map(|side| format!("{side}, ")).unwrap_or_default();
    match (pair.a, pair.b) {
        (Some(a), Some(b)) => {
            let (info_a, info_b) = (visible(&a.info), visible(&b.info));
            let info = if info_a == info_b { info_a } else { format!("{info_a} | {info_b}") };
            writeln!(out, "{indent}{bold}{info}{bold:#} ({from}{} | {})", place(a), place(b))?;
        }
        (Some(item), None) => alone("only in A", item, &from, indent, out)?,
        (None, Some(item)) => alone("only in B", item, &from, indent, out)?,
        (None, None) => {}
    }
    pair.fields.iter().try_for_each(|field| {
        let (a, b) = beside(field);
        writeln!(out, "{indent}    {}: {a} | {b}", field.name)
    })
}

/// So many packets.
pub(super) fn packets(count: u64) -> String {
    super::counted(count, "packet")
}

/// Writes an object for each pair that differs and for each packet that only one list has, in a line each.
///
/// # Errors
/// Those of the writer.
pub fn diff_json(comparison: &Comparison<'_>, out: &mut impl Write) -> io::Result<()> {
    for pair in comparison.pairs.iter().filter(|pair| !pair.is_same()) {
        value_line(&object(pair), out)?;
    }
    Ok(())
}

/// A pair as JSON.
pub(super) fn object(pair: &Pair<'_>) -> Json {
    let place = |item: &Item| json!({ "frame": item.frame, "offset": item.offset });
    let json = |field: Option<&Field>| {
        field.map(|field| match field.is_hidden {
            true => value(&Value::Hidden),
            false => value(&field.value),
        })
    };
    let fields = pair.fields.iter().map(|field| {
        json!({
            "name": field.name,
            "wireshark": field.a.or(field.b).and_then(|field| field.wireshark),
            "a": json(field.a),
            "b": json(field.b),
        })
    });
    json!({
        "packet": pair.a.or(pair.b).map(|item| item.packet),
        "a": pair.a.map(place),
        "b": pair.b.map(place),
        "fields": fields.collect::<Json>(),
    })
}

fn alone(which: &str, item: &Item, from: &str, indent: &str, out: &mut impl Write) -> io::Result<()> {
    let (bold, severe) = (style::HEADING, style::severity(Severity::Warning));
    let info = visible(&item.info);
    writeln!(out, "{indent}{severe}{which}:{severe:#} {bold}{info}{bold:#} ({from}{})", place(item))
}

fn place(item: &Item) -> String {
    format!("frame {}, byte {}", item.frame, item.offset)
}

/// Both values; of long ones that begin alike, what follows from the first difference on.
fn beside(difference: &Difference<'_>) -> (String, String) {
    /// Bytes before the first difference that are shown.
    const BEFORE: usize = 8;
    /// Values up to this length are shown whole.
    const SHORT: usize = 32;
    let bytes = |field: Option<&'_ Field>| match field {
        Some(Field { value: Value::Bytes(bytes), is_hidden: false, .. }) => Some(bytes.clone()),
        _ => None,
    };
    if let (Some(a), Some(b)) = (bytes(difference.a), bytes(difference.b))
        && a.len().max(b.len()) > SHORT
    {
        let first = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
        let from = |bytes: &[u8]| {
            let rest = bytes.get(first.saturating_sub(BEFORE)..).unwrap_or_default();
            format!(
                "{} bytes, from byte {} on {}",
                bytes.len(),
                first.saturating_sub(BEFORE),
                text::hex_shortened(rest)
            )
        };
        return (from(&a), from(&b));
    }
    let shown = |field: Option<&Field>| field.map_or("(none)".to_owned(), |field| visible(&field.text));
    (shown(difference.a), shown(difference.b))
}

fn visible(words: &str) -> String {
    text::visible(words.as_bytes())
}
