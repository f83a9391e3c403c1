//! Keep Alive: when to ping, and when silence means that the connection is gone (3.1.2.10).

use std::time::{Duration, Instant};

use crate::options::SessionOptions;

/// The two clocks of a connection: what we send keeps it alive for the Server [MQTT-3.1.2-23], what we receive shows us
/// that the Server is there. PINGREQ is due when nothing was sent for almost Keep Alive, and while an acknowledgement is
/// awaited also when nothing came for so long: then a connection is given up 1.25 Keep Alive periods after the last byte
/// that came on it, whatever is sent. Beside messages at QoS 0 alone no PINGREQ is sent: the transport notices that nobody
/// takes them.
#[derive(Debug)]
pub(super) struct KeepAlive {
    /// Ping after this much silence; `None` when Keep Alive is off.
    ping_after: Option<Duration>,
    /// Give the connection up when a ping stays unanswered for so long.
    pingresp_timeout: Duration,
    last_sent: Instant,
    last_received: Instant,
    /// What was sent has to be acknowledged.
    awaiting: bool,
    /// When the first PINGREQ was sent of those that are not answered yet.
    pinged: Option<Instant>,
    /// Bytes are not read at the moment, so nothing can be concluded from silence.
    deaf: bool,
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
            pingresp_timeout: options.pingresp_timeout.unwrap_or(period / 4).min(LONG),
            last_sent: now,
            last_received: now,
            awaiting: false,
            pinged: None,
            deaf: false,
        }
    }

    /// Bytes were written, and some acknowledgement is awaited or none.
    #[inline]
    pub(super) fn sent(&mut self, now: Instant, awaiting: bool) {
        self.last_sent = now;
        self.awaiting = awaiting;
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

    /// When something is due, if nothing is sent or received until then.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let ping = self.ping_deadline()?;
        Some(self.end().map_or(ping, |end| end.min(ping)))
    }

    /// When the next PINGREQ is due. One that is not answered yet is no reason to be silent for longer [MQTT-3.1.2-23].
    fn ping_deadline(&self) -> Option<Instant> {
        // Who sends all the time would never see that nobody is there to acknowledge it.
        let asks = self.awaiting && self.pinged.is_none() && !self.deaf;
        let silent_since = if asks { self.last_sent.min(self.last_received) } else { self.last_sent };
        Some(silent_since + self.ping_after?)
    }

    /// When the connection is given up. Bytes that come put it off: PINGRESP may stand behind a long packet.
    fn end(&self) -> Option<Instant> {
        self.pinged
            .filter(|_| !self.deaf)
            .map(|pinged| pinged.max(self.last_received) + self.pingresp_timeout)
    }

    /// What is due; a PINGREQ counts as sent from now on.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        let passed = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if passed(self.end()) {
            return Due::GiveUp;
        }
        if !passed(self.ping_deadline()) {
            return Due::Nothing;
        }
        self.pinged = self.pinged.or(Some(now));
        self.last_sent = now;
        Due::Pingreq
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep_alive(seconds: u16) -> (KeepAlive, Instant) {
        let now = Instant::now();
        (KeepAlive::new(&SessionOptions::new("a").keep_alive(seconds), now), now)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn mqtt_3_1_2_23_a_ping_goes_out_within_keep_alive_unless_something_else_did() {
        for seconds in [1, 2, 5, 60, 65_535] {
            let (mut clock, start) = keep_alive(seconds);
            let deadline = clock.deadline().unwrap();
            assert!(deadline < start + Duration::from_secs(seconds.into()));
            assert_eq!(clock.due(deadline - ms(1)), Due::Nothing);
            clock.sent(deadline - ms(1), false);
            assert_eq!(clock.due(deadline), Due::Nothing, "something was sent");
            assert_eq!(clock.due(clock.deadline().unwrap()), Due::Pingreq);
        }
    }

    #[test]
    fn received_bytes_do_not_put_off_the_ping() {
        let (mut clock, start) = keep_alive(4);
        clock.received(start + ms(2_900));
        assert_eq!(clock.due(start + ms(3_500)), Due::Pingreq);
    }

    #[test]
    fn silence_is_given_up_on_within_one_and_a_quarter_of_keep_alive() {
        for seconds in [1, 2, 5, 60, 65_535] {
            let (mut clock, start) = keep_alive(seconds);
            let ping = clock.deadline().unwrap();
            assert_eq!(clock.due(ping), Due::Pingreq);
            let end = clock.deadline().unwrap();
            assert!(end <= start + Duration::from_secs(seconds.into()) * 5 / 4);
            assert_eq!(clock.due(end - ms(1)), Due::Nothing);
            assert_eq!(clock.due(end), Due::GiveUp);
        }
    }

    #[test]
    fn what_is_sent_and_not_acknowledged_does_not_put_off_the_end() {
        // Keep Alive is 8 s; all the time, or once, at any moment.
        for sends in (0..100).map(|at| vec![at * 100]).chain([(0..100).map(|at| at * 100).collect()]) {
            let (mut clock, start) = keep_alive(8);
            let mut pings = 0;
            let end = (0..).map(|at| at * 100).find(|at| {
                if sends.contains(at) {
                    clock.sent(start + ms(*at), true);
                }
                let due = clock.due(start + ms(*at));
                pings += usize::from(due == Due::Pingreq);
                due == Due::GiveUp
            });
            assert_eq!((end, pings), (Some(9_000), 1), "sent at {sends:?}");
        }
    }

    #[test]
    fn a_pingresp_or_bytes_put_off_the_end() {
        let (mut clock, start) = keep_alive(4);
        assert_eq!(clock.due(start + ms(3_500)), Due::Pingreq);
        clock.received(start + ms(4_400));
        assert_eq!(clock.due(start + ms(4_600)), Due::Nothing, "a long packet is on its way");
        clock.pingresp();
        assert_eq!(clock.due(start + ms(6_999)), Due::Nothing);
        assert_eq!(clock.due(start + ms(7_000)), Due::Pingreq);
    }

    #[test]
    fn nothing_is_concluded_while_nothing_is_read() {
        let (mut clock, start) = keep_alive(4);
        assert_eq!(clock.due(start + ms(3_500)), Due::Pingreq);
        clock.set_deaf(true, start + ms(3_600));
        assert_eq!(clock.due(start + ms(6_999)), Due::Nothing);
        assert_eq!(clock.due(start + ms(7_000)), Due::Pingreq, "the Server hears us all the same");
        assert_eq!(clock.due(start + ms(10_500)), Due::Pingreq);
        clock.set_deaf(false, start + ms(12_000));
        assert_eq!(clock.due(start + ms(12_999)), Due::Nothing);
        assert_eq!(clock.due(start + ms(13_000)), Due::GiveUp);
    }

    #[test]
    fn zero_means_off() {
        let (mut clock, start) = keep_alive(0);
        assert_eq!(clock.deadline(), None);
        assert_eq!(clock.due(start + Duration::from_secs(1 << 20)), Due::Nothing);
    }
}
