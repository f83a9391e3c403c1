//! What our own codec took when its baseline was last written: the gate against getting slower.
//!
//! `benches/baseline.tsv` holds a line for each operation: its label, a tab, its instructions. Lines with `#` say with
//! what they were counted.

use std::fmt::Write;

use crate::Operation;
use crate::callgrind::Count;

/// The file, beside Cargo.toml.
pub const FILE: &str = "baseline.tsv";

/// A row that takes less is worth a word when it is a tenth, and no less than this.
const SLACK: f64 = 3.0;

/// One row, then and now.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its label.
    pub row: String,
    /// Of the baseline, unless it has no such row.
    pub then: Option<f64>,
    /// What was counted, unless there is no such row any more.
    pub now: Option<f64>,
}

/// What the gate says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// As it was, give or take a tenth.
    Same,
    /// Less by more than a tenth: the baseline can be lowered.
    Better,
    /// More by more than a tenth.
    Worse,
    /// Only one of both has it: the baseline is not of these rows.
    Unpaired,
}

impl Change {
    /// Of this row.
    pub fn judgement(&self) -> Judgement {
        match (self.then, self.now) {
            (Some(then), Some(now)) if now > then * 1.1 => Judgement::Worse,
            (Some(then), Some(now)) if now < (then * 0.9).min(then - SLACK) => Judgement::Better,
            (Some(_), Some(_)) => Judgement::Same,
            _ => Judgement::Unpaired,
        }
    }
}

/// The text of the file; `counted_with` tells of the tools.
pub fn write(counts: &[Count], counted_with: &str) -> String {
    let mut text = format!(
        "# Instructions of mqtt-codec, built without LTO. Written by: \
         cargo run -p mqtt-benches --release --bin instructions -- --update-baseline\n# {counted_with}\n"
    );
    for count in counts {
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{}\t{:.2}", count.operation.label(), count.instructions);
    }
    text
}

/// The line of the file that tells with what it was counted.
pub fn counted_with(text: &str) -> &str {
    text.lines().nth(1).and_then(|line| line.strip_prefix("# ")).unwrap_or_default()
}

/// Each row of the file beside what was counted now; `None` when a line can't be read.
pub fn compare(text: &str, counts: &[Count]) -> Option<Vec<Change>> {
    let mut then = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (row, instructions) = line.split_once('\t')?;
        then.push((row, instructions.parse::<f64>().ok()?));
    }
    let now: Vec<(String, f64)> =
        counts.iter().map(|count| (Operation::label(count.operation), count.instructions)).collect();
    let counted = now.iter().map(|(row, instructions)| Change {
        row: row.clone(),
        then: then.iter().find(|(name, _)| name == row).map(|&(_, instructions)| instructions),
        now: Some(*instructions),
    });
    let gone = then.iter().filter(|(row, _)| now.iter().all(|(name, _)| name != row));
    let gone =
        gone.map(|&(row, instructions)| Change { row: row.to_owned(), then: Some(instructions), now: None });
    Some(counted.chain(gone).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;

    fn judge(then: f64, now: f64) -> Judgement {
        Change { row: String::new(), then: Some(then), now: Some(now) }.judgement()
    }

    #[test]
    fn more_than_a_tenth_is_worse_and_three_instructions_less_are_not_better() {
        assert_eq!(judge(100.0, 110.0), Judgement::Same);
        assert_eq!(judge(100.0, 110.1), Judgement::Worse);
        assert_eq!(judge(20.0, 22.0), Judgement::Same);
        assert_eq!(judge(20.0, 23.0), Judgement::Worse);
        assert_eq!(judge(100.0, 90.0), Judgement::Same);
        assert_eq!(judge(100.0, 89.9), Judgement::Better);
        assert_eq!(judge(20.0, 17.0), Judgement::Same);
        assert_eq!(judge(20.0, 16.9), Judgement::Better);
    }

    #[test]
    fn what_was_written_is_compared_row_by_row() {
        let count = |sample, instructions| Count {
            implementation: "mqtt-codec",
            operation: Operation::Decode(sample),
            instructions,
        };
        let text = write(&[count(Sample::Pingreq, 36.0), count(Sample::Puback, 43.25)], "rustc 1");
        assert_eq!(counted_with(&text), "rustc 1");
        let now = [count(Sample::Puback, 53.0), count(Sample::Pubrec, 43.0)];
        let changes = compare(&text, &now).expect("as it was written");
        let seen: Vec<_> = changes.iter().map(|it| (it.row.as_str(), it.judgement())).collect();
        assert_eq!(
            seen,
            [
                ("decode PUBACK", Judgement::Worse),
                ("decode PUBREC", Judgement::Unpaired),
                ("decode PINGREQ", Judgement::Unpaired),
            ]
        );
        assert_eq!(compare("decode PUBACK 43\n", &now), None);
    }
}
