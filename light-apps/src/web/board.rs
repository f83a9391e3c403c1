//! What a page shows: cards and a log. Each part carries the number of its last change, so that a browser gets what it has
//! not seen, however slow it is: what changed twice meanwhile is told once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::log::{Detail, Line, Log, Tapped};
use crate::dashboard::{Card, Dashboard, News};
use crate::hub::Update;
use crate::payload::{State, Switch};
use crate::time::Moment;
use crate::topics::LightId;
use crate::view;

/// What is shown.
#[derive(Debug)]
pub(super) struct Board {
    version: u64,
    connected: bool,
    cards: BTreeMap<LightId, Shown>,
    log: Log,
}

#[derive(Debug)]
struct Shown {
    changed: u64,
    face: Face,
}

/// A light as a browser gets it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Face {
    id: String,
    /// `ON`, `OFF`, `UNKNOWN`, `OFFLINE`; null before any status came.
    state: Option<&'static str>,
    /// Seconds since 1970.
    since: Option<f64>,
    /// In milliseconds, of the last command that it confirmed.
    round_trip: Option<f64>,
    /// The newest command without an answer.
    sent: Option<&'static str>,
    /// The last command, answered or not.
    asked: Option<&'static str>,
    /// What became of it, when it was not obeyed.
    note: Option<String>,
}

/// What a browser has not seen.
#[derive(Debug, Serialize)]
struct Unseen<'a> {
    /// Nothing of what it has is to stay.
    all: bool,
    /// The time of this machine, in seconds since 1970.
    now: f64,
    /// The broker is there.
    connected: bool,
    lights: Vec<&'a Face>,
    log: Vec<&'a Line>,
    /// The oldest line of the log that is kept.
    oldest: u64,
    /// Packets that came too fast to be kept.
    lost: u64,
}

impl Board {
    /// Nothing but this light.
    pub(super) fn new(expected: Option<&LightId>) -> Self {
        let face = |id: &LightId| Face { id: id.to_string(), ..Face::default() };
        let cards = expected.map(|id| (id.clone(), Shown { changed: 0, face: face(id) }));
        Self { version: 1, connected: false, cards: cards.into_iter().collect(), log: Log::default() }
    }

    /// The number of the last change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Whether it shows this light.
    pub(super) fn knows(&self, id: &LightId) -> bool {
        self.cards.contains_key(id)
    }

    /// A packet passed; so many were lost until now.
    pub(super) fn packet(&mut self, packet: &Tapped, lost: u64) {
        self.version += 1;
        self.log.packet(packet, lost, self.version);
    }

    /// The dashboard tells something.
    pub(super) fn update(&mut self, update: &Update, dashboard: &Dashboard, now: Moment) {
        self.version += 1;
        match update {
            Update::Following => {}
            Update::Connection(connected) => {
                self.connected = *connected;
                let text = if *connected { "the broker is there" } else { "the broker is lost" };
                self.log.event(text.to_owned(), now, self.version);
            }
            Update::News { news, .. } => self.news(news, dashboard),
            Update::Unanswered(unanswered) => {
                for unanswered in unanswered {
                    let offline = dashboard.light(&unanswered.id).is_some_and(Card::is_offline);
                    let text =
                        if offline { view::offline(unanswered) } else { view::no_answer_of(unanswered) };
                    self.log.event(text.clone(), now, self.version);
                    self.draw(&unanswered.id, dashboard, |face| face.note = Some(text));
                }
            }
        }
    }

    fn news(&mut self, news: &News, dashboard: &Dashboard) {
        self.draw(&news.id, dashboard, |face| {
            let failed = news.answer.as_ref().filter(|answer| !answer.confirmed);
            if let Some(answer) = failed {
                face.note = Some(format!("{} failed", answer.switch));
            } else if matches!(news.state, Some(State::On | State::Off)) {
                face.note = None;
            }
        });
    }

    /// A command went to these lights.
    pub(super) fn commanded(&mut self, ids: &[LightId], switch: Switch, dashboard: &Dashboard) {
        self.version += 1;
        for id in ids {
            self.draw(id, dashboard, |face| {
                (face.asked, face.note) = (Some(State::from(switch).word()), None);
            });
        }
    }

    /// Draws a light anew: one that has said something, or that is shown already.
    fn draw(&mut self, id: &LightId, dashboard: &Dashboard, change: impl FnOnce(&mut Face)) {
        let silent = Card::default();
        let card = dashboard.light(id).unwrap_or(&silent);
        if card.state.is_none() && !self.knows(id) {
            return;
        }
        let shown =
            self.cards.entry(id.clone()).or_insert_with(|| Shown { changed: 0, face: Face::default() });
        shown.changed = self.version;
        let face = &mut shown.face;
        id.as_str().clone_into(&mut face.id);
        face.state = card.state.map(State::word);
        face.since = card.since.map(|since| since.unix);
        face.round_trip = card.round_trip.map(|round_trip| round_trip.as_secs_f64() * 1e3);
        face.sent = card.pending.back().map(|pending| State::from(pending.switch).word());
        change(face);
    }

    /// What changed behind this version, as JSON, or all.
    pub(super) fn since(&self, seen: Option<u64>, now: Moment) -> String {
        let is_new = |changed: u64| seen.is_none_or(|seen| changed > seen);
        let shown = self.cards.values().filter(|shown| is_new(shown.changed));
        let unseen = Unseen {
            all: seen.is_none(),
            now: now.unix,
            connected: self.connected,
            lights: shown.map(|shown| &shown.face).collect(),
            log: self.log.since(seen).collect(),
            oldest: self.log.oldest(),
            lost: self.log.lost(),
        };
        // Its keys are texts and its numbers are finite.
        serde_json::to_string(&unseen).unwrap_or_default()
    }

    /// The packets of a line of the log, if it is kept still.
    pub(super) fn detail(&self, number: u64) -> Option<Detail> {
        self.log.detail(number)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn since(board: &Board, seen: Option<u64>) -> Value {
        serde_json::from_str(&board.since(seen, Moment::now())).unwrap()
    }

    struct House {
        dashboard: Dashboard,
        board: Board,
    }

    impl House {
        fn new() -> Self {
            Self { dashboard: Dashboard::new(Duration::from_secs(5), None), board: Board::new(None) }
        }

        fn says(&mut self, id: &str, text: &'static str) {
            let topic = format!("home/{id}/status");
            let news = self.dashboard.status(&topic, text.as_bytes(), false, Moment::now()).unwrap();
            let update = Update::News { news, payload: text.into() };
            self.board.update(&update, &self.dashboard, Moment::now());
        }

        fn told(&mut self, id: &str, switch: Switch) {
            let id = id.parse().unwrap();
            self.dashboard.sent(&id, switch, Moment::now());
            self.board.commanded(&[id], switch, &self.dashboard);
        }

        fn card(&self) -> Value {
            since(&self.board, None)["lights"][0].clone()
        }
    }

    #[test]
    fn a_command_is_sent_until_the_light_confirms() {
        let mut house = House::new();
        house.says("kitchen", "Light is OFF");
        house.told("kitchen", Switch::On);
        let card = house.card();
        assert_eq!((&card["state"], &card["sent"]), (&json!("OFF"), &json!("ON")));
        house.says("kitchen", "Light is ON");
        let card = house.card();
        assert_eq!((&card["state"], &card["sent"]), (&json!("ON"), &Value::Null));
        assert!(card["round_trip"].as_f64().is_some() && card["since"].as_f64().is_some());
    }

    #[test]
    fn what_is_not_obeyed_is_noted() {
        let mut house = House::new();
        house.says("kitchen", "Light is OFF");
        house.told("kitchen", Switch::On);
        house.says("kitchen", "Light is UNKNOWN");
        assert_eq!(house.card()["note"], "ON failed");
        house.told("kitchen", Switch::Off);
        house.says("kitchen", "Light is OFFLINE");
        let late = house.dashboard.expire(Moment::now().instant + Duration::from_secs(6));
        house.board.update(&Update::Unanswered(late), &house.dashboard, Moment::now());
        assert_eq!(house.card()["note"], "kitchen is offline: it gets OFF when it is back.");
        assert_eq!(since(&house.board, None)["log"].as_array().unwrap().len(), 1);
        house.says("kitchen", "Light is OFF");
        assert_eq!(house.card()["note"], Value::Null);
    }

    #[test]
    fn who_is_slow_gets_the_end_and_not_the_way() {
        let mut house = House::new();
        for id in ["a", "b", "c"] {
            house.says(id, "Light is OFF");
        }
        let seen = house.board.version();
        assert_eq!(since(&house.board, Some(seen))["lights"], json!([]));
        for _ in 0..5_000 {
            house.says("a", "Light is ON");
            house.says("b", "Light is OFF");
            house.board.update(&Update::Connection(true), &house.dashboard, Moment::now());
        }
        let unseen = since(&house.board, Some(seen));
        let states: Vec<_> =
            unseen["lights"].as_array().unwrap().iter().map(|light| &light["state"]).collect();
        assert_eq!(states, ["ON", "OFF"]);
        assert_eq!(unseen["log"].as_array().unwrap().len(), Log::MOST);
        assert_eq!(unseen["oldest"], 5_001 - u64::try_from(Log::MOST).unwrap());
    }

    #[test]
    fn a_light_that_never_answers_is_not_sent_for_ever() {
        let lab = LightId::default();
        let mut house =
            House { dashboard: Dashboard::new(Duration::from_secs(5), None), board: Board::new(Some(&lab)) };
        house.told(lab.as_str(), Switch::On);
        assert_eq!(house.card()["sent"], "ON");
        let late = house.dashboard.expire(Moment::now().instant + Duration::from_secs(6));
        house.board.update(&Update::Unanswered(late), &house.dashboard, Moment::now());
        assert_eq!((&house.card()["sent"], &house.card()["state"]), (&Value::Null, &Value::Null));
        assert_eq!(house.card()["note"], "light did not answer ON within 6 s.");
    }

    #[test]
    fn what_nobody_understands_makes_no_card() {
        let mut house = House::new();
        house.says("attic", "Licht ist AN");
        assert_eq!(since(&house.board, None)["lights"], json!([]));
    }

    #[test]
    fn the_lab_s_light_is_there_before_it_speaks() {
        let lab = LightId::default();
        let board = Board::new(Some(&lab));
        assert!(board.knows(&lab) && !board.knows(&"attic".parse().unwrap()));
        assert_eq!(since(&board, None)["lights"][0]["id"], "light");
    }
}
