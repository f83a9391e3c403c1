//! A byte lost or doubled in the headers shifts all that follows: find where, by trying.

use std::ops::Range;

use super::bytes::array_at;
use super::detect::{self, Guess, LENGTH_AGREES};
use super::tcp::DATA_OFFSET_AT;
use super::{Frame, Link};

/// How far the headers can reach: Ethernet with two tags, IPv6, TCP and some options.
const REACH: usize = 110;

/// The most bytes that are put in or taken out.
const MOST: usize = 4;

/// What must be gained for a mended record to be believed rather than the one that is there:
/// its length agrees by construction, and many places were tried, but one fault explains it all.
const MARGIN: i32 = 12;

/// What a port or a data offset is worth when half of it is put in.
const TCP_FILL: i32 = 6;

/// Bytes that must be put in or taken out for the headers to fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mend {
    /// `true` when bytes are missing, `false` when there are too many.
    pub(super) missing: bool,
    /// How many.
    pub(super) count: usize,
    /// The places in the record where doing it fits equally well.
    pub(super) place: Range<usize>,
    /// What must stand in the field that the missing byte is a part of.
    pub(super) fill: Option<Fill>,
}

/// A number of two bytes, one of them missing at least, that is known all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fill {
    at: usize,
    value: u16,
    /// It is the IP length; otherwise it is in the TCP header.
    pub(super) is_length: bool,
}

/// The mend that makes the headers fit best, and its bits of evidence.
pub(super) fn find(bytes: &[u8], link: Link, ports: &[u16], nominal: Option<&Guess>) -> Option<(Mend, i32)> {
    let says_end = nominal.and_then(|guess| guess.says_end);
    let mut best: Option<(Mend, i32)> = None;
    for (missing, count) in amounts(bytes.len(), says_end) {
        for at in 0..=bytes.len().min(REACH) {
            let Some((mend, guess)) = try_at(bytes, link, ports, (missing, count), at) else {
                continue;
            };
            match &mut best {
                Some((best, bits))
                    if *bits == guess.bits
                        && best.fill == mend.fill
                        && (best.missing, best.count) == (missing, count)
                        && best.place.end + 1 == at =>
                {
                    best.place.end = at;
                }
                Some((_, bits)) if *bits >= guess.bits => {}
                _ => best = Some((mend, guess.bits)),
            }
        }
    }
    let needed = nominal.map_or(detect::ENOUGH, |guess| guess.bits + MARGIN);
    best.filter(|(_, bits)| *bits >= needed)
}

/// The mend at one place, if the headers fit with it.
fn try_at(
    bytes: &[u8],
    link: Link,
    ports: &[u16],
    (missing, count): (bool, usize),
    at: usize,
) -> Option<(Mend, Guess)> {
    let mut mend = Mend { missing, count, place: at..at, fill: None };
    let mended = mend.apply(bytes)?;
    let guess = detect::guess(&mended, link, ports)?;
    // Without MQTT's port and a length that agrees there is too little to hold on to.
    if guess.sound && guess.length_agrees {
        return Some((mend, guess));
    }
    let (fill, unearned) = match guess.tcp_at {
        _ if !missing => return None,
        _ if guess.sound => (length_fill(&mended, &guess, at..at + count)?, LENGTH_AGREES),
        Some(tcp_at) => {
            let put_in = at..at + count;
            let fill = port_fill(&mended, tcp_at, ports, put_in.clone());
            (fill.or_else(|| data_offset_fill(&mended, tcp_at, put_in))?, TCP_FILL)
        }
        None => return None,
    };
    mend.fill = Some(fill);
    let mut guess = detect::guess(&mend.apply(bytes)?, link, ports)?;
    // What we put there ourselves is no evidence.
    guess.bits -= unearned;
    (guess.sound && guess.length_agrees).then_some((mend, guess))
}

/// The IP length, if the bytes put in are in it.
fn length_fill(mended: &[u8], guess: &Guess, put_in: Range<usize>) -> Option<Fill> {
    let field = guess.version.length_at(guess.header.next_at);
    let covers_from = guess.version.length_covers_from(guess.header.next_at);
    let value = u16::try_from(mended.len().checked_sub(covers_from)?).ok()?;
    (put_in.start >= field && put_in.end <= field + 2).then_some(Fill { at: field, value, is_length: true })
}

/// A port of MQTT, if the byte put in is one of its two and the other is there.
fn port_fill(mended: &[u8], tcp_at: usize, ports: &[u16], put_in: Range<usize>) -> Option<Fill> {
    let field = [tcp_at, tcp_at + 2]
        .into_iter()
        .find(|field| put_in.len() == 1 && put_in.start >= *field && put_in.end <= field + 2)?;
    let [high, low]: [u8; 2] = array_at(mended, field)?;
    let other_is_there = |port: &u16| {
        let [port_high, port_low] = port.to_be_bytes();
        if put_in.start == field { low == port_low } else { high == port_high }
    };
    let value = ports.iter().copied().find(other_is_there)?;
    Some(Fill { at: field, value, is_length: false })
}

/// A data offset without options, if its byte is the one put in.
fn data_offset_fill(mended: &[u8], tcp_at: usize, put_in: Range<usize>) -> Option<Fill> {
    let at = tcp_at + DATA_OFFSET_AT;
    let [_, flags]: [u8; 2] = array_at(mended, at)?;
    let value = u16::from_be_bytes([0x50, flags]);
    (put_in == (at..at + 1)).then_some(Fill { at, value, is_length: false })
}

/// How many bytes to try: what the length wants, and one or two when it may be shifted itself.
fn amounts(present: usize, says_end: Option<usize>) -> Vec<(bool, usize)> {
    let mut amounts = vec![(true, 1), (false, 1), (true, 2)];
    if let Some(end) = says_end {
        let wanted = (end > present, end.abs_diff(present));
        if (1..=MOST).contains(&wanted.1) && !amounts.contains(&wanted) {
            amounts.push(wanted);
        }
    }
    amounts
}

impl Mend {
    /// The record with zeros put in, or with bytes taken out; `None` when there is no such place.
    pub(super) fn apply(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (before, after) = bytes.split_at_checked(self.place.start)?;
        let mut mended = before.to_vec();
        if self.missing {
            mended.resize(before.len() + self.count, 0);
            mended.extend_from_slice(after);
            if let Some(fill) = self.fill {
                let field = mended.get_mut(fill.at..fill.at + 2)?;
                field.copy_from_slice(&fill.value.to_be_bytes());
            }
        } else {
            mended.extend_from_slice(after.get(self.count..)?);
        }
        Some(mended)
    }

    /// An offset in the mended record, in the record as it is.
    fn unmended(&self, offset: usize) -> usize {
        let at = self.place.start;
        if !self.missing {
            return if offset < at { offset } else { offset + self.count };
        }
        if offset <= at { offset } else { offset.saturating_sub(self.count).max(at) }
    }

    fn unmended_end(&self, end: usize) -> usize {
        // An exclusive end at a place where bytes were taken out stays before them.
        if !self.missing && end == self.place.start { end } else { self.unmended(end) }
    }

    pub(super) fn unmended_range(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.unmended(range.start);
        start..self.unmended_end(range.end).max(start)
    }

    /// Brings what was found in the mended record back to the offsets of the record.
    pub(super) fn unmend(&self, frame: &mut Frame) {
        for layer in &mut frame.layers {
            layer.range = self.unmended_range(&layer.range);
            for field in &mut layer.fields {
                let range = self.unmended_range(&(field.offset..field.offset + field.length));
                field.offset = range.start;
                field.length = range.len();
            }
        }
        frame.payload = self.unmended_range(&frame.payload);
        if self.missing {
            // What seems wrong where bytes are missing says nothing.
            let put_in = self.place.start..self.place.end + self.count;
            frame.findings.retain(|finding| {
                finding.offset + finding.length <= put_in.start || finding.offset >= put_in.end
            });
        }
        for finding in &mut frame.findings {
            let range = self.unmended_range(&(finding.offset..finding.offset + finding.length));
            finding.offset = range.start;
            finding.length = range.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mend(missing: bool, at: usize) -> Mend {
        Mend { missing, count: 1, place: at..at, fill: None }
    }

    #[test]
    fn a_byte_put_in_moves_what_follows_back() {
        let mend = mend(true, 2);
        assert_eq!(mend.apply(b"abc").unwrap(), b"ab\0c");
        assert_eq!(mend.unmended_range(&(0..2)), 0..2);
        assert_eq!(mend.unmended_range(&(2..3)), 2..2);
        assert_eq!(mend.unmended_range(&(3..4)), 2..3);
    }

    #[test]
    fn a_byte_taken_out_moves_what_follows_on() {
        let mend = mend(false, 2);
        assert_eq!(mend.apply(b"abXc").unwrap(), b"abc");
        assert_eq!(mend.unmended_range(&(0..2)), 0..2);
        assert_eq!(mend.unmended_range(&(2..3)), 3..4);
    }
}
