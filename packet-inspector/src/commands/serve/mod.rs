//! `serve`: a page for browsers on this machine.

mod assets;
mod captures;
mod clients;
mod decode;
mod feed;
mod log;
mod overview;
mod queries;

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use clap::Args;
use packet_inspector::live;
use packet_inspector::page::{self, Guard, Origin};
use packet_inspector::proxy::{Proxy, Tls};
use serde_json::json;
use tokio::sync::Semaphore;

use super::fail;
use super::proxy::{Address, Advice, interrupted, parse_upstream, troubles};
use log::Log;

pub(crate) const EXAMPLES: &str = "\
Examples:
  packet-inspector serve
  packet-inspector serve --proxy 127.0.0.1:1884=localhost:1883      # what passes there is on the page
  packet-inspector serve --listen 0.0.0.0:7777 --token \"$(openssl rand -hex 16)\"

The page is for this machine alone, unless there is a token. It runs until it is interrupted.

Exit status: 0 it was interrupted; 2 it could not listen, or wrong usage.";

/// Bytes of live traffic that may wait to be read; what goes beyond is missing on the page, and that is said there.
const WAITING: usize = 16 << 20;
/// The longest dump that is decoded, in bytes.
const DUMP: usize = 1 << 20;
/// Dumps and captures that are read at the same time; others wait.
const WORK: usize = 4;
/// The longest request of the test client.
const REQUEST: usize = 2 << 20;

/// The page's proxies have no options of their own.
const ADVICE: Advice = Advice {
    issuer: "packet-inspector proxy has --ca FILE, and on Linux the variable SSL_CERT_FILE names it for all",
    name: "packet-inspector proxy has --server-name NAME",
    ours: "packet-inspector proxy has --cert FILE and --key FILE",
};

#[derive(Args)]
pub(crate) struct Serve {
    /// Where the page is; port 0 takes a free one
    #[arg(short, long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7777")]
    listen: String,

    /// Who knows it may use the page: as ?token=... once, or as a bearer token. Needed to listen beyond this machine
    #[arg(long, value_name = "TOKEN", value_parser = parse_token)]
    token: Option<String>,

    /// A name by which browsers may call this machine, beside its addresses; may be given again
    #[arg(long, value_name = "NAME", value_parser = parse_host)]
    host: Vec<String>,

    /// Where browsers find the page when a proxy stands before it, for HTTPS say; may be given again
    #[arg(long, value_name = "https://HOST")]
    origin: Vec<Origin>,

    /// Also stand between clients and a broker, and show what passes; may be given again
    #[arg(long, value_name = "LISTEN=BROKER", value_parser = parse_proxy)]
    proxy: Vec<(String, Address)>,

    /// Hide passwords, user names and payloads on the page; their lengths stay
    #[arg(long)]
    redact: bool,
}

/// Reads a name, or an address, as browsers say it in `Host`; its port may be any, and is not given.
fn parse_host(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        return Ok(bare.to_owned());
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    match text {
        "" => Err("it is empty".to_owned()),
        _ if text.contains("://") || text.contains('/') => {
            Err("a name alone, as in bench.lab: no scheme, no path (see --origin)".to_owned())
        }
        _ if text.contains(':') => Err("a name alone, as in bench.lab: no port".to_owned()),
        _ if text.split('.').all(is_label) => Ok(text.to_owned()),
        _ => Err("a name has letters, digits, hyphens and dots between them".to_owned()),
    }
}

/// Reads a token that a header can carry as it is.
fn parse_token(text: &str) -> Result<String, String> {
    match text {
        _ if text.trim().is_empty() => Err("it is empty: whoever comes would know it".to_owned()),
        _ if text.trim() != text => Err("it begins or ends with a blank, which no header keeps".to_owned()),
        _ if text.chars().any(char::is_control) => {
            Err("it has a control character, which no header carries".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

fn parse_proxy(text: &str) -> Result<(String, Address), String> {
    let (listen, upstream) =
        text.split_once('=').ok_or("LISTEN=BROKER, as in 127.0.0.1:1884=localhost:1883")?;
    Ok((listen.to_owned(), parse_upstream(upstream)?))
}

/// What all requests share.
struct Shared {
    log: Arc<Log>,
    tap: live::Tap,
    captures: captures::Captures,
    clients: clients::Clients,
    feeds: Arc<Semaphore>,
    /// Dumps and captures that are being read.
    work: Semaphore,
    uploads: Semaphore,
    redact: bool,
}

type App = Arc<Shared>;

/// A request that can't be fulfilled, and why.
struct Refused(StatusCode, String);

impl Refused {
    fn new(status: StatusCode, message: impl std::fmt::Display) -> Self {
        Self(status, message.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, axum::Json(json!({ "error": self.1 }))).into_response()
    }
}

impl Serve {
    /// Serves until it is interrupted.
    pub(crate) fn run(&self) -> ExitCode {
        let address = match self.address() {
            Ok(address) => address,
            Err(message) => return fail(&message),
        };
        let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
        {
            Ok(runtime) => runtime,
            Err(error) => return fail(&error.to_string()),
        };
        match runtime.block_on(self.serve(address)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => fail(&message),
        }
    }

    /// Where to listen; only on this machine without a token.
    fn address(&self) -> Result<SocketAddr, String> {
        let found = self.listen.to_socket_addrs().map_err(|error| format!("{}: {error}", self.listen))?;
        let address = found.into_iter().next().ok_or_else(|| format!("{}: no address", self.listen))?;
        match &self.token {
            None if !address.ip().is_loopback() => {
                Err(format!("{address} can be reached from other machines: that needs --token"))
            }
            _ => Ok(address),
        }
    }

    async fn serve(&self, address: SocketAddr) -> Result<(), String> {
        let listener =
            tokio::net::TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (tap, happenings) = live::tap(WAITING);
        let log = Arc::new(Log::default());
        log::start(Arc::clone(&log), happenings, self.redact);
        for (listen, upstream) in &self.proxy {
            self.start_proxy(listen, upstream, tap.clone()).await?;
        }
        let shared = Arc::new(Shared {
            log,
            tap,
            captures: captures::Captures::default(),
            clients: clients::Clients::default(),
            feeds: Arc::new(Semaphore::new(feed::MOST)),
            work: Semaphore::new(WORK),
            uploads: Semaphore::new(captures::UPLOADS),
            redact: self.redact,
        });
        let guard = Guard::new(address, "packet-inspector", "--")
            .token(self.token.clone())
            .names(self.host.clone())
            .origins(self.origin.clone())
            .longest(captures::LONGEST as u64);
        let mut out = io::stdout();
        let _ = writeln!(out, "http://{address}/").and_then(|()| out.flush());
        // What is open at the end, feeds above all, is not waited for.
        tokio::select! {
            never = page::serve(listener, page::protect(router(shared), guard), page::Limits::default()) => {
                match never {}
            }
            () = interrupted() => Ok(()),
        }
    }

    async fn start_proxy(&self, listen: &str, upstream: &Address, tap: live::Tap) -> Result<(), String> {
        let tls = match upstream.tls_name() {
            Some(name) => Some(Tls::new(name, None, None).map_err(|error| format!("TLS: {error}"))?),
            None => None,
        };
        let proxy = Proxy::bind(listen, upstream.upstream(tls), tap).await;
        let proxy = proxy.map_err(|error| format!("{listen}: {error}"))?;
        if let Ok(address) = proxy.local_addr() {
            if upstream.is_at(address) {
                return Err(format!("--proxy {address}: this is where the broker is said to be"));
            }
            let _ = writeln!(io::stderr(), "listening on {address}");
        }
        tokio::spawn(proxy.run(std::future::pending(), troubles(ADVICE)));
        Ok(())
    }
}

fn router(shared: App) -> Router {
    let upload = post(captures::upload)
        .layer(DefaultBodyLimit::max(captures::LONGEST))
        .layer(from_fn_with_state(Arc::clone(&shared), captures::few));
    Router::new()
        .route("/", get(assets::page))
        .route("/assets/{name}", get(assets::asset))
        .route("/favicon.ico", get(assets::icon))
        .route("/api/decode", post(decode::decode).layer(DefaultBodyLimit::max(DUMP)))
        .route("/api/captures", upload)
        .route("/api/captures/{id}/packets", get(captures::packets))
        .route("/api/captures/{id}/packets/{number}", get(captures::packet))
        .route("/api/captures/{id}/ladders/{stream}", get(captures::ladder))
        .route("/api/captures/{id}/overview", get(captures::overview))
        .route("/api/live", get(feed::live))
        .route("/api/live/{id}", get(feed::packet))
        .route("/api/clients", get(clients::list).post(clients::connect))
        .route("/api/clients/{id}", delete(clients::disconnect))
        .route("/api/clients/{id}/subscribe", post(clients::subscribe))
        .route("/api/clients/{id}/unsubscribe", post(clients::unsubscribe))
        .route("/api/clients/{id}/publish", post(clients::publish))
        .layer(DefaultBodyLimit::max(REQUEST))
        .with_state(shared)
}
