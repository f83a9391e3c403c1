//! The candidates of a damaged dump as JSON. The keys are part of the command's interface: README lists them.

use std::io::{self, Write};

use serde_json::{Value as Json, json};

use super::repair::{Repaired, packets, says};
use crate::record::Record;
use crate::repair::{Candidate, Change, Edit, Evidence};

/// Writes an object for a record, in a line.
///
/// # Errors
/// Those of the writer.
pub fn repair_json(repaired: &Repaired<'_>, out: &mut impl Write) -> io::Result<()> {
    let Repaired { number, repair, .. } = *repaired;
    let object = json!({
        "frame": number,
        "format": repair.printed.format,
        "printed": repaired.printed().hex(),
        "searched": repair.searched,
        "left_out": repair.left_out,
        "remarks": repair.remarks,
        "candidates": (1..).zip(&repair.candidates)
            .map(|(rank, one): (usize, _)| candidate(rank, one, repaired))
            .collect::<Json>(),
    });
    super::json::value_line(&object, out)
}

fn candidate(rank: usize, candidate: &Candidate, repaired: &Repaired<'_>) -> Json {
    let Repaired { repair, is_redacted, .. } = *repaired;
    json!({
        "rank": rank,
        "bits": candidate.bits,
        "passes": candidate.passes(),
        "bytes": repaired.frame(candidate).hex(),
        "packets": packets(candidate, repaired),
        "changes": candidate.changes.iter().map(|one| change(one, &repair.printed, is_redacted)).collect::<Json>(),
        "evidence": candidate.evidence.iter().map(|one| evidence(one, is_redacted)).collect::<Json>(),
    })
}

fn change(change: &Change, printed: &Record, is_redacted: bool) -> Json {
    let shown = |digits: String| Json::from(if is_redacted { "*".repeat(digits.len()) } else { digits });
    let byte = |byte: u8| shown(format!("{byte:02x}"));
    let digit = |digit: u8| shown(format!("{digit:x}"));
    let (from, to) = match change.edit {
        Edit::Change { from, to, .. } => (byte(from), byte(to)),
        Edit::Insert { byte: right, unread, .. } => {
            let word = unread.and_then(|word| printed.unread.get(word)).map(|unread| unread.word.as_str());
            (word.map_or(Json::Null, |word| shown(word.to_owned())), byte(right))
        }
        Edit::Remove { byte: wrong, .. } => (byte(wrong), Json::Null),
        Edit::InsertDigit { digit: right, .. } => (Json::Null, digit(right)),
        Edit::RemoveDigit { digit: wrong, .. } => (digit(wrong), Json::Null),
    };
    json!({
        "kind": change.edit.kind(),
        "offset": change.offset,
        "line": change.line,
        "field": change.field,
        "printed": from,
        "right": to,
        "certainty": change.certainty.as_str(),
        "because": change.because,
    })
}

fn evidence(evidence: &Evidence, is_redacted: bool) -> Json {
    json!({
        "check": evidence.check.as_str(),
        "holds": evidence.holds,
        "bits": evidence.bits,
        "message": says(evidence, is_redacted),
    })
}
