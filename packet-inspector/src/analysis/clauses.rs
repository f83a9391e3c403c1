//! The standard's statements, in our words, and which of them findings of single packets touch beside their own.

/// One normative statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number, e.g. `MQTT-3.3.1-4`.
    pub id: &'static str,
    /// The section.
    pub section: &'static str,
    /// Who has to keep it.
    pub party: &'static str,
    /// What it says.
    pub statement: &'static str,
    /// How it can be tested.
    pub testable_as: &'static str,
}

impl Clause {
    /// Whether a capture can show that it is broken.
    pub fn is_seen_on_the_wire(&self) -> bool {
        let is_seen = self.testable_as.contains("inspector check") || SEEN_TOO.contains(&self.id);
        is_seen && self.id != NEVER_SEEN
    }
}

/// Statements that the table would have tried with a codec or a broker alone, and that captures show to be broken too.
const SEEN_TOO: [&str; 7] = [
    "MQTT-3.1.2-1",
    "MQTT-3.1.2-2",
    "MQTT-3.1.2-24",
    "MQTT-3.1.4-1",
    "MQTT-3.8.4-6",
    "MQTT-4.7.1-2",
    "MQTT-4.7.1-3",
];

/// The identifier in a PUBLISH at QoS 0 would be the start of its payload: no bytes tell.
const NEVER_SEEN: &str = "MQTT-2.3.1-5";

const TABLE: &str = include_str!("../../../testdata/conformance.tsv");

/// All statements, in the standard's order.
pub fn clauses() -> impl Iterator<Item = Clause> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut columns = line.split('\t');
        Some(Clause {
            id: columns.next()?,
            section: columns.next()?,
            party: columns.next()?,
            statement: columns.next()?,
            testable_as: columns.next()?,
        })
    })
}

/// The statement with this number; `MQTT-` before it may be left out.
pub fn clause(id: &str) -> Option<Clause> {
    let wanted = id.trim().trim_matches(['[', ']']);
    clauses().find(|clause| {
        clause.id.eq_ignore_ascii_case(wanted)
            || clause.id.strip_prefix("MQTT-").is_some_and(|short| short.eq_ignore_ascii_case(wanted))
    })
}

/// The statement about the field, beside the one about what is wrong with it.
pub(super) fn related(kind: &str, field: Option<&str>, packet: &str) -> Option<&'static str> {
    match (kind, field, packet) {
        ("ill_formed_utf8" | "nul_character", Some("Client Identifier"), _) => Some("MQTT-3.1.3-4"),
        ("ill_formed_utf8" | "nul_character", Some("Will Topic"), _) => Some("MQTT-3.1.3-10"),
        ("ill_formed_utf8" | "nul_character", Some("User Name"), _) => Some("MQTT-3.1.3-11"),
        ("nul_character", Some("Topic Name" | "Topic Filter"), _) => Some("MQTT-4.7.3-2"),
        ("ill_formed_utf8", Some("Topic Name"), _) => Some("MQTT-3.3.2-1"),
        ("ill_formed_utf8", Some("Topic Filter"), "SUBSCRIBE") => Some("MQTT-3.8.3-1"),
        ("ill_formed_utf8", Some("Topic Filter"), "UNSUBSCRIBE") => Some("MQTT-3.10.3-1"),
        ("wildcard_in_topic_name", ..) => Some("MQTT-4.7.1-1"),
        ("dup_at_qos_0", ..) => Some("MQTT-4.3.1-1"),
        ("empty_topic", ..) => Some("MQTT-4.7.3-1"),
        ("wrong_flags", ..) => Some("MQTT-2.2.2-1"),
        ("reserved_suback_code", ..) => Some("MQTT-3.9.3-2"),
        ("will_qos_without_will" | "will_retain_without_will", ..) => Some("MQTT-3.1.2-11"),
        ("field_past_end", Some("Will Topic" | "Will Message"), _) => Some("MQTT-3.1.2-9"),
        ("field_past_end", Some("User Name"), _) => Some("MQTT-3.1.2-19"),
        ("field_past_end", Some("Password"), _) => Some("MQTT-3.1.2-21"),
        ("field_past_end", Some("Client Identifier"), _) => Some("MQTT-3.1.3-3"),
        _ => None,
    }
}

/// What bytes behind a CONNECT's last field most likely are: fields whose flags are not set.
pub(super) fn left_over_in_connect(flags: u8, left: &[u8]) -> &'static str {
    let fields = fields(left);
    match (flags & 0x04 != 0, flags & 0x80 != 0, flags & 0x40 != 0, fields) {
        (false, _, _, Some(2..)) => "MQTT-3.1.2-11",
        (_, false, _, Some(_)) => "MQTT-3.1.2-18",
        (_, true, false, Some(1)) => "MQTT-3.1.2-20",
        _ => "MQTT-3.1.3-1",
    }
}

/// How many fields with a length fill these bytes.
fn fields(mut bytes: &[u8]) -> Option<usize> {
    let mut count = 0;
    while !bytes.is_empty() {
        let ([high, low], rest) = bytes.split_first_chunk()?;
        bytes = rest.get(usize::from(u16::from_be_bytes([*high, *low]))..)?;
        count += 1;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_explained() {
        assert_eq!(clauses().count(), 141);
        assert_eq!(clause("3.3.1-4").unwrap().id, "MQTT-3.3.1-4");
        assert_eq!(clause("mqtt-3.3.1-4"), clause("[MQTT-3.3.1-4]"));
        assert_eq!(clause("MQTT-9.9.9-9"), None);
    }

    #[test]
    fn left_over_fields_are_those_without_a_flag() {
        assert_eq!(left_over_in_connect(0x02, b"\0\x01w\0\x01m"), "MQTT-3.1.2-11");
        assert_eq!(left_over_in_connect(0x02, b"\0\x01u"), "MQTT-3.1.2-18");
        assert_eq!(left_over_in_connect(0x82, b"\0\x01p"), "MQTT-3.1.2-20");
    }
}
