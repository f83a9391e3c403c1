//! What a connection carries, by its first bytes and its ports.

use std::fmt;

use mqtt_codec::{Decoded, Decoder, Side};

use crate::fixed_header;

/// What a connection carries that is not MQTT 3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Other {
    /// TLS: whatever is inside is encrypted.
    Tls,
    /// HTTP without a change to WebSocket.
    Http,
    /// WebSocket with messages of something else.
    WebSocket,
    /// WebSocket frames that are compressed, of which some were lost, or in another way than they say.
    CompressedWebSocket,
    /// Bytes of no protocol that is known here.
    Unknown,
}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls => "TLS: encrypted, so there is no MQTT to see",
            Self::Http => "HTTP",
            Self::WebSocket => "WebSocket, without MQTT in it",
            Self::CompressedWebSocket => "compressed WebSocket frames that cannot be opened",
            Self::Unknown => "no MQTT, and no protocol that is known here",
        })
    }
}

/// What the first bytes of a direction are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    Mqtt,
    /// A WebSocket may follow.
    Http,
    Other(Other),
    More,
}

/// Judges the first bytes that a side sends on a connection, whose port is MQTT's or not.
pub(super) fn first_bytes(bytes: &[u8], on_port: bool, side: Option<Side>) -> Guess {
    if is_tls(bytes) {
        return Guess::Other(Other::Tls);
    }
    if is_http(bytes) {
        return Guess::Http;
    }
    if is_connect(bytes) {
        return Guess::Mqtt;
    }
    if may_become_http(bytes) {
        return Guess::More;
    }
    let is_whole = fixed_header::read(bytes).is_some_and(|(_, len, body_at)| body_at + len <= bytes.len());
    // Its name may follow, unless its length leaves no place for that.
    let may_be_connect = bytes.first().is_none_or(|first| *first == 0x10);
    if bytes.len() < 8 && may_be_connect && !(on_port && is_whole && side != Some(Side::Server)) {
        return Guess::More;
    }
    if !on_port {
        return Guess::Other(Other::Unknown);
    }
    match Decoder::new().decode(bytes) {
        Ok(Decoded::Packet(..)) => Guess::Mqtt,
        Ok(Decoded::NeedMore { missing: None }) => Guess::More,
        // A length that large is rather another protocol's text.
        Ok(Decoded::NeedMore { missing: Some(missing) }) if usize::from(missing) < 1 << 21 => {
            // All but a CONNECT would be wrong here, and is believed only when it is whole.
            if bytes.first() == Some(&0x10) { Guess::Mqtt } else { Guess::More }
        }
        Ok(Decoded::NeedMore { .. }) => Guess::Other(Other::Unknown),
        // A Server answers: what is malformed before anything was asked is no answer of one.
        Err(_) if side == Some(Side::Server) => Guess::Other(Other::Unknown),
        // A malformed packet: its length fits, or it is a CONNECT by its type.
        Err(_) => match fixed_header::read(bytes) {
            // Of the reserved types with a body, as many other protocols begin.
            Some((0..=0x0F | 0xF0.., 1.., _)) => Guess::Other(Other::Unknown),
            Some((first, remaining_length, body_at))
                if body_at + remaining_length == bytes.len() || first == 0x10 =>
            {
                Guess::Mqtt
            }
            Some((1..=0xEF, remaining_length, body_at)) if follows(bytes, body_at + remaining_length) => {
                Guess::Mqtt
            }
            _ => Guess::Other(Other::Unknown),
        },
    }
}

/// Whether a packet stands behind so many bytes.
fn follows(bytes: &[u8], len: usize) -> bool {
    let next = bytes.get(len..).unwrap_or_default();
    matches!(Decoder::new().decode(next), Ok(Decoded::Packet(..)))
}

/// CONNECT with a Protocol Name of any version, whatever else is wrong with it.
pub(super) fn is_connect(bytes: &[u8]) -> bool {
    const NAMES: [&[u8]; 2] = [b"\0\x04MQTT", b"\0\x06MQIsdp"];
    let Some((first, _, body_at)) = fixed_header::read(bytes) else {
        // A length of too many bytes: the name stands behind them.
        let start = bytes.get(..16).unwrap_or(bytes);
        let is_named = NAMES.iter().any(|name| start.windows(name.len()).any(|part| part == *name));
        return bytes.first().is_some_and(|first| first >> 4 == 1) && is_named;
    };
    let body = bytes.get(body_at..).unwrap_or_default();
    first >> 4 == 1 && NAMES.iter().any(|name| body.starts_with(name))
}

/// Content type, version 3.x, and a length of at most 2^14 + 2,048.
fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x14..=0x17, 3, 0..=4, high, ..] if *high <= 0x48)
}

pub(super) fn is_http(bytes: &[u8]) -> bool {
    HTTP.iter().any(|start| bytes.starts_with(start))
}

/// Whether these are the first bytes of HTTP, too few to tell.
pub(super) fn may_become_http(bytes: &[u8]) -> bool {
    HTTP.iter().any(|start| start.starts_with(bytes))
}

/// What requests and answers begin with.
const HTTP: [&[u8]; 11] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"DELETE ",
    b"PATCH ",
    b"OPTIONS ",
    b"TRACE ",
    b"CONNECT ",
    b"PRI * HTTP/2",
    b"HTTP/1.",
];
