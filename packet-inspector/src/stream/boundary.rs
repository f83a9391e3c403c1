//! Where a packet begins, when that is not known: only where several packets that follow confirm it.

use mqtt_codec::{DecodeError, Decoded, Decoder, Field, Packet, PacketType, Side};

use super::Place;
use crate::fixed_header;

/// Packets in a row that make a boundary sure.
const SURE: usize = 3;

/// Bits of evidence that they need together.
const SURE_BITS: u32 = 48;

/// The same for whole packets that fill segments from start to end, as senders write them.
const ALIGNED_BITS: u32 = 14;

/// The longest segment of which so little is enough: longer ones are rather parts of something.
const SHORT: usize = 512;

/// The smallest segment that may be full: IPv4 lets each host take so many bytes (RFC 9293, 3.7.1).
const LEAST_FULL: usize = 536;

/// The most bytes that may stand before a CONNECT that a search finds: behind more, it is rather part of a payload.
const MOST_LEAD: usize = LEAST_FULL;

/// The most candidates that wait for more bytes.
const MAX_OPEN: usize = 8;

/// Bytes that may be looked at without any new ones.
const MOST_BUDGET: usize = 8 << 20;

/// A search among bytes.
pub(super) struct Search<'a> {
    pub(super) bytes: &'a [u8],
    /// How many bytes before these were passed over.
    pub(super) behind: u64,
    pub(super) starts: Starts,
    pub(super) side: Option<Side>,
    /// It is not known that this is MQTT at all.
    pub(super) strict: bool,
    /// No more can be held: what would have to be confirmed by where segments end is believed.
    pub(super) full: bool,
    /// No more bytes come.
    pub(super) ended: bool,
}

/// How far a search has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Places before this one are refuted, but for those that are open.
    searched: usize,
    /// Places that may become sure with more bytes.
    open: Vec<usize>,
    /// Where the packets begin of the last row that was refuted by what stands behind it: none of them is a boundary.
    refuted: Vec<usize>,
    /// The same of the last row that is open: what becomes of its first packet becomes of all.
    undecided: Vec<usize>,
    /// The same of the row that is being looked at.
    row: Vec<usize>,
    /// Bytes that may be looked at, so that a search stays linear whatever the bytes are.
    budget: usize,
}

impl Progress {
    /// More bytes are there to be searched.
    pub(super) fn grow(&mut self, len: usize) {
        self.budget = self.budget.saturating_add(len.saturating_mul(64)).min(MOST_BUDGET);
    }

    /// The first bytes are gone.
    pub(super) fn release(&mut self, len: usize) {
        self.searched = self.searched.saturating_sub(len);
        self.open.retain(|at| *at >= len);
        self.open.iter_mut().for_each(|at| *at -= len);
        self.refuted.clear();
        self.undecided.clear();
    }

    /// Whether a place needs no look of its own, as it is inside a row that was looked at.
    fn is_known(&self, at: usize) -> bool {
        let inside = self.undecided.binary_search(&at);
        self.refuted.binary_search(&at).is_ok()
            || inside.is_ok_and(|number| number > 0 && number + 1 < self.undecided.len())
    }
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundary {
    At(usize),
    /// Nothing sure in these bytes.
    Open,
}

/// Where segments begin and end among the bytes that are searched.
pub(super) struct Starts {
    ends: Vec<usize>,
    /// As long as the longest one, or longer: no shorter one is full.
    full: usize,
}

impl Starts {
    pub(super) fn new(places: &[Place]) -> Self {
        let mut end = 0;
        let ends = places.iter().map(|place| {
            end += place.len;
            end
        });
        let ends = ends.collect();
        let full = places.iter().map(|place| place.len).max().unwrap_or_default().max(LEAST_FULL);
        Self { ends, full }
    }

    /// The end of the segment that begins at `at`; `None` when none does.
    fn segment_from(&self, at: usize) -> Option<usize> {
        let number = if at == 0 { 0 } else { self.ends.binary_search(&at).ok()? + 1 };
        self.ends.get(number).copied()
    }

    fn is_start(&self, at: usize) -> bool {
        at == 0 || self.ends.binary_search(&at).is_ok()
    }

    /// Whether a segment ends at `at` that is not full: there a sender had written all that it had, and a packet ends.
    /// Inside a payload, segments are full.
    fn is_end_of_writing(&self, at: usize) -> bool {
        let Ok(number) = self.ends.binary_search(&at) else { return false };
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        at - start.unwrap_or_default() < self.full
    }
}

/// What a place is worth.
enum Verdict {
    Sure,
    /// It may become sure with more bytes.
    Open,
    No,
    /// Nor is any packet of the row a boundary.
    Refuted,
}

impl Search<'_> {
    /// Looks at what is new, and again at what was open.
    pub(super) fn run(&self, progress: &mut Progress) -> Boundary {
        let open = std::mem::take(&mut progress.open);
        let fresh = progress.searched..self.bytes.len();
        for at in open.into_iter().chain(fresh) {
            if progress.budget == 0 {
                // Too little is known to spend more on it.
                progress.open.push(at);
                break;
            }
            progress.searched = progress.searched.max(at + 1);
            if progress.is_known(at) {
                continue;
            }
            match self.judge(at, progress) {
                Verdict::Sure => return Boundary::At(at),
                Verdict::Refuted => std::mem::swap(&mut progress.refuted, &mut progress.row),
                Verdict::Open if progress.open.len() < MAX_OPEN => {
                    if progress.row.len() >= progress.undecided.len() {
                        std::mem::swap(&mut progress.undecided, &mut progress.row);
                    }
                    progress.open.push(at);
                    if self.starts.is_start(at) && self.is_legible(at) && !self.ended {
                        // A packet that a sender began here: what lies inside it is its own.
                        return Boundary::Open;
                    }
                }
                Verdict::Open | Verdict::No => {}
            }
        }
        progress.open.truncate(MAX_OPEN);
        Boundary::Open
    }

    fn judge(&self, at: usize, progress: &mut Progress) -> Verdict {
        let Progress { budget, row, .. } = progress;
        row.clear();
        let mut rest = self.bytes.get(at..).unwrap_or_default();
        let (mut packets, mut bits) = (0, 0);
        let mut before = None;
        // A payload may be made of packets. Its end is seldom the end of one of them.
        let mut confirmed = self.full || self.ended;
        let aligned = self.starts.segment_from(at);
        loop {
            if rest.is_empty() {
                let fills = aligned.is_some() && self.starts.is_start(self.bytes.len());
                return self.at_end(packets, bits, fills, confirmed, self.bytes.len() - at);
            }
            *budget = budget.saturating_sub(2);
            row.push(self.bytes.len() - rest.len());
            match Decoder::new().decode(rest) {
                Ok(Decoded::Packet(packet, len)) => {
                    *budget = budget.saturating_sub(len);
                    let is_late_connect = packets > 0 && matches!(packet, Packet::Connect(_));
                    if is_late_connect || is_behind_disconnect(before) {
                        return Verdict::No;
                    }
                    if self.is_from_other_side(&packet)
                        || self.is_late(packet.packet_type(), self.bytes.len() - rest.len())
                    {
                        return Verdict::Refuted;
                    }
                    packets += 1;
                    let bytes = rest.get(..len).unwrap_or_default();
                    // The same again and again is what payloads are made of: what stands behind may be a boundary.
                    let again = before == Some(bytes);
                    let behind_its_like = packets == 1
                        && at.checked_sub(len).and_then(|start| self.bytes.get(start..at)) == Some(bytes);
                    if aligned.is_none() && (again || behind_its_like)
                        || again && packet.packet_id().is_some()
                    {
                        return Verdict::No;
                    }
                    if !again {
                        bits += evidence(&packet, before);
                    }
                    before = Some(bytes);
                    rest = rest.get(len..).unwrap_or_default();
                    let reached = self.bytes.len() - rest.len();
                    confirmed |= self.starts.is_end_of_writing(reached);
                    if packets >= SURE && bits >= SURE_BITS && confirmed {
                        return Verdict::Sure;
                    }
                    if !self.strict
                        && aligned.is_some_and(|end| end == reached)
                        && (reached - at <= SHORT && bits >= ALIGNED_BITS
                            || bits >= 2 * ALIGNED_BITS && confirmed)
                    {
                        return Verdict::Sure;
                    }
                }
                Ok(Decoded::NeedMore { .. }) => {
                    if self.ended && packets < SURE - 1 {
                        return Verdict::No;
                    }
                    return if self.ended {
                        self.at_end(packets, bits, false, true, 0)
                    } else {
                        Verdict::Open
                    };
                }
                Err(error) => {
                    // A CONNECT of another version has no less evidence than one of ours.
                    let connect = error.unsupported_protocol().is_some()
                        && rest.first() == Some(&0x10)
                        && !self.is_late(PacketType::Connect, self.bytes.len() - rest.len());
                    return if connect { Verdict::Sure } else { Verdict::Refuted };
                }
            }
        }
    }

    /// Packet followed packet up to the last byte.
    fn at_end(
        &self,
        packets: usize,
        bits: u32,
        fills_segments: bool,
        confirmed: bool,
        len: usize,
    ) -> Verdict {
        let enough = match (packets, fills_segments) {
            (0, _) => false,
            (_, true) if !self.strict => {
                bits >= 2 * ALIGNED_BITS && confirmed || len <= SHORT && bits >= ALIGNED_BITS
            }
            (1, _) => false,
            _ => bits >= SURE_BITS && confirmed || self.ended && !self.strict && bits >= SURE_BITS / 2,
        };
        if enough { Verdict::Sure } else { Verdict::Open }
    }

    fn is_from_other_side(&self, packet: &Packet<'_>) -> bool {
        matches!((self.side, packet.packet_type().sender()), (Some(side), Some(only)) if side != only)
    }

    /// Whether a packet that is the first one of its side stands behind too many other bytes: those of a payload.
    fn is_late(&self, kind: PacketType, at: usize) -> bool {
        let lead = self.behind.saturating_add(at as u64);
        match kind {
            PacketType::Connect => lead > MOST_LEAD as u64,
            PacketType::Connack => lead > 0,
            _ => false,
        }
    }

    /// Whether a PUBLISH, SUBSCRIBE or UNSUBSCRIBE with a readable topic begins here, or a CONNECT.
    fn is_legible(&self, at: usize) -> bool {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let Some((first, _, body_at)) = fixed_header::read(rest) else { return false };
        let body = rest.get(body_at..).unwrap_or_default();
        let text = match first >> 4 {
            1 => return body.starts_with(b"\0\x04MQTT"),
            3 => body,
            8 | 10 => body.get(2..).unwrap_or_default(),
            _ => return false,
        };
        let Some(([high, low], topic)) = text.split_first_chunk() else { return false };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let topic = topic.get(..len.min(topic.len())).unwrap_or_default();
        topic.len() >= 3 && topic.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ' || *byte >= 0x80)
    }
}

/// Whether the packet before is one that nothing follows.
fn is_behind_disconnect(before: Option<&[u8]>) -> bool {
    before.and_then(<[u8]>::first) == Some(&0xE0)
}

/// How much a packet says, in bits: random bytes look like it with a chance of one in two to that power.
fn evidence(packet: &Packet<'_>, before: Option<&[u8]>) -> u32 {
    let text = |len: usize| u32::try_from(len.min(16)).map_or(32, |len| 2 * len);
    match packet {
        Packet::Connect(_) => 80,
        Packet::Connack(_) => 28,
        Packet::Publish(publish) => 8 + text(publish.topic.as_bytes().len()),
        Packet::Subscribe { .. } | Packet::Unsubscribe { .. } => 32,
        Packet::Suback { .. } => 16,
        // Two in a row are what a file full of the same bytes looks like.
        Packet::Pingreq | Packet::Pingresp | Packet::Disconnect if before.is_some() => 4,
        Packet::Pingreq | Packet::Pingresp | Packet::Disconnect => 14,
        _ => 16,
    }
}

/// How many bytes a malformed packet takes by its own length; `None` when that cannot be believed.
pub(super) fn behind_malformed(error: &DecodeError, rest: &[u8]) -> Option<usize> {
    let (_, remaining_length, body_at) = fixed_header::read(rest)?;
    let len = body_at + remaining_length;
    let next = rest.get(len..)?;
    let header_in_order = !matches!(error.field, Field::FixedHeader | Field::RemainingLength);
    let follows = match Decoder::new().decode(next) {
        Ok(Decoded::Packet(..)) => true,
        Ok(Decoded::NeedMore { missing }) => {
            next.len() < 2 || missing.is_some_and(|missing| usize::from(missing) < SHORT)
        }
        Err(_) => false,
    };
    (header_in_order || next.is_empty() || follows).then_some(len)
}

/// Whether bytes of a protocol that is not known hold packets in a row.
pub(super) fn is_sure_in(bytes: &[u8]) -> bool {
    let search = Search {
        bytes,
        behind: 0,
        starts: Starts::new(&[]),
        side: None,
        strict: true,
        full: true,
        ended: false,
    };
    let mut progress = Progress::default();
    progress.grow(bytes.len());
    matches!(search.run(&mut progress), Boundary::At(_))
}

/// Whether packets fill these bytes, with enough evidence for a message of WebSocket.
pub(super) fn fill(mut bytes: &[u8]) -> bool {
    let mut bits = 0;
    while !bytes.is_empty() {
        let Ok(Decoded::Packet(packet, len)) = Decoder::new().decode(bytes) else { return false };
        bits += evidence(&packet, None);
        bytes = bytes.get(len..).unwrap_or_default();
    }
    bits >= ALIGNED_BITS
}
