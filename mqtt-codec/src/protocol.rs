//! The protocol that a CONNECT asks for when it is not MQTT 3.1.1 (3.1.2.1, 3.1.2.2).

use core::fmt;

/// The two names that versions of MQTT go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProtocolName {
    /// `MQTT`: version 3.1.1 and later.
    Mqtt,
    /// `MQIsdp`: version 3.1 and earlier.
    Mqisdp,
}

impl ProtocolName {
    /// The name as it stands in CONNECT.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mqtt => "MQTT",
            Self::Mqisdp => "MQIsdp",
        }
    }
}

/// Name and level of the protocol that a CONNECT asks for.
///
/// `Display` gives the version's usual name: `MQTT 5.0`, `MQTT 3.1`, or the bare name and level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Protocol {
    /// Protocol Name (3.1.2.1).
    pub name: ProtocolName,
    /// Protocol Level (3.1.2.2): 4 for MQTT 3.1.1, 5 for MQTT 5.0, 3 for MQTT 3.1.
    pub level: u8,
}

impl Protocol {
    /// MQTT 3.1.1, the one that this crate decodes.
    pub const V3_1_1: Self = Self { name: ProtocolName::Mqtt, level: 4 };
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name, self.level) {
            (ProtocolName::Mqtt, 4) => f.write_str("MQTT 3.1.1"),
            (ProtocolName::Mqtt, 5) => f.write_str("MQTT 5.0"),
            (ProtocolName::Mqisdp, 3) => f.write_str("MQTT 3.1"),
            // Bridges of one broker set bit 7 of the level.
            (ProtocolName::Mqtt, 0x84) => f.write_str("MQTT 3.1.1 bridge (level 0x84)"),
            (ProtocolName::Mqisdp, 0x83) => f.write_str("MQTT 3.1 bridge (level 0x83)"),
            (name, level) => write!(f, "{} level {level}", name.as_str()),
        }
    }
}
