//! How often is tried again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mqtt_client::session::ConnectionError;
use mqtt_client::transport::BoxIo;
use mqtt_client::{Error, Failure, Options, Reconnect, SessionOptions, connect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Tries twice, and notes what it is told.
#[derive(Clone, Debug, Default)]
struct Twice(Arc<Mutex<Vec<(u32, bool)>>>);

impl Reconnect for Twice {
    fn next(&mut self, failure: &Failure<'_>) -> Option<Duration> {
        let mut told = self.0.lock().unwrap();
        told.push((failure.attempts, failure.was_connected));
        (told.len() < 2).then_some(Duration::ZERO)
    }
}

/// Each connection gets this answer to CONNECT, and nothing more.
async fn fails(session: SessionOptions, answer: &'static [u8]) -> (Arc<Error>, Vec<(u32, bool)>) {
    let policy = Twice::default();
    let options = Options::over(session, move || {
        let (ours, mut theirs) = tokio::io::duplex(1_024);
        tokio::spawn(async move {
            let mut bytes = [0; 1_024];
            let mut answer = Some(answer);
            while theirs.read(&mut bytes).await.is_ok_and(|count| count > 0) {
                if let Some(answer) = answer.take() {
                    theirs.write_all(answer).await.unwrap();
                }
            }
        });
        Box::pin(async move { Ok(Box::new(ours) as BoxIo) })
    });
    let (_client, driver) = connect(options.reconnect(policy.clone())).await.unwrap();
    let error = driver.run().await.unwrap_err();
    let told = policy.0.lock().unwrap().clone();
    (error, told)
}

#[tokio::test]
async fn a_connection_that_served_and_fell_silent_is_no_failed_attempt() {
    let (error, told) = fails(SessionOptions::new("silent").keep_alive(1), &[0x20, 2, 0, 0]).await;
    assert!(matches!(*error, Error::Connection(ConnectionError::NoPingresp)), "{error}");
    assert_eq!(told, [(1, true), (1, true)]);
}

#[tokio::test]
async fn a_server_that_breaks_the_protocol_is_asked_less_and_less() {
    // CONNACK twice.
    let (error, told) = fails(SessionOptions::new("broken"), &[0x20, 2, 0, 0, 0x20, 2, 0, 0]).await;
    assert!(matches!(*error, Error::Connection(ConnectionError::Violation(_))), "{error}");
    assert_eq!(told, [(1, true), (2, true)]);
}
