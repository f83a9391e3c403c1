//! Points in time.

use std::fmt;

/// Nanoseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

impl Time {
    /// From seconds and nanoseconds, as near as they can be held.
    pub fn new(seconds: i64, nanos: i64) -> Self {
        Self(seconds.saturating_mul(SECOND).saturating_add(nanos))
    }

    /// How much later this is than `earlier`; negative when it is earlier.
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Time {
    /// Seconds with nine places, as Wireshark's `frame.time_epoch`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

/// Nanoseconds between two points in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub i64);

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND))
    }

    /// So many milliseconds.
    pub const fn millis(millis: i64) -> Self {
        Self(millis.saturating_mul(SECOND / 1000))
    }

    /// In seconds, rounded to the digits that a number with a fraction holds.
    pub fn as_seconds(self) -> f64 {
        let whole = i32::try_from(self.0 / SECOND).unwrap_or(i32::MAX);
        let rest = i32::try_from(self.0 % SECOND).unwrap_or_default();
        f64::from(whole) + f64::from(rest) / 1e9
    }
}

impl fmt::Display for Span {
    /// Seconds with nine places.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let second = SECOND.unsigned_abs();
        let text = format_args!("{sign}{}.{:09}", nanos / second, nanos % second).to_string();
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_wireshark_does() {
        assert_eq!(Time::new(1_722_327_715, 353_106_000).to_string(), "1722327715.353106000");
        assert_eq!(Time::new(0, 5).since(Time::new(1, 0)).to_string(), "-0.999999995");
        assert_eq!(Time::new(i64::MAX, 0).since(Time::new(i64::MIN, 0)).0, i64::MAX);
        assert_eq!(Span::millis(1500).as_seconds(), 1.5);
    }
}
