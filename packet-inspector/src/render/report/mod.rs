//! A capture in numbers, as a page for browsers: one file that loads nothing and runs nothing, with plots as inline SVG.

use std::io::{self, Write};

use crate::capture::Time;
use crate::render::stats::cells::{HEADINGS, Table, duration, grouped, span, tables};
use crate::stats::{Histogram, Report, float};

mod distribution;
mod text;
mod timeline;
mod topics;

use distribution::distribution;
use text::Text;
use timeline::{spark, timeline};
use topics::topics;

/// The width of plots, in their own units.
const WIDTH: f64 = 960.0;

/// Where plots with numbers at their left begin.
const LEFT: f64 = 52.0;

/// Topics whose payload sizes are plotted.
const SIZES: usize = 8;

/// Topics in the tree.
const TOPICS: usize = 100;

const STYLE: &str = include_str!("report.css");

fn count(number: usize) -> f64 {
    float(number as u64)
}

/// Writes the page of a capture with this title, its tables with so many rows and one for the others.
///
/// # Errors
/// Those of the writer.
pub fn stats_report(report: &Report, title: &str, most: usize, out: &mut impl Write) -> io::Result<()> {
    let title = Text(title);
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    // Whatever a name of the capture might make of the page: nothing runs, nothing is loaded.
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(
        out,
        "<title>{title} - MQTT in numbers</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>"
    )?;
    writeln!(out, "<h1>{title}</h1>")?;
    let start = report.start.and_then(date).map_or_else(String::new, |date| format!(", begun {date}"));
    writeln!(
        out,
        "<p>MQTT in a capture{start}; {} from the first packet to the last</p>",
        span(report.total.lasted())
    )?;
    tiles(report, out)?;
    if report.total.packets > 0 {
        section("Packets over time", out, |out| timeline(report, out))?;
    }
    if !report.handshakes.is_empty() {
        let rows: Vec<_> = report
            .handshakes
            .iter()
            .map(|(handshake, values)| (handshake.name().to_owned(), values))
            .collect();
        section("Latency of handshakes", out, |out| {
            distribution("Latency of handshakes", &rows, duration, out)?;
            writeln!(
                out,
                "<p>From the first packet to the last acknowledgement. Solid: median; dashed: 99 %.</p>"
            )
        })?;
    }
    if report.total.payloads.count() > 0 {
        section("Payload sizes in bytes", out, |out| {
            distribution("Payload sizes in bytes", &payloads(report), grouped, out)
        })?;
        section("Topics", out, |out| topics(report, TOPICS, out))?;
    }
    let bins = report.total.over_time.bins().len();
    for table in tables(report, most).iter().filter(|table| !table.rows.is_empty()) {
        section(table.title, out, |out| write_table(table, bins, out))?;
    }
    if !report.findings.is_empty() {
        section("Findings", out, |out| findings(report, out))?;
    }
    writeln!(out, "</main>\n</body>\n</html>")
}

/// As people write it, in UTC; `None` for years that nobody writes.
fn date(time: Time) -> Option<String> {
    let time = jiff::Timestamp::from_nanosecond(i128::from(time.0)).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn section<W: Write>(
    title: &str,
    out: &mut W,
    content: impl FnOnce(&mut W) -> io::Result<()>,
) -> io::Result<()> {
    writeln!(out, "<section>\n<h2>{}</h2>", Text(title))?;
    content(out)?;
    writeln!(out, "</section>")
}

fn tiles(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let total = &report.total;
    let [notes, warnings, errors] = total.findings;
    let rows = |held: usize, folded: u64| held as u64 + folded;
    let tiles = [
        ("packets", total.packets, ""),
        ("bytes", total.bytes, ""),
        ("messages", total.payloads.count(), ""),
        ("connections", rows(report.connections.len(), report.connections.folded()), ""),
        ("clients", rows(report.clients.len(), report.clients.folded()), ""),
        ("topics", rows(report.topics.len(), report.topics.folded()), ""),
        ("errors", errors, if errors > 0 { "bad" } else { "" }),
        ("warnings", warnings, if warnings > 0 { "warn" } else { "" }),
        ("notes", notes, ""),
        ("incomplete", report.incomplete, if report.incomplete > 0 { "warn" } else { "" }),
    ];
    writeln!(out, "<dl class=\"tiles\">")?;
    for (name, number, class) in tiles {
        writeln!(out, "<div class=\"{class}\"><dt>{name}</dt><dd>{}</dd></div>", grouped(number))?;
    }
    writeln!(out, "</dl>")?;
    if report.left_alone > 0 {
        writeln!(
            out,
            "<p>{} connections carry something else than MQTT 3.1.1.</p>",
            grouped(report.left_alone)
        )?;
    }
    Ok(())
}

/// All messages, and those of the topics with most of them.
fn payloads(report: &Report) -> Vec<(String, &Histogram)> {
    let top = report.topics.top(SIZES).rows;
    let all = [("all messages".to_owned(), &report.total.payloads)];
    all.into_iter().chain(top.into_iter().map(|(topic, tally)| (topic.clone(), &tally.payloads))).collect()
}

fn write_table(table: &Table, bins: usize, out: &mut impl Write) -> io::Result<()> {
    write!(out, "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\"></th>")?;
    for heading in HEADINGS {
        write!(out, "<th scope=\"col\">{heading}</th>")?;
    }
    writeln!(out, "<th scope=\"col\">over time</th></tr></thead>\n<tbody>")?;
    for row in &table.rows {
        write!(out, "<tr><td>{}</td>", Text(&row.name))?;
        for cell in &row.cells {
            write!(out, "<td>{}</td>", Text(cell))?;
        }
        write!(out, "<td>")?;
        spark(&row.over_time, bins, out)?;
        writeln!(out, "</td></tr>")?;
    }
    writeln!(out, "</tbody></table></div>")?;
    if table.is_partial {
        writeln!(out, "<p>Too many for all to be held: a row says at least what there was.</p>")?;
    }
    Ok(())
}

fn findings(report: &Report, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<table class=\"list\">\n<tbody>")?;
    for ((severity, kind), number) in report.findings.iter().rev() {
        let number = grouped(*number);
        writeln!(out, "<tr><td>{kind}</td><td>{}</td><td>{number}</td></tr>", severity.as_str())?;
    }
    writeln!(out, "</tbody></table>")
}
