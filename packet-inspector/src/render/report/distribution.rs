//! How values are distributed: a row of bars for each name, over one logarithmic axis.

use std::io::{self, Write};

use super::text::{Text, cut};
use super::{WIDTH, count};
use crate::render::stats::cells::grouped;
use crate::stats::{Histogram, float};

/// Bars in a row.
const COLUMNS: usize = 90;

const LEFT: f64 = 210.0;
const RIGHT: f64 = 790.0;
const ROW: f64 = 46.0;

/// Writes the plot of these, with values as `unit` writes them.
pub(super) fn distribution(
    label: &str,
    rows: &[(String, &Histogram)],
    unit: fn(u64) -> String,
    out: &mut impl Write,
) -> io::Result<()> {
    let least = rows.iter().filter_map(|(_, histogram)| histogram.least()).min().unwrap_or(1);
    let most = rows.iter().filter_map(|(_, histogram)| histogram.most()).max().unwrap_or(1);
    let axis = Axis::over(least, most);
    let height = ROW * count(rows.len()) + 24.0;
    writeln!(out, "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">", Text(label))?;
    for power in axis.from..=axis.to {
        let value = 10_u64.saturating_pow(power);
        let x = axis.x(value);
        writeln!(out, "<path class=\"grid\" d=\"M{x:.1} 0V{:.1}\"/>", height - 22.0)?;
        writeln!(
            out,
            "<text class=\"faint middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            height - 6.0,
            unit(value)
        )?;
    }
    for (number, (name, histogram)) in rows.iter().enumerate() {
        row(name, histogram, ROW * count(number), &axis, unit, out)?;
    }
    writeln!(out, "</svg>")
}

fn row(
    name: &str,
    histogram: &Histogram,
    top: f64,
    axis: &Axis,
    unit: fn(u64) -> String,
    out: &mut impl Write,
) -> io::Result<()> {
    let bottom = top + ROW - 8.0;
    let (median, tail) = (histogram.percentile(50.0), histogram.percentile(99.0));
    let (shown, counted) = (cut(name, 26), grouped(histogram.count()));
    write!(
        out,
        "<text x=\"0\" y=\"{:.1}\"><title>{}</title>{}</text>",
        bottom - 14.0,
        Text(name),
        Text(&shown)
    )?;
    writeln!(
        out,
        "<text class=\"faint end\" x=\"{}\" y=\"{:.1}\">{counted}</text>",
        LEFT - 12.0,
        bottom - 1.0
    )?;
    writeln!(out, "<path class=\"axis\" d=\"M{LEFT} {bottom:.1}H{RIGHT}\"/>")?;
    let columns = axis.columns(histogram);
    let most = columns.iter().copied().max().unwrap_or_default().max(1);
    let step = (RIGHT - LEFT) / count(COLUMNS);
    for (place, values) in columns.iter().enumerate().filter(|(_, values)| **values > 0) {
        let height = ((ROW - 14.0) * float(*values) / float(most)).max(2.0);
        let x = LEFT + step * count(place);
        write!(
            out,
            "<rect class=\"c0 soft\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\">",
            bottom - height,
            step - 0.8
        )?;
        writeln!(out, "<title>{}</title></rect>", grouped(*values))?;
    }
    for (class, value) in [("tail", tail), ("median", median)] {
        let Some(value) = value else { continue };
        let x = axis.x(value);
        writeln!(out, "<path class=\"{class}\" d=\"M{x:.1} {:.1}V{bottom:.1}\"/>", top + 3.0)?;
    }
    let said = |value: Option<u64>| value.map(unit).unwrap_or_default();
    writeln!(out, "<text x=\"{}\" y=\"{:.1}\">median {}</text>", RIGHT + 20.0, bottom - 14.0, said(median))?;
    writeln!(
        out,
        "<text class=\"faint\" x=\"{}\" y=\"{:.1}\">99 % {}</text>",
        RIGHT + 20.0,
        bottom + 1.0,
        said(tail)
    )
}

/// Whole powers of ten.
struct Axis {
    from: u32,
    to: u32,
}

impl Axis {
    fn over(least: u64, most: u64) -> Self {
        let from = least.max(1).ilog10();
        let to = most.saturating_sub(1).max(1).ilog10() + 1;
        Self { from, to: to.max(from + 1) }
    }

    /// A value's part of the way from the one end to the other.
    fn part(&self, value: u64) -> f64 {
        let part = (float(value.max(1)).log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        part.clamp(0.0, 1.0)
    }

    fn x(&self, value: u64) -> f64 {
        LEFT + (RIGHT - LEFT) * self.part(value)
    }

    /// How many values lie in each column.
    fn columns(&self, histogram: &Histogram) -> Vec<u64> {
        let ends: Vec<f64> = (1..COLUMNS).map(|end| count(end) / count(COLUMNS)).collect();
        let mut columns = vec![0; COLUMNS];
        for (from, to, values) in histogram.buckets() {
            let part = self.part(from + (to - from) / 2);
            if let Some(column) = columns.get_mut(ends.partition_point(|end| *end <= part)) {
                *column += values;
            }
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_all_values() {
        for (least, most) in [(0, 0), (1, 1), (3, 10), (10, 11), (100, u64::MAX)] {
            let axis = Axis::over(least, most);
            assert!(axis.from < axis.to);
            let mut histogram = Histogram::default();
            [least, most, most / 2 + least / 2].into_iter().for_each(|value| histogram.add(value));
            assert_eq!(axis.columns(&histogram).iter().sum::<u64>(), 3);
            assert!(axis.x(least) >= LEFT && axis.x(most) <= RIGHT);
        }
    }
}
