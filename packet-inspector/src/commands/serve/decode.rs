//! Dumps that are pasted.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use mqtt_codec::Side;
use packet_inspector::frame::{Frame, Options};
use packet_inspector::input::{self, InputFormat};
use packet_inspector::redact::without_quotes;
use packet_inspector::render;
use packet_inspector::repair::{self, Repair};
use serde_json::{Value, json};

use super::{App, DUMP, Refused};

/// Frames of a dump that are shown, and packets of a frame.
const FRAMES: usize = 200;
pub(super) const PACKETS: usize = 1000;

/// Takes `text`, `from` (`client`, `server` or nothing) and `repair`; gives `frames`, each as an outline.
pub(super) async fn decode(
    State(app): State<App>,
    request: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let Json(request) = request.map_err(|rejection| refused(&rejection))?;
    let redact = app.redact;
    let _place = app.work.acquire().await;
    let decoded = tokio::task::spawn_blocking(move || frames(&request, redact)).await;
    let decoded = decoded.map_err(|_| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "decoding failed"))?;
    decoded.map(Json).map_err(|message| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, message))
}

/// Why a request was not read, as people of the page understand it.
fn refused(rejection: &JsonRejection) -> Refused {
    let status = rejection.status();
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Refused::new(status, format!("a dump is at most {} MiB", DUMP >> 20))
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refused::new(status, "application/json is expected"),
        StatusCode::BAD_REQUEST => Refused::new(status, "the request is not JSON"),
        _ => Refused::new(status, rejection),
    }
}

fn frames(request: &Value, redact: bool) -> Result<Value, String> {
    let text = request.get("text").and_then(Value::as_str).unwrap_or_default();
    let from = match request.get("from").and_then(Value::as_str) {
        Some("client") => Some(Side::Client),
        Some("server") => Some(Side::Server),
        _ => None,
    };
    let options = Options { from, ..Options::default() };
    let mut records = input::read(text.as_bytes(), InputFormat::Auto).map_err(|error| match redact {
        true => without_quotes(&error.to_string()),
        false => error.to_string(),
    })?;
    let left_out = records.len().saturating_sub(FRAMES);
    records.truncate(FRAMES);
    if request.get("repair").and_then(Value::as_bool) == Some(true) {
        records = repair::repair(&records, options).iter().map(Repair::repaired).collect();
    }
    let frames = (1..).zip(records).map(|(number, record)| {
        let frame = Frame::new(number, record, options);
        render::outline(&if redact { frame.redacted() } else { frame }, PACKETS)
    });
    Ok(json!({ "frames": frames.collect::<Value>(), "left_out": left_out }))
}
