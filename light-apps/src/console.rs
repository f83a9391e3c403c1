//! The dashboard in a terminal, or in a pipe.

use std::time::{Duration, Instant};

use mqtt_client::Options;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::dashboard::Target;
use crate::hub::{Commanded, Following, Hub, Scope, Update, sleep_until};
use crate::input::Lines;
use crate::payload::Switch;
use crate::run::{Ended, Failure};
use crate::screen::Screen;
use crate::time::Moment;
use crate::view;

/// Lights that the broker remembers are told right behind the subscription; commands to all wait so long for them.
const SETTLING: Duration = Duration::from_millis(300);

/// All that makes a dashboard in a terminal.
#[derive(Debug)]
pub struct Setup {
    /// Where its broker is, with the [session](Hub::session).
    pub options: Options,
    /// The name in its commands to a house.
    pub sender: String,
    /// Which lights, and how.
    pub following: Following,
    /// Where its lines go.
    pub screen: Screen,
    /// Commands; `None` to watch only.
    pub lines: Option<Lines>,
}

/// What somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Typed {
    Command(Target, Switch),
    List,
    Nonsense,
}

/// Shows what comes and publishes what is typed, until the end of input and the last answer, or until it is to stop.
///
/// # Errors
/// It can't go on.
pub async fn run(setup: Setup, stop: CancellationToken) -> Result<Ended, Failure> {
    let Setup { options, sender, following, screen, mut lines } = setup;
    let watches = lines.is_none();
    let hub = Hub::start(options, &sender, following).await?;
    let begins = Some(Instant::now() + hub.dashboard().timeout());
    let mut console = Console { hub, screen, begins, ended: Ended::Well };
    let result = loop {
        let waits = console.hub.dashboard().next_deadline().is_some();
        if console.screen.is_broken() || (lines.is_none() && !watches && !waits) {
            break Ok(());
        }
        let asks = console.begins.is_none() && lines.is_some();
        if asks && !waits && !console.screen.is_asking() {
            console.screen.ask(console.prompt());
        }
        // Who sees what is typed may type ahead; a pipe is a conversation, one command after the other.
        let reads = asks && (!waits || console.screen.is_terminal());
        let step = tokio::select! {
            biased;
            () = stop.cancelled() => break Ok(()),
            update = console.hub.next() => update.map(|update| console.show(&update)),
            () = sleep_until(console.begins) => {
                console.begins = None;
                Ok(())
            }
            line = next_line(&mut lines), if reads => match line {
                Some(line) => console.act(&line),
                None => {
                    console.screen.end();
                    lines = None;
                    Ok(())
                }
            },
        };
        if step.is_err() {
            break step;
        }
    };
    console.screen.end();
    console.hub.close().await;
    result.map(|()| console.ended)
}

async fn next_line(lines: &mut Option<Lines>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => None,
    }
}

struct Console {
    hub: Hub,
    screen: Screen,
    /// When the first question is asked, also without a broker; `None` when it was.
    begins: Option<Instant>,
    ended: Ended,
}

impl Console {
    fn is_house(&self) -> bool {
        *self.hub.scope() == Scope::House
    }

    fn prompt(&self) -> &'static str {
        if self.is_house() { view::HOUSE_PROMPT } else { view::PROMPT }
    }

    fn act(&mut self, line: &str) -> Result<(), Failure> {
        self.screen.entered(line);
        match parse(line, self.hub.scope()) {
            Typed::Command(target, switch) => {
                // First the line, so that it stands before all that follows from the command.
                if !self.is_house() {
                    self.screen.line(view::sent_command(switch));
                }
                let known = match &target {
                    Target::One(id) => {
                        self.hub.dashboard().light(id).is_some_and(|card| card.state.is_some())
                    }
                    Target::Each(_) | Target::All => true,
                };
                let Commanded { sent, unsent } = self.hub.command(&target, switch)?;
                if self.is_house() && (unsent.is_empty() || !sent.is_empty()) {
                    self.screen.line(view::sent_to(switch, &sent, known));
                }
                if !unsent.is_empty() {
                    self.ended = Ended::Unanswered;
                    self.screen.line(view::not_sent(switch, unsent.len()));
                }
            }
            Typed::List => {
                for line in view::list(self.hub.dashboard(), Moment::now().instant) {
                    self.screen.line(line);
                }
            }
            Typed::Nonsense if self.is_house() => self.screen.line(view::HOUSE_INVALID),
            Typed::Nonsense => self.screen.line(view::INVALID),
        }
        Ok(())
    }

    fn show(&mut self, update: &Update) {
        match update {
            Update::Following => {
                let settled = Instant::now() + if self.is_house() { SETTLING } else { Duration::ZERO };
                self.begins = self.begins.map(|begins| begins.min(settled));
            }
            Update::Connection(_) => {}
            Update::News { news, payload } => {
                if news.answer.is_some_and(|answer| !answer.confirmed) {
                    self.ended = Ended::Unanswered;
                }
                let answer = news.answer.as_ref();
                match self.hub.scope() {
                    Scope::House => self.screen.line(view::news(news, payload)),
                    Scope::One(_) => self.screen.line(view::received_status_in(payload, answer)),
                    Scope::Lab => {
                        self.screen.line(view::received_status(payload));
                        if let Some(answer) = answer {
                            info!("{}", view::round_trip(answer));
                        }
                    }
                }
            }
            Update::Unanswered(unanswered) => {
                self.ended = Ended::Unanswered;
                for unanswered in unanswered {
                    let card = self.hub.dashboard().light(&unanswered.id);
                    let offline = card.is_some_and(crate::dashboard::Card::is_offline);
                    self.screen.line(match self.hub.scope() {
                        Scope::House | Scope::One(_) if offline => view::offline(unanswered),
                        Scope::House if card.is_none() => view::nobody(unanswered),
                        Scope::House => view::no_answer_of(unanswered),
                        Scope::Lab | Scope::One(_) => view::no_answer(unanswered),
                    });
                }
            }
        }
    }
}

/// For one light `ON` and `OFF`, as in the lab. For a house also names, and upper case need not be.
fn parse(line: &str, scope: &Scope) -> Typed {
    let line = line.trim();
    if let Some(id) = scope.only() {
        return Switch::parse(line).map_or(Typed::Nonsense, |switch| Typed::Command(Target::One(id), switch));
    }
    if line.eq_ignore_ascii_case("list") {
        return Typed::List;
    }
    let Some((target, switch)) = line.rsplit_once(char::is_whitespace) else { return Typed::Nonsense };
    let target = target.trim_end();
    let target = match target.parse() {
        Ok(id) => Some(Target::One(id)),
        Err(_) => target.eq_ignore_ascii_case("all").then_some(Target::All),
    };
    match (target, Switch::parse(&switch.to_ascii_uppercase())) {
        (Some(target), Some(switch)) => Typed::Command(target, switch),
        _ => Typed::Nonsense,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::LightId;

    #[test]
    fn the_lab_takes_on_and_off() {
        let light = |switch| Typed::Command(Target::One(LightId::default()), switch);
        for (line, typed) in [
            ("ON", light(Switch::On)),
            (" OFF ", light(Switch::Off)),
            ("on", Typed::Nonsense),
            ("", Typed::Nonsense),
            ("ON OFF", Typed::Nonsense),
            ("list", Typed::Nonsense),
        ] {
            assert_eq!(parse(line, &Scope::Lab), typed, "{line}");
        }
    }

    #[test]
    fn a_house_takes_names() {
        let command = |target: Target, switch| Typed::Command(target, switch);
        let kitchen = || Target::One("kitchen".parse().unwrap());
        for (line, typed) in [
            ("kitchen ON", command(kitchen(), Switch::On)),
            ("  kitchen \t off", command(kitchen(), Switch::Off)),
            ("all OFF", command(Target::All, Switch::Off)),
            ("List", Typed::List),
            ("ON", Typed::Nonsense),
            ("kitchen", Typed::Nonsense),
            ("kitchen DIM", Typed::Nonsense),
            ("a/b ON", Typed::Nonsense),
            ("two words ON", Typed::Nonsense),
        ] {
            assert_eq!(parse(line, &Scope::House), typed, "{line}");
        }
    }
}
