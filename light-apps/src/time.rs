//! The time, as it is passed to those who have no clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// One moment on two clocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The clock that never jumps: for durations.
    pub instant: Instant,
    /// Seconds since 1970 on the wall's clock, which can jump: for time stamps.
    pub unix: f64,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        // A clock before 1970 is wrong, and no worse as 0.
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { instant: Instant::now(), unix: unix.as_secs_f64() }
    }
}
