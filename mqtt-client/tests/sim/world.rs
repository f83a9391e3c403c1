//! The client with its driver, the network, and what happens to them.

mod clock;
mod turns;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use mqtt_client::session::{Refused, Session, Tag};
use mqtt_client::{Message, TopicFilterBuf, TopicNameBuf};

use super::audit::Audit;
use super::dice::Dice;
use super::plan::{Counts, Disk, Open, Plan};
use super::server::{Server, payload, qos};
use super::user::{Published, User};

/// A connection.
#[derive(Debug, Default)]
struct Link {
    /// Taken from the outbox, not written.
    pending: VecDeque<u8>,
    up: VecDeque<u8>,
    down: VecDeque<u8>,
    received: BytesMut,
    /// Half-open: what is written goes nowhere, and nothing comes.
    dead: bool,
    /// Nothing can be written.
    stuck: bool,
    /// So many bytes can be written at a time.
    slow: Option<usize>,
}

#[derive(Debug)]
pub(super) struct World {
    plan: Plan,
    now: Instant,
    session: Session,
    server: Server,
    link: Option<Link>,
    disk: Disk,
    /// By the number that the session gave it, a message.
    numbers: BTreeMap<u64, usize>,
    user: User,
    audit: Audit,
    sent_by_server: usize,
    /// Messages whose `publish` did not return yet.
    unpromised: Vec<usize>,
    reading: bool,
    /// The user may expect that the Server has a session, and was told that it has none.
    expects_session: bool,
    tells_loss: bool,
    // For Keep Alive.
    opened: Instant,
    accepted: Instant,
    last_out: Instant,
    /// Since when acknowledgements are awaited that were not when something was written before.
    awaited_since: Option<Instant>,
    last_in: Instant,
    /// Since when some bytes have waited to be written.
    behind_since: Option<Instant>,
    ping: Ping,
    counts: Counts,
}

/// PINGREQ on a connection.
#[derive(Debug, Default)]
struct Ping {
    /// Bytes that stand before the end of the one that waits to be written.
    before: Option<usize>,
    /// When the first that is not answered was written, and how long bytes had waited then.
    asked: Option<(Instant, Duration)>,
}

impl World {
    pub(super) fn new(plan: Plan, open: Option<Open>) -> Self {
        let mut disk = Disk::new(open.filter(|_| plan.stored));
        let session = match plan.stored {
            true => Session::restore(plan.options(), disk.load()),
            false => Session::new(plan.options()),
        };
        let now = Instant::now();
        Self {
            plan,
            now,
            session: session.unwrap(),
            server: Server::default(),
            link: None,
            disk,
            numbers: BTreeMap::new(),
            user: User::default(),
            audit: Audit::new(plan.window.into(), plan.hostile && plan.manual),
            sent_by_server: 0,
            unpromised: vec![],
            reading: true,
            expects_session: false,
            tells_loss: false,
            opened: now,
            accepted: now,
            last_out: now,
            awaited_since: None,
            last_in: now,
            behind_since: None,
            ping: Ping::default(),
            counts: Counts { histories: 1, ..Counts::default() },
        }
    }

    pub(super) fn counts(mut self) -> Counts {
        self.user.counts(&mut self.counts);
        self.counts.resent = self.audit.resent;
        self.counts.sessions_lost = self.server.sessions as u64;
        assert_eq!(self.session.is_online(), self.audit.online);
        self.counts
    }

    /// Something happens.
    pub(super) fn step(&mut self, dice: &mut dyn Dice) {
        self.counts.steps += 1;
        match dice.roll(32) {
            0..=4 => self.publish(dice.roll(3), dice.roll(40)),
            5 => (0..dice.roll(30)).for_each(|_| self.publish(dice.roll(3), 0)),
            6..=8 => {
                self.server.publish(self.sent_by_server, u8::try_from(dice.roll(3)).unwrap());
                self.sent_by_server += 1;
            }
            9 => self.ask(dice),
            10..=13 => self.pump(Some(dice)),
            14..=17 => self.deliver_up(dice.roll(256)),
            18..=20 => self.serve(dice.roll(8), dice.roll(4) == 0),
            21..=24 => self.deliver_down(dice.roll(256)),
            25 => self.pass(dice),
            26 => self.cut(dice.roll(256), dice.roll(256)),
            27 => self.trouble(dice),
            28 if self.plan.stored => self.crash(dice.roll(2) == 0),
            29 if self.plan.manual => self.acknowledge(dice.roll(256)),
            30 if self.plan.hostile => self.hostile(dice),
            _ => self.connect(),
        }
        self.check_bounds();
    }

    fn check_bounds(&self) {
        let window = usize::from(self.plan.window);
        assert!(self.session.waiting() <= self.plan.queue + if self.plan.clean { window } else { 0 });
        assert!(self.session.in_flight() <= window + self.user.asked.len() + 1);
        assert!(self.session.unacknowledged() <= 65_535);
        assert!(self.plan.manual || self.session.unacknowledged() == 0);
    }

    pub(super) fn publish(&mut self, level: u32, padding: u32) {
        let index = self.user.published.len();
        let mut bytes = payload(index);
        // Large ones leave without a copy.
        bytes.resize(bytes.len() + if padding == 39 { 5_000 } else { padding as usize }, 0);
        let topic = TopicNameBuf::from_static("u").unwrap();
        let message = Message::to(topic, Bytes::from(bytes)).qos(qos(level));
        let full = self.session.waiting() >= self.plan.queue;
        let has_room = self.session.has_room();
        match self.session.publish(message.clone(), Some(Tag(u32::try_from(index).unwrap()))) {
            Ok(()) => {
                assert!(!full || self.session.waiting() <= self.plan.queue);
                self.unpromised.push(index);
                let qos = message.qos.as_u8();
                self.user.published.push(Published { qos, promised: false, orphaned: false, outcome: None });
            }
            Err(Refused::Full(back)) => assert!(back == message && !has_room),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn ask(&mut self, dice: &mut dyn Dice) {
        let filter = ["d", "d", "e"][dice.roll(3) as usize];
        let parsed = TopicFilterBuf::from_static(filter).unwrap();
        let tag = self.user.next_tag;
        let wish = if dice.roll(3) == 0 {
            self.session.unsubscribe(vec![parsed], Tag(tag)).unwrap();
            None
        } else {
            let level = dice.roll(3);
            self.session.subscribe(vec![(parsed, qos(level))], Tag(tag)).unwrap();
            Some(u8::try_from(level).unwrap())
        };
        self.user.next_tag += 1;
        self.user.asked.insert(tag, (filter, wish));
        self.user.wishes.insert(filter, wish);
    }

    fn acknowledge(&mut self, which: u32) {
        let waiting = self.user.to_acknowledge.len();
        if waiting > 0 {
            let (message, acknowledgement) = self.user.to_acknowledge.remove(which as usize % waiting);
            self.user.acknowledged.push(message);
            self.session.acknowledge(acknowledgement);
        }
    }

    fn connect(&mut self) {
        if self.link.is_some() {
            return;
        }
        self.counts.connections += 1;
        self.link = Some(Link::default());
        self.session.connection_opened(self.now);
        self.audit.connection_opened();
        self.reading = true;
        (self.opened, self.last_out, self.last_in) = (self.now, self.now, self.now);
        (self.awaited_since, self.behind_since, self.ping) = (None, None, Ping::default());
        // The old connection is taken over, if the Server knows it still.
        self.server.cut();
    }

    /// The connection ends; so many bytes that are on their way arrive first.
    fn cut(&mut self, up: u32, down: u32) {
        if self.link.is_some() {
            self.counts.cuts += 1;
            self.deliver_up(up);
            self.deliver_down(down);
            self.lose();
        }
    }

    /// The client sees that the connection is gone.
    fn lose(&mut self) {
        self.link = None;
        self.server.cut();
        self.audit.connection_lost(self.plan.clean, self.session.wants_to_send());
        self.session.connection_lost();
        assert!(!self.session.wants_to_send() && self.session.deadline().is_none());
        self.take();
    }

    fn trouble(&mut self, dice: &mut dyn Dice) {
        match dice.roll(10) {
            0 => self.server.refuse_next = true,
            1 => self.server.forget_next = true,
            2 => self.server.repeats_pubrec ^= true,
            3 => {
                self.session.disconnect();
                self.audit_disconnect();
            }
            4 => {
                self.reading ^= true;
                self.session.set_reading(self.now, self.reading);
                if self.reading {
                    self.last_in = self.now;
                }
            }
            5 | 6 => self.link.iter_mut().for_each(|link| link.dead = true),
            7 | 8 => {
                let slow = 1 + dice.roll(100) as usize;
                self.link.iter_mut().for_each(|link| link.slow = Some(slow));
            }
            _ => self.link.iter_mut().for_each(|link| (link.dead, link.stuck) = (true, true)),
        }
    }

    /// DISCONNECT is written, and the connection closed.
    fn audit_disconnect(&mut self) {
        if self.link.is_some() && !self.session.is_online() {
            self.pump(None);
            self.deliver_up(256);
            self.lose();
        }
    }

    /// The process is killed, perhaps just after its last changes were stored, and started again.
    fn crash(&mut self, stored: bool) {
        self.counts.crashes += 1;
        if stored {
            self.take();
        }
        if self.link.is_some() {
            self.deliver_up(256);
        }
        self.link = None;
        self.server.cut();
        // Those were never promised.
        for message in self.unpromised.drain(..) {
            self.user.published[message].orphaned = true;
        }
        self.user.crashed();
        let saved = self.disk.load();
        self.audit.connection_lost(false, true);
        self.audit.crashed(&saved, &self.numbers);
        (self.expects_session, self.tells_loss) = (self.disk.established, false);
        self.session = Session::restore(self.plan.options(), saved).unwrap();
    }

    /// The network works from now on, the Server behaves, the user does what is due: everything ends well.
    pub(super) fn calm(&mut self) {
        if self.plan.hostile && self.link.is_some() {
            self.lose();
        }
        if self.plan.hostile {
            self.server.forget_next = true;
        }
        (self.server.refuse_next, self.server.repeats_pubrec) = (false, false);
        let patience = 20 + 8 * (self.user.published.len() + self.sent_by_server);
        for _ in 0..patience {
            if self.link.as_ref().is_some_and(|link| link.dead || link.stuck) {
                self.lose();
            }
            self.connect();
            self.link.iter_mut().for_each(|link| link.slow = None);
            self.reading = true;
            self.session.set_reading(self.now, true);
            self.now += Duration::from_millis(1);
            self.last_in = self.now;
            self.pump(None);
            self.deliver_up(255);
            self.serve(u32::MAX, false);
            self.deliver_down(255);
            while !self.user.to_acknowledge.is_empty() {
                self.acknowledge(0);
            }
            let link_is_empty = self
                .link
                .as_ref()
                .is_some_and(|link| link.pending.is_empty() && link.up.is_empty() && link.down.is_empty());
            if self.session.is_online() && self.session.is_drained() && self.server.is_done() && link_is_empty
            {
                break;
            }
        }
        self.pump(None);
        self.store_all();
        assert!(self.session.is_drained() && self.server.is_done(), "no end: {self:?}");
        assert!(self.disk.is_empty(), "all that was stored is finished");
        assert_eq!(self.session.unacknowledged(), 0);
        self.audit.owes_nothing(self.plan.manual && self.plan.hostile);
        self.user.is_content();
        if !self.plan.hostile {
            assert!(self.disk.held.is_empty(), "no identifier is held for ever: {:?}", self.disk.held);
            self.user.checks(&self.plan, &self.server);
        }
    }
}
