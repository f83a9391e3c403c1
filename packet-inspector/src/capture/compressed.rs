//! gzip and zstd, recognised by their first bytes.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::CaptureError;

const GZIP: [u8; 2] = [0x1F, 0x8B];
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Bytes that are read at once of what is compressed.
const INPUT: usize = 32 << 10;

/// Bytes that are decompressed at once: more than a decoder keeps back, whose window is 32 KiB.
const OUTPUT: usize = 128 << 10;

/// The largest window of a frame of zstd, which is held in memory: that of `zstd -19`. Only `--ultra` and `--long` have
/// larger ones.
const LARGEST_WINDOW: u64 = 8 << 20;

/// How a capture is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// The bytes of a file without compression, how it is compressed, and what is known of the file.
pub(super) struct Opened {
    pub(super) bytes: Box<dyn Read>,
    pub(super) compression: Option<Compression>,
    pub(super) file: Rc<Known>,
}

/// What is known of a file while it is read.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// How many of its bytes were taken, of one that is compressed.
    taken: Cell<u64>,
    /// More was asked for when nothing was left.
    has_ended: Cell<bool>,
    /// Why it could not be read; the layers above it tell that in other words, or not at all.
    failure: RefCell<Option<io::Error>>,
}

impl Known {
    /// Why the capture cannot be read further: after `error`, behind so many records.
    pub(super) fn failed(
        &self,
        error: io::Error,
        compression: Option<Compression>,
        records: u64,
    ) -> CaptureError {
        match (self.failure.take(), compression) {
            (Some(failure), _) => CaptureError::Read(failure),
            (None, None) => CaptureError::Read(error),
            // The words of the decoder are about its own insides.
            (None, Some(compression)) => {
                let (at, is_cut) = (self.taken.get(), self.has_ended.get());
                CaptureError::Compressed { compression, at, is_cut, records }
            }
        }
    }
}

/// Looks at the start of a file.
pub(super) fn open(source: impl Read + 'static) -> Result<Opened, CaptureError> {
    let file = Rc::new(Known::default());
    let mut source = Noted { source, file: Rc::clone(&file) };
    let mut start = Vec::new();
    source.by_ref().take(4).read_to_end(&mut start).map_err(|error| file.failed(error, None, 0))?;
    let compression = match start.as_slice() {
        start if start.starts_with(&GZIP) => Some(Compression::Gzip),
        start if start == ZSTD || is_skipped(start) => Some(Compression::Zstd),
        _ => None,
    };
    let source = Cursor::new(start).chain(source);
    let taken = |source| Taken { source: BufReader::with_capacity(INPUT, source), file: Rc::clone(&file) };
    let bytes: Box<dyn Read> = match compression {
        // The buffer around it sees to it that all calls have room.
        Some(Compression::Gzip) => {
            Box::new(BufReader::with_capacity(OUTPUT, MultiGzDecoder::new(taken(source))))
        }
        Some(Compression::Zstd) => Box::new(Zstd { source: Some(Box::new(taken(source))), frame: None }),
        None => Box::new(source),
    };
    Ok(Opened { bytes, compression, file })
}

/// A source that tells what becomes of it.
struct Noted<R> {
    source: R,
    file: Rc<Known>,
}

impl<R: Read> Read for Noted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.source.read(buffer) {
                Ok(count) => {
                    self.file.has_ended.set(count == 0 && !buffer.is_empty());
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    self.file.failure.replace(Some(error));
                    return Err(kind.into());
                }
            }
        }
    }
}

/// A source whose bytes are counted as they are taken.
///
/// The last byte of what is there is given alone. A decoder keeps back what had no room in a call, and asks for more
/// input before it looks for that. So some is left until a call of which all output has room.
struct Taken<R> {
    source: BufReader<R>,
    file: Rc<Known>,
}

impl<R> Taken<R> {
    fn count(&self, count: usize) {
        self.file.taken.set(self.file.taken.get().saturating_add(count as u64));
    }
}

impl<R: Read> BufRead for Taken<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let there = self.source.fill_buf()?;
        let but_last = there.len().saturating_sub(1).max(1);
        Ok(there.get(..but_last).unwrap_or(there))
    }

    fn consume(&mut self, count: usize) {
        self.count(count);
        self.source.consume(count);
    }
}

impl<R: Read> Read for Taken<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.count(count);
        Ok(count)
    }
}

/// Whether this is the start of a zstd frame that holds nothing of the file.
fn is_skipped(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5F, 0x2A, 0x4D, 0x18])
}

/// Frames of zstd, one after the other.
///
/// What a frame gives stands behind it when it ends, or when there is more than its window: the decoder keeps that back.
struct Zstd {
    /// What stands behind the frame that is read.
    source: Option<Box<dyn Read>>,
    frame: Option<Box<StreamingDecoder<Box<dyn Read>, ruzstd::decoding::FrameDecoder>>>,
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let len = frame.read(buffer)?;
                if len > 0 || buffer.is_empty() {
                    return Ok(len);
                }
                let (said, is) =
                    (frame.decoder.get_checksum_from_data(), frame.decoder.get_calculated_checksum());
                if said.is_some() && is != said {
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
            let ended = self.frame.take().map(|frame| frame.into_inner());
            let Some(mut source) = ended.or_else(|| self.source.take()) else { return Ok(0) };
            let mut start = Vec::new();
            source.by_ref().take(4).read_to_end(&mut start)?;
            if start.is_empty() {
                return Ok(0);
            }
            if is_skipped(&start) {
                let mut len = [0; 4];
                source.read_exact(&mut len)?;
                let len = u32::from_le_bytes(len).into();
                if io::copy(&mut source.by_ref().take(len), &mut io::sink())? < len {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.source = Some(source);
                continue;
            }
            let source: Box<dyn Read> = Box::new(Cursor::new(start).chain(source));
            let frame = StreamingDecoder::new_with_max_window_size(source, LARGEST_WINDOW);
            self.frame = Some(Box::new(frame.map_err(io::Error::other)?));
        }
    }
}
