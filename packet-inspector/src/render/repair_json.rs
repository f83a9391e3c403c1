//! The candidates of a damaged dump as JSON. The keys are part of the command's interface: README lists them.

use std::io::{self, Write};

use serde_json::{Value as Json, json};

use super::repair::packets;
use crate::frame::Options;
use crate::record::Record;
use crate::repair::{Candidate, Change, Edit, Evidence, Repair};

/// Writes an object for a record, in a line.
///
/// # Errors
/// Those of the writer.
pub fn repair_json(number: usize, repair: &Repair, options: Options, out: &mut impl Write) -> io::Result<()> {
    let object = json!({
        "frame": number,
        "format": repair.printed.format,
        "printed": hex::encode(&repair.printed.bytes),
        "searched": repair.searched,
        "remarks": repair.remarks,
        "candidates": (1..).zip(&repair.candidates)
            .map(|(rank, one): (usize, _)| candidate(rank, one, &repair.printed, options))
            .collect::<Json>(),
    });
    super::json::value_line(&object, out)
}

fn candidate(rank: usize, candidate: &Candidate, printed: &Record, options: Options) -> Json {
    json!({
        "rank": rank,
        "bits": candidate.bits,
        "passes": candidate.passes(),
        "bytes": hex::encode(&candidate.bytes),
        "packets": packets(candidate, options),
        "changes": candidate.changes.iter().map(|one| change(one, printed)).collect::<Json>(),
        "evidence": candidate.evidence.iter().map(evidence).collect::<Json>(),
    })
}

fn change(change: &Change, printed: &Record) -> Json {
    let byte = |byte: u8| Json::from(format!("{byte:02x}"));
    let digit = |digit: u8| Json::from(format!("{digit:x}"));
    let (from, to) = match change.edit {
        Edit::Change { from, to, .. } => (byte(from), byte(to)),
        Edit::Insert { byte: right, unread, .. } => {
            let word = unread.and_then(|word| printed.unread.get(word)).map(|unread| unread.word.as_str());
            (word.into(), byte(right))
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

fn evidence(evidence: &Evidence) -> Json {
    json!({
        "check": evidence.check.as_str(),
        "holds": evidence.holds,
        "bits": evidence.bits,
        "message": evidence.says,
    })
}
