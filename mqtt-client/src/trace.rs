//! Logging, if the feature `tracing` is on: a span for the client, one in it for each connection, and their events.
//!
//! Neither user name and password nor topics and payloads are ever told.

use crate::ConnectionEvent;

#[cfg(feature = "tracing")]
pub(crate) use on::{client, connection};
#[cfg(feature = "tracing")]
pub(crate) use tracing::{info, warn};

/// Something happened to the connection. Not to be called under a lock: whoever takes log lines may call the client.
pub(crate) fn event(event: &ConnectionEvent) {
    match event {
        ConnectionEvent::Connected { session_present } => {
            info!("connected; session present: {session_present}");
        }
        ConnectionEvent::SessionLost => warn!("the Server lost the session"),
        ConnectionEvent::SubscriptionLost { .. } => warn!("a subscription was refused this time"),
        ConnectionEvent::Disconnected { error, retry_in } => warn!("{error}; next attempt: {retry_in:?}"),
    }
}

#[cfg(feature = "tracing")]
mod on {
    use std::fmt::Display;
    use std::future::Future;

    use tracing::instrument::{Instrument, Instrumented};
    use tracing::{info_span, warn_span};

    /// The work of a client.
    pub(crate) fn client<F: Future>(client_id: &str, work: F) -> Instrumented<F> {
        work.instrument(warn_span!("mqtt", client_id))
    }

    /// One connection, counted from 1.
    pub(crate) fn connection<F: Future>(number: impl Display, work: F) -> Instrumented<F> {
        work.instrument(info_span!("connection", %number))
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{client, connection, nothing as info, nothing as warn};

#[cfg(not(feature = "tracing"))]
mod off {
    use std::fmt::Display;
    use std::future::Future;

    macro_rules! nothing {
        ($($argument:tt)*) => {{
            let _ = format_args!($($argument)*);
        }};
    }
    pub(crate) use nothing;

    pub(crate) fn client<F: Future>(_: &str, work: F) -> F {
        work
    }

    pub(crate) fn connection<F: Future>(_: impl Display, work: F) -> F {
        work
    }
}
