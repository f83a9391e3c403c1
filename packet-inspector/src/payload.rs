//! What the data of a TCP segment is when it is not MQTT: named, and not taken apart as MQTT.

use mqtt_codec::{Decoded, Packet};

use crate::finding::{Finding, Severity};
use crate::net;

/// A note that names another protocol in the segment's data; `None` when it is to be read as MQTT.
pub(crate) fn other_protocol(net: &net::Frame, payload: &[u8]) -> Option<Finding> {
    let transport = net.transport.as_ref()?;
    if payload.is_empty() || decodes(payload) {
        return None;
    }
    let on_mqtt_port =
        [transport.source_port, transport.destination_port].iter().any(|port| net.mqtt_ports.contains(port));
    let (kind, message, hint) = if is_tls(payload) {
        ("tls", "the data is a TLS record: encrypted, so there is no MQTT to see", "")
    } else if is_http(payload) {
        ("http", "the data is HTTP", "MQTT over WebSocket begins with HTTP and goes on in WebSocket frames")
    } else if !on_mqtt_port && is_web_socket(payload) {
        (
            "websocket",
            "the data is a WebSocket frame, which is not opened",
            "paste the MQTT bytes in it alone",
        )
    } else if !on_mqtt_port {
        ("not_mqtt", "the data does not decode as MQTT, and neither port is one of MQTT's", "")
    } else {
        return None;
    };
    let range = &net.payload;
    Some(Finding::new(Severity::Note, kind, range.start, range.len(), message).hint(hint))
}

/// Whether a packet stands at the front that decodes, or may with more bytes.
fn decodes(payload: &[u8]) -> bool {
    match Packet::decode(payload) {
        Ok(Decoded::Packet(..)) => true,
        // Not so much as a Remaining Length says little.
        Ok(Decoded::NeedMore { missing }) => missing.is_some(),
        Err(error) => error.unsupported_protocol().is_some(),
    }
}

/// Content type, version 3.x, and a length of at most 2^14 + 2,048.
fn is_tls(payload: &[u8]) -> bool {
    matches!(payload, [0x14..=0x17, 3, 0..=4, high, ..] if *high <= 0x48)
}

fn is_http(payload: &[u8]) -> bool {
    [&b"GET "[..], b"POST ", b"PUT ", b"HEAD ", b"HTTP/1."].iter().any(|start| payload.starts_with(start))
}

/// One binary, text or control frame, whole, with the mask bit and length that fit.
fn is_web_socket(payload: &[u8]) -> bool {
    let (len_bytes, rest) = match payload {
        [0x80..=0x82 | 0x88..=0x8A, len, rest @ ..] => (*len, rest),
        _ => return false,
    };
    let mask = if len_bytes & 0x80 != 0 { 4 } else { 0 };
    match (len_bytes & 0x7F, rest) {
        (126, [high, low, rest @ ..]) => rest.len() == mask + usize::from(u16::from_be_bytes([*high, *low])),
        (127, _) => true,
        (len, rest) => rest.len() == mask + usize::from(len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lab's frame 264 with other data in its segment, to this port.
    fn frame(data: [u8; 15], port: u16) -> crate::frame::Frame {
        let text = include_str!("../../testdata/lab/frames/publisher-264-publish.hex");
        let mut bytes = hex::decode(text.trim()).unwrap();
        bytes[74..].copy_from_slice(&data);
        bytes[56..58].copy_from_slice(&port.to_be_bytes());
        let record = crate::record::Record { bytes, ..Default::default() };
        crate::frame::Frame::new(1, record, crate::frame::Options::default())
    }

    #[test]
    fn what_is_not_mqtt_is_named_and_not_called_wrong() {
        let ping = *b"\x30\x0d\0\x08internetIOT";
        assert_eq!(frame(ping, 1883).packets().count(), 1);
        assert_eq!(frame(ping, 9999).packets().count(), 1);
        for (data, port, kind) in [
            (*b"\x17\x03\x03\0\x0aabcdefghij", 8883, "tls"),
            (*b"\x17\x03\x03\0\x0aabcdefghij", 1883, "tls"),
            (*b"GET / HTTP/1.1\r", 1883, "http"),
            (*b"\x82\x0d\xc0\0\xd0\0\xc0\0\xd0\0\xc0\0\xd0\0\0", 9001, "websocket"),
            (*b"SSH-2.0-OpenSSH", 22, "not_mqtt"),
        ] {
            let frame = frame(data, port);
            assert_eq!(frame.packets().count(), 0, "{kind}");
            assert!(
                !frame.has_errors() && frame.findings.iter().any(|finding| finding.kind == kind),
                "{kind}"
            );
        }
    }

    #[test]
    fn other_protocols_are_known_by_their_first_bytes() {
        assert!(is_tls(b"\x16\x03\x01\x02\x00\x01") && is_tls(b"\x17\x03\x03\x00\x20"));
        assert!(!is_tls(b"\x10\x15\x00\x04MQTT"));
        assert!(is_http(b"GET /mqtt HTTP/1.1\r\n") && is_http(b"HTTP/1.1 101"));
        assert!(is_web_socket(b"\x82\x02\xc0\x00") && is_web_socket(b"\x82\x82\x01\x02\x03\x04\xc1\x02"));
        assert!(!is_web_socket(b"\x82\x03\xc0\x00"));
    }
}
