//! One TCP connection: two directions, and what they carry.

use super::framer::{Framer, Sender};
use super::order::{Arrival, Chunk, Order};
use super::recognise::Other;
use super::segment::Segment;
use super::websocket::{Frames, Inflater};
use super::{Context, Direction, Event, Info, Sink};
use crate::capture::Time;
use crate::net::{ChecksumVerdict, TcpFlags};

mod carries;
mod missing;
mod plain;
mod waiting;

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) info: Info,
    protocol: Protocol,
    on_port: bool,
    forward: Half,
    backward: Half,
    /// The first SYN's sequence number, with who sent it.
    syn: Option<(Direction, u32)>,
    pub(super) over: bool,
    /// It is among those that are told when time has passed.
    queued: bool,
    /// The record and time of its last segment.
    pub(super) last: (u64, Time),
}

#[derive(Debug, Default)]
struct Half {
    order: Order,
    framer: Framer,
    websocket: Option<Box<WebSocket>>,
    /// Checksums that verify have been seen.
    verified: bool,
    /// Checksums that do not.
    failed: bool,
    /// A segment of this side has been seen.
    seen: bool,
    /// Its FIN, or the RST without one.
    end: Option<End>,
    /// What is missing before it has been told.
    lost_end: bool,
    /// How many bytes of an unknown protocol have been looked at.
    tried: usize,
}

/// Where a side says that its bytes end.
#[derive(Clone, Copy, Debug)]
struct End {
    /// The number behind the last one.
    number: u32,
    is_fin: bool,
    /// The record.
    moment: (u64, Time),
}

#[derive(Debug, Default)]
struct WebSocket {
    /// The HTTP before it has been passed.
    begun: bool,
    /// Its messages may be of something else than MQTT: the first one tells.
    doubtful: bool,
    frames: Frames,
    scratch: Vec<u8>,
    /// Made for the first message that is compressed; what it holds is counted.
    inflater: Option<Box<Inflater>>,
}

impl Half {
    /// The number behind its FIN.
    fn finished(&self) -> Option<u32> {
        self.end.filter(|end| end.is_fin).map(|end| end.number.wrapping_add(1))
    }

    /// What it holds is counted no more.
    fn drop_inflater<S>(&mut self, cx: &mut Context<'_, S>) {
        if self.websocket.as_mut().and_then(|websocket| websocket.inflater.take()).is_some() {
            *cx.held = cx.held.saturating_sub(Inflater::HOLDS);
        }
    }
}

/// What a connection carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// Not known yet.
    Unknown,
    Mqtt,
    WebSocket,
    /// Something else: named where that is of use, and not looked at any more.
    Other,
}

impl Connection {
    pub(super) fn new(number: u32, first: &Segment<'_>, time: Time, ports: &[u16]) -> Self {
        let (source, destination) = (first.source, first.destination);
        let (from, to) = (ports.contains(&source.port()), ports.contains(&destination.port()));
        let is_syn = first.flags.contains(TcpFlags::SYN);
        let client = match (is_syn, first.flags.contains(TcpFlags::ACK), from, to) {
            (true, false, ..) | (false, _, false, true) => Some(Direction::Forward),
            (true, true, ..) | (false, _, true, false) => Some(Direction::Backward),
            (false, _, true, true) | (false, _, false, false) => None,
        };
        let info =
            Info { number, source, destination, from_start: is_syn, client, websocket: false, began: time };
        Self {
            info,
            protocol: Protocol::Unknown,
            on_port: from || to,
            forward: Half::default(),
            backward: Half::default(),
            syn: None,
            over: false,
            queued: false,
            last: (0, time),
        }
    }

    /// Whether a segment belongs to another connection between the same ports.
    pub(super) fn is_begun_anew_by(&self, segment: &Segment<'_>, direction: Direction) -> bool {
        let half = self.half(direction);
        if half.verified && matches!(segment.checksum, ChecksumVerdict::Bad { .. }) {
            return false;
        }
        if !segment.flags.contains(TcpFlags::SYN) {
            // Its SYN was not captured: data behind the end, or where none was.
            let behind = half.finished().is_some_and(|end| segment.seq.wrapping_sub(end).cast_signed() >= 0);
            return self.over && segment.wire_len > 0 && (behind || half.order.is_elsewhere(segment.seq));
        }
        if segment.flags.contains(TcpFlags::ACK) {
            // Its SYN was not captured: it accepts another one than this connection's, by other numbers.
            let other = &self.half(direction.opposite()).order;
            return half.order.has_begun()
                && !half.order.begins_behind(segment.seq)
                && !other.begins_behind(segment.ack.wrapping_sub(1));
        }
        match self.syn {
            Some((sender, seq)) if sender == direction => self.over || seq != segment.seq,
            // A SYN after data, or after the other side's.
            _ => self.over || half.order.has_begun() && !half.order.begins_behind(segment.seq),
        }
    }

    /// Bytes that are held for it.
    fn waiting(&self) -> usize {
        self.forward.order.held() + self.backward.order.held()
    }

    fn half(&self, direction: Direction) -> &Half {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Backward => &self.backward,
        }
    }

    fn half_mut(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        }
    }

    /// Whether the sender in this direction has acknowledged bytes that have not been seen, or all that the other side
    /// sent has not been, or it may have read packets in bytes that are still searched for one.
    fn unseen(&self, direction: Direction) -> bool {
        let other = self.half(direction.opposite());
        !other.seen
            || other.order.unseen() > u64::from(other.finished().is_some())
            || other.framer.is_looking()
    }

    /// Takes a segment, whose data may be in several records.
    pub(super) fn take<S: Sink>(
        &mut self,
        segment: &Segment<'_>,
        direction: Direction,
        chunks: &[Chunk<'_>],
        cx: &mut Context<'_, S>,
    ) {
        let (frame, time) = (cx.entry.number, cx.entry.time);
        self.last = (frame, time);
        self.half_mut(direction).seen = true;
        if self.protocol == Protocol::Other && !segment.flags.contains(TcpFlags::SYN) {
            self.ending(segment, direction, cx);
            return;
        }
        // What a RST carries is a reason in words, if anything, and nothing of the stream (RFC 9293, 3.5.3).
        let chunks = if segment.flags.contains(TcpFlags::RST) { &[] } else { chunks };
        let held_before = self.waiting();
        let suspect = self.is_suspect(segment, direction);
        if suspect && !chunks.is_empty() {
            self.tell(direction, frame, time, Event::BadChecksum, cx);
        }
        if segment.flags.contains(TcpFlags::SYN) && !suspect {
            self.half_mut(direction).order.begin(segment.seq);
            self.syn.get_or_insert((direction, segment.seq));
            if segment.flags.contains(TcpFlags::ACK) {
                // It tells where the other side begins, whose SYN may be missing.
                self.half_mut(direction.opposite()).order.begin(segment.ack.wrapping_sub(1));
            }
        }
        if !suspect && self.answers_syn(segment, direction) {
            self.half_mut(direction.opposite()).order.begin(segment.ack.wrapping_sub(1));
        }
        let knows = if suspect { None } else { self.knows(segment, direction) };
        let held_back = self.waits_for(direction.opposite(), knows);
        if !held_back && !self.half(direction).order.waits() {
            self.claim(direction.opposite(), knows);
        }
        let mut seq = segment.seq.wrapping_add(u32::from(segment.flags.contains(TcpFlags::SYN)));
        let mut left = segment.wire_len;
        for (number, chunk) in (1..).zip(chunks) {
            let len = u32::try_from(chunk.data.len()).unwrap_or(u32::MAX);
            let wire_len = if number == chunks.len() { left } else { len.min(left) };
            let push = segment.flags.contains(TcpFlags::PSH);
            // That its checksum is wrong, the connection says.
            let entry = Some((cx.entry, cx.proof)).filter(|_| !suspect);
            let arrival = Arrival { seq, wire_len, chunk: *chunk, suspect, push, knows, held_back, entry };
            if !suspect && self.half(direction).order.jumps_to(seq) {
                self.give_on([u64::MAX; 2], cx);
            }
            let fresh = self.half_mut(direction).order.take(arrival);
            if self.half_mut(direction).order.take_lost_track() {
                self.lost(direction, 0, (frame, time), cx);
            }
            if let Some((chunk, cut)) = fresh {
                self.deliver(direction, chunk, cut, cx);
            }
            seq = seq.wrapping_add(wire_len);
            left -= wire_len.min(left);
        }
        self.go_on(time, cx);
        *cx.held = (*cx.held + self.waiting()).saturating_sub(held_before);
        if !suspect {
            self.ending(segment, direction, cx);
        }
    }

    /// Whether a segment acknowledges the other side's SYN, that was not captured, and nothing behind it: it is the first
    /// one behind its own SYN, and whoever accepts a connection speaks second.
    fn answers_syn(&self, segment: &Segment<'_>, direction: Direction) -> bool {
        let is_client = self.info.client == Some(direction);
        is_client
            && segment.flags.contains(TcpFlags::ACK)
            && self.half(direction).order.begins_behind(segment.seq.wrapping_sub(1))
            && !self.half(direction.opposite()).order.has_begun()
            && self.info.from_start
    }

    /// A checksum that does not verify makes data suspect, where others from this side do verify.
    fn is_suspect(&mut self, segment: &Segment<'_>, direction: Direction) -> bool {
        let half = self.half_mut(direction);
        match segment.checksum {
            ChecksumVerdict::Good | ChecksumVerdict::Offloaded => half.verified = true,
            ChecksumVerdict::Bad { .. } => {
                let all_fail = half.failed && !half.verified;
                half.failed = true;
                return !all_fail;
            }
            ChecksumVerdict::NotComputable(_) => {}
        }
        false
    }

    fn tell<S: Sink>(
        &self,
        direction: Direction,
        frame: u64,
        time: Time,
        event: Event,
        cx: &mut Context<'_, S>,
    ) {
        self.tell_of(direction, false, (frame, time), event, cx);
    }

    fn tell_of<S: Sink>(
        &self,
        direction: Direction,
        unseen: bool,
        (frame, time): (u64, Time),
        event: Event,
        cx: &mut Context<'_, S>,
    ) {
        let is_ours = matches!(self.protocol, Protocol::Mqtt | Protocol::WebSocket);
        if is_ours || self.on_port || matches!(event, Event::OtherVersion(_)) {
            let who = Sender { info: &self.info, direction, unseen };
            cx.sink.event(&who.moment(frame, time), event);
        }
    }

    /// Bytes in their order, behind which so many were cut off.
    fn deliver<S: Sink>(
        &mut self,
        direction: Direction,
        chunk: Chunk<'_>,
        cut: u64,
        cx: &mut Context<'_, S>,
    ) {
        match self.protocol {
            Protocol::Unknown => self.guess(direction, chunk, cx),
            Protocol::Mqtt => self.mqtt(direction, chunk, cx),
            Protocol::WebSocket => self.websocket(direction, chunk, cx),
            Protocol::Other => {}
        }
        if cut > 0 {
            self.tell(direction, chunk.frame, chunk.time, Event::Cut(cut), cx);
            self.hole(direction, cut, cx);
        }
    }

    fn mqtt<S: Sink>(&mut self, direction: Direction, chunk: Chunk<'_>, cx: &mut Context<'_, S>) {
        let unseen = self.unseen(direction);
        let Self { info, forward, backward, .. } = self;
        let half = if direction == Direction::Forward { forward } else { backward };
        half.framer.take(chunk, Sender { info, direction, unseen }, cx);
        self.after_framing(direction, cx);
    }

    fn after_framing<S: Sink>(&mut self, direction: Direction, cx: &mut Context<'_, S>) {
        if let Some(protocol) = self.half(direction).framer.other_version {
            let (frame, time) = (cx.entry.number, cx.entry.time);
            self.tell(direction, frame, time, Event::OtherVersion(protocol), cx);
            self.leave_alone(cx);
        } else if self.half(direction).framer.is_noise() && !self.half(direction.opposite()).framer.has_sent()
        {
            self.name(direction, Other::Unknown, cx);
        }
    }

    fn leave_alone<S: Sink>(&mut self, cx: &mut Context<'_, S>) {
        self.protocol = Protocol::Other;
        for direction in [Direction::Forward, Direction::Backward] {
            let half = self.half_mut(direction);
            half.framer.clear(cx);
            half.framer = Framer::default();
            half.order = Order::default();
            half.drop_inflater(cx);
            half.websocket = None;
        }
    }

    fn name<S: Sink>(&mut self, direction: Direction, other: Other, cx: &mut Context<'_, S>) {
        let (frame, time) = (cx.entry.number, cx.entry.time);
        self.tell(direction, frame, time, Event::Other(other), cx);
        self.leave_alone(cx);
    }
}
