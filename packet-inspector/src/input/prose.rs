//! Which lines of text are no part of the bytes, and are still nothing to complain about.

use super::text;

/// Words that make a line a label, whatever else it says: what frames and packets are called.
const LABELS: [&str; 21] = [
    "auth",
    "connack",
    "connect",
    "disconnect",
    "frame",
    "hex",
    "page",
    "packet",
    "payload",
    "pingreq",
    "pingresp",
    "protocol",
    "puback",
    "pubcomp",
    "publish",
    "pubrec",
    "pubrel",
    "suback",
    "subscribe",
    "unsuback",
    "unsubscribe",
];

/// How comments, fences, and what a shell or a language prompts with begin.
const OPENINGS: [&str; 10] = ["#", "//", "/*", "*", ";", "--", "```", ">>>", "$", "%"];

/// A label, a line of a packet tree, a comment, a prompt, or a line without any word.
pub(super) fn is_expected(line: &str) -> bool {
    let line = line.trim_matches(text::is_blank);
    let first = line.split(text::is_blank).next().unwrap_or("");
    !line.contains(char::is_alphanumeric)
        || OPENINGS.iter().any(|opening| line.starts_with(opening))
        || line.starts_with(['[', '<'])
        || line.ends_with([':', '$', '%', '>'])
        || first.contains('@')
        || line.contains(": ")
        || line.contains(" = ")
        || line
            .split(|c: char| !c.is_alphabetic())
            .any(|word| LABELS.iter().any(|label| word.eq_ignore_ascii_case(label)))
}

/// Where the line's text begins, in characters from its start.
pub(super) fn indent(line: &str) -> usize {
    line.chars().take_while(|c| text::is_blank(*c)).count()
}

/// Says that a line is not understood.
pub(super) fn message(line: usize, column: usize, content: &str) -> String {
    let content = content.trim_matches(text::is_blank);
    format!("{}: {} is not understood", text::place(line, column), text::quote(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_trees_comments_and_prompts_are_expected() {
        for line in [
            "",
            "----",
            "CONNACK",
            "Frame 12",
            "page 2",
            "Msg Len: 21",
            "0001 .... = Type",
            "; note",
            "```hex",
            "me@host:~$",
            "$ cat dump",
            "MQ Telemetry Transport Protocol, Connect Command",
        ] {
            assert!(is_expected(line), "{line}");
        }
        for line in ["zz", "hello world", "xx 00 c0", "foo bar"] {
            assert!(!is_expected(line), "{line}");
        }
    }
}
