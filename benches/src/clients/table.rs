//! The tables, in Markdown.

use std::fmt::Write;

use mqtt_codec::QoS;

use super::rounds::{Results, Row};
use super::{CLIENTS, Client, RAW, WIDE, Work};

/// Before the block of the root README.md.
pub const BEGIN: &str = "<!-- client-benchmarks -->";
/// Behind it.
pub const END: &str = "<!-- /client-benchmarks -->";

/// Windows, from narrow to all identifiers.
const WINDOWS: [u16; 4] = [10, 1_000, WIDE, u16::MAX];

/// A column: its row of the measurements, the divisor that makes its unit, digits behind the point, and what ours shall
/// take at most.
struct Column {
    title: String,
    row: Row,
    unit: f64,
    digits: usize,
    goal: Option<f64>,
}

impl Column {
    fn of(work: Work) -> Self {
        let goal = match work {
            Work::Publish(QoS::AtMostOnce) => Some(0.16),
            Work::Publish(QoS::AtLeastOnce) => Some(0.30),
            Work::Publish(QoS::ExactlyOnce) => Some(0.50),
            Work::Receive(QoS::AtMostOnce) => Some(0.10),
            Work::Receive(QoS::AtLeastOnce) => Some(0.15),
            Work::Receive(QoS::ExactlyOnce) => Some(0.30),
            Work::Idle => Some(4.0),
            Work::PingPong => None,
        };
        let (unit, digits) = match work {
            Work::Idle => (1_024.0, 1),
            Work::PingPong => (1_000.0, 0),
            Work::Publish(_) | Work::Receive(_) => (1_000.0, 2),
        };
        let title = match work {
            Work::Idle => "idle connection, KiB".to_owned(),
            Work::PingPong => "round trip".to_owned(),
            _ => work.label().to_owned(),
        };
        Self { title, row: (work, WIDE), unit, digits, goal }
    }

    fn get(&self, results: &Results, client: &Client) -> Option<f64> {
        results.get(self.row, client).map(|value| value / self.unit)
    }

    /// Of who is neither ours nor no client at all.
    fn best_peer(&self, results: &Results) -> Option<f64> {
        let peers = CLIENTS.iter().skip(1).filter(|client| client.name != RAW);
        peers.filter_map(|client| self.get(results, client)).min_by(f64::total_cmp)
    }
}

/// What is measured for all tables.
pub fn rows() -> Vec<Row> {
    let narrow = WINDOWS.iter().filter(|window| **window != WIDE);
    let narrow = narrow.map(|window| (Work::Publish(QoS::AtLeastOnce), *window));
    Work::ALL.into_iter().map(|work| (work, WIDE)).chain(narrow).collect()
}

/// CPU time for a message, in microseconds, memory of an idle connection, and how far ours is from the best of the others.
pub fn main(results: &Results) -> String {
    let columns: Vec<_> = Work::ALL.into_iter().map(Column::of).collect();
    let mut table = values(results, &columns);
    let mut row = |name: &str, cell: &dyn Fn(&Column) -> Option<String>| {
        let cells: Vec<_> = columns.iter().map(|column| cell(column).unwrap_or_default()).collect();
        // Writing to a `String` does not fail.
        let _ = writeln!(table, "| {name} | {} |", cells.join(" | "));
    };
    row("ours, divided by the best of the others", &|column| {
        let ours = column.get(results, CLIENTS.first()?)?;
        Some(format!("{:.2}", ours / column.best_peer(results)?))
    });
    row("what ours shall take at most", &|column| column.goal.map(|goal| format!("{goal}")));
    table
}

/// CPU time for a message at QoS 1 by the width of the window, in microseconds.
pub fn windows(results: &Results) -> String {
    let column = |window: u16| Column {
        title: format!("{window} in flight"),
        row: (Work::Publish(QoS::AtLeastOnce), window),
        unit: 1_000.0,
        digits: 2,
        goal: None,
    };
    values(results, &WINDOWS.map(column))
}

/// A row for each client; the lowest number of a column is bold, sockets alone aside.
fn values(results: &Results, columns: &[Column]) -> String {
    let titles: Vec<_> = columns.iter().map(|column| column.title.as_str()).collect();
    let mut table = format!("| | {} |\n|---|{}\n", titles.join(" | "), "--:|".repeat(columns.len()));
    for client in CLIENTS {
        let _ = write!(table, "| {} |", client.name);
        for column in columns {
            let lowest = CLIENTS.iter().filter(|client| client.name != RAW);
            let lowest =
                lowest.filter_map(|client| column.get(results, client)).fold(f64::INFINITY, f64::min);
            let digits = column.digits;
            let _ = match column.get(results, client) {
                Some(value) if value <= lowest && client.name != RAW => {
                    write!(table, " **{value:.digits$}** |")
                }
                Some(value) => write!(table, " {value:.digits$} |"),
                None => write!(table, " |"),
            };
        }
        table.push('\n');
    }
    table
}

/// System calls that write, for each message.
pub fn writes(counts: &[(&Client, Row, f64)]) -> String {
    let mut table = "| | publish QoS 0 | publish QoS 1 |\n|---|--:|--:|\n".to_owned();
    for client in CLIENTS {
        let cell = |qos| {
            let count =
                counts.iter().find(|(it, row, _)| it.name == client.name && row.0 == Work::Publish(qos));
            count.map(|(_, _, count)| format!("{count:.4}")).unwrap_or_default()
        };
        let (first, second) = (cell(QoS::AtMostOnce), cell(QoS::AtLeastOnce));
        if !first.is_empty() || !second.is_empty() {
            let _ = writeln!(table, "| {} | {first} | {second} |", client.name);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_held_against_the_best_of_the_others() {
        let mut results = Results::default();
        let row = (Work::Publish(QoS::AtMostOnce), WIDE);
        for (client, value) in CLIENTS.iter().zip([150.0, 990.0, 600.0, 700.0, 300.0, 10.0]) {
            results.insert(row, client, value);
        }
        let table = main(&results);
        let first_cell = |name: &str| {
            let line = table.lines().find(|line| line.starts_with(&format!("| {name} |")));
            line.and_then(|line| line.split(" | ").nth(1)).map(ToOwned::to_owned)
        };
        assert_eq!(first_cell("mqtt-client").as_deref(), Some("**0.15**"));
        assert_eq!(first_cell(RAW).as_deref(), Some("0.01"));
        assert_eq!(first_cell("ours, divided by the best of the others").as_deref(), Some("0.50"));
    }
}
