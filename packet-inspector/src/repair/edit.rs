//! A change to the bytes of a dump, and the bytes with changes made.

use crate::record::Record;

/// One change. Places count in the printed record, so that several can be made at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edit {
    /// A byte that was printed wrong.
    Change {
        /// Its index.
        at: usize,
        /// What is printed.
        from: u8,
        /// What it should be.
        to: u8,
    },
    /// A byte that was not printed, or printed so that it cannot be read.
    Insert {
        /// Index of the byte that it stands before.
        at: usize,
        /// The byte.
        byte: u8,
        /// Which of the record's unread words stands there.
        unread: Option<usize>,
    },
    /// A byte that was printed though there is none.
    Remove {
        /// Its index.
        at: usize,
        /// What is printed.
        byte: u8,
    },
    /// A digit that was not printed, in hex without blanks: all that follows is shifted by half a byte.
    InsertDigit {
        /// Index of the digit that it stands before.
        at: usize,
        /// The digit.
        digit: u8,
    },
    /// A digit that was printed though there is none, in hex without blanks.
    RemoveDigit {
        /// Its index.
        at: usize,
        /// What is printed.
        digit: u8,
    },
}

impl Edit {
    /// Index in the printed bytes.
    pub fn at(self) -> usize {
        match self {
            Self::Change { at, .. } | Self::Insert { at, .. } | Self::Remove { at, .. } => at,
            Self::InsertDigit { at, .. } | Self::RemoveDigit { at, .. } => at / 2,
        }
    }

    /// The word that is printed for it in JSON.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Change { .. } => "changed",
            Self::Insert { .. } => "missing",
            Self::Remove { .. } => "extra",
            Self::InsertDigit { .. } => "missing_digit",
            Self::RemoveDigit { .. } => "extra_digit",
        }
    }

    /// Whether it moves all that follows by half a byte.
    pub(super) fn shifts(self) -> bool {
        matches!(self, Self::InsertDigit { .. } | Self::RemoveDigit { .. })
    }
}

/// The bytes of a record with some changes made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) bytes: Vec<u8>,
    /// Start and length of each row.
    pub(super) rows: Vec<(usize, usize)>,
}

impl Version {
    /// Makes the changes, which are sorted by place.
    pub(super) fn make(&mut self, record: &Record, layout: &Layout, edits: &[Edit]) {
        self.bytes.clear();
        self.rows.clear();
        if let Some(shift) = edits.iter().find(|edit| edit.shifts()) {
            self.shift(record, *shift);
            return;
        }
        let mut taken = 0;
        for edit in edits {
            let at = edit.at();
            self.bytes.extend(record.bytes.get(taken..at).unwrap_or_default());
            taken = at.max(taken);
            match *edit {
                Edit::Change { to, .. } => {
                    self.bytes.push(to);
                    taken += 1;
                }
                Edit::Insert { byte, .. } => self.bytes.push(byte),
                Edit::Remove { .. } => taken += 1,
                Edit::InsertDigit { .. } | Edit::RemoveDigit { .. } => {}
            }
        }
        self.bytes.extend(record.bytes.get(taken..).unwrap_or_default());
        self.place_rows(record, layout, edits);
    }

    fn place_rows(&mut self, record: &Record, layout: &Layout, edits: &[Edit]) {
        let mut start = 0;
        for (number, row) in record.rows.iter().enumerate() {
            let mut len = row.len;
            for edit in edits {
                match *edit {
                    Edit::Insert { at, .. } if layout.row_of(record, at) == Some(number) => len += 1,
                    Edit::Remove { at, .. } if (row.start..row.start + row.len).contains(&at) => len -= 1,
                    _ => {}
                }
            }
            self.rows.push((start, len));
            start += len;
        }
    }

    /// Hex without blanks: the digits of all bytes, and the one that is left over.
    fn shift(&mut self, record: &Record, edit: Edit) {
        let mut digits: Vec<u8> = record.bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).collect();
        digits.extend(layout_rest(record));
        match edit {
            Edit::InsertDigit { at, digit } if at <= digits.len() => digits.insert(at, digit),
            Edit::RemoveDigit { at, .. } if at < digits.len() => {
                digits.remove(at);
            }
            _ => {}
        }
        let (pairs, _) = digits.as_chunks::<2>();
        self.bytes.extend(pairs.iter().map(|[high, low]| high << 4 | low));
    }
}

/// The digit that is left over when hex without blanks has an odd number of them.
pub(super) fn layout_rest(record: &Record) -> Option<u8> {
    match record.unread.as_slice() {
        [last]
            if last.at == record.bytes.len()
                && record.rows.iter().all(|row| row.printed_offset.is_none()) =>
        {
            let mut chars = last.word.chars();
            let digit = chars.next()?.to_digit(16)?;
            chars.next().is_none().then_some(u8::try_from(digit).ok()?)
        }
        _ => None,
    }
}

/// How many bytes each row should have.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// By the offsets printed before it and behind it; `None` where they don't tell.
    pub(super) wanted: Vec<Option<usize>>,
}

impl Layout {
    pub(super) fn of(record: &Record) -> Self {
        /// A greater distance is a gap, not a row.
        const LONGEST: usize = 256;
        let offset = |number: usize| record.rows.get(number).and_then(|row| row.printed_offset);
        let wanted = (0..record.rows.len())
            .map(|number| offset(number + 1)?.checked_sub(offset(number)?))
            .map(|wanted| wanted.filter(|wanted| (1..=LONGEST).contains(wanted)))
            .collect();
        Self { wanted }
    }

    /// Rows that should have more bytes, or fewer.
    pub(super) fn wrong<'a>(&'a self, record: &'a Record, more: bool) -> impl Iterator<Item = usize> + 'a {
        let rows = record.rows.iter().zip(&self.wanted).enumerate();
        rows.filter_map(move |(number, (row, wanted))| {
            let wanted = (*wanted)?;
            (if more { wanted > row.len } else { wanted < row.len }).then_some(number)
        })
    }

    /// How many bytes those rows lack together, or have too many.
    pub(super) fn off(&self, record: &Record, more: bool) -> usize {
        let rows = self.wrong(record, more).filter_map(|number| {
            let wanted = self.wanted.get(number).copied().flatten()?;
            Some(record.rows.get(number)?.len.abs_diff(wanted))
        });
        rows.sum()
    }

    /// The row that a byte put in before `at` belongs to: between two rows, the one that lacks a byte.
    pub(super) fn row_of(&self, record: &Record, at: usize) -> Option<usize> {
        let holds = |number: &usize| {
            record.rows.get(*number).is_some_and(|row| (row.start..=row.start + row.len).contains(&at))
        };
        let first = record.rows.partition_point(|row| row.start + row.len < at);
        let lacks = |number: &usize| {
            let wanted = self.wanted.get(*number).copied().flatten();
            wanted > record.rows.get(*number).map(|row| row.len)
        };
        let both = [first, first + 1];
        both.into_iter().filter(holds).find(lacks).or_else(|| both.into_iter().rev().find(holds))
    }
}
