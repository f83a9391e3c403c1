//! The instructions of the main table as a plot in SVG: bars for ours and the best peer, a tick for each peer.

use std::fmt::Write;

use crate::Operation;
use crate::numbers::Numbers;

/// Width of the picture, and where its parts begin: labels end at `LEFT`, bars lie between it and `RIGHT`.
const WIDTH: f64 = 1060.0;
const LEFT: f64 = 426.0;
const RIGHT: f64 = 800.0;
/// Where the first row begins, and the height of a row.
const TOP: f64 = 88.0;
const ROW: f64 = 28.0;
/// Between decoding, encoding and the rest.
const GAP: f64 = 12.0;
/// What the axis shows: powers of ten.
const FROM: f64 = 10.0;
const DECADES: u32 = 4;

/// Colours for a light page, and in the media query for a dark one; only fonts that are there.
const STYLE: &str = "\
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.page { fill: #ffffff; } .grid { stroke: #d1d9e0; } .quiet { fill: #59636e; }
.ours { fill: #0969da; } .peer { fill: #afb8c1; } .tick { stroke: #59636e; }
.bold { font-weight: 600; } .title { font-size: 16px; font-weight: 600; } .end { text-anchor: end; }
.middle { text-anchor: middle; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; } .page { fill: #0d1117; } .grid { stroke: #3d444d; } .quiet { fill: #9198a1; }
  .ours { fill: #4493f8; } .peer { fill: #656c76; } .tick { stroke: #b7bfc8; }
}
";

/// The rows that at least one peer has.
pub fn svg(numbers: &Numbers) -> String {
    let rows: Vec<Operation> = Operation::MAIN
        .into_iter()
        .filter(|&operation| numbers.ours(operation).is_some() && numbers.best_peer(operation).is_some())
        .collect();
    let mut body = String::new();
    let mut y = TOP;
    let mut group = String::new();
    for operation in rows {
        let label = operation.label();
        let verb = label.split(' ').next().unwrap_or_default();
        if group != verb {
            y += if group.is_empty() { 0.0 } else { GAP };
            verb.clone_into(&mut group);
        }
        row(&mut body, numbers, operation, &label, y);
        y += ROW;
    }
    let height = y + 16.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>Instructions for each operation of MQTT codecs</title>\n\
         <style>\n{STYLE}</style>\n<rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n"
    );
    head(&mut svg);
    grid(&mut svg, y);
    svg.push_str(&body);
    svg.push_str("</svg>\n");
    svg
}

/// Title and legend. Writing to a `String` does not fail, here and below.
fn head(svg: &mut String) {
    text(svg, "title", 20.0, 30.0, "Instructions for each operation, with fat LTO");
    text(svg, "quiet", 20.0, 52.0, "logarithmic, shorter is better");
    let mut x = LEFT;
    for (class, name, width) in [("ours", "mqtt-codec", 110.0), ("peer", "best other Rust codec", 176.0)] {
        rect(svg, class, x, 42.0, 12.0, 11.0);
        text(svg, "", x + 18.0, 52.0, name);
        x += width;
    }
    tick(svg, x + 2.0, 42.0, 11.0);
    text(svg, "", x + 10.0, 52.0, "each other codec");
    text(svg, "quiet end", RIGHT + 78.0, 76.0, "ours");
    text(svg, "quiet", RIGHT + 92.0, 76.0, "best other");
}

fn grid(svg: &mut String, bottom: f64) {
    for power in 0..=DECADES {
        let value = 10_u32.pow(power + 1);
        let x = place(f64::from(value));
        let _ = writeln!(svg, "<path class=\"grid\" d=\"M{x:.1} {:.1}V{bottom:.1}\"/>", TOP - 4.0);
        let digits = value.to_string();
        let label = match digits.strip_suffix("000") {
            Some(thousands) => format!("{thousands},000"),
            None => digits,
        };
        text(svg, "quiet middle", x, 76.0, &label);
    }
}

fn row(svg: &mut String, numbers: &Numbers, operation: Operation, label: &str, y: f64) {
    let (Some(ours), Some((peer, best))) = (numbers.ours(operation), numbers.best_peer(operation)) else {
        return;
    };
    let baseline = y + 16.0;
    text(svg, "end", LEFT - 10.0, baseline, &label.replace('`', ""));
    rect(svg, "ours", LEFT, y + 2.0, place(ours) - LEFT, 10.0);
    rect(svg, "peer", LEFT, y + 13.0, place(best) - LEFT, 8.0);
    for (_, number) in numbers.peers(operation) {
        tick(svg, place(number), y + 12.0, 10.0);
    }
    text(svg, if ours <= best { "bold end" } else { "end" }, RIGHT + 78.0, baseline, &format!("{ours:.0}"));
    let class = if best < ours { "bold" } else { "" };
    text(svg, class, RIGHT + 92.0, baseline, &format!("{best:.0} {}", peer.name));
}

/// Where a number lies on the axis.
fn place(number: f64) -> f64 {
    let part = (number / FROM).log10() / f64::from(DECADES);
    LEFT + part.clamp(0.0, 1.0) * (RIGHT - LEFT)
}

fn rect(svg: &mut String, class: &str, x: f64, y: f64, width: f64, height: f64) {
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"1\"/>"
    );
}

fn tick(svg: &mut String, x: f64, y: f64, height: f64) {
    let _ = writeln!(svg, "<path class=\"tick\" d=\"M{x:.1} {y:.1}v{height:.1}\"/>");
}

/// The texts are ours: none has a character that XML minds.
fn text(svg: &mut String, class: &str, x: f64, y: f64, text: &str) {
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::tests::numbers;

    #[test]
    fn a_bar_for_ours_and_one_for_the_best_peer_and_a_tick_for_each() {
        let svg = svg(&numbers());
        let count = |class: &str| svg.matches(&format!("class=\"{class}\"")).count();
        // One of each is in the legend.
        assert_eq!((count("ours"), count("peer"), count("tick")), (3, 3, 4));
        assert!(svg.contains(">130 flowsdk<"), "{svg}");
        assert!(Operation::all().all(|it| !it.label().contains(['<', '&'])));
    }

    #[test]
    fn each_decade_is_as_wide() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(place(10.0), LEFT) && near(place(100_000.0), RIGHT));
        assert!(near(place(1000.0) - place(100.0), place(100.0) - place(10.0)));
    }
}
