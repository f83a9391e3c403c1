//! What the handles and the driver share: the session behind one lock, and who waits for what.
//!
//! A call takes the lock, tells the session, and wakes the driver, unless that is awake already; so one wake-up and one
//! write serve all that was called in between, and nothing is allocated for a message.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use mqtt_codec::SubackReturnCode;
use tokio::sync::{Notify, broadcast, oneshot};

use crate::client::deliveries::Deliveries;
use crate::client::room::Room;
use crate::client::streams::Streams;
use crate::error::{Closed, Error, SubscribeError};
use crate::session::{Event, Outbox, Session, Tag};
use crate::store::Change;
use crate::trace;
use crate::{ConnectionEvent, Statistics};

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Changes are stored: a publish is accepted when its commit is done.
    pub(crate) is_stored: bool,
    /// A commit of an even or an odd batch is done, or none will be. Who waits does so for the batch that is being stored
    /// or for the next, so nobody is woken for another's.
    committed: [Notify; 2],
    /// The connection was accepted or lost, or the driver stopped.
    pub(crate) changed: Notify,
}

/// The time, which tests of tokio's can stop.
#[inline]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A list of wakers of this length is not given back.
const KEPT_WAKERS: usize = 64;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) session: Session,
    pub(crate) deliveries: Deliveries,
    pub(crate) streams: Streams,
    pub(crate) room: Room,
    /// Who waits for SUBACK or UNSUBACK.
    requests: HashMap<Tag, Request>,
    next_request: u32,
    events: Option<broadcast::Sender<ConnectionEvent>>,
    pub(crate) statistics: Statistics,
    /// Wakes the driver; gone while it is awake.
    pub(crate) driver: Option<Waker>,
    /// To be woken when the lock is released.
    wakers: Vec<Waker>,
    /// To be logged when the lock is released: whoever takes log lines may call the client.
    told: Vec<ConnectionEvent>,
    pub(crate) closing: Option<Closing>,
    /// The driver has stopped.
    pub(crate) ended: Option<Closed>,
    /// Accepted messages that were incomplete when the driver stopped.
    pub(crate) unfinished: usize,
    /// Batches of changes that the driver took, and that are stored.
    pub(crate) batches_taken: u64,
    pub(crate) batches_stored: u64,
    /// The driver sleeps without reading, since too many messages wait.
    pub(crate) reading_stopped: bool,
    /// Since when it does so though somebody waits for SUBACK or UNSUBACK, and nobody takes a message.
    stalled: Option<Instant>,
    unread_timeout: Duration,
}

/// Somebody waits for SUBACK or UNSUBACK.
#[derive(Debug)]
struct Request {
    since: Instant,
    answer: oneshot::Sender<Answer>,
}

/// To SUBSCRIBE or UNSUBSCRIBE.
pub(crate) type Answer = Result<Vec<SubackReturnCode>, SubscribeError>;

/// While somebody waits for one, so many times as many messages may wait: who waits for it may be who takes them.
const ROOM_FOR_AN_ANSWER: usize = 16;

/// The user wants an end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closing {
    /// Until then what is accepted may be completed.
    pub(crate) deadline: Option<Instant>,
}

impl Closing {
    /// All is complete, or the time for it is over. Where there is a time, the exchanges of received messages are also
    /// completed: without one, a Server could hold the end up.
    pub(crate) fn is_due(self, state: &State) -> bool {
        match self.deadline {
            None => state.session.is_drained(),
            Some(deadline) if deadline <= now() => true,
            Some(_) => {
                let session = &state.session;
                session.is_drained() && !(session.is_online() && session.awaits_pubrel())
            }
        }
    }
}

impl Shared {
    pub(crate) fn new(
        session: Session,
        stored: bool,
        streams: Streams,
        unread_timeout: Duration,
    ) -> Arc<Self> {
        Arc::new(Self {
            is_stored: stored,
            state: Mutex::new(State {
                session,
                deliveries: Deliveries::default(),
                streams,
                room: Room::default(),
                requests: HashMap::new(),
                next_request: 0,
                events: None,
                statistics: Statistics::default(),
                driver: None,
                wakers: Vec::new(),
                told: Vec::new(),
                closing: None,
                ended: None,
                unfinished: 0,
                batches_taken: 0,
                batches_stored: 0,
                reading_stopped: false,
                stalled: None,
                unread_timeout,
            }),
            committed: [Notify::new(), Notify::new()],
            changed: Notify::new(),
        })
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole after each call, also of one that panicked in a waker.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases the lock, and wakes the driver when it sleeps: there is something to do.
    #[inline]
    pub(crate) fn wake_driver(mut state: MutexGuard<'_, State>) {
        let driver = state.driver.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// The same for who took a message: the driver sleeps without reading when too many wait.
    #[inline]
    pub(crate) fn wake_driver_to_read(mut state: MutexGuard<'_, State>) {
        if let Some(since) = &mut state.stalled {
            *since = now();
        }
        if state.reading_stopped && !state.is_full() {
            state.reading_stopped = false;
            Self::wake_driver(state);
        }
    }

    /// Waits until everything that has changed until now is stored.
    pub(crate) async fn stored(&self) -> Result<(), Closed> {
        if !self.is_stored {
            return Ok(());
        }
        let needed = {
            let state = self.lock();
            // Changes that nobody took go with the next batch; else the last that was taken has them.
            state.batches_taken + u64::from(state.session.has_urgent_changes())
        };
        loop {
            let committed = self.committed_of(needed).notified();
            {
                let state = self.lock();
                if state.batches_stored >= needed {
                    return Ok(());
                }
                if let Some(closed) = &state.ended {
                    return Err(closed.clone());
                }
            }
            committed.await;
        }
    }

    /// A batch of changes is stored.
    pub(crate) fn batch_stored(&self) {
        let stored = {
            let mut state = self.lock();
            state.batches_stored += 1;
            state.batches_stored
        };
        self.committed_of(stored).notify_waiters();
    }

    fn committed_of(&self, batch: u64) -> &Notify {
        let [even, odd] = &self.committed;
        if batch.is_multiple_of(2) { even } else { odd }
    }

    /// No commit will be done any more.
    pub(crate) fn no_more_commits(&self) {
        self.committed.iter().for_each(Notify::notify_waiters);
    }

    /// Passes on what the session has to tell, releases the lock, and wakes who waits.
    pub(crate) fn pass_on<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        state.pass_on_events();
        state.pass_on_arrivals();
        if !state.told.is_empty() {
            let told = std::mem::take(&mut state.told);
            drop(state);
            told.iter().for_each(trace::event);
            state = self.lock();
        }
        self.call_waiting(state);
    }

    /// Calls those who wait for room, if there is any, releases the lock, and wakes whom it has to.
    pub(crate) fn call_waiting<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        let State { session, room, wakers, .. } = &mut *state;
        room.call(|| session.room(), wakers);
        if !state.wakers.is_empty() {
            let mut wakers = std::mem::take(&mut state.wakers);
            drop(state);
            for waker in wakers.drain(..) {
                waker.wake();
            }
            // The next time needs as much again, unless it was much.
            let mut state = self.lock();
            if wakers.capacity() <= KEPT_WAKERS && state.wakers.is_empty() {
                state.wakers = wakers;
            }
        }
    }
}

impl State {
    /// Why nothing is accepted any more.
    #[inline]
    pub(crate) fn check_open(&self) -> Result<(), Closed> {
        if self.closing.is_none() && self.ended.is_none() {
            return Ok(());
        }
        Err(self.ended.clone().unwrap_or(Closed::Disconnected))
    }

    /// So many messages wait for the user that no more are to be read.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        let unacknowledged = self.session.unacknowledged();
        self.streams.is_full(unacknowledged, 1)
            && (!self.awaits_answer() || self.streams.is_full(unacknowledged, ROOM_FOR_AN_ANSWER))
    }

    /// Somebody waits for SUBACK or UNSUBACK.
    fn awaits_answer(&self) -> bool {
        self.requests.values().any(|request| !request.answer.is_closed())
    }

    /// There is a new connection.
    pub(crate) fn connection_opened(&mut self, now: Instant) {
        self.stalled = None;
        self.session.connection_opened(now);
    }

    /// Whether too many messages wait to read on.
    #[inline]
    pub(crate) fn note_stalled(&mut self, full: bool, now: impl FnOnce() -> Instant) {
        if !full || !self.awaits_answer() {
            self.stalled = None;
        } else if self.stalled.is_none() {
            self.stalled = Some(now());
        }
    }

    /// When the first who waits for SUBACK or UNSUBACK has waited long enough for somebody to take a message.
    pub(crate) fn stalled_until(&self) -> Option<Instant> {
        let stalled = self.stalled?;
        let open = self.requests.values().filter(|request| !request.answer.is_closed());
        open.map(|request| request.since).min()?.max(stalled).checked_add(self.unread_timeout)
    }

    /// Tells who waits for an answer that it can't be read, if that is so for too long.
    pub(crate) fn give_up_requests(&mut self, now: Instant) {
        let Some(stalled) = self.stalled else { return };
        let is_over = |request: &mut Request| {
            let end = request.since.max(stalled).checked_add(self.unread_timeout);
            end.is_some_and(|end| end <= now)
        };
        for (_, request) in self.requests.extract_if(|_, request| is_over(request)) {
            // Whoever asked may have stopped waiting.
            let _ = request.answer.send(Err(SubscribeError::Unread));
        }
    }

    fn pass_on_events(&mut self) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Published { tag, outcome } => {
                    self.statistics.completed += 1;
                    if let Some(waker) = self.deliveries.complete(tag, outcome) {
                        self.wakers.push(waker);
                    }
                }
                Event::Subscribed { tag, return_codes } => self.answer(tag, return_codes),
                Event::Unsubscribed { tag } => self.answer(tag, Vec::new()),
                Event::RequestAbandoned { tag } => {
                    self.requests.remove(&tag);
                }
                Event::Connected { session_present } => {
                    self.statistics.connections += 1;
                    self.tell(ConnectionEvent::Connected { session_present });
                }
                Event::SessionLost => self.tell(ConnectionEvent::SessionLost),
                Event::SubscriptionLost { filter } => self.tell(ConnectionEvent::SubscriptionLost { filter }),
            }
        }
    }

    fn pass_on_arrivals(&mut self) {
        let Self { session, streams, statistics, wakers, .. } = self;
        let arrivals = session.arrivals();
        if arrivals.is_empty() {
            return;
        }
        statistics.received += arrivals.len() as u64;
        streams.hand_over(arrivals, wakers);
        // Nobody takes these, so nobody acknowledges them.
        for acknowledgement in streams.take_unclaimed(&mut statistics.unclaimed) {
            session.acknowledge(acknowledgement);
        }
    }

    fn answer(&mut self, tag: Tag, return_codes: Vec<SubackReturnCode>) {
        if let Some(request) = self.requests.remove(&tag) {
            // Whoever asked may have stopped waiting.
            let _ = request.answer.send(Ok(return_codes));
        }
    }

    /// A tag for a request, and where its answer will arrive.
    pub(crate) fn new_request(&mut self) -> (Tag, oneshot::Receiver<Answer>) {
        let (answer, receiver) = oneshot::channel();
        while self.requests.contains_key(&Tag(self.next_request)) {
            self.next_request = self.next_request.wrapping_add(1);
        }
        let tag = Tag(self.next_request);
        self.next_request = self.next_request.wrapping_add(1);
        self.requests.insert(tag, Request { since: now(), answer });
        (tag, receiver)
    }

    pub(crate) fn forget_request(&mut self, tag: Tag) {
        self.requests.remove(&tag);
    }

    /// Tells the observers, if any, and the log when the lock is released.
    pub(crate) fn tell(&mut self, event: ConnectionEvent) {
        self.told.push(event.clone());
        if let Some(events) = &self.events {
            let _ = events.send(event);
        }
    }

    pub(crate) fn observe(&mut self) -> broadcast::Receiver<ConnectionEvent> {
        const LATEST: usize = 64;
        self.events.get_or_insert_with(|| broadcast::channel(LATEST).0).subscribe()
    }

    /// Changes to be stored, and, if they are wanted now, the bytes that rest on them.
    pub(crate) fn take_batch(&mut self, held: &mut Outbox, bytes_too: bool) -> Vec<Change> {
        let changes = self.session.take_changes();
        self.batches_taken += 1;
        if bytes_too {
            self.session.take_outbox(held);
            self.session.send_waiting();
        }
        changes
    }

    /// The driver stops: everybody who waits is told.
    pub(crate) fn end(&mut self, reason: Closed) {
        if self.ended.is_some() {
            return;
        }
        self.unfinished = self.session.unfinished();
        self.session.abandon();
        self.ended = Some(reason);
        self.pass_on_events();
        self.requests.clear();
        self.streams.end(&mut self.wakers);
        self.room.call_all(&mut self.wakers);
        self.events = None;
    }
}

impl Closed {
    /// Of the driver's result.
    pub(crate) fn of(result: &Result<(), Arc<Error>>) -> Self {
        match result {
            Ok(()) => Self::Disconnected,
            Err(error) => Self::Failed(Arc::clone(error)),
        }
    }
}
