//! Takes a record apart, header by header, and goes on as far as it can.

use etherparse::IpNumber;

use super::bytes::{count_bytes, place, u16_at};
use super::checksum::{ChecksumVerdict, Segment, TCP_CHECKSUM_AT};
use super::detect::{self, Guess, Recognised};
use super::ip::{self, Ip, protocol_name};
use super::layer::Layer;
use super::length::{self, Extent, LengthCause, Lengths};
use super::tcp::{self, TCP_LEN, Tcp};
use super::{Frame, Link, MQTT_PORTS, link};
use crate::finding::{Finding, Severity};

/// Takes a record apart; MQTT is expected on [`MQTT_PORTS`].
pub fn dissect(bytes: &[u8], link: Link) -> Frame {
    dissect_with_ports(bytes, link, MQTT_PORTS)
}

/// Takes a record apart; MQTT is expected on these ports.
pub fn dissect_with_ports(bytes: &[u8], link: Link, mqtt_ports: &[u16]) -> Frame {
    let Recognised { link, mend } = detect::recognise(bytes, link, mqtt_ports);
    let mended = mend.as_ref().and_then(|mend| mend.apply(bytes));
    let mut dissection = Dissection::new(mended.as_deref().unwrap_or(bytes), link, mqtt_ports);
    if link == Link::Mqtt {
        dissection.frame.payload = 0..bytes.len();
        return dissection.frame;
    }
    dissection.link();
    let Dissection { mut frame, ip, .. } = dissection;
    if let (Some(mend), Some(ip)) = (mend, ip) {
        if mend.missing && frame.checksum.is_some() {
            frame.checksum = Some(ChecksumVerdict::NotComputable("bytes are missing"));
            // A checksum over a byte that we put in says nothing.
            frame.findings.retain(|finding| {
                !matches!(finding.kind, "tcp_checksum" | "ipv4_checksum" | "tcp_checksum_offloaded")
            });
        }
        mend.unmend(&mut frame);
        let (mismatch, finding) = length::of_mend(&mend, bytes, &ip);
        frame.length = Some(mismatch);
        frame.findings.insert(0, finding);
    }
    frame
}

/// A frame under construction.
struct Dissection<'a> {
    bytes: &'a [u8],
    ports: &'a [u16],
    frame: Frame,
    ip: Option<Ip>,
}

impl<'a> Dissection<'a> {
    fn new(bytes: &'a [u8], link: Link, ports: &'a [u16]) -> Self {
        let frame = Frame {
            link,
            layers: Vec::new(),
            payload: bytes.len()..bytes.len(),
            transport: None,
            checksum: None,
            length: None,
            findings: Vec::new(),
            mqtt_ports: ports.to_vec(),
        };
        Self { bytes, ports, frame, ip: None }
    }

    fn find(&mut self, severity: Severity, kind: &'static str, at: usize, len: usize, message: String) {
        let finding = Finding::new(severity, kind, at, len, message);
        self.frame.findings.push(finding);
    }

    /// The record ends inside a header.
    fn cut(&mut self, name: &str, start: usize, needed: usize) {
        let start = start.min(self.bytes.len());
        let present = self.bytes.len() - start;
        let message = format!(
            "the record ends inside the {name} header at {}: {present} of at least {} are there",
            place(start),
            count_bytes(needed)
        );
        self.find(Severity::Error, "frame_cut", start, present, message);
    }

    /// The bytes after the last header that is understood.
    fn rest_as(&mut self, protocol: &'static str, summary: String, start: usize, end: usize) {
        let start = start.min(self.bytes.len());
        let end = end.clamp(start, self.bytes.len());
        self.frame.layers.push(Layer::new(protocol, summary, start..end));
    }

    fn link(&mut self) {
        let link = self.frame.link;
        let Some(guess) = detect::guess(self.bytes, link, self.ports) else {
            let (needed, name) = link::least(link);
            self.cut(name, 0, needed);
            return;
        };
        let header = guess.header;
        self.frame.layers = link::describe(self.bytes, link, &header);
        if header.is_arp() && guess.bits >= detect::ENOUGH {
            self.arp(header.next_at);
        } else if header.next_at >= self.bytes.len() {
            self.cut("IP", header.next_at, guess.version.header_len());
        } else if header.announces().is_none() && guess.bits - header.bits < 8 {
            self.not_ip(&guess);
        } else {
            self.ether_type(&guess);
            self.network(&guess);
        }
    }

    fn arp(&mut self, at: usize) {
        let operation = match u16_at(self.bytes, at + 6) {
            Some(1) => " (request)",
            Some(2) => " (reply)",
            _ => "",
        };
        let summary = format!("Address Resolution Protocol{operation}");
        self.rest_as("arp", summary, at, at + 28);
        let len = self.bytes.len().saturating_sub(at);
        self.find(Severity::Note, "not_tcp", at, len, "ARP, not TCP: no MQTT in it".to_owned());
    }

    fn not_ip(&mut self, guess: &Guess) {
        let at = guess.header.next_at;
        let len = self.bytes.len() - at;
        self.rest_as("data", format!("Data ({})", count_bytes(len)), at, at + len);
        match guess.header.ether_type {
            Some((value, at)) => {
                let message =
                    format!("the type {value:#06x} at {} is not IP, and no IP header follows", place(at));
                self.find(Severity::Error, "not_ip", at, 2, message);
            }
            None => {
                let message = format!("no IP header at {}", place(at));
                self.find(Severity::Error, "not_ip", at, len.min(1), message);
            }
        }
    }

    /// The link's type against the header that follows.
    fn ether_type(&mut self, guess: &Guess) {
        if let Some((value, at)) = guess.header.ether_type
            && guess.header.announces() != Some(guess.version)
        {
            let message = format!(
                "the type at {} says {value:#06x}, but an {} header follows",
                place(at),
                guess.version.name(),
            );
            let finding = Finding::new(Severity::Error, "ether_type", at, 2, message)
                .in_field("Type")
                .hint(format!("{:#06x}", guess.version.ether_type()));
            self.frame.findings.push(finding);
        }
    }

    fn network(&mut self, guess: &Guess) {
        let at = guess.header.next_at;
        let Some(ip) = ip::read(self.bytes, at, guess.version) else {
            self.cut(guess.version.name(), at, guess.version.header_len());
            return;
        };
        let ip = detect::believed_protocol(self.bytes, ip, self.ports);
        self.frame.layers.push(ip.describe(self.bytes));
        self.frame.findings.extend(ip.findings(self.bytes));
        self.ip = Some(ip.clone());
        if ip.protocol == IpNumber::TCP && !ip.fragment && ip.cut_extension.is_none() {
            self.wrong_protocol(&ip);
            self.transport(&ip);
        } else {
            self.no_transport(&ip);
        }
    }

    /// TCP was recognised against the word of the IP header.
    fn wrong_protocol(&mut self, ip: &Ip) {
        if ip.first_protocol == IpNumber::TCP || ip.transport_at != ip.header_end {
            return;
        }
        let message = format!(
            "the protocol at {} says {}, but a TCP header follows, and its checksum agrees",
            place(ip.first_protocol_at),
            protocol_name(ip.first_protocol),
        );
        let finding = Finding::new(Severity::Error, "ip_protocol", ip.first_protocol_at, 1, message)
            .in_field("Protocol")
            .hint("6 (TCP)");
        self.frame.findings.push(finding);
    }

    /// Names what is not a TCP segment.
    fn no_transport(&mut self, ip: &Ip) {
        let extent = self.lengths(ip, None);
        let at = ip.transport_at.min(self.bytes.len());
        if let Some(extension) = ip.cut_extension {
            self.cut(&protocol_name(extension.protocol), extension.start, 8);
            return;
        }
        let len = extent.end.saturating_sub(at);
        self.header_checksum(ip, &extent);
        self.frame.findings.extend(extent.findings);
        self.frame.length = extent.mismatch;
        if ip.fragment {
            self.rest_as("data", format!("Data ({})", count_bytes(len)), at, extent.end);
            let message =
                format!("a fragment of a larger {} packet: what it holds is not decoded", ip.version.name());
            self.find(Severity::Warning, "ip_fragment", ip.start, at - ip.start, message);
            return;
        }
        let (protocol, summary) = self.name_protocol(ip, at, len);
        self.rest_as(protocol, summary, at, extent.end);
        let message = format!("{}, not TCP: no MQTT in it", protocol_name(ip.protocol));
        self.find(Severity::Note, "not_tcp", at, len, message);
    }

    fn name_protocol(&self, ip: &Ip, at: usize, len: usize) -> (&'static str, String) {
        match ip.protocol {
            IpNumber::UDP => {
                let port = |at| u16_at(self.bytes, at).unwrap_or(0);
                let (source, destination) = (port(at), port(at + 2));
                let summary = format!("User Datagram Protocol, Src Port: {source}, Dst Port: {destination}");
                ("udp", summary)
            }
            IpNumber::ICMP => ("icmp", "Internet Control Message Protocol".to_owned()),
            IpNumber::IPV6_ICMP => ("icmpv6", "Internet Control Message Protocol v6".to_owned()),
            _ => ("data", format!("Data ({})", count_bytes(len))),
        }
    }

    fn lengths(&self, ip: &Ip, tcp: Option<&Tcp>) -> Extent {
        Lengths { bytes: self.bytes, link: self.frame.link, ip, tcp, ports: self.ports }.judge()
    }

    fn transport(&mut self, ip: &Ip) {
        let Some(tcp) = tcp::read(self.bytes, ip.transport_at) else {
            self.frame.findings.extend(ip.checksum_finding());
            self.cut("TCP", ip.transport_at, TCP_LEN);
            return;
        };
        let extent = self.lengths(ip, Some(&tcp));
        self.header_checksum(ip, &extent);
        let end = extent.end.clamp(tcp.data_at.min(self.bytes.len()), self.bytes.len());
        self.frame.payload = tcp.data_at.min(end)..end;
        self.frame.layers.push(tcp.describe(self.bytes, self.frame.payload.len()));
        self.frame.transport = Some(tcp.transport(ip));
        self.frame.findings.extend(tcp.findings());
        self.frame.findings.extend(extent.findings);
        self.frame.length = extent.mismatch;
        self.tcp_checksum(ip, &tcp, end);
    }

    /// An IPv4 header whose length is damaged needs no second finding for its checksum.
    fn header_checksum(&mut self, ip: &Ip, extent: &Extent) {
        let explained = extent.mismatch.as_ref().is_some_and(|mismatch| mismatch.cause == LengthCause::Field)
            && ip.header_verifies_with(self.bytes, extent.end.saturating_sub(ip.start));
        if !explained {
            self.frame.findings.extend(ip.checksum_finding());
        }
    }

    fn tcp_checksum(&mut self, ip: &Ip, tcp: &Tcp, end: usize) {
        let segment = Segment::new(self.bytes, tcp.start, ip.source, ip.destination);
        let cause = self.frame.length.as_ref().map(|length| length.cause);
        let verdict = if cause == Some(LengthCause::Missing) {
            ChecksumVerdict::NotComputable("bytes are missing")
        } else if ip.routed {
            ChecksumVerdict::NotComputable("a routing header names another destination")
        } else if ip.says_end.is_none() && segment.offloaded(0) {
            // With segmentation offload the sum is left without the length.
            ChecksumVerdict::Offloaded
        } else {
            segment.verdict(end - tcp.start)
        };
        let at = tcp.start + TCP_CHECKSUM_AT;
        match verdict {
            ChecksumVerdict::Offloaded => self.frame.findings.push(offloaded(at)),
            ChecksumVerdict::Bad { stored, computed } => {
                let message = format!(
                    "the TCP checksum does not verify: {stored:#06x} stored, {computed:#06x} computed: a byte of addresses, TCP header or payload is damaged"
                );
                self.find(Severity::Error, "tcp_checksum", at, 2, message);
            }
            ChecksumVerdict::Good | ChecksumVerdict::NotComputable(_) => {}
        }
        self.frame.checksum = Some(verdict);
    }
}

/// The note on a TCP checksum, at this place, that was left to the network card.
pub(crate) fn offloaded(checksum_at: usize) -> Finding {
    let message = "the TCP checksum holds only the pseudo-header sum: checksum offloaded to the network card, not an error";
    Finding::new(Severity::Note, "tcp_checksum_offloaded", checksum_at, 2, message)
}
