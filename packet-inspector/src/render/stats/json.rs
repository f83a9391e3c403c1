//! A capture in numbers, as JSON. The keys are part of the command's interface: README lists them.

use std::io::{self, Write};

use serde_json::{Value as Json, json};

use crate::capture::Span;
use crate::render::json::value_line;
use crate::stats::{Histogram, Report, Rows, Tally, Top};

/// Writes one object in a line, each list with so many rows and one for the others. Times are in seconds.
///
/// # Errors
/// Those of the writer.
pub fn stats_json(report: &Report, most: usize, out: &mut impl Write) -> io::Result<()> {
    let handshakes = report.handshakes.iter().map(|(handshake, latencies)| {
        let mut object = distribution(latencies, seconds);
        insert(&mut object, "name", handshake.name());
        object
    });
    let findings = report.findings.iter().rev();
    let findings = findings.map(
        |((severity, kind), count)| json!({ "severity": severity.as_str(), "kind": kind, "count": count }),
    );
    let over = report.total.lasted();
    let object = json!({
        "start": report.start.map(|start| start.to_string()),
        "bin": report.total.over_time.width().as_seconds(),
        "total": tally(&report.total, over),
        "types": rows(&report.types, (usize::MAX, over), |name| json!({ "name": name })),
        "clients": rows(&report.clients, (most, over), |id| json!({ "name": id })),
        "connections": rows(&report.connections, (most, over), |number| connection(report, *number)),
        "topics": rows(&report.topics, (most, over), |topic| json!({ "name": topic })),
        "handshakes": handshakes.collect::<Json>(),
        "incomplete": report.incomplete,
        "findings": findings.collect::<Json>(),
        "ignored": report.left_alone,
    });
    value_line(&object, out)
}

fn insert(object: &mut Json, key: &str, value: impl Into<Json>) {
    if let Json::Object(map) = object {
        map.insert(key.to_owned(), value.into());
    }
}

fn rows<K: Clone + Eq + std::hash::Hash + Ord>(
    rows: &Rows<K>,
    (most, over): (usize, Span),
    of: impl Fn(&K) -> Json,
) -> Json {
    let Top { rows: top, others } = rows.top(most);
    let list = top.into_iter().map(|(key, of_key)| {
        let (mut object, about) = (tally(of_key, over), of(key));
        if let Json::Object(about) = about {
            about.into_iter().for_each(|(key, value)| insert(&mut object, &key, value));
        }
        object
    });
    let mut object = json!({ "rows": list.collect::<Json>() });
    if let Some((count, of_others)) = others {
        let mut others = tally(&of_others, over);
        insert(&mut others, "count", count);
        insert(&mut object, "others", others);
    }
    object
}

fn connection(report: &Report, number: u32) -> Json {
    let Some(known) = report.connection(number) else { return json!({ "stream": number }) };
    json!({
        "stream": number,
        "client": known.client,
        "source": known.info.source.to_string(),
        "destination": known.info.destination.to_string(),
    })
}

fn tally(tally: &Tally, over: Span) -> Json {
    let [notes, warnings, errors] = tally.findings;
    json!({
        "packets": tally.packets,
        "bytes": tally.bytes,
        "first": tally.times.map(|(first, _)| first.as_seconds()),
        "last": tally.times.map(|(_, last)| last.as_seconds()),
        "rate": tally.rate(over),
        "peak": tally.over_time.peak(),
        "time": tally.over_time.bins(),
        "latency": distribution(&tally.latencies, seconds),
        "payload": distribution(&tally.payloads, Json::from),
        "errors": errors,
        "warnings": warnings,
        "notes": notes,
    })
}

fn seconds(nanos: u64) -> Json {
    Span(i64::try_from(nanos).unwrap_or(i64::MAX)).as_seconds().into()
}

fn distribution(histogram: &Histogram, unit: impl Fn(u64) -> Json) -> Json {
    let value = |value: Option<u64>| value.map_or(Json::Null, &unit);
    json!({
        "count": histogram.count(),
        "min": value(histogram.least()),
        "mean": value(histogram.mean()),
        "median": value(histogram.percentile(50.0)),
        "p99": value(histogram.percentile(99.0)),
        "max": value(histogram.most()),
    })
}
