//! Records to MQTT packets: TCP put in order, WebSocket taken off, each packet with its place in the capture.
//!
//! Nothing here reads a clock or a file, and all that is held is bounded: [`Limits`] says by what.

use std::net::SocketAddr;

use mqtt_codec::{Packet, Protocol, Side};

use crate::capture::{Entry, Time};

mod boundary;
mod connection;
mod connections;
mod fragments;
mod framer;
mod order;
mod overdue;
mod recognise;
mod segment;
mod table;
mod websocket;

pub use recognise::Other;
pub use table::Streams;

/// Who sent it: the side that was seen first in the capture, or the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the end that sent the first segment of the capture.
    Forward,
    /// From the other end.
    Backward,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// What is known of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its number in the capture, from 0, as Wireshark's `tcp.stream`.
    pub number: u32,
    /// Who sent the first segment.
    pub source: SocketAddr,
    /// Who received it.
    pub destination: SocketAddr,
    /// The capture has its beginning.
    pub from_start: bool,
    /// Which direction is the Client's, where that is known.
    pub client: Option<Direction>,
    /// MQTT travels in WebSocket frames.
    pub websocket: bool,
    /// When its first segment was captured.
    pub began: Time,
}

impl Info {
    /// The side that sends in this direction.
    #[inline]
    pub fn side(&self, direction: Direction) -> Option<Side> {
        Some(if self.client? == direction { Side::Client } else { Side::Server })
    }

    /// Address and port of the sender in this direction.
    #[inline]
    pub fn sender(&self, direction: Direction) -> SocketAddr {
        match direction {
            Direction::Forward => self.source,
            Direction::Backward => self.destination,
        }
    }
}

/// Where some bytes of a packet stand in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The record.
    pub frame: u64,
    /// When it was captured.
    pub time: Time,
    /// The first byte in it; of WebSocket, the bytes there are still masked.
    pub at: usize,
    /// How many bytes.
    pub len: usize,
}

/// What the checksums of a record prove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// It is a TCP segment as it was sent.
    Intact,
    /// It is one whose TCP checksum, which stands here, was left to the network card.
    Offloaded {
        /// From the start of the record.
        checksum_at: usize,
    },
    /// Nothing.
    #[default]
    Nothing,
}

/// An MQTT packet, as it was captured.
#[derive(Clone, Copy, Debug)]
pub struct Captured<'a> {
    /// Its connection.
    pub info: &'a Info,
    /// Which way it went.
    pub direction: Direction,
    /// The sender has acknowledged bytes that have not been seen (yet), or of which it is not known (yet) what packets are
    /// in them: it may know more than the capture tells.
    pub unseen: bool,
    /// Its bytes, as far as they are there.
    pub bytes: &'a [u8],
    /// How many it has by its own length, or as many as are there when that is unknown.
    pub wire_len: usize,
    /// How many bytes of it were passed over behind those: they follow a gap, or it is longer than is held.
    pub passed: usize,
    /// What it says; `None` when it is cut or malformed.
    pub packet: Option<Packet<'a>>,
    /// Where its bytes stand, in their order; never empty.
    pub places: &'a [Place],
    /// The record that is being read, in which the packet may lie.
    pub entry: Option<&'a Entry<'a>>,
    /// What the checksums of that record prove.
    pub proof: Proof,
}

impl Captured<'_> {
    /// The record in which it is complete.
    #[inline]
    pub fn frame(&self) -> u64 {
        self.last().frame
    }

    /// When that was captured.
    #[inline]
    pub fn time(&self) -> Time {
        self.last().time
    }

    #[inline]
    fn last(&self) -> Place {
        let none = Place { frame: 0, time: Time::default(), at: 0, len: 0 };
        if let [only] = self.places {
            return *only;
        }
        self.places.iter().copied().max_by_key(|place| place.frame).unwrap_or(none)
    }

    /// Who sent it, where that is known.
    #[inline]
    pub fn from(&self) -> Option<Side> {
        self.info.side(self.direction)
    }

    /// Whether bytes of it are missing.
    #[inline]
    pub fn is_cut(&self) -> bool {
        self.bytes.len() < self.wire_len
    }
}

/// What happens to a connection beside packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It carries something else than MQTT 3.1.1.
    Other(Other),
    /// A CONNECT asks for another version of MQTT.
    OtherVersion(Protocol),
    /// The sender's bytes, so many, are not in the capture; 0 for an unknown number.
    Lost(u64),
    /// The capture cut off so many bytes of the segment.
    Cut(u64),
    /// So many bytes hold no packet for sure, up to where packet follows packet again.
    PassedOver {
        /// How many.
        bytes: u64,
        /// In the records from this one on.
        from: u64,
    },
    /// A copy of the segment is damaged; it is used only when no good one comes.
    BadChecksum,
    /// The sender has closed its side.
    Finished,
    /// The sender has aborted the connection.
    Reset,
    /// Nothing more will come: the connection or the capture is over, or it was forgotten for lack of memory.
    Closed {
        /// The connection was forgotten.
        forgotten: bool,
        /// The capture is over: its last record, of whatever connection, and when that was captured.
        capture_end: Option<(u64, Time)>,
    },
}

/// Where and when an event happened.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The connection.
    pub info: &'a Info,
    /// Whose doing it is.
    pub direction: Direction,
    /// The record.
    pub frame: u64,
    /// When it was captured.
    pub time: Time,
    /// At the end: a side closed, as the other acknowledged, and the capture has not when. Of a FIN or RST: bytes before
    /// it have not been seen.
    pub unseen: bool,
}

/// Hears of packets and events in their order.
pub trait Sink {
    /// A packet.
    fn packet(&mut self, packet: &Captured<'_>);

    /// Something else.
    fn event(&mut self, moment: &Moment<'_>, event: Event) {
        let _ = (moment, event);
    }
}

/// What bounds the memory that streams take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections that are remembered; the ones that are silent longest are forgotten.
    pub connections: usize,
    /// Bytes of all connections that are held.
    pub held: usize,
    /// The longest packet that is held as a whole.
    pub packet: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 20_000, held: 16 << 20, packet: 4 << 20 }
    }
}

/// What is passed down while a record is read.
struct Context<'a, S> {
    entry: &'a Entry<'a>,
    limits: &'a Limits,
    /// Bytes that are held by all connections.
    held: &'a mut usize,
    proof: Proof,
    sink: &'a mut S,
}

impl<S> Context<'_, S> {
    /// Memory is running short.
    fn is_crowded(&self) -> bool {
        *self.held > self.limits.held
    }
}
