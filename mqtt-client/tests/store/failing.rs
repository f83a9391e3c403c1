//! A store that fails while the client works: nothing leaves that is not stored, nothing that was stored is lost, and
//! everybody is told.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_client::store::{Change, Disk, DiskError, Saved, SavedState, Store, StoreError};
use mqtt_client::{
    Closed, Error, Message, Options, Outcome, PublishError, QoS, SessionOptions, TryPublishError, connect,
};

use crate::broker::Folder;
use crate::server::Server;
use crate::{message, nowhere, options, store};

/// Fails from some commit on.
struct Failing {
    commits_left: Arc<AtomicUsize>,
    stored: Arc<AtomicUsize>,
}

impl Store for Failing {
    fn load(&mut self, _: &str) -> Result<Saved, StoreError> {
        Ok(Saved::default())
    }

    fn commit(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let left = |left: usize| left.checked_sub(1);
        self.commits_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
            .map_err(|_| StoreError::new("the disk is full"))?;
        let accepted = changes.iter().filter(|change| matches!(change, Change::Accepted { .. })).count();
        self.stored.fetch_add(accepted, Ordering::SeqCst);
        Ok(())
    }
}

#[track_caller]
fn is_store_failure(closed: &Closed) {
    let Closed::Failed(error) = closed else { panic!("{closed:?}") };
    assert!(matches!(&**error, Error::Store(_)), "{error:?}");
    assert_eq!(error.to_string(), "store: the disk is full");
}

/// Publishes until the store fails, with a Server or without.
async fn fail_after(commits: usize, online: bool) {
    let server = Server::default();
    let stored = Arc::new(AtomicUsize::new(0));
    let failing = Failing { commits_left: Arc::new(commits.into()), stored: Arc::clone(&stored) };
    let session = SessionOptions::new("a").clean_session(false);
    let options = match online {
        true => Options::over(session, server.connector()),
        false => Options::over(session, nowhere),
    };
    let (client, driver) = connect(options.store(failing)).await.unwrap();
    let driver = tokio::spawn(driver.run());
    let mut accepted = Vec::new();
    // One that nobody waits for goes with each.
    let mut unwaited = Vec::new();
    let error = loop {
        let number = accepted.len();
        if let Ok(delivery) = client.try_publish(message(1_000 + number, QoS::ExactlyOnce)) {
            unwaited.push(delivery);
        }
        match client.publish(message(number, QoS::ExactlyOnce)).await {
            Ok(delivery) => accepted.push(delivery),
            Err(error) => break error,
        }
    };
    let PublishError::Closed(closed) = error else { panic!("{error:?}") };
    is_store_failure(&closed);
    // Each has an outcome, and none is called delivered that is not with the Server.
    let sent = accepted.len();
    for delivery in accepted.into_iter().chain(unwaited) {
        match delivery.await {
            Outcome::Delivered => assert!(online),
            outcome => assert_eq!(outcome, Outcome::Abandoned),
        }
    }
    // Nothing is accepted any more.
    let refused = client.try_publish(message(0, QoS::AtMostOnce)).unwrap_err();
    let TryPublishError::Never(PublishError::Closed(closed)) = refused else { panic!("{refused:?}") };
    is_store_failure(&closed);
    is_store_failure(&client.stored().await.unwrap_err());
    is_store_failure(&client.disconnect(Duration::from_secs(1)).await.unwrap_err());
    assert!(matches!(&*driver.await.unwrap().unwrap_err(), Error::Store(_)));
    // What was accepted is stored, and nothing left that is not.
    let stored = stored.load(Ordering::SeqCst);
    assert!(sent <= stored);
    let state = server.state();
    assert!(state.received.len() <= stored, "{} left, {stored} are stored", state.received.len());
    assert!(!state.disconnected, "the Server publishes the will");
}

#[tokio::test]
async fn a_failed_commit_ends_the_client_and_everybody_is_told() {
    for commits in 0..20 {
        for online in [false, true] {
            fail_after(commits, online).await;
        }
    }
}

/// Fails once, when it is told to, and would store all that comes after.
struct FailsOnce {
    begun: tokio::sync::mpsc::UnboundedSender<()>,
    go: std::sync::mpsc::Receiver<()>,
    failed: bool,
    commits_after: Arc<AtomicUsize>,
}

impl Store for FailsOnce {
    fn load(&mut self, _: &str) -> Result<Saved, StoreError> {
        Ok(Saved::default())
    }

    fn commit(&mut self, _: &[Change]) -> Result<(), StoreError> {
        if self.failed {
            self.commits_after.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        self.failed = true;
        self.begun.send(()).map_err(StoreError::new)?;
        self.go.recv().map_err(StoreError::new)?;
        Err(StoreError::new("the disk is full"))
    }
}

/// What gathered while a commit failed is not stored after it: else who waits for the failed one would take that for it.
#[tokio::test]
async fn nothing_is_stored_after_a_commit_that_failed() {
    for online in [false, true] {
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let (go, gone) = std::sync::mpsc::channel();
        let commits_after = Arc::new(AtomicUsize::new(0));
        let store = FailsOnce { begun, go: gone, failed: false, commits_after: Arc::clone(&commits_after) };
        let server = Server::default();
        let session = SessionOptions::new("a").clean_session(false);
        let options = match online {
            true => Options::over(session, server.connector()),
            false => Options::over(session, nowhere),
        };
        let (client, driver) = connect(options.store(store)).await.unwrap();
        let driver = tokio::spawn(driver.run());
        drop(client.try_publish(message(0, QoS::ExactlyOnce)).unwrap());
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { client.stored().await }
        });
        begins.recv().await.unwrap();
        drop(client.try_publish(message(1, QoS::ExactlyOnce)).unwrap());
        go.send(()).unwrap();
        is_store_failure(&waiting.await.unwrap().unwrap_err());
        assert!(matches!(&*driver.await.unwrap().unwrap_err(), Error::Store(_)));
        assert_eq!(commits_after.load(Ordering::SeqCst), 0);
    }
}

const DIRECTORY: &str = "MQTT_TEST_STORE";

/// The part of the test below that runs with a bound on the length of files.
#[tokio::test]
#[ignore = "the test below runs it"]
async fn publishes_until_the_disk_is_full() {
    let directory = std::env::var_os(DIRECTORY).unwrap();
    let (client, driver) = connect(options("a", directory.as_ref(), nowhere)).await.unwrap();
    let driver = tokio::spawn(driver.run());
    let mut accepted = 0;
    let error = loop {
        match client.publish(message(accepted, QoS::ExactlyOnce)).await {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert!(accepted > 100, "{accepted}");
    assert_eq!(client.accepted(), accepted as u64 + 1, "the last was accepted, and its commit failed");
    let PublishError::Closed(Closed::Failed(error)) = error else { panic!("{error:?}") };
    let Error::Store(error) = &*error else { panic!("{error:?}") };
    let Some(DiskError::Io { source, action: "writing", .. }) = error.get_ref().downcast_ref() else {
        panic!("{error:?}")
    };
    assert_eq!(source.kind(), std::io::ErrorKind::FileTooLarge);
    assert!(driver.await.unwrap().is_err());
    std::fs::write(std::path::Path::new(&directory).join("accepted"), accepted.to_string()).unwrap();
}

/// A real file system that takes no more, in the middle of a write.
#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_nothing_accepted_is_lost() {
    let folder = Folder::new();
    // 64 blocks of 512 or 1,024 bytes; the signal would kill it otherwise.
    let ran = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ && ulimit -f 64 && exec "$@""#, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "failing::publishes_until_the_disk_is_full", "--ignored", "--nocapture"])
        .env(DIRECTORY, store(&folder))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    let accepted: usize = std::fs::read_to_string(store(&folder).join("accepted")).unwrap().parse().unwrap();
    let saved = Disk::open(store(&folder)).unwrap().load("a").unwrap();
    // The one whose `publish` failed may be there.
    assert!([accepted, accepted + 1].contains(&saved.outgoing.len()), "{accepted}");
    for (number, publish) in saved.outgoing.iter().enumerate() {
        let SavedState::Waiting(Message { payload, .. }) = &publish.state else { panic!("{publish:?}") };
        assert_eq!(*payload, format!("message {number}"));
    }
}
