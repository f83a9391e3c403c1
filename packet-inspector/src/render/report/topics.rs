//! The tree of topics, each level with the messages on it and below it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::text::{Text, cut};
use super::{WIDTH, count};
use crate::render::stats::cells::grouped;
use crate::stats::{Report, Top, float};

/// Levels that are told apart.
const DEEPEST: usize = 12;

/// Lines of the plot.
const MOST_LINES: usize = 150;

const ROW: f64 = 26.0;
const INDENT: f64 = 24.0;
const BARS: f64 = 520.0;

#[derive(Default)]
struct Level {
    below: BTreeMap<String, Level>,
    /// Messages on it and below it.
    messages: u64,
}

/// A level with its place in the tree.
struct Line<'a> {
    name: &'a str,
    depth: usize,
    /// The line of the level above.
    above: Option<usize>,
    messages: u64,
}

/// Writes the plot of so many topics.
pub(super) fn topics(report: &Report, most: usize, out: &mut impl Write) -> io::Result<()> {
    let Top { rows: top, others } = report.topics.top(most);
    let mut root = Level::default();
    for (topic, tally) in top {
        let mut level = &mut root;
        level.messages += tally.packets;
        for name in topic.splitn(DEEPEST, '/') {
            level = level.below.entry(name.to_owned()).or_default();
            level.messages += tally.packets;
        }
    }
    let mut lines = Vec::new();
    gather(&root, 0, None, &mut lines);
    let left = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    let height = ROW * count(lines.len());
    writeln!(out, "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Topics as a tree\">")?;
    let largest = lines.iter().map(|line| line.messages).max().unwrap_or(1).max(1);
    for (number, line) in lines.iter().enumerate() {
        write_line(number, line, largest, out)?;
    }
    writeln!(out, "</svg>")?;
    if left > 0 {
        writeln!(out, "<p>{left} levels more are not shown.</p>")?;
    }
    if let Some((count, tally)) = others {
        let messages = grouped(tally.packets);
        writeln!(out, "<p>{} smaller topics with {messages} messages are not shown.</p>", grouped(count))?;
    }
    Ok(())
}

fn gather<'a>(level: &'a Level, depth: usize, above: Option<usize>, lines: &mut Vec<Line<'a>>) {
    for (name, below) in &level.below {
        let number = lines.len();
        lines.push(Line { name, depth, above, messages: below.messages });
        gather(below, depth + 1, Some(number), lines);
    }
}

fn write_line(number: usize, line: &Line<'_>, largest: u64, out: &mut impl Write) -> io::Result<()> {
    let (x, y) = (4.0 + INDENT * count(line.depth), ROW * count(number) + 17.0);
    if let Some(above) = line.above {
        let (from, branch) = (ROW * count(above) + 22.0, x - INDENT + 6.0);
        let middle = y - 4.5;
        writeln!(out, "<path class=\"branch\" d=\"M{branch:.1} {from:.1}V{middle:.1}H{:.1}\"/>", x - 4.0)?;
    }
    let name = if line.name.is_empty() { "(empty)" } else { line.name };
    let shown = cut(name, 52_usize.saturating_sub(3 * line.depth));
    writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\"><title>{}</title>{}</text>", Text(name), Text(&shown))?;
    let wide = ((WIDTH - BARS - 90.0) * float(line.messages) / float(largest)).max(2.0);
    let soft = if line.depth > 0 { " soft" } else { "" };
    writeln!(
        out,
        "<rect class=\"c0{soft}\" x=\"{BARS}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"15\" rx=\"3\"/>",
        y - 12.0
    )?;
    writeln!(
        out,
        "<text class=\"faint\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
        BARS + wide + 8.0,
        grouped(line.messages)
    )
}
