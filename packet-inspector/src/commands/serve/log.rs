//! What passes live, the newest of it: packets of the test client and of proxies, with what happens to their connections.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use mqtt_codec::Packet;
use packet_inspector::analysis::{self, Analysis};
use packet_inspector::capture::Time;
use packet_inspector::dissect::text;
use packet_inspector::frame::Frame;
use packet_inspector::live::{Handshakes, Happenings, Recorder, What};
use packet_inspector::net::MQTT_PORTS;
use packet_inspector::redact::said;
use packet_inspector::render::{self, Rung};
use packet_inspector::stream::{
    Captured, Direction, Event, Info, Limits, Moment, Place, Proof, Sink, Streams,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::decode::PACKETS;

/// Items that are kept, and bytes that they take in memory, with their packets and texts; the oldest go first.
const ITEMS: usize = 10_000;
const BYTES: usize = 32 << 20;

/// What an item takes beside its packet's bytes and its text, with what the allocator needs for each of them.
const OVERHEAD: usize = size_of::<Item>() + size_of::<Kept>() + 3 * 16;

/// Bytes of one packet that are kept.
const LONGEST: usize = 256 << 10;

/// Characters of a payload in the list.
const PREVIEW: usize = 300;

/// The log, for those who write and those who read.
pub(super) struct Log {
    /// Tells this run of the program from others.
    instance: String,
    items: Mutex<Items>,
    /// The number of the newest item.
    newest: watch::Sender<u64>,
}

impl Default for Log {
    fn default() -> Self {
        // The keys of a hash are drawn anew in each run.
        let instance = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
        Self { instance, items: Mutex::default(), newest: watch::Sender::new(0) }
    }
}

#[derive(Default)]
struct Items {
    list: VecDeque<Item>,
    bytes: usize,
    /// The number of the first in the list; the first of all is 1.
    first: u64,
    /// The connections of test clients that are open.
    clients: BTreeMap<u32, u32>,
}

struct Item {
    json: Box<str>,
    packet: Option<Box<Kept>>,
}

impl Item {
    /// Bytes in memory.
    fn size(&self) -> usize {
        OVERHEAD + self.json.len() + self.packet.as_ref().map_or(0, |kept| kept.bytes.len())
    }
}

/// A packet that can be taken apart again.
struct Kept {
    info: Info,
    direction: Direction,
    start: Time,
    bytes: Box<[u8]>,
    wire_len: usize,
    passed: usize,
    place: Place,
}

impl Log {
    fn with<T>(&self, work: impl FnOnce(&mut Items) -> T) -> T {
        work(&mut self.items.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A connection is this test client's.
    pub(super) fn own(&self, connection: u32, client: u32) {
        self.with(|items| items.clients.insert(connection, client));
    }

    /// Says something of a test client.
    pub(super) fn say(&self, client: u32, text: &str) {
        self.add(json!({ "kind": "event", "client": client, "text": text }), None);
    }

    /// Tells when there is something new.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The name of this run of the program.
    pub(super) fn instance(&self) -> &str {
        &self.instance
    }

    /// Items behind this number as a JSON array, with the number of the last of them: at most so many, and, if there are
    /// more than one, of at most so many bytes.
    pub(super) fn after(&self, number: u64, most: usize, bytes: usize) -> Option<(u64, String)> {
        self.with(|items| {
            let first = items.first.max(1);
            let skip =
                usize::try_from((number.saturating_add(1)).saturating_sub(first)).unwrap_or(usize::MAX);
            let (mut array, mut last) = (String::new(), None);
            for (number, item) in (first..).zip(&items.list).skip(skip).take(most) {
                if last.is_some() && array.len() + item.json.len() > bytes {
                    break;
                }
                array.push(if last.is_some() { ',' } else { '[' });
                array.push_str(&item.json);
                last = Some(number);
            }
            array.push(']');
            last.map(|last| (last, array))
        })
    }

    /// A packet as an outline.
    pub(super) fn outline(&self, number: u64, redact: bool) -> Option<Value> {
        self.with(|items| {
            let place = usize::try_from(number.checked_sub(items.first.max(1))?).ok()?;
            let kept = items.list.get(place)?.packet.as_ref()?;
            let packet = Captured {
                info: &kept.info,
                direction: kept.direction,
                unseen: false,
                bytes: &kept.bytes,
                wire_len: kept.wire_len,
                passed: kept.passed,
                packet: None,
                places: &[kept.place],
                entry: None,
                proof: Proof::Nothing,
            };
            let frame = Frame::captured(&packet, kept.start);
            Some(render::outline(&if redact { frame.redacted() } else { frame }, PACKETS))
        })
    }

    /// The number that the next item gets.
    fn next(&self) -> u64 {
        self.with(|items| items.first.max(1) + items.list.len() as u64)
    }

    fn add(&self, mut json: Value, packet: Option<Kept>) {
        let newest = self.with(|items| {
            items.first = items.first.max(1);
            if let Some(map) = json.as_object_mut() {
                map.insert("number".into(), (items.first + items.list.len() as u64).into());
            }
            let item = Item { json: json.to_string().into(), packet: packet.map(Box::new) };
            items.bytes += item.size();
            items.list.push_back(item);
            while items.list.len() > ITEMS || items.bytes > BYTES {
                let Some(oldest) = items.list.pop_front() else { break };
                items.bytes -= oldest.size();
                items.first += 1;
            }
            items.first + items.list.len() as u64 - 1
        });
        self.newest.send_replace(newest);
    }
}

/// Writes the log, on a thread of its own, until nobody is left who could tell.
pub(super) fn start(log: Arc<Log>, happenings: Happenings, redact: bool) {
    std::thread::spawn(move || {
        let mut streams = Streams::new(MQTT_PORTS, Limits::default());
        let mut recorder = Recorder::default();
        let mut writer = Writer {
            log,
            redact,
            analysis: Analysis::new(Vec::new()),
            handshakes: Handshakes::default(),
            start: None,
            client: None,
        };
        for happening in happenings {
            let connection = happening.connection;
            writer.client = writer.log.with(|items| items.clients.get(&connection).copied());
            recorder.take(&happening, |entry| streams.take(entry, &mut writer));
            if happening.what == What::Closed {
                writer.log.with(|items| items.clients.remove(&connection));
            }
        }
    });
}

struct Writer {
    log: Arc<Log>,
    redact: bool,
    analysis: Analysis<Vec<analysis::Finding>>,
    handshakes: Handshakes,
    start: Option<Time>,
    /// The test client whose connection is being read.
    client: Option<u32>,
}

impl Writer {
    fn findings(&mut self) {
        for finding in std::mem::take(self.analysis.listener()) {
            self.log.add(
                json!({
                    "kind": "finding",
                    "client": self.client,
                    "stream": finding.stream,
                    "severity": finding.severity.as_str(),
                    "text": if self.redact { said(finding.kind, finding.message) } else { finding.message },
                    "clauses": finding.clauses,
                }),
                None,
            );
        }
    }

    fn packet_json(&mut self, packet: &Captured<'_>, number: u64, start: Time) -> Value {
        let first = packet.bytes.first().copied().unwrap_or_default();
        let name =
            mqtt_codec::PacketType::of_first_byte(first).map_or("RESERVED", mqtt_codec::PacketType::name);
        let mut json = json!({
            "kind": "packet",
            "number": number,
            "client": self.client,
            "stream": packet.info.number,
            "time": packet.time().to_string(),
            "time_relative": packet.time().since(start).to_string(),
            "from": packet.from().map(|side| side.to_string()),
            "packet": name,
            "label": Rung::of_packet(packet).label,
            "length": packet.wire_len,
            "message": self.handshakes.message_of(packet, number),
        });
        if let (Some(Packet::Publish(publish)), Some(map)) = (packet.packet, json.as_object_mut()) {
            map.insert("topic".into(), text::visible(publish.topic.as_bytes()).into());
            map.insert("qos".into(), publish.delivery.qos().as_u8().into());
            map.insert("dup".into(), publish.delivery.dup().into());
            map.insert("retain".into(), publish.retain.into());
            map.insert("payload_length".into(), publish.payload.len().into());
            let shown = text::as_text(publish.payload).filter(|_| !self.redact);
            let preview = shown.map(|text| text.chars().take(PREVIEW).collect::<String>());
            map.insert("payload".into(), preview.into());
        }
        json
    }
}

impl Sink for Writer {
    fn packet(&mut self, packet: &Captured<'_>) {
        let start = *self.start.get_or_insert(packet.time());
        let number = self.log.next();
        let json = self.packet_json(packet, number, start);
        let kept = Kept {
            info: *packet.info,
            direction: packet.direction,
            start,
            bytes: packet.bytes.get(..LONGEST).unwrap_or(packet.bytes).into(),
            wire_len: packet.wire_len,
            passed: packet.passed,
            place: Place { frame: packet.frame(), time: packet.time(), at: 0, len: packet.bytes.len() },
        };
        self.log.add(json, Some(kept));
        self.analysis.packet(packet);
        self.findings();
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        let text = match event {
            Event::Finished | Event::Reset => Rung::of_event(moment, event).map(|rung| rung.label),
            _ => render::happening(event),
        };
        if let Some(text) = text {
            let (client, stream) = (self.client, moment.info.number);
            self.log.add(json!({ "kind": "event", "client": client, "stream": stream, "text": text }), None);
        }
        if let Event::Closed { .. } = event {
            self.handshakes.closed(moment.info.number);
        }
        self.analysis.event(moment, event);
        self.findings();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_kept_within_bytes_that_count_texts() {
        let log = Log::default();
        let text = "x".repeat(64 << 10);
        for number in 0..2_000 {
            log.say(number, &text);
        }
        let (kept, counted, first) = log.with(|items| {
            let kept: usize = items.list.iter().map(|item| size_of::<Item>() + item.json.len()).sum();
            (kept, items.bytes, items.first)
        });
        assert!(kept <= counted && counted <= BYTES, "{kept} bytes are held, {counted} are counted");
        assert!(kept > BYTES / 2, "what fits is kept: {kept}");
        // What is asked for from before the first begins there, a megabyte at a time.
        let (last, array) = log.after(3, 200, 1 << 20).unwrap();
        assert!(array.len() <= (1 << 20) + 2);
        let items: Vec<Value> = serde_json::from_str(&array).unwrap();
        let numbers: Vec<u64> =
            items.iter().map(|item| item.get("number").unwrap().as_u64().unwrap()).collect();
        assert_eq!(numbers, (first..=last).collect::<Vec<_>>());
        assert_eq!(log.after(2_000, 200, 1 << 20), None);
    }

    #[test]
    fn one_item_comes_however_long_it_is_and_only_so_many_are_kept() {
        let log = Log::default();
        for number in 0..=u32::try_from(ITEMS).unwrap() {
            log.say(number, "text that is longer than was asked for");
        }
        assert_eq!(log.with(|items| (items.list.len(), items.first)), (ITEMS, 2));
        assert_eq!(log.after(0, 200, 10).unwrap().0, 2);
        assert_eq!(log.after(0, 200, 1 << 20).unwrap().0, 201);
    }
}
