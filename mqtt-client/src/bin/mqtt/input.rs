//! Lines of standard input, as they come, without their ends.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::plan::{MOST, TOO_LONG};

/// How much is read at a time. Lines share the memory that they were read into.
const BLOCK: usize = 64 * 1024;

/// Lines of a reader: bytes of any kind up to a line feed. The last may lack it.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: BytesMut,
    /// So many bytes of the buffer hold no line feed.
    searched: usize,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, buffer: BytesMut::new(), searched: 0, ended: false }
    }

    /// The next line; `None` at the end.
    ///
    /// Cancel-safe.
    ///
    /// # Errors
    /// Those of the reader, and a line that no packet can hold.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + at).freeze();
                self.buffer.advance(1);
                self.searched = 0;
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            if self.ended {
                self.searched = 0;
                return Ok(Some(self.buffer.split().freeze()).filter(|line| !line.is_empty()));
            }
            if self.searched > MOST {
                return Err(io::Error::new(io::ErrorKind::InvalidData, TOO_LONG));
            }
            self.buffer.reserve(BLOCK);
            self.ended = self.reader.read_buf(&mut self.buffer).await? == 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &[u8]) -> Vec<Bytes> {
        let mut lines = Lines::new(input);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.expect("a slice can be read") {
            all.push(line);
        }
        all
    }

    #[tokio::test]
    async fn lines_are_what_stands_between_line_feeds() {
        assert!(lines(b"").await.is_empty());
        assert_eq!(lines(b"\n").await, [""]);
        assert_eq!(lines(b"a\n\nb\r\n\0c").await, ["a", "", "b\r", "\0c"]);
        assert_eq!(lines(b"a\n").await, ["a"]);
    }

    #[tokio::test]
    async fn lines_longer_than_a_block_are_whole() {
        let mut input = vec![b'x'; 3 * BLOCK];
        input.extend(b"\ny");
        let lines = lines(&input).await;
        assert_eq!((lines[0].len(), &lines[1][..]), (3 * BLOCK, &b"y"[..]));
    }
}
