//! A record in the making: bytes, rows, and findings up to a limit.

use crate::finding::{Finding, Severity};
use crate::record::{Record, Row, Unread};

use super::text;

/// How many findings of the input one record may hold; the rest is counted.
/// A paste of another kind could otherwise give a finding for each of its words.
const MAX_FINDINGS: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) bytes: Vec<u8>,
    pub(super) rows: Vec<Row>,
    findings: Vec<Finding>,
    unread: Vec<Unread>,
    left_out: usize,
    /// The gravest of those left out.
    gravest: Option<Severity>,
}

impl Builder {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.rows.is_empty() && self.findings.is_empty()
    }

    /// Adds a finding; its message is made only when it is kept.
    pub(super) fn find(
        &mut self,
        severity: Severity,
        kind: &'static str,
        (offset, length): (usize, usize),
        message: impl FnOnce() -> (String, String),
    ) {
        if self.findings.len() >= MAX_FINDINGS {
            self.left_out = self.left_out.saturating_add(1);
            self.gravest = self.gravest.max(Some(severity));
            return;
        }
        let (message, hint) = message();
        self.findings.push(Finding::new(severity, kind, offset, length, message).hint(hint));
    }

    /// An error at the end of the bytes read so far.
    pub(super) fn error_here(&mut self, kind: &'static str, message: impl FnOnce() -> String) {
        self.find(Severity::Error, kind, (self.bytes.len(), 0), || (message(), String::new()));
    }

    /// Keeps a word that stands where a byte belongs, for those who mend it; long ones are none.
    pub(super) fn unread(&mut self, word: &str) {
        const LONGEST: usize = 8;
        if self.unread.len() < MAX_FINDINGS && word.len() <= LONGEST {
            self.unread.push(Unread { at: self.bytes.len(), word: word.to_owned() });
        }
    }

    /// `word` stands where a byte belongs.
    pub(super) fn not_a_byte(&mut self, word: &str, place: impl FnOnce() -> String) {
        self.unread(word);
        self.find(Severity::Error, "not_understood", (self.bytes.len(), 0), || {
            let hint = text::lookalike(word)
                .filter(|read| read.len() == 2)
                .map_or_else(String::new, |read| format!("it may have been {read}"));
            (format!("{}: {} is not a hex byte", place(), text::quote(word)), hint)
        });
    }

    /// Ends a row that began at byte `start`; a row without bytes is none.
    pub(super) fn end_row(&mut self, line: usize, start: usize) {
        let len = self.bytes.len().saturating_sub(start);
        if len > 0 {
            self.rows.push(Row { line, start, len, ..Row::default() });
        }
    }

    pub(super) fn finish(mut self, format: &'static str) -> Record {
        self.findings.sort_by_key(|finding| finding.offset);
        if let Some(gravest) = self.gravest {
            let message = format!("{} more findings like these are left out", self.left_out);
            self.findings.push(Finding::new(gravest, "not_understood", self.bytes.len(), 0, message));
        }
        Record {
            bytes: self.bytes,
            rows: self.rows,
            findings: self.findings,
            unread: self.unread,
            format,
            is_guessed: false,
        }
    }

    /// Moves what there is into `records` and begins anew.
    pub(super) fn flush(&mut self, format: &'static str, records: &mut Vec<Record>) {
        if !self.is_empty() {
            records.push(std::mem::take(self).finish(format));
        }
    }
}
