//! Packet Identifier (2.3.1).

use core::fmt;
use core::num::NonZeroU16;

/// A Packet Identifier: 1 to 65,535, never 0 [MQTT-2.3.1-1].
///
/// PUBACK, PUBREC, PUBREL, PUBCOMP and UNSUBACK hold nothing but this.
///
/// ```
/// use mqtt_codec::PacketId;
///
/// assert_eq!(PacketId::new(7).map(PacketId::get), Some(7));
/// assert_eq!(PacketId::new(0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// The lowest identifier, 1.
    pub const MIN: Self = Self(NonZeroU16::MIN);
    /// The highest identifier, 65,535.
    pub const MAX: Self = Self(NonZeroU16::MAX);

    /// The identifier with this number; `None` for 0.
    #[inline]
    pub const fn new(value: u16) -> Option<Self> {
        match NonZeroU16::new(value) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }

    /// The number, 1 to 65,535.
    #[inline]
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// The identifier after this one; 1 after 65,535.
    #[inline]
    #[must_use]
    pub const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(next) => Self(next),
            None => Self::MIN,
        }
    }
}

impl From<NonZeroU16> for PacketId {
    fn from(value: NonZeroU16) -> Self {
        Self(value)
    }
}

impl From<PacketId> for NonZeroU16 {
    fn from(id: PacketId) -> Self {
        id.0
    }
}

impl TryFrom<u16> for PacketId {
    type Error = PacketIdError;

    /// The identifier with this number.
    ///
    /// # Errors
    /// The number is 0 [MQTT-2.3.1-1].
    #[inline]
    fn try_from(value: u16) -> Result<Self, PacketIdError> {
        Self::new(value).ok_or(PacketIdError(()))
    }
}

/// The number 0 is no [`PacketId`] [MQTT-2.3.1-1].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PacketIdError(());

impl fmt::Display for PacketIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("packet identifier is zero")
    }
}

impl core::error::Error for PacketIdError {}

impl From<PacketId> for u16 {
    fn from(id: PacketId) -> Self {
        id.get()
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
