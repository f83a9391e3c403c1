//! Who waits for room in the queue of messages.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::client::shared::{Shared, State};

/// Those who wait, in the order in which they came. As many are called as there are places, and no more: with a thousand
/// tasks before a full queue, each place costs one of them a wake-up, not all.
///
/// Whoever is called and does not come holds one place back, until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Room {
    waiting: BTreeMap<u64, Waker>,
    next: u64,
    /// Those who were called and have not come yet.
    called: usize,
}

impl Room {
    /// Calls those whose turn it is, with so many places.
    pub(crate) fn call(&mut self, places: impl FnOnce() -> usize, wakers: &mut Vec<Waker>) {
        if self.waiting.is_empty() {
            return;
        }
        let places = places();
        while self.called < places
            && let Some((_, waker)) = self.waiting.pop_first()
        {
            self.called += 1;
            wakers.push(waker);
        }
    }

    /// Calls all, since nobody will find a place any more.
    pub(crate) fn call_all(&mut self, wakers: &mut Vec<Waker>) {
        self.call(|| usize::MAX, wakers);
    }
}

/// A turn in the line, which is left by dropping it.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    shared: &'a Shared,
    ticket: Option<u64>,
    /// It stands in the line: not called, or come and gone back to its place.
    waits: bool,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self { shared, ticket: None, waits: false }
    }

    /// Stands in the line: at its end, or where it stood before.
    pub(crate) fn wait(&mut self, state: &mut State, waker: &Waker) {
        let room = &mut state.room;
        let ticket = *self.ticket.get_or_insert_with(|| {
            room.next += 1;
            room.next
        });
        room.waiting.insert(ticket, waker.clone());
        self.waits = true;
    }

    /// Comes, called or not, to look whether there is room.
    pub(crate) fn come(&mut self, state: &mut State) {
        if let Some(ticket) = self.ticket
            && std::mem::take(&mut self.waits)
            && state.room.waiting.remove(&ticket).is_none()
        {
            state.room.called -= 1;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.waits {
            let mut state = self.shared.lock();
            self.come(&mut state);
            // It may have been called, and its place is another's.
            self.shared.call_waiting(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake};
    use std::time::{Duration, Instant};

    use bytes::BytesMut;
    use mqtt_codec::QoS;

    use super::*;
    use crate::client::Client;
    use crate::client::streams::Streams;
    use crate::error::{Closed, PublishError};
    use crate::session::{Outbox, Session};
    use crate::{Delivery, Message, SessionOptions};

    type Publish = Pin<Box<dyn Future<Output = Result<Delivery, PublishError>>>>;

    /// Counts how often somebody was woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn take(&self) -> usize {
            self.0.swap(0, Ordering::Relaxed)
        }
    }

    /// A client with a full queue of so many messages, and so many more that wait for room, with one in flight.
    struct World {
        shared: Arc<Shared>,
        client: Client,
        count: Arc<Count>,
        publishes: Vec<Publish>,
        next_id: u16,
    }

    fn message(len: usize) -> Message {
        Message::new("t", vec![0; len]).unwrap().qos(QoS::AtLeastOnce)
    }

    impl World {
        fn new(queue: (usize, usize), waiting: usize) -> Self {
            Self::with(queue, waiting, 99)
        }

        /// Those that wait have a payload of so many bytes.
        fn with(queue: (usize, usize), waiting: usize, len: usize) -> Self {
            let options = SessionOptions::new("a").in_flight(1).queue(queue.0, queue.1);
            let session = Session::new(options).unwrap();
            let shared = Shared::new(session, false, Streams::new(1, 1), Duration::ZERO);
            let client = Client::new(Arc::clone(&shared));
            let mut world = Self { shared, client, count: Arc::default(), publishes: vec![], next_id: 1 };
            world.receives(|session| session.connection_opened(Instant::now()));
            world.receives_bytes(b"\x20\x02\x00\x00");
            while world.client.try_publish(message(99)).is_ok() {}
            for _ in 0..waiting {
                let client = world.client.clone();
                world.publishes.push(Box::pin(async move { client.publish(message(len)).await }));
            }
            assert_eq!((world.poll_all(), world.count.take()), (0, 0));
            world
        }

        fn receives(&mut self, what: impl FnOnce(&mut Session)) {
            let mut state = self.shared.lock();
            what(&mut state.session);
            // As if it had been written.
            state.session.take_outbox(&mut Outbox::default());
            state.session.send_waiting();
            self.shared.pass_on(state);
        }

        fn receives_bytes(&mut self, bytes: &[u8]) {
            let mut bytes = BytesMut::from(bytes);
            self.receives(|session| session.handle_bytes(Instant::now(), &mut bytes).unwrap());
        }

        /// The message in flight is acknowledged, and one that waits goes out.
        fn makes_room(&mut self) {
            let [high, low] = self.next_id.to_be_bytes();
            self.next_id += 1;
            self.receives_bytes(&[0x40, 2, high, low]);
        }

        /// Polls all, as if all had been woken; gives how many were accepted.
        fn poll_all(&mut self) -> usize {
            let before = self.publishes.len();
            let waker = Arc::clone(&self.count).into();
            let mut context = Context::from_waker(&waker);
            self.publishes.retain_mut(|publish| match publish.as_mut().poll(&mut context) {
                Poll::Ready(result) => {
                    drop(result.unwrap());
                    false
                }
                Poll::Pending => true,
            });
            before - self.publishes.len()
        }

        fn poll(&mut self, which: usize) -> bool {
            let waker = Arc::clone(&self.count).into();
            let done = self.publishes[which].as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
            if done {
                drop(self.publishes.remove(which));
            }
            done
        }
    }

    #[test]
    fn a_place_wakes_one_of_a_thousand() {
        let mut world = World::new((4, usize::MAX), 1_000);
        for _ in 0..1_000 {
            world.makes_room();
            assert_eq!(world.count.take(), 1);
            // In their order.
            assert!(world.poll(0));
            assert_eq!(world.count.take(), 0);
        }
        world.makes_room();
        assert_eq!(world.count.take(), 0);
    }

    #[test]
    fn several_places_wake_as_many() {
        let mut world = World::new((4, usize::MAX), 10);
        for called in 1..=4 {
            world.makes_room();
            assert_eq!(world.count.take(), 1, "{called}");
        }
        assert_eq!(world.poll_all(), 4);
        assert_eq!(world.count.take(), 0);
    }

    #[test]
    fn a_place_is_passed_on_by_who_is_dropped() {
        let mut world = World::new((4, usize::MAX), 3);
        // Was not called.
        drop(world.publishes.remove(2));
        assert_eq!(world.count.take(), 0);
        world.makes_room();
        assert_eq!(world.count.take(), 1);
        drop(world.publishes.remove(0));
        assert_eq!(world.count.take(), 1);
        assert!(world.poll(0));
        world.makes_room();
        assert_eq!(world.count.take(), 0);
        assert_eq!(world.shared.lock().room.called, 0);
    }

    #[test]
    fn who_comes_too_late_keeps_its_turn() {
        let mut world = World::new((4, usize::MAX), 3);
        world.makes_room();
        assert_eq!(world.count.take(), 1);
        drop(world.client.try_publish(message(99)).unwrap());
        assert!(!world.poll(0) && !world.poll(1));
        world.makes_room();
        assert_eq!(world.count.take(), 1);
        assert!(world.poll(0));
    }

    /// With a bound on bytes nobody knows how many messages there is room for.
    #[test]
    fn bytes_wake_about_as_many_as_they_have_room_for_and_the_others_after_them() {
        // Ten of 100 bytes.
        let mut world = World::new((1_000, 1_000), 20);
        for _ in 0..5 {
            world.makes_room();
        }
        assert_eq!(world.count.take(), 5);
        assert_eq!(world.poll_all(), 5);
        assert_eq!(world.count.take(), 0);
        // Shorter ones take less: whoever comes calls the next.
        let mut world = World::with((1_000, 1_000), 20, 0);
        world.makes_room();
        let (mut called, mut accepted) = (world.count.take(), 0);
        while called > accepted && world.poll(0) {
            accepted += 1;
            called += world.count.take();
        }
        assert_eq!((called, accepted), (20, 20));
    }

    #[test]
    fn all_are_told_of_the_end() {
        let mut world = World::new((4, usize::MAX), 10);
        let mut state = world.shared.lock();
        state.end(Closed::Disconnected);
        world.shared.pass_on(state);
        assert_eq!(world.count.take(), 10);
        let waker = Arc::clone(&world.count).into();
        let mut context = Context::from_waker(&waker);
        for mut publish in world.publishes.drain(..) {
            assert!(matches!(publish.as_mut().poll(&mut context), Poll::Ready(Err(PublishError::Closed(_)))));
        }
    }
}
