//! What records begin with: the links that are read, and how many records have others.

use std::fmt;

use pcap_parser::Linktype;

use crate::net::Link;
use crate::words::counted;

/// The most links that are told apart.
const MOST: usize = 16;

/// The link of an interface by its registered number, or that number; `None` where no interface is described.
pub(super) type Linked = Result<Link, Option<u32>>;

/// The links that are read, by their registered number.
pub(super) fn link_of(number: i32) -> Linked {
    /// BSD's loopback with the family in network byte order.
    const LOOP: i32 = 108;
    match Linktype(number) {
        Linktype::NULL | Linktype(LOOP) => Ok(Link::Null),
        Linktype::ETHERNET => Ok(Link::Ethernet),
        // 12 and 14 are what BSD systems write for raw IP.
        Linktype::RAW | Linktype(12 | 14) | Linktype::IPV4 | Linktype::IPV6 => Ok(Link::RawIp),
        Linktype::LINUX_SLL => Ok(Link::LinuxSll),
        Linktype::LINUX_SLL2 => Ok(Link::LinuxSll2),
        _ => Err(u32::try_from(number).ok()),
    }
}

/// Names of other links that captures have, from the registry at <https://www.tcpdump.org/linktypes.html>.
const NAMES: [(u32, &str); 28] = [
    (3, "AX.25"),
    (6, "IEEE 802.5 Token Ring"),
    (8, "SLIP"),
    (9, "PPP"),
    (10, "FDDI"),
    (50, "PPP in HDLC-like framing"),
    (51, "PPPoE session"),
    (104, "Cisco HDLC"),
    (105, "IEEE 802.11"),
    (107, "Frame Relay"),
    (114, "LocalTalk"),
    (117, "OpenBSD pflog"),
    (119, "IEEE 802.11 with Prism header"),
    (127, "IEEE 802.11 with radiotap header"),
    (143, "DOCSIS"),
    (187, "Bluetooth HCI"),
    (189, "USB with Linux header"),
    (195, "IEEE 802.15.4"),
    (201, "Bluetooth HCI with direction"),
    (220, "USB with padded Linux header"),
    (227, "CAN"),
    (230, "IEEE 802.15.4 without FCS"),
    (239, "NFLOG"),
    (249, "USBPcap"),
    (251, "Bluetooth Low Energy"),
    (252, "Wireshark's exported PDUs"),
    (253, "netlink"),
    (270, "LoRaTap"),
];

/// Records whose link is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The link's registered number; `None` when the file does not describe the interface.
    pub link: Option<u32>,
    /// How many records have it.
    pub records: u64,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let have = if self.records == 1 { "has" } else { "have" };
        write!(f, "{} {have} ", counted(self.records, "record"))?;
        let Some(number) = self.link else { return f.write_str("no interface that the file describes") };
        match NAMES.iter().find(|(known, _)| *known == number) {
            Some((_, name)) => write!(f, "link type {number} ({name}), which is not read"),
            None if (147..=162).contains(&number) => {
                write!(f, "link type {number} (private use), which is not read")
            }
            None => write!(f, "link type {number}, which is not read"),
        }
    }
}

/// The records that were passed over.
#[derive(Debug, Default)]
pub(super) struct Passed {
    links: Vec<Unread>,
    records: u64,
}

impl Passed {
    #[cold]
    pub(super) fn count(&mut self, link: Option<u32>) {
        self.records += 1;
        if let Some(unread) = self.links.iter_mut().find(|unread| unread.link == link) {
            unread.records += 1;
        } else if self.links.len() < MOST {
            self.links.push(Unread { link, records: 1 });
        }
    }

    pub(super) fn links(&self) -> &[Unread] {
        &self.links
    }

    pub(super) fn records(&self) -> u64 {
        self.records
    }
}
