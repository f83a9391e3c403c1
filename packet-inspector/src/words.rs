//! Numbers of things in words.

/// So many of something: `1 message`, `2 messages`.
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `is` of one thing, `are` of more or none.
pub(crate) fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// So many bytes: `1 byte`, `2 bytes`.
pub(crate) fn bytes(count: usize) -> String {
    counted(u64::try_from(count).unwrap_or(u64::MAX), "byte")
}
