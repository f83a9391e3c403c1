//! What lies below MQTT in one record: link, IP and TCP headers, and what their lengths and checksums prove.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use clap::ValueEnum;

use crate::finding::Finding;

mod bytes;
pub(crate) mod checksum;
mod detect;
mod dissect;
mod ip;
mod layer;
mod length;
mod likeness;
pub(crate) mod link;
mod mend;
mod rows;
mod survey;
mod tcp;

pub use checksum::ChecksumVerdict;
pub(crate) use dissect::offloaded;
pub use dissect::{dissect, dissect_with_ports};
pub use layer::{Layer, LayerField};
pub use length::{LengthCause, LengthMismatch};
pub(crate) use likeness::first_of_whole_packets;
pub use mqtt_codec::Side;
pub use rows::rows_evidence;
pub(crate) use survey::{SegmentSurvey, Survey, survey};

/// TCP ports that MQTT servers listen on; 8883 is not one of them, as what it carries is encrypted.
pub const MQTT_PORTS: &[u16] = &[1883];

/// `--link`: what the bytes of a record begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum Link {
    /// Decide from the bytes.
    #[default]
    Auto,
    /// MQTT itself, with nothing below.
    Mqtt,
    /// Ethernet II, with up to two VLAN tags.
    Ethernet,
    /// Linux cooked capture, version 1.
    LinuxSll,
    /// Linux cooked capture, version 2.
    LinuxSll2,
    /// An IPv4 or IPv6 header.
    RawIp,
    /// The four bytes of BSD's loopback.
    Null,
}

/// One record taken apart down to the bytes that are MQTT's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What the record was read as; never [`Link::Auto`].
    pub link: Link,
    /// The headers, outermost first; none when the record is plain MQTT.
    pub layers: Vec<Layer>,
    /// The bytes that are MQTT's: the whole of a plain record, or the data of the TCP segment.
    pub payload: Range<usize>,
    /// The TCP connection that the segment belongs to.
    pub transport: Option<Transport>,
    /// What the TCP checksum says; `None` when there is no TCP header.
    pub checksum: Option<ChecksumVerdict>,
    /// How the IP length and the bytes disagree, if they do.
    pub length: Option<LengthMismatch>,
    /// What is wrong or worth knowing.
    pub findings: Vec<Finding>,
    /// The ports that MQTT is expected on.
    pub mqtt_ports: Vec<u16>,
}

impl Frame {
    /// Who sent the frame, if exactly one of its ports is one of MQTT's.
    pub fn sender(&self) -> Option<Side> {
        let transport = self.transport.as_ref()?;
        let from_server = self.mqtt_ports.contains(&transport.source_port);
        let to_server = self.mqtt_ports.contains(&transport.destination_port);
        match (from_server, to_server) {
            (true, false) => Some(Side::Server),
            (false, true) => Some(Side::Client),
            (true, true) | (false, false) => None,
        }
    }
}

/// Addresses, ports and numbers of a TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transport {
    /// Address of the sender.
    pub source: IpAddr,
    /// Port of the sender.
    pub source_port: u16,
    /// Address of the receiver.
    pub destination: IpAddr,
    /// Port of the receiver.
    pub destination_port: u16,
    /// Sequence number, absolute.
    pub seq: u32,
    /// Acknowledgment number, absolute.
    pub ack: u32,
    /// Flags.
    pub flags: TcpFlags,
}

/// The flags of a TCP header, its low twelve bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x001);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Reset the connection.
    pub const RST: Self = Self(0x004);
    /// Push.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgment number counts.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x020);

    /// Whether all the flags of `other` are set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Display for TcpFlags {
    /// As Wireshark shows them: `0x018 (PSH, ACK)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 9] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"];
        let set: Vec<&str> = NAMES
            .iter()
            .enumerate()
            .filter(|(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, name)| *name)
            .collect();
        match set.as_slice() {
            [] => write!(f, "{:#05x} (<None>)", self.0),
            _ => write!(f, "{:#05x} ({})", self.0, set.join(", ")),
        }
    }
}
