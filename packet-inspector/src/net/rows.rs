//! What the rows of a hex dump add: the row that is too short names the place of a missing byte.

use super::bytes::{count_are, place};
use super::{Frame, LengthCause};
use crate::finding::{Finding, Severity};
use crate::record::Record;

/// Where bytes are missing or too many, by the rows of the dump: one finding for each row whose
/// number of bytes is not what the printed offsets say, if together they explain the frame's length.
pub fn rows_evidence(record: &Record, frame: &Frame) -> Vec<Finding> {
    let Some(length) = &frame.length else {
        return Vec::new();
    };
    let missing = match length.cause {
        LengthCause::Missing => true,
        LengthCause::Extra => false,
        LengthCause::Field => return Vec::new(),
    };
    // The last row has no next offset to be measured by.
    let rows = record.rows.windows(2).filter_map(|pair| {
        let [row, next] = pair else { return None };
        let offset = row.printed_offset?;
        let says = next.printed_offset?.checked_sub(offset)?;
        let differs = if missing { says > row.len } else { says < row.len };
        differs.then_some((row, offset, says))
    });
    let rows: Vec<_> = rows.collect();
    let sum: usize = rows.iter().map(|(row, _, says)| says.abs_diff(row.len)).sum();
    if sum != length.count() {
        return Vec::new();
    }
    let found = rows.into_iter().map(|(row, offset, says)| {
        let what = if missing { "missing" } else { "too many" };
        let count = count_are(says.abs_diff(row.len));
        // What the headers prove can narrow the row.
        let row_end = row.start + row.len;
        let start = length.place.start.clamp(row.start, row_end);
        let end = length.place.end.clamp(start, row_end);
        // Bytes after the gap are printed as many places further on.
        let last = offset + (end - row.start) + if missing { says - row.len } else { 0 };
        let message = format!(
            "row {offset:04x} has {} where the offsets say {says}: {count} {what} between {} and {}",
            crate::words::bytes(row.len),
            place(offset + (start - row.start)),
            place(last.saturating_sub(1).max(offset)),
        );
        Finding::new(Severity::Note, "ip_length_row", start, end - start, message)
    });
    found.collect()
}
