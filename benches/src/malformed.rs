//! Packets that MQTT 3.1.1 forbids: which codec refuses which.

use std::fmt::Write;
use std::panic::catch_unwind;

use crate::{IMPLEMENTATIONS, Verdict};

/// What is wrong, the statement it breaks, and the bytes.
pub type Malformed = (&'static str, &'static str, &'static [u8]);

/// Each is wrong in one way alone. All begin a stream that goes on, so that none is too short.
pub const MALFORMED: &[Malformed] = &[
    ("reserved type 0", "2.2.1", b"\x00\x00"),
    ("reserved type 15", "2.2.1", b"\xF0\x00"),
    ("Remaining Length of five bytes", "2.2.3", b"\xC0\x80\x80\x80\x80\x01"),
    ("PUBACK with flags 0001", "2.2.2-1", b"\x41\x02\x00\x01"),
    ("PINGREQ with flags 0001", "2.2.2-1", b"\xC1\x00"),
    ("PUBREL with flags 0000", "3.6.1-1", b"\x60\x02\x00\x01"),
    ("SUBSCRIBE with flags 0000", "3.8.1-1", b"\x80\x06\x00\x01\x00\x01a\x00"),
    ("UNSUBSCRIBE with flags 0000", "3.10.1-1", b"\xA0\x05\x00\x01\x00\x01a"),
    ("PUBLISH with QoS 3", "3.3.1-4", b"\x36\x05\x00\x01a\x00\x01"),
    ("PUBLISH with DUP at QoS 0", "3.3.1-2", b"\x38\x03\x00\x01a"),
    ("PUBLISH with Packet Identifier 0", "2.3.1-1", b"\x32\x05\x00\x01a\x00\x00"),
    ("PUBACK with Packet Identifier 0", "2.3.1-1", b"\x40\x02\x00\x00"),
    ("SUBSCRIBE with Packet Identifier 0", "2.3.1-1", b"\x82\x06\x00\x00\x00\x01a\x00"),
    ("UNSUBACK with Packet Identifier 0", "2.3.1-1", b"\xB0\x02\x00\x00"),
    ("`+` in a Topic Name", "3.3.2-2", b"\x30\x05\x00\x03a/+"),
    ("`#` in a Topic Name", "3.3.2-2", b"\x30\x05\x00\x03a/#"),
    ("empty Topic Name", "4.7.3-1", b"\x30\x02\x00\x00"),
    ("NUL in a Topic Name", "1.5.3-2", b"\x30\x05\x00\x03a\x00b"),
    ("ill-formed UTF-8 in a Topic Name", "1.5.3-1", b"\x30\x05\x00\x03a\xC3b"),
    ("surrogate in a Topic Name", "1.5.3-1", b"\x30\x05\x00\x03\xED\xA0\x80"),
    ("Topic Name longer than its PUBLISH", "4.8.0-1", b"\x30\x03\x00\x03a"),
    ("PUBACK of three bytes", "4.8.0-1", b"\x40\x03\x00\x01\x00"),
    ("PUBACK of one byte", "4.8.0-1", b"\x40\x01\x00"),
    ("PINGREQ of one byte", "4.8.0-1", b"\xC0\x01\x00"),
    ("reserved CONNECT flag", "3.1.2-3", b"\x10\x0D\x00\x04MQTT\x04\x03\x00\x3C\x00\x01a"),
    (
        "CONNECT with Will QoS 3",
        "3.1.2-14",
        b"\x10\x13\x00\x04MQTT\x04\x1E\x00\x3C\x00\x01a\x00\x01t\x00\x01m",
    ),
    ("CONNECT with Will QoS but no Will", "3.1.2-13", b"\x10\x0D\x00\x04MQTT\x04\x0A\x00\x3C\x00\x01a"),
    ("CONNECT with Will Retain but no Will", "3.1.2-15", b"\x10\x0D\x00\x04MQTT\x04\x22\x00\x3C\x00\x01a"),
    (
        "CONNECT with password but no user name",
        "3.1.2-22",
        b"\x10\x10\x00\x04MQTT\x04\x42\x00\x3C\x00\x01a\x00\x01p",
    ),
    ("CONNECT with another protocol's name", "3.1.2-1", b"\x10\x0D\x00\x04MQTQ\x04\x02\x00\x3C\x00\x01a"),
    ("CONNECT with Protocol Level 6", "3.1.2-2", b"\x10\x0D\x00\x04MQTT\x06\x02\x00\x3C\x00\x01a"),
    (
        "wildcard in a Will Topic",
        "4.7.1-1",
        b"\x10\x13\x00\x04MQTT\x04\x06\x00\x3C\x00\x01a\x00\x01#\x00\x01m",
    ),
    ("NUL in a Client Identifier", "1.5.3-2", b"\x10\x0E\x00\x04MQTT\x04\x02\x00\x3C\x00\x02a\x00"),
    ("bytes left over in CONNECT", "4.8.0-1", b"\x10\x0E\x00\x04MQTT\x04\x02\x00\x3C\x00\x01aX"),
    ("CONNACK with reserved flags", "4.8.0-1", b"\x20\x02\x02\x00"),
    ("CONNACK that refuses with Session Present", "3.2.2-4", b"\x20\x02\x01\x05"),
    ("SUBSCRIBE without filters", "3.8.3-3", b"\x82\x02\x00\x01"),
    ("SUBSCRIBE with QoS 3", "3.8.3-4", b"\x82\x06\x00\x01\x00\x01a\x03"),
    ("SUBSCRIBE with reserved QoS bits", "3.8.3-4", b"\x82\x06\x00\x01\x00\x01a\x04"),
    ("filter `a/#/b`", "4.7.1-2", b"\x82\x0A\x00\x01\x00\x05a/#/b\x00"),
    ("filter `a+`", "4.7.1-3", b"\x82\x07\x00\x01\x00\x02a+\x00"),
    ("empty filter", "4.7.3-1", b"\x82\x05\x00\x01\x00\x00\x00"),
    ("SUBACK with code 3", "3.9.3-2", b"\x90\x03\x00\x01\x03"),
    ("UNSUBSCRIBE without filters", "3.10.3-2", b"\xA2\x02\x00\x01"),
];

/// What each implementation says of each of [`MALFORMED`], followed by more packets (here the bytes of a PUBLISH, so
/// that what reads on finds text), in its order.
pub fn verdicts() -> Vec<(Malformed, Vec<Verdict>)> {
    let hook = std::panic::take_hook();
    // The panics are the result.
    std::panic::set_hook(Box::new(|_| {}));
    let verdicts = MALFORMED
        .iter()
        .map(|&malformed| {
            let stream = [malformed.2, b"\x30\x03\x00\x01a\x30\x03\x00\x01a"].concat();
            let of_each = IMPLEMENTATIONS
                .iter()
                .map(|it| catch_unwind(|| (it.decode)(&stream)).unwrap_or(Verdict::Panicked))
                .collect();
            (malformed, of_each)
        })
        .collect();
    std::panic::set_hook(hook);
    verdicts
}

/// How many of [`MALFORMED`] each implementation refuses, in its order.
pub fn refused(verdicts: &[(Malformed, Vec<Verdict>)]) -> Vec<usize> {
    let of = |column| {
        verdicts.iter().filter(|(_, of_each)| of_each.get(column) == Some(&Verdict::Refused)).count()
    };
    (0..IMPLEMENTATIONS.len()).map(of).collect()
}

/// The verdicts as a table in Markdown.
pub fn table(verdicts: &[(Malformed, Vec<Verdict>)]) -> String {
    let mut table = "| malformed packet | MQTT-".to_owned();
    for implementation in IMPLEMENTATIONS {
        table.extend([" | ", implementation.name]);
    }
    table.push_str(" |\n|---|---");
    table.push_str(&"|:-:".repeat(IMPLEMENTATIONS.len()));
    table.push_str("|\n");
    for ((what, clause, _), of_each) in verdicts {
        // Writing to a `String` does not fail.
        let _ = write!(table, "| {what} | {clause}");
        for verdict in of_each {
            table.push_str(match verdict {
                Verdict::Refused => " | refused",
                Verdict::Accepted => " | **accepted**",
                Verdict::Unfinished => " | *waits*",
                Verdict::Panicked => " | **panics**",
            });
        }
        table.push_str(" |\n");
    }
    table.push_str("| refused, of all | ");
    for refused in refused(verdicts) {
        let _ = write!(table, " | {refused} of {}", MALFORMED.len());
    }
    table.push_str(" |\n");
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_refuses_them_all() {
        for ((what, _, bytes), verdicts) in verdicts() {
            assert_eq!(verdicts.first(), Some(&Verdict::Refused), "{what}: {bytes:02X?}");
        }
    }
}
