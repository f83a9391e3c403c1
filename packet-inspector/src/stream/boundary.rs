//! Where a packet begins, when that is not known: only where several packets that follow confirm it.

use mqtt_codec::{DecodeError, Decoded, Decoder, Field, Packet, Side};

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

/// The most candidates that wait for more bytes.
const MAX_OPEN: usize = 8;

/// Bytes that may be looked at without any new ones.
const MOST_BUDGET: usize = 8 << 20;

/// A search among bytes.
pub(super) struct Search<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) starts: Starts<'a>,
    pub(super) side: Option<Side>,
    /// It is not known that this is MQTT at all.
    pub(super) strict: bool,
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
    }
}

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boundary {
    At(usize),
    /// Nothing sure in these bytes.
    Open,
}

/// Where segments begin among the bytes that are searched.
#[derive(Clone, Copy)]
pub(super) struct Starts<'a>(&'a [Place]);

impl<'a> Starts<'a> {
    pub(super) fn new(places: &'a [Place]) -> Self {
        Self(places)
    }

    /// The end of the segment that begins at `at`; `None` when none does.
    fn segment_from(&self, at: usize) -> Option<usize> {
        let mut start = 0;
        for place in self.0 {
            if start == at {
                return Some(start + place.len);
            }
            if start > at {
                return None;
            }
            start += place.len;
        }
        None
    }

    fn is_start(&self, at: usize) -> bool {
        let mut start = 0;
        self.0.iter().any(|place| {
            let here = start == at;
            start += place.len;
            here
        }) || start == at
    }
}

/// What a place is worth.
enum Verdict {
    Sure,
    /// It may become sure with more bytes.
    Open,
    No,
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
            match self.judge(at, &mut progress.budget) {
                Verdict::Sure => return Boundary::At(at),
                Verdict::Open if progress.open.len() < MAX_OPEN => {
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

    fn judge(&self, at: usize, budget: &mut usize) -> Verdict {
        let mut rest = self.bytes.get(at..).unwrap_or_default();
        let (mut packets, mut bits) = (0, 0);
        let mut before = None;
        let aligned = self.starts.segment_from(at);
        loop {
            if rest.is_empty() {
                let whole = self.starts.is_start(self.bytes.len() - rest.len());
                return self.at_end(packets, bits, aligned.is_some() && whole, self.bytes.len() - at);
            }
            *budget = budget.saturating_sub(2);
            match Decoder::new().decode(rest) {
                Ok(Decoded::Packet(packet, len)) => {
                    *budget = budget.saturating_sub(len);
                    // A CONNECT is the first packet there is.
                    let is_late_connect = packets > 0 && matches!(packet, Packet::Connect(_));
                    if is_late_connect || self.is_from_other_side(&packet) {
                        return Verdict::No;
                    }
                    packets += 1;
                    bits += evidence(&packet, before);
                    before = rest.first().copied();
                    rest = rest.get(len..).unwrap_or_default();
                    if packets >= SURE && bits >= SURE_BITS {
                        return Verdict::Sure;
                    }
                    let reached = self.bytes.len() - rest.len();
                    if !self.strict
                        && aligned.is_some_and(|end| end == reached)
                        && (reached - at <= SHORT && bits >= ALIGNED_BITS || bits >= 2 * ALIGNED_BITS)
                    {
                        return Verdict::Sure;
                    }
                }
                Ok(Decoded::NeedMore { .. }) => {
                    if self.ended && packets < SURE - 1 {
                        return Verdict::No;
                    }
                    return if self.ended { self.at_end(packets, bits, false, 0) } else { Verdict::Open };
                }
                Err(error) => {
                    // A CONNECT of another version has no less evidence than one of ours.
                    let connect = error.unsupported_protocol().is_some() && rest.first() == Some(&0x10);
                    return if connect { Verdict::Sure } else { Verdict::No };
                }
            }
        }
    }

    /// Packet followed packet up to the last byte.
    fn at_end(&self, packets: usize, bits: u32, fills_segments: bool, len: usize) -> Verdict {
        let enough = match (packets, fills_segments) {
            (0, _) => false,
            (_, true) if !self.strict => bits >= 2 * ALIGNED_BITS || len <= SHORT && bits >= ALIGNED_BITS,
            (1, _) => false,
            _ => bits >= SURE_BITS || self.ended && !self.strict && bits >= SURE_BITS / 2,
        };
        if enough { Verdict::Sure } else { Verdict::Open }
    }

    fn is_from_other_side(&self, packet: &Packet<'_>) -> bool {
        matches!((self.side, packet.packet_type().sender()), (Some(side), Some(only)) if side != only)
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

/// How much a packet says, in bits: random bytes look like it with a chance of one in two to that power.
fn evidence(packet: &Packet<'_>, before: Option<u8>) -> u32 {
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
    let search = Search { bytes, starts: Starts(&[]), side: None, strict: true, ended: false };
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
