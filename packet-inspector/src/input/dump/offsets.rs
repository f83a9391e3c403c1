//! Do the printed offsets follow from the bytes? What does not fit says where bytes are lost.

use crate::finding::Severity;
use crate::input::builder::Builder;

/// A row whose bytes have been read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) line: usize,
    pub(super) offset: usize,
    /// Index in the record's bytes, and their number.
    pub(super) start: usize,
    pub(super) len: usize,
    /// Words in it that were not hex: they explain as many missing bytes.
    pub(super) strangers: usize,
}

impl Placed {
    fn end(&self) -> usize {
        self.offset.saturating_add(self.len)
    }
}

/// Compares each row to the one before.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    /// The last row, at the offset where it belongs.
    last: Option<Placed>,
}

impl Offsets {
    /// Checks a row against the rows before it; `next` is the offset printed after it.
    pub(super) fn check(
        &mut self,
        mut row: Placed,
        next: Option<usize>,
        pitch: usize,
        builder: &mut Builder,
    ) {
        match self.last {
            None => first(&mut row, next, builder),
            Some(last) if row.offset != last.end() => follow(&last, &mut row, next, pitch, builder),
            Some(_) => {}
        }
        self.last = Some(row);
    }

    /// Checks the offset that ends a dump, behind its last byte.
    pub(super) fn check_end(&self, end: Placed, pitch: usize, builder: &mut Builder) {
        let mut end = end;
        if let Some(last) = self.last.filter(|last| last.end() != end.offset) {
            follow(&last, &mut end, None, pitch, builder);
        }
    }

    /// The bytes up to `offset` have been filled in.
    pub(super) fn skip_to(&mut self, offset: usize) {
        if let Some(last) = &mut self.last {
            *last = Placed { offset, len: 0, ..*last };
        }
    }

    /// Where the next row belongs.
    pub(super) fn end(&self) -> Option<usize> {
        self.last.map(|last| last.end())
    }
}

fn first(row: &mut Placed, next: Option<usize>, builder: &mut Builder) {
    /// A larger offset is more likely an address in memory.
    const MAX_OFFSET: usize = 0xffff;
    let Placed { offset, line, .. } = *row;
    if offset == 0 || offset > MAX_OFFSET {
        return;
    }
    if next == Some(row.len) {
        row.offset = 0;
        error(builder, row.start, row.len, "dump_offset", || {
            format!("row 0x{offset:04x} (line {line}) stands where 0x0000 belongs")
        });
        return;
    }
    builder.find(Severity::Note, "dump_offset", (row.start, 0), || {
        let what = bytes(offset);
        (
            format!("the dump begins at 0x{offset:04x} (line {line}): {what} before it are not here"),
            String::new(),
        )
    });
}

/// `row` is not where `last` ends: says why, and puts it where it belongs.
fn follow(last: &Placed, row: &mut Placed, next: Option<usize>, pitch: usize, builder: &mut Builder) {
    let (printed, line, belongs) = (row.offset, row.line, last.end());
    if next == Some(belongs.saturating_add(row.len)) && row.len > 0 {
        row.offset = belongs;
        error(builder, row.start, row.len, "dump_offset", || {
            format!("row 0x{printed:04x} (line {line}) stands where 0x{belongs:04x} belongs")
        });
        return;
    }
    let distance = printed.saturating_sub(last.offset);
    if (1..=pitch).contains(&distance) {
        if last.len.saturating_add(last.strangers) != distance {
            row_length(last, distance, builder);
        }
    } else if printed > belongs {
        let missing = printed - belongs;
        error(builder, row.start, 0, "dump_offset", || {
            format!(
                "row 0x{printed:04x} (line {line}) does not follow row 0x{:04x} (line {}): \
                 {} {} missing between 0x{belongs:02x} and 0x{:02x}",
                last.offset,
                last.line,
                bytes(missing),
                is_or_are(missing),
                printed - 1
            )
        });
    } else {
        let len = row.len;
        error(builder, row.start, len, "dump_offset", || {
            format!("row 0x{printed:04x} (line {line}) stands where 0x{belongs:04x} belongs")
        });
    }
}

fn row_length(row: &Placed, belongs: usize, builder: &mut Builder) {
    let Placed { offset, line, start, len, .. } = *row;
    error(builder, start, len, "dump_row_length", || {
        let what = format!(
            "row 0x{offset:04x} (line {line}) has {} where {belongs} {}",
            bytes(len),
            if belongs == 1 { "belongs" } else { "belong" }
        );
        if len > belongs {
            let surplus = len - belongs;
            return format!(
                "{what}: {} {} too many between 0x{offset:02x} and 0x{:02x}",
                count(surplus),
                is_or_are(surplus),
                offset.saturating_add(len).saturating_sub(1)
            );
        }
        let missing = belongs - len;
        let end = offset.saturating_add(belongs).saturating_sub(1);
        format!(
            "{what}: {} {} missing between 0x{offset:02x} and 0x{end:02x}",
            count(missing),
            is_or_are(missing)
        )
    });
}

/// The last row has more bytes than a row holds.
pub(super) fn too_long(row: &Placed, pitch: usize, builder: &mut Builder) {
    row_length(row, pitch, builder);
}

/// A row that was printed twice, and is read once.
pub(super) fn repeated(row: &Placed, builder: &mut Builder) {
    let Placed { offset, line, .. } = *row;
    builder.error_here("dump_offset", || {
        format!("row 0x{offset:04x} (line {line}) repeats the row before it and is left out")
    });
}

fn error(
    builder: &mut Builder,
    offset: usize,
    length: usize,
    kind: &'static str,
    message: impl FnOnce() -> String,
) {
    builder.find(Severity::Error, kind, (offset, length), || (message(), String::new()));
}

fn bytes(number: usize) -> String {
    if number == 1 { "1 byte".to_owned() } else { format!("{number} bytes") }
}

fn count(number: usize) -> String {
    if number == 1 { "one".to_owned() } else { number.to_string() }
}

fn is_or_are(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}
