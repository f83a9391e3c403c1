//! What is against the standard because nothing happens: a Client that is silent, a Server that does not answer, a side that
//! does not close.

use mqtt_codec::Side;

use super::connection::{Connection, index};
use super::requests::Request;
use super::say::{error, warning};
use super::{At, CLOSING, Context, Listener, OVERTAKEN, PATIENCE, UNHEARD};
use crate::capture::Span;
use crate::stream::Captured;

impl Connection {
    /// The Client's pauses against its Keep Alive.
    pub(super) fn keep_alive(
        &mut self,
        side: Side,
        captured: &Captured<'_>,
        at: At,
        cx: &mut Context<'_, impl Listener>,
    ) {
        if side == Side::Client {
            // The pause ends where the packet begins.
            let began = captured.places.first().map_or(at.time, |place| place.time);
            self.silent_client(At { time: began.min(at.time), ..at }, Span::default(), cx);
        }
        if let Some(last) = self.last.get_mut(index(side)) {
            // How long one that is cut went on is not known.
            *last = Some(at).filter(|_| !captured.is_cut());
        }
    }

    /// The Client's last pause: until a side closed, the connection was seen last, or the capture ends.
    pub(super) fn silent_to_the_end(
        &mut self,
        end: At,
        capture_end: Option<At>,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let ended = self.first_end.map(|(at, _)| at);
        let is_said = self.silent_client(ended.unwrap_or(end), Span::default(), cx);
        if let Some(capture_end) = capture_end.filter(|_| !is_said && ended.is_none()) {
            self.silent_client(capture_end, UNHEARD, cx);
        }
    }

    /// Whether the Client sent nothing for too long until now, and for so long beyond that; then says it.
    fn silent_client(&self, at: At, beyond: Span, cx: &mut Context<'_, impl Listener>) -> bool {
        let limit = self.handshake.keep_alive().map(|seconds| Span::millis(i64::from(seconds) * 1500));
        let (Some(limit), Some(last)) = (limit, self.last.first().copied().flatten()) else { return false };
        // Who waits to be accepted, or was refused, keeps nothing alive.
        let Some(accepted) = self.handshake.connack.filter(|answer| answer.code == 0) else { return false };
        let since = if accepted.at.time > last.time { accepted.at } else { last };
        let pause = at.time.since(since.time);
        // A capture's clock need not be the Client's.
        let limit = limit.0.saturating_add(Span::millis(100).0).saturating_add(beyond.0);
        if self.disconnect.is_some() || pause <= Span(limit) {
            return false;
        }
        let seconds = self.handshake.keep_alive().unwrap_or_default();
        // The Server closes then, as it has to.
        let is_closed = matches!(self.first_end, Some((_, Some(Side::Server))));
        let clauses: &[_] = if is_closed { &["MQTT-3.1.2-23"] } else { &["MQTT-3.1.2-23", "MQTT-3.1.2-24"] };
        let behind = if is_closed { "" } else { ", and the server did not close the connection" };
        let message = format!(
            "the client sent nothing for {:.3} s, more than one and a half times its keep alive of {seconds} s{behind}",
            pause.as_seconds()
        );
        let frames = [since.frame, at.frame];
        warning("keep_alive_missed", Side::Client, message).against(clauses).tell(&frames, at, cx);
        true
    }

    /// A side that has to close, and does not, or long after.
    pub(super) fn not_closed(
        &mut self,
        end: At,
        capture_end: Option<At>,
        cx: &mut Context<'_, impl Listener>,
    ) {
        let refused = self.handshake.refused().filter(|_| !self.handshake.went_on);
        let duties = [
            (Side::Client, self.disconnect, "behind DISCONNECT", "MQTT-3.14.4-1"),
            (Side::Server, refused, "that it refused", "MQTT-3.2.2-5"),
        ];
        for (side, since, which, clause) in duties {
            let Some(since) = since else { continue };
            let closed = self.closed.get(index(side)).copied().flatten().into_iter().chain(self.reset);
            let closed = closed.min_by_key(|at| at.time);
            let waits_at = |until: At, patience| until.time.since(since.time) > patience;
            let unheard = capture_end.filter(|end| closed.is_none() && waits_at(*end, UNHEARD));
            let Some(until) = Some(closed.unwrap_or(end)).filter(|at| waits_at(*at, CLOSING)).or(unheard)
            else {
                continue;
            };
            let message = match closed {
                Some(_) => {
                    let seconds = until.time.since(since.time).as_seconds();
                    format!("the {side} closed the connection {which} only after {seconds:.3} s")
                }
                None => format!("the {side} did not close the connection {which}"),
            };
            let frames = [since.frame, until.frame];
            warning("not_closed", side, message).against(&[clause]).tell(&frames, until, cx);
        }
    }

    /// At the end: what the Server did not answer though it had the time. Where nothing more of the connection is captured,
    /// not even its end, yet the capture goes on, that is likely only.
    pub(super) fn unanswered(
        &mut self,
        end: At,
        capture_end: Option<At>,
        cx: &mut Context<'_, impl Listener>,
    ) {
        if !self.complete || self.handshake.refused().is_some() {
            return;
        }
        let answered = self.requests.last_answered;
        let is_late = |at: At| {
            let waited = end.time.since(at.time);
            let overtaken = answered.is_some_and(|answered| answered.time > at.time);
            waited > if overtaken { OVERTAKEN } else { PATIENCE }
        };
        let mut late: Vec<(At, &'static str, String)> = Vec::new();
        let is_excused = |request: &Request| request.wrongly_answered || request.disputed;
        for (id, request) in self.requests.waiting.iter().filter(|(_, request)| !is_excused(request)) {
            let message = format!("{} {id} is never answered", request.name());
            late.push((request.at, request.clause(), message));
        }
        if let Some(ping) = self.requests.first_ping {
            let message = match self.requests.pings.len() {
                1 => "PINGREQ is never answered".to_owned(),
                count => format!("{count} PINGREQ are never answered"),
            };
            late.push((ping, "MQTT-3.12.4-1", message));
        }
        if let (Some(connect), None) = (&self.handshake.connect, self.handshake.connack) {
            late.push((connect.at, "MQTT-3.1.4-4", "CONNECT is never answered".to_owned()));
        }
        // Nobody answers who was told that nothing more comes.
        let is_behind_disconnect = |at: At| self.disconnect.is_some_and(|told| told.frame <= at.frame);
        let is_due = |at: At| !self.is_void(Side::Client, at) && !is_behind_disconnect(at);
        for (at, clause, message) in late.into_iter().filter(|(at, ..)| is_due(*at)) {
            let unheard = capture_end.filter(|capture_end| capture_end.time.since(at.time) > UNHEARD);
            let (is_sure, end) = match unheard {
                _ if is_late(at) => (true, end),
                Some(capture_end) => (false, capture_end),
                None => continue,
            };
            let frames = [at.frame, end.frame];
            let finding = if is_sure { error } else { warning };
            finding("unanswered", Side::Server, message).against(&[clause]).tell(&frames, end, cx);
        }
    }
}
