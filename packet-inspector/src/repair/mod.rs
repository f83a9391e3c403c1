//! Candidate repairs of damaged dumps, ranked by how much evidence agrees: the lengths of rows, of IP and of MQTT,
//! checksums, the text beside the bytes, what MQTT allows, digits that scanners confuse, and the other frames of the
//! connection in the same paste. Nothing is altered silently: a repair is a list of changes, each with what is proved.
//!
//! ```
//! use packet_inspector::frame::Options;
//! use packet_inspector::input::{self, InputFormat};
//! use packet_inspector::repair::repair;
//!
//! // The length of a PUBLISH: 8 is printed as 0.
//! let records = input::read(b"30 0d 00 00 69 6e 74 65 72 6e 65 74 49 4f 54", InputFormat::Auto)?;
//! let repairs = repair(&records, Options::default());
//! assert_eq!(repairs[0].best().bytes[..4], [0x30, 0x0d, 0x00, 0x08]);
//! assert_eq!(repairs[0].printed.bytes[..4], [0x30, 0x0d, 0x00, 0x00]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod candidate;
mod edit;
mod evidence;
mod misreading;
mod mqtt;
mod neighbours;
mod pairs;
mod propose;
mod search;
mod text;
mod weigh;

pub use candidate::{Candidate, Certainty, Change};
pub use edit::Edit;
pub use evidence::{Check, Evidence};

use crate::frame::Options;
use crate::record::Record;
use neighbours::Neighbour;
use search::Found;
use weigh::Context;

/// How many frames before and behind one are compared to it.
const NEAR: usize = 64;
/// How many damaged records of one paste are searched.
const MOST_SEARCHED: usize = 256;

/// A record, and what may be wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The record as it was printed.
    pub printed: Record,
    /// Readings of it, the one with the most evidence first; the bytes as printed are among them.
    pub candidates: Vec<Candidate>,
    /// Whether changes were tried; not when nothing speaks against the bytes, and not in records of more than 2,048.
    pub searched: bool,
}

impl Repair {
    /// The reading with the most evidence.
    ///
    /// # Panics
    /// Never: there is always the printed one.
    pub fn best(&self) -> &Candidate {
        self.candidates.first().unwrap_or(candidate::NONE)
    }

    /// The record with the best candidate's bytes, and a finding for each change that was made.
    pub fn repaired(&self) -> Record {
        candidate::repaired(&self.printed, self.best())
    }
}

/// Ranks readings of each record.
pub fn repair(records: &[Record], options: Options) -> Vec<Repair> {
    let printed: Vec<Option<Neighbour>> = records
        .iter()
        .map(|record| {
            let context = Context::new(record, options, Vec::new());
            context.neighbour(&context.version(&[]))
        })
        .collect();
    // What one frame proves helps to mend another, so all are read twice.
    let read = if records.len() > 1 { read_once(records, options, &printed) } else { printed };
    let mut left = MOST_SEARCHED;
    (0..records.len())
        .zip(records)
        .map(|(number, record)| {
            let context = Context::new(record, options, near(&read, number));
            let found = limited(&context, &mut left);
            candidate::rank(&context, found)
        })
        .collect()
}

/// What each record says of its connection when read in the best way.
fn read_once(records: &[Record], options: Options, printed: &[Option<Neighbour>]) -> Vec<Option<Neighbour>> {
    let mut left = MOST_SEARCHED;
    (0..records.len())
        .zip(records)
        .map(|(number, record)| {
            let context = Context::new(record, options, near(printed, number));
            let found = limited(&context, &mut left);
            let best = found.readings.first()?;
            context.neighbour(&context.version(&best.edits))
        })
        .collect()
}

fn limited(context: &Context<'_>, left: &mut usize) -> Found {
    if *left == 0 {
        return search::unsearched(context);
    }
    let found = search::search(context);
    *left -= usize::from(found.searched);
    found
}

/// The frames around the one with this number.
fn near(all: &[Option<Neighbour>], number: usize) -> Vec<Neighbour> {
    let before = all.get(number.saturating_sub(NEAR)..number).unwrap_or_default();
    let behind = all.get(number + 1..all.len().min(number + 1 + NEAR)).unwrap_or_default();
    before.iter().chain(behind).flatten().cloned().collect()
}
