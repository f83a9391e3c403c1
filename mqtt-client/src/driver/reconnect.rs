//! When to try again.

use std::fmt;
use std::time::Duration;

use crate::error::Error;

/// A connection that could not be made, or was lost.
#[derive(Debug)]
pub struct Failure<'a> {
    /// Why.
    pub error: &'a Error,
    /// Attempts that failed one after the other, 1 for the first. A connection counts as a success when it
    /// [lasted](crate::Options::settled_after). One that did not, but on which messages got through, is no success, and
    /// counts as the third failure at most: so two clients with one Client Identifier, who take over from each other, do so
    /// more and more slowly, and who works over a network that fails all the time still gets on.
    pub attempts: u32,
    /// Some connection was accepted by the Server since the client was made.
    pub was_connected: bool,
    /// The error is [permanent](Error::is_permanent), and so were the last ones of all other addresses: trying again is of no
    /// use.
    pub is_permanent: bool,
}

/// Decides whether and when to try again.
pub trait Reconnect: Send + fmt::Debug + 'static {
    /// The pause before the next attempt; `None` to stop for good.
    fn next(&mut self, failure: &Failure<'_>) -> Option<Duration>;
}

/// Exponential backoff with full jitter: before attempt *n* a random pause of up to `first · 2ⁿ⁻¹`, at most `longest`.
/// Stops when every address in turn has failed with a [permanent](Error::is_permanent) error.
///
/// ```
/// use std::time::Duration;
/// use mqtt_client::Backoff;
///
/// let patient = Backoff::new(Duration::from_millis(500), Duration::from_secs(120));
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// With these longest pauses: before the first attempt again, and before any.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }
}

impl Default for Backoff {
    /// 200 ms at most before the first attempt again, 30 s at most before any.
    fn default() -> Self {
        Self::new(Duration::from_millis(200), Duration::from_secs(30))
    }
}

impl Reconnect for Backoff {
    fn next(&mut self, failure: &Failure<'_>) -> Option<Duration> {
        if failure.is_permanent {
            return None;
        }
        let doublings = failure.attempts.saturating_sub(1).min(31);
        let most = self.first.saturating_mul(1 << doublings).min(self.longest);
        Some(most.mul_f64(fastrand::f64()))
    }
}

/// What is counted from failure to failure.
#[derive(Debug, Default)]
pub(super) struct Tally {
    attempts: u32,
    /// Permanent errors one after the other, each of another address.
    permanent: usize,
    was_connected: bool,
}

/// How good a connection was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    NotAccepted,
    Accepted,
    /// Messages got through.
    Served,
    /// It lasted.
    Settled,
}

impl Tally {
    /// After messages got through, no more attempts than these count as failed.
    const FEW: u32 = 2;

    /// A connection ended; `is_at_fault` says that the Server did what it may not.
    pub(super) fn connection_ended(&mut self, standing: Standing, is_at_fault: bool) {
        self.was_connected |= standing != Standing::NotAccepted;
        match standing {
            // One that breaks the protocol again and again is asked less and less, though it serves before.
            _ if is_at_fault => {}
            Standing::Settled => self.attempts = 0,
            Standing::Served => self.attempts = self.attempts.min(Self::FEW),
            Standing::NotAccepted | Standing::Accepted => {}
        }
    }

    /// An address failed.
    pub(super) fn address_failed(&mut self, is_permanent: bool) {
        self.permanent = if is_permanent { self.permanent + 1 } else { 0 };
    }

    /// The attempt is over. There are so many addresses.
    pub(super) fn failure<'a>(&mut self, error: &'a Error, addresses: usize) -> Failure<'a> {
        self.attempts = self.attempts.saturating_add(1);
        let is_permanent = error.is_permanent() && self.permanent >= addresses;
        Failure { error, attempts: self.attempts, was_connected: self.was_connected, is_permanent }
    }
}

/// Never tries again: the first failure stops the driver.
#[derive(Clone, Copy, Debug, Default)]
pub struct Never;

impl Reconnect for Never {
    fn next(&mut self, _: &Failure<'_>) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use mqtt_codec::ConnectReturnCode;

    use super::*;
    use crate::session::ConnectionError;

    fn pause(error: &Error, attempts: u32) -> Option<Duration> {
        let is_permanent = error.is_permanent();
        Backoff::default().next(&Failure { error, attempts, was_connected: true, is_permanent })
    }

    #[test]
    fn pauses_grow_to_a_cap_and_are_spread() {
        let error = Error::Connection(ConnectionError::NoPingresp);
        let mut longest = Duration::ZERO;
        for _ in 0..1_000 {
            assert!(pause(&error, 1).unwrap() <= Duration::from_millis(200));
            let late = pause(&error, u32::MAX).unwrap();
            assert!(late <= Duration::from_secs(30));
            longest = longest.max(late);
        }
        assert!(longest > Duration::from_secs(20), "{longest:?}");
    }

    /// The attempts that are told after connections that ended like this.
    fn attempts(standings: &[Standing]) -> Vec<u32> {
        let mut tally = Tally::default();
        let lost = Error::Lost(std::io::ErrorKind::UnexpectedEof.into());
        let attempts_after = |standing: &Standing| {
            tally.connection_ended(*standing, false);
            tally.failure(&lost, 1).attempts
        };
        standings.iter().map(attempts_after).collect()
    }

    #[test]
    fn only_a_connection_that_lasted_begins_the_pauses_anew() {
        use Standing::{Accepted, NotAccepted, Served, Settled};
        assert_eq!(attempts(&[Accepted; 5]), [1, 2, 3, 4, 5]);
        assert_eq!(attempts(&[Served; 5]), [1, 2, 3, 3, 3]);
        assert_eq!(attempts(&[NotAccepted, NotAccepted, Settled, Settled, Accepted]), [1, 2, 1, 1, 2]);
        assert_eq!(attempts(&[NotAccepted, NotAccepted, NotAccepted, Served, Accepted]), [1, 2, 3, 3, 4]);
    }

    #[test]
    fn the_end_is_when_every_address_failed_for_good() {
        let mut tally = Tally::default();
        let refused = Error::Connection(ConnectionError::Refused(ConnectReturnCode::NotAuthorized));
        let mut is_permanent = |errors: &[bool]| {
            errors.iter().for_each(|permanent| tally.address_failed(*permanent));
            tally.failure(&refused, 3).is_permanent
        };
        assert!(!is_permanent(&[true, true]));
        assert!(!is_permanent(&[false, true]));
        assert!(!is_permanent(&[true]));
        assert!(is_permanent(&[true]));
    }

    #[test]
    fn a_refusal_that_cannot_heal_is_final() {
        for code in 1..=5 {
            let code = ConnectReturnCode::from_u8(code).unwrap();
            let error = Error::Connection(ConnectionError::Refused(code));
            assert_eq!(pause(&error, 1).is_some(), code == ConnectReturnCode::ServerUnavailable);
        }
    }
}
