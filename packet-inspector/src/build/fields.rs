//! The fields of an object, each in its type.

use mqtt_codec::{BinaryData, PacketId, QoS, TextError, TopicFilter, TopicName, Utf8Str};
use serde_json::{Map, Value};

use super::error::{BuildError, Problem};

/// What `decode` says of a packet beside its own fields, and what follows from those.
const BESIDE: [&str; 11] = [
    "packet",
    "frame",
    "stream",
    "time",
    "from",
    "offset",
    "length",
    "flags",
    "remaining_length",
    "fields",
    "findings",
];

pub(super) type Result<T> = std::result::Result<T, BuildError>;

/// An object that names a packet's fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn of(object: &'a Value) -> Result<Self> {
        object.as_object().map(Self).ok_or_else(|| BuildError::new("packet", Problem::NotAnObject))
    }

    /// Refuses keys that are none of these: of what was written by hand, they are mistakes.
    pub(super) fn only(self, keys: &[&str]) -> Result<()> {
        // Printed by `decode`: later versions may print more than we know of.
        if self.0.contains_key("fields") {
            return Ok(());
        }
        let unknown =
            self.0.keys().find(|key| !keys.contains(&key.as_str()) && !BESIDE.contains(&key.as_str()));
        unknown.map_or(Ok(()), |key| Err(BuildError::new(key, Problem::Surplus)))
    }

    /// The value; null counts as not there, but for what `--redact` hides.
    fn get(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn was_hidden(self, key: &str) -> bool {
        self.0.get(key).is_some_and(Value::is_null)
    }

    fn missing(self, key: &str) -> BuildError {
        BuildError::new(key, if self.was_hidden(key) { Problem::Hidden } else { Problem::Missing })
    }

    pub(super) fn name(self) -> Result<&'a str> {
        self.get("packet").and_then(Value::as_str).ok_or_else(|| self.missing("packet"))
    }

    /// A flag; not set when it is not there.
    pub(super) fn flag(self, key: &str) -> Result<bool> {
        self.get(key).map_or(Ok(false), |value| {
            value.as_bool().ok_or_else(|| BuildError::new(key, Problem::WrongType("true or false")))
        })
    }

    fn number(self, key: &str, least: u64, most: u64) -> Result<Option<u64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.as_u64().filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| BuildError::new(key, Problem::OutOfRange(least, most)))
    }

    pub(super) fn u16(self, key: &str) -> Result<Option<u16>> {
        let number = self.number(key, 0, u16::MAX.into())?;
        Ok(number.and_then(|number| u16::try_from(number).ok()))
    }

    pub(super) fn u8(self, key: &str) -> Result<Option<u8>> {
        let number = self.number(key, 0, u8::MAX.into())?;
        Ok(number.and_then(|number| u8::try_from(number).ok()))
    }

    /// A QoS; 0 when it is not there.
    pub(super) fn qos(self, key: &str) -> Result<QoS> {
        let number = self.number(key, 0, 2)?.unwrap_or(0);
        Ok(u8::try_from(number).ok().and_then(QoS::from_u8).unwrap_or_default())
    }

    pub(super) fn packet_id(self) -> Result<PacketId> {
        let key = "packet_id";
        let id = self.u16(key)?.ok_or_else(|| self.missing(key))?;
        PacketId::new(id).ok_or_else(|| BuildError::new(key, Problem::OutOfRange(1, u16::MAX.into())))
    }

    fn str(self, key: &str) -> Result<Option<&'a str>> {
        let Some(value) = self.get(key) else {
            return if self.was_hidden(key) { Err(self.missing(key)) } else { Ok(None) };
        };
        value.as_str().map(Some).ok_or_else(|| BuildError::new(key, Problem::WrongType("text")))
    }

    pub(super) fn text(self, key: &str) -> Result<Option<Utf8Str<'a>>> {
        self.str(key)?.map(|text| Utf8Str::new(text).map_err(|error| of_text(key, error))).transpose()
    }

    pub(super) fn topic(self, key: &str) -> Result<TopicName<'a>> {
        let topic = self.str(key)?.ok_or_else(|| self.missing(key))?;
        TopicName::new(topic).map_err(|error| of_text(key, error))
    }

    /// Bytes in hex.
    pub(super) fn hex(self, key: &str) -> Result<Option<Vec<u8>>> {
        let decoded = self.str(key)?.map(hex::decode).transpose();
        decoded.map_err(|_| BuildError::new(key, Problem::NotHex))
    }

    /// A payload: in hex, or as text; without either there is none.
    pub(super) fn payload(self, hex: &'static str, text: &str) -> Result<Vec<u8>> {
        if let Some(bytes) = self.hex_as_text(hex, text)? {
            return Ok(bytes);
        }
        Ok(self.str(text)?.unwrap_or_default().as_bytes().to_vec())
    }

    /// Bytes in hex; when they are there as text too, it is the same.
    pub(super) fn hex_as_text(self, hex: &'static str, text: &str) -> Result<Option<Vec<u8>>> {
        let bytes = self.hex(hex)?;
        let also = self.get(text).map(|_| self.str(text)).transpose()?.flatten();
        match (&bytes, also) {
            (Some(bytes), Some(also)) if bytes != also.as_bytes() => {
                Err(BuildError::new(text, Problem::Differs(hex)))
            }
            _ => Ok(bytes),
        }
    }

    /// Refuses what `decode` printed of a damaged packet: its fields alone would make a sound one of it.
    pub(super) fn sound(self) -> Result<()> {
        let findings = self.get("findings").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if let Some(error) = findings.iter().find(|finding| finding["severity"] == "error") {
            let found = error["message"].as_str().unwrap_or("it has an error");
            return Err(BuildError::new("findings", Problem::Damaged(found.to_owned())));
        }
        let number = |key| self.get(key).and_then(Value::as_u64);
        // One byte of type and flags, and one to four of the length.
        match (number("length"), number("remaining_length")) {
            (Some(length), Some(rest)) if !(2..=5).contains(&length.saturating_sub(rest)) => {
                let found = format!("remaining_length is {rest}, length is {length}");
                Err(BuildError::new("remaining_length", Problem::Damaged(found)))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a Remaining Length written by hand that is not the packet's. What `decode` printed may be changed: there, the
    /// lengths are those of the packet that it was.
    pub(super) fn length_of(self, packet: &[u8]) -> Result<()> {
        let key = "remaining_length";
        let length = packet.iter().skip(1).take_while(|byte| **byte >= 0x80).count();
        let made = u64::try_from(packet.len().saturating_sub(length + 2)).unwrap_or(u64::MAX);
        match self.get(key) {
            Some(said) if !self.0.contains_key("fields") && said.as_u64() != Some(made) => {
                Err(BuildError::new(key, Problem::Contradicted(made)))
            }
            _ => Ok(()),
        }
    }

    /// The entries of a list that has at least one.
    pub(super) fn list(self, key: &str) -> Result<&'a [Value]> {
        let value = self.get(key).ok_or_else(|| self.missing(key))?;
        let list = value.as_array().filter(|list| !list.is_empty());
        list.map(Vec::as_slice)
            .ok_or_else(|| BuildError::new(key, Problem::WrongType("a list with an entry")))
    }
}

fn of_text(key: &str, error: TextError) -> BuildError {
    BuildError::new(key, Problem::Text(error))
}

/// A Topic Filter of a list.
pub(super) fn filter(value: &Value) -> Result<TopicFilter<'_>> {
    let key = "filters";
    let text = value.as_str().ok_or_else(|| BuildError::new(key, Problem::WrongType("a list of filters")))?;
    TopicFilter::new(text).map_err(|error| of_text(key, error))
}

/// Bytes with a length of two bytes before them.
pub(super) fn binary<'a>(key: &str, bytes: &'a [u8]) -> Result<BinaryData<'a>> {
    BinaryData::new(bytes).map_err(|error| of_text(key, error))
}
