//! A reading of a record for people: what was changed where, what is proved of it, and what only likely.

use std::collections::HashSet;

use crate::finding::{Finding, Severity};
use crate::frame::{Frame, Options};
use crate::net::Link;
use crate::record::{Record, Row};

use super::Repair;
use super::edit::{Edit, Version};
use super::evidence::{Check, Evidence};
use super::pairs;
use super::search::{self, Found, Reading};
use super::unchecked;
use super::weigh::Context;

/// How many candidates are shown.
const SHOWN: usize = 5;
/// Candidates that are so many bits behind the best are not worth a look.
const FAR: i32 = 24;
/// For how many of them it is worked out what else the checks would allow.
const EXAMINED: usize = 3;

/// A reading of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What differs from the print, in its order; nothing in the bytes as printed.
    pub changes: Vec<Change>,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The evidence together, in bits: one more is twice as likely.
    pub bits: i32,
    /// What speaks for it and against it.
    pub evidence: Vec<Evidence>,
    rows: Vec<Row>,
}

/// One change, and how sure it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is changed.
    pub edit: Edit,
    /// Offset in the repaired bytes.
    pub offset: usize,
    /// Line of the input.
    pub line: Option<usize>,
    /// The field that it is in.
    pub field: Option<String>,
    /// How sure it is.
    pub certainty: Certainty,
    /// Why.
    pub because: String,
}

/// How sure a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// Of all changes of one byte, it alone passes every check, and without it one fails.
    Proved,
    /// Others would pass the same checks, or no check covers it.
    Likely,
    /// It was not worked out what the checks prove.
    Open,
}

impl Certainty {
    /// The word that is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Likely => "likely",
            Self::Open => "open",
        }
    }
}

pub(super) const NONE: &Candidate =
    &Candidate { changes: Vec::new(), bytes: Vec::new(), bits: 0, evidence: Vec::new(), rows: Vec::new() };

/// The best candidates, and the bytes as printed wherever they stand.
pub(super) fn rank(context: &Context<'_>, found: Found) -> Repair {
    let Found { readings, searched, left_out } = found;
    let best = readings.first().map_or(0, |reading| reading.tally.bits);
    let mut seen = HashSet::new();
    let mut shown: Vec<&Reading> = Vec::new();
    for reading in &readings {
        let is_close = shown.len() < SHOWN && best - reading.tally.bits <= FAR;
        // Different changes may give the same bytes.
        if (is_close || reading.edits.is_empty()) && seen.insert(context.version(&reading.edits).bytes) {
            shown.push(reading);
        }
    }
    let candidates = shown
        .into_iter()
        .enumerate()
        .map(|(rank, reading)| candidate(context, reading, rank < EXAMINED))
        .collect();
    let best = readings.first().and_then(|best| context.neighbour(&context.version(&best.edits)));
    let remarks = best.filter(|_| context.link == Link::Ethernet);
    let remarks = remarks.map(|own| unchecked::remarks(&own, &context.paste.others)).unwrap_or_default();
    Repair { printed: context.record.clone(), candidates, remarks, searched, left_out }
}

fn candidate(context: &Context<'_>, reading: &Reading, examine: bool) -> Candidate {
    let version = context.version(&reading.edits);
    let evidence = context.explain(&version, &reading.edits);
    let frame = frame(context, &version);
    let pairs = if examine { rival_pairs(context, reading) } else { Vec::new() };
    let mut shift = 0_isize;
    let changes = reading
        .edits
        .iter()
        .map(|&edit| {
            let offset = edit.at().saturating_add_signed(shift);
            match edit {
                Edit::Insert { .. } => shift += 1,
                Edit::Remove { .. } => shift -= 1,
                _ => {}
            }
            let (certainty, because) = match examine {
                true => certainty(context, reading, edit, &pairs),
                false => (Certainty::Open, String::new()),
            };
            let row = context.layout.row_of(context.record, edit.at());
            Change {
                edit,
                offset,
                line: row.and_then(|row| context.record.rows.get(row)).map(|row| row.line),
                field: field_at(&frame, offset),
                certainty,
                because,
            }
        })
        .collect();
    let rows = context.record.rows.iter().zip(&version.rows);
    let rows = rows.map(|(row, &(start, len))| Row { start, len, ..row.clone() }).collect();
    Candidate { changes, bits: reading.tally.bits, evidence, rows, bytes: version.bytes }
}

fn frame(context: &Context<'_>, version: &Version) -> Frame {
    let record = Record { bytes: version.bytes.clone(), ..Record::default() };
    Frame::new(1, record, Options { link: context.link, from: None })
}

/// The name of the smallest field that holds this byte.
fn field_at(frame: &Frame, offset: usize) -> Option<String> {
    let layers = frame.net.layers.iter().flat_map(|layer| &layer.fields);
    let below = layers
        .filter(|field| (field.offset..field.offset + field.length).contains(&offset))
        .min_by_key(|field| field.length)
        .map(|field| field.name.to_owned());
    below.or_else(|| {
        let packet = frame
            .packets()
            .find(|packet| (packet.offset..packet.offset + packet.length).contains(&offset))?;
        let node = packet.nodes.iter().find(|node| node.bytes.contains(&offset))?;
        Some(format!("{} of {}", node.name, packet.name()))
    })
}

/// Other pairs of digits that pass all that this reading of two changed digits does.
fn rival_pairs(context: &Context<'_>, reading: &Reading) -> Vec<[Edit; 2]> {
    let [_, _] = reading.edits.as_slice() else { return Vec::new() };
    let mut rivals = pairs::of_checksum(context, &context.version(&[])).list;
    rivals.retain(|pair| {
        pair.as_slice() != reading.edits
            && context.tally(&context.version(pair), pair).passes_all_of(reading.tally)
    });
    rivals
}

fn certainty(
    context: &Context<'_>,
    reading: &Reading,
    edit: Edit,
    pairs: &[[Edit; 2]],
) -> (Certainty, String) {
    if edit.shifts() {
        return (Certainty::Likely, "other digits at other places would pass the same checks".to_owned());
    }
    let found = search::alternatives(context, reading, edit);
    let checksum = match found.of_checksum {
        0 => String::new(),
        1 => "; no other changed digit satisfies the checksum".to_owned(),
        count => format!("; {count} changes of one digit satisfy the checksum alone"),
    };
    let rivals = pairs.iter().filter(|pair| !pair.contains(&edit)).count();
    if !reading.tally.passes() {
        (Certainty::Likely, format!("not all checks pass with it{checksum}"))
    } else if !found.needed {
        (Certainty::Likely, "every check passes without it too".to_owned())
    } else if found.of_all > 0 {
        (Certainty::Likely, format!("{} the same checks{checksum}", others(found.of_all, kind_of(edit))))
    } else if rivals > 0 {
        (
            Certainty::Likely,
            format!("{} the same checks{checksum}", others(rivals, ["pair of digits", "pairs of digits"])),
        )
    } else {
        let [one, _] = kind_of(edit);
        (Certainty::Proved, format!("no other {one} passes all checks{checksum}"))
    }
}

/// One of a kind, and several.
fn kind_of(edit: Edit) -> [&'static str; 2] {
    match edit {
        Edit::Change { .. } => ["change of one byte", "changes of one byte"],
        Edit::Insert { .. } => ["byte put in", "bytes put in"],
        _ => ["byte left out", "bytes left out"],
    }
}

fn others(count: usize, [one, several]: [&str; 2]) -> String {
    if count == 1 { format!("1 other {one} passes") } else { format!("{count} other {several} pass") }
}

impl Candidate {
    /// Whether every check passes that can prove damage.
    pub fn passes(&self) -> bool {
        self.evidence.iter().all(|evidence| evidence.holds || !evidence.check.is_proof())
    }

    /// Whether every check passes, and each change is proved; so also of the bytes as printed that pass.
    pub fn is_proved(&self) -> bool {
        self.passes() && self.changes.iter().all(|change| change.certainty == Certainty::Proved)
    }
}

impl Change {
    /// What is changed, in words: `30 is read as 90`.
    pub fn words(&self, printed: &Record) -> String {
        match self.edit {
            Edit::Change { from, to, .. } => format!("{from:02x} is read as {to:02x}"),
            Edit::Insert { byte, unread: Some(word), .. } => {
                let word = printed.unread.get(word).map_or("", |unread| unread.word.as_str());
                format!("{word:?} is read as {byte:02x}")
            }
            Edit::Insert { byte, unread: None, .. } => format!("{byte:02x} is missing here"),
            Edit::Remove { byte, .. } => format!("{byte:02x} is one too many"),
            Edit::InsertDigit { digit, .. } => format!("the digit {digit:x} is missing here"),
            Edit::RemoveDigit { digit, .. } => format!("the digit {digit:x} is one too many"),
        }
    }
}

/// Findings about damage that a repair takes back, when it changes anything.
const TAKEN_BACK: [&str; 3] = ["dump_row_length", "not_understood", "odd_digits"];

/// The record as a candidate reads it; each change is a finding, and an error as the damage is.
pub(super) fn repaired(printed: &Record, candidate: &Candidate) -> Record {
    if candidate.changes.is_empty() {
        return printed.clone();
    }
    let mut findings: Vec<Finding> = candidate
        .changes
        .iter()
        .map(|change| {
            let certainty = change.certainty.as_str();
            let message = format!("{} ({certainty})", change.words(printed));
            let length = usize::from(!matches!(change.edit, Edit::Remove { .. }));
            let mut finding = Finding::new(Severity::Error, "repaired", change.offset, length, message)
                .hint(change.because.clone());
            finding.field = change.field.clone();
            finding
        })
        .collect();
    let rows_fit = candidate.evidence.iter().all(|evidence| evidence.holds || evidence.check != Check::Rows);
    let kept = printed.findings.iter().filter(|finding| !(rows_fit && TAKEN_BACK.contains(&finding.kind)));
    findings.extend(kept.cloned());
    Record {
        bytes: candidate.bytes.clone(),
        rows: candidate.rows.clone(),
        findings,
        unread: Vec::new(),
        format: printed.format,
        is_guessed: !candidate.is_proved(),
    }
}
