//! The page's test client: a few sessions of our own client.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use mqtt_client::transport::{Address, TransportOptions};
use mqtt_client::{Client, ConnectionEvent, Message, SessionOptions, TopicFilterBuf};
use mqtt_codec::QoS;
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use super::log::Log;
use super::{App, Refused};
use crate::commands::client::watched;

/// The most sessions at once.
const MOST: usize = 8;

/// How long a connection, or an acknowledgement, is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long messages on their way may still take at the end.
const DRAIN: Duration = Duration::from_secs(2);

/// The sessions.
#[derive(Default)]
pub(super) struct Clients(Mutex<Sessions>);

#[derive(Default)]
struct Sessions {
    open: BTreeMap<u32, Session>,
    next: u32,
}

struct Session {
    /// `None` while it connects.
    client: Option<Client>,
    broker: String,
    client_id: String,
    tasks: Vec<AbortHandle>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Clients {
    fn with<T>(&self, work: impl FnOnce(&mut Sessions) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn get(&self, id: u32) -> Result<Client, Refused> {
        let client = self.with(|sessions| sessions.open.get(&id).and_then(|session| session.client.clone()));
        client.ok_or_else(|| Refused::new(StatusCode::NOT_FOUND, "this client is not connected"))
    }
}

/// A place among the sessions that is given back, unless it is kept: whoever asked may not wait for the answer.
struct Place {
    app: App,
    id: u32,
    is_kept: bool,
}

impl Place {
    /// Takes one before anything is waited for.
    fn take(app: &App, broker: &str, client_id: &str) -> Result<Self, Refused> {
        let id = app.clients.with(|sessions| {
            if sessions.open.len() >= MOST {
                let message = format!("{MOST} clients are connected already: disconnect one");
                return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, message));
            }
            sessions.next += 1;
            let (broker, client_id) = (broker.to_owned(), client_id.to_owned());
            sessions
                .open
                .insert(sessions.next, Session { client: None, broker, client_id, tasks: Vec::new() });
            Ok(sessions.next)
        })?;
        Ok(Self { app: Arc::clone(app), id, is_kept: false })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_kept {
            self.app.clients.with(|sessions| sessions.open.remove(&self.id));
        }
    }
}

fn wrong(message: impl std::fmt::Display) -> Refused {
    Refused::new(StatusCode::UNPROCESSABLE_ENTITY, message)
}

fn text<'a>(request: &'a Value, key: &str) -> &'a str {
    request.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn flag(request: &Value, key: &str) -> bool {
    request.get(key).and_then(Value::as_bool).unwrap_or_default()
}

fn qos(request: &Value) -> Result<QoS, Refused> {
    let level = request.get("qos").map_or(Some(0), Value::as_u64);
    let level = level.and_then(|level| u8::try_from(level).ok()).and_then(QoS::from_u8);
    level.ok_or_else(|| wrong("QoS is 0, 1 or 2"))
}

fn message(request: &Value) -> Result<Message, Refused> {
    let message = Message::new(text(request, "topic"), text(request, "payload").as_bytes().to_vec());
    let message = message.map_err(|error| wrong(format!("topic: {error}")))?;
    Ok(message.qos(qos(request)?).retain(flag(request, "retain")))
}

fn filter(request: &Value) -> Result<TopicFilterBuf, Refused> {
    text(request, "filter")
        .try_into()
        .map_err(|error: mqtt_client::TextError| wrong(format!("filter: {error}")))
}

fn session(request: &Value) -> Result<SessionOptions, Refused> {
    let keep_alive = request.get("keep_alive").map_or(Some(60), Value::as_u64);
    let keep_alive = keep_alive.and_then(|seconds| u16::try_from(seconds).ok());
    let keep_alive = keep_alive.ok_or_else(|| wrong("Keep Alive is 0 to 65535 seconds"))?;
    let clean = request.get("clean_session").and_then(Value::as_bool).unwrap_or(true);
    let mut session =
        SessionOptions::new(text(request, "client_id")).clean_session(clean).keep_alive(keep_alive);
    let (user, password) = (text(request, "user"), text(request, "password"));
    if !user.is_empty() {
        let password = Some(password).filter(|password| !password.is_empty());
        session = session.login(user, password.map(|password| password.as_bytes().to_vec().into()));
    } else if !password.is_empty() {
        return Err(wrong("a password needs a user name [MQTT-3.1.2-22]"));
    }
    match request.get("will").filter(|will| !text(will, "topic").is_empty()) {
        Some(will) => Ok(session.will(message(will)?)),
        None => Ok(session),
    }
}

/// The sessions that are open.
pub(super) async fn list(State(app): State<App>) -> Json<Value> {
    Json(app.clients.with(|sessions| {
        let connected = sessions.open.iter().filter(|(_, session)| session.client.is_some());
        connected
            .map(
                |(id, session)| json!({ "id": id, "broker": session.broker, "client_id": session.client_id }),
            )
            .collect()
    }))
}

/// Connects, and gives the session's `id` when the broker has accepted.
pub(super) async fn connect(
    State(app): State<App>,
    Json(request): Json<Value>,
) -> Result<Json<Value>, Refused> {
    let address: Address = text(&request, "broker").trim().parse().map_err(wrong)?;
    let (broker, options) = (address.to_string(), session(&request)?);
    let mut place = Place::take(&app, &broker, options.client_id())?;
    let has_login = !text(&request, "user").is_empty();
    let session_present = begin(&app, place.id, address, options, has_login).await?;
    place.is_kept = true;
    Ok(Json(json!({ "id": place.id, "broker": broker, "session_present": session_present })))
}

async fn begin(
    app: &App,
    id: u32,
    address: Address,
    session: SessionOptions,
    has_login: bool,
) -> Result<bool, Refused> {
    let log = Arc::clone(&app.log);
    let opened = move |connection| log.own(connection, id);
    let options =
        watched::options(address, session, has_login, TransportOptions::default(), app.tap.clone(), opened);
    let (client, driver) = mqtt_client::connect(options).await.map_err(wrong)?;
    let (mut events, mut messages) = (client.events(), client.messages());
    let driving = tokio::spawn(driver.run()).abort_handle();
    // The page shows them from the log; here they only have to be taken.
    let taking = tokio::spawn(async move { while messages.next().await.is_some() {} }).abort_handle();
    let tasks = vec![driving, taking];
    app.clients.with(|sessions| {
        if let Some(session) = sessions.open.get_mut(&id) {
            session.tasks = tasks;
        }
    });
    let refused = |message: String| Err(Refused::new(StatusCode::BAD_GATEWAY, message));
    let session_present = match tokio::time::timeout(PATIENCE, events.next()).await {
        Ok(Some(ConnectionEvent::Connected { session_present })) => session_present,
        Ok(Some(ConnectionEvent::Disconnected { error, .. })) => return refused(error.to_string()),
        Ok(_) => {
            let ended = client.connected().await;
            return refused(ended.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string()));
        }
        Err(_) => return refused("the broker does not answer".to_owned()),
    };
    let log = Arc::clone(&app.log);
    let telling = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            tell(&log, id, &event);
        }
    });
    app.clients.with(|sessions| {
        if let Some(session) = sessions.open.get_mut(&id) {
            session.tasks.push(telling.abort_handle());
            session.client = Some(client);
        }
    });
    Ok(session_present)
}

fn tell(log: &Log, id: u32, event: &ConnectionEvent) {
    match event {
        ConnectionEvent::Connected { .. } => log.say(id, "connected again"),
        ConnectionEvent::SessionLost => log.say(id, "the server lost the session"),
        ConnectionEvent::Disconnected { error, retry_in: Some(_) } => {
            log.say(id, &format!("{error}; it is tried again"));
        }
        ConnectionEvent::Disconnected { error, .. } => log.say(id, &error.to_string()),
        _ => {}
    }
}

/// Sends DISCONNECT.
pub(super) async fn disconnect(State(app): State<App>, Path(id): Path<u32>) -> Result<Json<Value>, Refused> {
    let client = app.clients.get(id)?;
    let ended = client.disconnect(DRAIN).await;
    app.clients.with(|sessions| sessions.open.remove(&id));
    Ok(Json(json!({ "left": ended.map_or(0, |left| left.messages) })))
}

/// Subscribes to `filter` at `qos`; gives the `return_code`.
pub(super) async fn subscribe(
    State(app): State<App>,
    Path(id): Path<u32>,
    Json(request): Json<Value>,
) -> Result<Json<Value>, Refused> {
    let client = app.clients.get(id)?;
    let filters = vec![(filter(&request)?, qos(&request)?)];
    let codes = tokio::time::timeout(PATIENCE, client.ask_subscribe(filters)).await;
    let codes =
        codes.map_err(|_| Refused::new(StatusCode::GATEWAY_TIMEOUT, "no SUBACK yet"))?.map_err(wrong)?;
    Ok(Json(json!({ "return_code": codes.first().map(|code| code.as_u8()) })))
}

/// Unsubscribes from `filter`.
pub(super) async fn unsubscribe(
    State(app): State<App>,
    Path(id): Path<u32>,
    Json(request): Json<Value>,
) -> Result<Json<Value>, Refused> {
    let client = app.clients.get(id)?;
    let done = tokio::time::timeout(PATIENCE, client.unsubscribe(vec![filter(&request)?])).await;
    done.map_err(|_| Refused::new(StatusCode::GATEWAY_TIMEOUT, "no UNSUBACK yet"))?.map_err(wrong)?;
    Ok(Json(json!({})))
}

/// Publishes `payload` to `topic` at `qos`, with `retain`; gives the `outcome`.
pub(super) async fn publish(
    State(app): State<App>,
    Path(id): Path<u32>,
    Json(request): Json<Value>,
) -> Result<Json<Value>, Refused> {
    let client = app.clients.get(id)?;
    let delivery = client.publish(message(&request)?).await.map_err(wrong)?;
    let outcome = match tokio::time::timeout(PATIENCE, delivery).await {
        Ok(outcome) => outcome.to_string(),
        Err(_) => "not acknowledged yet".to_owned(),
    };
    Ok(Json(json!({ "outcome": outcome })))
}
