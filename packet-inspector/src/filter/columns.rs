//! Fields of packets as columns.

use std::io::{self, Write};

use super::fields::{Value, Values};
use super::{Field, Time};
use crate::capture::Span;
use crate::dissect::text;
use crate::stream::Captured;

/// Writes fields of packets, a line a packet, each field with all its values.
#[derive(Debug)]
pub struct Columns<'f> {
    fields: &'f [Field],
    /// Comma-separated values, else tabs between the columns.
    csv: bool,
    is_redacted: bool,
    line: Vec<u8>,
}

impl<'f> Columns<'f> {
    /// Columns of these fields, separated by tabs, or by commas with quotes where they are needed.
    pub fn new(fields: &'f [Field], csv: bool) -> Self {
        Self { fields, csv, is_redacted: false, line: Vec::new() }
    }

    /// The same with columns empty that hold what is private.
    #[must_use]
    pub fn redacted(self, is_redacted: bool) -> Self {
        Self { is_redacted, ..self }
    }

    /// Writes the line of a packet of a capture that began at `start`.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn packet(&mut self, packet: &Captured<'_>, start: Time, out: &mut impl Write) -> io::Result<()> {
        let Self { fields, csv, is_redacted, line } = self;
        let values = Values::new(packet, start);
        line.clear();
        for (number, field) in fields.iter().enumerate() {
            if number > 0 {
                line.push(if *csv { b',' } else { b'\t' });
            }
            let at = line.len();
            if !*is_redacted || !values.is_private(*field) {
                write(*field, values, line);
            }
            if *csv {
                quote(line, at);
            }
        }
        line.push(b'\n');
        out.write_all(line)
    }
}

/// Appends all values of a field, a comma between two.
fn write(field: Field, values: Values<'_>, out: &mut Vec<u8>) {
    let as_hex = matches!(field.name(), "mqtt.hdrflags" | "mqtt.conflags" | "mqtt.conack.flags");
    let is_binary = matches!(field.name(), "mqtt.msg" | "mqtt.willmsg");
    let at = out.len();
    values.any(field, |value| {
        if out.len() > at {
            out.push(b',');
        }
        match value {
            Value::Number(number) if as_hex => out.extend_from_slice(format!("{number:#04x}").as_bytes()),
            Value::Number(number) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
            Value::Seconds(nanos) => Span(nanos).write(out),
            Value::Flag(flag) => out.push(if flag { b'1' } else { b'0' }),
            Value::Bytes(bytes) if is_binary => text::hex(bytes, out),
            // Nothing in a packet can command a terminal or break a column.
            Value::Bytes(bytes) if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) => {
                out.extend_from_slice(bytes);
            }
            Value::Bytes(bytes) => out.extend_from_slice(text::visible(bytes).as_bytes()),
            Value::Address(address) => out.extend_from_slice(address.to_string().as_bytes()),
            Value::Protocol(_) => out.push(b'1'),
        }
        false
    });
}

/// Puts what stands behind `at` into quotes, if a reader of CSV needs them.
fn quote(line: &mut Vec<u8>, at: usize) {
    let cell = line.get(at..).unwrap_or_default();
    if !cell.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        return;
    }
    let cell = cell.to_vec();
    line.truncate(at);
    line.push(b'"');
    for byte in cell {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}
