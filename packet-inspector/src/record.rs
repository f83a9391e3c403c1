//! One record: the bytes of one frame or of one piece of a stream, as they were given to us.

use crate::finding::Finding;

/// The bytes of one pasted dump (or one entry of a capture), before anything is decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The bytes, in order, as far as they could be read.
    pub bytes: Vec<u8>,
    /// The rows of the dump that the bytes were printed in; empty when the input had no rows.
    pub rows: Vec<Row>,
    /// What was wrong or worth knowing while the bytes were read; offsets count in `bytes`.
    pub findings: Vec<Finding>,
    /// Words that stand where bytes belong and could not be read; each is an error among the findings too.
    pub unread: Vec<Unread>,
    /// How the input was written, e.g. `Wireshark hex dump`.
    pub format: &'static str,
    /// The bytes are a repair that is not proved: redacted, only the type and length of the first packet are shown.
    pub is_guessed: bool,
}

/// A word that stands where a byte belongs: `O2`, `4`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Index in the record's bytes before which it stands.
    pub at: usize,
    /// The word.
    pub word: String,
}

/// One printed row of a hex dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Line of the input, from 1.
    pub line: usize,
    /// The offset printed at the row's start, when there is one.
    pub printed_offset: Option<usize>,
    /// Index in the record's bytes of the row's first byte.
    pub start: usize,
    /// Number of bytes read from the row.
    pub len: usize,
    /// The text printed beside the bytes (the ASCII column), when there is one.
    pub ascii: Option<String>,
}
