//! Time, and what Keep Alive promises about it.

use std::time::Duration;

use mqtt_client::session::ConnectionError;

use super::World;
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

    /// What is due is done when it is due.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        self.pump(None);
        let mut turns = 0;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            turns += 1;
            assert!(turns < 100_000, "the deadline {deadline:?} does not move");
            self.now = self.now.max(deadline);
            let sent_before = self.session.outbox_len();
            let result = self.session.handle_timeout(self.now);
            if self.session.outbox_len() > sent_before {
                self.check_ping();
            }
            self.pump(None);
            self.check_clock();
            if let Err(error) = result {
                assert!(matches!(error, ConnectionError::NoConnack | ConnectionError::NoPingresp));
                self.counts.given_up += 1;
                self.lose();
            }
        }
        self.now = end;
        self.check_clock();
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
        // Bytes that were stuck before CONNACK are none of its concern.
        if !link.stuck && self.last_out > self.opened {
            assert!(self.now <= self.last_out + period, "silent for {:?}", self.now - self.last_out);
        }
        if self.reading {
            let end = match self.awaited_since {
                // Whatever was sent meanwhile; who begins to await in the silence asks at once.
                Some(since) => (self.last_in + period * 5 / 4).max(since + period / 4),
                None => self.last_in.max(self.last_out) + period * 5 / 4,
            };
            assert!(self.now <= end, "half-open for {:?}", self.now - self.last_in);
        }
    }

    /// PINGREQ goes out: one side was silent for almost Keep Alive, theirs while something has to be acknowledged.
    fn check_ping(&self) {
        let almost = Duration::from_secs(self.plan.keep_alive.into()) * 3 / 4;
        let (ours, theirs) = (self.now - self.last_out, self.now - self.last_in);
        assert!(
            ours >= almost || (self.reading && self.awaited_since.is_some() && theirs >= almost),
            "PINGREQ after {ours:?} and {theirs:?}"
        );
    }
}
