//! What tables of statistics say of a tally, as text: the terminal and the HTML report show the same.

use crate::capture::Span;
use crate::stats::{NO_CONNECT, Report, Rows, Tally, Top};

/// The columns behind the name.
pub(in crate::render) const HEADINGS: [&str; 10] =
    ["packets", "bytes", "per s", "peak per s", "latency", "99 %", "payload", "99 %", "errors", "warnings"];

/// A row of a table.
pub(in crate::render) struct Row {
    /// Whose packets they are, for people; not escaped for HTML.
    pub(in crate::render) name: String,
    /// Under [`HEADINGS`].
    pub(in crate::render) cells: [String; 10],
    /// Packets in each bin of time.
    pub(in crate::render) over_time: Vec<u64>,
}

/// A table.
pub(in crate::render) struct Table {
    pub(in crate::render) title: &'static str,
    pub(in crate::render) rows: Vec<Row>,
    /// Some rows say the least that there was.
    pub(in crate::render) is_partial: bool,
}

impl Table {
    fn new<K: Clone + Eq + std::hash::Hash + Ord>(
        title: &'static str,
        rows: &Rows<K>,
        (most, over): (usize, Span),
        name: impl Fn(&K) -> String,
    ) -> Self {
        let Top { rows: top, others } = rows.top(most);
        let mut shown: Vec<_> = top.into_iter().map(|(key, tally)| row(name(key), tally, over)).collect();
        shown.extend(others.map(|(count, tally)| row(format!("({count} others)"), &tally, over)));
        Self { title, rows: shown, is_partial: rows.folded() > 0 }
    }
}

/// The tables of a report, with so many rows at most and one for the others.
pub(in crate::render) fn tables(report: &Report, most: usize) -> [Table; 4] {
    let over = report.total.lasted();
    [
        Table::new("Packet types", &report.types, (usize::MAX, over), |name| (*name).to_owned()),
        Table::new("Clients", &report.clients, (most, over), Clone::clone),
        Table::new("Connections", &report.connections, (most, over), |number| connection(report, *number)),
        Table::new("Topics", &report.topics, (most, over), Clone::clone),
    ]
}

/// `5 PythonPub 192.0.2.1:40000`
fn connection(report: &Report, number: u32) -> String {
    let Some(known) = report.connection(number) else { return number.to_string() };
    let client = known.info.client.unwrap_or(crate::stream::Direction::Forward);
    let id = if known.client == NO_CONNECT { "" } else { &known.client };
    let space = if id.is_empty() { "" } else { " " };
    format!("{number}{space}{id} {}", known.info.sender(client))
}

fn row(name: String, tally: &Tally, over: Span) -> Row {
    let [_, warnings, errors] = tally.findings;
    let latency = |percent| tally.latencies.percentile(percent).map(duration);
    let payload = |percent| tally.payloads.percentile(percent).map(grouped);
    let cells = [
        Some(grouped(tally.packets)),
        Some(grouped(tally.bytes)),
        tally.rate(over).map(number),
        Some(number(tally.over_time.peak())),
        latency(50.0),
        latency(99.0),
        payload(50.0),
        payload(99.0),
        (errors > 0).then(|| grouped(errors)),
        (warnings > 0).then(|| grouped(warnings)),
    ];
    let cells = cells.map(Option::unwrap_or_default);
    Row { name, cells, over_time: tally.over_time.bins().to_vec() }
}

/// With commas between thousands.
pub(in crate::render) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// With about three digits.
pub(in crate::render) fn number(value: f64) -> String {
    let places = match value {
        _ if value >= 100.0 || value == 0.0 => 0,
        _ if value >= 10.0 => 1,
        _ if value >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

/// Nanoseconds, in the unit that suits them.
pub(in crate::render) fn duration(nanos: u64) -> String {
    let value = crate::stats::float(nanos);
    let (value, unit) = match nanos {
        0 => return "0 s".to_owned(),
        1..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => (value / 1e3, "µs"),
        1_000_000..1_000_000_000 => (value / 1e6, "ms"),
        _ => (value / 1e9, "s"),
    };
    format!("{} {unit}", number(value))
}

/// The same of a span; negative ones do not occur.
pub(in crate::render) fn span(span: Span) -> String {
    duration(span.0.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 0.0121, 1.5, 45.67, 1234.5].map(number), ["0", "0.012", "1.50", "45.7", "1234"]);
        let nanos = [0, 999, 1_500, 387_018_000, 128_000_000_000];
        assert_eq!(nanos.map(duration), ["0 s", "999 ns", "1.50 µs", "387 ms", "128 s"]);
    }
}
