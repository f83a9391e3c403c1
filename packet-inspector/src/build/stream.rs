//! A TCP connection around packets: handshake, segments with right checksums, acknowledgements, close.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use etherparse::{PacketBuilder, TcpHeader};
use mqtt_codec::Side;

/// The ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The client's address and port.
    pub client: SocketAddr,
    /// The server's address and port.
    pub server: SocketAddr,
}

impl Default for Endpoints {
    /// Addresses for documentation (RFC 5737), MQTT's port.
    fn default() -> Self {
        Self {
            client: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 50_000),
            server: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 1883),
        }
    }
}

/// Ethernet addresses that are locally administered.
const CLIENT_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const SERVER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// What fits into a segment on Ethernet over either version of IP.
const SEGMENT: usize = 1440;
const WINDOW: u16 = 64_240;
const HOPS: u8 = 64;
/// Times are made up: so far apart.
const STEP: Duration = Duration::from_millis(1);

/// A connection in the making: Ethernet frames, each with its time.
#[derive(Clone, Debug)]
pub struct Stream {
    endpoints: Endpoints,
    /// The next sequence numbers.
    client_seq: u32,
    server_seq: u32,
    time: Duration,
    frames: Vec<(Duration, Vec<u8>)>,
}

impl Stream {
    /// A connection whose first frame has this time since 1970, with its handshake.
    ///
    /// # Errors
    /// One address is IPv4, the other IPv6.
    pub fn open(endpoints: Endpoints, time: Duration) -> Result<Self, MixedFamilies> {
        if endpoints.client.is_ipv4() != endpoints.server.is_ipv4() {
            return Err(MixedFamilies);
        }
        let mut stream = Self { endpoints, client_seq: 1000, server_seq: 2000, time, frames: Vec::new() };
        stream.push(Side::Client, Flags { syn: true, ..Flags::default() }, &[]);
        stream.push(Side::Server, Flags { syn: true, ack: true, ..Flags::default() }, &[]);
        stream.push(Side::Client, Flags { ack: true, ..Flags::default() }, &[]);
        Ok(stream)
    }

    /// Sends bytes of one side; the other acknowledges them.
    pub fn send(&mut self, from: Side, bytes: &[u8]) {
        for segment in bytes.chunks(SEGMENT) {
            self.push(from, Flags { ack: true, psh: true, ..Flags::default() }, segment);
            self.push(other(from), Flags { ack: true, ..Flags::default() }, &[]);
        }
    }

    /// Closes the connection, the client first, and gives its frames.
    pub fn close(mut self) -> Vec<(Duration, Vec<u8>)> {
        let last = Flags { ack: true, fin: true, ..Flags::default() };
        self.push(Side::Client, last, &[]);
        self.push(Side::Server, last, &[]);
        self.push(Side::Client, Flags { ack: true, ..Flags::default() }, &[]);
        self.frames
    }

    fn push(&mut self, from: Side, flags: Flags, data: &[u8]) {
        let Endpoints { client, server } = self.endpoints;
        let (source, destination, macs, seq, ack) = match from {
            Side::Client => (client, server, [CLIENT_MAC, SERVER_MAC], self.client_seq, self.server_seq),
            Side::Server => (server, client, [SERVER_MAC, CLIENT_MAC], self.server_seq, self.client_seq),
        };
        let mut header = TcpHeader::new(source.port(), destination.port(), seq, WINDOW);
        (header.syn, header.fin, header.psh, header.ack) = (flags.syn, flags.fin, flags.psh, flags.ack);
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
        let mut frame = Vec::new();
        // A segment is never too long for its length fields.
        let written = ip.tcp_header(header).write_to_vec(&mut frame, data);
        debug_assert!(written.is_ok(), "{written:?}");
        self.frames.push((self.time, frame));
        self.time += STEP;
        let counted = usize::from(flags.syn) + usize::from(flags.fin) + data.len();
        let seq = match from {
            Side::Client => &mut self.client_seq,
            Side::Server => &mut self.server_seq,
        };
        *seq = seq.wrapping_add(u32::try_from(counted).unwrap_or(0));
    }
}

/// One address is IPv4, the other IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixedFamilies;

impl std::fmt::Display for MixedFamilies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("client and server need addresses of the same version of IP")
    }
}

impl std::error::Error for MixedFamilies {}

#[derive(Clone, Copy, Default)]
struct Flags {
    syn: bool,
    ack: bool,
    psh: bool,
    fin: bool,
}

fn other(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}
