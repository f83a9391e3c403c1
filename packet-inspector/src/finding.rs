//! A finding: one thing that is wrong or worth knowing, and where.

/// How much a finding weighs. Only errors change the exit status, if not said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing, allowed by the standard.
    Note,
    /// Of a packet: well-formed, so that a receiver has to take it and answer, yet against a rule or unlikely to be meant.
    /// Of a conversation: most likely against a rule, but the capture's clock, or what it cannot know, is part of the proof;
    /// or allowed, and unlikely to be meant.
    Warning,
    /// Of a packet: no receiver may take the bytes, or they are damaged or missing. Of a conversation: surely against a
    /// MUST of the standard, as the packets that were captured show.
    Error,
}

impl Severity {
    /// The word that is printed: `note`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong or worth knowing about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// A stable name in snake case, e.g. `zero_packet_id`.
    pub kind: &'static str,
    /// The normative statement that is broken, e.g. `MQTT-2.3.1-1`.
    pub clause: Option<&'static str>,
    /// The field it is about, e.g. `Packet Identifier`.
    pub field: Option<String>,
    /// What is wrong, in one lower-case sentence without a full stop.
    pub message: String,
    /// What would have been right, or what to do; empty when there is nothing to say.
    pub hint: String,
    /// Where it begins, in bytes from the start of the record.
    pub offset: usize,
    /// How many bytes it is about; 0 for a place between bytes.
    pub length: usize,
}

impl Finding {
    /// A finding without clause, field and hint, at `offset` over `length` bytes.
    pub fn new(
        severity: Severity,
        kind: &'static str,
        offset: usize,
        length: usize,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            kind,
            clause: None,
            field: None,
            message: message.into(),
            hint: String::new(),
            offset,
            length,
        }
    }

    /// The same finding with a field.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same finding with a clause.
    #[must_use]
    pub fn against(mut self, clause: &'static str) -> Self {
        self.clause = Some(clause);
        self
    }

    /// The same finding with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}
