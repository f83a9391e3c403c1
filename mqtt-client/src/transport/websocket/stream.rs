//! The byte stream inside the binary frames of a WebSocket [MQTT-6.0.0-1] [MQTT-6.0.0-2].

use std::fmt;
use std::io::{self, Cursor, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_write_buf;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// How much is read ahead.
const READ_LEN: usize = 8 * 1_024;
/// The longest frame that is sent: it is copied to be masked.
const MAX_FRAME: usize = 128 * 1_024;
/// A peer that sends pings and does not read gets no more answers.
const MAX_UNWRITTEN_ANSWERS: usize = 4 * 1_024;
/// RFC 6455, 5.5.
const MAX_CONTROL_LEN: u64 = 125;

/// A WebSocket after its handshake, as a stream of bytes.
///
/// Payloads are passed on as they come, whatever their frames: memory does not depend on what the peer does.
pub(in crate::transport) struct WebSocket<S> {
    io: S,
    /// Read, and not passed on.
    received: BytesMut,
    /// Bytes of the current frame's payload that are to come, or in `received`.
    payload_left: u64,
    /// The last frame of the current message has not begun.
    fragmented: bool,
    /// Frames that are not written.
    unwritten: BytesMut,
    /// Close was sent.
    closed: bool,
    /// The mask of the nth frame.
    mask: Box<dyn Fn(u64) -> [u8; 4] + Send>,
    frames: u64,
}

/// What came in a frame.
enum Frame {
    /// Payload of the stream, perhaps of no bytes.
    Payload,
    /// Nothing for the stream.
    Control,
    /// More bytes are needed.
    Unfinished,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Over a stream from which these bytes were read already.
    pub(super) fn new(io: S, received: BytesMut, mask: impl Fn(u64) -> [u8; 4] + Send + 'static) -> Self {
        Self {
            io,
            received,
            payload_left: 0,
            fragmented: false,
            unwritten: BytesMut::new(),
            closed: false,
            mask: Box::new(mask),
            frames: 0,
        }
    }

    /// Takes the header of a frame from what was read, and all of a control frame.
    fn next_frame(&mut self) -> io::Result<Frame> {
        let mut cursor = Cursor::new(&self.received[..]);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| violation("a frame of no known kind"))?;
        let Some((header, len)) = parsed else { return Ok(Frame::Unfinished) };
        let header_len = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(violation("a reserved bit that is set"));
        }
        if header.mask.is_some() {
            return Err(violation("a masked frame"));
        }
        match header.opcode {
            OpCode::Control(_) if len > MAX_CONTROL_LEN || !header.is_final => {
                Err(violation("a control frame that is long, or one of several"))
            }
            OpCode::Control(kind) => {
                let frame_len = header_len + usize::try_from(len).unwrap_or(usize::MAX);
                if self.received.len() < frame_len {
                    return Ok(Frame::Unfinished);
                }
                let mut payload = self.received.split_to(frame_len);
                payload.advance(header_len);
                self.control(kind, &payload)?;
                Ok(Frame::Control)
            }
            OpCode::Data(Data::Text) => Err(violation("a text frame [MQTT-6.0.0-1]")),
            OpCode::Data(kind) if (kind == Data::Continue) != self.fragmented => {
                Err(violation("the parts of different messages mixed"))
            }
            OpCode::Data(_) => {
                self.received.advance(header_len);
                self.fragmented = !header.is_final;
                self.payload_left = len;
                Ok(Frame::Payload)
            }
        }
    }

    fn control(&mut self, kind: Control, payload: &[u8]) -> io::Result<()> {
        match kind {
            // The RFC allows to leave out answers to all but the last.
            Control::Ping if self.unwritten.len() < MAX_UNWRITTEN_ANSWERS && !self.closed => {
                self.frame(OpCode::Control(Control::Pong), [payload]);
            }
            Control::Ping | Control::Pong | Control::Reserved(_) => {}
            Control::Close => {
                let why = match payload.split_first_chunk() {
                    Some((code, reason)) => format!(
                        "the server closed the WebSocket: code {}, {:?}",
                        u16::from_be_bytes(*code),
                        String::from_utf8_lossy(reason)
                    ),
                    None => "the server closed the WebSocket".to_owned(),
                };
                return Err(io::Error::new(io::ErrorKind::ConnectionAborted, why));
            }
        }
        Ok(())
    }

    /// Puts a frame to what is to be written.
    fn frame<'b>(&mut self, opcode: OpCode, payload: impl IntoIterator<Item = &'b [u8]> + Clone) -> usize {
        let len: usize = payload.clone().into_iter().map(<[u8]>::len).sum();
        let mask = (self.mask)(self.frames);
        self.frames += 1;
        let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
        self.unwritten.reserve(header.len(len as u64) + len);
        let mut head = Vec::new();
        // Writing into a vector can't fail.
        let _ = header.format(len as u64, &mut head);
        self.unwritten.extend_from_slice(&head);
        let start = self.unwritten.len();
        for part in payload {
            self.unwritten.extend_from_slice(part);
        }
        for chunk in self.unwritten.split_at_mut(start).1.chunks_mut(4) {
            for (byte, mask) in chunk.iter_mut().zip(mask) {
                *byte ^= mask;
            }
        }
        len
    }

    /// Writes what waits.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unwritten.is_empty() {
            if ready!(poll_write_buf(Pin::new(&mut self.io), context, &mut self.unwritten))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        self.unwritten = BytesMut::new();
        Poll::Ready(Ok(()))
    }

    /// Sends as one frame what may leave now.
    fn poll_send<'b>(
        &mut self,
        context: &mut Context<'_>,
        payload: impl IntoIterator<Item = &'b [u8]> + Clone,
    ) -> Poll<io::Result<usize>> {
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        ready!(self.poll_drain(context))?;
        let len = self.frame(OpCode::Data(Data::Binary), payload);
        // What does not leave now leaves with the next write or flush.
        match self.poll_drain(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(len)),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.payload_left > 0 && !this.received.is_empty() {
                let len = this.received.len().min(into.remaining()).min(up_to(this.payload_left));
                into.put_slice(&this.received.split_to(len));
                this.payload_left -= len as u64;
                return Poll::Ready(Ok(()));
            }
            if this.payload_left > 0 {
                // The rest of a frame goes straight where it is wanted.
                let len = into.remaining().min(up_to(this.payload_left));
                let mut part = ReadBuf::new(into.initialize_unfilled_to(len));
                ready!(Pin::new(&mut this.io).poll_read(context, &mut part))?;
                let count = part.filled().len();
                if count == 0 && len > 0 {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                into.advance(count);
                this.payload_left -= count as u64;
                return Poll::Ready(Ok(()));
            }
            match this.next_frame()? {
                Frame::Payload => continue,
                Frame::Control => {
                    // Answers do not wait for somebody to write.
                    if let Poll::Ready(Err(error)) = this.poll_drain(context) {
                        return Poll::Ready(Err(error));
                    }
                    continue;
                }
                Frame::Unfinished => {}
            }
            if this.received.is_empty() {
                // Memory is held while there are bytes.
                this.received = BytesMut::new();
            }
            let mut chunk = [0; READ_LEN];
            let mut part = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut this.io).poll_read(context, &mut part))?;
            if part.filled().is_empty() {
                // Without Close; the driver takes any end for a loss.
                return Poll::Ready(Ok(()));
            }
            this.received.extend_from_slice(part.filled());
        }
    }
}

/// As many, or as many as there can be.
fn up_to(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (bytes, _) = bytes.split_at_checked(MAX_FRAME).unwrap_or((bytes, &[]));
        self.poll_send(context, [bytes])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut room = MAX_FRAME;
        let parts = slices.iter().map_while(|slice| {
            let (part, _) = slice.split_at_checked(room).unwrap_or((slice, &[]));
            room -= part.len();
            (room > 0 || !part.is_empty()).then_some(part)
        });
        let parts: Vec<_> = parts.collect();
        self.poll_send(context, parts.iter().copied())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closed {
            const NORMAL: [u8; 2] = 1_000_u16.to_be_bytes();
            self.frame(OpCode::Control(Control::Close), [&NORMAL[..]]);
            self.closed = true;
        }
        ready!(self.poll_drain(context))?;
        ready!(Pin::new(&mut self.io).poll_flush(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// The server breaks the rules of WebSocket, or those of MQTT for it.
fn violation(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server broke the WebSocket protocol: {what}"))
}

impl<S> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("closed", &self.closed).finish_non_exhaustive()
    }
}
