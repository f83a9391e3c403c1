//! The other frames of the paste as evidence: addresses and ports, sequence and acknowledgment numbers, answers.

use std::net::IpAddr;

use mqtt_codec::PacketType;

use crate::net::{TcpFlags, Transport};

use super::evidence::{Check, Scale};
use super::mqtt::Kind;
use super::paste::{Endpoint, Flow, Paste, endpoints};

/// An endpoint that another frame has too.
const KNOWN: i32 = 10;
/// One that differs from another frame's in a digit or two.
const NEARLY_KNOWN: i32 = -10;
/// A sequence number that follows from another frame: 32 bits, some of which chance gives.
const SEQUENCE: i32 = 16;
const ACKNOWLEDGMENT: i32 = 10;
/// A number that no window holds.
const OUT_OF_WINDOW: i32 = -16;
/// How far numbers of frames of one paste may be apart.
const WINDOW: u32 = 1 << 20;
/// A CONNACK behind it.
const ANSWERED: i32 = 12;
/// A request and its answer.
const ANSWER: i32 = 8;

/// What another frame says of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Neighbour {
    pub(super) transport: Transport,
    /// How many bytes of data.
    pub(super) len: usize,
    pub(super) kinds: Vec<Kind>,
    /// Its first bytes, when it is another frame.
    pub(super) head: Vec<u8>,
}

/// How many first bytes of a frame others are compared to.
pub(super) const HEAD: usize = 80;

impl Neighbour {
    /// The sequence number behind this segment.
    pub(super) fn end(&self) -> u32 {
        let flags = [TcpFlags::SYN, TcpFlags::FIN];
        let counted = flags.into_iter().filter(|flag| self.transport.flags.contains(*flag)).count();
        let len = u32::try_from(self.len.saturating_add(counted)).unwrap_or(0);
        self.transport.seq.wrapping_add(len)
    }
}

/// Weighs a segment against those of the other frames.
pub(super) fn weigh(own: &Neighbour, paste: &Paste, scale: &mut impl Scale) {
    let [source, destination] = endpoints(&own.transport);
    for endpoint in [source, destination] {
        weigh_endpoint(endpoint, paste, scale);
    }
    let (same, opposite) = (paste.flow([source, destination]), paste.flow([destination, source]));
    if same.is_none() && opposite.is_none() {
        return;
    }
    let none = Flow::default();
    let (same, opposite) = (same.unwrap_or(&none), opposite.unwrap_or(&none));
    weigh_sequence(own, same, opposite, scale);
    weigh_acknowledgment(own, same, opposite, scale);
    if opposite.of_connack.holds(own.end()) {
        let is_connect = own.kinds.last().is_some_and(|kind| kind.packet_type == PacketType::Connect);
        scale.put(Check::Connection, is_connect, if is_connect { ANSWERED } else { -ANSWERED }, || {
            "a CONNACK acknowledges this segment, so it ends with CONNECT".to_owned()
        });
    }
    let is_answered =
        |kind: &Kind| opposite.kinds.iter().any(|theirs| kind.answers(*theirs) || theirs.answers(*kind));
    if own.kinds.iter().any(is_answered) {
        scale.put(Check::Answer, true, ANSWER, || {
            "another frame holds the request to its answer, or the answer to its request".to_owned()
        });
    }
}

fn weigh_endpoint(endpoint: Endpoint, paste: &Paste, scale: &mut impl Scale) {
    let (address, port) = endpoint;
    if paste.knows(&endpoint) {
        scale.put(Check::Connection, true, KNOWN, || {
            format!("address and port {address} {port} are those of another frame")
        });
    } else if let Some((other, other_port)) =
        paste.endpoints().iter().find(|other| is_near(endpoint, **other))
    {
        // No proof: two servers may have neighbouring addresses.
        scale.put(Check::Address, false, NEARLY_KNOWN, || {
            format!("address and port {address} {port} differ in a digit or two from another frame's {other} {other_port}")
        });
    }
}

/// Whether two endpoints differ in one or two hex digits.
fn is_near(one: Endpoint, other: Endpoint) -> bool {
    let ports = digits_apart(&one.1.to_be_bytes(), &other.1.to_be_bytes());
    let addresses = match (one.0, other.0) {
        (IpAddr::V4(one), IpAddr::V4(other)) => digits_apart(&one.octets(), &other.octets()),
        (IpAddr::V6(one), IpAddr::V6(other)) => digits_apart(&one.octets(), &other.octets()),
        _ => return false,
    };
    // Clients of one network have addresses that differ in the last digits only, and other ports.
    (1..=2).contains(&(addresses + ports)) && (addresses == 0 || ports == 0)
}

fn digits_apart(one: &[u8], other: &[u8]) -> usize {
    let digits = |a: &u8, b: &u8| usize::from((a ^ b) & 0xF0 != 0) + usize::from((a ^ b) & 0x0F != 0);
    one.iter().zip(other).map(|(a, b)| digits(a, b)).sum()
}

/// What a number was found to be.
enum Place {
    Exact,
    InWindow,
    Outside,
}

fn place(distances: [Option<u32>; 4]) -> Place {
    match distances.into_iter().flatten().min() {
        Some(0) => Place::Exact,
        Some(distance) if distance > WINDOW => Place::Outside,
        _ => Place::InWindow,
    }
}

fn weigh_sequence(own: &Neighbour, same: &Flow, opposite: &Flow, scale: &mut impl Scale) {
    let (start, end) = (own.transport.seq, own.end());
    let distances = [
        same.ends.distance(start),
        same.starts.distance(end),
        opposite.valid_acks.distance(start),
        opposite.valid_acks.distance(end),
    ];
    put("sequence", start, SEQUENCE, distances, scale);
}

fn weigh_acknowledgment(own: &Neighbour, same: &Flow, opposite: &Flow, scale: &mut impl Scale) {
    if !own.transport.flags.contains(TcpFlags::ACK) {
        return;
    }
    let ack = own.transport.ack;
    let distances =
        [opposite.ends.distance(ack), opposite.starts.distance(ack), same.acks.distance(ack), None];
    put("acknowledgment", ack, ACKNOWLEDGMENT, distances, scale);
}

fn put(name: &str, number: u32, bits: i32, distances: [Option<u32>; 4], scale: &mut impl Scale) {
    match place(distances) {
        Place::Exact => scale.put(Check::Connection, true, bits, || {
            format!("{name} number {number} is where the connection's other frames continue")
        }),
        Place::Outside => scale.put(Check::Connection, false, OUT_OF_WINDOW, || {
            format!("{name} number {number} is far from those of the connection's other frames")
        }),
        Place::InWindow => {}
    }
}
