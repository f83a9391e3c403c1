//! When to try again.

use std::fmt;
use std::time::Duration;

use crate::error::Error;

/// A connection that could not be made, or was lost.
#[derive(Debug)]
pub struct Failure<'a> {
    /// Why.
    pub error: &'a Error,
    /// Attempts that failed one after the other, 1 for the first. A connection that served for something counts as a
    /// success.
    pub attempts: u32,
    /// Some connection was accepted by the Server since the client was made.
    pub was_connected: bool,
}

/// Decides whether and when to try again.
pub trait Reconnect: Send + fmt::Debug + 'static {
    /// The pause before the next attempt; `None` to stop for good.
    fn next(&mut self, failure: &Failure<'_>) -> Option<Duration>;
}

/// Exponential backoff with full jitter: before attempt *n* a random pause of up to `first · 2ⁿ⁻¹`, at most `longest`.
/// Stops at [permanent](Error::is_permanent) failures.
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
        if failure.error.is_permanent() {
            return None;
        }
        let doublings = failure.attempts.saturating_sub(1).min(31);
        let most = self.first.saturating_mul(1 << doublings).min(self.longest);
        Some(most.mul_f64(fastrand::f64()))
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
        Backoff::default().next(&Failure { error, attempts, was_connected: true })
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

    #[test]
    fn a_refusal_that_cannot_heal_is_final() {
        for code in 1..=5 {
            let code = ConnectReturnCode::from_u8(code).unwrap();
            let error = Error::Connection(ConnectionError::Refused(code));
            assert_eq!(pause(&error, 1).is_some(), code == ConnectReturnCode::ServerUnavailable);
        }
    }
}
