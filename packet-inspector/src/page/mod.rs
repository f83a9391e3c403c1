//! What a page for browsers needs that a program serves on its user's machine: who may use it, and connections that hold
//! nobody up. For programs of this workspace (feature `page`).
//!
//! [`Guard`] decides about requests, without I/O; [`protect`] puts it before a router; [`serve`] takes connections.

mod guard;
mod origin;
mod serve;

pub use guard::{Guard, Refusal, Verdict};
pub use origin::{NotAnOrigin, Origin};
pub use serve::{Limits, serve};

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::unfold;
use tokio::time::{Instant, timeout_at};

/// What each answer says about itself: nothing is loaded from elsewhere, and nobody may show it as theirs.
pub const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// The time for the body of a request, all of it.
const BODY: Duration = Duration::from_secs(60);

/// Puts the guard before all routes: refuses what is not for us, and adds to each answer what it says about itself
/// ([`HEADERS`]).
pub fn protect(router: Router, guard: Guard) -> Router {
    router.layer(from_fn_with_state(Arc::new(guard), check))
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.judge(request.method(), request.uri(), request.headers()) {
        Verdict::Welcome => next.run(request.map(|body| in_time(body, BODY))).await,
        Verdict::Known(cookie) => {
            (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, "/".to_owned())]).into_response()
        }
        Verdict::Refused(refusal) => (refusal.status(), format!("{refusal}\n")).into_response(),
    };
    add_headers(response.headers_mut());
    response
}

fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// A body that fails when it is not there in time: who sends one byte now and then keeps no connection.
fn in_time(body: Body, limit: Duration) -> Body {
    let deadline = Instant::now() + limit;
    Body::from_stream(unfold(body.into_data_stream(), move |mut chunks| async move {
        let chunk = match timeout_at(deadline, chunks.next()).await {
            Ok(chunk) => chunk?.map_err(io::Error::other),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        Some((chunk, chunks))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_trickles_fails() {
        let trickle = unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, io::Error>("x"), ()))
        });
        let body = in_time(Body::from_stream(trickle), Duration::from_millis(50));
        assert!(axum::body::to_bytes(body, usize::MAX).await.is_err());
        let body = in_time(Body::from("whole"), BODY);
        assert_eq!(axum::body::to_bytes(body, 1_000).await.unwrap(), "whole");
    }
}
