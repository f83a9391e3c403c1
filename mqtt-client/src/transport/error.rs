//! Why no connection could be made.

use std::fmt;
use std::io;

use crate::transport::address::Address;

/// No connection to a Server could be made.
#[derive(Debug)]
pub struct ConnectError {
    address: Option<Address>,
    cause: io::Error,
}

impl ConnectError {
    /// On the way to this address.
    pub(super) fn at(mut self, address: &Address) -> Self {
        self.address = Some(address.clone());
        self
    }

    /// Trying again is of no use: the way is not there on this system, or may not be used.
    pub fn is_permanent(&self) -> bool {
        matches!(
            self.cause.kind(),
            io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied
        )
    }
}

impl From<io::Error> for ConnectError {
    fn from(cause: io::Error) -> Self {
        Self { address: None, cause }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "cannot connect to {address}: {}", self.cause),
            None => write!(f, "cannot connect: {}", self.cause),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}
