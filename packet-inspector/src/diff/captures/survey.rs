//! A first reading: which connections there are, and what each side says, in one number.

use std::collections::BTreeMap;

use mqtt_codec::{Packet, Side};

use super::meaning::Meaning;
use crate::dissect::text;
use crate::stream::{Captured, Direction, Event, Moment, Sink};

/// The most connections of a capture that are compared.
pub(super) const CONNECTIONS: usize = 100_000;

/// Bytes at the start of a Client Identifier that say what kind of client it is.
const STEM: usize = 4;

/// A connection that carries MQTT 3.1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its number in the capture.
    pub number: u32,
    /// The Client Identifier, shortened for people; `None` when no CONNECT was captured, or an empty one.
    pub client_id: Option<String>,
    /// The record of its first packet.
    pub frame: u64,
    /// How many packets the Client and the Server sent.
    pub packets: [u64; 2],
    /// Bytes of it are missing in the capture.
    pub has_gaps: bool,
    /// Packets of it that are malformed: they are compared as bytes.
    pub malformed: u64,
    /// Its Client Identifier, and how that begins.
    pub(super) key: Option<u64>,
    pub(super) stem: Option<u64>,
    /// What the Client and the Server said, and all of it but the CONNECT.
    pub(super) sides: [u64; 2],
    pub(super) rest: u64,
    /// The Client's direction.
    pub(super) client: Direction,
}

/// A direction as an index: of the Client, of the Server.
pub(super) fn index(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl Conversation {
    /// The place of what goes this way in arrays.
    pub(super) fn place(&self, direction: Direction) -> usize {
        index(if direction == self.client { Side::Client } else { Side::Server })
    }

    /// All its packets.
    pub fn count(&self) -> u64 {
        self.packets.iter().sum()
    }
}

/// Hears of the connections of a capture.
#[derive(Debug)]
pub(super) struct Survey<'a> {
    meaning: &'a Meaning,
    heard: BTreeMap<u32, Heard>,
    /// Packets of connections beyond the most.
    pub(super) left_out: u64,
    /// Connections that carry something else.
    pub(super) others: u64,
}

/// By direction, as long as it may not be known which is the Client's.
#[derive(Debug)]
struct Heard {
    conversation: Conversation,
    client: Option<Direction>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(meaning: &'a Meaning) -> Self {
        Self { meaning, heard: BTreeMap::new(), left_out: 0, others: 0 }
    }

    /// In their order.
    pub(super) fn conversations(self) -> Vec<Conversation> {
        let settled = |Heard { mut conversation, client }| {
            // Who is heard first is mostly the Client.
            conversation.client = client.unwrap_or(Direction::Forward);
            if conversation.client == Direction::Backward {
                conversation.packets.reverse();
                conversation.sides.reverse();
            }
            conversation
        };
        self.heard.into_values().map(settled).collect()
    }
}

impl Sink for Survey<'_> {
    fn packet(&mut self, packet: &Captured<'_>) {
        let number = packet.info.number;
        if self.heard.len() >= CONNECTIONS && !self.heard.contains_key(&number) {
            self.left_out += 1;
            return;
        }
        let Heard { conversation, client } = self.heard.entry(number).or_insert_with(|| Heard {
            conversation: Conversation {
                number,
                client_id: None,
                frame: packet.frame(),
                packets: [0; 2],
                has_gaps: false,
                malformed: 0,
                key: None,
                stem: None,
                sides: [0; 2],
                rest: 0,
                client: Direction::Forward,
            },
            client: None,
        });
        *client = packet.info.client.or(*client);
        let says = self.meaning.of(packet);
        let place = conversation.place(packet.direction);
        if let (Some(side), Some(count)) =
            (conversation.sides.get_mut(place), conversation.packets.get_mut(place))
        {
            *side = self.meaning.then(*side, says);
            *count += 1;
        }
        conversation.malformed += u64::from(packet.packet.is_none());
        match &packet.packet {
            Some(Packet::Connect(connect)) => {
                let id = connect.client_id().as_bytes();
                if conversation.key.is_none() && !id.is_empty() {
                    conversation.key = Some(self.meaning.of_bytes(id));
                    conversation.stem = Some(self.meaning.of_bytes(id.get(..STEM).unwrap_or(id)));
                    conversation.client_id = Some(text::shortened(&text::visible(id)).to_string());
                }
            }
            // Both directions in one, whatever their order is: what is sent at the same time may be captured either way.
            _ => conversation.rest = conversation.rest.wrapping_add(says),
        }
    }

    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        match event {
            Event::Other(_) | Event::OtherVersion(_) => self.others += 1,
            Event::Lost(_) | Event::Cut(_) | Event::PassedOver { .. } => {
                if let Some(heard) = self.heard.get_mut(&moment.info.number) {
                    heard.conversation.has_gaps = true;
                }
            }
            Event::BadChecksum | Event::Finished | Event::Reset | Event::Closed { .. } => {}
        }
    }
}
