//! What is said of a side that breaks a rule.

use mqtt_codec::Side;

use super::{At, Context, Finding, Listener};
use crate::finding::Severity;

/// A finding, all but the packets that show it.
#[derive(Debug)]
pub(super) struct Said {
    severity: Severity,
    kind: &'static str,
    by: Side,
    message: String,
    clauses: Vec<&'static str>,
}

/// What a side must not do.
pub(super) fn error(kind: &'static str, by: Side, message: String) -> Said {
    Said { severity: Severity::Error, kind, by, message, clauses: Vec::new() }
}

/// What a side should not do, or is unlikely to mean.
pub(super) fn warning(kind: &'static str, by: Side, message: String) -> Said {
    Said { severity: Severity::Warning, ..error(kind, by, message) }
}

/// What is worth knowing.
pub(super) fn note(kind: &'static str, by: Side, message: String) -> Said {
    Said { severity: Severity::Note, ..error(kind, by, message) }
}

impl Said {
    /// The statements that are broken, the nearest first.
    pub(super) fn against(mut self, clauses: &[&'static str]) -> Self {
        self.clauses = clauses.to_vec();
        self
    }

    /// Tells of it: these records show it, the last of them at this time.
    pub(super) fn tell(self, frames: &[u64], at: At, cx: &mut Context<'_, impl Listener>) {
        let Self { severity, kind, by, message, clauses } = self;
        let mut frames = frames.to_vec();
        frames.dedup();
        let (stream, side, time) = (cx.stream, Some(by), at.time);
        cx.listener.finding(Finding { severity, kind, clauses, message, stream, side, frames, time });
    }
}
