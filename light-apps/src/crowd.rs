//! Many controllers and one dashboard in one process: how a broker, or a cluster of them, keeps up.

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
use crate::payload::Switch;
use crate::run::{Ended, Failure};
use crate::screen::Screen;
use crate::topics::LightId;

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
    let begun = Instant::now();
    let switched = Arc::new(AtomicU64::new(0));
    let controllers_stop = stop.child_token();
    let mut controllers = start(&options, &switched, &controllers_stop).await?;
    screen.line(format_args!("{} lights obey after {}", options.lights, seconds_of(begun.elapsed())));
    let work = async {
        let mut crowd = Crowd::start(&options, screen.clone()).await?;
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
    switched: &Arc<AtomicU64>,
    stop: &CancellationToken,
) -> Result<JoinSet<Result<(), Failure>>, Failure> {
    let mut controllers = JoinSet::new();
    let mut all_ready = Vec::new();
    for number in 0..options.lights {
        let id: LightId =
            format!("crowd{number}").parse().map_err(|error| Failure::Option(format!("{error}")))?;
        let (ready, is_ready) = oneshot::channel();
        all_ready.push(is_ready);
        let setup = Setup {
            options: spread(&options.broker, number).client(Setup::session(&id, true, None)?, &usual())?,
            id,
            house: true,
            lamp: Box::new(Counter(Arc::clone(switched))),
            memory: Memory::none(),
            screen: Screen::new(std::io::sink(), false),
            ready: Some(ready),
        };
        controllers.spawn(controller::run(setup, stop.clone()));
    }
    for is_ready in all_ready {
        tokio::select! {
            _ = is_ready => {}
            () = stop.cancelled() => break,
            Some(ended) = controllers.join_next() => ended.unwrap_or(Ok(()))?,
        }
    }
    Ok(controllers)
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
    lights: usize,
}

impl Crowd {
    /// A dashboard that knows all lights. Its session persists: else it would miss what lights say while it changes nodes.
    async fn start(options: &CrowdOptions, screen: Screen) -> Result<Self, Failure> {
        let client_id = options.broker.client_id.as_deref().unwrap_or("LightCrowd");
        let session = Hub::session(client_id).clean_session(false);
        let following = Following { scope: Scope::House, timeout: options.timeout, share: None };
        let hub = Hub::start(options.broker.client(session, &usual())?, client_id, following).await?;
        let mut crowd = Self { hub, screen, lights: usize::try_from(options.lights).unwrap_or(usize::MAX) };
        while crowd.hub.dashboard().lights().len() < crowd.lights {
            crowd.hub.next().await?;
        }
        Ok(crowd)
    }

    /// One command for all at once; gives how many were not confirmed.
    async fn all(&mut self, switch: Switch) -> Result<u64, Failure> {
        let begun = Instant::now();
        let sent = self.hub.command(&Target::All, switch)?.len();
        let (mut confirmed, mut lost) = (0, 0);
        while confirmed + lost < sent {
            match self.hub.next().await? {
                Update::News { news, .. } => confirmed += usize::from(news.answer.is_some()),
                Update::Unanswered(unanswered) => lost += unanswered.len(),
                Update::Following | Update::Connection(_) => {}
            }
        }
        let took = seconds_of(begun.elapsed());
        self.screen.line(format_args!("all {switch}: {confirmed} of {sent} confirmed in {took}"));
        Ok(u64::try_from(lost).unwrap_or(u64::MAX))
    }

    /// Commands for each light, one after the other; gives how many were not confirmed.
    async fn stream(&mut self, rounds: u32) -> Result<u64, Failure> {
        let begun = Instant::now();
        let ids: Vec<LightId> = self.hub.dashboard().lights().map(|(id, _)| id.clone()).collect();
        let mut left: std::collections::BTreeMap<LightId, u32> =
            ids.iter().map(|id| (id.clone(), rounds)).collect();
        let total = u64::from(rounds) * u64::try_from(ids.len()).unwrap_or(u64::MAX);
        for id in ids {
            self.next_command(id, &mut left)?;
        }
        let (mut confirmed, mut lost) = (0_u64, 0_u64);
        while confirmed + lost < total {
            match self.hub.next().await? {
                Update::News { news, .. } if news.answer.is_some() => {
                    confirmed += 1;
                    if confirmed.is_multiple_of((total / 10).max(1)) {
                        self.screen.line(format_args!("{confirmed} of {total} confirmed"));
                    }
                    self.next_command(news.id, &mut left)?;
                }
                Update::Unanswered(unanswered) => {
                    for unanswered in unanswered {
                        lost += 1;
                        self.screen.line(crate::view::no_answer_of(&unanswered));
                        self.next_command(unanswered.id, &mut left)?;
                    }
                }
                _ => {}
            }
        }
        let took = seconds_of(begun.elapsed());
        self.screen.line(format_args!("{total} commands, {confirmed} confirmed, {lost} lost, in {took}"));
        Ok(lost)
    }

    fn next_command(
        &mut self,
        id: LightId,
        left: &mut std::collections::BTreeMap<LightId, u32>,
    ) -> Result<(), Failure> {
        let Some(left) = left.get_mut(&id).filter(|left| **left > 0) else { return Ok(()) };
        *left -= 1;
        // They alternate, so that a status answers one command only.
        let switch = if left.is_multiple_of(2) { Switch::Off } else { Switch::On };
        self.hub.command(&Target::One(id), switch).map(drop)
    }
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
