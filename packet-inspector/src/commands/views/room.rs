//! How much a view holds until the capture is over.

use std::io::{self, Write};

/// The most bytes, if nothing else is said.
const MOST: usize = 16 << 20;

/// What is held so far, and how many entries there was no room for.
pub(super) struct Room {
    left: usize,
    left_out: u64,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl Room {
    /// For so many bytes.
    pub(super) fn of(bytes: usize) -> Self {
        Self { left: bytes, left_out: 0 }
    }

    /// Whether there is room for one more entry, with so many bytes in all; then they are counted.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        self.left_out += u64::from(left.is_none());
        left.is_some()
    }

    /// Says how many entries are left out.
    pub(super) fn left_out(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.left_out > 0 { writeln!(out, "{} more are left out", self.left_out) } else { Ok(()) }
    }
}
