//! Candidate repairs of damaged dumps, ranked by how much evidence agrees: the lengths of rows, of IP and of MQTT,
//! checksums, the text beside the bytes, what MQTT allows, digits that scanners confuse, and the other frames of the
//! connection in the same paste. Nothing is altered silently: a repair is a list of changes, each with what is proved.
//!
//! ```
//! use packet_inspector::frame::Options;
//! use packet_inspector::input::{self, InputFormat};
//! use packet_inspector::repair::repair;
//!
//! // A CONNECT, whose first byte 10 is printed as 18.
//! let records = input::read(b"18 0d 0004 4d515454 04 02 003c 0001 61", InputFormat::Auto)?;
//! let repairs = repair(&records, Options::default());
//! assert_eq!(repairs[0].best().bytes[0], 0x10);
//! assert_eq!(repairs[0].printed.bytes[0], 0x18);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod candidate;
mod edit;
mod evidence;
mod misreading;
mod mqtt;
mod neighbours;
mod pairs;
mod paste;
mod propose;
mod search;
mod text;
mod unchecked;
mod weigh;

pub use candidate::{Candidate, Certainty, Change};
pub use edit::Edit;
pub use evidence::{Check, Evidence};

use crate::frame::Options;
use crate::net::Link;
use crate::record::Record;
use neighbours::Neighbour;
use search::Found;
use weigh::Context;

/// How many frames before and behind one are compared to it.
const NEAR: usize = 64;
/// What a damaged record may be though it does not look like it.
const FRAMES: [Link; 2] = [Link::Ethernet, Link::RawIp];
/// How much more a frame must weigh than MQTT alone: it has more fields that can agree.
const FRAME: i32 = 16;
/// How many damaged records of one paste are searched.
const MOST_SEARCHED: usize = 64;

/// A record, and what may be wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The record as it was printed.
    pub printed: Record,
    /// Readings of it, the one with the most evidence first; the bytes as printed are among them.
    pub candidates: Vec<Candidate>,
    /// Where the best reading is at odds with other frames in what no check covers.
    pub remarks: Vec<String>,
    /// Whether changes were tried; not when nothing speaks against the bytes, or when a bound forbids it.
    pub searched: bool,
    /// Which bounds were hit, and what was not tried for that: each in a sentence.
    pub left_out: Vec<String>,
}

impl Repair {
    /// The reading with the most evidence.
    ///
    /// # Panics
    /// Never: there is always the printed one.
    pub fn best(&self) -> &Candidate {
        self.candidates.first().unwrap_or(candidate::NONE)
    }

    /// The record as a candidate reads it. When others are better it is a guess, whatever is proved of it.
    pub(crate) fn record(&self, candidate: &Candidate) -> Record {
        let is_best = candidate.bytes == self.best().bytes;
        let mut record = candidate::repaired(&self.printed, candidate);
        record.is_guessed |= !is_best || !candidate.is_proved();
        record
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
    let mut read = read_all(records, options, &printed, Vec::new());
    // What one frame proves helps to mend another, so all are read twice.
    if records.len() > 1 {
        let proved: Vec<_> = read
            .iter()
            .map(|(context, found)| context.neighbour(&context.version(&found.readings.first()?.edits)))
            .collect();
        read = read_all(records, options, &proved, read);
    }
    read.into_iter().map(|(context, found)| candidate::rank(&context, found)).collect()
}

/// The readings of each record beside the others as they are said to be; what was found before beside the same others still
/// holds.
fn read_all<'a>(
    records: &'a [Record],
    options: Options,
    all: &[Option<Neighbour>],
    before: Vec<(Context<'a>, Found)>,
) -> Vec<(Context<'a>, Found)> {
    let mut left = MOST_SEARCHED;
    let mut before = before.into_iter();
    let read = (0..records.len()).zip(records).map(|(number, record)| {
        let others = near(all, number);
        let known = before.next().filter(|(context, found)| {
            context.paste.others == others && (found.searched || found.left_out.is_empty())
        });
        match known {
            Some((context, found)) => {
                left = left.saturating_sub(usize::from(found.searched));
                (context, found)
            }
            None => searched(record, options, &others, &mut left),
        }
    });
    read.collect()
}

/// The readings of a record, unless too many were searched before.
fn searched<'a>(
    record: &'a Record,
    options: Options,
    others: &[Neighbour],
    left: &mut usize,
) -> (Context<'a>, Found) {
    let context = Context::new(record, options, others.to_vec());
    if *left == 0 {
        let found = search::unsearched(&context, MOST_SEARCHED);
        return (context, found);
    }
    let found = search::search(&context);
    *left -= usize::from(found.searched);
    if !found.searched || context.link != Link::Mqtt || options.link != Link::Auto {
        return (context, found);
    }
    // A byte too many among the first ones hides the headers, and all looks like damaged MQTT.
    let weight = |found: &Found| found.readings.first().map_or(i32::MIN, |reading| reading.tally.bits);
    FRAMES
        .into_iter()
        .map(|link| {
            let context = Context::with_link(record, link, options, others.to_vec());
            let found = search::search(&context);
            (context, found)
        })
        .filter(|(_, other)| weight(other) > weight(&found) + FRAME)
        .max_by_key(|(_, other)| weight(other))
        .unwrap_or((context, found))
}

/// The frames around the one with this number.
fn near(all: &[Option<Neighbour>], number: usize) -> Vec<Neighbour> {
    let before = all.get(number.saturating_sub(NEAR)..number).unwrap_or_default();
    let behind = all.get(number + 1..all.len().min(number + 1 + NEAR)).unwrap_or_default();
    before.iter().chain(behind).flatten().cloned().collect()
}
