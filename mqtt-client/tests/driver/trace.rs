//! What the log tells, and what it never tells.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mqtt_client::{Backoff, Message, Options, Outcome, QoS, SessionOptions, connect};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::server::{Cut, Server};

/// Lines of the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_client_and_its_connections_are_spans_and_secrets_stay_out() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::default();
    // After CONNECT and a part of the message; its session is lost, too.
    server.state().cuts.extend([Cut::Read(60), Cut::LoseSession]);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let statistics = runtime.block_on(async {
        let session =
            SessionOptions::new("traced").clean_session(false).login("the user", Some("the password".into()));
        let options = Options::over(session, server.connector())
            .reconnect(Backoff::new(Duration::from_millis(1), Duration::from_millis(1)));
        let (client, driver) = connect(options).await.unwrap();
        let driver = tokio::spawn(driver.run());
        let message = Message::new("the/topic", "the payload, which is long enough").unwrap();
        let delivery = client.publish(message.qos(QoS::AtLeastOnce)).await.unwrap();
        assert_eq!(delivery.await, Outcome::Delivered);
        let statistics = client.statistics();
        client.disconnect(Duration::from_secs(10)).await.unwrap();
        driver.await.unwrap().unwrap();
        statistics
    });
    assert_eq!((statistics.sent, statistics.resent, statistics.connections), (1, 1, 2));

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for line in [
        r#"mqtt{client_id="traced"}: mqtt_client::trace::on: new"#,
        r#"mqtt{client_id="traced"}:connection{number=1}: mqtt_client::trace: connected; session present: false"#,
        r#"mqtt{client_id="traced"}:connection{number=1}: mqtt_client::trace::on: close"#,
        r#"mqtt{client_id="traced"}: mqtt_client::trace: connection lost"#,
        r#"mqtt{client_id="traced"}:connection{number=2}: mqtt_client::trace: the Server lost the session"#,
        r#"mqtt{client_id="traced"}: mqtt_client::driver: ended"#,
    ] {
        assert!(log.contains(line), "{line}\nin\n{log}");
    }
    for secret in ["the user", "the password", "the/topic", "the payload"] {
        assert!(!log.contains(secret), "{secret}\nin\n{log}");
    }
}
