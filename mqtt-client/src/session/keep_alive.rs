//! Keep Alive: when to ping, and when silence means that the connection is gone (3.1.2.10).

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use crate::options::SessionOptions;

/// The two clocks of a connection: what we send keeps it alive for the Server [MQTT-3.1.2-23], what we receive shows us
/// that the Server is there. PINGREQ is due when nothing was sent for almost Keep Alive, and while an acknowledgement is
/// awaited also when nothing came for so long. Beside messages at QoS 0 alone no PINGREQ is sent: the transport notices that
/// nobody takes them.
///
/// A connection is given up 1.25 Keep Alive periods after its last byte at the latest. The last byte that came, whatever is
/// sent: then PINGREQ went out and was not answered. While the transport is behind with what we send, PINGREQ waits for it,
/// and a Server that takes bytes is there: then the last byte that it took counts, too, up to the end of PINGREQ.
#[derive(Debug)]
pub(super) struct KeepAlive {
    /// Ping after this much silence; `None` when Keep Alive is off.
    ping_after: Option<Duration>,
    /// The user has so much time behind CONNACK before there is a ping.
    moment: Duration,
    /// Give the connection up when a ping stays unanswered for so long.
    pingresp_timeout: Duration,
    last_sent: Instant,
    last_received: Instant,
    /// What was sent has to be acknowledged.
    awaiting: bool,
    /// Since when the transport is behind: some bytes have waited for it ever since.
    behind_since: Option<Instant>,
    /// A PINGREQ waits to be written.
    pingreq_waits: bool,
    /// The first PINGREQ of those that were written and not answered.
    pinged: Option<Pinged>,
    /// Bytes are not read at the moment, so nothing can be concluded from silence.
    deaf: bool,
    /// Bytes are not read before the Server takes some of ours: it may take none.
    owed: bool,
}

/// A PINGREQ that was written.
#[derive(Clone, Copy, Debug)]
struct Pinged {
    written: Instant,
    /// How long its answer may take.
    patience: Duration,
}

/// So long that it never ends, and can still be added to the time.
pub(super) const LONG: Duration = Duration::from_secs(1 << 30);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Pingreq,
    /// The Server has been silent for too long.
    GiveUp,
}

impl KeepAlive {
    pub(super) fn new(options: &SessionOptions, now: Instant) -> Self {
        let period = Duration::from_secs(options.keep_alive.into());
        // A little early, since timers and networks are a little late.
        let early = (period / 8).min(Duration::from_secs(1));
        Self {
            ping_after: (!period.is_zero()).then(|| period - early),
            moment: (period / 4).min(Duration::from_secs(2)),
            pingresp_timeout: options.pingresp_timeout.unwrap_or(period / 4).min(LONG),
            last_sent: now,
            last_received: now,
            awaiting: false,
            behind_since: None,
            pingreq_waits: false,
            pinged: None,
            deaf: false,
            owed: false,
        }
    }

    /// CONNACK came just now. If that took so long that a ping is due, there is a moment for what the user has to say.
    pub(super) fn accepted(&mut self) {
        let since = self.ping_after.and_then(|after| (self.last_received + self.moment).checked_sub(after));
        self.last_sent = since.map_or(self.last_sent, |since| since.max(self.last_sent));
    }

    /// Bytes were written. Some acknowledgement is awaited or none, and more bytes wait or none.
    #[inline]
    pub(super) fn sent(&mut self, now: Instant, awaiting: bool, more: bool) {
        self.last_sent = now;
        self.awaiting = awaiting;
        self.behind_since = if more { self.behind_since.or(Some(now)) } else { None };
    }

    /// With the bytes that [`sent`](Self::sent) is told of next, a PINGREQ was written. The Server has it when it has taken
    /// what the network holds before it: that takes about as long as bytes had to wait for the transport.
    pub(super) fn pingreq_written(&mut self, now: Instant) {
        self.pingreq_waits = false;
        let behind = self.behind_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let patience = self.pingresp_timeout + behind.min(self.ping_after.unwrap_or_default());
        self.pinged = self.pinged.or(Some(Pinged { written: now, patience }));
    }

    #[inline]
    pub(super) fn received(&mut self, now: Instant) {
        self.last_received = now;
    }

    pub(super) fn pingresp(&mut self) {
        self.pinged = None;
    }

    /// Reading stops or goes on. Silence counts anew from when it goes on.
    pub(super) fn set_deaf(&mut self, deaf: bool, now: Instant) {
        if self.deaf && !deaf {
            self.received(now);
        }
        self.deaf = deaf;
    }

    /// Reading waits for the Server to take some of what it has asked for, or goes on.
    pub(super) fn set_owed(&mut self, owed: bool, now: Instant) {
        if self.owed && !owed {
            self.received(now);
        }
        self.owed = owed;
    }

    /// When something is due, if nothing is sent or received until then.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.ping_deadline(), self.end()].into_iter().flatten().min()
    }

    /// When the next PINGREQ is due. One that is not answered yet is no reason to be silent for longer [MQTT-3.1.2-23]; but
    /// behind one that waits to be written another says nothing.
    fn ping_deadline(&self) -> Option<Instant> {
        if self.pingreq_waits {
            return None;
        }
        // Who sends all the time would never see that nobody is there to acknowledge it.
        let asks = self.awaiting && self.pinged.is_none() && !self.deaf && !self.owed;
        let silent_since = if asks { self.last_sent.min(self.last_received) } else { self.last_sent };
        Some(silent_since + self.ping_after?)
    }

    /// When the connection is given up. Bytes that come put it off: PINGRESP may stand behind a long packet. Bytes that are
    /// taken put it off as long as PINGREQ waits behind them.
    fn end(&self) -> Option<Instant> {
        if self.deaf {
            return None;
        }
        if self.owed {
            return self.unwritten_end();
        }
        match self.pinged {
            Some(Pinged { written, patience }) => Some(written.max(self.last_received) + patience),
            None if self.pingreq_waits => self.silence_end(self.last_sent.max(self.last_received)),
            None => None,
        }
    }

    /// When a connection is given up whose transport takes nothing any more: behind DISCONNECT there is no PINGREQ, and while
    /// answers are owed no PINGRESP is read.
    pub(super) fn unwritten_end(&self) -> Option<Instant> {
        self.silence_end(self.last_sent)
    }

    /// When it is given up if this was the last byte.
    fn silence_end(&self, last_byte: Instant) -> Option<Instant> {
        Some(last_byte + self.ping_after? + self.pingresp_timeout)
    }

    /// What is due; a PINGREQ waits to be written from now on.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        let passed = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if passed(self.end()) {
            return Due::GiveUp;
        }
        if !passed(self.ping_deadline()) {
            return Due::Nothing;
        }
        self.pingreq_waits = true;
        Due::Pingreq
    }
}
