//! A capture in numbers, as tables for a terminal.

use std::io::{self, Write};

use super::style;
use crate::finding::Severity;
use crate::stats::Report;

pub(super) mod cells;
mod json;

use cells::{HEADINGS, Table, duration, grouped, span, tables};
pub use json::stats_json;

/// The longest name, in characters.
const LONGEST: usize = 64;

/// Eighths of a line's height.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Writes the tables, each with so many rows and one for the others.
///
/// # Errors
/// Those of the writer.
pub fn stats(report: &Report, most: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", totals(report))?;
    let over_time = &report.total.over_time;
    if !over_time.bins().is_empty() {
        let (bars, width) = (sparkline(over_time.bins()), span(over_time.width()));
        writeln!(out, "packets over time, {width} each: {bars}")?;
    }
    handshakes(report, out)?;
    for table in tables(report, most).iter().filter(|table| !table.rows.is_empty()) {
        write_table(table, out)?;
    }
    findings(report, out)
}

/// All of it in a sentence.
pub(super) fn totals(report: &Report) -> String {
    let total = &report.total;
    let [notes, warnings, errors] = total.findings;
    let counted = |count: u64, noun: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{} {noun}{plural}", grouped(count))
    };
    let left_alone = match report.left_alone {
        0 => String::new(),
        count => format!("; {} carry something else than MQTT 3.1.1", counted(count, "connection")),
    };
    let rows = |held: usize, folded: u64| held as u64 + folded;
    let parts = [
        counted(total.packets, "packet"),
        counted(total.bytes, "byte"),
        counted(total.payloads.count(), "message"),
        counted(rows(report.connections.len(), report.connections.folded()), "connection"),
        counted(rows(report.clients.len(), report.clients.folded()), "client"),
        counted(rows(report.topics.len(), report.topics.folded()), "topic"),
        counted(errors, "error"),
        counted(warnings, "warning"),
        counted(notes, "note"),
    ];
    format!("{} in {}{left_alone}", parts.join(", "), span(total.lasted()))
}

fn handshakes(report: &Report, out: &mut impl Write) -> io::Result<()> {
    if report.handshakes.is_empty() && report.incomplete == 0 {
        return Ok(());
    }
    heading("Handshakes", out)?;
    for (handshake, latencies) in &report.handshakes {
        let at = |percent| latencies.percentile(percent).map(duration).unwrap_or_default();
        let [least, most] =
            [latencies.least(), latencies.most()].map(|end| end.map(duration).unwrap_or_default());
        writeln!(
            out,
            "{:<17} {:>9}  median {:>7}  99 % {:>7}  least {least:>7}  most {most:>7}",
            handshake.name(),
            grouped(latencies.count()),
            at(50.0),
            at(99.0),
        )?;
    }
    if report.incomplete > 0 {
        writeln!(out, "{} messages were not acknowledged to the end", grouped(report.incomplete))?;
    }
    Ok(())
}

fn heading(title: &str, out: &mut impl Write) -> io::Result<()> {
    let bold = style::HEADING;
    writeln!(out, "\n{bold}{title}{bold:#}")
}

fn write_table(table: &Table, out: &mut impl Write) -> io::Result<()> {
    heading(table.title, out)?;
    let names: Vec<_> = table.rows.iter().map(|row| cut(&row.name)).collect();
    let name_width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let mut widths = HEADINGS.map(|heading| heading.chars().count());
    for row in &table.rows {
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let faint = style::FAINT;
    write!(out, "{faint}{:name_width$}", "")?;
    for (width, heading) in widths.iter().zip(HEADINGS) {
        write!(out, "  {heading:>width$}")?;
    }
    writeln!(out, "  over time{faint:#}")?;
    for (row, name) in table.rows.iter().zip(names) {
        write!(out, "{name:name_width$}")?;
        for (width, cell) in widths.iter().zip(&row.cells) {
            write!(out, "  {cell:>width$}")?;
        }
        writeln!(out, "  {}", sparkline(&row.over_time))?;
    }
    if table.is_partial {
        writeln!(out, "{faint}too many for all to be held: a row says at least what there was{faint:#}")?;
    }
    Ok(())
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or(name)),
        None => name.to_owned(),
    }
}

/// A bar for two bins each.
fn sparkline(bins: &[u64]) -> String {
    let pairs: Vec<u64> = bins.chunks(2).map(|pair| pair.iter().sum()).collect();
    let most = pairs.iter().copied().max().unwrap_or_default().max(1);
    let bar = |count: u64| {
        let height = usize::try_from(u128::from(count) * 8 / u128::from(most)).unwrap_or_default();
        if count == 0 { ' ' } else { BARS.get(height.clamp(1, 8) - 1).copied().unwrap_or(' ') }
    };
    pairs.into_iter().map(bar).collect()
}

fn findings(report: &Report, out: &mut impl Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    heading("Findings", out)?;
    for ((severity, kind), count) in report.findings.iter().rev() {
        let style = style::severity(*severity);
        let word = Severity::as_str(*severity);
        writeln!(out, "{:>9}  {style}{word}{style:#} {kind}", grouped(*count))?;
    }
    Ok(())
}
