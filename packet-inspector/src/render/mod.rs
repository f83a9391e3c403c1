//! Writes a frame for people and for programs. Pure functions from a [`Frame`] to a writer; colours are always
//! written as escape sequences, the writer drops them where they don't belong.

mod captured;
mod diff;
mod diff_captures;
mod from_right;
mod hex;
mod json;
mod ladder;
mod outline;
mod repair;
mod repair_json;
mod report;
mod stats;
mod style;
mod summary;
mod tree;

pub use self::hex::hex;
pub use captured::{Lines, happening, heading, line, line_redacted, said_of};
pub use diff::{diff, diff_json};
pub use diff_captures::{diff_captures, diff_captures_json};
pub use json::{JsonLines, json};
pub use ladder::{Rung, ladder, mermaid};
pub use outline::outline;
pub use repair::{Repaired, repair};
pub use repair_json::repair_json;
pub use report::stats_report;
pub use stats::{stats, stats_json};
pub use summary::{info, summary};
pub use tree::tree;

pub use crate::words::counted;

use crate::finding::Finding;
#[expect(unused_imports, reason = "named in the docs")]
use crate::frame::Frame;
use crate::words::bytes as count_bytes;

/// The colour of a severity.
pub fn severity_style(severity: crate::finding::Severity) -> anstyle::Style {
    style::severity(severity)
}

/// What a finding says, with its field, place and clause, in one line.
fn sentence(finding: &Finding) -> String {
    let mut text = finding.message.clone();
    // It names its field itself, and is about all of the packet.
    if matches!(finding.kind, "incomplete" | "cut") {
        return text;
    }
    if let Some(field) = &finding.field {
        text.push_str(" in ");
        text.push_str(field);
    }
    if finding.field.is_some() || finding.clause.is_some() {
        text.push_str(&format!(" at byte {}", finding.offset));
    }
    if let Some(clause) = finding.clause {
        text.push_str(&format!(" [{clause}]"));
    }
    text
}
