//! CONNACK (3.2).

use core::fmt;

use crate::error::Fault;
use crate::field::Field;
use crate::reader::{Mode, Reader};

/// CONNACK: the Server's answer to CONNECT (3.2).
///
/// ```text
/// 0010 0000 | 2 | 0000000 Session Present | Connect Return Code
/// ```
///
/// Session Present exists only where the connection was accepted [MQTT-3.2.2-4], so it lives in that variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connack {
    /// Return Code 0: the connection is accepted.
    Accepted {
        /// Whether the Server holds session state of this Client [MQTT-3.2.2-1] to [MQTT-3.2.2-3].
        session_present: bool,
    },
    /// Any other Return Code: the Server closes after it [MQTT-3.2.2-5].
    Refused(ConnectReturnCode),
}

/// Why a Server refuses a connection: a Connect Return Code above 0 (3.2.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectReturnCode {
    /// 1: the Server does not support this Protocol Level [MQTT-3.1.2-2].
    UnacceptableProtocolVersion,
    /// 2: the Client Identifier is correct UTF-8 but not allowed [MQTT-3.1.3-8] [MQTT-3.1.3-9].
    IdentifierRejected,
    /// 3: the MQTT service is unavailable.
    ServerUnavailable,
    /// 4: user name or password are malformed or wrong.
    BadUserNameOrPassword,
    /// 5: the Client is not authorized to connect.
    NotAuthorized,
    /// 6 to 255: reserved. Comes only from decoding; a Client treats it as a refusal.
    Reserved(ReservedReturnCode),
}

/// A reserved Connect Return Code that some Server sent, 6 to 255. Cannot be made by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReservedReturnCode(u8);

impl ReservedReturnCode {
    /// The number, 6 to 255.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl ConnectReturnCode {
    /// The code with this number, 1 to 5 (3.2.2.3); `None` for 0, which accepts, and for the reserved 6 to 255, which
    /// come only from decoding.
    pub const fn from_u8(value: u8) -> Option<Self> {
        match value {
            1 => Some(Self::UnacceptableProtocolVersion),
            2 => Some(Self::IdentifierRejected),
            3 => Some(Self::ServerUnavailable),
            4 => Some(Self::BadUserNameOrPassword),
            5 => Some(Self::NotAuthorized),
            _ => None,
        }
    }

    /// The number on the wire, 1 to 255.
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::UnacceptableProtocolVersion => 1,
            Self::IdentifierRejected => 2,
            Self::ServerUnavailable => 3,
            Self::BadUserNameOrPassword => 4,
            Self::NotAuthorized => 5,
            Self::Reserved(code) => code.0,
        }
    }
}

impl fmt::Display for ConnectReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnacceptableProtocolVersion => "unacceptable protocol version",
            Self::IdentifierRejected => "identifier rejected",
            Self::ServerUnavailable => "server unavailable",
            Self::BadUserNameOrPassword => "bad user name or password",
            Self::NotAuthorized => "not authorized",
            Self::Reserved(code) => return write!(f, "reserved return code {}", code.0),
        })
    }
}

impl Connack {
    /// The Connect Return Code as it stands on the wire, 0 when the connection is accepted (3.2.2.3).
    #[inline]
    pub const fn return_code(self) -> u8 {
        match self {
            Self::Accepted { .. } => 0,
            Self::Refused(code) => code.as_u8(),
        }
    }

    /// Session Present (3.2.2.2); never with a refusal [MQTT-3.2.2-4].
    #[inline]
    pub const fn session_present(self) -> bool {
        match self {
            Self::Accepted { session_present } => session_present,
            Self::Refused(_) => false,
        }
    }

    #[inline]
    pub(crate) fn decode<M: Mode>(mut r: Reader<'_, M>) -> Result<Self, M::Error> {
        let flags = r.u8(Field::ConnackFlags)?;
        if flags > 1 {
            return Err(r.fault(Fault::ReservedConnackFlags, Field::ConnackFlags, 1));
        }
        let session_present = flags == 1;
        let code = r.u8(Field::ConnectReturnCode)?;
        r.finish()?;
        let refusal = match code {
            0 => return Ok(Self::Accepted { session_present }),
            1 => ConnectReturnCode::UnacceptableProtocolVersion,
            2 => ConnectReturnCode::IdentifierRejected,
            3 => ConnectReturnCode::ServerUnavailable,
            4 => ConnectReturnCode::BadUserNameOrPassword,
            5 => ConnectReturnCode::NotAuthorized,
            code => ConnectReturnCode::Reserved(ReservedReturnCode(code)),
        };
        if session_present {
            return Err(r.fault(Fault::SessionPresentWithRefusal, Field::ConnackFlags, 2));
        }
        Ok(Self::Refused(refusal))
    }

    /// Flags and Return Code, all that the packet has.
    #[inline]
    pub(crate) fn to_bytes(self) -> [u8; 2] {
        match self {
            Self::Accepted { session_present } => [u8::from(session_present), 0],
            Self::Refused(code) => [0, code.as_u8()],
        }
    }
}
