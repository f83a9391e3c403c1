//! The dashboard as a page for browsers: cards, switches, and a log with the packets of each message.
//!
//! `board` is what is shown, `log` a part of it; both do no I/O. `routes` answers requests; who may ask, and connections, are
//! the inspector's `page`. Here they meet a [`Hub`].

mod board;
mod log;
mod routes;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_client::{Direction, Options};
use packet_inspector::page::{self, Guard};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::dashboard::Target;
use crate::hub::{Commanded, Following, Hub, Scope};
use crate::options::WebOptions;
use crate::payload::Switch;
use crate::run::{Ended, Failure};
use crate::screen::Screen;
use crate::time::Moment;
use crate::topics::LightId;
use board::Board;
use log::Tapped;

/// So many commands of browsers may wait.
const ORDERS: usize = 64;
/// So many packets may wait to be shown; what comes beyond is counted, and not shown.
const PACKETS: usize = 1_024;
/// So many browsers may follow at once.
const STREAMS: usize = 32;

/// A page that has its address, and nobody to answer yet.
#[derive(Debug)]
pub struct Page {
    listener: TcpListener,
    guard: Guard,
}

/// What the page is about.
#[derive(Debug)]
pub struct Setup {
    /// Where its broker is, with the [session](Hub::session).
    pub options: Options,
    /// The name in its commands.
    pub sender: String,
    /// Which lights, and how: one, or all of a house.
    pub following: Following,
    /// A light that is shown before it has said anything.
    pub expected: Option<LightId>,
}

/// A command of a browser, and where its outcome goes: the lights it was sent to.
struct Order {
    target: Target,
    switch: Switch,
    answer: oneshot::Sender<Result<Vec<LightId>, Refusal>>,
}

/// Why a command was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// Nobody knows such a light.
    NoSuchLight,
    /// Too many wait.
    Busy,
}

/// What all requests share.
struct Shared {
    board: Mutex<Board>,
    /// The version of the board.
    changed: watch::Sender<u64>,
    orders: mpsc::Sender<Order>,
    streams: Arc<Semaphore>,
    /// Tells this run from others in the eyes of a browser that comes back.
    instance: String,
}

impl Shared {
    fn board(&self) -> MutexGuard<'_, Board> {
        // What it holds is whole after every step.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is shown, and tells all who follow.
    fn show(&self, change: impl FnOnce(&mut Board)) {
        let version = {
            let mut board = self.board();
            change(&mut board);
            board.version()
        };
        self.changed.send_replace(version);
    }
}

impl Page {
    /// Takes the address.
    ///
    /// # Errors
    /// Other machines could reach it and there is no token, or it can't be had.
    pub async fn bind(address: SocketAddr, options: &WebOptions) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Option(format!("--web {address}: {error}"));
        if options.web_token.is_none() && !address.ip().is_loopback() {
            return Err(failed(&"other machines can reach it: that needs --web-token"));
        }
        let listener = TcpListener::bind(address).await.map_err(|error| failed(&error))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        let guard = Guard::new(address, "light-dashboard", "--web-")
            .token(options.web_token.clone())
            .names(options.web_host.clone())
            .origins(options.web_origin.clone())
            .longest(routes::REQUEST as u64);
        Ok(Self { listener, guard })
    }

    /// Serves the page until it is to stop.
    ///
    /// # Errors
    /// It can't go on.
    pub async fn run(self, setup: Setup, screen: &Screen, stop: CancellationToken) -> Result<Ended, Failure> {
        let Setup { options, sender, following, expected } = setup;
        let address = self.guard.address();
        let (tap, mut packets) = tap();
        let lost = Arc::clone(&tap.lost);
        let mut hub =
            Hub::start(options.tap(move |way, packet| tap.take(way, packet)), &sender, following).await?;
        let (orders, mut taken) = mpsc::channel(ORDERS);
        let expected = expected.or_else(|| hub.scope().only());
        let shared = Arc::new(Shared {
            board: Mutex::new(Board::new(expected.as_ref())),
            changed: watch::Sender::new(0),
            orders,
            streams: Arc::new(Semaphore::new(STREAMS)),
            instance: format!("{:016x}", fastrand::u64(..)),
        });
        let router = page::protect(routes::router(Arc::clone(&shared)), self.guard);
        let mut served = std::pin::pin!(page::serve(self.listener, router, page::Limits::default()));
        screen.line(format_args!("Page: http://{address}/"));
        let result = loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break Ok(()),
                Some(packet) = packets.recv() => {
                    shared.show(|board| board.packet(&packet, lost.load(Ordering::Relaxed)));
                }
                update = hub.next() => match update {
                    Ok(update) => shared.show(|board| board.update(&update, hub.dashboard(), Moment::now())),
                    Err(failure) => break Err(failure),
                },
                Some(order) = taken.recv() => if let Err(failure) = obey(order, &mut hub, &shared) {
                    break Err(failure);
                },
                never = &mut served => match never {},
            }
        };
        hub.close().await;
        result.map(|()| Ended::Well)
    }
}

/// Publishes a command. It is an error when nothing goes on; what concerns the browser alone, the browser gets.
fn obey(order: Order, hub: &mut Hub, shared: &Shared) -> Result<(), Failure> {
    let Order { target, switch, answer } = order;
    let known = match &target {
        Target::One(id) => shared.board().knows(id),
        Target::Each(_) | Target::All => true,
    };
    let outcome = if known {
        let Commanded { sent, unsent } = hub.command(&target, switch)?;
        // A command to many may have gone to some of them.
        shared.show(|board| board.commanded(&sent, switch, hub.dashboard()));
        if unsent.is_empty() { Ok(sent) } else { Err(Refusal::Busy) }
    } else {
        Err(Refusal::NoSuchLight)
    };
    // The browser may have gone away.
    let _ = answer.send(outcome);
    Ok(())
}

/// Which lights a page follows: all, unless one is named. The lab's light is one of all, and is there from the start
/// unless a house was asked for, since it says nothing before it is told something.
pub fn scope(asked: Scope) -> (Scope, Option<LightId>) {
    match asked {
        Scope::Lab => (Scope::House, Some(LightId::default())),
        other => (other, None),
    }
}

/// Takes packets where they pass, and never waits.
struct Tap {
    packets: mpsc::Sender<Tapped>,
    lost: Arc<AtomicU64>,
}

fn tap() -> (Tap, mpsc::Receiver<Tapped>) {
    let (packets, taken) = mpsc::channel(PACKETS);
    (Tap { packets, lost: Arc::default() }, taken)
}

impl Tap {
    fn take(&self, way: Direction, packet: &[u8]) {
        if let Some(tapped) = Tapped::new(way, packet, Moment::now())
            && self.packets.try_send(tapped).is_err()
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
