//! Who gets which messages.

use std::collections::VecDeque;
use std::task::Waker;

use mqtt_codec::TopicFilterBuf;

use crate::session::{Acknowledgement, Arrival};

/// The queues of all streams of messages. What waits in them is bounded: when it is too much, the driver stops reading.
#[derive(Debug)]
pub(crate) struct Streams {
    streams: Vec<Option<Queue>>,
    /// In all queues together.
    waiting: usize,
    waiting_bytes: usize,
    max_waiting: usize,
    max_waiting_bytes: usize,
    unclaimed: Vec<Option<Acknowledgement>>,
}

#[derive(Debug)]
struct Queue {
    /// `None` for all messages.
    filters: Option<Vec<TopicFilterBuf>>,
    waiting: VecDeque<Arrival>,
    waker: Option<Waker>,
    ended: bool,
}

impl Queue {
    #[inline]
    fn wants(&self, arrival: &Arrival) -> bool {
        let name = arrival.message.topic.as_name();
        self.filters.as_ref().is_none_or(|filters| filters.iter().any(|filter| filter.matches(name)))
    }
}

fn weight(arrivals: &VecDeque<Arrival>) -> usize {
    arrivals.iter().map(|arrival| arrival.message.weight()).sum()
}

/// Moves all messages into an empty queue, and that one's memory back.
fn exchange(from: &mut VecDeque<Arrival>, into: &mut VecDeque<Arrival>) {
    debug_assert!(into.is_empty(), "they would be lost");
    std::mem::swap(from, into);
    give_back(from, into.len());
}

/// Gives the memory of an empty queue back when it was much more than so many messages needed: buffers last as long as
/// there is something to put into them.
fn give_back(queue: &mut VecDeque<Arrival>, needed: usize) {
    if queue.capacity() > 4 * needed.max(4) {
        *queue = VecDeque::new();
    }
}

/// The place of a stream.
pub(crate) type StreamId = usize;

impl Streams {
    pub(crate) fn new(max_waiting: usize, max_waiting_bytes: usize) -> Self {
        Self {
            streams: Vec::new(),
            waiting: 0,
            waiting_bytes: 0,
            max_waiting,
            max_waiting_bytes,
            unclaimed: Vec::new(),
        }
    }

    /// A new stream of the messages that match, or of all.
    pub(crate) fn open(&mut self, filters: Option<Vec<TopicFilterBuf>>, ended: bool) -> StreamId {
        let queue = Some(Queue { filters, waiting: VecDeque::new(), waker: None, ended });
        match self.streams.iter_mut().enumerate().find(|(_, slot)| slot.is_none()) {
            Some((id, slot)) => {
                *slot = queue;
                id
            }
            None => {
                self.streams.push(queue);
                self.streams.len() - 1
            }
        }
    }

    /// The stream is gone, and what waited in it. What the user should have acknowledged stays unacknowledged, so that
    /// the Server sends it again on the next connection.
    pub(crate) fn close(&mut self, id: StreamId) {
        if let Some(queue) = self.streams.get_mut(id).and_then(Option::take) {
            self.waiting -= queue.waiting.len();
            self.waiting_bytes -= weight(&queue.waiting);
        }
    }

    /// Puts each message into the queues that want it.
    pub(crate) fn hand_over(&mut self, arrivals: &mut VecDeque<Arrival>, wakers: &mut Vec<Waker>) {
        let mut queues = self.streams.iter_mut().flatten();
        if let (Some(queue), None) = (queues.next(), queues.next())
            && arrivals.iter().all(|arrival| queue.wants(arrival))
        {
            // As it mostly is: all of them at once, without looking at each again.
            self.waiting += arrivals.len();
            self.waiting_bytes += weight(arrivals);
            match queue.waiting.is_empty() {
                true => exchange(arrivals, &mut queue.waiting),
                false => queue.waiting.append(arrivals),
            }
            return wakers.extend(queue.waker.take());
        }
        let len = arrivals.len();
        arrivals.drain(..).for_each(|arrival| self.hand_over_one(arrival, wakers));
        give_back(arrivals, len);
    }

    fn hand_over_one(&mut self, arrival: Arrival, wakers: &mut Vec<Waker>) {
        let wants = |queue: &Option<Queue>| queue.as_ref().is_some_and(|queue| queue.wants(&arrival));
        let Some(last) = self.streams.iter().rposition(wants) else {
            return self.unclaimed.push(arrival.acknowledgement);
        };
        for queue in self.streams.iter_mut().take(last).flatten() {
            if queue.wants(&arrival) {
                self.waiting += 1;
                self.waiting_bytes += arrival.message.weight();
                queue.waiting.push_back(arrival.clone());
                wakers.extend(queue.waker.take());
            }
        }
        if let Some(Some(queue)) = self.streams.get_mut(last) {
            self.waiting += 1;
            self.waiting_bytes += arrival.message.weight();
            queue.waiting.push_back(arrival);
            wakers.extend(queue.waker.take());
        }
    }

    /// Acknowledgements of messages that nobody took; counts all of these messages.
    pub(crate) fn take_unclaimed(&mut self, count: &mut u64) -> Vec<Acknowledgement> {
        if self.unclaimed.is_empty() {
            return Vec::new();
        }
        *count += self.unclaimed.len() as u64;
        self.unclaimed.drain(..).flatten().collect()
    }

    /// Takes all messages of a stream that wait, at least one, into `batch`, which is empty. `Err` when none will come any
    /// more, or none is there.
    pub(crate) fn take(&mut self, id: StreamId, batch: &mut VecDeque<Arrival>) -> Result<(), Empty> {
        let Some(Some(queue)) = self.streams.get_mut(id) else { return Err(Empty::Ended) };
        if queue.waiting.is_empty() {
            return Err(if queue.ended { Empty::Ended } else { Empty::NotYet });
        }
        exchange(&mut queue.waiting, batch);
        self.waiting -= batch.len();
        self.waiting_bytes -= weight(batch);
        Ok(())
    }

    /// Wake this one when a message comes.
    pub(crate) fn wait(&mut self, id: StreamId, waker: &Waker) {
        if let Some(Some(queue)) = self.streams.get_mut(id) {
            queue.waker = Some(waker.clone());
        }
    }

    /// So much waits that no more is to be read, if so many times as many messages may wait.
    #[inline]
    pub(crate) fn is_full(&self, unacknowledged: usize, times: usize) -> bool {
        self.waiting.max(unacknowledged) >= self.max_waiting.saturating_mul(times)
            || self.waiting_bytes >= self.max_waiting_bytes
    }

    /// No more messages will come.
    pub(crate) fn end(&mut self, wakers: &mut Vec<Waker>) {
        for queue in self.streams.iter_mut().flatten() {
            queue.ended = true;
            wakers.extend(queue.waker.take());
        }
    }
}

/// Why there is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    NotYet,
    Ended,
}
