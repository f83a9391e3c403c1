//! The log as server-sent events, which a browser takes up again by itself when they break off.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use serde_json::Value;

use super::{App, Refused};

/// The most feeds at once.
pub(super) const MOST: usize = 16;

/// Items of one event.
const BATCH: usize = 200;

/// Bytes of one event, but for a single item that is longer.
const BATCH_BYTES: usize = 1 << 20;

/// What passed behind the item that the browser has seen last, and what passes from now on: events whose data is an array
/// of items, and whose id names this run of the program and the number of the last of them. A browser that saw another
/// run's gets all.
pub(super) async fn live(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refused> {
    let place = Arc::clone(&app.feeds).try_acquire_owned();
    let place =
        place.map_err(|_| Refused::new(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open"))?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last = last.or(query.get("after").map(String::as_str));
    let number = |id: &str| id.strip_prefix(app.log.instance())?.strip_prefix('-')?.parse::<u64>().ok();
    let after = last.and_then(number).unwrap_or(0);
    let newest = app.log.watch();
    let events = unfold((app, newest, after, place), |(app, mut newest, after, place)| async move {
        loop {
            newest.mark_unchanged();
            if let Some((last, items)) = app.log.after(after, BATCH, BATCH_BYTES) {
                let event = Event::default().id(format!("{}-{last}", app.log.instance())).data(items);
                return Some((Ok(event), (app, newest, last, place)));
            }
            newest.changed().await.ok()?;
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// One packet of the log as an outline.
pub(super) async fn packet(State(app): State<App>, Path(number): Path<u64>) -> Result<Json<Value>, Refused> {
    let outline = app.log.outline(number, app.redact);
    outline.map(Json).ok_or_else(|| Refused::new(StatusCode::NOT_FOUND, "this packet is no longer kept"))
}
