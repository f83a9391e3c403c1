//! A capture file in pcapng, written record by record: Ethernet frames, times in nanoseconds.

use std::io::{self, Write};

use crate::capture::Time;

/// The kinds of blocks that are written.
const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

/// What comes before and behind a block's body: its kind, and twice its length.
const AROUND: usize = 12;

/// Writes a capture that Wireshark opens. What is written is whole after each record.
#[derive(Debug)]
pub struct Pcapng<W> {
    out: W,
}

impl<W: Write> Pcapng<W> {
    /// Begins a capture.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(out: W) -> io::Result<Self> {
        let mut pcapng = Self { out };
        let mut section = Vec::new();
        section.extend(0x1A2B_3C4D_u32.to_le_bytes());
        section.extend([1, 0, 0, 0]);
        // The section's length is not known.
        section.extend(u64::MAX.to_le_bytes());
        // Option 4: the program.
        option(4, concat!("packet-inspector ", env!("CARGO_PKG_VERSION")).as_bytes(), &mut section);
        option(0, &[], &mut section);
        pcapng.block(SECTION_HEADER, &[&section])?;
        let mut interface = Vec::new();
        // Link type 1 is Ethernet; no limit on the length of records.
        interface.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        // Option 2: the interface's name. Option 9: times count in 10^-9 seconds.
        option(2, b"made by packet-inspector", &mut interface);
        option(9, &[9], &mut interface);
        option(0, &[], &mut interface);
        pcapng.block(INTERFACE, &[&interface])?;
        Ok(pcapng)
    }

    /// Writes a record.
    ///
    /// # Errors
    /// Those of the writer, and a frame longer than a record can be.
    pub fn record(&mut self, time: Time, frame: &[u8]) -> io::Result<()> {
        let len = u32::try_from(frame.len()).map_err(io::Error::other)?.to_le_bytes();
        let time = u64::try_from(time.0).unwrap_or_default().to_le_bytes();
        let [low @ .., _, _, _, _] = time;
        let [_, _, _, _, high @ ..] = time;
        let mut header = [0; 20];
        for (place, word) in header.chunks_exact_mut(4).zip([[0; 4], high, low, len, len]) {
            place.copy_from_slice(&word);
        }
        self.block(ENHANCED_PACKET, &[&header, frame])
    }

    /// Hands what is buffered to the operating system.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn block(&mut self, kind: u32, body: &[&[u8]]) -> io::Result<()> {
        let len: usize = body.iter().map(|part| part.len()).sum();
        let padding = len.next_multiple_of(4) - len;
        let total = u32::try_from(len + padding + AROUND).map_err(io::Error::other)?.to_le_bytes();
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&total)?;
        body.iter().try_for_each(|part| self.out.write_all(part))?;
        self.out.write_all([0; 3].get(..padding).unwrap_or_default())?;
        self.out.write_all(&total)
    }
}

/// An option of a block: number, length, value, padding.
fn option(number: u16, value: &[u8], out: &mut Vec<u8>) {
    out.extend(number.to_le_bytes());
    out.extend(u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
}
