//! Exit statuses: what scripts see of what went wrong. They are documented in `README.md` of the crate, and in `--help`.

use std::fmt;

use mqtt_client::Error;
use mqtt_client::session::ConnectionError;

/// Wrong usage. (1 to 5 are also the return codes of a refused connection, as `mosquitto_pub` has them.)
pub(crate) const USAGE: u8 = 2;
/// `-W` is over; the number is `mosquitto_sub`'s.
pub(crate) const TIMEOUT: u8 = 27;
/// The input can't be sent.
pub(crate) const DATA: u8 = 65;
/// A file can't be read.
pub(crate) const NO_INPUT: u8 = 66;
/// No server was reached, or none that answers.
pub(crate) const UNAVAILABLE: u8 = 69;
/// The store can't be used.
pub(crate) const STORE: u8 = 73;
/// Standard input or output failed.
pub(crate) const IO: u8 = 74;
/// Some message may not have arrived.
pub(crate) const UNDELIVERED: u8 = 75;
/// The server broke the protocol.
pub(crate) const PROTOCOL: u8 = 76;
/// The server refused every subscription.
pub(crate) const NOT_GRANTED: u8 = 77;

/// The end of `--help`.
pub(crate) const HELP: &str = "\
Exit status: 0 done; 1 to 5 the server refused the connection with this return code (other codes likewise); \
2 also wrong usage; 27 -W is over; 65 the input can't be sent; 66 a file can't be read; 69 no server was reached; \
73 the store can't be used; 74 standard input or output failed; 75 some message may not have arrived; \
76 the server broke the protocol; 77 every subscription was refused; 130, 143 interrupted before the end.";

/// Why the command ends without having done what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: u8,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(status: u8, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// What was asked for makes no sense.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(USAGE, message.to_string())
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let status = match error {
            Error::Options(_) => USAGE,
            Error::Connection(ConnectionError::Refused(code)) => code.as_u8(),
            Error::Connection(ConnectionError::Violation(_)) => PROTOCOL,
            Error::Connection(ConnectionError::NoConnack | ConnectionError::NoPingresp)
            | Error::Connect(_)
            | Error::Lost(_)
            | Error::DriverDropped => UNAVAILABLE,
            Error::Store(_) => STORE,
        };
        Self::new(status, error.to_string())
    }
}
