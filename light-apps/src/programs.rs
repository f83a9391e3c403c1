//! The programs, from their command lines: which parts run together in a process.

use std::pin::pin;

use mqtt_client::transport::Address;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::console;
use crate::controller;
use crate::hub::{Following, Hub, Scope};
use crate::input;
use crate::lamp::Simulated;
use crate::memory::Memory;
use crate::notice;
use crate::options::{BrokerOptions, ControllerOptions, DashboardOptions, EmbeddedOptions};
use crate::run::{Ended, Failure};
use crate::screen::Screen;
use crate::topics::LightId;
#[cfg(feature = "web")]
use crate::web;

/// Where programs look for a broker that nobody named or wrote down.
fn usual() -> Address {
    Address::tcp("127.0.0.1", 1883)
}

/// The controller, as its command line says.
///
/// # Errors
/// It can't go on.
pub async fn controller(
    options: ControllerOptions,
    screen: Screen,
    stop: CancellationToken,
) -> Result<Ended, Failure> {
    let (id, house) = (options.id.clone().unwrap_or_default(), options.id.is_some());
    let session = controller::Setup::session(&id, house, options.broker.client_id.clone())?;
    let client = match options.broker.broker.is_empty() {
        true => options.broker.client_over(session, notice::follow(usual()))?,
        false => options.broker.client(session, &usual())?,
    };
    let setup = controller::Setup {
        options: client,
        lamp: options.lamp.lamp()?,
        memory: options.memory(),
        ready: None,
        id,
        house,
        screen,
    };
    controller::run(setup, stop).await.map(|()| Ended::Well)
}

/// The dashboard, as its command line says.
///
/// # Errors
/// It can't go on.
pub async fn dashboard(
    options: DashboardOptions,
    screen: Screen,
    stop: CancellationToken,
) -> Result<Ended, Failure> {
    #[cfg(feature = "web")]
    let page = match options.web.web {
        Some(address) => Some(web::Page::bind(address, &options.web).await?),
        None => None,
    };
    let embedded = Embedded::start(&options.broker, &options.embedded, &screen).await?;
    #[cfg(feature = "broker")]
    let _notice = options.broker.broker.is_empty().then(|| notice::Notice::put_up(embedded.address()));
    let following = options.following();
    #[cfg(feature = "web")]
    if let Some(page) = page {
        let ended = page_at(page, &options.broker, embedded.address(), following, &screen, stop).await;
        embedded.stop().await;
        return ended;
    }
    let lines = (!options.watch).then(input::standard);
    let ended = dashboard_at(&options.broker, embedded.address(), following, screen, lines, stop).await;
    embedded.stop().await;
    ended
}

async fn dashboard_at(
    broker: &BrokerOptions,
    address: &Address,
    following: Following,
    screen: Screen,
    lines: Option<input::Lines>,
    stop: CancellationToken,
) -> Result<Ended, Failure> {
    let client_id = broker.client_id.clone().unwrap_or_else(|| following.scope.client_id());
    let options = broker.client(Hub::session(client_id.as_str()), address)?;
    console::run(console::Setup { options, sender: client_id, following, screen, lines }, stop).await
}

#[cfg(feature = "web")]
async fn page_at(
    page: web::Page,
    broker: &BrokerOptions,
    address: &Address,
    mut following: Following,
    screen: &Screen,
    stop: CancellationToken,
) -> Result<Ended, Failure> {
    let expected;
    (following.scope, expected) = web::scope(following.scope);
    let sender = broker.client_id.clone().unwrap_or_else(|| following.scope.client_id());
    let options = broker.client(Hub::session(sender.as_str()), address)?;
    page.run(web::Setup { options, sender, following, expected }, screen, stop).await
}

/// Broker, controller and dashboard of the lab in one terminal.
///
/// # Errors
/// One of them can't go on.
pub async fn demo(options: DemoOptions, screen: Screen, stop: CancellationToken) -> Result<Ended, Failure> {
    let embedded = Embedded::start(&options.broker, &options.embedded, &screen).await?;
    let ended = homework(&options, embedded.address(), screen, stop).await;
    embedded.stop().await;
    ended
}

/// Controller and dashboard, until both have ended.
async fn homework(
    options: &DemoOptions,
    address: &Address,
    screen: Screen,
    stop: CancellationToken,
) -> Result<Ended, Failure> {
    let (ready, is_ready) = oneshot::channel();
    let id = LightId::default();
    let session = controller::Setup::session(&id, false, None)?;
    let setup = controller::Setup {
        options: options.broker.client(session, address)?,
        id,
        house: false,
        lamp: Box::new(Simulated),
        memory: Memory::none(),
        screen: screen.clone(),
        ready: Some(ready),
    };
    let controller_stop = stop.child_token();
    let mut controller = tokio::spawn(controller::run(setup, controller_stop.clone()));
    let following = Following { scope: Scope::Lab, timeout: options.timeout, share: None };
    let mut dashboard = pin!(async {
        // Without a light nobody would answer. If it can't come, that is told elsewhere.
        tokio::select! {
            _ = is_ready => {}
            () = stop.cancelled() => {}
        }
        let lines = Some(input::standard());
        dashboard_at(&options.broker, address, following, screen, lines, stop.clone()).await
    });
    tokio::select! {
        ended = &mut dashboard => {
            controller_stop.cancel();
            // A task that panicked says so itself.
            let controlled = controller.await.unwrap_or(Ok(()));
            controlled.and(ended)
        }
        controlled = &mut controller => {
            controlled.unwrap_or(Ok(()))?;
            // It was told to stop, and so was the dashboard.
            dashboard.await
        }
    }
}

/// The broker of the user, or one inside the process.
#[derive(Debug)]
struct Embedded {
    address: Address,
    #[cfg(feature = "broker")]
    broker: Option<crate::broker::Broker>,
}

#[cfg(feature = "broker")]
impl Embedded {
    async fn start(
        named: &BrokerOptions,
        options: &EmbeddedOptions,
        screen: &Screen,
    ) -> Result<Self, Failure> {
        if let Some(address) = named.broker.first() {
            return Ok(Self { address: address.clone(), broker: None });
        }
        let broker = crate::broker::Broker::start(options.port, options.broker_dir.clone()).await?;
        let address = broker.address();
        screen.line(format_args!("Broker: {address}"));
        Ok(Self { address, broker: Some(broker) })
    }

    async fn stop(self) {
        if let Some(broker) = self.broker {
            broker.stop().await;
        }
    }
}

#[cfg(not(feature = "broker"))]
impl Embedded {
    async fn start(named: &BrokerOptions, _: &EmbeddedOptions, _: &Screen) -> Result<Self, Failure> {
        let address = named.broker.first().cloned().unwrap_or_else(usual);
        Ok(Self { address })
    }

    async fn stop(self) {}
}

impl Embedded {
    fn address(&self) -> &Address {
        &self.address
    }
}

/// The lab's homework in one terminal: a broker, a controller and a dashboard.
#[derive(clap::Args, Debug)]
pub struct DemoOptions {
    /// How long the light has to answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = crate::options::seconds)]
    pub timeout: std::time::Duration,
    /// The broker inside.
    #[command(flatten)]
    pub embedded: EmbeddedOptions,
    /// Where another broker is.
    #[command(flatten)]
    pub broker: BrokerOptions,
}
