//! What commands and status look like on the wire.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// What a light is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Switch {
    /// `ON`
    On,
    /// `OFF`
    Off,
}

impl Switch {
    /// `ON` or `OFF`, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ON" => Some(Self::On),
            "OFF" => Some(Self::Off),
            _ => None,
        }
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "ON",
            Self::Off => "OFF",
        })
    }
}

/// What is known of a light. Its text is a status message: `Light is ON`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// The lamp was switched on.
    On,
    /// The lamp was switched off.
    Off,
    /// The lamp failed, or the command was none.
    Unknown,
    /// Nobody controls the lamp: its controller has ended, or died.
    Offline,
}

impl State {
    /// Of a status message.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        Some(match payload.strip_prefix(b"Light is ")? {
            b"ON" => Self::On,
            b"OFF" => Self::Off,
            b"UNKNOWN" => Self::Unknown,
            b"OFFLINE" => Self::Offline,
            _ => return None,
        })
    }

    /// `ON`, `OFF`, `UNKNOWN` or `OFFLINE`.
    pub fn word(self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Off => "OFF",
            Self::Unknown => "UNKNOWN",
            Self::Offline => "OFFLINE",
        }
    }
}

impl From<Switch> for State {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::On => Self::On,
            Switch::Off => Self::Off,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Light is {}", self.word())
    }
}

/// A command: `{"command": "ON", "timestamp": 1722311000.5}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// What to do.
    pub switch: Switch,
    /// When it was given, in seconds since 1970. The lab's programs always say it; a command without is obeyed.
    pub timestamp: Option<f64>,
    /// Who gave it: a key that the lab's programs do not have.
    pub sender: Option<String>,
}

impl Command {
    /// The longest payload that is looked at, in bytes.
    pub const MAX_LEN: usize = 64 * 1_024;
    /// The longest sender, in bytes.
    pub const MAX_SENDER: usize = 256;

    /// As Python's `json.dumps` writes it, with a blank after `:` and `,`.
    ///
    /// ```
    /// use light_apps::payload::{Command, Switch};
    ///
    /// let command = Command { switch: Switch::On, timestamp: Some(1722311000.5), sender: None };
    /// assert_eq!(command.to_json(), r#"{"command": "ON", "timestamp": 1722311000.5}"#);
    /// assert_eq!(Command::parse(command.to_json().as_bytes()), Ok(command));
    /// ```
    pub fn to_json(&self) -> String {
        let mut json = format!(r#"{{"command": "{}""#, self.switch);
        // JSON has no other numbers.
        if let Some(timestamp) = self.timestamp.filter(|timestamp| timestamp.is_finite()) {
            // The shortest digits that give the number back, at least one behind the point, as Python's `repr` has them.
            json += &format!(r#", "timestamp": {timestamp:?}"#);
        }
        if let Some(sender) = &self.sender {
            json += &format!(r#", "sender": {}"#, Value::from(sender.as_str()));
        }
        json + "}"
    }

    /// Reads any JSON object that has a `command`. Other keys are passed over.
    ///
    /// # Errors
    /// See [`BadCommand`].
    pub fn parse(payload: &[u8]) -> Result<Self, BadCommand> {
        if payload.len() > Self::MAX_LEN {
            return Err(BadCommand::TooLong(payload.len()));
        }
        let text = std::str::from_utf8(payload).map_err(|error| BadCommand::NotUtf8(error.valid_up_to()))?;
        let fields = match serde_json::from_str(text) {
            Ok(Top::Object(fields)) => fields,
            Ok(Top::Other(kind)) => return Err(BadCommand::NotAnObject(kind)),
            Err(error) => return Err(BadCommand::NotJson(error.to_string())),
        };
        let switch = match fields.command {
            None => return Err(BadCommand::NoCommand),
            Some(Value::String(text)) => Switch::parse(&text).ok_or(BadCommand::UnknownCommand(text))?,
            Some(other) => return Err(BadCommand::CommandType(kind(&other))),
        };
        let timestamp = match fields.timestamp {
            None => None,
            Some(Value::Number(number)) => number.as_f64(),
            Some(other) => return Err(BadCommand::TimestampType(kind(&other))),
        };
        Ok(Self { switch, timestamp, sender: sender(fields.sender)? })
    }
}

/// The keys of a command. Whatever else stands beside them is passed over as it is, however deep: it need not fit into any
/// value of ours.
#[derive(Default)]
struct Fields {
    command: Option<Value>,
    timestamp: Option<Value>,
    sender: Option<Value>,
}

/// What a payload is.
enum Top {
    Object(Fields),
    Other(&'static str),
}

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TopVisitor)
    }
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Top;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<String>()? {
            let field = match &*key {
                "command" => &mut fields.command,
                "timestamp" => &mut fields.timestamp,
                "sender" => &mut fields.sender,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            // The last one counts, as for Python.
            *field = Some(map.next_value()?);
        }
        Ok(Top::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Top, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Top::Other("an array"))
    }

    fn visit_str<E>(self, _: &str) -> Result<Top, E> {
        Ok(Top::Other("a string"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Top, E> {
        Ok(Top::Other("a number"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Top, E> {
        Ok(Top::Other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Top, E> {
        Ok(Top::Other("a number"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Top, E> {
        Ok(Top::Other("a boolean"))
    }

    fn visit_unit<E>(self) -> Result<Top, E> {
        Ok(Top::Other("null"))
    }
}

/// Whatever stands there is the name of a sender.
fn sender(value: Option<Value>) -> Result<Option<String>, BadCommand> {
    let sender = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    if sender.len() > Command::MAX_SENDER {
        return Err(BadCommand::LongSender(sender.len()));
    }
    Ok(Some(sender))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A payload is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCommand {
    /// It is not even looked at. Holds its length in bytes.
    #[error("a payload of {0} bytes, of at most {most}", most = Command::MAX_LEN)]
    TooLong(usize),
    /// Holds the place of the first wrong byte.
    #[error("not UTF-8 from byte {0} on")]
    NotUtf8(usize),
    /// Holds what the JSON reader says.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// Holds what it is.
    #[error("not a JSON object but {0}")]
    NotAnObject(&'static str),
    /// There is no key `command`.
    #[error("no \"command\" in it")]
    NoCommand,
    /// Holds what the command is.
    #[error("the command is not a string but {0}")]
    CommandType(&'static str),
    /// Holds the command.
    #[error("the command {0:?} is neither \"ON\" nor \"OFF\"")]
    UnknownCommand(String),
    /// Holds what the time stamp is.
    #[error("the timestamp is not a number but {0}")]
    TimestampType(&'static str),
    /// Holds its length in bytes.
    #[error("a sender of {0} bytes, of at most {most}", most = Command::MAX_SENDER)]
    LongSender(usize),
}

impl BadCommand {
    /// The lab's controller answers it with `Light is UNKNOWN`: an object of JSON whose command is not one of the two.
    pub fn is_answered(&self) -> bool {
        match self {
            Self::NoCommand | Self::CommandType(_) | Self::UnknownCommand(_) => true,
            Self::TooLong(_)
            | Self::NotUtf8(_)
            | Self::NotJson(_)
            | Self::NotAnObject(_)
            | Self::TimestampType(_)
            | Self::LongSender(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
