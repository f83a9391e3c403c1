//! Blocks of pcap and pcapng to records: time stamps, links, comments.

use std::ops::Range;

use pcap_parser::pcapng::{Block, InterfaceDescriptionBlock, OptionCode, PcapNGOption};
use pcap_parser::{
    LegacyPcapBlock, PcapHeader, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified,
};

use super::Time;
use super::links::{Linked, link_of};

/// The most interfaces of a section; a real one has a few.
const MAX_INTERFACES: usize = 4096;

/// What is remembered from block to block.
#[derive(Default)]
pub(super) struct Blocks {
    interfaces: Vec<Interface>,
    nanoseconds: bool,
    /// How records of a pcap file are written; `None` for other files.
    pcap: Option<ByteOrder>,
    /// The file is one of pcapng.
    pcapng: bool,
    /// The section's numbers have their highest byte first.
    big_endian: bool,
    comments: Vec<String>,
}

/// The order of the bytes of a number.
#[derive(Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
    /// Little-endian, with longer headers of records.
    Modified,
}

/// Where records of a section were captured.
#[derive(Clone, Copy)]
struct Interface {
    link: Linked,
    snap_len: u32,
    /// Time stamps in a second.
    resolution: u64,
    /// Seconds to add.
    offset: i64,
}

/// A record, and where its bytes stand from the start of its block.
pub(super) struct Place {
    pub(super) bytes: Range<usize>,
    pub(super) time: Time,
    pub(super) link: Linked,
    pub(super) wire_len: usize,
}

impl Blocks {
    #[inline]
    pub(super) fn comments(&self) -> &[String] {
        &self.comments
    }

    pub(super) fn pcap_header(&mut self, header: &PcapHeader) {
        self.nanoseconds = header.is_nanosecond_precision();
        self.pcap = Some(match (header.is_modified_format(), header.is_bigendian()) {
            (true, _) => ByteOrder::Modified,
            (false, true) => ByteOrder::Big,
            (false, false) => ByteOrder::Little,
        });
        // The upper bits tell of a frame check sequence.
        let link = link_of(header.network.0 & 0xFFFF);
        self.interfaces = vec![Interface { link, snap_len: header.snaplen, resolution: 0, offset: 0 }];
    }

    /// The record that these bytes of a pcap file begin with, and how many of them are its; `None` when it is not whole.
    #[inline]
    pub(super) fn next_of_pcap(&self, bytes: &[u8]) -> Option<(Place, usize)> {
        let (rest, block) = match self.pcap? {
            ByteOrder::Little => parse_pcap_frame(bytes),
            ByteOrder::Big => parse_pcap_frame_be(bytes),
            ByteOrder::Modified => parse_pcap_frame_modified(bytes),
        }
        .ok()?;
        let len = bytes.len() - rest.len();
        Some((self.of_pcap(&block, len - block.data.len()), len))
    }

    /// Whether a whole record is among these bytes, with which a block begins.
    pub(super) fn has_record(&self, bytes: &[u8]) -> bool {
        match self.pcap {
            Some(_) => self.next_of_pcap(bytes).is_some(),
            None => self.pcapng && self.has_record_of_pcapng(bytes),
        }
    }

    fn has_record_of_pcapng(&self, mut bytes: &[u8]) -> bool {
        const SIMPLE: u32 = 3;
        const ENHANCED: u32 = 6;
        let number =
            |bytes| if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        while let Some([t0, t1, t2, t3, l0, l1, l2, l3]) = bytes.first_chunk().copied() {
            let kind = number([t0, t1, t2, t3]);
            let len = usize::try_from(number([l0, l1, l2, l3])).unwrap_or(usize::MAX);
            // Numbers of a new section may be written in another order.
            if len < 12 || len > bytes.len() || bytes.starts_with(&super::SECTION_HEADER) {
                return false;
            }
            if matches!(kind, SIMPLE | ENHANCED) {
                return true;
            }
            bytes = bytes.get(len..).unwrap_or_default();
        }
        false
    }

    #[inline]
    pub(super) fn of_pcap(&self, block: &LegacyPcapBlock<'_>, header: usize) -> Place {
        let nanos = i64::from(block.ts_usec) * if self.nanoseconds { 1 } else { 1000 };
        Place {
            bytes: header..header + block.data.len(),
            time: Time::new(block.ts_sec.into(), nanos),
            link: self.interfaces.first().map_or(Err(None), |interface| interface.link),
            wire_len: wire_len(block.origlen, block.data.len()),
        }
    }

    /// The record in a block; `None` for blocks that only tell about others.
    pub(super) fn of_pcapng(&mut self, block: &Block<'_>) -> Option<Place> {
        match block {
            Block::SectionHeader(section) => {
                self.interfaces.clear();
                self.pcapng = true;
                self.big_endian = section.big_endian();
            }
            Block::InterfaceDescription(description) if self.interfaces.len() < MAX_INTERFACES => {
                self.interfaces.push(Interface::new(description, self.big_endian));
            }
            Block::EnhancedPacket(packet) => {
                const HEADER: usize = 28;
                self.comments.clear();
                self.comments.extend(packet.options.iter().filter_map(comment));
                let interface = usize::try_from(packet.if_id).ok().and_then(|id| self.interfaces.get(id));
                let len = usize::try_from(packet.caplen).unwrap_or(usize::MAX).min(packet.data.len());
                let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                return Some(Place {
                    bytes: HEADER..HEADER + len,
                    time: interface.map_or_else(Time::default, |interface| interface.time(ticks)),
                    link: interface.map_or(Err(None), |interface| interface.link),
                    wire_len: wire_len(packet.origlen, len),
                });
            }
            Block::SimplePacket(packet) => {
                const HEADER: usize = 12;
                self.comments.clear();
                let interface = self.interfaces.first();
                let snap_len =
                    interface.map(|interface| interface.snap_len).filter(|&len| len > 0).unwrap_or(u32::MAX);
                let len = usize::try_from(packet.origlen.min(snap_len)).unwrap_or(usize::MAX);
                let len = len.min(packet.data.len());
                return Some(Place {
                    bytes: HEADER..HEADER + len,
                    time: Time::default(),
                    link: interface.map_or(Err(None), |interface| interface.link),
                    wire_len: wire_len(packet.origlen, len),
                });
            }
            _ => {}
        }
        None
    }
}

impl Interface {
    fn new(description: &InterfaceDescriptionBlock<'_>, big_endian: bool) -> Self {
        // The parser reads it in one byte order, whatever the section's.
        let offset = description.if_tsoffset;
        Self {
            link: link_of(description.linktype.0),
            snap_len: description.snaplen,
            resolution: resolution(description.if_tsresol).unwrap_or(1_000_000),
            offset: if big_endian { offset.swap_bytes() } else { offset },
        }
    }

    fn time(&self, ticks: u64) -> Time {
        let seconds = i64::try_from(ticks / self.resolution).unwrap_or(i64::MAX);
        let rest = u128::from(ticks % self.resolution) * 1_000_000_000 / u128::from(self.resolution);
        Time::new(seconds.saturating_add(self.offset), i64::try_from(rest).unwrap_or_default())
    }
}

/// Time stamps in a second: a power of ten, or of two where the highest bit is set. The parser knows the first alone.
fn resolution(exponent: u8) -> Option<u64> {
    let base = if exponent & 0x80 == 0 { 10_u64 } else { 2 };
    base.checked_pow(u32::from(exponent & 0x7F))
}

/// The length on the wire is never below what was captured, whatever a file says.
fn wire_len(said: u32, captured: usize) -> usize {
    usize::try_from(said).unwrap_or(usize::MAX).max(captured)
}

fn comment(option: &PcapNGOption<'_>) -> Option<String> {
    let text = option.as_bytes().ok().filter(|_| option.code == OptionCode::Comment)?;
    Some(String::from_utf8_lossy(text).into_owned())
}
