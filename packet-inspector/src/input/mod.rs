//! Reads pasted text into records.
