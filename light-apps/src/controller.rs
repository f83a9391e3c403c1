//! A controller: a lamp, a client, and the light between them.

use mqtt_client::{Client, Message, Options, QoS, SessionOptions, TextError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::hub::{ended, joined, report, subscribe};
use crate::lamp::Lamp;
use crate::light::{Light, Verdict};
use crate::memory::Memory;
use crate::payload::{BadCommand, State, Switch};
use crate::run::{FAREWELL, Failure};
use crate::screen::Screen;
use crate::time::Moment;
use crate::topics::LightId;
use crate::view;

/// The longest packet of MQTT (2.2.3).
const MAX_PACKET_LEN: usize = 268_435_460;

/// All that makes a controller.
pub struct Setup {
    /// Where its broker is, with the [session](Self::session).
    pub options: Options,
    /// Its light.
    pub id: LightId,
    /// It is one of a house: its status is retained, a will says that it is offline, its session persists, and its light is
    /// as it was. Else it is the lab's, to the byte.
    pub house: bool,
    /// What it switches.
    pub lamp: Box<dyn Lamp>,
    /// Where its light is kept.
    pub memory: Memory,
    /// Where its lines go.
    pub screen: Screen,
    /// To be told when it obeys commands.
    pub ready: Option<oneshot::Sender<()>>,
}

impl Setup {
    /// The session of a controller: the lab's, or that of a light of a house. Without a Client Identifier it has the lab's,
    /// or that of its light.
    ///
    /// # Errors
    /// The light's name does not fit into a topic.
    pub fn session(
        id: &LightId,
        house: bool,
        client_id: Option<String>,
    ) -> Result<SessionOptions, TextError> {
        let client_id = client_id.unwrap_or_else(|| match house {
            false => "LightControllerAndMonitor".to_owned(),
            true => format!("LightController-{id}"),
        });
        // A command is acknowledged when it is obeyed, behind its status, as the lab's program does it. Any packet is taken:
        // one that is refused by its length would come again with each connection.
        let session =
            SessionOptions::new(client_id).manual_acknowledgement(true).max_packet_len(MAX_PACKET_LEN);
        if !house {
            return Ok(session);
        }
        let will = Message::new(id.status(), State::Offline.to_string())?.qos(QoS::AtLeastOnce).retain(true);
        Ok(session.clean_session(false).will(will))
    }
}

/// Obeys commands until it is to stop.
///
/// # Errors
/// It can't go on.
pub async fn run(setup: Setup, stop: CancellationToken) -> Result<(), Failure> {
    let Setup { options, id, house, lamp, memory, screen, mut ready } = setup;
    let (client, driver) = mqtt_client::connect(options).await?;
    let (mut messages, mut events) = (client.messages(), client.events());
    let light = if house { memory.load() } else { Light::default() };
    let mut controller = Controller { id, house, light, lamp, memory, screen, client };
    if house {
        controller.restore().await;
    }
    let mut driver = tokio::spawn(driver.run());
    let subscription = subscribe(controller.client.clone(), controller.id.control());
    let mut subscribing: Option<JoinHandle<_>> = Some(tokio::spawn(subscription));
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            event = events.next() => match event {
                Some(event) => {
                    report(&event);
                    if house && matches!(event, mqtt_client::ConnectionEvent::Connected { .. }) {
                        // The will may have said otherwise meanwhile.
                        controller.tell().await?;
                    }
                }
                None => return Err(ended(&mut driver).await),
            },
            subscribed = joined(&mut subscribing) => {
                subscribing = None;
                subscribed?;
                info!("{} obeys", controller.id);
                if let Some(ready) = ready.take() {
                    // Perhaps nobody waits any more.
                    let _ = ready.send(());
                }
            }
            message = messages.next() => match message {
                Some(message) => {
                    controller.receive(&message).await?;
                    message.acknowledge();
                }
                None => return Err(ended(&mut driver).await),
            }
        }
    }
    controller.end().await
}

struct Controller {
    id: LightId,
    house: bool,
    light: Light,
    lamp: Box<dyn Lamp>,
    memory: Memory,
    screen: Screen,
    client: Client,
}

impl Controller {
    /// Switches the lamp as it was.
    async fn restore(&mut self) {
        let switch = self.light.restored();
        let succeeded = self.switch(switch).await;
        self.light.set(switch, succeeded);
        self.memory.save(&self.light);
    }

    async fn receive(&mut self, message: &Message) -> Result<(), Failure> {
        match self.light.receive(&message.payload, Moment::now()) {
            Verdict::Obey(command) => {
                self.screen.line(view::received_command(command.switch));
                let succeeded = self.switch(command.switch).await;
                self.light.switched(&command, succeeded);
                if self.house {
                    self.memory.save(&self.light);
                }
                self.tell().await
            }
            Verdict::Ignore(command, stale) => {
                warn!("{}: command {} is ignored: {stale}", self.id, command.switch);
                Ok(())
            }
            Verdict::Refuse(bad) => self.refuse(&bad).await,
        }
    }

    async fn refuse(&mut self, bad: &BadCommand) -> Result<(), Failure> {
        warn!("{}: bad command: {bad}", self.id);
        if !bad.is_answered() {
            return Ok(());
        }
        if let BadCommand::UnknownCommand(command) = bad {
            self.screen.line(view::received_command(view::Plain(command)));
        }
        self.publish(State::Unknown, false).await?;
        // That was the answer, not the truth.
        if self.house { self.tell().await } else { Ok(()) }
    }

    async fn switch(&mut self, switch: Switch) -> bool {
        match self.lamp.switch(switch).await {
            Ok(()) => true,
            Err(error) => {
                warn!("{}: the lamp can't be switched {switch}: {error}", self.id);
                false
            }
        }
    }

    /// Publishes what the light is.
    async fn tell(&self) -> Result<(), Failure> {
        self.publish(self.light.state(), self.house).await
    }

    async fn publish(&self, state: State, retain: bool) -> Result<(), Failure> {
        let message = Message::new(self.id.status(), state.to_string())?.qos(QoS::AtLeastOnce).retain(retain);
        // First the line, so that it stands before all that follows from the status.
        self.screen.line(view::published_status(state));
        // It will arrive: the session sees to it.
        drop(self.client.publish(message).await?);
        Ok(())
    }

    /// Says goodbye.
    async fn end(self) -> Result<(), Failure> {
        if self.house {
            self.publish(State::Offline, true).await?;
        }
        match self.client.disconnect(FAREWELL).await {
            Ok(left) if left.messages > 0 => warn!("{} messages did not reach the broker", left.messages),
            Ok(_) => {}
            Err(closed) => return Err(closed.into()),
        }
        Ok(())
    }
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("id", &self.id).field("house", &self.house).finish_non_exhaustive()
    }
}
