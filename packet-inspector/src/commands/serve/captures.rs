//! Captures that were dropped on the page. They are kept as they came, in memory, and read again for each question, so
//! that memory doesn't grow with what is in them.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use packet_inspector::capture::{Reader, Time};
use packet_inspector::filter::Filter;
use packet_inspector::net::MQTT_PORTS;
use packet_inspector::stream::{Limits, Sink, Streams};
use serde_json::{Value, json};

use super::overview::Overview;
use super::queries::{Ladder, One, Rows};
use super::{App, Refused};

/// The longest capture, in bytes.
pub(super) const LONGEST: usize = 64 << 20;

/// Bytes of all captures that are kept; the oldest goes first.
const MOST: usize = 2 * LONGEST;

/// Captures that are taken at the same time.
pub(super) const UPLOADS: usize = 4;

/// Records that are read of one: a small compressed file can hold any number.
const RECORDS: u64 = 5_000_000;

/// Rows of one answer.
const ROWS: usize = 500;

/// The captures that are kept.
#[derive(Default)]
pub(super) struct Captures(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Numbers and contents, the oldest first.
    list: Vec<(u64, Bytes)>,
    next: u64,
}

impl Captures {
    fn keep(&self, bytes: Bytes) -> u64 {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.next += 1;
        let id = kept.next;
        kept.list.push((id, bytes));
        while kept.list.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > MOST {
            kept.list.remove(0);
        }
        id
    }

    fn get(&self, id: u64) -> Result<Bytes, Refused> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.list.iter().find(|(number, _)| *number == id);
        let gone = || Refused::new(StatusCode::NOT_FOUND, "this capture is no longer kept: drop it again");
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(gone)
    }
}

/// A sink that is told when the capture began, and how many packets there were before.
pub(super) trait Question: Sink + Send + 'static {
    fn start(&mut self, _: Time) {}

    /// There is nothing more to learn.
    fn is_answered(&self) -> bool {
        false
    }
}

/// Reads a capture through; gives the number of records, and why it ends early.
fn read(bytes: Bytes, question: &mut impl Question) -> Result<(u64, Option<String>), String> {
    let mut reader = Reader::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut streams = Streams::new(MQTT_PORTS, Limits::default());
    let mut records = 0;
    let ended = loop {
        match reader.next_entry() {
            Ok(Some(entry)) => {
                if records == 0 {
                    question.start(entry.time);
                }
                records = entry.number;
                streams.take(&entry, question);
            }
            Ok(None) => break None,
            Err(error) => break Some(error.to_string()),
        }
        if question.is_answered() {
            return Ok((records, None));
        }
        if records >= RECORDS {
            break Some(format!("only the first {RECORDS} records are read"));
        }
    };
    streams.finish(question);
    Ok((records, ended))
}

/// Asks a capture, on a thread that may be busy.
async fn ask<Q: Question>(app: &App, id: u64, mut question: Q) -> Result<(Q, u64, Option<String>), Refused> {
    let bytes = app.captures.get(id)?;
    let _place = app.work.acquire().await;
    let asked = tokio::task::spawn_blocking(move || {
        read(bytes, &mut question).map(|(records, ended)| (question, records, ended))
    });
    match asked.await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(message)) => Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, message)),
        Err(_) => Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "reading failed")),
    }
}

/// Lets only so many captures be uploaded at the same time, since each is in memory while it comes.
pub(super) async fn few(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.uploads.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => {
            let message = "other captures are being taken: drop it again in a moment";
            Refused::new(StatusCode::SERVICE_UNAVAILABLE, message).into_response()
        }
    }
}

/// Takes a capture file; gives its `id`.
pub(super) async fn upload(
    State(app): State<App>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Json<Value>, Refused> {
    // A browser sends this type to another site only when that agrees.
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/octet-stream") {
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/octet-stream is expected"));
    }
    Reader::new(Cursor::new(bytes.clone()))
        .map_err(|error| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, error))?;
    Ok(Json(json!({ "id": app.captures.keep(bytes) })))
}

/// Packets that match `filter`, `count` of them behind the first `from`.
pub(super) async fn packets(
    State(app): State<App>,
    Path(id): Path<u64>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, Refused> {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<u64>().ok());
    let count = number("count").and_then(|count| usize::try_from(count).ok()).unwrap_or(ROWS).min(ROWS);
    let filter = match query.get("filter").map(|text| text.trim()).filter(|text| !text.is_empty()) {
        Some(text) => {
            let filter = text.parse::<Filter>();
            let filter = filter.map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error))?;
            // Else it could be guessed letter by letter.
            if let Some(field) = filter.private_field().filter(|_| app.redact) {
                let message = format!("{} is hidden here, so nothing can be asked of it", field.name());
                return Err(Refused::new(StatusCode::FORBIDDEN, message));
            }
            Some(filter)
        }
        None => None,
    };
    let rows = Rows::new(filter, number("from").unwrap_or(0), count, app.redact);
    let (rows, records, ended) = ask(&app, id, rows).await?;
    let mut answer = rows.into_json();
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("records".into(), records.into());
        answer.insert("ended".into(), ended.into());
    }
    Ok(Json(answer))
}

/// One packet as an outline, by its number in the list of all.
pub(super) async fn packet(
    State(app): State<App>,
    Path((id, number)): Path<(u64, u64)>,
) -> Result<Json<Value>, Refused> {
    let (one, ..) = ask(&app, id, One::new(number, app.redact)).await?;
    one.outline.map(Json).ok_or_else(|| Refused::new(StatusCode::NOT_FOUND, "there is no such packet"))
}

/// A conversation's rungs.
pub(super) async fn ladder(
    State(app): State<App>,
    Path((id, stream)): Path<(u64, u32)>,
) -> Result<Json<Value>, Refused> {
    let (ladder, ..) = ask(&app, id, Ladder::new(stream)).await?;
    Ok(Json(ladder.into_json()))
}

/// Conversations, messages with their handshakes, findings, rates.
pub(super) async fn overview(State(app): State<App>, Path(id): Path<u64>) -> Result<Json<Value>, Refused> {
    let (overview, records, ended) = ask(&app, id, Overview::new(app.redact)).await?;
    Ok(Json(overview.into_json(records, ended.as_deref())))
}
