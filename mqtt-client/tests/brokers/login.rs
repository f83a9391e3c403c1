//! Refusals, with a password file.

use std::process::Command;
use std::sync::Arc;

use mqtt_client::session::ConnectionError;
use mqtt_client::{Error, Options, SessionOptions};

use crate::broker::{Broker, Folder, find};
use crate::{close, fails, start, works};

fn broker() -> Broker {
    let folder = Folder::new();
    let passwords = folder.path().join("passwords");
    let made = Command::new(find("mosquitto_passwd", "mosquitto"))
        .args(["-b", "-c"])
        .arg(&passwords)
        .args(["me", "secret:word"])
        .status();
    assert!(made.unwrap().success());
    Broker::mosquitto_with(
        folder,
        "listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {folder}/passwords\n",
    )
}

fn options(broker: &Broker, login: &str) -> Options {
    let address = format!("mqtt://{login}127.0.0.1:{}", broker.port());
    Options::new(address.parse().unwrap(), SessionOptions::new("login"))
}

fn return_code(error: &Arc<Error>) -> u8 {
    match &**error {
        Error::Connection(ConnectionError::Refused(code)) => code.as_u8(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_login_in_the_url_is_used() {
    let broker = broker();
    let client = start(options(&broker, "me:secret%3Aword@")).await;
    works(&client).await;
    close(&client).await;
}

#[tokio::test]
async fn a_wrong_login_is_refused_with_5_and_not_tried_again() {
    let broker = broker();
    for login in ["me:wrong@", "me@", "you:secret%3Aword@", ""] {
        assert_eq!(return_code(&fails(options(&broker, login)).await), 5, "{login}");
    }
    let (_client, driver) = mqtt_client::connect(options(&broker, "me:wrong@")).await.unwrap();
    // With the usual backoff, not `Never`.
    let error = driver.run().await.unwrap_err();
    assert_eq!(return_code(&error), 5);
    assert!(!format!("{error} {error:?}").contains("wrong"));
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_missing_name_is_refused_with_4_and_not_tried_again() {
    use crate::certificates::Authority;
    use mqtt_client::transport::{TlsOptions, TransportOptions};

    let authority = Authority::new("CA");
    let folder = Folder::new();
    authority.issue("localhost").write(&folder, "server");
    folder.file("ca.pem", authority.pem());
    // The name is that of the client certificate, and there is none.
    let broker = Broker::mosquitto_with(
        folder,
        "listener {port} 127.0.0.1\ncafile {folder}/ca.pem\ncertfile {folder}/server.pem\n\
         keyfile {folder}/server.key\nuse_identity_as_username true\nallow_anonymous true\n",
    );
    let tls = TlsOptions::default().ca_pem(authority.pem().as_bytes()).unwrap();
    let address = format!("mqtts://localhost:{}", broker.port()).parse().unwrap();
    let options =
        Options::new(address, SessionOptions::new("login")).transport(TransportOptions::default().tls(tls));
    let (_client, driver) = mqtt_client::connect(options).await.unwrap();
    assert_eq!(return_code(&driver.run().await.unwrap_err()), 4);
}
