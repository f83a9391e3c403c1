//! One connection: bytes between the transport and the session. It knows nothing of MQTT.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use mqtt_codec::{Decoded, Decoder};
use tokio::io::AsyncWrite;
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::client::shared::{Shared, State, now};
use crate::driver::commit::Committer;
use crate::driver::options::{Direction, Tap};
use crate::driver::reconnect::Standing;
use crate::driver::timer::Timer;
use crate::error::Error;
use crate::session::Outbox;
use crate::transport::BoxIo;

/// The least and the most that is read at a time; buffers grow while reads fill them. The smallest stays while nothing
/// comes.
const READ_LEN: (usize, usize) = (256, 128 * 1_024);
/// Not more is read while so many bytes of answers wait to be written: a peer that does not read gets no more of them. What
/// we have to say by ourselves does not count: while a large message leaves slowly, acknowledgements and PINGRESP are read.
const MAX_UNWRITTEN: usize = 1 << 20;
/// An answer is never longer than what it answers, and has so many bytes.
const ANSWER: usize = 4;
/// DISCONNECT waits no longer than this for a peer that does not read.
const GRACE: Duration = Duration::from_secs(1);
/// Reads in one turn, before what they brought is answered and other tasks get their turn.
const READS: usize = 16;

/// The state of one connection.
pub(super) struct Connection<'a> {
    pub(super) io: BoxIo,
    pub(super) shared: &'a Shared,
    pub(super) committer: &'a mut Committer,
    pub(super) tap: Option<&'a Tap>,
    received: BytesMut,
    read_len: usize,
    writing: Outbox,
    /// The beginning of a packet that was written in part, for the tap.
    begun: Vec<u8>,
    /// So many of the bytes that wait to be written are answers, at most.
    answers: usize,
    /// Nothing is read since the user takes no messages.
    deaf: bool,
    /// Nothing is read since the peer takes no answers.
    owed: bool,
    /// Bytes were written and not flushed.
    unflushed: bool,
    timer: Timer,
    /// When CONNACK came.
    accepted: Option<Instant>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(
        io: BoxIo,
        shared: &'a Shared,
        committer: &'a mut Committer,
        tap: Option<&'a Tap>,
    ) -> Self {
        shared.lock().connection_opened(now());
        Self {
            io,
            shared,
            committer,
            tap,
            received: BytesMut::new(),
            read_len: READ_LEN.0,
            writing: if tap.is_some() { Outbox::contiguous() } else { Outbox::default() },
            begun: Vec::new(),
            answers: 0,
            deaf: false,
            owed: false,
            unflushed: false,
            timer: Timer::default(),
            accepted: None,
        }
    }

    /// Works until the connection ends: DISCONNECT was written, or something went wrong.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.poll_work(context) {
            Ok(poll) => poll.map(Ok),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn poll_work(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, Error> {
        // Before anything is looked at, so that no call after that goes unnoticed.
        self.shared.lock().driver = Some(context.waker().clone());
        let more = self.read(context)?;
        self.check_timer(context)?;
        self.write(context)?;
        if self.is_over() {
            return Ok(Poll::Ready(()));
        }
        if more {
            context.waker().wake_by_ref();
        } else if self.received.is_empty() && self.received.capacity() > READ_LEN.0 {
            // Memory is held while there are bytes.
            self.received = BytesMut::new();
        }
        Ok(Poll::Pending)
    }

    /// Reads what is there, and hands it to the session. `true` when there may be more.
    fn read(&mut self, context: &mut Context<'_>) -> Result<bool, Error> {
        for _ in 0..READS {
            if !self.may_read() {
                return Ok(false);
            }
            if self.received.capacity() - self.received.len() < self.read_len / 2 {
                self.received.reserve(self.read_len);
            }
            let room = self.received.capacity() - self.received.len();
            match poll_read_buf(Pin::new(&mut self.io), context, &mut self.received) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Err(error)) => return Err(Error::Lost(error)),
                Poll::Ready(Ok(0)) => return Err(Error::Lost(io::ErrorKind::UnexpectedEof.into())),
                Poll::Ready(Ok(count)) => {
                    if count == room {
                        self.read_len = (self.read_len * 2).min(READ_LEN.1);
                    } else if count < self.read_len / 4 {
                        self.read_len = (self.read_len / 2).max(READ_LEN.0);
                    }
                    self.handle(count)?;
                }
            }
        }
        Ok(true)
    }

    /// Whether the user and the network take what reading brings.
    fn may_read(&mut self) -> bool {
        let mut state = self.shared.lock();
        let unwritten = self.writing.len() + self.committer.held_len() + state.session.outbox_len();
        // CONNACK has its time, whatever waits; messages come behind it.
        let full = state.session.is_online() && state.is_full();
        state.note_stalled(full, now);
        if state.reading_stopped != full || self.deaf != full {
            (state.reading_stopped, self.deaf) = (full, full);
            state.session.set_reading(now(), !full);
        }
        self.answers = self.answers.min(unwritten);
        let owed = self.answers >= MAX_UNWRITTEN;
        if self.owed != owed {
            self.owed = owed;
            state.session.set_owed(now(), owed);
        }
        !full && !owed
    }

    fn handle(&mut self, count: usize) -> Result<(), Error> {
        if let Some(tap) = self.tap {
            tap_packets(tap, Direction::Received, &self.received);
        }
        let mut state = self.shared.lock();
        let was_online = state.session.is_online();
        state.statistics.bytes_received += count as u64;
        let unwritten = state.session.outbox_len();
        let result = state.session.handle_bytes(now(), &mut self.received);
        self.answers += state.session.outbox_len().saturating_sub(unwritten).min(count + ANSWER);
        let is_online = state.session.is_online();
        self.shared.pass_on(state);
        if is_online != was_online {
            self.accepted = Some(now());
            self.shared.changed.notify_waiters();
        }
        Ok(result?)
    }

    /// Does what is due, and sleeps until something is. That bytes were sent puts the next ping off, and is seen when the
    /// timer rings.
    fn check_timer(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        loop {
            let deadline = {
                let mut state = self.shared.lock();
                let now = now();
                let protocol = state.session.deadline();
                if protocol.is_some_and(|deadline| deadline <= now) {
                    state.session.handle_timeout(now)?;
                    continue;
                }
                state.give_up_requests(now);
                let stalled = state.stalled_until();
                let closing = state.closing.and_then(|closing| closing.deadline);
                let closing =
                    closing.map(|deadline| if deadline > now { deadline } else { deadline + GRACE });
                protocol.into_iter().chain(stalled).chain(closing.filter(|deadline| *deadline > now)).min()
            };
            let Some(deadline) = deadline else { return Ok(()) };
            if self.timer.poll(deadline, context).is_pending() {
                return Ok(());
            }
        }
    }

    /// Stores what changed and writes what may leave.
    fn write(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        loop {
            self.collect(context)?;
            if self.writing.is_empty() {
                break;
            }
            match self.poll_write(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Err(error)) => return Err(Error::Lost(error)),
                Poll::Ready(Ok(0)) => return Err(Error::Lost(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.unflushed = true;
                    let mut state = self.shared.lock();
                    state.statistics.bytes_sent += count as u64;
                    state.session.written(now(), count);
                    self.shared.pass_on(state);
                }
            }
        }
        if self.unflushed {
            match AsyncWrite::poll_flush(Pin::new(&mut self.io), context) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Err(Error::Lost(error)),
            }
        }
        Ok(())
    }

    /// Writes some of what waits, and shows the packets that are written then.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(tap) = self.tap else {
            return poll_write_buf(Pin::new(&mut self.io), context, &mut self.writing);
        };
        let bytes = self.writing.contiguous_bytes();
        let count = ready!(Pin::new(&mut self.io).poll_write(context, bytes))?;
        self.begun.extend_from_slice(bytes.get(..count).unwrap_or_default());
        let shown = self.begun.len() - tap_packets(tap, Direction::Sent, &self.begun).len();
        self.begun.drain(..shown);
        self.writing.advance(count);
        Poll::Ready(Ok(count))
    }

    /// Takes bytes from the session, by way of the store when they rest on changes.
    fn collect(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        loop {
            if self.committer.is_running() {
                let Poll::Ready(result) = self.committer.poll(context) else { return Ok(()) };
                self.writing.append(result?);
                self.shared.batch_stored();
            }
            let mut state = self.shared.lock();
            close_when_done(&mut state);
            let closing = state.closing.is_some();
            if state.session.has_urgent_changes()
                || (state.session.has_changes() && (closing || self.committer.is_moment_over(context)))
            {
                let mut held = self.empty_outbox();
                let changes = state.take_batch(&mut held, self.writing.len() < MAX_UNWRITTEN);
                self.shared.pass_on(state);
                self.committer.start(changes, held);
                continue;
            }
            if self.writing.is_empty() && state.session.wants_to_send() {
                state.session.take_outbox(&mut self.writing);
                state.session.send_waiting();
                self.shared.pass_on(state);
            }
            return Ok(());
        }
    }

    fn empty_outbox(&self) -> Outbox {
        if self.tap.is_some() { Outbox::contiguous() } else { Outbox::default() }
    }

    /// The user wanted an end, and nothing is left to be written or stored, or it takes too long.
    fn is_over(&self) -> bool {
        let state = self.shared.lock();
        let Some(closing) = state.closing else { return false };
        if closing.deadline.is_some_and(|deadline| deadline + GRACE <= now()) {
            return true;
        }
        // Before CONNACK there is nothing to be said.
        let done = state.session.is_disconnected() || (!state.session.is_online() && closing.is_due(&state));
        done && !state.session.wants_to_send()
            && !state.session.has_changes()
            && self.writing.is_empty()
            && !self.unflushed
            && !self.committer.is_running()
    }

    /// How good it was until now.
    pub(super) fn standing(&self, settled_after: Duration) -> Standing {
        match self.accepted {
            None => Standing::NotAccepted,
            Some(accepted) if now().duration_since(accepted) >= settled_after => Standing::Settled,
            Some(_) if self.shared.lock().session.has_served() => Standing::Served,
            Some(_) => Standing::Accepted,
        }
    }

    /// Closes the transport in its own way, for at most so long as it takes without waiting for the peer.
    pub(super) fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<()> {
        AsyncWrite::poll_shutdown(Pin::new(&mut self.io), context).map(drop)
    }

    /// Waits until the peer has closed too, and forgets what it still says: closing with unread bytes resets a TCP
    /// connection, and what the peer has not received by then is lost, DISCONNECT too.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            self.received.clear();
            self.received.reserve(READ_LEN.0);
            match ready!(poll_read_buf(Pin::new(&mut self.io), context, &mut self.received)) {
                Ok(0) | Err(_) => return Poll::Ready(()),
                Ok(_) => {}
            }
        }
    }
}

/// Sends DISCONNECT when the user wants an end, and all is complete or the time is over.
fn close_when_done(state: &mut State) {
    if state.closing.is_some_and(|closing| closing.is_due(state)) {
        state.session.disconnect();
    }
}

/// Shows each whole packet, or all of what is none, and gives what is left: the beginning of one.
fn tap_packets<'b>(tap: &Tap, direction: Direction, mut bytes: &'b [u8]) -> &'b [u8] {
    while !bytes.is_empty() {
        let shown = match Decoder::new().decode(bytes) {
            Ok(Decoded::Packet(_, len)) => len,
            Ok(Decoded::NeedMore { .. }) => break,
            Err(_) => bytes.len(),
        };
        let (packet, rest) = bytes.split_at_checked(shown).unwrap_or((bytes, &[]));
        tap(direction, packet);
        bytes = rest;
    }
    bytes
}
