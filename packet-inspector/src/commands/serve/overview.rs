//! A capture as a whole: conversations, messages with their handshakes, findings, rates.

use std::collections::BTreeMap;

use mqtt_codec::{Packet, Side};
use packet_inspector::analysis::{self, Analysis, Exchange, Step, clause};
use packet_inspector::capture::{Span, Time};
use packet_inspector::dissect::text::visible;
use packet_inspector::redact::said;
use packet_inspector::stream::{Captured, Event, Moment, Sink};
use serde_json::{Value, json};

use super::captures::Question;

/// The longest lists; what is beyond is counted.
const CONVERSATIONS: usize = 2000;
const EXCHANGES: usize = 2000;
const FINDINGS: usize = 1000;
/// Bars of the plot of rates.
const BARS: usize = 100;

/// Gathers what the page shows of a capture.
pub(super) struct Overview {
    analysis: Analysis<Heard>,
    conversations: BTreeMap<u32, Conversation>,
    types: BTreeMap<&'static str, u64>,
    rates: Rates,
    left_out: u64,
}

#[derive(Default)]
struct Conversation {
    client: String,
    server: String,
    client_id: Option<String>,
    packets: u64,
    bytes: u64,
    began: Time,
    last: Time,
}

/// What the analysis tells.
#[derive(Default)]
struct Heard {
    exchanges: Vec<Value>,
    findings: Vec<Value>,
    start: Time,
    left_out: [u64; 2],
    redact: bool,
}

impl analysis::Listener for Heard {
    fn finding(&mut self, finding: analysis::Finding) {
        if self.findings.len() >= FINDINGS {
            self.left_out[1] += 1;
            return;
        }
        let clauses = finding
            .clauses
            .iter()
            .map(|id| json!({ "id": id, "statement": clause(id).map(|clause| clause.statement) }));
        self.findings.push(json!({
            "severity": finding.severity.as_str(),
            "kind": finding.kind,
            "clauses": clauses.collect::<Value>(),
            "message": if self.redact { said(finding.kind, finding.message) } else { finding.message },
            "stream": finding.stream,
            "side": finding.side.map(|side| side.to_string()),
            "frames": finding.frames,
        }));
    }

    fn exchange(&mut self, exchange: &Exchange) {
        if self.exchanges.len() >= EXCHANGES {
            self.left_out[0] += 1;
            return;
        }
        let gaps = exchange.gaps().iter().map(|gap| gap.as_seconds()).collect::<Vec<_>>();
        self.exchanges.push(json!({
            "stream": exchange.stream,
            "from": exchange.from.to_string(),
            "qos": exchange.qos,
            "packet_id": exchange.id,
            "topic": visible(exchange.topic.as_bytes()),
            "complete": exchange.step == Step::Complete,
            "frames": exchange.frames(),
            "gaps": gaps,
            "latency": exchange.latency().map(Span::as_seconds),
            "repeated": exchange.repeated,
        }));
    }
}

impl Overview {
    pub(super) fn new(redact: bool) -> Self {
        Self {
            analysis: Analysis::new(Heard { redact, ..Heard::default() }),
            conversations: BTreeMap::new(),
            types: BTreeMap::new(),
            rates: Rates::default(),
            left_out: 0,
        }
    }

    pub(super) fn into_json(self, records: u64, ended: Option<&str>) -> Value {
        let heard = self.analysis.into_listener();
        let conversations = self.conversations.iter().map(|(stream, conversation)| {
            json!({
                "stream": stream,
                "client": conversation.client,
                "server": conversation.server,
                "client_id": conversation.client_id,
                "packets": conversation.packets,
                "bytes": conversation.bytes,
                "began": conversation.began.since(heard.start).as_seconds(),
                "took": conversation.last.since(conversation.began).as_seconds(),
            })
        });
        let [exchanges_left_out, findings_left_out] = heard.left_out;
        json!({
            "records": records,
            "ended": ended,
            "conversations": conversations.collect::<Value>(),
            "conversations_left_out": self.left_out,
            "types": self.types,
            "rates": self.rates.into_json(),
            "exchanges": heard.exchanges,
            "exchanges_left_out": exchanges_left_out,
            "findings": heard.findings,
            "findings_left_out": findings_left_out,
        })
    }
}

impl Question for Overview {
    fn start(&mut self, time: Time) {
        self.analysis.listener().start = time;
        self.rates.start = time;
    }
}

impl Sink for Overview {
    fn packet(&mut self, packet: &Captured<'_>) {
        let first = packet.bytes.first().copied().unwrap_or_default();
        let name =
            mqtt_codec::PacketType::of_first_byte(first).map_or("RESERVED", mqtt_codec::PacketType::name);
        *self.types.entry(name).or_default() += 1;
        self.rates.count(packet.time(), packet.from());
        self.analysis.packet(packet);
        let stream = packet.info.number;
        if self.conversations.len() >= CONVERSATIONS && !self.conversations.contains_key(&stream) {
            self.left_out += 1;
            return;
        }
        let conversation = self
            .conversations
            .entry(stream)
            .or_insert_with(|| Conversation { began: packet.time(), ..Conversation::default() });
        if let Some(client) = packet.info.client {
            conversation.client = packet.info.sender(client).to_string();
            conversation.server = packet.info.sender(client.opposite()).to_string();
        }
        if let Some(Packet::Connect(connect)) = packet.packet {
            conversation.client_id = Some(visible(connect.client_id().as_bytes()));
        }
        conversation.packets += 1;
        conversation.bytes += packet.wire_len as u64;
        conversation.last = conversation.last.max(packet.time());
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        self.analysis.event(moment, event);
    }
}

/// Packets of clients and of servers over time: bars that become twice as wide when there would be too many.
struct Rates {
    start: Time,
    /// Of a bar, in nanoseconds.
    width: i64,
    bars: Vec<[u64; 2]>,
}

impl Default for Rates {
    fn default() -> Self {
        // A tenth of a millisecond at first.
        Self { start: Time::default(), width: 100_000, bars: Vec::new() }
    }
}

impl Rates {
    fn count(&mut self, time: Time, from: Option<Side>) {
        let since = time.since(self.start).0.max(0);
        let mut place = usize::try_from(since / self.width).unwrap_or(usize::MAX);
        while place >= BARS {
            let joined =
                self.bars.chunks(2).map(|pair| pair.iter().fold([0, 0], |[a, b], [c, d]| [a + c, b + d]));
            self.bars = joined.collect();
            self.width = self.width.saturating_mul(2);
            place = usize::try_from(since / self.width).unwrap_or(usize::MAX);
        }
        if self.bars.len() <= place {
            self.bars.resize(place + 1, [0, 0]);
        }
        if let Some([clients, servers]) = self.bars.get_mut(place) {
            *if from == Some(Side::Server) { servers } else { clients } += 1;
        }
    }

    fn into_json(self) -> Value {
        json!({ "width": Span(self.width).as_seconds(), "bars": self.bars })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn rates_keep_every_packet_in_few_bars() {
        let mut rates = Rates::default();
        for second in 0..10_000 {
            rates
                .count(Time::new(second, 0), Some(if second % 4 == 0 { Side::Server } else { Side::Client }));
        }
        assert!(rates.bars.len() <= BARS && rates.bars.len() > BARS / 2, "{}", rates.bars.len());
        let [clients, servers] = rates.bars.iter().fold([0, 0], |[a, b], [c, d]| [a + c, b + d]);
        assert_eq!((clients, servers), (7_500, 2_500));
    }
}
