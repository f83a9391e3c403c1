//! A classic capture file of Ethernet frames.

use std::io::{self, Write};
use std::time::Duration;

/// Microseconds, in big-endian order; version 2.4; records of up to 256 KiB; Ethernet.
const HEADER: [u8; 24] = [0xA1, 0xB2, 0xC3, 0xD4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 1];

/// Writes frames, each with its time since 1970.
///
/// # Errors
/// Those of the writer, and a frame longer than a capture file can hold.
pub fn pcap<'a>(
    frames: impl IntoIterator<Item = (Duration, &'a [u8])>,
    out: &mut impl Write,
) -> io::Result<()> {
    out.write_all(&HEADER)?;
    for (time, frame) in frames {
        let len = u32::try_from(frame.len()).map_err(io::Error::other)?;
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        for word in [seconds, time.subsec_micros(), len, len] {
            out.write_all(&word.to_be_bytes())?;
        }
        out.write_all(frame)?;
    }
    Ok(())
}
