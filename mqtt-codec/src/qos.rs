//! Quality of Service (4.3).

use core::fmt;

/// Quality of Service: how hard the two sides try to deliver a message (4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: sent once, never acknowledged (4.3.1).
    #[default]
    AtMostOnce = 0,
    /// QoS 1: acknowledged by PUBACK; may arrive more than once (4.3.2).
    AtLeastOnce = 1,
    /// QoS 2: PUBREC, PUBREL and PUBCOMP make sure that it arrives once (4.3.3).
    ExactlyOnce = 2,
}

impl QoS {
    /// The QoS with this number; `None` for 3 (forbidden) and above.
    #[inline]
    pub const fn from_u8(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }

    /// 0, 1 or 2.
    #[inline]
    pub const fn as_u8(self) -> u8 {
        self as u8
    }
}

impl From<QoS> for u8 {
    fn from(qos: QoS) -> Self {
        qos.as_u8()
    }
}

impl TryFrom<u8> for QoS {
    type Error = QoSError;

    /// The QoS with this number.
    ///
    /// # Errors
    /// The number is above 2 [MQTT-3.3.1-4].
    #[inline]
    fn try_from(value: u8) -> Result<Self, QoSError> {
        Self::from_u8(value).ok_or(QoSError(()))
    }
}

/// A number above 2 is no [`QoS`] (4.3) [MQTT-3.3.1-4].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QoSError(());

impl fmt::Display for QoSError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QoS is not 0, 1 or 2")
    }
}

impl core::error::Error for QoSError {}

impl fmt::Display for QoS {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_u8(), f)
    }
}
