//! Many controllers and one dashboard in one process: how a broker, or a cluster of them, keeps up.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mqtt_client::transport::Address;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::controller::{self, Setup};
use crate::dashboard::Target;
use crate::hub::{Following, Hub, Scope, Update};
use crate::lamp::{Lamp, Switching};
use crate::memory::Memory;
use crate::options::{BrokerOptions, seconds};
use crate::payload::{State, Switch};
use crate::run::{Ended, Failure};
use crate::screen::Screen;
use crate::topics::LightId;
use crate::view;

/// So many controllers start at once. A cluster that is asked for too many sessions at a time refuses subscriptions: NATS when
/// its nodes don't agree on one within 4 seconds.
const STARTING: usize = 8;

/// Starts many controllers and one dashboard, and counts what becomes of commands.
#[derive(clap::Args, Clone, Debug)]
pub struct CrowdOptions {
    /// How many lights
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    pub lights: u32,
    /// How many commands each light gets, one after the other, behind one ON and one OFF for all at once
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub rounds: u32,
    /// How long a light has to answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub timeout: Duration,
    /// Where the broker is.
    #[command(flatten)]
    pub broker: BrokerOptions,
}

/// A lamp that counts how often it is switched.
struct Counter(Arc<AtomicU64>);

impl Lamp for Counter {
    fn switch(&mut self, _: Switch) -> Switching<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }
}

/// Runs it, and tells what became of all commands.
///
/// # Errors
/// A controller or the dashboard can't go on.
pub async fn run(options: CrowdOptions, screen: Screen, stop: CancellationToken) -> Result<Ended, Failure> {
    let switched = Arc::new(AtomicU64::new(0));
    let lamp = |_| -> Box<dyn Lamp> { Box::new(Counter(Arc::clone(&switched))) };
    run_with(&options, lamp, &switched, screen, stop).await
}

/// The same with these lamps, by the number of their light.
async fn run_with(
    options: &CrowdOptions,
    lamp: impl Fn(u32) -> Box<dyn Lamp>,
    switched: &AtomicU64,
    screen: Screen,
    stop: CancellationToken,
) -> Result<Ended, Failure> {
    let begun = Instant::now();
    let ids =
        (0..options.lights).map(|number| format!("crowd{number}").parse()).collect::<Result<Vec<_>, _>>();
    let ids: Vec<LightId> = ids.map_err(|error| Failure::Option(format!("{error}")))?;
    let controllers_stop = stop.child_token();
    let mut controllers = start(options, &ids, lamp, &controllers_stop).await?;
    screen.line(format_args!("{} lights obey after {}", options.lights, seconds_of(begun.elapsed())));
    let work = async {
        let mut crowd = Crowd::start(options, ids, screen.clone()).await?;
        let mut lost = crowd.all(Switch::On).await? + crowd.all(Switch::Off).await?;
        if options.rounds > 0 {
            // Those of the start, and the two for all, aside.
            let before = switched.load(Ordering::Relaxed);
            lost += crowd.stream(options.rounds).await?;
            let obeyed = switched.load(Ordering::Relaxed) - before;
            screen.line(format_args!("lamps were switched {obeyed} times"));
        }
        crowd.hub.close().await;
        Ok::<u64, Failure>(lost)
    };
    let lost = tokio::select! {
        lost = work => lost?,
        () = stop.cancelled() => 0,
        Some(ended) = controllers.join_next() => {
            ended.unwrap_or(Ok(()))?;
            return Err(Failure::Option("a controller has ended".to_owned()));
        }
    };
    controllers_stop.cancel();
    while let Some(ended) = controllers.join_next().await {
        ended.unwrap_or(Ok(()))?;
    }
    if let Some(memory) = peak_memory() {
        screen.line(format_args!("at most {memory} of memory"));
    }
    Ok(if lost == 0 { Ended::Well } else { Ended::Unanswered })
}

/// Returns when all controllers obey.
async fn start(
    options: &CrowdOptions,
    ids: &[LightId],
    lamp: impl Fn(u32) -> Box<dyn Lamp>,
    stop: &CancellationToken,
) -> Result<JoinSet<Result<(), Failure>>, Failure> {
    let mut controllers = JoinSet::new();
    // Those that don't obey yet, the oldest first.
    let mut starting = VecDeque::new();
    for (number, id) in (0..).zip(ids) {
        if starting.len() >= STARTING {
            next_obeys(&mut starting, &mut controllers, stop).await?;
        }
        let (ready, is_ready) = oneshot::channel();
        starting.push_back(is_ready);
        let setup = Setup {
            options: spread(&options.broker, number).client(Setup::session(id, true, None)?, &usual())?,
            id: id.clone(),
            house: true,
            lamp: lamp(number),
            memory: Memory::none(),
            screen: Screen::new(std::io::sink(), false),
            ready: Some(ready),
        };
        controllers.spawn(controller::run(setup, stop.clone()));
    }
    while !starting.is_empty() {
        next_obeys(&mut starting, &mut controllers, stop).await?;
    }
    Ok(controllers)
}

/// Waits for one controller, or until all are to stop.
async fn next_obeys(
    starting: &mut VecDeque<oneshot::Receiver<()>>,
    controllers: &mut JoinSet<Result<(), Failure>>,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let Some(is_ready) = starting.pop_front() else { return Ok(()) };
    tokio::select! {
        _ = is_ready => Ok(()),
        () = stop.cancelled() => Ok(()),
        Some(ended) = controllers.join_next() => ended.unwrap_or(Ok(())),
    }
}

fn usual() -> Address {
    Address::tcp("127.0.0.1", 1883)
}

/// Each begins at another node of a cluster.
fn spread(broker: &BrokerOptions, number: u32) -> BrokerOptions {
    let mut broker = broker.clone();
    if let Some(by) = usize::try_from(number).ok().and_then(|number| number.checked_rem(broker.broker.len()))
    {
        broker.broker.rotate_left(by);
    }
    broker
}

struct Crowd {
    hub: Hub,
    screen: Screen,
    ids: Vec<LightId>,
}

/// What became of commands. Only a status that is what was commanded confirms one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    confirmed: u64,
    /// A lamp failed, or no answer came in time, or it was not even sent.
    lost: u64,
}

impl Tally {
    fn over(self) -> u64 {
        self.confirmed + self.lost
    }

    fn lose(&mut self, commands: usize) {
        self.lost += count(commands);
    }
}

impl Crowd {
    /// A dashboard that knows all lights. Its session persists: else it would miss what lights say while it changes nodes.
    async fn start(options: &CrowdOptions, ids: Vec<LightId>, screen: Screen) -> Result<Self, Failure> {
        let client_id = options.broker.client_id.as_deref().unwrap_or("LightCrowd");
        let session = Hub::session(client_id).clean_session(false);
        let following = Following { scope: Scope::House, timeout: options.timeout, share: None };
        let hub = Hub::start(options.broker.client(session, &usual())?, client_id, following).await?;
        let mut crowd = Self { hub, screen, ids };
        // What the broker remembers of an earlier crowd is that it is offline.
        while !crowd.all_are(|state| state != State::Offline) {
            crowd.hub.next().await?;
        }
        Ok(crowd)
    }

    fn all_are(&self, is_so: impl Fn(State) -> bool) -> bool {
        let state = |id| self.hub.dashboard().light(id).and_then(|card| card.state);
        self.ids.iter().all(|id| state(id).is_some_and(&is_so))
    }

    /// One command for all at once; gives how many did not confirm it.
    async fn all(&mut self, switch: Switch) -> Result<u64, Failure> {
        let begun = Instant::now();
        let total = count(self.ids.len());
        let mut tally = Tally::default();
        let target = Target::Each(self.ids.clone());
        tally.lose(self.hub.command(&target, switch)?.unsent.len());
        while tally.over() < total {
            self.next(&mut tally).await?;
        }
        let Tally { confirmed, lost } = tally;
        let took = seconds_of(begun.elapsed());
        self.screen.line(format_args!("all {switch}: {confirmed} of {total} confirmed in {took}"));
        Ok(lost)
    }

    /// Commands for each light, one after the other; gives how many were not confirmed.
    async fn stream(&mut self, rounds: u32) -> Result<u64, Failure> {
        let begun = Instant::now();
        let mut left: BTreeMap<LightId, u32> = self.ids.iter().map(|id| (id.clone(), rounds)).collect();
        let total = u64::from(rounds) * count(self.ids.len());
        let mut tally = Tally::default();
        for id in self.ids.clone() {
            self.next_command(&id, &mut left, &mut tally)?;
        }
        while tally.over() < total {
            let before = tally.confirmed;
            for id in self.next(&mut tally).await? {
                self.next_command(&id, &mut left, &mut tally)?;
            }
            if tally.confirmed > before && tally.confirmed.is_multiple_of((total / 10).max(1)) {
                self.screen.line(format_args!("{} of {total} confirmed", tally.confirmed));
            }
        }
        let Tally { confirmed, lost } = tally;
        let took = seconds_of(begun.elapsed());
        self.screen.line(format_args!("{total} commands, {confirmed} confirmed, {lost} lost, in {took}"));
        Ok(lost)
    }

    /// Counts what comes next; gives the lights whose command is over.
    async fn next(&mut self, tally: &mut Tally) -> Result<Vec<LightId>, Failure> {
        match self.hub.next().await? {
            Update::News { news, .. } => {
                let Some(answer) = news.answer else { return Ok(Vec::new()) };
                if answer.confirmed {
                    tally.confirmed += 1;
                } else {
                    tally.lose(1);
                    self.screen.line(format_args!("{}: {} failed", news.id, answer.switch));
                }
                Ok(vec![news.id])
            }
            Update::Unanswered(unanswered) => {
                tally.lose(unanswered.len());
                for unanswered in &unanswered {
                    self.screen.line(view::no_answer_of(unanswered));
                }
                Ok(unanswered.into_iter().map(|unanswered| unanswered.id).collect())
            }
            Update::Following | Update::Connection(_) => Ok(Vec::new()),
        }
    }

    fn next_command(
        &mut self,
        id: &LightId,
        left: &mut BTreeMap<LightId, u32>,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let Some(left) = left.get_mut(id) else { return Ok(()) };
        while *left > 0 {
            *left -= 1;
            // They alternate, so that a status answers one command only.
            let switch = if left.is_multiple_of(2) { Switch::Off } else { Switch::On };
            let unsent = self.hub.command(&Target::One(id.clone()), switch)?.unsent.len();
            if unsent == 0 {
                break;
            }
            tally.lose(unsent);
        }
        Ok(())
    }
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

fn seconds_of(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

/// The most memory that this process had, where Linux tells it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{:.1} MiB", kib / 1_024.0))
}

#[cfg(feature = "broker")]
#[cfg(test)]
mod tests;
