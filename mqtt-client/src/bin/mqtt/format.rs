//! How a message is printed: `-F` with the sequences of `mosquitto_sub`.

use std::fmt::Display;
use std::io::Write;
use std::str::{Chars, FromStr};

use jiff::ZonedDateTime;
use jiff::fmt::strtime;
use mqtt_client::{QoS, Received};
use serde_json::Value;

use crate::link::say;

/// The pieces of a line.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pieces: Vec<Piece>,
    pretty: bool,
    newline: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    /// `-v`: the topic and a space, and `(null)` for a payload without bytes.
    TopicAndPayload,
    Topic(Pad),
    Payload(Digits, Pad),
    Len(Pad),
    QoS,
    Retain,
    PacketId(Pad),
    /// JSON of all, with the payload as a string or as JSON.
    Json {
        quoted: bool,
    },
    /// For strftime.
    Time(String),
    UnixTime,
    Nanoseconds,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Digits {
    None,
    Lower,
    Upper,
}

/// Width and alignment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pad {
    left: bool,
    zeros: bool,
    width: usize,
    most: Option<usize>,
}

const ISO_8601: &str = "%Y-%m-%dT%H:%M:%S%z";

impl Format {
    /// The payload, with the topic before it or without.
    pub(crate) fn plain(with_topic: bool) -> Self {
        let piece =
            if with_topic { Piece::TopicAndPayload } else { Piece::Payload(Digits::None, Pad::default()) };
        Self { pieces: vec![piece], pretty: false, newline: true }
    }

    pub(crate) fn pretty(self, pretty: bool) -> Self {
        Self { pretty, ..self }
    }

    pub(crate) fn with_newline(self, newline: bool) -> Self {
        Self { newline, ..self }
    }

    /// Appends a message as it is printed.
    pub(crate) fn write(&self, message: &Received, out: &mut Vec<u8>) {
        // All times of a line are the same; without any, nobody looks at a clock.
        let mut now = None;
        let mut time = || now.get_or_insert_with(ZonedDateTime::now).clone();
        let topic = message.topic.as_str();
        let payload = &message.payload[..];
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend(text.as_bytes()),
                Piece::TopicAndPayload => {
                    put(out, format_args!("{topic} "));
                    out.extend(if payload.is_empty() { &b"(null)"[..] } else { payload });
                }
                Piece::Topic(pad) => pad.text(topic, out),
                Piece::Payload(digits, pad) => pad.bytes(payload, *digits, out),
                Piece::Len(pad) => pad.number(payload.len(), out),
                Piece::QoS => put(out, message.qos),
                Piece::Retain => put(out, u8::from(message.retain)),
                Piece::PacketId(pad) => pad.number(message.packet_id().map_or(0, |id| id.get().into()), out),
                Piece::Json { quoted } => match json(message, *quoted, &time()) {
                    Some(json) => {
                        // Writing to memory does not fail.
                        let _ = match self.pretty {
                            true => serde_json::to_writer_pretty(&mut *out, &json),
                            false => serde_json::to_writer(&mut *out, &json),
                        };
                    }
                    None => say(&format_args!("mqtt: the payload is not valid JSON on topic {topic:?}")),
                },
                // Its directives were tried when it was read.
                Piece::Time(format) => put(out, strtime::format(format, &time()).unwrap_or_default()),
                Piece::UnixTime => {
                    let now = time().timestamp();
                    put(out, format_args!("{}.{:09}", now.as_second(), now.subsec_nanosecond()));
                }
                Piece::Nanoseconds => put(out, format_args!("{:09}", time().subsec_nanosecond())),
            }
        }
        if self.newline {
            out.push(b'\n');
        }
    }
}

fn put(out: &mut Vec<u8>, value: impl Display) {
    // Writing to memory does not fail.
    let _ = write!(out, "{value}");
}

/// What `mosquitto_sub` makes of a message; `None` when the payload should be JSON and is not.
fn json(message: &Received, quoted: bool, now: &ZonedDateTime) -> Option<Value> {
    let payload = match quoted {
        true => Value::String(String::from_utf8_lossy(&message.payload).into_owned()),
        false => serde_json::from_slice(&message.payload).ok()?,
    };
    let time = strtime::format("%Y-%m-%dT%H:%M:%S.%6f%z", now).unwrap_or_default();
    let mut json = serde_json::Map::new();
    json.insert("tst".into(), time.into());
    json.insert("topic".into(), message.topic.as_str().into());
    json.insert("qos".into(), message.qos.as_u8().into());
    json.insert("retain".into(), u8::from(message.retain).into());
    json.insert("payloadlen".into(), message.payload.len().into());
    if message.qos != QoS::AtMostOnce {
        json.insert("mid".into(), message.packet_id().map_or(0, mqtt_codec::PacketId::get).into());
    }
    json.insert("payload".into(), payload);
    Some(json.into())
}

impl Pad {
    fn text(self, text: &str, out: &mut Vec<u8>) {
        let most = self.most.unwrap_or(usize::MAX);
        let shown: String = text.chars().take(most).collect();
        match self.left {
            true => put(out, format_args!("{shown:<width$}", width = self.width)),
            false => put(out, format_args!("{shown:>width$}", width = self.width)),
        }
    }

    fn number(self, number: usize, out: &mut Vec<u8>) {
        let width = self.width;
        match (self.left, self.zeros) {
            (true, _) => put(out, format_args!("{number:<width$}")),
            (false, true) => put(out, format_args!("{number:0>width$}")),
            (false, false) => put(out, format_args!("{number:>width$}")),
        }
    }

    /// A width is also the most that is shown of a payload, as with `mosquitto_sub`.
    fn bytes(self, bytes: &[u8], digits: Digits, out: &mut Vec<u8>) {
        let per_byte = if digits == Digits::None { 1 } else { 2 };
        let most = if self.width == 0 { bytes.len() } else { self.width / per_byte };
        let shown = bytes.get(..most).unwrap_or(bytes);
        let padding = self.width.saturating_sub(shown.len() * per_byte);
        let fill = if self.zeros && digits != Digits::None && !self.left { b'0' } else { b' ' };
        if !self.left {
            out.extend(std::iter::repeat_n(fill, padding));
        }
        match digits {
            Digits::None => out.extend(shown),
            Digits::Lower => shown.iter().for_each(|byte| put(out, format_args!("{byte:02x}"))),
            Digits::Upper => shown.iter().for_each(|byte| put(out, format_args!("{byte:02X}"))),
        }
        if self.left {
            out.extend(std::iter::repeat_n(fill, padding));
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(format: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut chars = format.chars();
        let mut text = String::new();
        while let Some(c) = chars.next() {
            let piece = match c {
                '%' => percent(&mut chars)?,
                '@' => at(&mut chars)?,
                '\\' => Piece::Text(escape(&mut chars)?.to_string()),
                c => Piece::Text(c.to_string()),
            };
            match piece {
                Piece::Text(more) => text.push_str(&more),
                piece => {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text)));
                    }
                    pieces.push(piece);
                }
            }
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self { pieces, pretty: false, newline: true })
    }
}

/// Behind a `%`.
fn percent(chars: &mut Chars<'_>) -> Result<Piece, String> {
    let mut pad = Pad::default();
    let mut c = chars.next();
    while let Some(flag @ ('-' | '0')) = c {
        pad.left |= flag == '-';
        pad.zeros |= flag == '0';
        c = chars.next();
    }
    pad.width = number(&mut c, chars)?.unwrap_or(0);
    if c == Some('.') {
        c = chars.next();
        pad.most = Some(number(&mut c, chars)?.ok_or("incomplete format specifier")?);
    }
    Ok(match c.ok_or("incomplete format specifier")? {
        '%' => Piece::Text("%".into()),
        't' => Piece::Topic(pad),
        'p' => Piece::Payload(Digits::None, pad),
        'x' => Piece::Payload(Digits::Lower, pad),
        'X' => Piece::Payload(Digits::Upper, pad),
        'l' => Piece::Len(pad),
        'q' => Piece::QoS,
        'r' => Piece::Retain,
        'm' => Piece::PacketId(pad),
        'I' => Piece::Time(ISO_8601.into()),
        'U' => Piece::UnixTime,
        'j' => Piece::Json { quoted: true },
        'J' => Piece::Json { quoted: false },
        // What only messages of MQTT 5 have.
        'A' | 'C' | 'D' | 'E' | 'F' | 'P' | 'R' | 'S' => Piece::Text(String::new()),
        other => return Err(format!("invalid format specifier %{other}")),
    })
}

/// A number of few digits, if there is one.
fn number(c: &mut Option<char>, chars: &mut Chars<'_>) -> Result<Option<usize>, String> {
    const MOST: usize = 10_000;
    let mut number = None;
    while let Some(digit) = c.and_then(|c| c.to_digit(10)) {
        let next = number.unwrap_or(0) * 10 + digit as usize;
        if next > MOST {
            return Err(format!("a width is at most {MOST}"));
        }
        number = Some(next);
        *c = chars.next();
    }
    Ok(number)
}

/// Behind an `@`.
fn at(chars: &mut Chars<'_>) -> Result<Piece, String> {
    match chars.next().ok_or("incomplete format specifier")? {
        '@' => Ok(Piece::Text("@".into())),
        'N' => Ok(Piece::Nanoseconds),
        c => {
            let format = format!("%{c}");
            match strtime::format(&format, &ZonedDateTime::now()) {
                Ok(_) => Ok(Piece::Time(format)),
                Err(error) => Err(format!("invalid format specifier @{c}: {error}")),
            }
        }
    }
}

/// Behind a `\`.
fn escape(chars: &mut Chars<'_>) -> Result<char, String> {
    Ok(match chars.next().ok_or("incomplete escape specifier")? {
        '\\' => '\\',
        '0' => '\0',
        'a' => '\x07',
        'e' => '\x1b',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        other => return Err(format!("invalid escape specifier \\{other}")),
    })
}
