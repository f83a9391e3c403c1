//! What a dashboard knows: every light, what it was told, and whether it has answered. It does no I/O and has no clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::payload::{Command, State, Switch};
use crate::time::Moment;
use crate::topics::LightId;

/// All lights that are known.
#[derive(Clone, Debug)]
pub struct Dashboard {
    timeout: Duration,
    sender: Option<String>,
    lights: BTreeMap<LightId, Card>,
    /// The time stamp of the last command: the next one is later, whatever the wall's clock does.
    last_timestamp: f64,
}

/// Whom a command is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This light, known or not.
    One(LightId),
    /// These lights.
    Each(Vec<LightId>),
    /// All lights that are known.
    All,
}

/// What is known of one light.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// Its last status; `None` before any came. Then it is here only as long as a command waits for an answer: its name may
    /// be a mistake.
    pub state: Option<State>,
    /// Since when it is so: when the first status that said it came.
    pub since: Option<Moment>,
    /// From the last command that it confirmed to its status.
    pub round_trip: Option<Duration>,
    /// Commands without an answer, the oldest first.
    pub pending: VecDeque<Pending>,
}

/// A command that is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pending {
    /// What the light was told.
    pub switch: Switch,
    /// When.
    pub sent: Moment,
    deadline: Instant,
}

impl Card {
    /// Nobody controls it.
    pub fn is_offline(&self) -> bool {
        self.state == Some(State::Offline)
    }
}

/// What a status message brought.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// Which light.
    pub id: LightId,
    /// What it says; `None` when it says nothing that we know, which changes nothing.
    pub state: Option<State>,
    /// The broker had kept it: it is no answer.
    pub retained: bool,
    /// The command that it answers.
    pub answer: Option<Answer>,
}

/// A command was answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// What the light was told.
    pub switch: Switch,
    /// It is so. If not, the lamp failed.
    pub confirmed: bool,
    /// From the command to the status.
    pub round_trip: Duration,
}

/// A command was not answered in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// By which light.
    pub id: LightId,
    /// What it was told.
    pub switch: Switch,
    /// How long ago.
    pub after: Duration,
}

impl Dashboard {
    /// So many lights are shown: more names than that are somebody's mistake, or worse.
    pub const MAX_LIGHTS: usize = 10_000;
    /// So many commands to one light may wait for an answer; then the oldest is forgotten.
    pub const MAX_PENDING: usize = 1_000;
    /// The longest time to wait for an answer: a day.
    pub const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);

    /// Lights have so much time to answer. The sender is named in commands, so that each dashboard has its own order of
    /// time stamps; the lab's program names none.
    pub fn new(timeout: Duration, sender: Option<String>) -> Self {
        let timeout = timeout.min(Self::MAX_TIMEOUT);
        Self { timeout, sender, lights: BTreeMap::new(), last_timestamp: f64::NEG_INFINITY }
    }

    /// All lights, by name: those that have said what they are, and those that were told something and may still answer.
    pub fn lights(&self) -> impl ExactSizeIterator<Item = (&LightId, &Card)> {
        self.lights.iter()
    }

    /// Those that have said what they are.
    pub fn known(&self) -> impl Iterator<Item = (&LightId, &Card)> {
        self.lights.iter().filter(|(_, card)| card.state.is_some())
    }

    /// One light.
    pub fn light(&self, id: &LightId) -> Option<&Card> {
        self.lights.get(id)
    }

    /// How long a light has to answer.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Commands to be published, each to the light's control topic. Whoever does it tells [`sent`](Self::sent).
    pub fn command(&mut self, target: &Target, switch: Switch, now: Moment) -> Vec<(LightId, Command)> {
        let ids: Vec<LightId> = match target {
            Target::One(id) => vec![id.clone()],
            Target::Each(ids) => ids.clone(),
            Target::All => self.known().map(|(id, _)| id.clone()).collect(),
        };
        let timestamp = now.unix.max(self.last_timestamp.next_up());
        self.last_timestamp = timestamp;
        let command = Command { switch, timestamp: Some(timestamp), sender: self.sender.clone() };
        ids.into_iter().map(|id| (id, command.clone())).collect()
    }

    /// A command was published: from now on it waits for an answer.
    pub fn sent(&mut self, id: &LightId, switch: Switch, now: Moment) {
        let deadline = now.instant + self.timeout;
        let Some(card) = self.card(id) else { return };
        if card.pending.len() >= Self::MAX_PENDING {
            card.pending.pop_front();
        }
        card.pending.push_back(Pending { switch, sent: now, deadline });
    }

    /// A message came. `None` when its topic is that of no light, or there are too many of them.
    ///
    /// A status answers the oldest command that it fits, and `Light is UNKNOWN` the oldest one; commands before that are
    /// superseded. A retained one answers nothing: it may be older than the command.
    pub fn status(&mut self, topic: &str, payload: &[u8], retained: bool, now: Moment) -> Option<News> {
        let id = LightId::of_status(topic)?;
        let state = State::parse(payload);
        let Some(said) = state else { return Some(News { id, state, retained, answer: None }) };
        let card = self.card(&id)?;
        if card.state != state {
            (card.state, card.since) = (state, Some(now));
        }
        let answer = if retained { None } else { card.answer(said, now) };
        Some(News { id, state, retained, answer })
    }

    /// Commands whose time is over. They wait no longer, and a name that has never said anything is forgotten.
    pub fn expire(&mut self, now: Instant) -> Vec<Unanswered> {
        let mut unanswered = Vec::new();
        for (id, card) in &mut self.lights {
            while let Some(pending) = card.pending.front().filter(|pending| pending.deadline <= now) {
                let after = now.saturating_duration_since(pending.sent.instant);
                unanswered.push(Unanswered { id: id.clone(), switch: pending.switch, after });
                card.pending.pop_front();
            }
        }
        self.lights.retain(|_, card| card.state.is_some() || !card.pending.is_empty());
        unanswered
    }

    /// When the next command's time is over; `None` when all are answered.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.lights.values().filter_map(|card| card.pending.front()).map(|pending| pending.deadline).min()
    }

    fn card(&mut self, id: &LightId) -> Option<&mut Card> {
        if self.lights.len() >= Self::MAX_LIGHTS && !self.lights.contains_key(id) {
            return None;
        }
        Some(self.lights.entry(id.clone()).or_default())
    }
}

impl Card {
    fn answer(&mut self, state: State, now: Moment) -> Option<Answer> {
        let place = match state {
            State::On | State::Off => {
                self.pending.iter().position(|pending| State::from(pending.switch) == state)?
            }
            State::Unknown => 0,
            State::Offline => return None,
        };
        self.pending.drain(..place);
        let pending = self.pending.pop_front()?;
        let round_trip = now.instant.saturating_duration_since(pending.sent.instant);
        let confirmed = State::from(pending.switch) == state;
        if confirmed {
            self.round_trip = Some(round_trip);
        }
        Some(Answer { switch: pending.switch, confirmed, round_trip })
    }
}

#[cfg(test)]
mod tests;
