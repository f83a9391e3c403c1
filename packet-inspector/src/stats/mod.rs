//! A capture in numbers: packets, bytes, rates, latencies, sizes and findings, of all and of each connection, client,
//! topic and packet type.
//!
//! [`Stats`] hears packets and passes them to the [analysis](mod@crate::analysis), which pairs handshakes and finds fault; what
//! it tells is counted here. Memory is bounded: [`Rows`], [`Histogram`] and [`Timeline`] say by what.

use std::collections::{BTreeMap, HashMap};

use mqtt_codec::{Packet, PacketType, Side};

use crate::analysis::{self, Analysis, Answered, Asked, Exchange, Finding, Reason, Step};
use crate::capture::{Span, Time};
use crate::dissect::text;
use crate::finding::Severity;
use crate::stream::{Captured, Event, Info, Moment, Sink};

mod histogram;
mod rows;
mod tally;
mod timeline;

pub use histogram::Histogram;
pub use rows::{MOST_ROWS, Rows, Top};
pub use tally::Tally;
pub use timeline::Timeline;

/// The most handshakes that may be open to be counted when they are complete.
const MOST_OPEN: usize = 100_000;

/// The client of connections whose CONNECT is not in the capture.
pub const NO_CONNECT: &str = "(CONNECT not captured)";

/// The client of connections whose Client Identifier has no characters.
pub const EMPTY_CLIENT_ID: &str = "(empty client identifier)";

/// What is asked and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handshake {
    /// A message at QoS 1 or 2, until its last acknowledgement.
    Message {
        /// 1 or 2.
        qos: u8,
        /// The Server publishes, not the Client.
        from_server: bool,
    },
    /// A request of the Client.
    Request(Asked),
}

impl Handshake {
    /// Its name, as it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Message { qos: 1, from_server: false } => "QoS 1 from client",
            Self::Message { qos: 1, from_server: true } => "QoS 1 from server",
            Self::Message { from_server: false, .. } => "QoS 2 from client",
            Self::Message { from_server: true, .. } => "QoS 2 from server",
            Self::Request(Asked::Connect) => "CONNECT",
            Self::Request(Asked::Subscribe) => "SUBSCRIBE",
            Self::Request(Asked::Unsubscribe) => "UNSUBSCRIBE",
            Self::Request(Asked::Ping) => "PINGREQ",
        }
    }

    /// The packet that begins it.
    fn first(self) -> PacketType {
        match self {
            Self::Message { .. } => PacketType::Publish,
            Self::Request(Asked::Connect) => PacketType::Connect,
            Self::Request(Asked::Subscribe) => PacketType::Subscribe,
            Self::Request(Asked::Unsubscribe) => PacketType::Unsubscribe,
            Self::Request(Asked::Ping) => PacketType::Pingreq,
        }
    }
}

/// What is known of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its ends.
    pub info: Info,
    /// The Client Identifier for people, [`EMPTY_CLIENT_ID`], or [`NO_CONNECT`].
    pub client: String,
    is_over: bool,
}

/// All that was counted.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// When the capture began.
    pub start: Option<Time>,
    /// All packets.
    pub total: Tally,
    /// By the standard's name of the packet type; `RESERVED` where there is none.
    pub types: Rows<&'static str>,
    /// By Client Identifier, for people: escaped, and shortened when very long.
    pub clients: Rows<String>,
    /// By number.
    pub connections: Rows<u32>,
    /// By Topic Name, for people, messages only.
    pub topics: Rows<String>,
    /// Latencies in nanoseconds.
    pub handshakes: BTreeMap<Handshake, Histogram>,
    /// Messages that were not acknowledged to the end.
    pub incomplete: u64,
    /// How often each kind of finding was made.
    pub findings: BTreeMap<(Severity, &'static str), u64>,
    /// Connections that carry something else than MQTT 3.1.1.
    pub left_alone: u64,
    known: HashMap<u32, Box<Known>>,
}

impl Report {
    /// What is known of the connection with this number.
    pub fn connection(&self, number: u32) -> Option<&Known> {
        self.known.get(&number).map(Box::as_ref)
    }
}

/// A [`Sink`] that counts.
#[derive(Debug)]
pub struct Stats {
    analysis: Analysis<Heard>,
    report: Report,
    /// The records of packets that were counted and begin a handshake, with how many of them lie there.
    open: HashMap<(u32, u64), u32>,
    /// Connections of [`Report::known`] that are over.
    over: usize,
    /// Some packets are not wanted.
    is_choosy: bool,
    /// Below 0 as long as the connections that messages began on are not over, though those are on which they ended.
    incomplete: i64,
}

/// What the analysis tells while it hears of one packet.
#[derive(Debug, Default)]
struct Heard {
    findings: Vec<Finding>,
    complete: Vec<Complete>,
    /// More messages that were not acknowledged to the end; fewer when those of an earlier connection were.
    incomplete: i64,
    left_alone: u64,
}

/// A handshake that is over.
#[derive(Debug)]
struct Complete {
    stream: u32,
    handshake: Handshake,
    topic: Option<String>,
    /// The record of its first packet.
    began: u64,
    latency: Span,
}

impl analysis::Listener for Heard {
    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn exchange(&mut self, exchange: &Exchange) {
        let goes_on = exchange.earlier > 0;
        let (Some(latency), Step::Complete) = (exchange.latency(), exchange.step) else {
            self.incomplete += i64::from(!goes_on);
            return;
        };
        self.incomplete -= i64::from(goes_on);
        self.complete.push(Complete {
            stream: exchange.stream,
            handshake: Handshake::Message { qos: exchange.qos, from_server: exchange.from == Side::Server },
            topic: Some(name(exchange.topic.as_bytes())),
            began: exchange.frames().first().copied().unwrap_or_default(),
            latency,
        });
    }

    fn answered(&mut self, answered: &Answered) {
        let Answered { stream, asked, frames: [began, _], latency } = *answered;
        let handshake = Handshake::Request(asked);
        self.complete.push(Complete { stream, handshake, topic: None, began, latency });
    }

    fn left_alone(&mut self, _: u32, _: &Reason) {
        self.left_alone += 1;
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}

impl Stats {
    /// Without any packet.
    pub fn new() -> Self {
        Self {
            analysis: Analysis::new(Heard::default()),
            report: Report::default(),
            open: HashMap::new(),
            over: 0,
            is_choosy: false,
            incomplete: 0,
        }
    }

    /// When the capture begins; else it is when the first packet is complete.
    pub fn start(&mut self, time: Time) {
        self.report.start.get_or_insert(time);
    }

    /// All that was counted, when the capture is over.
    pub fn finish(self) -> Report {
        let mut report = self.report;
        report.incomplete = u64::try_from(self.incomplete).unwrap_or(0);
        let timeline = report.total.over_time.clone();
        report.types.align(&timeline);
        report.clients.align(&timeline);
        report.connections.align(&timeline);
        report.topics.align(&timeline);
        report
    }

    /// A packet that the analysis has to know of, and that is counted only when it is wanted. Findings are counted
    /// with the packet on which they are made, handshakes with their first packet.
    pub fn hear(&mut self, packet: &Captured<'_>, is_wanted: bool) {
        let report = &mut self.report;
        let stream = packet.info.number;
        let start = *report.start.get_or_insert(packet.time());
        let known = report.known.entry(stream).or_insert_with(|| {
            Box::new(Known { info: *packet.info, client: NO_CONNECT.to_owned(), is_over: false })
        });
        known.info = *packet.info;
        if let Some(Packet::Connect(connect)) = packet.packet {
            let id = connect.client_id().as_bytes();
            known.client = if id.is_empty() { EMPTY_CLIENT_ID.to_owned() } else { name(id) };
        }
        let packet_type = packet.bytes.first().and_then(|first| PacketType::of_first_byte(*first));
        let type_name = packet_type.map_or("RESERVED", PacketType::name);
        let message = match packet.packet {
            Some(Packet::Publish(publish)) => {
                Some((name(publish.topic.as_bytes()), publish.payload.len() as u64))
            }
            _ => None,
        };
        if is_wanted {
            let (at, bytes) = (packet.time().since(start), packet.wire_len as u64);
            let payload = message.as_ref().map(|(_, len)| *len);
            report.total.packet(at, bytes, payload);
            report.types.row(&type_name).packet(at, bytes, payload);
            report.connections.row(&stream).packet(at, bytes, payload);
            report.clients.row(&known.client).packet(at, bytes, payload);
            if let Some((topic, _)) = &message {
                report.topics.row(topic).packet(at, bytes, payload);
            }
            if packet.packet.is_some_and(|packet| is_answered(&packet)) && self.open.len() < MOST_OPEN {
                *self.open.entry((stream, packet.frame())).or_default() += 1;
            }
        }
        self.analysis.packet(packet);
        if !is_wanted {
            self.is_choosy = true;
            self.analysis.listener().findings.clear();
        }
        let topic = message.map(|(topic, _)| topic);
        self.count(stream, Some((type_name, topic.as_deref())));
    }

    /// Counts what the analysis has told, on hearing of a packet or of an event.
    fn count(&mut self, stream: u32, on: Option<(&'static str, Option<&str>)>) {
        let Heard { findings, complete, incomplete, left_alone } = std::mem::take(self.analysis.listener());
        let report = &mut self.report;
        report.left_alone += left_alone;
        if self.is_choosy && report.connections.known(&stream).is_none() {
            return;
        }
        self.incomplete += incomplete;
        let client = report.known.get(&stream).map(|known| known.client.clone()).unwrap_or_default();
        for Complete { stream, handshake, topic, began, latency } in complete {
            if !closed(&mut self.open, (stream, began)) {
                continue;
            }
            let nanos = latency.0.max(0).unsigned_abs();
            report.handshakes.entry(handshake).or_default().add(nanos);
            let rows = [
                Some(&mut report.total),
                report.types.known(&handshake.first().name()),
                report.connections.known(&stream),
                report.clients.known(&client),
                topic.and_then(|topic| report.topics.known(&topic)),
            ];
            rows.into_iter().flatten().for_each(|row| row.latencies.add(nanos));
        }
        for Finding { severity, kind, .. } in findings {
            let (of_type, topic) = on.unzip();
            let topic = topic.flatten().map(str::to_owned);
            *report.findings.entry((severity, kind)).or_default() += 1;
            let rows = [
                Some(&mut report.total),
                of_type.and_then(|of_type| report.types.known(&of_type)),
                report.connections.known(&stream),
                report.clients.known(&client),
                topic.and_then(|topic| report.topics.known(&topic)),
            ];
            rows.into_iter().flatten().for_each(|row| row.finding(severity));
        }
    }

    /// A connection is over: what is known of it is kept as long as its row is.
    fn close(&mut self, stream: u32) {
        let Report { known, connections, .. } = &mut self.report;
        let Some(ended) = known.get_mut(&stream).filter(|known| !known.is_over) else { return };
        ended.is_over = true;
        self.over += 1;
        if self.over > 2 * MOST_ROWS {
            known.retain(|number, known| !known.is_over || connections.holds(number));
            self.over = known.values().filter(|known| known.is_over).count();
            self.open.retain(|(stream, _), _| known.get(stream).is_some_and(|known| !known.is_over));
        }
    }
}

impl Sink for Stats {
    fn packet(&mut self, packet: &Captured<'_>) {
        self.hear(packet, true);
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.analysis.event(moment, event);
        self.count(moment.info.number, None);
        if matches!(event, Event::Closed { .. }) {
            self.close(moment.info.number);
        }
    }
}

/// Whether a packet begins a handshake.
fn is_answered(packet: &Packet<'_>) -> bool {
    match packet {
        Packet::Publish(publish) => publish.delivery.packet_id().is_some(),
        other => matches!(
            other.packet_type(),
            PacketType::Connect | PacketType::Subscribe | PacketType::Unsubscribe | PacketType::Pingreq
        ),
    }
}

/// Takes one of the handshakes that began in this record away.
fn closed(open: &mut HashMap<(u32, u64), u32>, began: (u32, u64)) -> bool {
    match open.get_mut(&began) {
        Some(count) if *count > 1 => *count -= 1,
        Some(_) => {
            open.remove(&began);
        }
        None => return false,
    }
    true
}

/// Names for people: escaped, and shortened when they are very long, with their length.
fn name(bytes: &[u8]) -> String {
    text::shortened(&text::visible(bytes))
}

/// Near enough for a ratio.
#[expect(clippy::cast_precision_loss, reason = "counts far above 2⁵² would be off by less than a billionth")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
