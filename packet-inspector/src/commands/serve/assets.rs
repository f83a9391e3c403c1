//! The page's files. They are part of the program, and nothing else is loaded.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const ICON: &str = "image/svg+xml";

const FILES: [(&str, &str, &str); 12] = [
    ("base.css", CSS, include_str!("page/base.css")),
    ("parts.css", CSS, include_str!("page/parts.css")),
    ("app.js", SCRIPT, include_str!("page/app.js")),
    ("api.js", SCRIPT, include_str!("page/api.js")),
    ("dom.js", SCRIPT, include_str!("page/dom.js")),
    ("frame.js", SCRIPT, include_str!("page/frame.js")),
    ("decode.js", SCRIPT, include_str!("page/decode.js")),
    ("capture.js", SCRIPT, include_str!("page/capture.js")),
    ("ladder.js", SCRIPT, include_str!("page/ladder.js")),
    ("plots.js", SCRIPT, include_str!("page/plots.js")),
    ("client.js", SCRIPT, include_str!("page/client.js")),
    ("icon.svg", ICON, include_str!("page/icon.svg")),
];

/// The page itself.
pub(super) async fn page() -> Response {
    ([(CONTENT_TYPE, HTML)], include_str!("page/index.html")).into_response()
}

/// What browsers ask for by themselves.
pub(super) async fn icon() -> Response {
    ([(CONTENT_TYPE, ICON)], include_str!("page/icon.svg")).into_response()
}

/// What the page loads.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(file, ..)| *file == name) {
        Some((_, kind, text)) => ([(CONTENT_TYPE, *kind)], *text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
