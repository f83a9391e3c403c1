//! Changes as bytes and back.
//!
//! ```text
//! 1 | number u64 | PUBLISH                     accepted, and waits (its Packet Identifier means nothing)
//! 2 | number u64 | PUBLISH                     accepted, and goes out at once
//! 3 | number u64 | Packet Identifier           sent
//! 4 | number u64 | order u64                   released
//! 5 | number u64                               finished
//! 6 | Packet Identifier                        held
//! 7 | Packet Identifier                        not held any more
//! 8                                            none held any more
//! 9 | number u64 | Packet Identifier | order u64   released, when its message is forgotten (in snapshots)
//! 10 | count u64                               so many were accepted until here (in snapshots)
//! 11                                           a Server accepted a connection (since version 2)
//! ```
//!
//! Numbers are big-endian, as in the standard; the message is the PUBLISH that will carry it.

use bytes::Bytes;
use mqtt_codec::{Decoded, Delivery, EncodeError, Packet, PacketId, QoS, TopicNameBuf};

use crate::message::Message;
use crate::store::Change;

/// A record of the log.
#[derive(Debug)]
pub(super) enum Record {
    Change(Change),
    /// A message whose PUBREC came.
    Released {
        number: u64,
        packet_id: PacketId,
        order: u64,
    },
    /// How many messages were accepted until here.
    Accepted(u64),
}

/// Appends a change.
///
/// # Errors
/// No packet can hold the message; the session accepts no such message.
pub(super) fn encode(change: &Change, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    match change {
        Change::Accepted { number, packet_id, message } => {
            out.push(if packet_id.is_some() { 2 } else { 1 });
            out.extend(number.to_be_bytes());
            let packet_id = packet_id.unwrap_or(PacketId::MIN);
            let delivery = match message.qos {
                QoS::AtMostOnce => Delivery::AtMostOnce,
                QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup: false },
                QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup: false },
            };
            Packet::from(message.publish(delivery)).encode_to(out)?;
        }
        Change::Sent { number, packet_id } => {
            out.push(3);
            out.extend(number.to_be_bytes());
            out.extend(packet_id.get().to_be_bytes());
        }
        Change::Released { number, order } => {
            out.push(4);
            out.extend(number.to_be_bytes());
            out.extend(order.to_be_bytes());
        }
        Change::Finished { number } => {
            out.push(5);
            out.extend(number.to_be_bytes());
        }
        Change::Held(packet_id) => {
            out.push(6);
            out.extend(packet_id.get().to_be_bytes());
        }
        Change::Unheld(packet_id) => {
            out.push(7);
            out.extend(packet_id.get().to_be_bytes());
        }
        Change::AllUnheld => out.push(8),
        Change::Established => out.push(11),
    }
    Ok(())
}

/// Appends a message whose PUBREC came.
pub(super) fn encode_released(number: u64, packet_id: PacketId, order: u64, out: &mut Vec<u8>) {
    out.push(9);
    out.extend(number.to_be_bytes());
    out.extend(packet_id.get().to_be_bytes());
    out.extend(order.to_be_bytes());
}

/// Appends how many were accepted.
pub(super) fn encode_accepted(count: u64, out: &mut Vec<u8>) {
    out.push(10);
    out.extend(count.to_be_bytes());
}

/// Takes a record off the front; `None` when there is none.
pub(super) fn decode(bytes: &mut &[u8]) -> Option<Record> {
    let kind = *bytes.split_off_first()?;
    Some(match kind {
        1 | 2 => {
            let number = u64(bytes)?;
            let (message, packet_id) = message(bytes)?;
            let packet_id = (kind == 2).then_some(packet_id);
            Record::Change(Change::Accepted { number, packet_id, message })
        }
        3 => Record::Change(Change::Sent { number: u64(bytes)?, packet_id: packet_id(bytes)? }),
        4 => Record::Change(Change::Released { number: u64(bytes)?, order: u64(bytes)? }),
        5 => Record::Change(Change::Finished { number: u64(bytes)? }),
        6 => Record::Change(Change::Held(packet_id(bytes)?)),
        7 => Record::Change(Change::Unheld(packet_id(bytes)?)),
        8 => Record::Change(Change::AllUnheld),
        9 => Record::Released { number: u64(bytes)?, packet_id: packet_id(bytes)?, order: u64(bytes)? },
        10 => Record::Accepted(u64(bytes)?),
        11 => Record::Change(Change::Established),
        _ => return None,
    })
}

fn u64(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_be_bytes(*number))
}

fn packet_id(bytes: &mut &[u8]) -> Option<PacketId> {
    let (id, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    PacketId::new(u16::from_be_bytes(*id))
}

/// The message is copied: one that lives long does not keep the whole log in memory.
fn message(bytes: &mut &[u8]) -> Option<(Message, PacketId)> {
    let Ok(Decoded::Packet(Packet::Publish(publish), len)) = Packet::decode(bytes) else { return None };
    let packet_id = publish.delivery.packet_id()?;
    let message = Message::to(TopicNameBuf::from(publish.topic), Bytes::copy_from_slice(publish.payload))
        .qos(publish.delivery.qos())
        .retain(publish.retain);
    *bytes = bytes.get(len..)?;
    Some((message, packet_id))
}
