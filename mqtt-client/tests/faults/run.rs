//! One client, one model of a Server, and the failing network between them.

use std::collections::HashSet;
use std::time::Duration;

use mqtt_client::transport::Address;
use mqtt_client::{Backoff, Client, Doubt, Message, Messages, Options, Outcome, QoS, SessionOptions};
use tokio::net::TcpListener;

use crate::proxy::{Fate, Proxy};
use crate::server::{Cut, Server};

/// What is to be done, and what is to go wrong.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) qos: QoS,
    /// Messages to the Server, and as many from it.
    pub(crate) messages: u64,
    /// Connections that fail.
    pub(crate) cuts: usize,
    /// Of them, those that fall silent.
    pub(crate) silent: usize,
    /// The Server loses the session with every nth connection.
    pub(crate) loses_session: Option<usize>,
    pub(crate) in_flight: u16,
    pub(crate) manual_acknowledgement: bool,
}

/// What happened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) published: usize,
    pub(crate) received: usize,
    pub(crate) uncertain: usize,
    pub(crate) connections: usize,
    pub(crate) cuts: usize,
    pub(crate) sessions_lost: usize,
    /// PUBLISHes with DUP that were seen on the wire.
    pub(crate) resent: usize,
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            published: self.published + other.published,
            received: self.received + other.received,
            uncertain: self.uncertain + other.uncertain,
            connections: self.connections + other.connections,
            cuts: self.cuts + other.cuts,
            sessions_lost: self.sessions_lost + other.sessions_lost,
            resent: self.resent + other.resent,
        }
    }
}

impl Plan {
    /// The measure of the fault tests: 10,000 messages, 50 cuts.
    pub(crate) fn large(qos: QoS, seed: u64) -> Self {
        let (messages, cuts, silent) = (10_000, 50, 2);
        Self {
            seed,
            qos,
            messages,
            cuts,
            silent,
            loses_session: None,
            in_flight: 100,
            manual_acknowledgement: false,
        }
    }

    /// Any mix for few messages.
    pub(crate) fn small(seed: u64) -> Self {
        let mut dice = fastrand::Rng::with_seed(seed);
        Self {
            seed,
            qos: if dice.bool() { QoS::AtLeastOnce } else { QoS::ExactlyOnce },
            messages: dice.u64(1..=400),
            cuts: dice.usize(0..=20),
            silent: dice.usize(0..=1),
            loses_session: (dice.u8(..3) == 0).then(|| dice.usize(2..6)),
            in_flight: [1, 2, 10, 100, 1_000][dice.usize(..5)],
            manual_acknowledgement: dice.bool(),
        }
    }

    /// The fates of connections, one after the other: at least `cuts` end.
    fn fates(&self) -> impl FnMut() -> Fate + Send + 'static {
        let mut dice = fastrand::Rng::with_seed(self.seed);
        let (mut cuts, mut silent) = (self.cuts, self.silent);
        // Each message needs more bytes than this in both directions: so all connections that end have an end to come to.
        let most = usize::try_from(self.messages).unwrap() * 30 / self.cuts.max(1);
        move || {
            let ends = cuts > 0;
            cuts -= usize::from(ends);
            // The last of them fall silent, so that others have passed before.
            let falls_silent = ends && cuts < silent;
            silent -= usize::from(falls_silent);
            Fate {
                ends_after: ends.then(|| dice.usize(0..=most.max(1))),
                silent: falls_silent,
                crawls: if dice.u8(..4) == 0 { dice.usize(..500) } else { 0 },
                // Not the one that lasts: all would take its time.
                late: if ends && dice.u8(..8) == 0 { 2 } else { 0 },
            }
        }
    }
}

/// Carries a plan out.
///
/// # Panics
/// The client did anything wrong.
pub(crate) async fn run(plan: Plan) -> Counts {
    let shown = format!("{plan:?}");
    let work = tokio::time::timeout(Duration::from_secs(240), carry_out(plan)).await;
    work.unwrap_or_else(|_| panic!("stalled: {shown}"))
}

async fn carry_out(plan: Plan) -> Counts {
    let server = Server::default();
    let (port, listening) = listen(server.clone(), plan.loses_session).await;
    let proxy = Proxy::new(port, plan.fates()).await;
    let address: Address = format!("mqtt://127.0.0.1:{}", proxy.port).parse().unwrap();
    let session = SessionOptions::new("faults")
        .clean_session(false)
        .keep_alive(1)
        .in_flight(plan.in_flight)
        .manual_acknowledgement(plan.manual_acknowledgement);
    let options =
        Options::new(address, session).reconnect(Backoff::new(Duration::ZERO, Duration::from_millis(2)));
    let (client, messages) = mqtt_client::start(options).await.unwrap();

    server.send(plan.qos, (0..plan.messages).map(payload));
    client.ask_subscribe(vec![("t".try_into().unwrap(), plan.qos)]).await.unwrap();
    let publishing = tokio::spawn(publish(client.clone(), plan.clone()));
    let received = receive(&server, messages, &plan).await;
    let outcomes = publishing.await.unwrap();
    let leftover = client.disconnect(Duration::from_secs(60)).await.unwrap();
    assert_eq!(leftover.messages, 0, "{plan:?}");
    listening.abort();

    check_received(&plan, &server, &received);
    let audit = proxy.audit.lock().unwrap();
    check_published(&plan, &server, &outcomes, audit.leaves_doubt());
    assert_eq!(audit.faults, [""; 0], "{plan:?}");
    let state = server.state();
    assert_eq!(state.faults, [""; 0], "{plan:?}");
    Counts {
        published: outcomes.len(),
        received: received.len(),
        uncertain: outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Uncertain(_))).count(),
        connections: audit.connections,
        cuts: audit.connections - 1,
        sessions_lost: plan.loses_session.map_or(0, |n| state.connections / n),
        resent: audit.resent,
    }
}

fn payload(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn number(payload: &[u8]) -> u64 {
    u64::from_be_bytes(payload.try_into().unwrap())
}

/// The Server's side of the network.
async fn listen(server: Server, loses_session: Option<usize>) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        for count in 1.. {
            let (io, _) = listener.accept().await.unwrap();
            io.set_nodelay(true).unwrap();
            let loses = loses_session.is_some_and(|n| count % n == 0);
            connections.spawn(server.clone().serve(io, if loses { Cut::LoseSession } else { Cut::Never }));
        }
    });
    (port, task)
}

async fn publish(client: Client, plan: Plan) -> Vec<Outcome> {
    let mut deliveries = Vec::new();
    for number in 0..plan.messages {
        let message = Message::new("t", payload(number)).unwrap().qos(plan.qos);
        deliveries.push(client.publish(message).await.unwrap());
    }
    let mut outcomes = Vec::new();
    for delivery in deliveries {
        outcomes.push(delivery.await);
    }
    outcomes
}

/// All that comes until the Server has no more, in its order, with DUP.
async fn receive(server: &Server, mut messages: Messages, plan: &Plan) -> Vec<(u64, bool)> {
    let sent_all = std::sync::Arc::clone(&server.state().sent_all);
    let mut received = Vec::new();
    loop {
        let done = sent_all.notified();
        tokio::pin!(done);
        done.as_mut().enable();
        let all_sent = server.state().is_all_sent();
        let message = match messages.try_next() {
            Some(message) => message,
            None if all_sent => return received,
            None => tokio::select! {
                message = messages.next() => message.unwrap(),
                () = done => continue,
            },
        };
        received.push((number(&message.payload), message.is_dup()));
        if plan.manual_acknowledgement {
            message.acknowledge();
        }
    }
}

/// None is lost but by the Server, none doubled at QoS 2 but by the Server, first ones in order.
fn check_received(plan: &Plan, server: &Server, received: &[(u64, bool)]) {
    let lost: HashSet<_> = server.state().half_sent.iter().map(|payload| number(payload)).collect();
    let mut seen = HashSet::new();
    let mut last = None;
    for &(number, dup) in received {
        if seen.insert(number) {
            assert!(last < Some(number), "{number} came behind {last:?}: {plan:?}");
            last = Some(number);
        } else {
            assert!(dup, "{number} came again without DUP: {plan:?}");
            assert!(plan.qos == QoS::AtLeastOnce, "{number} came twice at QoS 2: {plan:?}");
        }
    }
    for number in 0..plan.messages {
        assert!(seen.contains(&number) || lost.contains(&number), "{number} was lost: {plan:?}");
    }
}

/// None is lost, none doubled at QoS 2 but by a lost session, first ones in order, and nothing false is told. Where a CONNACK
/// did not arrive, the client can't know whether the session was lost.
fn check_published(plan: &Plan, server: &Server, outcomes: &[Outcome], doubt: bool) {
    let state = server.state();
    let excused: HashSet<_> = state.half_received.iter().map(|payload| number(payload)).collect();
    let mut seen = HashSet::new();
    let mut last = None;
    for number in state.received.iter().map(|payload| number(payload)) {
        if seen.insert(number) {
            assert!(last < Some(number), "{number} came behind {last:?}: {plan:?}");
            last = Some(number);
        } else {
            assert!(
                plan.qos == QoS::AtLeastOnce || excused.contains(&number),
                "{number} came twice at QoS 2: {plan:?}"
            );
        }
    }
    assert_eq!(seen.len(), outcomes.len(), "some were lost: {plan:?}");
    for (number, outcome) in outcomes.iter().enumerate() {
        let is_right = match outcome {
            Outcome::Delivered => true,
            Outcome::Uncertain(Doubt::SessionLost) => {
                plan.qos == QoS::ExactlyOnce && plan.loses_session.is_some()
            }
            Outcome::Uncertain(Doubt::SessionMayBeLost) => plan.qos == QoS::ExactlyOnce && doubt,
            _ => false,
        };
        assert!(is_right, "{number}: {outcome}: {plan:?}");
    }
}
