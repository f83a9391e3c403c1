//! Packets over time, as stacked bars and as the small bars of a table's row.

use std::io::{self, Write};

use super::{LEFT, WIDTH, count};
use crate::capture::Span;
use crate::render::stats::cells::{grouped, number, span};
use crate::stats::{Report, float};

/// Kinds of packets that share a colour.
const GROUPS: [(&str, &[&str]); 6] = [
    ("messages", &["PUBLISH"]),
    ("acknowledgements", &["PUBACK", "PUBREC", "PUBREL", "PUBCOMP"]),
    ("subscriptions", &["SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK"]),
    ("connections", &["CONNECT", "CONNACK", "DISCONNECT"]),
    ("pings", &["PINGREQ", "PINGRESP"]),
    ("no packet type", &["RESERVED"]),
];

const HEIGHT: f64 = 200.0;
const TOP: f64 = 36.0;

/// Writes the plot.
pub(super) fn timeline(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let total = report.total.over_time.bins();
    let width = report.total.over_time.width();
    let groups = groups(report, total.len());
    let most = nice(total.iter().copied().max().unwrap_or_default());
    let step = (WIDTH - LEFT) / count(total.len().max(1));
    let y = |packets: u64| TOP + HEIGHT - HEIGHT * float(packets) / float(most);
    writeln!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"Packets over time\">",
        TOP + HEIGHT + 26.0
    )?;
    legend(&groups, out)?;
    for part in 0..=4 {
        let packets = most / 4 * part;
        let (x, line) = (LEFT - 8.0, y(packets));
        writeln!(out, "<path class=\"grid\" d=\"M{LEFT} {line:.1}H{WIDTH}\"/>")?;
        writeln!(
            out,
            "<text class=\"faint end\" x=\"{x}\" y=\"{:.1}\">{}</text>",
            line + 4.0,
            grouped(packets)
        )?;
        let x = LEFT + (WIDTH - LEFT) * float(part) / 4.0;
        let at =
            Span(i64::try_from(total.len() * usize::try_from(part).unwrap_or_default()).unwrap_or_default());
        let at = Span(width.0.saturating_mul(at.0) / 4);
        let anchor = match part {
            0 => "",
            4 => " end",
            _ => " middle",
        };
        let y = TOP + HEIGHT + 18.0;
        writeln!(out, "<text class=\"faint{anchor}\" x=\"{x:.1}\" y=\"{y}\">{}</text>", span(at))?;
    }
    for place in 0..total.len() {
        let mut below = 0;
        for (color, (name, bins)) in groups.iter().enumerate() {
            let packets = bins.get(place).copied().unwrap_or_default();
            if packets == 0 {
                continue;
            }
            let (low, high) = (y(below), y(below + packets));
            below += packets;
            let from = Span(width.0.saturating_mul(i64::try_from(place).unwrap_or(i64::MAX)));
            let (x, wide) = (LEFT + step * count(place), (step - 1.0).max(step * 0.8));
            write!(
                out,
                "<rect class=\"c{color}\" x=\"{x:.1}\" y=\"{high:.1}\" width=\"{wide:.1}\" height=\"{:.1}\">",
                low - high
            )?;
            writeln!(
                out,
                "<title>{}, {} and on: {} {name}</title></rect>",
                span(from),
                span(width),
                grouped(packets)
            )?;
        }
    }
    writeln!(out, "<path class=\"axis\" d=\"M{LEFT} {:.1}H{WIDTH}\"/>\n</svg>", TOP + HEIGHT)?;
    let peak = number(report.total.over_time.peak());
    writeln!(out, "<p>Packets in each {}; at most {peak} per second in one of them.</p>", span(width))
}

fn groups(report: &Report, len: usize) -> Vec<(&'static str, Vec<u64>)> {
    let types = report.types.top(usize::MAX).rows;
    let of_group = |names: &[&str]| {
        let mut bins = vec![0; len];
        for (_, tally) in types.iter().filter(|(name, _)| names.contains(name)) {
            for (bin, packets) in bins.iter_mut().zip(tally.over_time.bins()) {
                *bin += packets;
            }
        }
        bins
    };
    GROUPS.iter().map(|(name, names)| (*name, of_group(names))).collect()
}

fn legend(groups: &[(&str, Vec<u64>)], out: &mut impl Write) -> io::Result<()> {
    let mut x = LEFT;
    for (color, (name, bins)) in groups.iter().enumerate() {
        let sum: u64 = bins.iter().sum();
        if sum == 0 {
            continue;
        }
        let label = format!("{} {name}", grouped(sum));
        writeln!(out, "<rect class=\"c{color}\" x=\"{x:.1}\" y=\"4\" width=\"12\" height=\"12\" rx=\"3\"/>")?;
        writeln!(out, "<text x=\"{:.1}\" y=\"15\">{label}</text>", x + 18.0)?;
        x += 40.0 + 7.4 * count(label.chars().count());
    }
    Ok(())
}

/// The next number that can be divided into four and is easy to read.
fn nice(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for factor in [4, 8, 12, 20] {
            let end = unit.saturating_mul(factor);
            if end >= most {
                return end;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// Writes the small bars of a row, in a time of so many bins.
pub(super) fn spark(bins: &[u64], len: usize, out: &mut impl Write) -> io::Result<()> {
    let most = bins.iter().copied().max().unwrap_or_default().max(1);
    let step = 132.0 / count(len.max(1));
    write!(out, "<svg viewBox=\"0 0 132 20\" aria-hidden=\"true\"><path class=\"c0\" d=\"")?;
    for (place, packets) in bins.iter().enumerate().filter(|(_, packets)| **packets > 0) {
        let height = (18.0 * float(*packets) / float(most)).max(1.5);
        let (x, wide) = (step * count(place), (step * 0.85).max(1.0));
        write!(out, "M{x:.1} 20v-{height:.1}h{wide:.1}v{height:.1}z")?;
    }
    write!(out, "\"/></svg>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!([0, 1, 4, 5, 13, 21, 41, 999].map(nice), [4, 4, 4, 8, 20, 40, 80, 1200]);
        assert!(nice(u64::MAX) >= u64::MAX / 4);
    }
}
