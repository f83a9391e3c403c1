//! Characters that are not shown as they are.

/// Whether a terminal takes it for a command, or a reader is misled by it: control characters, ends of lines, and those
/// that change the direction of writing or cannot be seen.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
        )
}
