//! Why a packet cannot be built: which field, and what is wrong with it.

use std::error::Error;
use std::fmt;

use mqtt_codec::{EncodeError, TextError};

/// A field that keeps a packet from being built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// The key of the field, e.g. `topic`.
    pub key: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The object is none.
    NotAnObject,
    /// There is no packet of this name.
    UnknownPacket(String),
    /// The packet needs it.
    Missing,
    /// The packet has no such field.
    Surplus,
    /// It is not of this type.
    WrongType(&'static str),
    /// It was hidden when the packet was printed.
    Hidden,
    /// It is not a number in this range.
    OutOfRange(u64, u64),
    /// It is not hex.
    NotHex,
    /// Two keys hold the same thing, and this other one differs.
    Differs(&'static str),
    /// It was printed of a damaged packet, of which this was found.
    Damaged(String),
    /// The fields make a packet of another length.
    Contradicted(u64),
    /// The standard forbids it.
    Forbidden(&'static str),
    /// The text is not one of MQTT.
    Text(TextError),
    /// The packet as a whole.
    Encode(EncodeError),
}

impl BuildError {
    pub(super) fn new(key: &str, problem: Problem) -> Self {
        Self { key: key.to_owned(), problem }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.problem {
            Problem::NotAnObject => f.write_str("a packet is a JSON object"),
            Problem::UnknownPacket(name) => write!(f, "{name:?} is no packet of MQTT 3.1.1"),
            Problem::Missing => write!(f, "{key} is missing"),
            Problem::Surplus => write!(f, "the packet has no {key}"),
            Problem::WrongType(wanted) => write!(f, "{key} is not {wanted}"),
            Problem::Hidden => {
                write!(f, "{key} is null: it was hidden when the packet was printed, or never read")
            }
            Problem::OutOfRange(least, most) => write!(f, "{key} is not a number from {least} to {most}"),
            Problem::NotHex => write!(f, "{key} is not hex"),
            Problem::Differs(other) => write!(f, "{key} and {other} differ: leave one out"),
            Problem::Damaged(found) => write!(
                f,
                "the packet is damaged and would be built as a sound one: {found}; leave out findings, length and \
                 remaining_length if that is meant"
            ),
            Problem::Contradicted(made) => {
                write!(f, "{key} is not {made}, which the other fields make: leave it out")
            }
            Problem::Forbidden(why) => write!(f, "{key}: {why}"),
            Problem::Text(error) => write!(f, "{key}: {error}"),
            Problem::Encode(error) => error.fmt(f),
        }
    }
}

impl Error for BuildError {}
