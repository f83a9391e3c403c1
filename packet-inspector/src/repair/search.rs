//! Finds the readings with the most evidence: single changes, pairs that satisfy a checksum, and the best of those with
//! one more change.

use super::edit::{Edit, Version};
use super::evidence::{Check, Tally};
use super::pairs;
use super::propose::{self, MOST_WHOLE_BYTES, Wants};
use super::weigh::Context;

/// How many readings of one change are tried with another.
const BEAM: usize = 16;
/// How many of those are tried with a byte put in, which takes long.
const NARROW_BEAM: usize = 4;
/// The most changes, beside words that could not be read.
const MOST_EDITS: usize = 2;
/// The most words that are read.
const MOST_UNREAD: usize = 3;
/// How many readings are kept.
const KEPT: usize = 256;
/// The longest record that is searched.
const MOST_BYTES: usize = 2048;

/// A reading of the bytes, and what it weighs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) edits: Vec<Edit>,
    pub(super) tally: Tally,
}

/// What a search found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The best first; the bytes as printed are among them.
    pub(super) readings: Vec<Reading>,
    /// Whether changes were tried at all.
    pub(super) searched: bool,
    /// Bounds that were hit, and what was not tried for that.
    pub(super) left_out: Vec<String>,
}

/// The readings of a record; only the printed one when nothing speaks against it.
pub(super) fn search(context: &Context<'_>) -> Found {
    let printed = context.version(&[]);
    let tally = context.tally(&printed, &[]);
    let base = Reading { edits: Vec::new(), tally };
    let len = printed.bytes.len();
    if !tally.is_doubtful() || len > MOST_BYTES || len == 0 {
        let is_long = tally.is_doubtful() && len > MOST_BYTES;
        let left_out = is_long.then(|| format!("it has {len} bytes, and at most {MOST_BYTES} are searched"));
        return Found { readings: vec![base], searched: false, left_out: left_out.into_iter().collect() };
    }
    let mut left_out = Vec::new();
    if len > MOST_WHOLE_BYTES {
        left_out.push(format!(
            "it has {len} bytes: above {MOST_WHOLE_BYTES}, one changed digit of a byte is tried, not both, no lost byte in \
             rows that lack none, and no two changes at once that satisfy a checksum or a length together"
        ));
    }
    let mut best = Best::default();
    best.add(base.clone());
    let wants = Wants::of(context, &printed);
    let mut version = Version::default();
    let mut level = Best::default();
    propose::singles(context, wants, |edit| {
        version.make(context.record, &context.layout, &[edit]);
        level.offer(context, &version, &[edit]);
    });
    let kinds = [
        ("changed digits that satisfy the checksum", pairs::of_checksum(context, &printed)),
        ("lost bytes", pairs::lost(context, wants.lacking)),
        ("bytes too many", pairs::doubled(context, wants.surplus)),
    ];
    for (kind, pairs) in kinds {
        for pair in &pairs.list {
            version.make(context.record, &context.layout, pair);
            best.offer(context, &version, pair);
        }
        if pairs.left_out > 0 {
            let (most, more) = (pairs.list.len(), pairs.left_out);
            left_out.push(format!("of pairs of {kind}, the first {most} were weighed, and {more} were not"));
        }
    }
    let levels = MOST_EDITS + context.record.unread.len().min(MOST_UNREAD);
    for depth in 1..levels {
        let parents = level.take();
        level = next_level(context, &parents, depth >= MOST_EDITS);
        parents.into_iter().for_each(|reading| best.add(reading));
    }
    level.take().into_iter().for_each(|reading| best.add(reading));
    let mut readings = best.take();
    drop_idle_changes(&mut readings);
    if !readings.iter().any(|reading| reading.edits.is_empty()) {
        readings.push(base);
    }
    Found { readings, searched: true, left_out }
}

/// Leaves out readings with a change that is not worth its cost: without it there is a better one.
fn drop_idle_changes(readings: &mut Vec<Reading>) {
    let mut kept: Vec<Reading> = Vec::with_capacity(readings.len());
    for reading in readings.drain(..) {
        let has_all_of = |better: &Reading| better.edits.iter().all(|edit| reading.edits.contains(edit));
        if !kept.iter().any(|better| better.edits.len() < reading.edits.len() && has_all_of(better)) {
            kept.push(reading);
        }
    }
    *readings = kept;
}

/// The bytes as printed alone, and why no change was tried, if they are damaged.
pub(super) fn unsearched(context: &Context<'_>, why: String) -> Found {
    let tally = context.tally(&context.version(&[]), &[]);
    let left_out = tally.is_doubtful().then_some(why).into_iter().collect();
    Found { readings: vec![Reading { edits: Vec::new(), tally }], searched: false, left_out }
}

/// The best readings with one more change.
fn next_level(context: &Context<'_>, parents: &[Reading], only_words: bool) -> Best {
    let mut level = Best::default();
    let mut version = Version::default();
    let mut edits = Vec::new();
    for (number, parent) in parents.iter().take(BEAM).enumerate() {
        // Where nothing is wrong any more, another change is none for the better.
        if parent.edits.iter().any(|edit| edit.shifts()) || !parent.tally.is_doubtful() {
            continue;
        }
        let mut tried = |edit: Edit| {
            if !joins(&parent.edits, edit) {
                return;
            }
            edits.clear();
            edits.extend_from_slice(&parent.edits);
            edits.push(edit);
            // The order of changes makes no difference; of two bytes put in at one place it does.
            edits.sort_by_key(|edit| edit.at());
            version.make(context.record, &context.layout, &edits);
            level.offer(context, &version, &edits);
        };
        if !only_words {
            propose::digits(context, &mut tried);
        }
        let off = parent.tally.fails(Check::Rows) || parent.tally.fails(Check::IpLength);
        if off || context.survey(&context.version(&parent.edits)).is_none() {
            propose::removals(context, &mut tried);
            if number < NARROW_BEAM || !context.record.unread.is_empty() {
                propose::insertions(context, &mut tried);
            }
        }
    }
    level
}

/// Whether a change can be made beside the others: not of the same byte or word.
fn joins(edits: &[Edit], edit: Edit) -> bool {
    edits.iter().all(|other| match (*other, edit) {
        (Edit::Insert { unread: Some(one), .. }, Edit::Insert { unread: Some(other), .. }) => one != other,
        (Edit::Insert { .. }, _) | (_, Edit::Insert { .. }) => true,
        (one, other) => one.at() != other.at(),
    })
}

/// Other changes instead of one of a reading's, all else as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Alternatives {
    /// Changes of one digit that satisfy the checksum, when that fails without any; itself among them.
    pub(super) of_checksum: usize,
    /// Changes that pass every check which the reading passes, itself not counted.
    pub(super) of_all: usize,
    /// Without the change, a check proves the bytes to be damaged.
    pub(super) needed: bool,
}

/// How far the checks alone determine one of a reading's changes.
pub(super) fn alternatives(context: &Context<'_>, reading: &Reading, edit: Edit) -> Alternatives {
    let rest: Vec<Edit> = reading.edits.iter().copied().filter(|other| *other != edit).collect();
    let without = context.tally(&context.version(&rest), &rest);
    let mut found = Alternatives { needed: !without.passes(), ..Alternatives::default() };
    let checksum_fails = without.fails(Check::TcpChecksum);
    let mut version = Version::default();
    let mut edits = Vec::new();
    let mut tried = |other: Edit| {
        if !joins(&rest, other) {
            return;
        }
        edits.clear();
        edits.extend_from_slice(&rest);
        edits.push(other);
        edits.sort_by_key(|edit| edit.at());
        version.make(context.record, &context.layout, &edits);
        let tally = context.tally(&version, &edits);
        if checksum_fails && tally.holds(Check::TcpChecksum) && is_one_digit(other) {
            found.of_checksum += 1;
        }
        if other != edit && tally.passes_all_of(reading.tally) {
            found.of_all += 1;
        }
    };
    match edit {
        Edit::Change { .. } => propose::changes(context, &mut tried),
        Edit::Insert { .. } => propose::insertions(context, &mut tried),
        Edit::Remove { .. } => propose::removals(context, &mut tried),
        Edit::InsertDigit { .. } | Edit::RemoveDigit { .. } => {}
    }
    found
}

fn is_one_digit(edit: Edit) -> bool {
    matches!(edit, Edit::Change { from, to, .. } if super::misreading::wrong_digit(from, to).is_some())
}

/// The heaviest readings, up to [`KEPT`].
#[derive(Debug, Default)]
struct Best {
    readings: Vec<Reading>,
    /// What a reading has to weigh once there are enough.
    least: Option<i32>,
}

impl Best {
    fn offer(&mut self, context: &Context<'_>, version: &Version, edits: &[Edit]) {
        let tally = context.tally(version, edits);
        if self.least.is_none_or(|least| tally.bits > least) {
            self.add(Reading { edits: edits.to_vec(), tally });
        }
    }

    fn add(&mut self, reading: Reading) {
        self.readings.push(reading);
        if self.readings.len() >= 2 * KEPT {
            self.trim();
        }
    }

    fn trim(&mut self) {
        self.readings.sort_by(|one, other| {
            let key = |reading: &Reading| (-reading.tally.bits, reading.edits.len());
            key(one).cmp(&key(other)).then_with(|| one.edits.cmp(&other.edits))
        });
        self.readings.dedup_by(|one, other| one.edits == other.edits);
        self.readings.truncate(KEPT);
        if self.readings.len() == KEPT {
            self.least = self.readings.last().map(|reading| reading.tally.bits);
        }
    }

    fn take(&mut self) -> Vec<Reading> {
        self.trim();
        self.least = None;
        std::mem::take(&mut self.readings)
    }
}
