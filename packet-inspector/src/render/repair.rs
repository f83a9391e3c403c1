//! What may be wrong with a damaged dump: the candidates with their changes, what is proved, and the evidence.

use std::io::{self, Write};

use super::style;
use crate::dissect::text;
use crate::finding::Severity;
use crate::frame::{Frame, Options};
use crate::record::Record;
use crate::repair::{Candidate, Certainty, Evidence, Repair};

/// What is to be written of a record's repair.
#[derive(Clone, Copy, Debug)]
pub struct Repaired<'a> {
    /// The record's number in the input, from 1.
    pub number: usize,
    /// Its candidates.
    pub repair: &'a Repair,
    /// What is known of the bytes.
    pub options: Options,
    /// Passwords, user names and payloads are hidden, and so is which digits are changed: they may be theirs.
    pub is_redacted: bool,
}

impl Repaired<'_> {
    /// A candidate as the frame that it is.
    pub(super) fn frame(&self, candidate: &Candidate) -> Frame {
        self.frame_of(self.repair.record(candidate))
    }

    /// The bytes as printed as the frame that they are: when they are not the best, nothing holds of them.
    pub(super) fn printed(&self) -> Frame {
        let printed = &self.repair.printed;
        let is_guessed = printed.bytes != self.repair.best().bytes || !self.repair.best().is_proved();
        self.frame_of(Record { is_guessed, ..printed.clone() })
    }

    fn frame_of(&self, record: Record) -> Frame {
        let frame = Frame::new(1, record, self.options);
        if self.is_redacted { frame.redacted() } else { frame }
    }
}

/// Writes the candidates of a record, the best first, with the packets that each would give.
///
/// # Errors
/// Those of the writer.
pub fn repair(repaired: &Repaired<'_>, out: &mut impl Write) -> io::Result<()> {
    let (bold, faint) = (style::HEADING, style::FAINT);
    let Repaired { number, repair, is_redacted, .. } = *repaired;
    let Repair { printed, candidates, .. } = repair;
    let count = super::count_bytes(printed.bytes.len());
    write!(out, "{bold}Frame {number}: {count}{bold:#}{faint} ({}){faint:#}", printed.format)?;
    if !repair.searched {
        match repair.left_out.as_slice() {
            [] if repair.best().passes() => writeln!(out, ": nothing speaks against the bytes")?,
            [] => writeln!(out, ": damaged, and nothing to be tried")?,
            why => writeln!(out, ": damaged, but not searched: {}", why.join("; "))?,
        }
        return remarks(repair, out);
    }
    writeln!(out)?;
    let best = repair.best();
    for (rank, candidate) in (1..).zip(candidates) {
        let behind = best.bits - candidate.bits;
        let title = if candidate.changes.is_empty() { "as printed" } else { "repaired" };
        let passes = if candidate.passes() { "passes every check" } else { "fails a check" };
        write!(out, "  {bold}{rank}. {title}{bold:#}, {passes}")?;
        match behind {
            0 if rank > 1 => writeln!(out, ", as likely as the first")?,
            0 => writeln!(out)?,
            1 => writeln!(out, ", 1 bit behind the first")?,
            behind => writeln!(out, ", {behind} bits behind the first")?,
        }
        changes(candidate, printed, is_redacted, out)?;
        for packet in packets(candidate, repaired) {
            writeln!(out, "     = {packet}")?;
        }
        // Of the best all that weighs anything, of the print what speaks against it.
        let is_shown = |evidence: &&Evidence| match rank {
            1 => evidence.bits != 0,
            _ => candidate.changes.is_empty() && !evidence.holds,
        };
        for evidence in candidate.evidence.iter().filter(is_shown) {
            let says = text::visible(says(evidence, is_redacted).as_bytes());
            writeln!(out, "     {faint}{:+4}  {says}{faint:#}", evidence.bits)?;
        }
    }
    let note = style::severity(Severity::Note);
    for left_out in &repair.left_out {
        writeln!(out, "  {note}not all was tried:{note:#} {left_out}")?;
    }
    remarks(repair, out)
}

fn remarks(repair: &Repair, out: &mut impl Write) -> io::Result<()> {
    let note = style::severity(Severity::Note);
    repair.remarks.iter().try_for_each(|remark| writeln!(out, "  {note}note:{note:#} {remark}"))
}

/// What a check tells; of a redacted record, what cannot tell of a single byte.
pub(super) fn says(evidence: &Evidence, is_redacted: bool) -> String {
    match is_redacted {
        true => format!("{}: {}", evidence.check.as_str(), if evidence.holds { "holds" } else { "fails" }),
        false => evidence.says.clone(),
    }
}

fn changes(
    candidate: &Candidate,
    printed: &Record,
    is_redacted: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    for change in &candidate.changes {
        let mut place = Vec::new();
        place.extend(change.line.map(|line| format!("line {line}")));
        place.extend(change.field.clone());
        let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
        let words = match is_redacted {
            true => format!("{} (hidden)", change.edit.kind().replace('_', " ")),
            false => text::visible(change.words(printed).as_bytes()),
        };
        writeln!(out, "     0x{:04x}{place}: {words}", change.offset)?;
        let severity = match change.certainty {
            Certainty::Proved => Severity::Note,
            Certainty::Likely | Certainty::Open => Severity::Warning,
        };
        if change.certainty != Certainty::Open {
            let colour = style::severity(severity);
            writeln!(out, "       {colour}{}:{colour:#} {}", change.certainty.as_str(), change.because)?;
        }
    }
    Ok(())
}

/// The packets that a candidate's bytes hold, in a few words each.
pub(super) fn packets(candidate: &Candidate, repaired: &Repaired<'_>) -> Vec<String> {
    /// More say nothing about a damaged byte.
    const MOST: usize = 8;
    let frame = repaired.frame(candidate);
    let words = frame.packets().take(MOST).map(|packet| {
        let error = packet.findings.iter().find(|finding| finding.severity == Severity::Error);
        match error {
            Some(error) => format!("{} - {}", super::info(&packet), super::sentence(error)),
            None => super::info(&packet),
        }
    });
    words.collect()
}
