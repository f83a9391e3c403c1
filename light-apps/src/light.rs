//! What a controller decides: which commands to obey, and what the light is. It does no I/O and has no clock.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::payload::{BadCommand, Command, State, Switch};
use crate::time::Moment;

/// A light and the commands that it has seen: all that has to survive its controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Light {
    state: State,
    /// The last command of each sender; the empty name is that of all who do not say theirs.
    #[serde(default)]
    last: BTreeMap<String, Last>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Last {
    timestamp: f64,
    command: Switch,
}

/// What to do about a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Switch the lamp, then tell [`Light::switched`].
    Obey(Command),
    /// Do nothing but report it.
    Ignore(Command, Stale),
    /// Report it, and answer with `Light is UNKNOWN` if [`BadCommand::is_answered`].
    Refuse(BadCommand),
}

/// Why a command is not obeyed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stale {
    /// It came before: the same command of the same sender with the same time stamp.
    Duplicate,
    /// The sender has given a later command, by so many seconds.
    OutOfDate {
        /// How much later, in seconds.
        by: f64,
    },
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate => f.write_str("it came before"),
            Self::OutOfDate { by } => write!(f, "its sender gave another one {by:.3} s later"),
        }
    }
}

impl Light {
    /// So many senders are remembered; then the one whose last command is the oldest is forgotten.
    pub const MAX_SENDERS: usize = 256;
    /// A time stamp that lies further in the future than this, in seconds, is a wrong clock's: it makes no later
    /// command out of date.
    pub const MAX_AHEAD: f64 = 60.0;

    /// What the light is.
    pub fn state(&self) -> State {
        self.state
    }

    /// How to switch the lamp on start: as it was when the controller ended, and off if that is not known.
    pub fn restored(&self) -> Switch {
        match self.state {
            State::On => Switch::On,
            State::Off | State::Unknown | State::Offline => Switch::Off,
        }
    }

    /// A message came.
    pub fn receive(&self, payload: &[u8], now: Moment) -> Verdict {
        let command = match Command::parse(payload) {
            Ok(command) => command,
            Err(bad) => return Verdict::Refuse(bad),
        };
        match self.stale(&command, now) {
            Some(stale) => Verdict::Ignore(command, stale),
            None => Verdict::Obey(command),
        }
    }

    fn stale(&self, command: &Command, now: Moment) -> Option<Stale> {
        let timestamp = command.timestamp?;
        let last = self.last.get(command.sender.as_deref().unwrap_or_default())?;
        if timestamp == last.timestamp && command.switch == last.command {
            return Some(Stale::Duplicate);
        }
        let trusted = last.timestamp <= now.unix + Self::MAX_AHEAD;
        (timestamp < last.timestamp && trusted).then_some(Stale::OutOfDate { by: last.timestamp - timestamp })
    }

    /// The lamp was switched, or failed to.
    pub fn switched(&mut self, command: &Command, succeeded: bool) {
        self.set(command.switch, succeeded);
        let Some(timestamp) = command.timestamp else { return };
        let sender = command.sender.clone().unwrap_or_default();
        if self.last.len() >= Self::MAX_SENDERS && !self.last.contains_key(&sender) {
            let oldest = self.last.iter().min_by(|(_, a), (_, b)| a.timestamp.total_cmp(&b.timestamp));
            if let Some(oldest) = oldest.map(|(sender, _)| sender.clone()) {
                self.last.remove(&oldest);
            }
        }
        self.last.insert(sender, Last { timestamp, command: command.switch });
    }

    /// The lamp was switched without a command, or failed to.
    pub fn set(&mut self, switch: Switch, succeeded: bool) {
        self.state = if succeeded { switch.into() } else { State::Unknown };
    }
}

impl Default for Light {
    /// Nothing is known, and nothing was heard.
    fn default() -> Self {
        Self { state: State::Unknown, last: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(unix: f64) -> Moment {
        Moment { unix, ..Moment::now() }
    }

    fn json(switch: Switch, timestamp: Option<f64>, sender: Option<&str>) -> Vec<u8> {
        Command { switch, timestamp, sender: sender.map(str::to_owned) }.to_json().into_bytes()
    }

    /// What a light does about commands, one after the other: `obeys`, `duplicate`, `out of date`.
    fn plays(commands: &[(Switch, f64, Option<&str>)], now: f64) -> (Vec<&'static str>, State) {
        let mut light = Light::default();
        let verdicts = commands.iter().map(|&(switch, timestamp, sender)| {
            match light.receive(&json(switch, Some(timestamp), sender), at(now)) {
                Verdict::Obey(command) => {
                    light.switched(&command, true);
                    "obeys"
                }
                Verdict::Ignore(_, Stale::Duplicate) => "duplicate",
                Verdict::Ignore(_, Stale::OutOfDate { .. }) => "out of date",
                Verdict::Refuse(bad) => panic!("{bad}"),
            }
        });
        (verdicts.collect(), light.state())
    }

    use Switch::{Off, On};

    #[test]
    fn a_later_command_is_obeyed_and_an_earlier_one_is_not() {
        let (verdicts, state) = plays(&[(On, 10.0, None), (Off, 11.0, None), (On, 10.5, None)], 100.0);
        assert_eq!((verdicts, state), (vec!["obeys", "obeys", "out of date"], State::Off));
    }

    #[test]
    fn a_command_that_came_before_changes_nothing() {
        let (verdicts, state) = plays(&[(On, 10.0, None), (On, 10.0, None), (On, 10.1, None)], 100.0);
        assert_eq!((verdicts, state), (vec!["obeys", "duplicate", "obeys"], State::On));
    }

    #[test]
    fn another_command_at_the_same_time_is_obeyed() {
        // The lab's packets have one time stamp for both.
        let (verdicts, state) = plays(&[(On, 10.0, None), (Off, 10.0, None)], 100.0);
        assert_eq!((verdicts, state), (vec!["obeys", "obeys"], State::Off));
    }

    #[test]
    fn each_sender_has_its_own_clock() {
        let commands = [(On, 10.0, Some("a")), (Off, 5.0, Some("b")), (On, 4.0, Some("b")), (On, 1.0, None)];
        assert_eq!(plays(&commands, 100.0), (vec!["obeys", "obeys", "out of date", "obeys"], State::On));
    }

    #[test]
    fn a_clock_that_was_far_ahead_shuts_nobody_out() {
        let commands = [(On, 161.0, None), (Off, 100.0, None), (On, 99.0, None)];
        assert_eq!(plays(&commands, 100.0), (vec!["obeys", "obeys", "out of date"], State::Off));
        let commands = [(On, 160.0, None), (Off, 100.0, None)];
        assert_eq!(plays(&commands, 100.0), (vec!["obeys", "out of date"], State::On));
    }

    #[test]
    fn commands_without_a_time_are_obeyed_each_time() {
        let mut light = Light::default();
        for switch in [On, On, Off] {
            let Verdict::Obey(command) = light.receive(&json(switch, None, None), at(1.0)) else { panic!() };
            light.switched(&command, true);
        }
        assert_eq!(light.state(), State::Off);
    }

    #[test]
    fn a_lamp_that_fails_is_unknown_until_it_is_switched_again() {
        let mut light = Light::default();
        let on = Command { switch: On, timestamp: Some(1.0), sender: None };
        light.switched(&on, false);
        assert_eq!((light.state(), light.restored()), (State::Unknown, Off));
        light.switched(&on, true);
        assert_eq!((light.state(), light.restored()), (State::On, On));
    }

    #[test]
    fn what_is_no_command_is_refused_and_changes_nothing() {
        let light = Light::default();
        let before = light.clone();
        let Verdict::Refuse(bad) = light.receive(b"{}", at(1.0)) else { panic!() };
        assert_eq!((bad, light), (BadCommand::NoCommand, before));
    }

    #[test]
    fn senders_are_bounded_and_the_oldest_is_forgotten() {
        let mut light = Light::default();
        for number in 0..1_000 {
            let timestamp = Some(f64::from(number));
            light.switched(&Command { switch: On, timestamp, sender: Some(number.to_string()) }, true);
        }
        assert_eq!(light.last.len(), Light::MAX_SENDERS);
        let verdict = light.receive(&json(On, Some(999.0), Some("999")), at(2_000.0));
        assert!(matches!(verdict, Verdict::Ignore(_, Stale::Duplicate)));
    }

    #[test]
    fn it_is_the_same_after_it_was_stored() {
        let mut light = Light::default();
        light.switched(&Command { switch: On, timestamp: Some(1.5), sender: Some("a".into()) }, true);
        light.switched(&Command { switch: Off, timestamp: Some(2.5), sender: None }, true);
        let stored = serde_json::to_string(&light).unwrap();
        assert_eq!(serde_json::from_str::<Light>(&stored).unwrap(), light);
    }

    proptest! {
        /// Networks delay, double and reorder; a controller crashes and is as it was stored.
        #[test]
        fn a_light_ends_as_each_sender_s_latest_command_says(
            switches in proptest::collection::vec(any::<bool>(), 1..20),
            arrivals in proptest::collection::vec((0_usize..20, any::<bool>()), 0..60),
        ) {
            let given = |place: usize| {
                let place = place % switches.len();
                // One second apart, in the order that they were given.
                let timestamp = f64::from(u8::try_from(place).unwrap());
                (if switches[place] { On } else { Off }, timestamp)
            };
            let mut light = Light::default();
            let mut latest: Option<(Switch, f64)> = None;
            for (place, crashes) in arrivals {
                let (switch, timestamp) = given(place);
                if let Verdict::Obey(command) = light.receive(&json(switch, Some(timestamp), Some("me")), at(100.0)) {
                    prop_assert!(latest.is_none_or(|(_, latest)| latest < timestamp));
                    light.switched(&command, true);
                }
                if latest.is_none_or(|(_, latest)| latest < timestamp) {
                    latest = Some((switch, timestamp));
                }
                prop_assert_eq!(light.state(), State::from(latest.unwrap().0));
                if crashes {
                    light = serde_json::from_slice(&serde_json::to_vec(&light).unwrap()).unwrap();
                }
            }
        }
    }
}
