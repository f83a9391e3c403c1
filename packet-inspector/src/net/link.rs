//! Link layers: Ethernet II with VLAN tags, Linux cooked captures, BSD loopback.

use etherparse::{EtherType, Ethernet2HeaderSlice, SingleVlanHeaderSlice};

use super::Link;
use super::bytes::{array_at, from, mac, u8_at, u16_at};
use super::ip::Version;
use super::layer::Layer;

const ETHERNET_LEN: usize = 14;
const VLAN_LEN: usize = 4;
const SLL_LEN: usize = 16;
const SLL2_LEN: usize = 20;
const NULL_LEN: usize = 4;

/// The most VLAN tags that are read.
const MAX_TAGS: usize = 2;

/// Where a link header ends and what it says comes next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkHeader {
    /// The protocol's type and where it stands; `None` when the link has none.
    pub(crate) ether_type: Option<(u16, usize)>,
    /// How many VLAN tags there are.
    tags: usize,
    /// Where the next header begins.
    pub(crate) next_at: usize,
    /// Bits of evidence that the link was guessed right, the type aside.
    pub(crate) bits: i32,
}

impl LinkHeader {
    /// The version of IP that the type announces.
    pub(super) fn announces(&self) -> Option<Version> {
        match EtherType(self.ether_type?.0) {
            EtherType::IPV4 => Some(Version::V4),
            EtherType::IPV6 => Some(Version::V6),
            _ => None,
        }
    }

    pub(super) fn is_arp(&self) -> bool {
        self.ether_type.is_some_and(|(value, _)| EtherType(value) == EtherType::ARP)
    }
}

/// The link header at the start of `bytes`; `None` when it is cut.
pub(crate) fn read(bytes: &[u8], link: Link) -> Option<LinkHeader> {
    match link {
        Link::Ethernet => ethernet(bytes),
        Link::LinuxSll => {
            let ether_type = u16_at(bytes, 14)?;
            Some(LinkHeader {
                ether_type: Some((ether_type, 14)),
                tags: 0,
                next_at: SLL_LEN,
                bits: cooked_bits(u16_at(bytes, 0)?, u16_at(bytes, 2)?, u16_at(bytes, 4)?),
            })
        }
        Link::LinuxSll2 => {
            let cooked: [u8; SLL2_LEN] = array_at(bytes, 0)?;
            let [t0, t1, r0, r1, _, _, _, _, h0, h1, packet_type, len, ..] = cooked;
            let reserved = if (r0, r1) == (0, 0) { 8 } else { -8 };
            let hardware = u16::from_be_bytes([h0, h1]);
            Some(LinkHeader {
                ether_type: Some((u16::from_be_bytes([t0, t1]), 0)),
                tags: 0,
                next_at: SLL2_LEN,
                bits: reserved + cooked_bits(packet_type.into(), hardware, len.into()),
            })
        }
        Link::Null => {
            let version = null_family(array_at(bytes, 0)?);
            Some(LinkHeader {
                ether_type: version.map(|version| (version.ether_type(), 0)),
                tags: 0,
                next_at: NULL_LEN,
                bits: if version.is_some() { 0 } else { -16 },
            })
        }
        Link::Auto | Link::Mqtt | Link::RawIp => {
            Some(LinkHeader { ether_type: None, tags: 0, next_at: 0, bits: 0 })
        }
    }
}

/// How many bytes the header of a link has at least, and its name.
pub(super) fn least(link: Link) -> (usize, &'static str) {
    match link {
        Link::Ethernet => (ETHERNET_LEN, "Ethernet"),
        Link::LinuxSll => (SLL_LEN, "Linux cooked"),
        Link::LinuxSll2 => (SLL2_LEN, "Linux cooked"),
        Link::Null => (NULL_LEN, "loopback"),
        Link::Auto | Link::Mqtt | Link::RawIp => (0, "link"),
    }
}

fn is_vlan(ether_type: u16) -> bool {
    matches!(
        EtherType(ether_type),
        EtherType::VLAN_TAGGED_FRAME | EtherType::PROVIDER_BRIDGING | EtherType::VLAN_DOUBLE_TAGGED_FRAME
    )
}

fn ethernet(bytes: &[u8]) -> Option<LinkHeader> {
    let mut header =
        LinkHeader { ether_type: Some((u16_at(bytes, 12)?, 12)), tags: 0, next_at: ETHERNET_LEN, bits: 0 };
    while let Some((ether_type, _)) = header.ether_type
        && is_vlan(ether_type)
        && header.tags < MAX_TAGS
    {
        let Some(inner) = u16_at(bytes, header.next_at + 2) else {
            break;
        };
        header.ether_type = Some((inner, header.next_at + 2));
        header.tags += 1;
        header.next_at += VLAN_LEN;
        header.bits += 8;
    }
    Some(header)
}

/// Packet type 0 to 4, a common ARPHRD, and an address of at most 8 bytes.
fn cooked_bits(packet_type: u16, hardware: u16, address_len: u16) -> i32 {
    let bits = |fits: bool| if fits { 6 } else { -6 };
    let known = matches!(hardware, 1 | 512 | 768 | 769 | 772 | 776 | 778 | 801..=804 | 824 | 0xfffe);
    bits(packet_type <= 4) + bits(known) + bits(address_len <= 8)
}

/// The address family of BSD systems, in either byte order.
fn null_family(family: [u8; 4]) -> Option<Version> {
    let family = match family {
        [0, 0, 0, value] | [value, 0, 0, 0] => value,
        _ => return None,
    };
    match family {
        2 => Some(Version::V4),
        10 | 24 | 28 | 30 => Some(Version::V6),
        _ => None,
    }
}

/// The layers of a header that [`read`] has read.
pub(super) fn describe(bytes: &[u8], link: Link, header: &LinkHeader) -> Vec<Layer> {
    let layer = match link {
        Link::Ethernet => return describe_ethernet(bytes, header),
        Link::LinuxSll => describe_sll(bytes),
        Link::LinuxSll2 => describe_sll2(bytes),
        Link::Null => describe_null(bytes),
        Link::Auto | Link::Mqtt | Link::RawIp => None,
    };
    layer.into_iter().collect()
}

fn type_name(ether_type: u16) -> String {
    let name = match EtherType(ether_type) {
        EtherType::IPV4 => "IPv4",
        EtherType::IPV6 => "IPv6",
        EtherType::ARP => "ARP",
        EtherType::VLAN_TAGGED_FRAME => "802.1Q Virtual LAN",
        EtherType::PROVIDER_BRIDGING => "802.1ad Provider Bridge (Q-in-Q)",
        _ => "Unknown",
    };
    format!("{name} ({ether_type:#06x})")
}

fn describe_ethernet(bytes: &[u8], header: &LinkHeader) -> Vec<Layer> {
    let Ok(ethernet) = Ethernet2HeaderSlice::from_slice(bytes) else {
        return Vec::new();
    };
    let (source, destination) = (mac(&ethernet.source()), mac(&ethernet.destination()));
    let mut ether_type = ethernet.ether_type().0;
    let summary = format!("Ethernet II, Src: {source}, Dst: {destination}");
    let mut layers = vec![
        Layer::new("eth", summary, 0..ETHERNET_LEN)
            .field("Destination", "eth.dst", 0, 6, destination)
            .field("Source", "eth.src", 6, 6, source)
            .field("Type", "eth.type", 12, 2, type_name(ether_type)),
    ];
    for tag in 0..header.tags {
        let at = ETHERNET_LEN + tag * VLAN_LEN;
        let Ok(vlan) = SingleVlanHeaderSlice::from_slice(from(bytes, at)) else {
            break;
        };
        let priority = vlan.priority_code_point().value();
        let dei = u8::from(vlan.drop_eligible_indicator());
        let id = vlan.vlan_identifier().value();
        let range = at..at + VLAN_LEN;
        let provider = EtherType(ether_type) == EtherType::PROVIDER_BRIDGING;
        ether_type = vlan.ether_type().0;
        layers.push(if provider {
            Layer::new("ieee8021ad", format!("IEEE 802.1ad, ID: {id}"), range)
                .field("Priority", "ieee8021ad.priority", 0, 2, priority)
                .field("DEI", "ieee8021ad.dei", 0, 2, dei)
                .field("ID", "ieee8021ad.id", 0, 2, id)
                .field("Type", "ieee8021ah.etype", 2, 2, type_name(ether_type))
        } else {
            let summary = format!("802.1Q Virtual LAN, PRI: {priority}, DEI: {dei}, ID: {id}");
            Layer::new("vlan", summary, range)
                .field("Priority", "vlan.priority", 0, 2, priority)
                .field("DEI", "vlan.dei", 0, 2, dei)
                .field("ID", "vlan.id", 0, 2, id)
                .field("Type", "vlan.etype", 2, 2, type_name(ether_type))
        });
    }
    layers
}

fn packet_type_name(packet_type: u16) -> String {
    let name = match packet_type {
        0 => "Unicast to us",
        1 => "Broadcast",
        2 => "Multicast",
        3 => "Unicast to another host",
        4 => "Sent by us",
        _ => "Unknown",
    };
    format!("{name} ({packet_type})")
}

fn hardware_name(hardware: u16) -> String {
    let name = match hardware {
        1 => "Ethernet",
        772 => "Loopback",
        0xfffe => "None",
        _ => "Unknown",
    };
    format!("{name} ({hardware})")
}

/// The bytes of a cooked header's address, of which at most 8 are kept.
fn cooked_address(bytes: &[u8], at: usize, len: u16) -> String {
    let len = usize::from(len).min(8);
    mac(bytes.get(at..at + len).unwrap_or_default())
}

fn describe_sll(bytes: &[u8]) -> Option<Layer> {
    let len = u16_at(bytes, 4)?;
    let kind = packet_type_name(u16_at(bytes, 0)?);
    let hardware = hardware_name(u16_at(bytes, 2)?);
    let address = cooked_address(bytes, 6, len);
    let protocol = type_name(u16_at(bytes, 14)?);
    let layer = Layer::new("sll", "Linux cooked capture v1".to_owned(), 0..SLL_LEN)
        .field("Packet type", "sll.pkttype", 0, 2, kind)
        .field("Link-layer address type", "sll.hatype", 2, 2, hardware)
        .field("Link-layer address length", "sll.halen", 4, 2, len)
        .field("Source", "sll.src.eth", 6, 8, address)
        .field("Protocol", "sll.etype", 14, 2, protocol);
    Some(layer)
}

fn describe_sll2(bytes: &[u8]) -> Option<Layer> {
    let len = u8_at(bytes, 11)?.into();
    let interface = u32::from_be_bytes(array_at(bytes, 4)?);
    let hardware = hardware_name(u16_at(bytes, 8)?);
    let kind = packet_type_name(u8_at(bytes, 10)?.into());
    let address = cooked_address(bytes, 12, len);
    let protocol = type_name(u16_at(bytes, 0)?);
    let layer = Layer::new("sll", "Linux cooked capture v2".to_owned(), 0..SLL2_LEN)
        .field("Protocol", "sll.etype", 0, 2, protocol)
        .field("Interface index", "sll.ifindex", 4, 4, interface)
        .field("Link-layer address type", "sll.hatype", 8, 2, hardware)
        .field("Packet type", "sll.pkttype", 10, 1, kind)
        .field("Link-layer address length", "sll.halen", 11, 1, len)
        .field("Source", "sll.src.eth", 12, 8, address);
    Some(layer)
}

fn describe_null(bytes: &[u8]) -> Option<Layer> {
    let family: [u8; 4] = array_at(bytes, 0)?;
    let value = match family {
        [value, 0, 0, 0] => u32::from(value),
        _ => u32::from_be_bytes(family),
    };
    let name = match null_family(family) {
        Some(Version::V4) => "IP",
        Some(Version::V6) => "IPv6",
        None => "Unknown",
    };
    let layer = Layer::new("null", "Null/Loopback".to_owned(), 0..NULL_LEN).field(
        "Family",
        "null.family",
        0,
        4,
        format!("{name} ({value})"),
    );
    Some(layer)
}
