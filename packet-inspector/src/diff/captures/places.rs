//! Later readings, of connections that differ: what each packet says, in a number, and then those packets that are shown.

use std::collections::HashMap;
use std::ops::Range;

use mqtt_codec::Side;

use super::Showing;
use super::meaning::Meaning;
use super::survey::{Conversation, index};
use crate::capture::Time;
use crate::diff::{Depth, Items};
use crate::frame::Frame;
use crate::stream::{Captured, Direction, Sink};

/// The packets of a capture that are laid beside others; those of later connections are not.
const PACKETS: usize = 1_000_000;

/// Bytes of packets of a capture that are taken apart to be shown.
const BYTES: usize = 16 << 20;

/// One direction of a connection.
pub(super) type Way = (u32, Direction);

impl Conversation {
    /// What a side sends.
    pub(super) fn way(&self, side: Side) -> Way {
        let client = self.client;
        (self.number, if side == Side::Client { client } else { client.opposite() })
    }

    /// How many packets of a side are not among these first ones.
    pub(super) fn unheard(&self, side: Side, heard: usize) -> usize {
        let all = self.packets.get(index(side)).copied().unwrap_or_default();
        usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(heard)
    }
}

/// Hears what the packets of some directions say.
#[derive(Debug)]
pub(super) struct Said<'a> {
    meaning: &'a Meaning,
    ways: HashMap<Way, Vec<u64>>,
    count: usize,
}

impl<'a> Said<'a> {
    pub(super) fn new<'c>(meaning: &'a Meaning, of: impl Iterator<Item = &'c Conversation>) -> Self {
        let ways = of.flat_map(|one| [one.way(Side::Client), one.way(Side::Server)]);
        Self { meaning, ways: ways.map(|way| (way, Vec::new())).collect(), count: 0 }
    }

    /// What was said this way, as far as it is known.
    pub(super) fn take(&mut self, way: Way) -> Vec<u64> {
        self.ways.remove(&way).unwrap_or_default()
    }
}

impl Sink for Said<'_> {
    fn packet(&mut self, packet: &Captured<'_>) {
        if let Some(said) = self.ways.get_mut(&(packet.info.number, packet.direction))
            && self.count < PACKETS
        {
            self.count += 1;
            said.push(self.meaning.of(packet));
        }
    }
}

/// Takes those packets apart that are to be shown.
#[derive(Debug)]
pub(super) struct Chosen {
    showing: Showing,
    ways: HashMap<Way, Choice>,
    bytes: usize,
}

/// What is to be shown of a direction.
#[derive(Debug, Default)]
struct Choice {
    /// Numbers of packets, in their order.
    ranges: Vec<Range<usize>>,
    /// The packets of each range that has begun.
    items: Vec<Items>,
    /// How many were heard.
    heard: usize,
}

impl Chosen {
    pub(super) fn new(showing: Showing) -> Self {
        Self { showing, ways: HashMap::new(), bytes: 0 }
    }

    /// These are wanted too; they follow what was wanted of this direction before.
    pub(super) fn want(&mut self, way: Way, range: Range<usize>) {
        let choice = self.ways.entry(way).or_default();
        choice.ranges.push(range);
        choice.items.push(Items::new(self.showing.depth));
    }

    /// How many were wanted of each range, in the order in which they were, and the packets.
    pub(super) fn take(&mut self, way: Way) -> impl Iterator<Item = (usize, Items)> {
        let Choice { ranges, items, .. } = self.ways.remove(&way).unwrap_or_default();
        ranges.into_iter().map(|range| range.len()).zip(items)
    }
}

impl Sink for Chosen {
    fn packet(&mut self, packet: &Captured<'_>) {
        let Self { showing, ways, bytes } = self;
        let Some(choice) = ways.get_mut(&(packet.info.number, packet.direction)) else { return };
        let number = choice.heard;
        choice.heard += 1;
        let at = choice.ranges.partition_point(|range| range.end <= number);
        let is_wanted = choice.ranges.get(at).is_some_and(|range| range.contains(&number));
        let Some(items) = choice.items.get_mut(at).filter(|_| is_wanted) else { return };
        if *bytes < BYTES {
            *bytes += packet.bytes.len();
            items.add(&showing.frame(packet));
        }
    }
}

impl Showing {
    /// The packet, as it is shown.
    pub(super) fn frame(self, packet: &Captured<'_>) -> Frame {
        let of = match self.depth {
            Depth::All => Frame::captured,
            Depth::Meaning => Frame::captured_alone,
        };
        let frame = of(packet, Time::default());
        if self.is_redacted { frame.redacted() } else { frame }
    }
}
