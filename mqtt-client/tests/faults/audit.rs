//! Looks at every byte that a client sends.

use std::collections::{HashMap, HashSet};

use bytes::BytesMut;
use mqtt_codec::{Decoded, Decoder, Delivery, Packet, PacketId, Side};

/// What a client has sent, and what it did wrong. Payloads begin with a number that rises, eight bytes.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    pub(crate) connections: usize,
    /// Connections on which a CONNACK reached the client. On the others it may have been lost, with what it said.
    pub(crate) answered: usize,
    bytes: BytesMut,
    /// Numbers that were seen, on any connection, with their identifiers.
    seen: HashMap<u64, PacketId>,
    /// By identifier, what is in use on the client's side.
    in_use: HashMap<PacketId, u64>,
    /// Their PUBREL was seen.
    released: HashSet<u64>,
    /// The last number on this connection.
    last: Option<u64>,
    /// PUBLISHes with DUP.
    pub(crate) resent: usize,
    pub(crate) faults: Vec<String>,
}

impl Audit {
    /// Gives its number.
    pub(crate) fn connection_opened(&mut self) -> usize {
        self.connections += 1;
        self.bytes.clear();
        self.last = None;
        self.connections
    }

    /// Some CONNACK was lost, or may have been: it can have said, once, that the Server has no session.
    pub(crate) fn leaves_doubt(&self) -> bool {
        self.answered < self.connections
    }

    /// Bytes came on this connection. Those that come late, on one that was given up, count for nothing.
    pub(crate) fn sent(&mut self, connection: usize, bytes: &[u8]) {
        if connection != self.connections {
            return;
        }
        self.bytes.extend_from_slice(bytes);
        loop {
            let bytes = std::mem::take(&mut self.bytes);
            match Decoder::new().sent_by(Side::Client).decode(&bytes) {
                Ok(Decoded::Packet(packet, len)) => {
                    self.packet(packet);
                    self.bytes = bytes;
                    let _ = self.bytes.split_to(len);
                }
                Ok(Decoded::NeedMore { .. }) => {
                    self.bytes = bytes;
                    return;
                }
                Err(error) => return self.faults.push(error.to_string()),
            }
        }
    }

    fn packet(&mut self, packet: Packet<'_>) {
        match packet {
            Packet::Publish(publish) => {
                let Some(number) = publish.payload.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
                else {
                    return self.faults.push("a payload without a number".to_owned());
                };
                match publish.delivery {
                    Delivery::AtMostOnce => {}
                    Delivery::AtLeastOnce { packet_id, dup } | Delivery::ExactlyOnce { packet_id, dup } => {
                        self.publish(number, packet_id, dup);
                    }
                }
            }
            Packet::Pubrel(packet_id) => {
                if let Some(number) = self.in_use.get(&packet_id) {
                    self.released.insert(*number);
                }
            }
            _ => {}
        }
    }

    fn publish(&mut self, number: u64, packet_id: PacketId, dup: bool) {
        if self.last.is_some_and(|last| last >= number) {
            self.faults.push(format!("{number} follows {:?} [MQTT-4.6.0-1]", self.last));
        }
        self.last = Some(number);
        self.resent += usize::from(dup);
        match self.seen.insert(number, packet_id) {
            Some(_) if !dup => self.faults.push(format!("{number} again without DUP [MQTT-3.3.1-1]")),
            Some(other) if other != packet_id => {
                self.faults.push(format!("{number} again as {packet_id}, not {other} [MQTT-2.3.1-3]"));
            }
            None if dup && self.connections == 1 => {
                self.faults.push(format!("{number} for the first time with DUP [MQTT-4.3.2-1]"));
            }
            _ => {}
        }
        if self.released.contains(&number) {
            self.faults.push(format!("{number} again after its PUBREL [MQTT-4.3.3-1]"));
        }
        self.in_use.insert(packet_id, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with these, each on a connection of its own: number, identifier, DUP.
    fn faults(publishes: &[(u64, u16, bool)]) -> Vec<String> {
        let mut audit = Audit::default();
        for &(number, id, dup) in publishes {
            let connection = audit.connection_opened();
            let payload = number.to_be_bytes();
            let packet_id = PacketId::new(id).unwrap();
            let publish = mqtt_codec::Publish {
                delivery: Delivery::ExactlyOnce { packet_id, dup },
                retain: false,
                topic: mqtt_codec::TopicName::new("t").unwrap(),
                payload: &payload,
            };
            let mut bytes = Vec::new();
            Packet::from(publish).encode_to(&mut bytes).unwrap();
            Packet::Pubrel(PacketId::new(9).unwrap()).encode_to(&mut bytes).unwrap();
            for byte in bytes {
                audit.sent(connection, &[byte]);
            }
        }
        audit.faults
    }

    #[test]
    fn the_audit_sees_what_it_is_for() {
        assert_eq!(faults(&[(1, 1, false), (1, 1, true), (2, 2, true)]), [""; 0]);
        for (publishes, says) in [
            (&[(1, 1, true)][..], "first time with DUP"),
            (&[(1, 1, false), (1, 1, false)], "without DUP"),
            (&[(1, 1, false), (1, 2, true)], "again as 2, not 1"),
            (&[(1, 9, false), (1, 9, true)], "after its PUBREL"),
        ] {
            let faults = faults(publishes);
            assert!(faults.len() == 1 && faults[0].contains(says), "{faults:?}");
        }
    }
}
