//! The TCP header.

use etherparse::{TcpHeaderSlice, TcpOptionElement};

use super::bytes::{array_at, from, place, u8_at};
use super::ip::Ip;
use super::layer::Layer;
use super::{TcpFlags, Transport, likeness};
use crate::finding::{Finding, Severity};

pub(super) const TCP_LEN: usize = 20;

/// Offset of the byte that holds the data offset.
pub(super) const DATA_OFFSET_AT: usize = 12;

/// A TCP header.
#[derive(Clone, Debug)]
pub(super) struct Tcp {
    pub(super) start: usize,
    /// Where the segment's data begin.
    pub(super) data_at: usize,
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    seq: u32,
    ack: u32,
    flags: TcpFlags,
    window: u16,
    checksum: u16,
    urgent_pointer: u16,
    options: Vec<u8>,
    /// The data offset that stands there and was not believed.
    disbelieved_data_offset: Option<u8>,
    /// Bits that must be zero are.
    pub(super) reserved_is_zero: bool,
}

/// Reads a header at `at`; `None` when its first 20 bytes are not all there.
pub(super) fn read(bytes: &[u8], at: usize) -> Option<Tcp> {
    let rest = from(bytes, at);
    let [upper, lower]: [u8; 2] = array_at(rest, DATA_OFFSET_AT)?;
    let stored = upper >> 4;
    let words = believed_data_offset(rest, stored);
    let mut header = rest.get(..usize::from(words) * 4)?.to_vec();
    // etherparse refuses an impossible data offset.
    if let Some(byte) = header.get_mut(DATA_OFFSET_AT) {
        *byte = *byte & 0x0f | words << 4;
    }
    let tcp = TcpHeaderSlice::from_slice(&header).ok()?;
    Some(Tcp {
        start: at,
        data_at: at + header.len(),
        source_port: tcp.source_port(),
        destination_port: tcp.destination_port(),
        seq: tcp.sequence_number(),
        ack: tcp.acknowledgment_number(),
        flags: TcpFlags(u16::from_be_bytes([upper & 0x0f, lower])),
        window: tcp.window_size(),
        checksum: tcp.checksum(),
        urgent_pointer: tcp.urgent_pointer(),
        options: tcp.options().to_vec(),
        disbelieved_data_offset: (words != stored).then_some(stored),
        reserved_is_zero: upper & 0x0e == 0,
    })
}

/// The data offset in words: 5 when what stands there is impossible, or when there are no
/// options where it wants them and MQTT instead.
fn believed_data_offset(rest: &[u8], stored: u8) -> u8 {
    let Some(header) = rest.get(..usize::from(stored) * 4) else {
        return 5;
    };
    let Ok(tcp) = TcpHeaderSlice::from_slice(header) else {
        return 5;
    };
    let options_are_good = tcp.options_iterator().all(|option| option.is_ok());
    if !options_are_good && likeness::tiles(from(rest, TCP_LEN)) { 5 } else { stored }
}

impl Tcp {
    pub(super) fn has_port(&self, ports: &[u16]) -> bool {
        ports.contains(&self.source_port) || ports.contains(&self.destination_port)
    }

    /// Whether all that is fixed in a header is as it must be.
    pub(super) fn is_sound(&self) -> bool {
        self.disbelieved_data_offset.is_none() && self.reserved_is_zero && self.urgent_is_sound()
    }

    /// A SYN neither ends a connection nor resets it, and all but a first SYN and a reset acknowledge.
    pub(super) fn flags_are_sound(&self) -> bool {
        let has = |flag| self.flags.contains(flag);
        if has(TcpFlags::SYN) {
            !has(TcpFlags::FIN) && !has(TcpFlags::RST)
        } else {
            has(TcpFlags::ACK) || has(TcpFlags::RST)
        }
    }

    /// The urgent pointer is zero unless URG is set.
    pub(super) fn urgent_is_sound(&self) -> bool {
        self.urgent_pointer == 0 || self.flags.contains(TcpFlags::URG)
    }

    pub(super) fn transport(&self, ip: &Ip) -> Transport {
        Transport {
            source: ip.source,
            source_port: self.source_port,
            destination: ip.destination,
            destination_port: self.destination_port,
            seq: self.seq,
            ack: self.ack,
            flags: self.flags,
        }
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        let Some(stored) = self.disbelieved_data_offset else {
            return Vec::new();
        };
        let at = self.start + DATA_OFFSET_AT;
        let message = format!(
            "the TCP header length at {} says {} bytes, which cannot be; read as 20, a header without options",
            place(at),
            usize::from(stored) * 4,
        );
        let finding = Finding::new(Severity::Error, "tcp_header_length", at, 1, message);
        vec![finding.in_field("Header Length")]
    }

    pub(super) fn describe(&self, bytes: &[u8], len: usize) -> Layer {
        let summary = format!(
            "Transmission Control Protocol, Src Port: {}, Dst Port: {}, Seq: {}, Ack: {}, Len: {len}",
            self.source_port, self.destination_port, self.seq, self.ack
        );
        let words = u8_at(bytes, self.start + DATA_OFFSET_AT).map_or(0, |byte| byte >> 4);
        let header_length = format!("{} bytes ({words})", usize::from(words) * 4);
        let checksum = format!("{:#06x}", self.checksum);
        let mut layer = Layer::new("tcp", summary, self.start..self.data_at)
            .field("Source Port", "tcp.srcport", 0, 2, self.source_port)
            .field("Destination Port", "tcp.dstport", 2, 2, self.destination_port)
            .field("Sequence Number (raw)", "tcp.seq_raw", 4, 4, self.seq)
            .field("Acknowledgment Number (raw)", "tcp.ack_raw", 8, 4, self.ack)
            .field("Header Length", "tcp.hdr_len", 12, 1, header_length)
            .field("Flags", "tcp.flags", 12, 2, self.flags)
            .field("Window", "tcp.window_size_value", 14, 2, self.window)
            .field("Checksum", "tcp.checksum", 16, 2, checksum)
            .field("Urgent Pointer", "tcp.urgent_pointer", 18, 2, self.urgent_pointer);
        if !self.options.is_empty() {
            let text = format!("({} bytes){}", self.options.len(), self.option_names());
            layer = layer.field("Options", "tcp.options", TCP_LEN, self.options.len(), text);
        }
        layer
    }

    /// The names of the options, each after a comma, as far as they can be read.
    fn option_names(&self) -> String {
        etherparse::TcpOptionsIterator::from_slice(&self.options)
            .map(|option| match option {
                Ok(TcpOptionElement::Noop) => ", No-Operation (NOP)",
                Ok(TcpOptionElement::MaximumSegmentSize(_)) => ", Maximum segment size",
                Ok(TcpOptionElement::WindowScale(_)) => ", Window scale",
                Ok(TcpOptionElement::SelectiveAcknowledgementPermitted) => ", SACK permitted",
                Ok(TcpOptionElement::SelectiveAcknowledgement(..)) => ", SACK",
                Ok(TcpOptionElement::Timestamp(..)) => ", Timestamps",
                Err(_) => ", Unknown",
            })
            .collect()
    }
}
