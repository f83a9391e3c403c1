//! The log's layout, and what is wrong with bytes that do not follow it.
//!
//! ```text
//! log    = header, batches
//! header = "MQTT log" | version u32 | length u16 | Client Identifier | CRC-32 of all that
//! batch  = length u64 | number u64 | synced u64 | CRC-32 of those | changes | CRC-32 of all that, each byte ^ 0xC1
//! ```
//!
//! The header is the same in all versions. Version 2 has a record more than version 1, for which see `change`; a log of version 1
//! is begun anew when it was read.
//!
//! Numbers are big-endian; batches are numbered from 0; `synced` bytes of the log were on the disk for sure when the batch
//! was written. A batch is one commit: all of it counts, or nothing.
//!
//! The last batches may be torn: the process was killed while it wrote, or the power failed before they were on the disk.
//! Then their end is missing, or sectors of them are zero, and no batch behind says that they were synced. Nothing of them
//! was promised, and they are dropped. Anything else that does not fit is damage, and said: what was lost may have been
//! promised. Bytes of batches are masked so that zeros are those of lost sectors, hardly ever their own.

use std::ops::Range;

use crc32fast::Hasher;

use crate::store::disk::error::Damage;

const MAGIC: &[u8; 8] = b"MQTT log";
/// The version of this layout. What is written has it; those before it are read, too.
pub(super) const VERSION: u32 = 2;
/// Length, number, synced, checksum.
pub(super) const BATCH_HEADER: usize = 28;
const CHECKSUM: usize = 4;
/// What a disk writes whole.
const SECTOR: usize = 512;
/// No text has this byte, and few other payloads.
const MASK: u8 = 0xC1;

/// The header of a log of this session.
pub(super) fn header(client_id: &str) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_be_bytes());
    // The session's Client Identifier went into a CONNECT: it is not longer.
    out.extend(u16::try_from(client_id.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(client_id.as_bytes());
    out.extend(crc32fast::hash(&out).to_be_bytes());
    out
}

/// A log's header, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) version: u32,
    pub(super) client_id: &'a str,
    /// Where batches begin.
    pub(super) end: usize,
}

/// Reads the header of a log of any version.
pub(super) fn read_header(log: &[u8]) -> Result<Header<'_>, Damage> {
    let rest = log.strip_prefix(MAGIC).ok_or(Damage::NoLog)?;
    let (version, rest) = rest.split_first_chunk().ok_or(Damage::Header)?;
    let (len, rest) = rest.split_first_chunk().ok_or(Damage::Header)?;
    let (client_id, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into()).ok_or(Damage::Header)?;
    let (checksum, rest) = rest.split_first_chunk::<CHECKSUM>().ok_or(Damage::Header)?;
    let end = log.len() - rest.len();
    let checked = log.get(..end - CHECKSUM).unwrap_or_default();
    let version = u32::from_be_bytes(*version);
    if crc32fast::hash(checked).to_be_bytes() != *checksum || version == 0 {
        return Err(Damage::Header);
    }
    Ok(Header { version, client_id: str::from_utf8(client_id).map_err(|_| Damage::Header)?, end })
}

/// Room for a batch's header, before its changes are appended.
pub(super) fn begin_batch(out: &mut Vec<u8>) {
    out.clear();
    out.extend([0; BATCH_HEADER]);
}

/// Completes the batch that `out` is.
pub(super) fn end_batch(number: u64, synced: u64, out: &mut Vec<u8>) {
    let len = (out.len() - BATCH_HEADER) as u64;
    if let Some(header) = out.first_chunk_mut::<BATCH_HEADER>() {
        let words = [len, number, synced].map(u64::to_be_bytes).concat();
        let checksum = crc32fast::hash(&words).to_be_bytes();
        header.iter_mut().zip(words.into_iter().chain(checksum)).for_each(|(to, from)| *to = from);
    }
    out.extend(crc32fast::hash(out).to_be_bytes());
    mask(out);
}

/// Masks batches, or takes the mask off.
pub(super) fn mask(batches: &mut [u8]) {
    batches.iter_mut().for_each(|byte| *byte ^= MASK);
}

/// What is at a place of the log where a batch begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A whole batch: where its changes are.
    Batch(Range<usize>),
    End,
    /// Batches that were not completely written.
    Torn,
    Damaged,
}

/// The batch with this number, which begins at `at`. The log's batches are not masked any more.
pub(super) fn next(log: &[u8], at: usize, number: u64) -> Next {
    let Some(rest) = log.get(at..).filter(|rest| !rest.is_empty()) else { return Next::End };
    let whole = rest.first_chunk().map(|header| (header, BatchHeader::read(header)));
    let (begun, header) = match whole {
        None => return Next::Torn,
        Some((_, None)) => (at..at + BATCH_HEADER, None),
        Some((bytes, Some(header))) => {
            if header.number != number {
                return Next::Damaged;
            }
            let start = at + BATCH_HEADER;
            let end = usize::try_from(header.len).ok().and_then(|len| start.checked_add(len));
            let Some((end, changes)) = end.and_then(|end| Some((end, log.get(start..end)?))) else {
                return Next::Torn;
            };
            let Some(checksum) = log.get(end..).and_then(<[u8]>::first_chunk::<CHECKSUM>) else {
                return Next::Torn;
            };
            let mut hasher = Hasher::new();
            hasher.update(bytes);
            hasher.update(changes);
            if hasher.finalize().to_be_bytes() == *checksum {
                return Next::Batch(start..end);
            }
            (at..end + CHECKSUM, Some(header))
        }
    };
    let behind = header.map_or(at + 1, |_| begun.end);
    if has_hole(log, begun) && !was_synced(log, at, behind) { Next::Torn } else { Next::Damaged }
}

/// Behind these changes.
pub(super) fn end_of_batch(changes: &Range<usize>) -> usize {
    changes.end + CHECKSUM
}

struct BatchHeader {
    len: u64,
    number: u64,
    synced: u64,
}

impl BatchHeader {
    fn read(header: &[u8; BATCH_HEADER]) -> Option<Self> {
        let (words, checksum) = header.split_last_chunk::<CHECKSUM>()?;
        if crc32fast::hash(words).to_be_bytes() != *checksum {
            return None;
        }
        let (words, _) = words.as_chunks();
        let [len, number, synced] = words else { return None };
        let [len, number, synced] = [len, number, synced].map(|word| u64::from_be_bytes(*word));
        Some(Self { len, number, synced })
    }
}

/// A sector that touches this range was zero in the file, as far as the log behind the range's start reaches into it.
fn has_hole(log: &[u8], range: Range<usize>) -> bool {
    let mut sector = range.start - range.start % SECTOR;
    while sector < range.end {
        let part = log.get(sector.max(range.start)..(sector + SECTOR).min(log.len())).unwrap_or_default();
        if part.iter().all(|byte| *byte == MASK) {
            return true;
        }
        sector += SECTOR;
    }
    false
}

/// A batch behind this place says that what is here was on the disk.
fn was_synced(log: &[u8], at: usize, behind: usize) -> bool {
    let rest = log.get(behind..).unwrap_or_default();
    let headers = rest.windows(BATCH_HEADER).filter_map(|window| BatchHeader::read(window.first_chunk()?));
    headers.into_iter().any(|header| header.synced > at as u64)
}
