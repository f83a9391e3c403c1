//! The block of the root README.md that is made of the numbers.

use std::fmt::Write;

use crate::malformed::MALFORMED;
use crate::numbers::Numbers;
use crate::{IMPLEMENTATIONS, Operation};

/// Before the block.
pub const BEGIN: &str = "<!-- codec-benchmarks -->";
/// Behind it.
pub const END: &str = "<!-- /codec-benchmarks -->";

/// What stands between the marks: the plot and a short table. `refused` is how many of the malformed packets each
/// implementation refuses, in its order.
pub fn block(lto: &Numbers, plain: &Numbers, refused: &[usize], made_with: &str) -> String {
    let of = MALFORMED.len();
    let refused_by = |name: &str| {
        let position = IMPLEMENTATIONS.iter().position(|it| it.name == name);
        position.and_then(|position| refused.get(position)).copied().unwrap_or_default()
    };
    let mut block = format!(
        "![Instructions for each operation, ours beside the other codecs](benches/results.svg)\n\n\
         Instructions for each operation, counted by callgrind; ours refuses {} of {of} malformed packets.\n\n\
         | operation | ours, LTO | ours, no LTO | our limit, LTO | best other Rust codec, LTO | which refuses |\n\
         |---|--:|--:|--:|--:|---|\n",
        refused_by("mqtt-codec"),
    );
    for operation in Operation::SHORT {
        let number = |number: Option<f64>| number.map(|number| format!("{number:.0}")).unwrap_or_default();
        let limit = operation.limit().map(|limit| limit.to_string()).unwrap_or_default();
        let (best, refuses) = match lto.best_peer(operation) {
            Some((peer, number)) => {
                (format!("{number:.0} {}", peer.name), format!("{} of {of}", refused_by(peer.name)))
            }
            None => Default::default(),
        };
        // Writing to a `String` does not fail.
        let _ = writeln!(
            block,
            "| {} | {} | {} | {limit} | {best} | {refuses} |",
            operation.label(),
            number(lto.ours(operation)),
            number(plain.ours(operation)),
        );
    }
    let _ = write!(block, "\n{made_with}\n");
    block
}

/// The text with another block between its marks; `None` when they are not there.
pub fn replace(text: &str, block: &str) -> Option<String> {
    replace_between(text, BEGIN, END, block)
}

/// The same between any marks.
pub fn replace_between(text: &str, begin: &str, end: &str, block: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, behind) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n{block}{end}{behind}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::tests::numbers;

    #[test]
    fn a_row_names_the_best_peer_and_what_it_refuses() {
        let refused: Vec<usize> = (0..IMPLEMENTATIONS.len()).collect();
        let block = block(&numbers(), &numbers(), &refused, "Made here.");
        let row = format!("| decode PUBACK | 38 | 38 | 50 | 130 flowsdk | 8 of {} |\n", MALFORMED.len());
        assert!(block.contains(&row), "{block}");
        assert!(block.ends_with("\nMade here.\n"), "{block}");
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = format!("a\n{BEGIN}\nnew\n{END}\nb\n");
        assert_eq!(replace(&text, "new\n"), Some(new.clone()));
        assert_eq!(replace(&new, "new\n"), Some(new));
        assert_eq!(replace("a\nb\n", "new\n"), None);
    }
}
