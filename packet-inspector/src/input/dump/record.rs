//! Reads the rows of one dump into a record.

use crate::finding::Severity;
use crate::input::builder::Builder;
use crate::input::column::{self, Agreement};
use crate::input::text;
use crate::record::{self, Record};

use super::offsets::{self, Offsets, Placed};
use super::row::Row;
use super::split::{self, Shape, Split};
use super::stray::Stray;

/// How many bytes the `*` of all dumps together may stand for: a line must not fill the memory.
const MAX_REPEATED: usize = 1 << 20;

/// What is left of [`MAX_REPEATED`].
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_REPEATED)
    }
}

/// Reads the rows of one dump, and says which lines among them are not understood.
pub(super) fn read(rows: &[Row<'_>], strays: &[Stray<'_>], budget: &mut Budget) -> Record {
    let shape = shape(rows);
    let mut builder = Builder::default();
    let mut offsets = Offsets::default();
    let mut texts = Texts::default();
    let mut strays = strays.iter().peekable();
    for (at, row) in rows.iter().enumerate() {
        while let Some(stray) = strays.next_if(|stray| stray.line < row.line) {
            stray.tell(&mut builder);
        }
        let next = rows.get(at + 1);
        let last = at.checked_sub(1).and_then(|at| rows.get(at));
        if let (Some(line), Some(end)) = (last.and_then(|last| last.star), offsets.end()) {
            repeat(line, end, row.offset, &mut builder, &mut offsets, budget);
        }
        if row.hex.is_empty() {
            let start = builder.bytes.len();
            let end = Placed { line: row.line, offset: row.offset, start, len: 0, strangers: 0 };
            offsets.check_end(end, shape.pitch, &mut builder);
            continue;
        }
        let distance = next.map(|next| next.offset.wrapping_sub(row.offset));
        let expected =
            distance.filter(|_| row.star.is_none()).filter(|distance| (1..=shape.pitch).contains(distance));
        let split = split::split(row.hex, expected, &shape);
        if is_repeated(row, &split, last, &builder) {
            let placed = place(row, &split, &builder);
            offsets::repeated(&placed, &mut builder);
            continue;
        }
        if row.misread {
            builder.error_here("not_understood", || {
                let place = text::place(row.line, row.column_of(row.digits));
                let digits = text::quote(row.digits);
                format!("{place}: {digits} is not an offset, and is read as 0x{:04x}", row.offset)
            });
        }
        let placed = place(row, &split, &builder);
        push(row, &split, &mut builder);
        offsets.check(placed, next.map(|next| next.offset), shape.pitch, &mut builder);
        if next.is_none() && rows.len() > 1 && placed.len > shape.pitch {
            offsets::too_long(&placed, shape.pitch, &mut builder);
        }
        // With a byte too many, which is said, the text cannot be laid beside the bytes.
        if split.bytes.len() <= shape.pitch || rows.len() == 1 {
            texts.check(row, &split, &mut builder, placed.start);
        }
    }
    for stray in strays {
        stray.tell(&mut builder);
    }
    if let Some(line) = rows.last().and_then(|row| row.star) {
        builder.error_here("dump_offset", || {
            format!("line {line}: nothing after the * tells how many rows it stands for")
        });
    }
    texts.finish(&mut builder);
    builder.finish(rows.first().map_or("hex dump", name))
}

/// `xxd -e`: the text shows the bytes of each group the other way round.
pub(super) fn shows_swapped_words(row: &Row<'_>, rows: &[Row<'_>]) -> bool {
    if row.width < 4 {
        return false;
    }
    let mut split = split::split(row.hex, None, &shape(rows));
    let Some(text) = split.text.filter(|text| !column::is_same(&split.bytes, text)) else {
        return false;
    };
    for group in split.bytes.chunks_mut(row.width / 2) {
        group.reverse();
    }
    column::is_same(&split.bytes, text)
}

/// The name of the tool that prints such rows.
fn name(row: &Row<'_>) -> &'static str {
    match (row.colon, row.prefixed, row.digits.len()) {
        (true, true, 4) => "tcpdump hex dump",
        (true, false, 8) => "xxd hex dump",
        (false, false, 8) => "hexdump -C dump",
        (false, false, 6 | 7) => "od hex dump",
        (false, false, 4) => "Wireshark hex dump",
        _ => "hex dump",
    }
}

fn shape(rows: &[Row<'_>]) -> Shape {
    let is_full = |row: &&Row<'_>| !row.hex.is_empty();
    let count = rows.iter().filter(is_full).count();
    let with_text = rows.iter().filter(|row| row.has_text).count();
    let wide = rows.iter().filter(|row| row.wide_text).count();
    Shape {
        pitch: pitch(rows),
        width: rows.iter().find(is_full).map_or(2, |row| row.width),
        has_text: with_text > 0 && with_text * 2 >= count,
        wide_text: wide > 0 && wide * 2 >= with_text,
        middle_gap: count == 1 || rows.iter().any(|row| row.middle_gap && row.bytes >= 16),
    }
}

/// The most usual distance between rows.
fn pitch(rows: &[Row<'_>]) -> usize {
    /// A greater distance is a gap, not a row.
    const MAX_PITCH: usize = 256;
    const USUAL: usize = 16;
    /// More different distances than in any whole dump.
    const MAX_KINDS: usize = 16;
    let mut kinds: Vec<(usize, usize)> = Vec::new();
    for pair in rows.windows(2) {
        let [row, next] = pair else { continue };
        let distance = next.offset.wrapping_sub(row.offset);
        if next.hex.is_empty() || !(1..=MAX_PITCH).contains(&distance) {
            continue;
        }
        if let Some((_, count)) = kinds.iter_mut().find(|(kind, _)| *kind == distance) {
            *count += 1;
        } else if kinds.len() < MAX_KINDS {
            kinds.push((distance, 1));
        }
    }
    // A single row may be of any length, when a gap tells where its bytes end.
    let alone = rows.first().filter(|row| row.wide_text).map_or(USUAL, |row| row.bytes.max(USUAL));
    // Of distances that are as usual, that of all tools is the right one.
    kinds
        .into_iter()
        .max_by_key(|(distance, count)| (*count, *distance == USUAL, *distance))
        .map_or(alone, |(distance, _)| distance)
}

fn place(row: &Row<'_>, split: &Split<'_>, builder: &Builder) -> Placed {
    Placed {
        line: row.line,
        offset: row.offset,
        start: builder.bytes.len(),
        len: split.bytes.len(),
        strangers: split.strangers.len(),
    }
}

fn is_repeated(row: &Row<'_>, split: &Split<'_>, last: Option<&Row<'_>>, builder: &Builder) -> bool {
    last.is_some_and(|last| last.offset == row.offset && !last.hex.is_empty())
        && !split.bytes.is_empty()
        && builder.bytes.ends_with(&split.bytes)
}

fn push(row: &Row<'_>, split: &Split<'_>, builder: &mut Builder) {
    let start = builder.bytes.len();
    let mut taken = 0;
    for stranger in &split.strangers {
        builder.bytes.extend(split.bytes.get(taken..stranger.bytes_before).unwrap_or(&[]));
        taken = stranger.bytes_before;
        builder.not_a_byte(stranger.word, || text::place(row.line, row.column(stranger.at)));
    }
    builder.bytes.extend(split.bytes.get(taken..).unwrap_or(&[]));
    builder.rows.push(record::Row {
        line: row.line,
        printed_offset: (!row.misread).then_some(row.offset),
        start,
        len: split.bytes.len(),
        ascii: split.text.map(str::to_owned),
    });
}

/// Fills in the rows that a `*` stands for: they are like the last one.
fn repeat(
    line: usize,
    from: usize,
    to: usize,
    builder: &mut Builder,
    offsets: &mut Offsets,
    budget: &mut Budget,
) {
    let start = builder.bytes.len();
    let missing = to.saturating_sub(from);
    let pattern = builder.rows.last().and_then(|row| builder.bytes.get(row.start..)).map(<[u8]>::to_vec);
    let Some(pattern) = pattern.filter(|pattern| !pattern.is_empty() && missing > 0) else {
        return;
    };
    if missing > budget.0 {
        builder.error_here("dump_offset", || {
            format!(
                "line {line}: the * stands for {missing} bytes, more than are filled in ({MAX_REPEATED}): \
                 they are left out"
            )
        });
        offsets.skip_to(to);
        return;
    }
    budget.0 -= missing;
    builder.bytes.extend(pattern.iter().cycle().take(missing));
    builder.rows.push(record::Row { line, printed_offset: Some(from), start, len: missing, ascii: None });
    offsets.skip_to(to);
}

/// The text columns of a dump.
#[derive(Debug, Default)]
struct Texts {
    shown: usize,
    /// Offset and line of rows without text.
    without: Rows,
    damaged: Rows,
}

/// Rows that are named in a message, the first ones by offset and line.
#[derive(Debug, Default)]
struct Rows {
    named: Vec<(usize, usize)>,
    count: usize,
}

impl Rows {
    const MAX_NAMED: usize = 8;

    fn add(&mut self, row: &Row<'_>) {
        self.count += 1;
        if self.named.len() < Self::MAX_NAMED {
            self.named.push((row.offset, row.line));
        }
    }
}

impl Texts {
    fn check(&mut self, row: &Row<'_>, split: &Split<'_>, builder: &mut Builder, start: usize) {
        let Some(text) = split.text else {
            // A column of spaces may have been trimmed.
            if split.bytes.iter().any(|byte| *byte != b' ') {
                self.without.add(row);
            }
            return;
        };
        self.shown += 1;
        let (offset, line) = (row.offset, row.line);
        if split.glued {
            let last = start + split.bytes.len().saturating_sub(1);
            builder.find(Severity::Warning, "dump_text_glued", (last, 1), || {
                let text = text::quote(text);
                let message =
                    format!("row 0x{offset:04x} (line {line}): the text {text} touches the last byte");
                (message, String::new())
            });
        }
        match column::compare(&split.bytes, text) {
            Agreement::Same => {}
            // With a byte misread, the text cannot be laid beside the bytes.
            Agreement::Damaged | Agreement::Differs(_) if !split.strangers.is_empty() => {}
            Agreement::Damaged => self.damaged.add(row),
            Agreement::Differs(places) => {
                let first = places.first().map_or(0, |(at, _)| *at);
                let length = places.last().map_or(1, |(last, _)| last - first + 1);
                builder.find(Severity::Warning, "dump_text_differs", (start + first, length), || {
                    (differences(row, &split.bytes, &places), String::new())
                });
            }
        }
    }

    fn finish(mut self, builder: &mut Builder) {
        // Text in a few rows only is no column that the others lack.
        if self.shown > self.without.count {
            self.damaged.count += self.without.count;
            self.damaged.named.append(&mut self.without.named);
            self.damaged.named.sort_by_key(|(_, line)| *line);
            self.damaged.named.truncate(Rows::MAX_NAMED);
        }
        let Rows { named, count } = self.damaged;
        if count == 0 {
            return;
        }
        builder.find(Severity::Warning, "dump_text_damaged", (0, 0), || {
            let mut rows: Vec<_> =
                named.iter().map(|(offset, line)| format!("0x{offset:04x} (line {line})")).collect();
            if count > named.len() {
                rows.push(format!("{} more", count - named.len()));
            }
            let last = rows.pop().unwrap_or_default();
            let (row, rows) = if rows.is_empty() {
                ("row", last)
            } else {
                ("rows", format!("{} and {last}", rows.join(", ")))
            };
            let message = format!(
                "the text beside the bytes is damaged in {row} {rows}: it cannot be checked against them"
            );
            (message, String::new())
        });
    }
}

/// Names the characters that differ from the bytes.
fn differences(row: &Row<'_>, bytes: &[u8], places: &[(usize, char)]) -> String {
    const MAX_NAMED: usize = 4;
    let mut named: Vec<_> = places
        .iter()
        .take(MAX_NAMED)
        .filter_map(|(at, c)| {
            let byte = bytes.get(*at)?;
            let c = text::quote(c.encode_utf8(&mut [0; 4]));
            Some(format!("{c} beside {byte:02x} at 0x{:02x}", row.offset.saturating_add(*at)))
        })
        .collect();
    if places.len() > MAX_NAMED {
        named.push(format!("{} more", places.len() - MAX_NAMED));
    }
    format!(
        "row 0x{:04x} (line {}): the text does not show the bytes: {}",
        row.offset,
        row.line,
        named.join(", ")
    )
}
