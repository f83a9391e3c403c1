//! A TCP connection around packets: handshake, segments with right checksums, acknowledgements, close.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mqtt_codec::Side;

use super::tcp::{Flags, HANDSHAKE, Tcp, other};

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

/// What fits into a segment on Ethernet over either version of IP.
const SEGMENT: usize = 1440;
/// Times are made up: so far apart.
const STEP: Duration = Duration::from_millis(1);

/// A connection in the making: Ethernet frames, each with its time.
#[derive(Clone, Debug)]
pub struct Stream {
    tcp: Tcp,
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
        let mut stream = Self { tcp: Tcp::new(endpoints, 1000, 2000), time, frames: Vec::new() };
        for (from, flags) in HANDSHAKE {
            stream.push(from, flags, &[]);
        }
        Ok(stream)
    }

    /// Sends bytes of one side; the other acknowledges them.
    pub fn send(&mut self, from: Side, bytes: &[u8]) {
        for segment in bytes.chunks(SEGMENT) {
            self.push(from, Flags::DATA, segment);
            self.push(other(from), Flags::ACK, &[]);
        }
    }

    /// Closes the connection, the client first, and gives its frames.
    pub fn close(mut self) -> Vec<(Duration, Vec<u8>)> {
        self.push(Side::Client, Flags::FIN, &[]);
        self.push(Side::Server, Flags::FIN, &[]);
        self.push(Side::Client, Flags::ACK, &[]);
        self.frames
    }

    fn push(&mut self, from: Side, flags: Flags, data: &[u8]) {
        self.frames.push((self.time, self.tcp.segment(from, flags, data)));
        self.time += STEP;
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
