//! An IP header as a tree shows it.

use etherparse::IpNumber;

use super::{IPV4_LEN, IPV6_LEN, Ip, Version, is_extension};
use crate::net::bytes::array_at;
use crate::net::layer::Layer;

impl Ip {
    /// The header as Wireshark words it.
    pub(in crate::net) fn describe(&self, bytes: &[u8]) -> Layer {
        let summary = format!(
            "Internet Protocol Version {}, Src: {}, Dst: {}",
            self.version.number(),
            self.source,
            self.destination
        );
        let layer = match self.version {
            Version::V4 => Layer::new("ip", summary, self.start..self.transport_at),
            Version::V6 => Layer::new("ipv6", summary, self.start..self.transport_at),
        };
        let fields = match self.version {
            Version::V4 => self.describe_v4(bytes, layer.clone()),
            Version::V6 => self.describe_v6(bytes, layer.clone()),
        };
        fields.unwrap_or(layer)
    }

    fn describe_v4(&self, bytes: &[u8], layer: Layer) -> Option<Layer> {
        let header: [u8; IPV4_LEN] = array_at(bytes, self.start)?;
        let [first, service, _, _, id0, id1, f0, f1, ttl, protocol, c0, c1, ..] = header;
        let id = u16::from_be_bytes([id0, id1]);
        let checksum = u16::from_be_bytes([c0, c1]);
        let fragment = u16::from_be_bytes([f0, f1]);
        let flags = match fragment >> 13 {
            0 => "0x0".to_owned(),
            1 => "0x1, More fragments".to_owned(),
            2 => "0x2, Don't fragment".to_owned(),
            more => format!("{more:#x}"),
        };
        let len = self.header_end - self.start;
        let mut layer = layer
            .field("Version", "ip.version", 0, 1, first >> 4)
            .field("Header Length", "ip.hdr_len", 0, 1, header_length(len))
            .field("Differentiated Services Field", "ip.dsfield", 1, 1, format!("{service:#04x}"))
            .field("Total Length", "ip.len", 2, 2, self.length_value)
            .field("Identification", "ip.id", 4, 2, format!("{id:#06x} ({id})"))
            .field("Flags", "ip.flags", 6, 1, flags)
            .field("Fragment Offset", "ip.frag_offset", 6, 2, u32::from(fragment & 0x1fff) * 8)
            .field("Time to Live", "ip.ttl", 8, 1, ttl)
            .field("Protocol", "ip.proto", 9, 1, protocol_name(IpNumber(protocol)))
            .field("Header Checksum", "ip.checksum", 10, 2, format!("{checksum:#06x}"))
            .field("Source Address", "ip.src", 12, 4, self.source)
            .field("Destination Address", "ip.dst", 16, 4, self.destination);
        if len > IPV4_LEN {
            let options = len - IPV4_LEN;
            layer = layer.field("Options", "ip.options", IPV4_LEN, options, format!("{options} bytes"));
        }
        Some(layer)
    }

    fn describe_v6(&self, bytes: &[u8], layer: Layer) -> Option<Layer> {
        let header: [u8; IPV6_LEN] = array_at(bytes, self.start)?;
        let [b0, b1, b2, b3, _, _, next_header, hop_limit, ..] = header;
        let first = u32::from_be_bytes([b0, b1, b2, b3]);
        let class = (first >> 20) & 0xff;
        let flow = first & 0x000f_ffff;
        let next_header = protocol_name(IpNumber(next_header));
        let mut layer = layer
            .field("Version", "ipv6.version", 0, 1, first >> 28)
            .field("Traffic Class", "ipv6.tclass", 0, 2, format!("{class:#04x}"))
            .field("Flow Label", "ipv6.flow", 1, 3, format!("{flow:#07x}"))
            .field("Payload Length", "ipv6.plen", 4, 2, self.length_value)
            .field("Next Header", "ipv6.nxt", 6, 1, next_header)
            .field("Hop Limit", "ipv6.hlim", 7, 1, hop_limit)
            .field("Source Address", "ipv6.src", 8, 16, self.source)
            .field("Destination Address", "ipv6.dst", 24, 16, self.destination);
        for extension in &self.extensions {
            let (name, wireshark) = extension_name(extension.protocol);
            let len = extension.end - extension.start;
            let at = extension.start - self.start;
            layer = layer.field(name, wireshark, at, len, format!("{len} bytes"));
        }
        Some(layer)
    }
}

fn header_length(len: usize) -> String {
    format!("{len} bytes ({})", len / 4)
}

fn extension_name(protocol: IpNumber) -> (&'static str, &'static str) {
    match protocol {
        IpNumber::IPV6_HEADER_HOP_BY_HOP => ("IPv6 Hop-by-Hop Option", "ipv6.hopopts"),
        IpNumber::IPV6_ROUTE_HEADER => ("Routing Header for IPv6", "ipv6.routing"),
        IpNumber::IPV6_FRAGMENTATION_HEADER => ("Fragment Header for IPv6", "ipv6.fraghdr"),
        IpNumber::IPV6_DESTINATION_OPTIONS => ("Destination Options for IPv6", "ipv6.dstopts"),
        IpNumber::AUTHENTICATION_HEADER => ("Authentication Header", "ah"),
        _ => ("IPv6 extension header", "ipv6.ext"),
    }
}

/// Wireshark's short name and the number.
pub(in crate::net) fn protocol_name(protocol: IpNumber) -> String {
    let name = match protocol {
        IpNumber::ICMP => "ICMP",
        IpNumber::IGMP => "IGMP",
        IpNumber::TCP => "TCP",
        IpNumber::UDP => "UDP",
        IpNumber::IPV6_ICMP => "ICMPv6",
        IpNumber::SCTP => "SCTP",
        other if is_extension(other) => extension_name(other).0,
        other => other.keyword_str().unwrap_or("Unknown"),
    };
    format!("{name} ({})", protocol.0)
}
