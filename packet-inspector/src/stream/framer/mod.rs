//! One direction's bytes to MQTT packets. A packet that lies in one record is not copied.

use std::ops::Range;

use mqtt_codec::{Decoded, Decoder, Packet, Protocol, ProtocolName, Side};

use super::boundary::{self, Progress};
use super::order::Chunk;
use super::{Captured, Context, Direction, Info, Moment, Place, Sink};
use crate::capture::Time;
use crate::fixed_header;

mod resume;

/// How many bytes are searched for a boundary before the first half is given up.
const WINDOW: usize = 64 << 10;

/// What every connection may hold, however little memory is left.
const LEAST_HELD: usize = 512;

/// Cuts packets off a direction's bytes.
#[derive(Debug, Default)]
pub(super) struct Framer {
    state: State,
    /// Bytes of a packet that is not whole, or bytes that are searched.
    held: Vec<u8>,
    /// Where the bytes that are held came from, in order.
    places: Vec<Place>,
    /// How far the search has come, while there is one: most connections never need it.
    search: Option<Box<Progress>>,
    /// Bytes in which no packet was found, and whether any packet was ever sent.
    passed: u64,
    sent: bool,
    /// Bytes of the packet whose start is held that were passed.
    behind: u64,
    /// A record whose checksum fails has a part of what is held: how long that is may be wrong.
    doubtful: bool,
    /// A boundary is looked for without knowing that this is MQTT.
    strict: bool,
    /// A CONNECT asked for this version instead of ours.
    pub(super) other_version: Option<Protocol>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// The next byte begins a packet, or goes on with the one that is held.
    #[default]
    InStep,
    /// So many bytes belong to the packet whose start is held.
    Passing(u64),
    /// It is not known where the next packet begins.
    Searching,
}

/// Whose bytes they are.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) info: &'a Info,
    pub(super) direction: Direction,
    /// The sender has acknowledged bytes of the other side that have not been seen.
    pub(super) unseen: bool,
}

impl Sender<'_> {
    fn side(&self) -> Option<Side> {
        self.info.side(self.direction)
    }

    pub(super) fn moment(&self, frame: u64, time: Time) -> Moment<'_> {
        Moment { info: self.info, direction: self.direction, frame, time, unseen: self.unseen }
    }
}

impl Framer {
    /// The capture begins in the middle.
    pub(super) fn search(&mut self, strict: bool) {
        self.state = State::Searching;
        self.strict = strict;
        let search = self.search.insert(Box::default());
        search.grow(self.held.len());
    }

    /// So much was passed over, and never a packet found, that this is no MQTT.
    pub(super) fn is_noise(&self) -> bool {
        !self.sent && self.passed > WINDOW as u64
    }

    pub(super) fn is_searching(&self) -> bool {
        self.state == State::Searching
    }

    /// What was taken last is of a record whose checksum fails.
    pub(super) fn doubt(&mut self) {
        self.doubtful = self.is_within();
    }

    /// The next byte begins no packet, as far as is known.
    fn is_within(&self) -> bool {
        self.state != State::InStep || !self.held.is_empty()
    }

    /// Whether it holds bytes in which there may be packets: it searches them, or is told a length that may be damaged.
    pub(super) fn is_looking(&self) -> bool {
        !self.held.is_empty() && (self.doubtful || self.is_searching())
    }

    /// Whether it has found a packet.
    pub(super) fn has_sent(&self) -> bool {
        self.sent
    }

    pub(super) fn held(&self) -> &[u8] {
        &self.held
    }

    /// Takes bytes that nothing is known of yet.
    pub(super) fn hold<S: Sink>(&mut self, chunk: Chunk<'_>, cx: &mut Context<'_, S>) {
        let Chunk { data, frame, time, at } = chunk;
        if data.is_empty() {
            return;
        }
        self.held.extend_from_slice(data);
        if let Some(search) = &mut self.search {
            search.grow(data.len());
        }
        *cx.held += data.len();
        match self.places.last_mut() {
            Some(last) if last.frame == frame && last.at + last.len == at => last.len += data.len(),
            _ => self.places.push(Place { frame, time, at, len: data.len() }),
        }
    }

    /// It is known where the next packet begins.
    fn in_step_again(&mut self) {
        self.state = State::InStep;
        self.search = None;
    }

    /// Drops the first bytes that are held.
    fn release<S>(&mut self, len: usize, cx: &mut Context<'_, S>) {
        *cx.held = cx.held.saturating_sub(len.min(self.held.len()));
        if let Some(search) = &mut self.search {
            search.release(len);
        }
        if len >= self.held.len() {
            self.held.clear();
            self.places.clear();
            // Ten thousand connections must not keep what one large packet needed.
            if self.held.capacity() > LEAST_HELD {
                self.held = Vec::new();
                self.places = Vec::new();
            }
            return;
        }
        self.held.drain(..len);
        let mut left = len;
        let gone = self.places.iter().take_while(|place| {
            let goes = place.len <= left;
            left -= if goes { place.len } else { 0 };
            goes
        });
        let gone = gone.count();
        self.places.drain(..gone);
        if let Some(first) = self.places.first_mut() {
            first.at += left;
            first.len -= left;
        }
    }

    /// Forgets everything.
    pub(super) fn clear<S>(&mut self, cx: &mut Context<'_, S>) {
        self.release(usize::MAX, cx);
    }

    /// Takes the bytes that come next.
    pub(super) fn take<S: Sink>(&mut self, mut chunk: Chunk<'_>, who: Sender<'_>, cx: &mut Context<'_, S>) {
        if let State::Passing(left) = self.state {
            let passed = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.data.len());
            self.pass(passed, who, cx);
            chunk = chunk.skip(passed);
        }
        while self.state == State::InStep && self.held.is_empty() && !chunk.data.is_empty() {
            match Decoder::new().decode(chunk.data) {
                Ok(Decoded::Packet(packet, len)) => {
                    let data = chunk.data.get(..len).unwrap_or_default();
                    send(Some(packet), data, len, &[place(chunk, len)], who, cx);
                    chunk = chunk.skip(len);
                    self.sent = true;
                }
                Ok(Decoded::NeedMore { .. }) => break,
                Err(_) => break,
            }
        }
        if chunk.data.is_empty() {
            self.doubtful &= self.is_within();
            return;
        }
        self.hold(chunk, cx);
        self.go_on(who, false, cx);
        self.doubtful &= self.is_within();
    }

    /// Bytes of a packet that are not kept.
    fn pass<S: Sink>(&mut self, len: usize, who: Sender<'_>, cx: &mut Context<'_, S>) {
        let State::Passing(left) = self.state else { return };
        let left = left.saturating_sub(len as u64);
        self.behind += len as u64;
        self.state = State::Passing(left);
        if left == 0 {
            self.send_start(who, cx);
        }
    }

    /// Sends the packet of which only the start is held, unless that asks for another version.
    fn send_start<S: Sink>(&mut self, who: Sender<'_>, cx: &mut Context<'_, S>) {
        self.other_version = version_of_start(&self.held);
        if self.other_version.is_some() {
            self.clear(cx);
            // Nothing that follows is looked at.
            self.state = State::Passing(u64::MAX);
            return;
        }
        let wire_len = declared(&self.held).unwrap_or(self.held.len()).max(self.held.len());
        let passed = usize::try_from(std::mem::take(&mut self.behind)).unwrap_or(usize::MAX);
        let Sender { info, direction, unseen } = who;
        let (bytes, places, packet) = (&self.held[..], &self.places[..], None);
        let (entry, proof) = (Some(cx.entry), cx.proof);
        let start =
            Captured { info, direction, unseen, bytes, wire_len, passed, packet, places, entry, proof };
        cx.sink.packet(&start);
        self.clear(cx);
        self.state = State::InStep;
    }

    /// Does what can be done with the bytes that are held.
    pub(super) fn go_on<S: Sink>(&mut self, who: Sender<'_>, ended: bool, cx: &mut Context<'_, S>) {
        while !self.held.is_empty() {
            let progress = match self.state {
                State::InStep => self.in_step(who, cx),
                State::Passing(_) => false,
                State::Searching => self.find_boundary(who, ended, cx),
            };
            if !progress {
                return;
            }
        }
    }

    /// Sends the packets at the front of what is held; `false` when more bytes are needed.
    fn in_step<S: Sink>(&mut self, who: Sender<'_>, cx: &mut Context<'_, S>) -> bool {
        let mut at = 0;
        let mut found_end = true;
        let more = loop {
            let rest = self.held.get(at..).unwrap_or_default();
            if rest.is_empty() {
                break true;
            }
            match Decoder::new().decode(rest) {
                Ok(Decoded::Packet(packet, len)) => {
                    let data = rest.get(..len).unwrap_or_default();
                    send(Some(packet), data, len, &self.places_of(at..at + len), who, cx);
                    at += len;
                }
                Ok(Decoded::NeedMore { .. }) => {
                    // The rest of it may never come.
                    self.other_version = version_of_start(rest);
                    break self.keep_or_pass(at, cx);
                }
                Err(error) if error.unsupported_protocol().is_some_and(exists) => {
                    self.other_version = error.unsupported_protocol();
                    return false;
                }
                Err(_) if self.doubtful => {
                    // It may be no packet at all; what a search finds is one.
                    (self.doubtful, found_end) = (false, false);
                    break true;
                }
                Err(error) => {
                    let by_length = boundary::behind_malformed(&error, rest);
                    let len = by_length.unwrap_or(rest.len());
                    // A length that cannot be has five bytes.
                    let shown = declared(rest).unwrap_or(5).clamp(1, rest.len()).min(len.max(1));
                    let data = rest.get(..shown).unwrap_or_default();
                    send(None, data, shown, &self.places_of(at..at + shown), who, cx);
                    if by_length.is_none() {
                        at += 1;
                        found_end = false;
                        break true;
                    }
                    at += len;
                }
            }
        };
        self.sent |= at > 0;
        self.release(at, cx);
        if !found_end {
            self.search(false);
        }
        more && !self.held.is_empty()
    }

    /// The packet at the front needs more bytes: it is held, if it is not too long for that.
    fn keep_or_pass<S: Sink>(&mut self, at: usize, cx: &Context<'_, S>) -> bool {
        let rest = self.held.get(at..).unwrap_or_default();
        let Some(len) = declared(rest) else { return false };
        let too_long = len > cx.limits.packet || cx.is_crowded();
        if too_long && rest.len() >= LEAST_HELD {
            self.state = State::Passing((len - rest.len()) as u64);
        }
        false
    }

    /// The places of some bytes that are held.
    fn places_of(&self, range: Range<usize>) -> Vec<Place> {
        let mut start = 0;
        let parts = self.places.iter().filter_map(|place| {
            let (first, end) = (start, start + place.len);
            start = end;
            let (from, to) = (first.max(range.start), end.min(range.end));
            (from < to).then(|| Place { at: place.at + (from - first), len: to - from, ..*place })
        });
        parts.collect()
    }
}

fn place(chunk: Chunk<'_>, len: usize) -> Place {
    Place { frame: chunk.frame, time: chunk.time, at: chunk.at, len }
}

/// Whether there is such a version: 5.0, 3.1, and those by which bridges of Mosquitto say what they are, in bit 7.
fn exists(protocol: Protocol) -> bool {
    let level = protocol.level & 0x7F;
    match protocol.name {
        ProtocolName::Mqtt => matches!(level, 4 | 5),
        ProtocolName::Mqisdp => level == 3,
    }
}

/// The other version that the start of a CONNECT asks for.
fn version_of_start(bytes: &[u8]) -> Option<Protocol> {
    /// First byte, length, Protocol Name and Protocol Level.
    const LONGEST: usize = 1 + 4 + 8 + 1;
    let start = bytes.get(..LONGEST).unwrap_or(bytes);
    let is_connect = start.first() == Some(&0x10);
    let read = is_connect.then(|| Decoder::new().observe_prefix(start, &mut ()))?;
    read.err()?.unsupported_protocol().filter(|protocol| exists(*protocol))
}

/// How long the packet at the front is by its own length.
fn declared(bytes: &[u8]) -> Option<usize> {
    fixed_header::read(bytes).map(|(_, remaining_length, body_at)| remaining_length + body_at)
}

fn send<S: Sink>(
    packet: Option<Packet<'_>>,
    bytes: &[u8],
    wire_len: usize,
    places: &[Place],
    who: Sender<'_>,
    cx: &mut Context<'_, S>,
) {
    let Sender { info, direction, unseen } = who;
    let (passed, entry, proof) = (0, Some(cx.entry), cx.proof);
    let whole = Captured { info, direction, unseen, bytes, wire_len, passed, packet, places, entry, proof };
    cx.sink.packet(&whole);
}
