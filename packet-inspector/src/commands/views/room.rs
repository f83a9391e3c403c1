//! How much a view holds until the capture is over.

use std::io::{self, Write};

/// The most entries.
const MOST: usize = 100_000;

/// The most bytes of their texts.
const MOST_TEXT: usize = 16 << 20;

/// What is held so far, and how many entries there was no room for.
#[derive(Default)]
pub(super) struct Room {
    entries: usize,
    text: usize,
    left_out: u64,
}

impl Room {
    /// Whether there is room for one more entry, with so many bytes of text; then it is counted.
    pub(super) fn take(&mut self, text: usize) -> bool {
        let is_there = self.entries < MOST && self.text.saturating_add(text) <= MOST_TEXT;
        if is_there {
            self.entries += 1;
            self.text += text;
        } else {
            self.left_out += 1;
        }
        is_there
    }

    /// Says how many entries are left out.
    pub(super) fn left_out(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.left_out > 0 { writeln!(out, "{} more are left out", self.left_out) } else { Ok(()) }
    }
}
