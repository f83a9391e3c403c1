//! What was accepted outlives the client.

use std::time::Duration;

use mqtt_client::store::{Disk, Durability, SavedState, Store};
use mqtt_client::{Outcome, QoS, connect, start};

use crate::broker::Folder;
use crate::server::{Cut, Server};
use crate::{message, nowhere, options, store};

/// Waits for the end of everything that is accepted.
async fn drain(client: &mqtt_client::Client) {
    assert_eq!(client.disconnect(Duration::from_secs(60)).await.unwrap().messages, 0);
}

#[tokio::test]
async fn what_waits_in_the_queue_goes_out_with_the_next_start() {
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let folder = Folder::new();
        let (client, driver) = connect(options("a", &store(&folder), nowhere)).await.unwrap();
        let driver = tokio::spawn(driver.run());
        for number in 0..3 {
            drop(client.publish(message(number, qos)).await.unwrap());
        }
        assert_eq!(client.accepted(), 3);
        // The client ends at once, with all of it.
        driver.abort();
        assert!(driver.await.unwrap_err().is_cancelled());
        assert!(client.publish(message(3, qos)).await.is_err());
        drop(client);

        let server = Server::default();
        let (client, _) = start(options("a", &store(&folder), server.connector())).await.unwrap();
        assert_eq!(client.accepted(), 3);
        let delivery = client.publish(message(3, qos)).await.unwrap();
        assert_eq!(delivery.await, Outcome::Delivered);
        drain(&client).await;
        let expected: Vec<_> = (0..4).map(|number| message(number, qos).payload.to_vec()).collect();
        assert_eq!(server.state().received, expected);
        assert_eq!(server.state().faults, [""; 0]);
    }
}

#[tokio::test]
async fn an_exchange_goes_on_where_it_was_wherever_the_client_ended() {
    // CONNECT has some bytes, PUBLISH and PUBREL behind it: the client ends with the connection at each of them.
    for at in 1..80 {
        let folder = Folder::new();
        let server = Server::default();
        let mut cuts = vec![Cut::Read(at)].into_iter();
        let mut first = server.connector();
        server.state().cuts.extend(cuts.next());
        let mut attempts = 0;
        let connector = move || {
            attempts += 1;
            if attempts == 1 { first() } else { nowhere() }
        };
        let (client, driver) = connect(options("a", &store(&folder), connector)).await.unwrap();
        let driver = tokio::spawn(driver.run());
        let mut events = client.events();
        let delivery = client.publish(message(0, QoS::ExactlyOnce)).await.unwrap();
        // Complete, or the connection is lost.
        tokio::select! {
            outcome = delivery => assert_eq!(outcome, Outcome::Delivered),
            () = async {
                while let Some(event) = events.next().await {
                    if matches!(event, mqtt_client::ConnectionEvent::Disconnected { .. }) {
                        return;
                    }
                }
            } => {}
        }
        driver.abort();
        let _ = driver.await;
        drop(client);

        let disk = loop {
            // A commit may be going on still.
            match Disk::open(store(&folder)) {
                Ok(disk) => break disk,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        drop(disk);
        let (client, _) = start(options("a", &store(&folder), server.connector())).await.unwrap();
        drain(&client).await;
        assert_eq!(server.state().received, [b"message 0"], "{at}");
        assert_eq!(server.state().faults, [""; 0]);
    }
}

#[tokio::test]
async fn a_client_that_ended_well_leaves_nothing_and_lets_go_of_the_store() {
    let folder = Folder::new();
    let server = Server::default();
    for round in 1..=3 {
        let (client, _) = start(options("a", &store(&folder), server.connector())).await.unwrap();
        for number in 0..10 {
            drop(client.try_publish(message(number, QoS::ExactlyOnce)).unwrap());
        }
        drain(&client).await;
        // At once, though handles are still there.
        let mut disk = Disk::open(store(&folder)).unwrap();
        let saved = disk.load("a").unwrap();
        assert!(saved.is_empty(), "{saved:?}");
        assert_eq!(saved.accepted, round * 10);
    }
}

/// Who only receives has nothing in the store but that a Server was to keep the session.
#[tokio::test]
async fn after_a_restart_with_nothing_to_send_a_lost_session_is_told_of() {
    use mqtt_client::ConnectionEvent::{Connected, SessionLost};
    let folder = Folder::new();
    let server = Server::default();
    for loses_session in [false, false, true] {
        if loses_session {
            server.state().cuts.push_back(Cut::LoseSession);
        }
        let (client, driver) = connect(options("a", &store(&folder), server.connector())).await.unwrap();
        let mut events = client.events();
        tokio::spawn(driver.run());
        assert!(matches!(events.next().await, Some(Connected { .. })));
        drain(&client).await;
        let told = events.next().await;
        assert_eq!(matches!(told, Some(SessionLost)), loses_session, "{told:?}");
    }
}

#[tokio::test]
async fn one_task_stores_many_messages_with_one_commit() {
    let folder = Folder::new();
    let (client, driver) = connect(options("a", &store(&folder), nowhere)).await.unwrap();
    let driver = tokio::spawn(driver.run());
    for number in 0..1_000 {
        drop(client.try_publish(message(number, QoS::AtLeastOnce)).unwrap());
    }
    client.stored().await.unwrap();
    driver.abort();
    let _ = driver.await;
    let saved = Disk::open(store(&folder)).unwrap().load("a").unwrap();
    assert_eq!(saved.outgoing.len(), 1_000);
    for publish in saved.outgoing {
        let SavedState::Waiting(saved) = publish.state else { panic!("{publish:?}") };
        assert_eq!(saved, message(usize::try_from(publish.number).unwrap(), QoS::AtLeastOnce));
    }
}

#[tokio::test]
async fn a_hundred_thousand_waiting_messages_are_there_after_a_restart() {
    const COUNT: usize = 100_000;
    let folder = Folder::new();
    let (client, driver) = connect(options("a", &store(&folder), nowhere)).await.unwrap();
    let driver = tokio::spawn(driver.run());
    for number in 0..COUNT {
        drop(client.try_publish(message(number, QoS::AtLeastOnce)).unwrap());
    }
    client.stored().await.unwrap();
    driver.abort();
    let _ = driver.await;
    drop(client);
    let (client, driver) = connect(options("a", &store(&folder), nowhere)).await.unwrap();
    assert_eq!(client.statistics().queued, COUNT);
    assert_eq!(client.accepted(), COUNT as u64);
    drop(driver);
}

#[test]
fn the_log_stays_short_however_many_messages_go_through_it() {
    use mqtt_client::store::Change;
    let folder = Folder::new();
    let mut disk = Disk::open(store(&folder)).unwrap().durability(Durability::System);
    disk.load("a").unwrap();
    // Some 40 MB, of which nothing is left but the last.
    for number in 0..4_000 {
        let message = message(0, QoS::AtLeastOnce);
        let message = mqtt_client::Message { payload: vec![7; 10_000].into(), ..message };
        let accepted = Change::Accepted { number, packet_id: None, message };
        let before = number.checked_sub(1).map(|number| Change::Finished { number });
        disk.commit(&[accepted].into_iter().chain(before).collect::<Vec<_>>()).unwrap();
        let len: u64 = std::fs::read_dir(store(&folder))
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        assert!(len <= (8 << 20) + 20_000, "{len}");
    }
    drop(disk);
    let saved = Disk::open(store(&folder)).unwrap().load("a").unwrap();
    assert_eq!((saved.outgoing.len(), saved.accepted), (1, 4_000));
}
