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

    /// Appends it as it is displayed: seconds with nine places.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        if self.0 < 0 {
            out.push(b'-');
        }
        let nanos = self.0.unsigned_abs();
        let (seconds, rest) = (nanos / SECOND.unsigned_abs(), nanos % SECOND.unsigned_abs());
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(digits.format(seconds).as_bytes());
        // With a second more, the zeros in front are there, and its own digit gives its place to the point.
        let places = u32::try_from(SECOND.unsigned_abs() + rest).unwrap_or_default();
        let at = out.len();
        out.extend_from_slice(digits.format(places).as_bytes());
        if let Some(point) = out.get_mut(at) {
            *point = b'.';
        }
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
        let mut text = Vec::new();
        self.write(&mut text);
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
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
