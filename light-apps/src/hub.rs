//! A dashboard with a client: takes what comes, publishes what is asked, notices what does not come. A console or a web
//! page shows what it tells.

use std::time::Duration;

use mqtt_client::{
    Client, ConnectionEvent, ConnectionEvents, Message, Messages, Options, QoS, SessionOptions,
    SubackReturnCode, SubscribeError,
};
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::dashboard::{Dashboard, News, Target, Unanswered};
use crate::payload::Switch;
use crate::run::{FAREWELL, Failure};
use crate::time::Moment;
use crate::topics::LightId;

/// Which lights a dashboard follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The lab's light, as the lab's program does it, to the byte.
    Lab,
    /// One light of a house.
    One(LightId),
    /// All lights of a house.
    House,
}

impl Scope {
    /// The Client Identifier: the lab's, or one that differs for each dashboard of a house.
    pub fn client_id(&self) -> String {
        match self {
            Self::Lab => "CentralDashboard".to_owned(),
            Self::One(_) | Self::House => format!("CentralDashboard-{:08x}", fastrand::u32(..)),
        }
    }

    fn filter(&self) -> String {
        match self {
            Self::Lab => LightId::default().status(),
            Self::One(id) => id.status(),
            Self::House => LightId::all_status(),
        }
    }

    /// The only light, if there is but one.
    pub fn only(&self) -> Option<LightId> {
        match self {
            Self::Lab => Some(LightId::default()),
            Self::One(id) => Some(id.clone()),
            Self::House => None,
        }
    }
}

/// How to follow.
#[derive(Clone, Debug)]
pub struct Following {
    /// Which lights.
    pub scope: Scope,
    /// How long a light has to answer.
    pub timeout: Duration,
    /// The group of a shared subscription, where the broker has these: each message goes to one member.
    pub share: Option<String>,
}

/// Something that a dashboard shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// The subscription is there, so the broker is.
    Following,
    /// The broker is there, or it is lost.
    Connection(bool),
    /// A status came.
    News {
        /// What it brought.
        news: News,
        /// Its text.
        payload: bytes::Bytes,
    },
    /// These commands were not answered in time.
    Unanswered(Vec<Unanswered>),
}

/// What became of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commanded {
    /// It was published to these lights, and waits for their answers.
    pub sent: Vec<LightId>,
    /// It was not to these, since too many messages wait for the broker. It waits for nothing, and may be given again.
    pub unsent: Vec<LightId>,
}

/// A dashboard that follows.
#[derive(Debug)]
pub struct Hub {
    scope: Scope,
    dashboard: Dashboard,
    client: Client,
    messages: Messages,
    events: ConnectionEvents,
    driver: JoinHandle<Result<(), std::sync::Arc<mqtt_client::Error>>>,
    subscribing: Option<JoinHandle<Result<(), Failure>>>,
}

impl Hub {
    /// The session of a dashboard.
    pub fn session(client_id: impl Into<String>) -> SessionOptions {
        SessionOptions::new(client_id)
    }

    /// Connects and subscribes, as soon as it can. The sender is named in commands to a house.
    ///
    /// # Errors
    /// The options can't be used.
    pub async fn start(options: Options, sender: &str, following: Following) -> Result<Self, Failure> {
        let Following { scope, timeout, share } = following;
        let (client, driver) = mqtt_client::connect(options).await?;
        let (messages, events) = (client.messages(), client.events());
        let filter = match share {
            None => scope.filter(),
            Some(group) => format!("$share/{group}/{}", scope.filter()),
        };
        let sender = (scope != Scope::Lab).then(|| sender.to_owned());
        Ok(Self {
            dashboard: Dashboard::new(timeout, sender),
            scope,
            messages,
            events,
            driver: tokio::spawn(driver.run()),
            subscribing: Some(tokio::spawn(subscribe(client.clone(), filter))),
            client,
        })
    }

    /// What is known of the lights.
    pub fn dashboard(&self) -> &Dashboard {
        &self.dashboard
    }

    /// Which lights are followed.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Publishes a command, and tells to which lights.
    ///
    /// # Errors
    /// The client is closed.
    pub fn command(&mut self, target: &Target, switch: Switch) -> Result<Commanded, Failure> {
        let now = Moment::now();
        let mut commanded = Commanded::default();
        for (id, command) in self.dashboard.command(target, switch, now) {
            let message = Message::new(id.control(), command.to_json())?.qos(QoS::AtLeastOnce);
            match self.client.try_publish(message) {
                // It need not be awaited: the light's answer counts, not the broker's.
                Ok(delivery) => {
                    drop(delivery);
                    self.dashboard.sent(&id, switch, now);
                    commanded.sent.push(id);
                }
                Err(mqtt_client::TryPublishError::Full(_)) => commanded.unsent.push(id),
                Err(mqtt_client::TryPublishError::Never(error)) => return Err(error.into()),
            }
        }
        Ok(commanded)
    }

    /// What happens next.
    ///
    /// Cancel-safe.
    ///
    /// # Errors
    /// It can't go on.
    pub async fn next(&mut self) -> Result<Update, Failure> {
        loop {
            let deadline = self.dashboard.next_deadline();
            tokio::select! {
                biased;
                subscribed = joined(&mut self.subscribing) => {
                    self.subscribing = None;
                    subscribed?;
                    info!("following {}", self.scope.filter());
                    return Ok(Update::Following);
                }
                event = self.events.next() => match event {
                    Some(event) => if let Some(connected) = self.connection(&event) {
                        return Ok(Update::Connection(connected));
                    },
                    None => return Err(self.ended().await),
                },
                message = self.messages.next() => match message {
                    Some(message) => if let Some(update) = self.receive(&message) {
                        return Ok(update);
                    },
                    None => return Err(self.ended().await),
                },
                () = sleep_until(deadline) => {
                    let unanswered = self.dashboard.expire(Moment::now().instant);
                    if !unanswered.is_empty() {
                        return Ok(Update::Unanswered(unanswered));
                    }
                }
            }
        }
    }

    fn connection(&self, event: &ConnectionEvent) -> Option<bool> {
        report(event);
        match event {
            ConnectionEvent::Connected { .. } => Some(true),
            ConnectionEvent::Disconnected { .. } => Some(false),
            _ => None,
        }
    }

    fn receive(&mut self, message: &Message) -> Option<Update> {
        let (topic, payload) = (message.topic.to_string(), message.payload.clone());
        let news = self.dashboard.status(&topic, &payload, message.retain, Moment::now());
        let Some(news) = news else {
            warn!("a message to {topic:?} is of no light that can be shown");
            return None;
        };
        if news.state.is_none() {
            warn!("{} says what is no status: {} bytes", news.id, payload.len());
        }
        Some(Update::News { news, payload })
    }

    /// Says goodbye: DISCONNECT, after what is on its way.
    pub async fn close(self) {
        drop(self.messages);
        // Whether it succeeded changes nothing any more.
        let _ = self.client.disconnect(FAREWELL).await;
    }

    async fn ended(&mut self) -> Failure {
        ended(&mut self.driver).await
    }
}

/// Subscribes at QoS 1.
pub(crate) async fn subscribe(client: Client, filter: String) -> Result<(), Failure> {
    let wanted = vec![(filter.as_str().try_into()?, QoS::AtLeastOnce)];
    match client.ask_subscribe(wanted).await {
        Ok(granted) if granted.iter().all(|code| *code == SubackReturnCode::Failure) => {
            Err(Failure::Subscription { filter, reason: "the broker refused it".to_owned() })
        }
        Ok(_) => Ok(()),
        Err(SubscribeError::Closed(closed)) => Err(closed.into()),
        Err(error) => Err(Failure::Subscription { filter, reason: error.to_string() }),
    }
}

/// Logs how the connection goes.
pub(crate) fn report(event: &ConnectionEvent) {
    match event {
        ConnectionEvent::Connected { session_present: true } => info!("connected; the session goes on"),
        ConnectionEvent::Connected { session_present: false } => info!("connected"),
        ConnectionEvent::SubscriptionLost { filter } => {
            warn!("the broker does not grant the subscription to {filter} any more");
        }
        // The client says these itself.
        _ => {}
    }
}

/// Why the driver of a client has stopped.
pub(crate) async fn ended(
    driver: &mut JoinHandle<Result<(), std::sync::Arc<mqtt_client::Error>>>,
) -> Failure {
    match driver.await {
        Ok(Err(error)) => Failure::Client(error),
        Ok(Ok(())) | Err(_) => Failure::Closed,
    }
}

/// The result of a task; never, when there is none. A task that panicked is one that was closed.
pub(crate) async fn joined(task: &mut Option<JoinHandle<Result<(), Failure>>>) -> Result<(), Failure> {
    match task {
        Some(task) => task.await.unwrap_or(Err(Failure::Closed)),
        None => std::future::pending().await,
    }
}

/// Sleeps; for ever without a deadline.
pub(crate) async fn sleep_until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dashboard of a broker that never comes, and for which only so many commands may wait.
    async fn waits(commands: usize) -> Hub {
        let session = Hub::session("me").queue(commands, usize::MAX);
        let options = Options::over(session, || Box::pin(std::future::pending()));
        let following = Following { scope: Scope::House, timeout: Duration::from_secs(60), share: None };
        Hub::start(options, "me", following).await.unwrap()
    }

    fn ids(names: &[&str]) -> Vec<LightId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn what_was_not_sent_waits_for_nothing() {
        let mut hub = waits(2).await;
        let all = Target::Each(ids(&["a", "b", "c", "d"]));
        let commanded = hub.command(&all, Switch::On).unwrap();
        assert_eq!(commanded, Commanded { sent: ids(&["a", "b"]), unsent: ids(&["c", "d"]) });
        let waiting: Vec<_> =
            hub.dashboard().lights().map(|(id, card)| (id.clone(), card.pending.len())).collect();
        assert_eq!(waiting, ids(&["a", "b"]).into_iter().map(|id| (id, 1)).collect::<Vec<_>>());
        assert!(hub.command(&Target::One(ids(&["c"]).remove(0)), Switch::On).unwrap().sent.is_empty());
        assert_eq!(hub.dashboard().lights().len(), 2);

        hub.client.disconnect(Duration::ZERO).await.unwrap();
        assert!(hub.command(&all, Switch::Off).is_err());
        assert!(hub.dashboard().lights().all(|(_, card)| card.pending.len() == 1));
    }
}
