//! Time, and what Keep Alive promises about it.

use std::time::Duration;

use mqtt_client::session::ConnectionError;

use super::{Ping, World};
use crate::sim::dice::Dice;
use crate::sim::plan::CONNACK_TIMEOUT;

impl World {
    /// Time passes, at times while the user goes on publishing.
    pub(super) fn pass(&mut self, dice: &mut dyn Dice) {
        let unit = [1, 50, 1_000, 10_000][dice.roll(4) as usize];
        let time = Duration::from_millis(unit * u64::from(dice.roll(256)));
        if dice.roll(2) == 0 {
            return self.wait(time);
        }
        if dice.roll(2) == 0 {
            self.become_half_open();
        }
        let level = dice.roll(3);
        for _ in 0..8 {
            self.publish(level, 0);
            self.wait(time / 8);
        }
    }

    /// What is under way is completed, as far as the user does not hold it up, and from then on nothing arrives.
    fn become_half_open(&mut self) {
        for _ in 0..3 {
            self.pump(None);
            self.deliver_up(255);
            self.serve(u32::MAX, false);
            self.deliver_down(255);
        }
        self.link.iter_mut().for_each(|link| link.dead = true);
    }

    /// What is due is done when it is due, and a slow network takes some bytes now and then.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        self.pump(None);
        let mut turns = 0;
        loop {
            let deadline = self.session.deadline();
            let takes_more =
                self.link.as_ref().is_some_and(|link| link.slow.is_some() && !link.pending.is_empty());
            let taken = takes_more.then(|| self.now + (time / 16).max(Duration::from_millis(1)));
            let Some(next) = deadline.into_iter().chain(taken).min().filter(|next| *next <= end) else {
                break;
            };
            turns += 1;
            assert!(turns < 100_000, "the deadline {deadline:?} does not move");
            self.now = self.now.max(next);
            let sent_before = self.session.outbox_len();
            let result = self.session.handle_timeout(self.now);
            if self.session.outbox_len() > sent_before {
                self.check_ping();
            }
            if result.is_ok() {
                self.pump(None);
            }
            self.check_clock();
            if let Err(error) = result {
                self.check_end(error);
                self.counts.given_up += 1;
                self.lose();
            }
        }
        self.now = end;
        self.check_clock();
    }

    /// Nobody is given up on too early.
    fn check_end(&self, error: ConnectionError) {
        let period = Duration::from_secs(self.plan.keep_alive.into());
        let earliest = match (error, &self.ping) {
            (ConnectionError::NoConnack, _) => return assert!(self.now >= self.opened + CONNACK_TIMEOUT),
            (ConnectionError::NoPingresp, Ping { asked: Some((written, _)), .. }) => {
                self.last_in.max(*written) + period / 4
            }
            (ConnectionError::NoPingresp, Ping { before: Some(_), .. }) => {
                self.last_in.max(self.last_out) + period
            }
            other => panic!("{other:?}"),
        };
        assert!(self.reading && self.now >= earliest, "{error} after {:?}", self.now - self.last_out);
    }

    /// The network took so many bytes.
    pub(super) fn note_written(&mut self, len: usize) {
        self.last_out = self.now;
        if let Some(before) = self.ping.before.take() {
            if before > len {
                self.ping.before = Some(before - len);
            } else {
                let behind = self.behind_since.map_or(Duration::ZERO, |since| self.now - since);
                self.ping.asked = self.ping.asked.or(Some((self.now, behind)));
            }
        }
        let pending = self.link.as_ref().is_some_and(|link| !link.pending.is_empty());
        let more = pending || self.session.wants_to_send();
        self.behind_since = more.then(|| self.behind_since.unwrap_or(self.now));
    }

    pub(super) fn check_clock(&self) {
        let Some(link) = &self.link else { return };
        if !self.session.is_online() {
            assert!(
                self.audit.disconnected || self.now <= self.opened + CONNACK_TIMEOUT,
                "no CONNACK, no end"
            );
            return;
        }
        let period = Duration::from_secs(self.plan.keep_alive.into());
        if period.is_zero() {
            return;
        }
        // Bytes that were stuck before CONNACK are none of its concern; of what waits for the network it can do nothing.
        if self.ping.before.is_none() && !link.stuck && self.last_out > self.opened {
            // There is a moment behind a CONNACK that came late.
            let end = (self.last_out + period).max(self.accepted + period / 4);
            assert!(self.now <= end, "silent for {:?}", self.now - self.last_out);
        }
        if self.reading {
            let end = match (&self.ping, self.awaited_since) {
                // The network took it late, as it took what was before it.
                (Ping { asked: Some((written, behind)), .. }, _) if !behind.is_zero() => {
                    self.last_in.max(*written) + period / 4 + period.min(*behind)
                }
                // It waits behind bytes that the network takes.
                (Ping { before: Some(_), asked: None }, _) => {
                    self.last_in.max(self.last_out) + period * 5 / 4
                }
                // Whatever was sent meanwhile; who begins to await in the silence asks at once.
                (_, Some(since)) => (self.last_in + period * 5 / 4).max(since + period / 4),
                (_, None) => self.last_in.max(self.last_out) + period * 5 / 4,
            };
            assert!(self.now <= end, "half-open for {:?}", self.now - self.last_in);
        }
    }

    /// PINGREQ goes out: one side was silent for almost Keep Alive, theirs while something has to be acknowledged.
    fn check_ping(&mut self) {
        assert_eq!(self.ping.before, None, "one PINGREQ waits at a time");
        let pending = self.link.as_ref().map_or(0, |link| link.pending.len());
        self.ping.before = Some(pending + self.session.outbox_len());
        let almost = Duration::from_secs(self.plan.keep_alive.into()) * 3 / 4;
        let (ours, theirs) = (self.now - self.last_out, self.now - self.last_in);
        let moment = (almost / 3).min(Duration::from_secs(2));
        assert!(self.now >= self.accepted + moment, "PINGREQ just behind CONNACK");
        assert!(
            ours >= almost || (self.reading && self.awaited_since.is_some() && theirs >= almost),
            "PINGREQ after {ours:?} and {theirs:?}"
        );
    }
}
