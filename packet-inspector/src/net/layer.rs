//! A header as a tree shows it.

use std::ops::Range;

/// One header of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Wireshark's short name of the protocol, e.g. `ipv6`.
    pub protocol: &'static str,
    /// One line, worded as Wireshark's.
    pub summary: String,
    /// The bytes of the header in the record.
    pub range: Range<usize>,
    /// Its main fields, in their order on the wire.
    pub fields: Vec<LayerField>,
}

/// One field of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerField {
    /// The name, e.g. `Hop Limit`.
    pub name: &'static str,
    /// The value, as text.
    pub value: String,
    /// Wireshark's name for filters, e.g. `ipv6.hlim`.
    pub wireshark: &'static str,
    /// Where it begins in the record.
    pub offset: usize,
    /// How many bytes it lies in; two fields can share a byte.
    pub length: usize,
}

impl Layer {
    pub(super) fn new(protocol: &'static str, summary: String, range: Range<usize>) -> Self {
        Self { protocol, summary, range, fields: Vec::new() }
    }

    /// Adds a field at `at` bytes from the start of the header.
    #[expect(clippy::needless_pass_by_value, reason = "callers pass numbers and fresh strings")]
    pub(super) fn field(
        mut self,
        name: &'static str,
        wireshark: &'static str,
        at: usize,
        length: usize,
        value: impl ToString,
    ) -> Self {
        self.fields.push(LayerField {
            name,
            value: value.to_string(),
            wireshark,
            offset: self.range.start + at,
            length,
        });
        self
    }
}
