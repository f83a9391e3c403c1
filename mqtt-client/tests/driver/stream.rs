//! A connection in memory to a Server that acknowledges everything at once. It notes each write, and allocates nothing
//! once its buffers are there.
#![allow(dead_code, clippy::panic, reason = "not every test needs all of it; one that panics fails")]

use std::io::{self, IoSlice};
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use mqtt_client::transport::BoxIo;
use mqtt_client::{Connecting, Options, SessionOptions};
use mqtt_codec::{Connack, Decoded, Decoder, Packet, PacketType, Side};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The Server's end.
#[derive(Clone, Default)]
pub(crate) struct Stream(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    /// Calls of write since they were last looked at.
    pub(crate) writes: usize,
    /// The packets that they brought.
    pub(crate) packets: Vec<PacketType>,
    /// What the client will read.
    answers: Vec<u8>,
    /// Note the addresses that were read to.
    pub(crate) notes_reads: bool,
    pub(crate) reads: Vec<Range<usize>>,
    reader: Option<Waker>,
}

impl Stream {
    /// Options of a client that connects to it.
    pub(crate) fn options(&self, session: SessionOptions) -> Options {
        let stream = self.clone();
        Options::over(session, move || -> Connecting {
            let io: BoxIo = Box::new(stream.clone());
            Box::pin(std::future::ready(Ok(io)))
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Sends a packet to the client.
    pub(crate) fn send(&self, packet: &Packet<'_>) {
        let mut state = self.state();
        packet.encode_to(&mut state.answers).unwrap();
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    /// Writes since the last call, and their packets.
    pub(crate) fn take(&self) -> (usize, Vec<PacketType>) {
        let mut state = self.state();
        (std::mem::take(&mut state.writes), std::mem::take(&mut state.packets))
    }
}

impl State {
    fn receive(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Decoded::Packet(packet, len) = Decoder::new().sent_by(Side::Client).decode(bytes).unwrap()
            else {
                panic!("packets are written whole")
            };
            self.packets.push(packet.packet_type());
            let answer = match packet {
                Packet::Connect(_) => Some(Packet::Connack(Connack::Accepted { session_present: false })),
                Packet::Publish(publish) => publish.delivery.packet_id().map(|id| match publish.delivery {
                    mqtt_codec::Delivery::ExactlyOnce { .. } => Packet::Pubrec(id),
                    _ => Packet::Puback(id),
                }),
                Packet::Pubrel(id) => Some(Packet::Pubcomp(id)),
                Packet::Pubrec(id) => Some(Packet::Pubrel(id)),
                _ => None,
            };
            if let Some(answer) = answer {
                answer.encode_to(&mut self.answers).unwrap();
            }
            bytes = &bytes[len..];
        }
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if state.answers.is_empty() {
            state.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let len = state.answers.len().min(buf.remaining());
        if state.notes_reads {
            let start = buf.initialize_unfilled().as_ptr().addr();
            state.reads.push(start..start + len);
        }
        buf.put_slice(&state.answers[..len]);
        state.answers.drain(..len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        state.writes += 1;
        state.receive(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match slices {
            [all] => self.poll_write(context, all),
            pieces => {
                let whole: Vec<u8> = pieces.iter().flat_map(|piece| piece.to_vec()).collect();
                self.poll_write(context, &whole)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
