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
/// How many bytes they may have together: half a minute's work.
const MOST_SEARCHED_BYTES: usize = 16 << 10;

/// What may still be searched.
struct Left {
    records: usize,
    bytes: usize,
}

impl Left {
    const ALL: Self = Self { records: MOST_SEARCHED, bytes: MOST_SEARCHED_BYTES };

    /// Why a record of this length is not searched any more.
    fn forbids(&self, len: usize) -> Option<String> {
        if self.records == 0 {
            return Some(format!(
                "{MOST_SEARCHED} damaged frames of this paste were searched before it, which is the most"
            ));
        }
        let before = MOST_SEARCHED_BYTES - self.bytes;
        (len > self.bytes).then(|| {
            format!(
                "it has {len} bytes, the damaged frames that were searched before it {before}, and no more than \
                 {MOST_SEARCHED_BYTES} of one paste are searched"
            )
        })
    }

    fn take(&mut self, len: usize, found: &Found) {
        if found.searched {
            self.records = self.records.saturating_sub(1);
            self.bytes = self.bytes.saturating_sub(len);
        }
    }
}

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
    let mut left = Left::ALL;
    let mut before = before.into_iter();
    let read = (0..records.len()).zip(records).map(|(number, record)| {
        let others = near(all, number);
        let known = before.next().filter(|(context, found)| {
            context.paste.others == others && (found.searched || found.left_out.is_empty())
        });
        match known {
            Some((context, found)) => {
                left.take(record.bytes.len(), &found);
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
    left: &mut Left,
) -> (Context<'a>, Found) {
    let context = Context::new(record, options, others.to_vec());
    if let Some(why) = left.forbids(record.bytes.len()) {
        let found = search::unsearched(&context, why);
        return (context, found);
    }
    let found = search::search(&context);
    left.take(record.bytes.len(), &found);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_searched_up_to_a_bound_of_frames_and_of_bytes() {
        let found = Found { readings: Vec::new(), searched: true, left_out: Vec::new() };
        let mut left = Left::ALL;
        for _ in 0..8 {
            assert_eq!(left.forbids(2_000), None);
            left.take(2_000, &found);
        }
        let why = left.forbids(2_000).unwrap();
        assert!(why.starts_with("it has 2000 bytes, the damaged frames that were searched before it 16000"));
        assert_eq!(left.forbids(384), None, "a shorter one still is");
        left.take(384, &Found { searched: false, ..found.clone() });
        assert_eq!(left.forbids(384), None, "what was not searched counts nothing");
        let mut left = Left::ALL;
        (0..MOST_SEARCHED).for_each(|_| left.take(1, &found));
        assert!(left.forbids(1).unwrap().starts_with("64 damaged frames"));
    }
}
