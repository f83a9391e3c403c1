//! What a console shows: the lab's texts, and those of a house.

use std::fmt::{self, Display};
use std::time::Duration;

use crate::dashboard::{Answer, Card, Dashboard, News, Unanswered};
use crate::payload::{State, Switch};
use crate::topics::LightId;

/// The question of the lab's dashboard.
pub const PROMPT: &str = "Enter command (ON/OFF): ";
/// Its answer to anything else.
pub const INVALID: &str = "Invalid command. Please enter ON or OFF.";
/// The question for a house.
pub const HOUSE_PROMPT: &str = "Enter command (LIGHT ON/OFF, all ON/OFF, list): ";
/// The answer to anything else.
pub const HOUSE_INVALID: &str =
    "Invalid command. Please enter the name of a light, or all, and ON or OFF; list shows all lights.";

/// Text of others, without what a terminal would obey.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(pub &'a str);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => write!(f, "{c}"),
        })
    }
}

/// The controller took a command.
pub fn received_command(command: impl Display) -> String {
    format!("Received command: {command}")
}

/// The controller told its status.
pub fn published_status(state: State) -> String {
    format!("Published status: {state}")
}

/// The dashboard gave a command.
pub fn sent_command(switch: Switch) -> String {
    format!("Sent command: {switch}")
}

/// The same, in a house. Of a single light it may not be known whether there is one of this name.
pub fn sent_to(switch: Switch, ids: &[LightId], known: bool) -> String {
    match ids {
        [] => "There is no light yet.".to_owned(),
        [id] if known => format!("Sent command: {switch} to {id}"),
        [id] => format!("Sent command: {switch} to {id}, which has not been heard of"),
        ids => format!("Sent command: {switch} to {} lights", ids.len()),
    }
}

/// The dashboard could not give a command to so many lights.
pub fn not_sent(switch: Switch, lights: usize) -> String {
    let whom = if lights == 1 { "one light".to_owned() } else { format!("{lights} lights") };
    format!("{switch} was not sent to {whom}: too many commands wait for the broker.")
}

/// The dashboard heard of the lab's light, whatever it says.
pub fn received_status(payload: &[u8]) -> String {
    format!("Received light status: {}", Plain(&String::from_utf8_lossy(payload)))
}

/// The same of one light of a house, with the time that its answer took.
pub fn received_status_in(payload: &[u8], answer: Option<&Answer>) -> String {
    received_status(payload) + &taken(answer)
}

/// The same, in a house.
pub fn news(news: &News, payload: &[u8]) -> String {
    let text = String::from_utf8_lossy(payload);
    format!("{}: {}{}", news.id, Plain(&text), taken(news.answer.as_ref()))
}

fn taken(answer: Option<&Answer>) -> String {
    match answer {
        Some(answer) if answer.confirmed => format!(" ({})", milliseconds(answer.round_trip)),
        Some(answer) => format!(" ({} failed)", answer.switch),
        None => String::new(),
    }
}

/// How long a command took.
pub fn round_trip(answer: &Answer) -> String {
    format!("round trip of {}: {}", answer.switch, milliseconds(answer.round_trip))
}

/// The lab's light did not answer.
pub fn no_answer(unanswered: &Unanswered) -> String {
    format!("No light answered {} within {}.", unanswered.switch, seconds(unanswered.after))
}

/// A light of a house did not answer.
pub fn no_answer_of(unanswered: &Unanswered) -> String {
    let Unanswered { id, switch, after } = unanswered;
    format!("{id} did not answer {switch} within {}.", seconds(*after))
}

/// Nobody of this name answered, or has ever said anything.
pub fn nobody(unanswered: &Unanswered) -> String {
    format!("{} No light of this name has been heard of.", no_answer_of(unanswered))
}

/// A light of a house did not answer, since nobody controls it; its session keeps the command.
pub fn offline(unanswered: &Unanswered) -> String {
    format!("{} is offline: it gets {} when it is back.", unanswered.id, unanswered.switch)
}

/// All lights, one a line.
pub fn list(dashboard: &Dashboard, now: std::time::Instant) -> Vec<String> {
    if dashboard.lights().len() == 0 {
        return vec!["There is no light yet.".to_owned()];
    }
    let width = dashboard.lights().map(|(id, _)| id.as_str().chars().count()).max().unwrap_or_default();
    dashboard.lights().map(|(id, card)| format!("{:width$}  {}", id.as_str(), line(card, now))).collect()
}

fn line(card: &Card, now: std::time::Instant) -> String {
    let mut line = format!("{:7}", card.state.map_or("?", State::word));
    if let Some(since) = card.since {
        let seconds = now.saturating_duration_since(since.instant).as_secs();
        line += &match seconds {
            0..60 => format!("  for {seconds} s"),
            60..3_600 => format!("  for {} min", seconds / 60),
            _ => format!("  for {} h", seconds / 3_600),
        };
    }
    if let Some(round_trip) = card.round_trip {
        line += &format!("  round trip {}", milliseconds(round_trip));
    }
    if let Some(pending) = card.pending.back() {
        line += &format!("  sent {}", pending.switch);
    }
    line.trim_end().to_owned()
}

/// With one digit behind the point.
pub fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

fn seconds(duration: Duration) -> String {
    // 5 s, not 5.0003 s.
    format!("{} s", (duration.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Moment;

    #[test]
    fn the_lab_s_texts_are_the_lab_s() {
        assert_eq!(received_command(Switch::On), "Received command: ON");
        assert_eq!(published_status(State::Off), "Published status: Light is OFF");
        assert_eq!(sent_command(Switch::On), "Sent command: ON");
        assert_eq!(received_status(b"Light is ON"), "Received light status: Light is ON");
    }

    #[test]
    fn a_terminal_obeys_nobody_s_payload() {
        assert_eq!(received_status(b"\x1b[2J\xff\r\n"), "Received light status: \\u{1b}[2J\u{fffd}\\r\\n");
    }

    #[test]
    fn a_house_is_a_table() {
        let mut now = Moment::now();
        let mut house = Dashboard::new(Duration::from_secs(5), None);
        assert_eq!(list(&house, now.instant), ["There is no light yet."]);
        house.status("home/kitchen/status", b"Light is ON", true, now);
        house.status("home/wc/status", b"Light is OFFLINE", true, now);
        house.sent(&"hall".parse().unwrap(), Switch::On, now);
        house.sent(&"kitchen".parse().unwrap(), Switch::Off, now);
        now.instant += Duration::from_millis(61_500);
        let payload = b"Light is OFF";
        let heard = house.status("home/kitchen/status", payload, false, now).unwrap();
        assert_eq!(news(&heard, payload), "kitchen: Light is OFF (61500.0 ms)");
        assert_eq!(
            list(&house, now.instant),
            [
                "hall     ?        sent ON",
                "kitchen  OFF      for 0 s  round trip 61500.0 ms",
                "wc       OFFLINE  for 1 min"
            ]
        );
        let unanswered = house.expire(now.instant);
        assert_eq!(no_answer_of(&unanswered[0]), "hall did not answer ON within 61.5 s.");
        assert_eq!(
            nobody(&unanswered[0]),
            "hall did not answer ON within 61.5 s. No light of this name has been heard of."
        );
        assert_eq!(no_answer(&unanswered[0]), "No light answered ON within 61.5 s.");
    }
}
