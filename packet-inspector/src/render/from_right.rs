//! Numbers in columns, written from their last digit to their first: what a summary's line begins with.

use crate::capture::Span;

/// More than two numbers of 20 digits, a sign and a point take.
const ROOM: usize = 64;

/// A text that grows to the left.
pub(super) struct FromRight {
    bytes: [u8; ROOM],
    /// Where it begins.
    at: usize,
}

impl FromRight {
    pub(super) fn new() -> Self {
        Self { bytes: [b' '; ROOM], at: ROOM }
    }

    pub(super) fn text(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Spaces.
    #[inline]
    pub(super) fn pad(&mut self, count: usize) {
        self.at = self.at.saturating_sub(count);
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.at = self.at.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.at) {
            *place = byte;
        }
    }

    #[inline]
    fn digit(&mut self, value: u64) {
        self.byte(b'0' + u8::try_from(value % 10).unwrap_or_default());
    }

    /// The last two digits of a number.
    #[inline]
    fn two(&mut self, value: u64) {
        let value = u32::try_from(value % 100).unwrap_or_default();
        self.at = self.at.saturating_sub(2);
        if let Some(place) = self.bytes.get_mut(self.at..self.at + 2) {
            place.copy_from_slice(&digits(value));
        }
    }

    /// A number, at the right of so many columns.
    #[inline]
    pub(super) fn number(&mut self, mut value: u64, width: usize) {
        let right = self.at;
        while value >= 100 {
            self.two(value);
            value /= 100;
        }
        if value >= 10 {
            self.two(value);
        } else {
            self.digit(value);
        }
        self.pad(width.saturating_sub(right - self.at));
    }

    /// Seconds with nine places, at the right of so many columns, as [`Span`] is displayed.
    #[inline]
    pub(super) fn seconds(&mut self, span: Span, width: usize) {
        const SECOND: u64 = 1_000_000_000;
        let right = self.at;
        let nanos = span.0.unsigned_abs();
        let (seconds, rest) = (nanos / SECOND, nanos % SECOND);
        let places = nine(u32::try_from(rest).unwrap_or_default());
        self.at = self.at.saturating_sub(places.len());
        if let Some(room) = self.bytes.get_mut(self.at..self.at + places.len()) {
            room.copy_from_slice(&places);
        }
        self.byte(b'.');
        self.number(seconds, 0);
        if span.0 < 0 {
            self.byte(b'-');
        }
        self.pad(width.saturating_sub(right - self.at));
    }
}

/// The nine digits of a number below 1,000,000,000.
#[inline]
fn nine(number: u32) -> [u8; 9] {
    let (upper, lower) = (number / 10_000, number % 10_000);
    let [[b, c], [d, e]] = [digits(upper / 100), digits(upper)];
    let [[f, g], [h, i]] = [digits(lower / 100), digits(lower)];
    let a = b'0' + u8::try_from(upper / 10_000).unwrap_or_default();
    [a, b, c, d, e, f, g, h, i]
}

/// The numbers from 00 to 99: looking one up is quicker than dividing.
const PAIRS: &[u8; 200] = b"\
    0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
    5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// The last two digits of a number.
#[inline]
fn digits(number: u32) -> [u8; 2] {
    let place = usize::try_from(number % 100).unwrap_or_default();
    PAIRS.as_chunks::<2>().0.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_formatting() {
        let most = [0, 1, 9, 10, 99, 100, 101, 999_999, 1_000_000, 12_345_678, u64::MAX];
        let spans =
            [0, 1, -1, 999_999_999, 1_000_000_000, -1_500_000_000, 86_400_000_000_001, i64::MAX, i64::MIN];
        for number in most {
            for span in spans.map(Span) {
                let mut line = FromRight::new();
                line.seconds(span, 15);
                line.pad(1);
                line.number(number, 6);
                assert_eq!(String::from_utf8_lossy(line.text()), format!("{number:6} {span:>15}"));
            }
        }
    }
}
