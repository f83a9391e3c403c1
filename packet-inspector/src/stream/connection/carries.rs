//! What a connection carries: MQTT, WebSocket with MQTT in it, or something else.

use mqtt_codec::{PacketType, Side};

use super::super::boundary;
use super::super::framer::Sender;
use super::super::order::Chunk;
use super::super::recognise::{self, Guess, Other};
use super::super::websocket::{self, Head, Inflater, Step};
use super::super::{Context, Direction, Sink};
use super::{Connection, Protocol};

/// How many bytes of a connection on another port are looked at for MQTT.
const MOST_TRIED: usize = 16 << 10;

impl Connection {
    /// The first bytes of a direction, of a connection of which nothing is known.
    pub(super) fn guess<S: Sink>(&mut self, direction: Direction, chunk: Chunk<'_>, cx: &mut Context<'_, S>) {
        let (from_start, on_port) = (self.info.from_start, self.on_port);
        let side = self.info.side(direction);
        let half = self.half_mut(direction);
        let is_first = half.framer.held().is_empty();
        half.framer.hold(chunk, cx);
        let guess = recognise::first_bytes(half.framer.held(), on_port, side);
        match guess {
            Guess::Http => self.http(direction, cx),
            Guess::Mqtt if from_start || recognise::is_connect(self.half(direction).framer.held()) => {
                self.is_mqtt(direction, cx);
            }
            Guess::Other(other @ Other::Tls) if is_first => self.name(direction, other, cx),
            Guess::Other(other) if from_start => self.name(direction, other, cx),
            Guess::More if from_start => {}
            // The capture begins in the middle: anything can be the rest of a packet.
            _ if on_port => {
                let inside = websocket::unmasked(chunk.data);
                // What goes on with a message proves less.
                let goes_on = chunk.data.first().is_some_and(|first| first & 0x0F == 0);
                let is_doubtful = goes_on || matches!(guess, Guess::Mqtt);
                let is_websocket = inside.is_some_and(|data| !is_doubtful || boundary::fill(&data));
                if is_websocket {
                    self.is_websocket(cx);
                } else {
                    self.half_mut(direction).framer.search(false);
                    self.is_mqtt(direction, cx);
                }
            }
            _ => self.try_content(direction, cx),
        }
    }

    /// Packets are looked for on a port that is not known.
    fn try_content<S: Sink>(&mut self, direction: Direction, cx: &mut Context<'_, S>) {
        let half = self.half_mut(direction);
        let len = half.framer.held().len();
        // Again only when there is twice as much, so that trying stays linear.
        let again = len >= 2 * half.tried;
        half.tried = if again { len } else { half.tried };
        if again && boundary::is_sure_in(half.framer.held()) {
            half.framer.search(false);
            self.is_mqtt(direction, cx);
        } else if again && websocket::unmasked(half.framer.held()).is_some_and(|data| boundary::fill(&data)) {
            self.is_websocket(cx);
        } else if half.framer.held().len() > MOST_TRIED || cx.is_crowded() {
            self.leave_alone(cx);
        }
    }

    pub(super) fn is_mqtt<S: Sink>(&mut self, direction: Direction, cx: &mut Context<'_, S>) {
        self.protocol = Protocol::Mqtt;
        if self.info.client.is_none() {
            let first = self.half(direction).framer.held().first().copied();
            let sender = first.and_then(PacketType::of_first_byte).and_then(PacketType::sender);
            self.info.client = match sender {
                Some(Side::Client) => Some(direction),
                Some(Side::Server) => Some(direction.opposite()),
                None => self.client_by_ports(),
            };
        }
        let from_start = self.info.from_start;
        for direction in [direction, direction.opposite()] {
            let unseen = self.unseen(direction);
            let Self { info, forward, backward, .. } = self;
            let half = if direction == Direction::Forward { forward } else { backward };
            if !from_start && !recognise::is_connect(half.framer.held()) {
                half.framer.search(false);
            }
            half.framer.go_on(Sender { info, direction, unseen }, false, cx);
            self.after_framing(direction, cx);
        }
    }

    /// The side whose port systems give to whoever connects, when the other's is none of these.
    fn client_by_ports(&self) -> Option<Direction> {
        const GIVEN: u16 = 32_768;
        match (self.info.source.port() >= GIVEN, self.info.destination.port() >= GIVEN) {
            (true, false) => Some(Direction::Forward),
            (false, true) => Some(Direction::Backward),
            (true, true) | (false, false) => None,
        }
    }

    fn http<S: Sink>(&mut self, direction: Direction, cx: &mut Context<'_, S>) {
        match websocket::head(self.half(direction).framer.held()) {
            Head::More => {}
            Head::Http => self.name(direction, Other::Http, cx),
            Head::WebSocket { .. } => self.is_websocket(cx),
        }
    }

    fn is_websocket<S: Sink>(&mut self, cx: &mut Context<'_, S>) {
        self.protocol = Protocol::WebSocket;
        self.info.websocket = true;
        for direction in [Direction::Forward, Direction::Backward] {
            let half = self.half_mut(direction);
            half.websocket = Some(Box::default());
            let held = half.framer.held().to_vec();
            if held.is_empty() {
                continue;
            }
            half.framer.clear(cx);
            if self.info.client.is_none() && websocket::fills(&held) {
                // Only Clients mask.
                let is_masked = held.get(1).is_some_and(|second| second & 0x80 != 0);
                self.info.client = Some(if is_masked { direction } else { direction.opposite() });
            }
            let at = cx.entry.bytes.len().saturating_sub(held.len());
            let chunk = Chunk { data: &held, frame: cx.entry.number, time: cx.entry.time, at };
            self.websocket(direction, chunk, cx);
        }
    }

    pub(super) fn websocket<S: Sink>(
        &mut self,
        direction: Direction,
        mut chunk: Chunk<'_>,
        cx: &mut Context<'_, S>,
    ) {
        let unseen = self.unseen(direction);
        let Self { info, forward, backward, .. } = self;
        let half = if direction == Direction::Forward { forward } else { backward };
        let who = Sender { info, direction, unseen };
        let Some(websocket) = &mut half.websocket else { return };
        if !websocket.begun {
            let is_http = recognise::is_http(chunk.data)
                || recognise::may_become_http(chunk.data)
                || !half.framer.held().is_empty();
            if is_http {
                half.framer.hold(chunk, cx);
                match websocket::head(half.framer.held()) {
                    Head::More => return,
                    Head::Http => {
                        self.name(direction, Other::Http, cx);
                        return;
                    }
                    Head::WebSocket { len, mqtt } => {
                        websocket.doubtful = !mqtt;
                        let before = half.framer.held().len() - chunk.data.len();
                        half.framer.clear(cx);
                        chunk = chunk.skip(len.saturating_sub(before));
                    }
                }
            } else {
                // The capture begins behind the HTTP.
                half.framer.search(false);
            }
            websocket.begun = true;
        }
        if websocket.frames.lost {
            if !websocket::fills(chunk.data) {
                return;
            }
            websocket.frames.lost = false;
        }
        while !chunk.data.is_empty() {
            match websocket.frames.next(chunk.data) {
                Step::Passed(len) => chunk = chunk.skip(len),
                Step::Data(len) => {
                    let data = chunk.data.get(..len).unwrap_or_default();
                    let mut scratch = std::mem::take(&mut websocket.scratch);
                    websocket.frames.unmask(data, &mut scratch);
                    let first = scratch.first().filter(|_| !websocket.frames.compression().0).copied();
                    if std::mem::take(&mut websocket.doubtful)
                        && first.is_some_and(|first| !may_begin(who, first))
                    {
                        self.name(direction, Other::WebSocket, cx);
                        return;
                    }
                    let taken = match websocket.frames.compression() {
                        (false, _) => {
                            half.framer.take(Chunk { data: &scratch, ..chunk }, who, cx);
                            Some(())
                        }
                        // Each has a window, and memory is short.
                        (true, _) if websocket.inflater.is_none() && cx.is_crowded() => None,
                        (true, ends) => {
                            let inflater = websocket.inflater.get_or_insert_with(|| {
                                *cx.held += Inflater::HOLDS;
                                Box::new(Inflater::new())
                            });
                            inflater.inflate(&scratch, ends, |data| {
                                half.framer.take(Chunk { data, ..chunk }, who, cx);
                            })
                        }
                    };
                    websocket.scratch = scratch;
                    chunk = chunk.skip(len);
                    if taken.is_none() {
                        self.name(direction, Other::CompressedWebSocket, cx);
                        return;
                    }
                }
                Step::Wrong => {
                    websocket.frames.hole(0);
                    half.framer.hole(0, who, cx);
                    break;
                }
            }
        }
        self.after_framing(direction, cx);
    }
}

/// Whether a side's first packet may have this first byte.
fn may_begin(who: Sender<'_>, first: u8) -> bool {
    match who.info.side(who.direction) {
        Some(Side::Client) => first >> 4 == 1,
        Some(Side::Server) => {
            PacketType::of_first_byte(first).is_some_and(|kind| kind.sender() != Some(Side::Client))
        }
        None => true,
    }
}
