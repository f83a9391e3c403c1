//! Answers requests: the page's files, what is shown as server-sent events, packets of the log, commands.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Json, Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream::{Stream, unfold};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::Instant;

use super::log::Detail;
use super::{Order, Refusal, Shared};
use crate::dashboard::Target;
use crate::payload::Switch;
use crate::time::Moment;

/// The longest request, in bytes.
pub(super) const REQUEST: usize = 4_096;
/// From one event to the next. What happens between is told together.
const PACE: Duration = Duration::from_millis(50);
/// A browser whose events broke off comes back behind this.
const RETRY: Duration = Duration::from_secs(1);

type App = State<Arc<Shared>>;

/// A request that can't be fulfilled, and why.
#[derive(Debug)]
struct Refused(StatusCode, &'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, format!("{}\n", self.1)).into_response()
    }
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("page/index.html")))
        .route("/icon.svg", file("image/svg+xml", include_str!("page/icon.svg")))
        .route("/style.css", file("text/css; charset=utf-8", include_str!("page/style.css")))
        .route("/app.js", file("text/javascript; charset=utf-8", include_str!("page/app.js")))
        .route("/events", get(events))
        .route("/log/{number}", get(packets))
        .route("/command", post(command))
        .layer(DefaultBodyLimit::max(REQUEST))
        .with_state(shared)
}

fn file(kind: &'static str, text: &'static str) -> axum::routing::MethodRouter<Arc<Shared>> {
    get(move || async move { ([(CONTENT_TYPE, kind)], text) })
}

/// All that is shown, then what changes, until the browser goes away.
async fn events(
    State(app): App,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refused> {
    let place = Arc::clone(&app.streams).try_acquire_owned();
    let place = place.map_err(|_| Refused(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open"))?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let feed = Feed {
        seen: last.and_then(|id| id.strip_prefix(&app.instance)?.strip_prefix('-')?.parse().ok()),
        changed: app.changed.subscribe(),
        earliest: Instant::now(),
        app,
        _place: place,
    };
    let events = unfold(feed, |mut feed| async move { Some((Ok(feed.next().await?), feed)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// What one browser follows. While it doesn't read, nothing is made for it: then it gets the end of all changes.
struct Feed {
    app: Arc<Shared>,
    changed: watch::Receiver<u64>,
    seen: Option<u64>,
    earliest: Instant,
    _place: OwnedSemaphorePermit,
}

impl Feed {
    async fn next(&mut self) -> Option<Event> {
        if let Some(seen) = self.seen {
            self.changed.wait_for(|version| *version > seen).await.ok()?;
        }
        tokio::time::sleep_until(self.earliest).await;
        self.earliest = Instant::now() + PACE;
        let (version, unseen) = {
            let board = self.app.board();
            (board.version(), board.since(self.seen, Moment::now()))
        };
        self.seen = Some(version);
        Some(Event::default().id(format!("{}-{version}", self.app.instance)).retry(RETRY).data(unseen))
    }
}

async fn packets(State(app): App, Path(number): Path<u64>) -> Result<Json<Detail>, Refused> {
    let detail = app.board().detail(number);
    detail.map(Json).ok_or(Refused(StatusCode::NOT_FOUND, "this message is no longer kept"))
}

/// What a switch asks for.
#[derive(Debug, Deserialize)]
struct Asked {
    /// The name of a light, or `all`.
    light: String,
    /// `ON` or `OFF`.
    command: String,
}

/// The lights that a command was sent to.
#[derive(Debug, Serialize)]
struct Sent {
    sent: Vec<String>,
}

async fn command(State(app): App, Json(asked): Json<Asked>) -> Result<(StatusCode, Json<Sent>), Refused> {
    let target = match asked.light.as_str() {
        // No light has this name.
        "all" => Target::All,
        name => {
            let id = name.parse();
            Target::One(id.map_err(|_| Refused(StatusCode::BAD_REQUEST, "this is no name of a light"))?)
        }
    };
    let switch = Switch::parse(&asked.command);
    let switch = switch.ok_or(Refused(StatusCode::BAD_REQUEST, "a command is ON or OFF"))?;
    let (answer, outcome) = oneshot::channel();
    let busy = Refused(StatusCode::SERVICE_UNAVAILABLE, "too many commands wait");
    if app.orders.try_send(Order { target, switch, answer }).is_err() {
        return Err(busy);
    }
    match outcome.await {
        Ok(Ok(ids)) => {
            let sent = ids.iter().map(ToString::to_string).collect();
            Ok((StatusCode::ACCEPTED, Json(Sent { sent })))
        }
        Ok(Err(Refusal::NoSuchLight)) => Err(Refused(StatusCode::NOT_FOUND, "there is no such light")),
        Ok(Err(Refusal::Busy)) => Err(busy),
        Err(_) => Err(Refused(StatusCode::SERVICE_UNAVAILABLE, "the dashboard ends")),
    }
}
