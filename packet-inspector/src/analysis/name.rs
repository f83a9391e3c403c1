//! Texts of a CONNECT that are remembered as long as their connection, however long they are.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The longest text that is remembered as a whole, in bytes: of 20,000 connections, three texts each are 7 MiB.
const LONGEST: usize = 128;

/// A Client Identifier, Will Topic or User Name; of one with more than 128 bytes the start, its length, and a hash that
/// tells it from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    start: Box<str>,
    len: usize,
    hash: u64,
}

impl Name {
    pub(super) fn new(text: &[u8]) -> Self {
        let len = text.len();
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let start = String::from_utf8_lossy(text.get(..LONGEST).unwrap_or(text));
        // A character that the cut goes through is left out.
        let start = if len > LONGEST { start.trim_end_matches('\u{FFFD}') } else { &start };
        Self { start: start.into(), len, hash: hasher.finish() }
    }

    /// The text, or its start.
    pub fn start(&self) -> &str {
        &self.start
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether only its start is remembered.
    pub fn is_cut(&self) -> bool {
        self.len > LONGEST
    }
}

impl fmt::Display for Name {
    /// The text; behind a start that is not all of it, the length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.start)?;
        if self.is_cut() { write!(f, "… ({} bytes)", self.len) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_told_apart_without_being_held() {
        let [a, b] = ["a", "b"]
            .map(|end| Name::new(["é".repeat(30_000).as_bytes(), end.as_bytes()].concat().as_slice()));
        assert_ne!(a, b);
        assert_eq!(a.start(), "é".repeat(64));
        assert_eq!((a.to_string(), a.len()), (format!("{}… (60001 bytes)", "é".repeat(64)), 60_001));
        let odd = Name::new(["a".repeat(127).as_bytes(), "é".as_bytes()].concat().as_slice());
        assert_eq!((odd.start(), odd.len()), ("a".repeat(127).as_str(), 129));
    }

    #[test]
    fn others_are_held_as_they_are() {
        for text in ["", "a", &"é".repeat(64)] {
            let name = Name::new(text.as_bytes());
            assert_eq!(
                (name.to_string().as_str(), name.len(), name.is_empty()),
                (text, text.len(), text.is_empty())
            );
        }
    }
}
