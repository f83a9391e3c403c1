//! What speaks for a reading of the bytes and what against it, in bits.

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Each row of the dump has as many bytes as the printed offsets say.
    Rows,
    /// The link's type and the IP version.
    LinkType,
    /// The IP length against the bytes.
    IpLength,
    /// The IPv4 header checksum.
    IpChecksum,
    /// A TCP header with all that is fixed in it, and a port of MQTT's.
    TcpHeader,
    /// The TCP checksum, or the sum of the pseudo-header.
    TcpChecksum,
    /// What MQTT allows.
    Mqtt,
    /// The other frames of the connection: addresses, ports, sequence and acknowledgment numbers.
    Connection,
    /// A request that is answered, or an answer to one.
    Answer,
    /// Characters in strings that nobody means.
    Strings,
    /// The text beside the bytes.
    Text,
    /// Addresses as they are given out.
    Address,
    /// Digits that scanners confuse.
    Misreading,
}

impl Check {
    /// The word that is printed for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::LinkType => "link_type",
            Self::IpLength => "ip_length",
            Self::IpChecksum => "ip_checksum",
            Self::TcpHeader => "tcp_header",
            Self::TcpChecksum => "tcp_checksum",
            Self::Mqtt => "mqtt",
            Self::Connection => "connection",
            Self::Answer => "answer",
            Self::Strings => "strings",
            Self::Text => "text",
            Self::Address => "address",
            Self::Misreading => "misreading",
        }
    }

    /// Whether bytes that fail it are surely damaged, or at odds with another frame.
    pub fn is_proof(self) -> bool {
        self <= Self::Connection
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// One thing that speaks for a reading, or against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What was checked.
    pub check: Check,
    /// Whether it passed.
    pub holds: bool,
    /// How much it weighs: so many bits for the reading, or against it.
    pub bits: i32,
    /// In words.
    pub says: String,
}

/// Takes evidence, with or without the words.
pub(super) trait Scale {
    fn put(&mut self, check: Check, holds: bool, bits: i32, says: impl FnOnce() -> String);
}

impl Scale for Vec<Evidence> {
    fn put(&mut self, check: Check, holds: bool, bits: i32, says: impl FnOnce() -> String) {
        self.push(Evidence { check, holds, bits, says: says() });
    }
}

/// The sum alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) bits: i32,
    passed: u32,
    failed: u32,
    /// How many proofs passed; of some checks there are several.
    proofs: u32,
}

impl Scale for Tally {
    fn put(&mut self, check: Check, holds: bool, bits: i32, _: impl FnOnce() -> String) {
        self.bits += bits;
        *(if holds { &mut self.passed } else { &mut self.failed }) |= check.bit();
        self.proofs += u32::from(holds && check.is_proof());
    }
}

impl Tally {
    const PROOFS: u32 = (1 << (Check::Connection as u32 + 1)) - 1;

    /// Whether nothing proves the bytes to be damaged.
    pub(super) fn passes(self) -> bool {
        self.failed & Self::PROOFS == 0
    }

    pub(super) fn fails(self, check: Check) -> bool {
        self.failed & check.bit() != 0
    }

    pub(super) fn holds(self, check: Check) -> bool {
        self.passed & check.bit() != 0 && !self.fails(check)
    }

    /// Whether anything at all speaks against the bytes.
    pub(super) fn is_doubtful(self) -> bool {
        self.failed != 0
    }

    /// Whether it passes every proof that `other` does.
    pub(super) fn passes_all_of(self, other: Self) -> bool {
        let all = self.passed & other.passed & Self::PROOFS == other.passed & Self::PROOFS;
        self.passes() && all && self.proofs >= other.proofs
    }
}
