//! How many commits there are, and what is in them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mqtt_client::store::{Change, Saved, Store, StoreError};
use mqtt_client::{Options, Outcome, QoS, SessionOptions, start};
use tokio::sync::Notify;

use crate::message;
use crate::server::Server;

/// Notes what is committed.
#[derive(Clone, Default)]
struct Commits {
    all: Arc<Mutex<Vec<Vec<Change>>>>,
    one_more: Arc<Notify>,
}

impl Store for Commits {
    fn load(&mut self, _: &str) -> Result<Saved, StoreError> {
        Ok(Saved::default())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.all.lock().unwrap().push(changes.to_vec());
        self.one_more.notify_one();
        Ok(())
    }
}

impl Commits {
    fn len(&self) -> usize {
        self.all.lock().unwrap().len()
    }

    fn last(&self) -> Vec<Change> {
        self.all.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

fn options(server: &Server, commits: &Commits) -> Options {
    let session = SessionOptions::new("a").clean_session(false);
    Options::over(session, server.connector()).store(commits.clone())
}

/// The clock stands still while anybody has something to do.
#[tokio::test(start_paused = true)]
async fn that_a_message_is_finished_is_stored_with_the_next() {
    for (qos, each) in [(QoS::AtLeastOnce, 1), (QoS::ExactlyOnce, 2)] {
        let (server, commits) = (Server::default(), Commits::default());
        let (client, _) = start(options(&server, &commits)).await.unwrap();
        client.connected().await.unwrap();
        client.stored().await.unwrap();
        let before = commits.len();
        for number in 0..100 {
            let delivery = client.publish(message(number, qos)).await.unwrap();
            assert_eq!(delivery.await, Outcome::Delivered);
            // At QoS 2 the first is of the message itself.
            let [Change::Finished { number: finished }, ..] = commits.all.lock().unwrap()[..]
                .iter()
                .rev()
                .find(|commit| commit.iter().any(|change| matches!(change, Change::Accepted { .. })))
                .unwrap()[..]
            else {
                assert_eq!(number, 0, "{:?}", commits.last());
                continue;
            };
            assert_eq!(usize::try_from(finished).unwrap(), number - 1);
        }
        assert_eq!(commits.len() - before, each * 100);
        // Waits for nobody, since nobody waits for it.
        client.stored().await.unwrap();
        assert_eq!(commits.len() - before, each * 100);
        client.disconnect(Duration::from_secs(1)).await.unwrap();
        assert_eq!(commits.len() - before, each * 100 + 1);
        assert_eq!(commits.last(), [Change::Finished { number: 99 }]);
        assert_eq!(server.state().faults, [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn that_the_last_message_is_finished_is_stored_soon() {
    let (server, commits) = (Server::default(), Commits::default());
    let (client, _) = start(options(&server, &commits)).await.unwrap();
    let delivery = client.publish(message(0, QoS::AtLeastOnce)).await.unwrap();
    assert_eq!(delivery.await, Outcome::Delivered);
    while commits.last() != [Change::Finished { number: 0 }] {
        commits.one_more.notified().await;
    }
    assert!(client.is_connected());
}
