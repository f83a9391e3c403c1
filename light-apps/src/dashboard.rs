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
    /// All lights that are known.
    All,
}

/// What is known of one light.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// Its last status; `None` before any came.
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

    /// All lights, by name.
    pub fn lights(&self) -> impl ExactSizeIterator<Item = (&LightId, &Card)> {
        self.lights.iter()
    }

    /// One light.
    pub fn light(&self, id: &LightId) -> Option<&Card> {
        self.lights.get(id)
    }

    /// How long a light has to answer.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Commands to be published, each to the light's control topic. They wait for an answer from now on.
    pub fn command(&mut self, target: &Target, switch: Switch, now: Moment) -> Vec<(LightId, Command)> {
        let ids: Vec<LightId> = match target {
            Target::One(id) => vec![id.clone()],
            Target::All => self.lights.keys().cloned().collect(),
        };
        let timestamp = now.unix.max(self.last_timestamp.next_up());
        self.last_timestamp = timestamp;
        let deadline = now.instant + self.timeout;
        for id in &ids {
            let Some(card) = self.card(id) else { continue };
            if card.pending.len() >= Self::MAX_PENDING {
                card.pending.pop_front();
            }
            card.pending.push_back(Pending { switch, sent: now, deadline });
        }
        let command = Command { switch, timestamp: Some(timestamp), sender: self.sender.clone() };
        ids.into_iter().map(|id| (id, command.clone())).collect()
    }

    /// A message came. `None` when its topic is that of no light, or there are too many of them.
    ///
    /// A status answers the oldest command that it fits, and `Light is UNKNOWN` the oldest one; commands before that are
    /// superseded. A retained one answers nothing: it may be older than the command.
    pub fn status(&mut self, topic: &str, payload: &[u8], retained: bool, now: Moment) -> Option<News> {
        let id = LightId::of_status(topic)?;
        let state = State::parse(payload);
        let card = self.card(&id)?;
        let Some(said) = state else { return Some(News { id, state, retained, answer: None }) };
        if card.state != state {
            (card.state, card.since) = (state, Some(now));
        }
        let answer = if retained { None } else { card.answer(said, now) };
        Some(News { id, state, retained, answer })
    }

    /// Commands whose time is over. They wait no longer.
    pub fn expire(&mut self, now: Instant) -> Vec<Unanswered> {
        let mut unanswered = Vec::new();
        for (id, card) in &mut self.lights {
            while let Some(pending) = card.pending.front().filter(|pending| pending.deadline <= now) {
                let after = now.saturating_duration_since(pending.sent.instant);
                unanswered.push(Unanswered { id: id.clone(), switch: pending.switch, after });
                card.pending.pop_front();
            }
        }
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
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    /// A dashboard and a clock that the test moves.
    struct Scene {
        dashboard: Dashboard,
        now: Moment,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                dashboard: Dashboard::new(TIMEOUT, Some("me".into())),
                now: Moment { unix: 1_000.5, ..Moment::now() },
            }
        }

        fn later(&mut self, milliseconds: u64) {
            let by = Duration::from_millis(milliseconds);
            self.now = Moment { instant: self.now.instant + by, unix: self.now.unix + by.as_secs_f64() };
        }

        fn tell(&mut self, light: &str, switch: Switch) -> Vec<(LightId, Command)> {
            self.dashboard.command(&Target::One(light.parse().unwrap()), switch, self.now)
        }

        fn hear(&mut self, light: &str, text: &str) -> News {
            self.dashboard.status(&format!("home/{light}/status"), text.as_bytes(), false, self.now).unwrap()
        }

        fn keeps(&mut self, light: &str, text: &str) -> News {
            self.dashboard.status(&format!("home/{light}/status"), text.as_bytes(), true, self.now).unwrap()
        }

        fn card(&self, light: &str) -> &Card {
            self.dashboard.light(&light.parse().unwrap()).unwrap()
        }
    }

    use Switch::{Off, On};

    #[test]
    fn a_command_names_time_and_sender_and_its_answer_tells_the_round_trip() {
        let mut scene = Scene::new();
        let sent = scene.tell("kitchen", On);
        assert_eq!(sent[0].0.control(), "home/kitchen/control");
        assert_eq!(sent[0].1.to_json(), r#"{"command": "ON", "timestamp": 1000.5, "sender": "me"}"#);
        scene.later(12);
        let answer = scene.hear("kitchen", "Light is ON").answer.unwrap();
        assert_eq!(answer, Answer { switch: On, confirmed: true, round_trip: Duration::from_millis(12) });
        assert_eq!(scene.card("kitchen").round_trip, Some(Duration::from_millis(12)));
        assert_eq!(scene.dashboard.next_deadline(), None);
    }

    #[test]
    fn time_stamps_grow_though_the_clock_goes_back() {
        let mut scene = Scene::new();
        let first = scene.tell("kitchen", On)[0].1.timestamp;
        scene.now.unix -= 3_600.0;
        assert!(scene.tell("kitchen", Off)[0].1.timestamp > first);
    }

    #[test]
    fn a_status_answers_the_command_that_it_fits() {
        /// Commands, statuses, and what each status answers.
        type Row = (&'static [Switch], &'static [&'static str], &'static [Option<(Switch, bool)>]);
        let table: [Row; 8] = [
            (&[On, Off], &["ON", "OFF"], &[Some((On, true)), Some((Off, true))]),
            (&[On, Off, On], &["ON", "OFF", "ON"], &[Some((On, true)), Some((Off, true)), Some((On, true))]),
            (&[On, Off], &["OFF", "ON"], &[Some((Off, true)), None]),
            (&[On], &["OFF", "ON"], &[None, Some((On, true))]),
            (&[On], &["UNKNOWN", "ON"], &[Some((On, false)), None]),
            (&[On], &["OFFLINE", "ON"], &[None, Some((On, true))]),
            (&[On], &["on", "ON"], &[None, Some((On, true))]),
            (&[], &["ON", "UNKNOWN"], &[None, None]),
        ];
        for (commands, statuses, answers) in table {
            let mut scene = Scene::new();
            for switch in commands {
                scene.tell("kitchen", *switch);
            }
            let heard = statuses.iter().map(|word| scene.hear("kitchen", &format!("Light is {word}")).answer);
            let heard: Vec<_> =
                heard.map(|answer| answer.map(|answer| (answer.switch, answer.confirmed))).collect();
            assert_eq!(heard, answers, "{commands:?} {statuses:?}");
        }
    }

    #[test]
    fn what_the_broker_had_kept_is_no_answer() {
        let mut scene = Scene::new();
        scene.tell("kitchen", On);
        let news = scene.keeps("kitchen", "Light is ON");
        assert_eq!((news.state, news.answer), (Some(State::On), None));
        assert!(scene.hear("kitchen", "Light is ON").answer.is_some());
    }

    #[test]
    fn a_light_that_does_not_answer_in_time_is_told() {
        let mut scene = Scene::new();
        scene.tell("kitchen", On);
        scene.later(1_000);
        scene.tell("hall", Off);
        scene.later(3_999);
        assert_eq!(scene.dashboard.expire(scene.now.instant), []);
        assert_eq!(scene.dashboard.next_deadline(), Some(scene.now.instant + Duration::from_millis(1)));
        scene.later(1);
        let unanswered = Unanswered { id: "kitchen".parse().unwrap(), switch: On, after: TIMEOUT };
        assert_eq!(scene.dashboard.expire(scene.now.instant), [unanswered]);
        assert_eq!(scene.hear("kitchen", "Light is ON").answer, None);
        scene.later(1_000);
        assert_eq!(scene.dashboard.expire(scene.now.instant).len(), 1);
        assert_eq!(scene.dashboard.next_deadline(), None);
    }

    #[test]
    fn all_lights_that_are_known_are_told_at_once() {
        let mut scene = Scene::new();
        assert_eq!(scene.dashboard.command(&Target::All, Off, scene.now), []);
        for light in ["kitchen", "hall", "cellar"] {
            scene.keeps(light, "Light is ON");
        }
        let sent = scene.dashboard.command(&Target::All, Off, scene.now);
        let topics: Vec<_> = sent.iter().map(|(id, _)| id.control()).collect();
        assert_eq!(topics, ["home/cellar/control", "home/hall/control", "home/kitchen/control"]);
        for light in ["hall", "cellar", "kitchen"] {
            assert!(scene.hear(light, "Light is OFF").answer.unwrap().confirmed);
        }
    }

    #[test]
    fn since_when_a_state_holds_is_known() {
        let mut scene = Scene::new();
        let first = scene.now;
        scene.keeps("kitchen", "Light is ON");
        scene.later(1_000);
        scene.hear("kitchen", "Light is ON");
        assert_eq!(scene.card("kitchen").since, Some(first));
        scene.hear("kitchen", "Light is OFFLINE");
        assert_eq!(
            (scene.card("kitchen").since, scene.card("kitchen").is_offline()),
            (Some(scene.now), true)
        );
    }

    #[test]
    fn what_no_light_says_changes_nothing() {
        let mut scene = Scene::new();
        assert_eq!(scene.dashboard.status("home/kitchen/control", b"Light is ON", false, scene.now), None);
        scene.hear("kitchen", "Light is ON");
        let news = scene.hear("kitchen", "\u{1b}[2J");
        assert_eq!((news.state, scene.card("kitchen").state), (None, Some(State::On)));
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let mut scene = Scene::new();
        for number in 0..Dashboard::MAX_LIGHTS + 5 {
            let topic = format!("home/x{number}/status");
            let news = scene.dashboard.status(&topic, b"Light is ON", false, scene.now);
            assert_eq!(news.is_some(), number < Dashboard::MAX_LIGHTS);
        }
        for _ in 0..Dashboard::MAX_PENDING + 5 {
            scene.tell("x1", On);
        }
        assert_eq!(scene.card("x1").pending.len(), Dashboard::MAX_PENDING);
    }
}
