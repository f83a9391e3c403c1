//! Filters with Wireshark's names and signs: `mqtt.msgtype == 3 && mqtt.topic contains "light"`.
//!
//! A field can occur more than once in a packet. As in Wireshark 4, a comparison holds when it does for one of the
//! values, but `!=` and `===` when it does for all; on a field that is not there, none holds. What can never hold, as a
//! value that the field cannot have, is an error.

use std::fmt;

use crate::capture::{Span, Time};
use crate::stream::Captured;

mod columns;
mod evaluate;
mod fields;
mod lexer;
mod literal;
mod parser;

pub use columns::Columns;
pub use fields::Field;
use fields::Values;
use parser::Expression;

/// An expression that packets match or don't.
#[derive(Clone, Debug)]
pub struct Filter(Expression);

/// Why a filter is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What is wrong, in one lower-case sentence without a full stop.
    pub message: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at character {}", self.message, self.at + 1)
    }
}

impl std::error::Error for FilterError {}

impl FilterError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

impl std::str::FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        parser::parse(text).map(Self)
    }
}

impl Filter {
    /// Whether the packet, of a capture that began at `start`, matches.
    pub fn matches(&self, packet: &Captured<'_>, start: Time) -> bool {
        evaluate::holds(&self.0, Values::new(packet, start))
    }

    /// The same for who may not know what is private: no such value is there to be compared.
    pub fn matches_redacted(&self, packet: &Captured<'_>, start: Time) -> bool {
        evaluate::holds(&self.0, Values::new(packet, start).redacted())
    }

    /// The first field in it, if there is one, that holds what is private: a password, a user name, or a payload.
    pub fn private_field(&self) -> Option<Field> {
        self.0.compared().into_iter().find(|field| field.tells_what_is_private())
    }
}

/// Seconds since the first record.
fn relative(time: Time, start: Time) -> Span {
    time.since(start)
}
