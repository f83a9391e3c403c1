//! Wireshark's words for MQTT.

use mqtt_codec::PacketType;

/// What Wireshark calls the packet with this first byte, e.g. `Publish Message`.
pub fn title(first: u8) -> &'static str {
    match PacketType::of_first_byte(first) {
        Some(packet_type) => packet_type.title(),
        None if first >> 4 == 15 => "Authentication Exchange",
        None => "Reserved",
    }
}

/// The meaning of two bits of QoS.
pub(crate) fn qos(value: u64) -> &'static str {
    match value {
        0 => "At most once delivery (Fire and Forget)",
        1 => "At least once delivery (Acknowledged deliver)",
        2 => "Exactly once delivery (Assured Delivery)",
        _ => "Reserved",
    }
}

/// The meaning of a SUBACK's Return Code.
pub(crate) fn granted_qos(value: u64) -> &'static str {
    if value == 0x80 { "Failure" } else { qos(value) }
}

/// The meaning of a Protocol Level.
pub(crate) fn version(level: u64) -> &'static str {
    match level {
        3 => "MQTT v3.1",
        4 => "MQTT v3.1.1",
        5 => "MQTT v5.0",
        0x83 => "MQTT v3.1, bridge",
        0x84 => "MQTT v3.1.1, bridge",
        _ => "Unknown",
    }
}

/// The meaning of a Connect Return Code.
pub(crate) fn connect_return_code(code: u64) -> &'static str {
    match code {
        0 => "Connection Accepted",
        1 => "Connection Refused: unacceptable protocol version",
        2 => "Connection Refused: identifier rejected",
        3 => "Connection Refused: server unavailable",
        4 => "Connection Refused: bad user name or password",
        5 => "Connection Refused: not authorized",
        _ => "Unknown",
    }
}
