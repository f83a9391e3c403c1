//! Capture files to records: pcap and pcapng, also compressed, from a file or a pipe, one record in memory at a time.

use std::fmt;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{LegacyPcapReader, PcapBlockOwned, PcapError, PcapNGReader};

use crate::net::Link;
use crate::words::counted;

mod blocks;
mod compressed;
mod links;
mod time;

use blocks::{Blocks, Place};
pub use compressed::Compression;
use compressed::{Known, Opened};
use links::Passed;
pub use links::Unread;
pub use time::{Span, Time};

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// The longest record or block that is read; Wireshark's own limit for a record is a quarter of a MiB. The options of a
/// block take eight times their bytes while they are read.
const LONGEST: usize = 2 << 20;

/// One record of a capture.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its number in the capture, from 1; what Wireshark calls the frame number.
    pub number: u64,
    /// When it was captured.
    pub time: Time,
    /// What it begins with; `None` for links that are not read.
    pub link: Option<Link>,
    /// Its bytes, as far as they were captured.
    pub bytes: &'a [u8],
    /// How many there were on the wire.
    pub wire_len: usize,
    /// What the file says of it.
    pub comments: &'a [String],
}

/// Why a capture cannot be read, or not to its end.
#[derive(Debug)]
pub enum CaptureError {
    /// There are no bytes.
    Empty,
    /// Neither pcap nor pcapng.
    NotACapture,
    /// Reading failed.
    Read(io::Error),
    /// What is compressed ends in the middle, or is damaged.
    Compressed {
        /// How it is compressed.
        compression: Compression,
        /// How many bytes of the file were taken.
        at: u64,
        /// The file ends there.
        is_cut: bool,
        /// How many records were read before.
        records: u64,
    },
    /// There are records, and all have links that are not read.
    Unread(Vec<Unread>),
    /// The file ends in the middle of what would be this record.
    Cut(u64),
    /// What should be this record is none.
    Damaged(u64),
    /// What should be this record is longer than records are.
    TooLong(u64),
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the capture is empty"),
            Self::NotACapture => f.write_str("neither pcap nor pcapng"),
            Self::Read(error) => error.fmt(f),
            Self::Compressed { compression, at, is_cut, records } => {
                let how = if *is_cut { "ends in the middle," } else { "is damaged" };
                let (were, records) =
                    (if *records == 1 { "was" } else { "were" }, counted(*records, "record"));
                write!(f, "the {compression} stream {how} at byte {at} of the file; {records} {were} read")
            }
            Self::Unread(links) => {
                f.write_str("nothing could be read")?;
                links.iter().try_for_each(|unread| write!(f, "; {unread}"))
            }
            Self::Cut(number) => write!(f, "the capture ends in the middle of record {number}"),
            Self::Damaged(number) => write!(f, "the capture is damaged where record {number} should be"),
            Self::TooLong(number) => {
                write!(f, "the capture is damaged: record {number} would have more than {LONGEST} bytes")
            }
        }
    }
}

impl std::error::Error for CaptureError {}

/// Reads a capture record by record.
pub struct Reader {
    source: Box<dyn PcapReaderIterator>,
    compression: Option<Compression>,
    file: Rc<Known>,
    blocks: Blocks,
    passed: Passed,
    capacity: usize,
    /// Where the record that was given last ends in the buffer.
    given: usize,
    number: u64,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What came off the file.
enum Step {
    /// A record, in these of the buffered bytes, with the bytes of its block.
    Record(Place, usize),
    /// Another block, of so many bytes.
    Passed(usize),
    /// More bytes are needed, in a larger buffer when that is said.
    More {
        larger: bool,
    },
    End,
    Failed(CaptureError),
}

impl Reader {
    /// Looks at the start of a capture; gzip and zstd are taken off.
    ///
    /// # Errors
    /// When it is none, or reading fails.
    pub fn new(source: impl Read + 'static) -> Result<Self, CaptureError> {
        let Opened { bytes: mut source, compression, file } = compressed::open(source)?;
        let start = first_block(&mut source).map_err(|error| file.failed(error, compression, 0))?;
        if start.is_empty() {
            return Err(CaptureError::Empty);
        }
        let is_pcapng = start.starts_with(&SECTION_HEADER);
        let source = Cursor::new(start).chain(source);
        let not_a_capture = |_| CaptureError::NotACapture;
        let source: Box<dyn PcapReaderIterator> = if is_pcapng {
            Box::new(PcapNGReader::new(BUFFER, source).map_err(not_a_capture)?)
        } else {
            Box::new(LegacyPcapReader::new(BUFFER, source).map_err(not_a_capture)?)
        };
        let (blocks, passed) = (Blocks::default(), Passed::default());
        Ok(Self { source, compression, file, blocks, passed, capacity: BUFFER, given: 0, number: 0 })
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// When reading fails, or the file is cut or damaged; nothing can be read behind that.
    #[inline]
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, CaptureError> {
        let Some(place) = self.next_buffered().map_or_else(|| self.next_block(), |place| Ok(Some(place)))?
        else {
            return Ok(None);
        };
        self.number += 1;
        let Place { bytes, time, link, wire_len } = place;
        let link = link.map_err(|number| self.passed.count(number)).ok();
        let bytes = self.source.data().get(bytes).unwrap_or_default();
        Ok(Some(Entry { number: self.number, time, link, bytes, wire_len, comments: self.blocks.comments() }))
    }

    /// Whether the whole of the next record has been read already: asking for it does not wait for whoever writes the
    /// capture. It may say no too often (before a new section of pcapng), never yes.
    pub fn has_next(&self) -> bool {
        self.source.data().get(self.given..).is_some_and(|data| self.blocks.has_record(data))
    }

    /// The links of records so far that are not read.
    pub fn unread(&self) -> &[Unread] {
        self.passed.links()
    }

    /// Whether there were records so far, and none of them has a link that is read.
    pub fn is_all_unread(&self) -> bool {
        self.number > 0 && self.passed.records() == self.number
    }

    /// The next record of a pcap file when all of it is in the buffer: nothing is moved.
    #[inline]
    fn next_buffered(&mut self) -> Option<Place> {
        let data = self.source.data().get(self.given..)?;
        let (place, len) = self.blocks.next_of_pcap(data)?;
        let start = self.given;
        self.given += len;
        Some(Place { bytes: start + place.bytes.start..start + place.bytes.end, ..place })
    }

    /// The next record of any file, after reading on where that is needed.
    fn next_block(&mut self) -> Result<Option<Place>, CaptureError> {
        self.source.consume(std::mem::take(&mut self.given));
        loop {
            match self.step() {
                Step::Record(place, len) => {
                    self.given = len;
                    return Ok(Some(place));
                }
                Step::Passed(len) => self.source.consume(len),
                Step::More { larger } => self.refill(larger)?,
                Step::End => return Ok(None),
                Step::Failed(error) => return Err(error),
            }
        }
    }

    fn step(&mut self) -> Step {
        let number = self.number + 1;
        match self.source.next() {
            Ok((len, PcapBlockOwned::Legacy(block))) => {
                let header = len - block.data.len();
                Step::Record(self.blocks.of_pcap(&block, header), len)
            }
            Ok((len, PcapBlockOwned::LegacyHeader(header))) => {
                self.blocks.pcap_header(&header);
                Step::Passed(len)
            }
            Ok((len, PcapBlockOwned::NG(block))) => match self.blocks.of_pcapng(&block) {
                Some(place) => Step::Record(place, len),
                None => Step::Passed(len),
            },
            Err(PcapError::Eof) => Step::End,
            Err(PcapError::UnexpectedEof) => Step::Failed(CaptureError::Cut(number)),
            Err(PcapError::BufferTooSmall) => Step::More { larger: true },
            Err(PcapError::Incomplete(_)) => Step::More { larger: false },
            Err(_) => Step::Failed(CaptureError::Damaged(number)),
        }
    }

    fn refill(&mut self, larger: bool) -> Result<(), CaptureError> {
        if larger {
            self.capacity *= 2;
            if self.capacity > 2 * LONGEST {
                return Err(CaptureError::TooLong(self.number + 1));
            }
            self.source.grow(self.capacity);
        }
        // The parser keeps the reason for itself.
        let refilled =
            self.source.refill().map_err(|_| io::Error::other("the capture cannot be read further"));
        refilled.map_err(|error| self.file.failed(error, self.compression, self.number))
    }
}

/// What a pcapng file begins with.
const SECTION_HEADER: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

/// The bytes of a pcap header, or of a pcapng section header: a pipe may give them in pieces.
fn first_block(source: &mut impl Read) -> io::Result<Vec<u8>> {
    const PCAP_HEADER: usize = 24;
    const LONGEST_SECTION_HEADER: u32 = 1 << 16;
    let mut start = Vec::new();
    source.take(PCAP_HEADER as u64).read_to_end(&mut start)?;
    if let Some([m0, m1, m2, m3, l0, l1, l2, l3, order]) = start.first_chunk().copied()
        && [m0, m1, m2, m3] == SECTION_HEADER
    {
        let len = [l0, l1, l2, l3];
        // The byte-order magic is 1A2B3C4D.
        let len = if order == 0x1A { u32::from_be_bytes(len) } else { u32::from_le_bytes(len) };
        let rest = u64::from(len.min(LONGEST_SECTION_HEADER)).saturating_sub(PCAP_HEADER as u64);
        source.take(rest).read_to_end(&mut start)?;
    }
    Ok(start)
}
