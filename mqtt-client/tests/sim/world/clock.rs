//! Time, and what Keep Alive promises about it.

use std::time::Duration;

use mqtt_client::session::ConnectionError;

use super::World;
use crate::sim::dice::Dice;
use crate::sim::plan::CONNACK_TIMEOUT;

impl World {
    /// Time passes; what is due is done when it is due.
    pub(super) fn pass(&mut self, dice: &mut dyn Dice) {
        let unit = [1, 50, 1_000, 10_000][dice.roll(4) as usize];
        let end = self.now + Duration::from_millis(unit * u64::from(dice.roll(256)));
        self.pump(None);
        let mut turns = 0;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            turns += 1;
            assert!(turns < 100_000, "the deadline {deadline:?} does not move");
            self.now = self.now.max(deadline);
            let result = self.session.handle_timeout(self.now);
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
            let since = self.last_in.max(self.awaited_since.unwrap_or(self.last_data));
            assert!(self.now <= since + period * 5 / 4, "half-open for {:?}", self.now - since);
        }
    }
}
