use proptest::prelude::*;

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
        let commands = self.dashboard.command(&Target::One(light.parse().unwrap()), switch, self.now);
        self.published(switch, &commands);
        commands
    }

    fn published(&mut self, switch: Switch, commands: &[(LightId, Command)]) {
        for (id, _) in commands {
            self.dashboard.sent(id, switch, self.now);
        }
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
    // Nobody knows whether there is one of this name.
    scene.tell("kitchne", Off);
    let sent = scene.dashboard.command(&Target::All, Off, scene.now);
    scene.published(Off, &sent);
    let topics: Vec<_> = sent.iter().map(|(id, _)| id.control()).collect();
    assert_eq!(topics, ["home/cellar/control", "home/hall/control", "home/kitchen/control"]);
    for light in ["hall", "cellar", "kitchen"] {
        assert!(scene.hear(light, "Light is OFF").answer.unwrap().confirmed);
    }
}

#[test]
fn a_name_that_nobody_has_is_forgotten() {
    let mut scene = Scene::new();
    scene.tell("kitchne", On);
    scene.later(3_000);
    scene.tell("kitchne", Off);
    assert_eq!((scene.dashboard.lights().len(), scene.dashboard.known().count()), (1, 0));
    scene.later(2_000);
    assert_eq!(scene.dashboard.expire(scene.now.instant).len(), 1);
    assert_eq!(scene.card("kitchne").pending.len(), 1);
    scene.later(3_000);
    assert_eq!(scene.dashboard.expire(scene.now.instant).len(), 1);
    assert_eq!(scene.dashboard.lights().len(), 0);
    // Nor does what nobody understands make a light; an answer does.
    assert_eq!(scene.hear("kitchne", "on").state, None);
    assert_eq!(scene.dashboard.lights().len(), 0);
    scene.tell("hall", On);
    assert!(scene.hear("hall", "Light is ON").answer.unwrap().confirmed);
    scene.later(9_000);
    assert_eq!((scene.dashboard.expire(scene.now.instant).len(), scene.dashboard.known().count()), (0, 1));
}

#[test]
fn what_was_not_published_waits_for_nothing() {
    let mut scene = Scene::new();
    let commands = scene.dashboard.command(&Target::Each(vec!["a".parse().unwrap()]), On, scene.now);
    assert_eq!((commands.len(), scene.dashboard.next_deadline()), (1, None));
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
    assert_eq!((scene.card("kitchen").since, scene.card("kitchen").is_offline()), (Some(scene.now), true));
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

#[derive(Clone, Debug)]
enum Step {
    Tell(Switch),
    Hear(State, bool),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let state = || proptest::sample::select(vec![State::On, State::Off, State::Unknown, State::Offline]);
    prop_oneof![
        proptest::bool::ANY.prop_map(|on| Step::Tell(if on { On } else { Off })),
        (state(), any::<bool>()).prop_map(|(state, retained)| Step::Hear(state, retained)),
        (0_u64..3_000).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever comes, in whatever order.
    #[test]
    fn each_command_has_one_end(steps in proptest::collection::vec(step(), 0..80)) {
        let mut scene = Scene::new();
        let (mut given, mut ended, mut unanswered) = (0, 0, 0);
        for step in steps {
            let waiting = scene.dashboard.lights().map(|(_, card)| card.pending.len()).sum::<usize>();
            match step {
                Step::Tell(switch) => given += scene.tell("kitchen", switch).len(),
                Step::Hear(state, retained) => {
                    let text = state.to_string();
                    let news = if retained { scene.keeps("kitchen", &text) } else { scene.hear("kitchen", &text) };
                    let left = scene.card("kitchen").pending.len();
                    ended += waiting - left;
                    // Some end without an answer of their own, but never without any.
                    prop_assert_eq!(news.answer.is_some(), left < waiting);
                    prop_assert!(!(retained && news.answer.is_some()));
                    if let Some(answer) = news.answer {
                        prop_assert_eq!(answer.confirmed, State::from(answer.switch) == state);
                        prop_assert!(answer.round_trip < TIMEOUT);
                    }
                }
                Step::Wait(milliseconds) => {
                    scene.later(milliseconds);
                    unanswered += scene.dashboard.expire(scene.now.instant).len();
                    prop_assert!(scene.dashboard.next_deadline().is_none_or(|at| at > scene.now.instant));
                }
            }
        }
        scene.later(5_000);
        unanswered += scene.dashboard.expire(scene.now.instant).len();
        prop_assert_eq!(given, ended + unanswered);
        prop_assert_eq!(scene.dashboard.next_deadline(), None);
    }
}
