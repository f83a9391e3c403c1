//! A number for each operation of each implementation, and the tables made of them.

use std::collections::HashMap;
use std::fmt::Write;

use crate::{IMPLEMENTATIONS, Implementation, Operation};

/// Instructions or nanoseconds.
#[derive(Debug, Clone, Default)]
pub struct Numbers(HashMap<(Operation, &'static str), f64>);

impl FromIterator<(&'static Implementation, Operation, f64)> for Numbers {
    fn from_iter<I: IntoIterator<Item = (&'static Implementation, Operation, f64)>>(iter: I) -> Self {
        Self(iter.into_iter().map(|(it, operation, number)| ((operation, it.name), number)).collect())
    }
}

impl Numbers {
    /// Of lines with implementation, operation and number, as `instructions --tsv` prints them.
    pub fn from_tsv(text: &str) -> Self {
        let row = |line: &str| {
            let mut parts = line.split('\t');
            let name = parts.next()?;
            let label = parts.next()?;
            let implementation = IMPLEMENTATIONS.iter().find(|it| it.name == name)?;
            let operation = Operation::all().find(|operation| operation.label() == label)?;
            Some((implementation, operation, parts.next()?.parse().ok()?))
        };
        text.lines().filter_map(row).collect()
    }

    /// What this implementation takes, if it can do this.
    pub fn get(&self, operation: Operation, implementation: &Implementation) -> Option<f64> {
        self.0.get(&(operation, implementation.name)).copied()
    }

    /// What ours takes.
    pub fn ours(&self, operation: Operation) -> Option<f64> {
        IMPLEMENTATIONS.first().and_then(|ours| self.get(operation, ours))
    }

    /// What each of the others takes.
    pub fn peers(&self, operation: Operation) -> impl Iterator<Item = (&'static Implementation, f64)> {
        IMPLEMENTATIONS.iter().skip(1).filter_map(move |peer| Some((peer, self.get(operation, peer)?)))
    }

    /// The peer that takes least, the first of several.
    pub fn best_peer(&self, operation: Operation) -> Option<(&'static Implementation, f64)> {
        self.peers(operation).min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// In Markdown: a row for each operation, a column for each implementation; the lowest number of a row is bold.
    pub fn table(&self, rows: impl IntoIterator<Item = Operation>, limits: bool, digits: usize) -> String {
        let mut table = "| |".to_owned();
        // Writing to a `String` does not fail.
        for implementation in IMPLEMENTATIONS {
            let _ = write!(table, " {} |", implementation.name);
        }
        table.push_str(if limits { " ours at most |\n|---|" } else { "\n|---|" });
        table.push_str(&"--:|".repeat(IMPLEMENTATIONS.len() + usize::from(limits)));
        table.push('\n');
        for operation in rows {
            let number = |it: &Implementation| self.get(operation, it);
            let lowest = IMPLEMENTATIONS.iter().filter_map(number).fold(f64::INFINITY, f64::min);
            let _ = write!(table, "| {} |", operation.label());
            for implementation in IMPLEMENTATIONS {
                let _ = match number(implementation) {
                    Some(number) if number <= lowest => write!(table, " **{number:.digits$}** |"),
                    Some(number) => write!(table, " {number:.digits$} |"),
                    None => write!(table, " |"),
                };
            }
            if limits {
                let limit = operation.limit().map(|limit| limit.to_string());
                let _ = write!(table, " {} |", limit.unwrap_or_default());
            }
            table.push('\n');
        }
        table
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Sample;

    /// Of two codecs and two operations.
    pub(crate) fn numbers() -> Numbers {
        Numbers::from_tsv(
            "mqtt-codec\tdecode PUBACK\t38.00\nmqttrs\tdecode PUBACK\t137.40\nflowsdk\tdecode PUBACK\t130\n\
             mqtt-codec\tencode PUBACK\t28\nmqttrs\tencode PUBACK\t46\nnobody\tencode PUBACK\t1\n",
        )
    }

    #[test]
    fn the_best_peer_is_not_ours() {
        let decode = Operation::Decode(Sample::Puback);
        assert_eq!(numbers().ours(decode), Some(38.0));
        let best = numbers().best_peer(decode).map(|(peer, number)| (peer.name, number));
        assert_eq!(best, Some(("flowsdk", 130.0)));
        assert_eq!(numbers().peers(Operation::Encode(Sample::Puback)).count(), 1);
        assert!(numbers().best_peer(Operation::MatchTopic).is_none());
    }

    #[test]
    fn the_lowest_number_of_a_row_is_bold() {
        let table = numbers().table([Operation::Decode(Sample::Puback)], true, 0);
        assert!(table.ends_with("| decode PUBACK | **38** | 137 | | | | | | | 130 | | 50 |\n"), "{table}");
    }
}
