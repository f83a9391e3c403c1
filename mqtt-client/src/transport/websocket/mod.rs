//! WebSocket (section 6, RFC 6455): the handshake. HTTP, keys and frame headers are tungstenite's; payloads pass through
//! [`stream`] as they come, so that no frame is held in memory and none is ever logged.

mod stream;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tungstenite::handshake::client::{Response, generate_key};
use tungstenite::handshake::derive_accept_key;
use tungstenite::handshake::machine::TryParse;
use tungstenite::http::HeaderMap;

use crate::transport::BoxIo;
use crate::transport::address::Bracketed;
use crate::transport::error::{ConnectError, ConnectFailure};

pub(super) use crate::transport::websocket::stream::WebSocket;

/// The longest answer to the handshake.
const MAX_ANSWER: usize = 16 * 1_024;
/// The sub-protocol that a Client offers and a Server selects [MQTT-6.0.0-3] [MQTT-6.0.0-4].
const SUB_PROTOCOL: &str = "mqtt";

/// Asks the server at the other end of `io` for the WebSocket with this path and query.
pub(super) async fn connect(
    (host, port, tls): (&str, u16, bool),
    resource: &str,
    mut io: BoxIo,
) -> Result<WebSocket<BoxIo>, ConnectError> {
    let host = Bracketed(host);
    let port = if port == if tls { 443 } else { 80 } { String::new() } else { format!(":{port}") };
    let key = generate_key();
    // All of these come from a URL, which has no line ends.
    let request = format!(
        "GET {resource} HTTP/1.1\r\nHost: {host}{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {SUB_PROTOCOL}\r\n\r\n"
    );
    io.write_all(request.as_bytes()).await?;
    io.flush().await?;

    let mut answer = BytesMut::with_capacity(1_024);
    let response = loop {
        if answer.len() > MAX_ANSWER {
            return Err(ConnectFailure::WebSocket("the answer does not end").into());
        }
        if io.read_buf(&mut answer).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        match Response::try_parse(&answer) {
            Ok(None) => {}
            Ok(Some((len, response))) => {
                let _ = answer.split_to(len);
                break response;
            }
            Err(_) => return Err(ConnectFailure::WebSocket("the answer is not HTTP").into()),
        }
    };
    check(&response, &derive_accept_key(key.as_bytes()))?;
    // Masks have to be unpredictable (RFC 6455, 10.3).
    let keyed = RandomState::new();
    let mask = move |n: u64| keyed.hash_one(n).to_le_bytes().first_chunk().copied().unwrap_or_default();
    Ok(WebSocket::new(io, answer, mask))
}

/// The server agrees to what was asked for (RFC 6455, 4.1).
fn check(response: &Response, accept: &str) -> Result<(), ConnectFailure> {
    let headers = response.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if response.status().as_u16() != 101 {
        let location = text("location").map(ToOwned::to_owned);
        return Err(ConnectFailure::HttpStatus { status: response.status().as_u16(), location });
    }
    if !has_token(headers, "upgrade", "websocket") || !has_token(headers, "connection", "upgrade") {
        return Err(ConnectFailure::WebSocket("the answer upgrades to something else"));
    }
    if text("sec-websocket-accept") != Some(accept) {
        return Err(ConnectFailure::WebSocket("Sec-WebSocket-Accept does not belong to our key"));
    }
    if headers.contains_key("sec-websocket-extensions") {
        return Err(ConnectFailure::WebSocket("the server uses extensions that were not offered"));
    }
    match text("sec-websocket-protocol") {
        Some(SUB_PROTOCOL) => Ok(()),
        other => Err(ConnectFailure::SubProtocol(other.map(ToOwned::to_owned))),
    }
}

/// One of these headers has this word in its list.
fn has_token(headers: &HeaderMap, name: &str, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}
