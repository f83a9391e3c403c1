//! Ctrl-C and the request to end.

use std::io;

/// Waits for the user, or the system, to want an end.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

/// The status of who was interrupted, as shells have it: 128 and the number of the signal.
pub(crate) type SignalStatus = u8;

impl Interrupt {
    pub(crate) fn new() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for a signal. Cancel-safe.
    pub(crate) async fn wait(&mut self) -> SignalStatus {
        const INTERRUPTED: SignalStatus = 130;
        #[cfg(unix)]
        {
            const TERMINATED: SignalStatus = 143;
            tokio::select! {
                _ = self.interrupt.recv() => INTERRUPTED,
                _ = self.terminate.recv() => TERMINATED,
            }
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
            INTERRUPTED
        }
    }
}
