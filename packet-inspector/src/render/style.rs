//! Colours.

use anstyle::{AnsiColor, Color, Style};

use crate::finding::Severity;

/// Headings: a frame, a protocol.
pub(super) const HEADING: Style = Style::new().bold();
/// What is there for orientation only.
pub(super) const FAINT: Style = Style::new().dimmed();

/// Fields in turn; neighbours differ.
const FIELDS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::BrightBlue,
    AnsiColor::BrightRed,
];

/// The colour of the field with this number.
pub(super) fn field(number: usize) -> Style {
    let color = FIELDS.into_iter().cycle().nth(number % FIELDS.len());
    Style::new().fg_color(color.map(Color::Ansi))
}

pub(super) fn severity(severity: Severity) -> Style {
    let color = match severity {
        Severity::Note => AnsiColor::Blue,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Error => AnsiColor::Red,
    };
    Style::new().bold().fg_color(Some(Color::Ansi(color)))
}
