//! Which message a packet belongs to, told while it passes.

use std::collections::HashMap;

use mqtt_codec::{Packet, Side};

use crate::stream::Captured;

/// The most messages in flight that are remembered.
const MOST: usize = 100_000;

/// Remembers which PUBLISH the acknowledgements that follow it are about.
#[derive(Debug, Default)]
pub struct Handshakes {
    /// By connection, publisher and Packet Identifier.
    open: HashMap<(u32, Side, u16), u64>,
}

impl Handshakes {
    /// The number of the PUBLISH that this packet, with its own number, is part of: its own if it is a new one.
    /// `None` when it is of no message, or the PUBLISH was not seen.
    pub fn message_of(&mut self, packet: &Captured<'_>, number: u64) -> Option<u64> {
        let stream = packet.info.number;
        let from = packet.from()?;
        let to = match from {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        };
        match packet.packet? {
            Packet::Publish(publish) => {
                let Some(id) = publish.delivery.packet_id() else { return Some(number) };
                let key = (stream, from, id.get());
                match self.open.get(&key) {
                    Some(first) if publish.delivery.dup() => return Some(*first),
                    _ if self.open.len() < MOST || self.open.contains_key(&key) => {
                        self.open.insert(key, number);
                    }
                    _ => {}
                }
                Some(number)
            }
            Packet::Puback(id) | Packet::Pubcomp(id) => self.open.remove(&(stream, to, id.get())),
            Packet::Pubrec(id) => self.open.get(&(stream, to, id.get())).copied(),
            Packet::Pubrel(id) => self.open.get(&(stream, from, id.get())).copied(),
            _ => None,
        }
    }

    /// The connection is over.
    pub fn closed(&mut self, stream: u32) {
        self.open.retain(|(of, ..), _| *of != stream);
    }
}
