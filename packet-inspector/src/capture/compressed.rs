//! gzip and zstd, recognised by their first bytes.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

const GZIP: [u8; 2] = [0x1F, 0x8B];
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// The bytes of a file, without compression.
pub(super) fn open(mut source: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut start = Vec::new();
    source.by_ref().take(4).read_to_end(&mut start)?;
    let (gzip, zstd) = (start.starts_with(&GZIP), start == ZSTD);
    let source = Cursor::new(start).chain(source);
    if gzip {
        Ok(Box::new(MultiGzDecoder::new(source)))
    } else if zstd {
        Ok(Box::new(Zstd { source: Some(Box::new(source)), frame: None }))
    } else {
        Ok(Box::new(source))
    }
}

/// Frames of zstd, one after the other.
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
            }
            let ended = self.frame.take().map(|frame| frame.into_inner());
            let Some(mut source) = ended.or_else(|| self.source.take()) else { return Ok(0) };
            let mut start = Vec::new();
            source.by_ref().take(4).read_to_end(&mut start)?;
            if start.is_empty() {
                return Ok(0);
            }
            let source: Box<dyn Read> = Box::new(Cursor::new(start).chain(source));
            self.frame = Some(Box::new(StreamingDecoder::new(source).map_err(io::Error::other)?));
        }
    }
}
