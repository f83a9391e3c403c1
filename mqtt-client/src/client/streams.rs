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
            for arrival in queue.waiting {
                self.waiting -= 1;
                self.waiting_bytes -= arrival.message.weight();
            }
        }
    }

    /// Puts a message into each queue that wants it.
    #[inline]
    pub(crate) fn hand_over(&mut self, arrival: Arrival, wakers: &mut Vec<Waker>) {
        let name = arrival.message.topic.as_name();
        let wants = |queue: &Queue| match &queue.filters {
            None => true,
            Some(filters) => filters.iter().any(|filter| filter.matches(name)),
        };
        let mut first = None;
        let mut others = Vec::new();
        for (id, queue) in self.streams.iter().enumerate() {
            if queue.as_ref().is_some_and(wants) {
                match first {
                    None => first = Some(id),
                    Some(_) => others.push(id),
                }
            }
        }
        for id in others {
            self.push(id, arrival.clone(), wakers);
        }
        match first {
            Some(id) => self.push(id, arrival, wakers),
            None => self.unclaimed.push(arrival.acknowledgement),
        }
    }

    #[inline]
    fn push(&mut self, id: StreamId, arrival: Arrival, wakers: &mut Vec<Waker>) {
        if let Some(Some(queue)) = self.streams.get_mut(id) {
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

    /// Takes the next message of a stream; `Err` when none will come any more, or none is there.
    #[inline]
    pub(crate) fn next(&mut self, id: StreamId) -> Result<Arrival, Empty> {
        let Some(Some(queue)) = self.streams.get_mut(id) else { return Err(Empty::Ended) };
        match queue.waiting.pop_front() {
            Some(arrival) => {
                self.waiting -= 1;
                self.waiting_bytes -= arrival.message.weight();
                if queue.waiting.is_empty() {
                    // Buffers appear when messages do.
                    queue.waiting = VecDeque::new();
                }
                Ok(arrival)
            }
            None if queue.ended => Err(Empty::Ended),
            None => Err(Empty::NotYet),
        }
    }

    /// Wake this one when a message comes.
    pub(crate) fn wait(&mut self, id: StreamId, waker: &Waker) {
        if let Some(Some(queue)) = self.streams.get_mut(id) {
            queue.waker = Some(waker.clone());
        }
    }

    /// So much waits that no more is to be read.
    #[inline]
    pub(crate) fn is_full(&self, unacknowledged: usize) -> bool {
        self.waiting.max(unacknowledged) >= self.max_waiting || self.waiting_bytes >= self.max_waiting_bytes
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
