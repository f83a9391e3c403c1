//! The segments of one TCP connection, in Ethernet frames with right numbers and checksums.

use std::net::{IpAddr, SocketAddr};

use etherparse::{PacketBuilder, TcpHeader};
use mqtt_codec::Side;

use super::Endpoints;

/// Ethernet addresses that are locally administered.
const CLIENT_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const SERVER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

const WINDOW: u16 = 64_240;
const HOPS: u8 = 64;

/// The segments that open a connection.
pub(crate) const HANDSHAKE: [(Side, Flags); 3] = [
    (Side::Client, Flags { syn: true, ..Flags::NONE }),
    (Side::Server, Flags { syn: true, ..Flags::ACK }),
    (Side::Client, Flags::ACK),
];

/// A connection: its ends and how far each side has come.
#[derive(Clone, Debug)]
pub(crate) struct Tcp {
    endpoints: Endpoints,
    /// The next sequence numbers.
    client_seq: u32,
    server_seq: u32,
}

/// What a segment says beside its data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags {
    syn: bool,
    ack: bool,
    psh: bool,
    fin: bool,
    rst: bool,
}

impl Flags {
    const NONE: Self = Self { syn: false, ack: false, psh: false, fin: false, rst: false };
    pub(crate) const ACK: Self = Self { ack: true, ..Self::NONE };
    pub(crate) const DATA: Self = Self { psh: true, ..Self::ACK };
    pub(crate) const FIN: Self = Self { fin: true, ..Self::ACK };
    pub(crate) const RST: Self = Self { rst: true, ..Self::ACK };
}

impl Tcp {
    /// A connection whose sides begin at these sequence numbers. When only one end has an IPv4 address, it is written as
    /// IPv6 has it (RFC 4291, 2.5.5.2).
    pub(crate) fn new(endpoints: Endpoints, client_seq: u32, server_seq: u32) -> Self {
        Self { endpoints, client_seq, server_seq }
    }

    /// The next segment of a side: an Ethernet frame.
    pub(crate) fn segment(&mut self, from: Side, flags: Flags, data: &[u8]) -> Vec<u8> {
        let Endpoints { client, server } = self.endpoints;
        let (source, destination, macs, seq, ack): (SocketAddr, SocketAddr, _, _, _) = match from {
            Side::Client => (client, server, [CLIENT_MAC, SERVER_MAC], self.client_seq, self.server_seq),
            Side::Server => (server, client, [SERVER_MAC, CLIENT_MAC], self.server_seq, self.client_seq),
        };
        let mut header = TcpHeader::new(source.port(), destination.port(), seq, WINDOW);
        (header.syn, header.fin, header.psh) = (flags.syn, flags.fin, flags.psh);
        (header.ack, header.rst) = (flags.ack, flags.rst);
        if flags.ack {
            header.acknowledgment_number = ack;
        }
        let [source_mac, destination_mac] = macs;
        let ethernet = PacketBuilder::ethernet2(source_mac, destination_mac);
        let ip = match (source.ip(), destination.ip()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                ethernet.ipv4(source.octets(), destination.octets(), HOPS)
            }
            (source, destination) => {
                let octets = |address: IpAddr| match address {
                    IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
                    IpAddr::V6(v6) => v6.octets(),
                };
                ethernet.ipv6(octets(source), octets(destination), HOPS)
            }
        };
        let builder = ip.tcp_header(header);
        let mut frame = Vec::with_capacity(builder.size(data.len()));
        // A segment is never too long for its length fields.
        let written = builder.write_to_vec(&mut frame, data);
        debug_assert!(written.is_ok(), "{written:?}");
        let counted = usize::from(flags.syn) + usize::from(flags.fin) + data.len();
        self.skip(from, counted as u64);
        frame
    }

    /// A side has sent bytes that are in no segment here.
    pub(crate) fn skip(&mut self, from: Side, bytes: u64) {
        let seq = match from {
            Side::Client => &mut self.client_seq,
            Side::Server => &mut self.server_seq,
        };
        // Sequence numbers wrap.
        *seq = seq.wrapping_add(u32::try_from(bytes & u64::from(u32::MAX)).unwrap_or(0));
    }
}

/// The other side.
pub(crate) fn other(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}
