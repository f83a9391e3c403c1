//! Compares captures: connections are paired, and the packets of each direction laid beside each other.
//!
//! A capture may be longer than memory, so it is read up to three times: once for the connections and what each side says, in one
//! number; again for those connections that differ, a number for each packet; and a last time for the packets that are
//! shown. All of that is bounded, and what goes beyond is counted.

mod meaning;
mod pair;
mod places;
mod survey;

pub use survey::Conversation;

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};
use mqtt_codec::Side;

use self::meaning::Meaning;
use self::pair::{Paired, pair};
use self::places::{Chosen, Said};
use self::survey::{CONNECTIONS, Survey};
use super::{Depth, Items};
use crate::stream::{Captured, Sink};

/// Packets of both captures that are shown.
const SHOWN: usize = 20_000;

/// Packets of a capture that are compared with a list.
const LISTED: usize = 20_000;

/// Bytes of them.
const LISTED_BYTES: usize = 16 << 20;

/// A capture that can be read again.
pub trait Capture {
    /// Why it cannot be read, or not to its end.
    type Error;

    /// Gives all its packets to the sink.
    ///
    /// # Errors
    /// When it cannot be read to its end.
    fn read<S: Sink>(&self, sink: &mut S) -> Result<(), Self::Error>;
}

/// How captures are compared and shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Showing {
    /// How much is compared.
    pub depth: Depth,
    /// Passwords, user names and payloads are compared, and not shown.
    pub is_redacted: bool,
}

/// Two captures, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// Connections that differ, or that only one capture has.
    pub talks: Vec<Talk>,
    /// How many connections say the same.
    pub same: u64,
    /// How many packets they have.
    pub same_packets: u64,
    /// Packets of each capture that are on connections beyond the most that are compared.
    pub left_out: [u64; 2],
    /// Connections of each capture that are not MQTT 3.1.1; they are not compared.
    pub others: [u64; 2],
    /// Connections that say the same, and of which bytes are missing in each capture.
    pub same_with_gaps: [u64; 2],
    /// Malformed packets of each capture, which are compared as bytes.
    pub malformed: [u64; 2],
}

/// A connection of each capture that differ, or one that only one capture has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// In the first capture.
    pub a: Option<Conversation>,
    /// In the second capture.
    pub b: Option<Conversation>,
    /// Where they differ: nothing when only one is there.
    pub parts: Vec<Part>,
    /// Packets that mean the same.
    pub same_packets: u64,
    /// Packets of each capture that differ, and are more than can be shown.
    pub not_shown: [u64; 2],
}

/// Packets of one side, between packets that mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Who sent them.
    pub from: Side,
    /// In the first capture.
    pub a: Items,
    /// In the second capture.
    pub b: Items,
}

impl Captures {
    /// Whether neither capture has a connection that can be compared.
    pub fn is_empty(&self) -> bool {
        self.same == 0 && self.talks.is_empty() && self.left_out == [0; 2]
    }

    /// Whether all was compared, and means the same.
    pub fn is_same(&self) -> bool {
        self.left_out == [0; 2] && self.talks.iter().all(Talk::is_same)
    }
}

impl Talk {
    /// Whether both say the same when their fields are compared.
    pub fn is_same(&self) -> bool {
        let parts = || self.parts.iter().all(|part| super::compare(&part.a, &part.b).is_same());
        self.a.is_some() && self.b.is_some() && self.not_shown == [0; 2] && parts()
    }
}

/// Compares two captures.
///
/// # Errors
/// Those of reading them, with which of them it was: 0 is the first.
pub fn compare<A: Capture, B: Capture<Error = A::Error>>(
    a: &A,
    b: &B,
    showing: Showing,
) -> Result<Captures, (usize, A::Error)> {
    let meaning = Meaning::new(showing.depth);
    let (mut survey_a, mut survey_b) = (Survey::new(&meaning), Survey::new(&meaning));
    read(a, &mut survey_a, b, &mut survey_b)?;
    let left_out = [survey_a.left_out, survey_b.left_out];
    let others = [survey_a.others, survey_b.others];
    let (of_a, of_b) = (survey_a.conversations(), survey_b.conversations());
    let (same, differ): (Vec<_>, Vec<_>) = pair(&of_a, &of_b).into_iter().partition(Paired::is_same);
    let malformed = |all: &[Conversation]| all.iter().map(|one| one.malformed).sum();
    let with_gaps = |of: fn(&Paired<'_>) -> bool| same.iter().filter(|pair| of(pair)).count() as u64;
    let mut captures = Captures {
        talks: Vec::new(),
        same: same.len() as u64,
        same_packets: same.iter().filter_map(|pair| pair.a).map(Conversation::count).sum(),
        left_out,
        others,
        same_with_gaps: [
            with_gaps(|pair| pair.a.is_some_and(|a| a.has_gaps)),
            with_gaps(|pair| pair.b.is_some_and(|b| b.has_gaps)),
        ],
        malformed: [malformed(&of_a), malformed(&of_b)],
    };
    if differ.is_empty() {
        return Ok(captures);
    }
    let both = || differ.iter().filter_map(|pair| pair.a.zip(pair.b));
    let mut said = [Said::new(&meaning, both().map(|(a, _)| a)), Said::new(&meaning, both().map(|(_, b)| b))];
    let [said_a, said_b] = &mut said;
    read(a, said_a, b, said_b)?;
    let mut chosen = [Chosen::new(showing), Chosen::new(showing)];
    let mut room = SHOWN;
    for Paired { a, b } in differ {
        let mut talk = Talk { a: a.cloned(), b: b.cloned(), ..Talk::default() };
        if let Some((a, b)) = a.zip(b) {
            for side in SIDES {
                talk.lay(side, [a, b], &mut said, &mut chosen, &mut room);
            }
        }
        captures.talks.push(talk);
    }
    let [chosen_a, chosen_b] = &mut chosen;
    read(a, chosen_a, b, chosen_b)?;
    captures.talks.iter_mut().for_each(|talk| talk.fill(&mut chosen));
    Ok(captures)
}

const SIDES: [Side; 2] = [Side::Client, Side::Server];

impl Talk {
    /// Lays the packets of a side beside each other; those that differ are chosen, as long as there is room for them.
    fn lay(
        &mut self,
        side: Side,
        both: [&Conversation; 2],
        said: &mut [Said<'_>; 2],
        chosen: &mut [Chosen; 2],
        room: &mut usize,
    ) {
        let [a, b] = both;
        let ([from_a, from_b], [chosen_a, chosen_b]) = (said, chosen);
        let (said_a, said_b) = (from_a.take(a.way(side)), from_b.take(b.way(side)));
        let mut like = said_a.len();
        for (before, after) in hunks(&said_a, &said_b) {
            like -= before.len();
            let count = before.len() + after.len();
            if count > *room {
                self.leave_out(before.len(), after.len());
                continue;
            }
            *room -= count;
            chosen_a.want(a.way(side), before);
            chosen_b.want(b.way(side), after);
        }
        self.same_packets += like as u64;
        self.leave_out(a.unheard(side, said_a.len()), b.unheard(side, said_b.len()));
    }

    fn leave_out(&mut self, a: usize, b: usize) {
        let [of_a, of_b] = &mut self.not_shown;
        *of_a += a as u64;
        *of_b += b as u64;
    }

    /// Takes its packets from those that were chosen.
    fn fill(&mut self, chosen: &mut [Chosen; 2]) {
        let [chosen_a, chosen_b] = chosen;
        let Some((a, b)) = self.a.as_ref().zip(self.b.as_ref()) else { return };
        let (mut parts, mut missing) = (Vec::new(), [0, 0]);
        for from in SIDES {
            for ((of_a, a), (of_b, b)) in chosen_a.take(a.way(from)).zip(chosen_b.take(b.way(from))) {
                if a.as_slice().len() < of_a || b.as_slice().len() < of_b {
                    let [all_a, all_b] = missing;
                    missing = [all_a + of_a, all_b + of_b];
                    continue;
                }
                parts.push(Part { from, a, b });
            }
        }
        self.parts = parts;
        let [of_a, of_b] = missing;
        self.leave_out(of_a, of_b);
    }
}

/// Reads both to the end.
fn read<A: Capture, B: Capture<Error = A::Error>>(
    a: &A,
    sink_a: &mut impl Sink,
    b: &B,
    sink_b: &mut impl Sink,
) -> Result<(), (usize, A::Error)> {
    a.read(sink_a).map_err(|error| (0, error))?;
    b.read(sink_b).map_err(|error| (1, error))
}

/// Where two sequences differ.
fn hunks(a: &[u64], b: &[u64]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut input = InternedInput::default();
    input.update_before(a.iter().copied());
    input.update_after(b.iter().copied());
    let diff = Diff::compute(Algorithm::Histogram, &input);
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| (range(hunk.before), range(hunk.after))).collect()
}

/// All packets of a capture in their order, to be compared with a list.
#[derive(Debug)]
pub struct Listed {
    showing: Showing,
    items: Items,
    bytes: usize,
    /// Packets that are more than can be compared with a list.
    pub left_out: u64,
}

impl Listed {
    /// None yet.
    pub fn new(showing: Showing) -> Self {
        Self { showing, items: Items::new(showing.depth), bytes: 0, left_out: 0 }
    }

    /// The packets.
    pub fn into_items(self) -> Items {
        self.items
    }
}

impl Sink for Listed {
    fn packet(&mut self, packet: &Captured<'_>) {
        if self.items.as_slice().len() >= LISTED || self.bytes >= LISTED_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += packet.bytes.len();
        self.items.add(&self.showing.frame(packet));
    }
}

/// How many connections are compared.
pub const MOST_CONNECTIONS: usize = CONNECTIONS;
